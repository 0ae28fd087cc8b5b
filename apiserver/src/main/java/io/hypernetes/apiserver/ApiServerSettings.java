package io.hypernetes.apiserver;

import io.hypernetes.apiserver.login.Logins;
import io.hypernetes.apiserver.service.AddressRange;
import io.hypernetes.apiserver.storage.StorageBounds;
import io.hypernetes.apiserver.webhook.Destinations;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What an operator decides about an API server.
///
/// @param listen where to listen; port 0 takes a free one
/// @param names DNS names under which clients reach the server: they stand in its certificate
/// @param addresses IP addresses under which clients reach the server: they stand in its certificate
/// @param podOverhead what the machine around each pod costs, by resource name (`memory` to `64Mi`): admission adds it to
///     `spec.overhead`; empty for nothing
/// @param tokenIssuer who issues the tokens of root's service accounts, a URL below which its discovery documents are found from within pods;
///     tenants' issuers have `/tenants/NAME` behind it
/// @param eventLifetime how long Event objects are kept after their last change
/// @param auditFile where the newest lines of the audit log go, older ones beside it; null for no log
/// @param serviceRange addresses of services, the same in every tenant
/// @param destinations where webhooks and issuers of tenants may be
/// @param logins whom to believe beside local users
/// @param restores folder in which this machine's operator leaves backups of tenants to be restored; null: none are
/// @param storage how much tenants may have stored
public record ApiServerSettings(
        InetSocketAddress listen,
        List<String> names,
        List<InetAddress> addresses,
        Map<String, String> podOverhead,
        String tokenIssuer,
        Duration eventLifetime,
        AddressRange serviceRange,
        @Nullable Path auditFile,
        Destinations destinations,
        Logins logins,
        @Nullable Path restores,
        StorageBounds storage) {
    private static final String IN_CLUSTER = "https://kubernetes.default.svc.cluster.local";

    public ApiServerSettings {
        names = List.copyOf(names);
        addresses = List.copyOf(addresses);
        podOverhead = Map.copyOf(podOverhead);
    }

    /// A server on one address, reached by that address and by loopback.
    public static ApiServerSettings at(InetSocketAddress listen) {
        var addresses = new java.util.LinkedHashSet<InetAddress>();
        addresses.add(InetAddress.ofLiteral("127.0.0.1"));
        addresses.add(InetAddress.ofLiteral("::1"));
        if (!listen.getAddress().isAnyLocalAddress()) {
            addresses.add(listen.getAddress());
        }
        return new ApiServerSettings(
                listen,
                List.of("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"),
                List.copyOf(addresses),
                Map.of(),
                IN_CLUSTER,
                Duration.ofHours(1),
                AddressRange.parse("10.96.0.0/12"),
                null,
                new Destinations(Destinations.PRIVATE, List.of()),
                Logins.LOCAL,
                null,
                StorageBounds.ofHeap(Runtime.getRuntime().maxMemory()));
    }

    /// The same with another cost of the machine around each pod.
    public ApiServerSettings withPodOverhead(Map<String, String> overhead) {
        return new ApiServerSettings(listen, names, addresses, overhead, tokenIssuer, eventLifetime, serviceRange, auditFile, destinations, logins, restores, storage);
    }

    /// The same with other addresses of services.
    public ApiServerSettings withServiceRange(AddressRange range) {
        return new ApiServerSettings(listen, names, addresses, podOverhead, tokenIssuer, eventLifetime, range, auditFile, destinations, logins, restores, storage);
    }

    /// The same, with webhooks of tenants elsewhere.
    public ApiServerSettings withDestinations(Destinations others) {
        return new ApiServerSettings(listen, names, addresses, podOverhead, tokenIssuer, eventLifetime, serviceRange, auditFile, others, logins, restores, storage);
    }

    /// The same, believing others.
    public ApiServerSettings withLogins(Logins others) {
        return new ApiServerSettings(
                listen, names, addresses, podOverhead, tokenIssuer, eventLifetime, serviceRange, auditFile, destinations, others, restores, storage);
    }

    /// The same, reached under more names and addresses.
    public ApiServerSettings reachedBy(List<String> moreNames, List<InetAddress> moreAddresses) {
        var allNames = new java.util.LinkedHashSet<>(names);
        allNames.addAll(moreNames);
        var allAddresses = new java.util.LinkedHashSet<>(addresses);
        allAddresses.addAll(moreAddresses);
        return new ApiServerSettings(
                listen, List.copyOf(allNames), List.copyOf(allAddresses), podOverhead, tokenIssuer, eventLifetime, serviceRange, auditFile, destinations, logins, restores, storage);
    }

    /// The same with another issuer of service account tokens. Tokens of the former issuer are no longer believed.
    public ApiServerSettings withTokenIssuer(String issuer) {
        return new ApiServerSettings(listen, names, addresses, podOverhead, issuer, eventLifetime, serviceRange, auditFile, destinations, logins, restores, storage);
    }

    /// The same with an audit log.
    public ApiServerSettings withAudit(Path file) {
        return new ApiServerSettings(listen, names, addresses, podOverhead, tokenIssuer, eventLifetime, serviceRange, file, destinations, logins, restores, storage);
    }

    /// The same, restoring tenants from backups in a folder.
    public ApiServerSettings withRestores(Path folder) {
        return new ApiServerSettings(
                listen, names, addresses, podOverhead, tokenIssuer, eventLifetime, serviceRange, auditFile, destinations, logins, folder, storage);
    }

    /// The same with other bounds of what tenants may have stored.
    public ApiServerSettings withStorage(StorageBounds bounds) {
        return new ApiServerSettings(
                listen, names, addresses, podOverhead, tokenIssuer, eventLifetime, serviceRange, auditFile, destinations, logins, restores, bounds);
    }
}
