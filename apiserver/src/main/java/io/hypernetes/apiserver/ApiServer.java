package io.hypernetes.apiserver;

import io.hypernetes.apiserver.access.Authentication;
import io.hypernetes.apiserver.access.Authorisation;
import io.hypernetes.apiserver.access.CertificateCallers;
import io.hypernetes.apiserver.access.Impersonation;
import io.hypernetes.apiserver.access.LocalAccounts;
import io.hypernetes.apiserver.access.ProjectTenants;
import io.hypernetes.apiserver.access.ServiceAccountTokens;
import io.hypernetes.apiserver.access.Suspension;
import io.hypernetes.apiserver.access.TenantIssuers;
import io.hypernetes.apiserver.access.TenantResolution;
import io.hypernetes.apiserver.admission.PriorityClasses;
import io.hypernetes.apiserver.audit.AuditLog;
import io.hypernetes.apiserver.audit.AuditPage;
import io.hypernetes.apiserver.backup.Backups;
import io.hypernetes.apiserver.backup.TenantRestores;
import io.hypernetes.apiserver.custom.Cleanup;
import io.hypernetes.apiserver.custom.TenantKinds;
import io.hypernetes.apiserver.discovery.Discovery;
import io.hypernetes.apiserver.discovery.OpenApiDocuments;
import io.hypernetes.apiserver.discovery.ServerInfo;
import io.hypernetes.apiserver.discovery.TokenIssuer;
import io.hypernetes.apiserver.door.Doors;
import io.hypernetes.apiserver.fair.Fairness;
import io.hypernetes.apiserver.http.EdgeSettings;
import io.hypernetes.apiserver.http.HttpEdge;
import io.hypernetes.apiserver.http.LocalCalls;
import io.hypernetes.apiserver.login.LoginPage;
import io.hypernetes.apiserver.node.NodePlaces;
import io.hypernetes.apiserver.node.NodeRelay;
import io.hypernetes.apiserver.node.TenantDialer;
import io.hypernetes.apiserver.quota.QuotaKeeper;
import io.hypernetes.apiserver.quota.Quotas;
import io.hypernetes.apiserver.rbac.BaseRoles;
import io.hypernetes.apiserver.rbac.Policies;
import io.hypernetes.apiserver.rbac.RoleAggregation;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.resource.Resources;
import io.hypernetes.apiserver.storage.Feeds;
import io.hypernetes.apiserver.storage.Follower;
import io.hypernetes.apiserver.storage.LayeredStore;
import io.hypernetes.apiserver.tenant.NamespaceBasics;
import io.hypernetes.apiserver.tenant.NamespaceKeeper;
import io.hypernetes.apiserver.service.AddressRange;
import io.hypernetes.apiserver.service.BaseServices;
import io.hypernetes.apiserver.service.StoredAllocations;
import io.hypernetes.apiserver.tenant.Segments;
import io.hypernetes.apiserver.tenant.ServiceKeeper;
import io.hypernetes.apiserver.tenant.TenantAuthorities;
import io.hypernetes.apiserver.tenant.Tenants;
import io.hypernetes.apiserver.webhook.ConversionHooks;
import io.hypernetes.apiserver.webhook.Destinations;
import io.hypernetes.apiserver.webhook.DynamicAdmission;
import io.hypernetes.apiserver.webhook.OutboundCall;
import io.hypernetes.apiserver.webhook.OutboundDocuments;
import io.hypernetes.identity.Authorities;
import io.hypernetes.identity.BearerTokens;
import io.hypernetes.identity.CertificateAuthenticator;
import io.hypernetes.identity.CertificateSpec;
import io.hypernetes.identity.NotAuthenticatedException;
import io.hypernetes.identity.Tls;
import io.hypernetes.identity.keystone.KeystoneTokens;
import io.hypernetes.identity.local.Guesses;
import io.hypernetes.identity.oidc.OidcTokens;
import io.hypernetes.objects.RandomReserve;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.openstack.Keystone;
import io.hypernetes.store.Store;
import io.hypernetes.store.StoreException;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The Kubernetes API of all tenants over one store, listening on HTTPS. Safe for use by many threads.
///
/// Its serving certificate, and the client certificate with which it calls nodes, are issued by the root authority and
/// renewed in time.
/// Closing ends open watches and streams within five seconds; the store and the authorities remain the caller's.
public final class ApiServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ApiServer.class);

    private static final long AUDIT_FILE_BYTES = 64L << 20;
    private static final int AUDIT_FILES = 8;
    private static final Duration KEYSTONE_TIMEOUT = Duration.ofSeconds(5);

    private final HttpEdge edge;
    private final EdgeSettings limits;
    private final Pipeline pipeline;
    private final Feeds feeds;
    private final Cleanup cleanup;
    private final EventSweeper sweeper;
    private final QuotaKeeper quotas;
    private final Follower follower;
    private final @Nullable AuditLog audit;
    private final List<AutoCloseable> outward;

    private ApiServer(
            HttpEdge edge,
            EdgeSettings limits,
            Pipeline pipeline,
            Feeds feeds,
            Cleanup cleanup,
            EventSweeper sweeper,
            QuotaKeeper quotas,
            Follower follower,
            @Nullable AuditLog audit,
            List<AutoCloseable> outward) {
        this.edge = edge;
        this.limits = limits;
        this.pipeline = pipeline;
        this.cleanup = cleanup;
        this.feeds = feeds;
        this.sweeper = sweeper;
        this.quotas = quotas;
        this.follower = follower;
        this.audit = audit;
        this.outward = outward;
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
        return start(settings, () -> store, authorities, clock, registry);
    }

    /// As the other, over a store that is still being opened.
    ///
    /// @param opening asked once, when the tables that the server is made of have been read
    public static ApiServer start(
            ApiServerSettings settings, Supplier<? extends Store> opening, Authorities authorities, Clock clock, PrometheusRegistry registry)
            throws IOException {
        var root = authorities.root();
        var server = new RenewedTls(
                () -> Tls.server(root.issue(CertificateSpec.server(
                        "hypernetes-master", settings.names(), settings.addresses(), RenewedTls.VALIDITY))),
                clock);
        // The first connection needs it; to make it takes a good part of what else there is to do until then.
        Thread.ofPlatform().daemon().name("serving-certificate").start(server::get);
        // An address that is taken is told before a store is opened; who connects by now waits for it.
        var edge = new HttpEdge(EdgeSettings.at(settings.listen()), server);
        try {
            return serving(settings, opening, authorities, clock, registry, server, edge);
        } catch (IOException | RuntimeException | Error e) {
            edge.close();
            throw e;
        }
    }

    private static ApiServer serving(
            ApiServerSettings settings,
            Supplier<? extends Store> opening,
            Authorities authorities,
            Clock clock,
            PrometheusRegistry registry,
            RenewedTls server,
            HttpEdge edge)
            throws IOException {
        var layer = BaseRoles.layer().and(PriorityClasses.layer());
        var kinds = Kinds.load();
        Store stored = opening.get();
        var store = new LayeredStore(stored, layer, settings.storage());
        var policies = new Policies(store);
        store.onCommit(policies::committed);
        var random = new SecureRandom();
        var reserve = new RandomReserve(random);
        var root = authorities.root();
        var caller = new RenewedTls(
                () -> Tls.client(
                        root.certificate(),
                        root.issue(CertificateSpec.client(
                                "kube-apiserver-kubelet-client", List.of("system:masters"), RenewedTls.VALIDITY))),
                clock);
        var relay = new NodeRelay(caller);
        var dialer = new TenantDialer(store, relay);
        var places = new NodePlaces(store);
        var destinations = settings.destinations().without(places::has);
        var calls = new OutboundCall(destinations, dialer, "webhook");
        var tenantKinds = new TenantKinds(kinds, store, new ConversionHooks(calls));
        var cleanup = new Cleanup(store, tenantKinds, clock);
        var feeds = new Feeds(store);
        var basics = new NamespaceBasics(
                store,
                kinds,
                root.certificatePem(),
                authorities::certificatePem,
                clock);
        var services = new StoredAllocations(store, settings.serviceRange(), random, clock);
        var segments = new Segments(store, random);
        var baseServices = new BaseServices(kinds, services, settings.serviceRange());
        var serviceKeeper = new ServiceKeeper(store, baseServices, clock);
        var tenants = new Tenants(store, kinds, follow(authorities), basics, baseServices, serviceKeeper, segments);
        tenants.restore(clock.instant());
        var tokens = new ServiceAccountTokens(authorities, store, clock, settings.tokenIssuer());
        var users = new LocalAccounts(store, clock, random);
        var everywhere = new OutboundDocuments(Destinations.EVERYWHERE);
        var permitted = new OutboundDocuments(destinations);
        var people = new ArrayList<BearerTokens>();
        people.add(users);
        people.add(new OidcTokens(settings.logins().issuers(), new TenantIssuers(store), everywhere, permitted, clock));
        var outward = new ArrayList<AutoCloseable>(List.of(everywhere, permitted, calls));
        var listeners = new ArrayList<Follower.Listener>();
        var access = settings.logins().keystone();
        if (access != null) {
            var keystone = new Keystone(access.url(), access.tls(), KEYSTONE_TIMEOUT);
            var projects = new ProjectTenants(store);
            people.add(new KeystoneTokens(keystone, access.settings(), projects, clock));
            outward.add(keystone);
            listeners.add(projects);
        }
        var authentication = new Authentication(certificates(authorities, users, clock), tokens, people, store, clock);
        var auditFile = settings.auditFile();
        var auditLog = auditFile == null ? null : new AuditLog(auditFile, AUDIT_FILE_BYTES, AUDIT_FILES);
        var authorisation = new Authorisation(store, policies);
        var quotas = new Quotas(store, kinds);
        var quotaKeeper = new QuotaKeeper(store, quotas);
        var programmed = new DynamicAdmission(store, tenantKinds, calls);
        var resources = new Resources(
                store,
                tenantKinds,
                cleanup,
                programmed,
                feeds,
                tenants,
                relay,
                dialer,
                tokens,
                authentication,
                authorisation,
                policies,
                quotas,
                settings.podOverhead(),
                services,
                reserve);
        var metrics = new Metrics(registry);
        cleanup.resume(tenants.names());
        var routes = new Routes(
                tenantKinds,
                resources,
                new Discovery(tenantKinds),
                new OpenApiDocuments(tenantKinds),
                new ServerInfo(() -> answers(store)),
                new Doors(tenant -> new RenewedTls(() -> Tls.server(root.issue(door(settings))), clock)),
                new TokenIssuer(authorities, tokens),
                new AuditPage(auditFile),
                new Backups(stored, clock, random),
                new TenantRestores(stored, authorities, segments, settings.restores()),
                metrics,
                clock);
        var pipeline = new Pipeline(
                new LoginPage(authentication, users, settings.logins().described(), new Guesses(clock)),
                authentication,
                new TenantResolution(store),
                new Impersonation(policies),
                authorisation,
                new Suspension(store),
                new Fairness(Runtime.getRuntime().availableProcessors()),
                routes,
                metrics,
                new Audit(auditLog, clock),
                reserve);
        var aggregation = new RoleAggregation(store);
        outward.add(aggregation);
        listeners.addAll(List.of(policies, places, tenantKinds.ends(), new NamespaceKeeper(store, basics), serviceKeeper, aggregation, quotaKeeper));
        // Made by now, or not to be had: then nobody shall be told that this serves.
        server.get();
        edge.serve(pipeline);
        log.info("event=api-listening address={}", edge.address());
        return new ApiServer(
                edge,
                edge.settings(),
                pipeline,
                feeds,
                cleanup,
                new EventSweeper(store, clock, settings.eventLifetime()),
                quotaKeeper,
                new Follower(store, listeners),
                auditLog,
                outward);
    }

    /// Issued anew for each tenant, so that no two show the same key.
    private static CertificateSpec door(ApiServerSettings settings) {
        return CertificateSpec.server(
                "kubernetes",
                List.of("kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"),
                List.of(InetAddress.ofLiteral(settings.serviceRange().at(AddressRange.API_SERVER))),
                RenewedTls.VALIDITY);
    }

    /// Where the server listens, with the real port.
    public InetSocketAddress address() {
        return edge.address();
    }

    /// Requests of a part of this process, which is believed to be who it says; closed by who asks, before this.
    ///
    /// @param component a user such as `system:kube-scheduler`
    public LocalCalls calls(String component) {
        return new LocalCalls(limits, pipeline, component);
    }

    @Override
    public void close() {
        follower.close();
        quotas.close();
        sweeper.close();
        cleanup.close();
        feeds.close();
        edge.close();
        if (audit != null) {
            audit.close();
        }
        for (var part : outward) {
            try {
                part.close();
            } catch (Exception e) {
                log.warn("event=not-closed", e);
            }
        }
        log.info("event=api-stopped");
    }

    private static boolean answers(Store store) {
        try {
            return store.tick() > 0;
        } catch (StoreException e) {
            return false;
        }
    }

    private static CertificateCallers certificates(Authorities authorities, LocalAccounts users, Clock clock) {
        var authenticator = new CertificateAuthenticator(authorities, clock);
        return chain -> {
            try {
                var shown = authenticator.authenticate(chain.getFirst());
                // Only certificates of users have a uid; they count no longer than the user does.
                var principal = shown.uid().isEmpty() ? shown : users.ofCertificate(shown);
                return Optional.of(new Caller(
                        principal.tenant(), principal.name(), principal.groups(), principal.uid(), principal.extra()));
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
