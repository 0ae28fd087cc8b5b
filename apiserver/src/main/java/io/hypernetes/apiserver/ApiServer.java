package io.hypernetes.apiserver;

import io.hypernetes.apiserver.access.Authentication;
import io.hypernetes.apiserver.access.Authorisation;
import io.hypernetes.apiserver.access.CertificateCallers;
import io.hypernetes.apiserver.access.TenantResolution;
import io.hypernetes.apiserver.discovery.Discovery;
import io.hypernetes.apiserver.discovery.OpenApiDocuments;
import io.hypernetes.apiserver.discovery.ServerInfo;
import io.hypernetes.apiserver.door.Doors;
import io.hypernetes.apiserver.http.EdgeSettings;
import io.hypernetes.apiserver.http.HttpEdge;
import io.hypernetes.apiserver.node.NodeRelay;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.resource.Resources;
import io.hypernetes.apiserver.storage.Feeds;
import io.hypernetes.apiserver.tenant.TenantAuthorities;
import io.hypernetes.apiserver.tenant.Tenants;
import io.hypernetes.identity.Authorities;
import io.hypernetes.identity.CertificateAuthenticator;
import io.hypernetes.identity.CertificateSpec;
import io.hypernetes.identity.NotAuthenticatedException;
import io.hypernetes.identity.Tls;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.store.Store;
import io.hypernetes.store.StoreException;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The Kubernetes API of all tenants over one store, listening on HTTPS. Safe for use by many threads.
///
/// Its serving certificate, and the client certificate with which it calls nodes, are issued by the root authority and
/// renewed in time.
/// Closing ends open watches and streams within five seconds; the store and the authorities remain the caller's.
public final class ApiServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ApiServer.class);

    private final HttpEdge edge;
    private final Feeds feeds;
    private final EventSweeper sweeper;

    private ApiServer(HttpEdge edge, Feeds feeds, EventSweeper sweeper) {
        this.edge = edge;
        this.feeds = feeds;
        this.sweeper = sweeper;
    }

    /// Starts a server; when this returns it serves requests and `root` has its namespaces.
    ///
    /// @throws IOException when the address cannot be listened on
    public static ApiServer start(ApiServerSettings settings, Store store, Authorities authorities, Clock clock)
            throws IOException {
        return start(settings, store, authorities, clock, new PrometheusRegistry());
    }

    /// As the other, measured.
    ///
    /// @param registry gets the server's metrics; all that is in it is served as `/metrics` to operators
    public static ApiServer start(
            ApiServerSettings settings, Store store, Authorities authorities, Clock clock, PrometheusRegistry registry)
            throws IOException {
        var random = new SecureRandom();
        var kinds = Kinds.load();
        var feeds = new Feeds(store);
        var tenants = new Tenants(store, kinds, follow(authorities));
        tenants.restore(clock.instant());
        var root = authorities.root();
        var caller = new RenewedTls(
                () -> Tls.client(
                        root.certificate(),
                        root.issue(CertificateSpec.client(
                                "kube-apiserver-kubelet-client", List.of("system:masters"), RenewedTls.VALIDITY))),
                clock);
        var server = new RenewedTls(
                () -> Tls.server(root.issue(CertificateSpec.server(
                        "hypernetes-master", settings.names(), settings.addresses(), RenewedTls.VALIDITY))),
                clock);
        var resources = new Resources(
                store, kinds, feeds, tenants, new NodeRelay(caller), settings.podOverhead(), random);
        var metrics = new Metrics(registry);
        var routes = new Routes(
                kinds,
                resources,
                new Discovery(kinds),
                new OpenApiDocuments(kinds),
                new ServerInfo(() -> answers(store)),
                new Doors(tenant -> new RenewedTls(() -> Tls.server(root.issue(door(settings))), clock)),
                metrics,
                clock);
        var pipeline = new Pipeline(
                new Authentication(certificates(authorities, clock), store, clock),
                new TenantResolution(store),
                new Authorisation(store),
                routes,
                metrics);
        var edge = new HttpEdge(EdgeSettings.at(settings.listen()), server, pipeline);
        log.info("event=api-listening address={}", edge.address());
        return new ApiServer(edge, feeds, new EventSweeper(store, clock, settings.eventLifetime()));
    }

    /// Issued anew for each tenant, so that no two show the same key.
    private static CertificateSpec door(ApiServerSettings settings) {
        return CertificateSpec.server(
                "kubernetes",
                List.of("kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"),
                List.of(settings.podAddress()),
                RenewedTls.VALIDITY);
    }

    /// Where the server listens, with the real port.
    public InetSocketAddress address() {
        return edge.address();
    }

    @Override
    public void close() {
        sweeper.close();
        feeds.close();
        edge.close();
        log.info("event=api-stopped");
    }

    private static boolean answers(Store store) {
        try {
            return store.tick() > 0;
        } catch (StoreException e) {
            return false;
        }
    }

    private static CertificateCallers certificates(Authorities authorities, Clock clock) {
        var authenticator = new CertificateAuthenticator(authorities, clock);
        return chain -> {
            try {
                var principal = authenticator.authenticate(chain.getFirst());
                return Optional.of(new Caller(principal.tenant(), principal.name(), principal.groups()));
            } catch (NotAuthenticatedException e) {
                log.debug("event=certificate-refused cause={}", e.getMessage());
                return Optional.empty();
            }
        };
    }

    private static TenantAuthorities follow(Authorities authorities) {
        return new TenantAuthorities() {
            @Override
            public void create(String tenant) {
                authorities.tenant(tenant);
            }

            @Override
            public void destroy(String tenant) {
                authorities.delete(tenant);
            }

            @Override
            public Set<String> tenants() {
                return authorities.tenantNames();
            }
        };
    }
}
