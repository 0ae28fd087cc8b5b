package io.hypernetes.identity;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/// What a certificate shall say; always decided by the caller, never by the one who asks for the certificate.
///
/// @param commonName the user or server name; not empty
/// @param organisations the groups of a user
/// @param uid tells apart users of one name; empty for none
/// @param dnsNames subject alternative names
/// @param addresses subject alternative addresses
/// @param usages what it is good for; not empty
/// @param validity from now; shortened to the life of the authority
public record CertificateSpec(
        String commonName,
        List<String> organisations,
        String uid,
        List<String> dnsNames,
        List<InetAddress> addresses,
        Set<Usage> usages,
        Duration validity) {
    /// What a certificate is good for.
    public enum Usage {
        CLIENT,
        SERVER
    }

    public CertificateSpec {
        organisations = List.copyOf(organisations);
        dnsNames = List.copyOf(dnsNames);
        addresses = List.copyOf(addresses);
        usages = Set.copyOf(usages);
        if (commonName.isEmpty() || commonName.length() > 1024) {
            throw new IllegalArgumentException("a certificate needs a common name of 1 to 1024 characters");
        }
        if (usages.isEmpty()) {
            throw new IllegalArgumentException("the certificate of " + commonName + " needs a usage: client, server or both");
        }
        if (validity.isNegative() || validity.isZero()) {
            throw new IllegalArgumentException("the certificate of " + commonName + " needs a validity above zero, not " + validity);
        }
    }

    /// A certificate that names a user and its groups.
    public static CertificateSpec client(String user, List<String> groups, Duration validity) {
        return new CertificateSpec(user, groups, "", List.of(), List.of(), Set.of(Usage.CLIENT), validity);
    }

    /// The same for one user among those who have had the name.
    public CertificateSpec withUid(String other) {
        return new CertificateSpec(commonName, organisations, other, dnsNames, addresses, usages, validity);
    }

    /// A certificate for a server reached under these names and addresses.
    public static CertificateSpec server(
            String commonName, List<String> dnsNames, List<InetAddress> addresses, Duration validity) {
        return new CertificateSpec(commonName, List.of(), "", dnsNames, addresses, Set.of(Usage.SERVER), validity);
    }

    /// A certificate for both ends of mutual TLS, as a node needs it.
    public static CertificateSpec peer(
            String user, List<String> groups, List<String> dnsNames, List<InetAddress> addresses, Duration validity) {
        return new CertificateSpec(user, groups, "", dnsNames, addresses, Set.of(Usage.CLIENT, Usage.SERVER), validity);
    }
}
