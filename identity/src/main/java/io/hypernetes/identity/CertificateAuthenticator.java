package io.hypernetes.identity;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Date;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import org.jspecify.annotations.Nullable;

/// Finds out who stands behind a client certificate. Thread-safe.
///
/// The TLS layer proves that the client has the key; all else is checked here: who signed, dates, usage. The tenant is
/// the one whose authority signed, whatever the certificate says about itself.
public final class CertificateAuthenticator {
    private static final String CLIENT_USAGE = "1.3.6.1.5.5.7.3.2";
    private static final Set<String> UNDERSTOOD = Set.of(
            "2.5.29.15", // key usage
            "2.5.29.17", // subject alternative name
            "2.5.29.19", // basic constraints
            "2.5.29.37"); // extended key usage

    private static final int MOST_REMEMBERED = 10_000;

    private final Authorities authorities;
    private final InstantSource clock;
    /// A signature takes longer to verify than most requests to serve, and a connection shows the same certificate with each.
    private final ConcurrentHashMap<X509Certificate, Remembered> remembered = new ConcurrentHashMap<>();

    /// What a certificate says and an authority has signed; whether both are good today is asked each time.
    private record Remembered(String tenant, X509Certificate issuer, Principal principal) {}

    public CertificateAuthenticator(Authorities authorities, InstantSource clock) {
        this.authorities = authorities;
        this.clock = clock;
    }

    /// The principal: common name as user, user identifier as uid, organisations as groups, with `system:authenticated` added.
    ///
    /// @throws NotAuthenticatedException when the certificate proves nothing here
    public Principal authenticate(X509Certificate certificate) {
        Remembered known = remembered.get(certificate);
        CertificateAuthority issuer = known == null ? null : authorities.find(known.tenant);
        if (known == null || issuer == null || !known.issuer.equals(issuer.certificate())) {
            String tenant = authorities.claimedIssuer(certificate);
            issuer = tenant == null ? null : authorities.find(tenant);
            if (tenant == null || issuer == null) {
                throw refused(certificate, "signed by an authority that is not known here", null);
            }
            verify(certificate, issuer);
            known = new Remembered(tenant, issuer.certificate(), principal(tenant, certificate));
            if (remembered.size() >= MOST_REMEMBERED) {
                remembered.clear();
            }
            remembered.put(certificate, known);
        }
        checkDates(certificate, issuer);
        return known.principal;
    }

    private static Principal principal(String tenant, X509Certificate certificate) {
        List<String> groups = new ArrayList<>();
        String name = "";
        String uid = "";
        try {
            // LdapName holds the most significant part first, so the order of the certificate is that of this loop.
            for (Rdn rdn : new LdapName(certificate.getSubjectX500Principal().getName()).getRdns()) {
                var attributes = rdn.toAttributes().getAll();
                while (attributes.hasMore()) {
                    var attribute = attributes.next();
                    String value = attribute.get() instanceof String text ? text : "";
                    if (attribute.getID().equalsIgnoreCase("CN")) {
                        name = value;
                    } else if (attribute.getID().equalsIgnoreCase("O")) {
                        groups.add(value);
                    } else if (attribute.getID().equalsIgnoreCase("UID")) {
                        uid = value;
                    }
                }
            }
        } catch (InvalidNameException e) {
            throw refused(certificate, "its subject cannot be read", e);
        } catch (javax.naming.NamingException e) {
            throw refused(certificate, "its subject cannot be read", e);
        }
        if (name.isEmpty()) {
            throw refused(certificate, "it has no common name", null);
        }
        groups.add(Principal.AUTHENTICATED);
        return new Principal(
                tenant,
                name,
                uid,
                groups,
                Map.of("authentication.kubernetes.io/credential-id", List.of("X509SHA256=" + fingerprint(certificate))));
    }

    private void verify(X509Certificate certificate, CertificateAuthority issuer) {
        if (!certificate.getIssuerX500Principal().equals(issuer.certificate().getSubjectX500Principal())) {
            throw refused(certificate, "its issuer's name is not that of the authority", null);
        }
        try {
            certificate.verify(issuer.certificate().getPublicKey());
            if (certificate.getBasicConstraints() >= 0) {
                throw refused(certificate, "it is an authority's own", null);
            }
            List<String> usages = certificate.getExtendedKeyUsage();
            if (usages == null || !usages.contains(CLIENT_USAGE)) {
                throw refused(certificate, "it is not meant for clients", null);
            }
        } catch (GeneralSecurityException e) {
            throw refused(certificate, String.valueOf(e.getMessage()), e);
        }
        Set<String> critical = certificate.getCriticalExtensionOIDs();
        if (critical != null && !UNDERSTOOD.containsAll(critical)) {
            throw refused(certificate, "it has a critical extension that is not understood", null);
        }
    }

    private void checkDates(X509Certificate certificate, CertificateAuthority issuer) {
        Date now = Date.from(clock.instant());
        try {
            issuer.certificate().checkValidity(now);
            certificate.checkValidity(now);
        } catch (GeneralSecurityException e) {
            throw refused(certificate, String.valueOf(e.getMessage()), e);
        }
    }

    private static String fingerprint(X509Certificate certificate) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded()));
        } catch (GeneralSecurityException e) {
            throw refused(certificate, "it cannot be encoded", e);
        }
    }

    private static NotAuthenticatedException refused(
            X509Certificate certificate, String why, @Nullable Exception cause) {
        String message = "client certificate serial " + certificate.getSerialNumber().toString(16) + " refused: " + why;
        return cause == null ? new NotAuthenticatedException(message) : new NotAuthenticatedException(message, cause);
    }
}
