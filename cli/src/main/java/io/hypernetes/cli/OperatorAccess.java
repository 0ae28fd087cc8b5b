package io.hypernetes.cli;

import io.hypernetes.client.Client;
import io.hypernetes.identity.Authorities;
import io.hypernetes.identity.CertificateAuthority;
import io.hypernetes.identity.CertificateSpec;
import io.hypernetes.identity.KeyedCertificate;
import io.hypernetes.identity.Kubeconfig;
import io.hypernetes.identity.Principal;
import io.hypernetes.identity.Tls;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/// What the machine of the master may do for its operator: speak to the API as administrator and write kubeconfigs. Works with the
/// authorities' files, so only the user who owns them (root) can.
final class OperatorAccess {
    private static final Duration VALIDITY = Duration.ofDays(365);

    private final Places places;
    private final Settings settings;
    private final Authorities authorities;

    private OperatorAccess(Places places, Settings settings, Authorities authorities) {
        this.places = places;
        this.settings = settings;
        this.authorities = authorities;
    }

    /// @throws UsageException when this machine has no master, or its keys may not be read
    static OperatorAccess open(Places places, Settings settings) {
        if (!Files.isDirectory(places.pki())) {
            throw new UsageException(
                    "there is no cluster here yet (" + places.pki() + " is missing); `hypernetes up` makes one", UsageException.UNAVAILABLE);
        }
        if (!Files.isReadable(places.pki().resolve("root"))) {
            throw new UsageException("the cluster's keys in " + places.pki() + " belong to another user; use sudo", 77);
        }
        return new OperatorAccess(places, settings, Authorities.lookAt(places.pki(), Clock.systemUTC(), new SecureRandom()));
    }

    CertificateAuthority root() {
        return authorities.root();
    }

    /// What [#server] and [#local] look at, each `name=value`.
    static List<String> reached(Settings settings) {
        return Stream.of("api-address", "api-port", "advertise-address").map(name -> name + "=" + settings.text(name)).toList();
    }

    /// Where users and nodes reach the API server.
    static URI server(Settings settings) {
        String address = settings.text("advertise-address", "");
        return URI.create("https://" + (address.isEmpty() ? HostAddresses.primary() : address) + ":" + settings.port("api-port"));
    }

    /// The API server as this machine reaches it, whatever its network is like at the moment.
    static URI local(Settings settings) {
        String address = settings.text("api-address");
        return URI.create("https://" + (address.equals("0.0.0.0") ? "127.0.0.1" : address) + ":" + settings.port("api-port"));
    }

    Client client() {
        return client(Duration.ofHours(1));
    }

    /// @param validity how long it will be of use
    Client client(Duration validity) {
        KeyedCertificate identity = authorities.root().issue(
                CertificateSpec.client("operator", List.of(Principal.ADMINISTRATORS), validity));
        return new Client(local(settings), Tls.client(authorities.root().certificate(), identity), "hypernetes");
    }

    /// Writes the kubeconfig of a tenant's administrator, or with `root` the operator's, unless a good one is there.
    ///
    /// @return the file
    /// @throws UsageException when there is no such tenant
    Path kubeconfig(String tenant) {
        Path file = places.kubeconfig(tenant);
        CertificateAuthority authority = tenant.equals(Principal.ROOT) ? authorities.root() : authorities.find(tenant);
        if (authority == null) {
            throw new UsageException("there is no tenant '" + tenant + "'; `kubectl get tenants` lists them");
        }
        String user = tenant.equals(Principal.ROOT) ? "operator" : "administrator";
        URI server = server(settings);
        String mark = "# issued by " + authority.certificate().getSerialNumber().toString(16) + " for " + server + "\n";
        try {
            // Whoever asks twice gets the same file, so that a running kubectl is not surprised; a new cluster or address gets a new one.
            Path marker = marker(file, tenant);
            boolean fresh = Files.exists(file) && Files.exists(marker) && Files.readString(marker).equals(mark)
                    && Files.getLastModifiedTime(file).toInstant().isAfter(Clock.systemUTC().instant().minus(VALIDITY.dividedBy(2)));
            if (!fresh) {
                Files.createDirectories(file.getParent());
                KeyedCertificate identity = authority.issueRsa(CertificateSpec.client(user, List.of(Principal.ADMINISTRATORS), VALIDITY));
                new Kubeconfig(server, tenant, user, authorities.root().certificate(), identity).save(file);
                Files.writeString(marker, mark);
            }
        } catch (java.io.IOException e) {
            throw new UsageException("writing the kubeconfig " + file + ": " + e.getMessage(), UsageException.UNAVAILABLE);
        }
        return file;
    }

    /// Removes the kubeconfig of a tenant that is no more.
    static void forget(Places places, String tenant) {
        Path file = places.kubeconfig(tenant);
        try {
            Files.deleteIfExists(file);
            Files.deleteIfExists(marker(file, tenant));
        } catch (java.io.IOException e) {
            throw new UsageException("removing the kubeconfig " + file + " of a tenant that is no more: " + e.getMessage(), UsageException.UNAVAILABLE);
        }
    }

    private static Path marker(Path file, String tenant) {
        return file.resolveSibling(tenant + ".issued");
    }

    /// Writes a kubeconfig with a certificate of one user in one tenant.
    ///
    /// @param uid tells apart users of the name, and is checked at every use
    void userKubeconfig(Path file, String tenant, String user, String uid, Duration validity) {
        CertificateAuthority authority = tenant.equals(Principal.ROOT) ? authorities.root() : authorities.find(tenant);
        if (authority == null) {
            throw new UsageException("there is no tenant '" + tenant + "'; `hypernetes tenant list` lists them");
        }
        KeyedCertificate identity = authority.issueRsa(CertificateSpec.client(user, List.of(), validity).withUid(uid));
        new Kubeconfig(server(settings), tenant, user, authorities.root().certificate(), identity).save(file);
    }
}
