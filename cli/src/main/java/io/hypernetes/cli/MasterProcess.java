package io.hypernetes.cli;

import io.hypernetes.apiserver.ApiServer;
import io.hypernetes.apiserver.ApiServerSettings;
import io.hypernetes.apiserver.storage.StorageBounds;
import io.hypernetes.apiserver.service.AddressRange;
import io.hypernetes.client.Client;
import io.hypernetes.client.Informers;
import io.hypernetes.controllers.ControllerSettings;
import io.hypernetes.controllers.Controllers;
import io.hypernetes.identity.Authorities;
import io.hypernetes.scheduler.Scheduler;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import io.hypernetes.store.keys.KeyRing;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The master: store, API server, scheduler and controllers in one process, wired top to bottom here. Scheduler and controllers make the
/// same requests of the API server as anyone else, each as who it is, without a network between them, and look at the same caches.
final class MasterProcess implements AutoCloseable {
    /// A burst of new tenants that pays for no key. Each takes a few milliseconds in the background after a start.
    private static final int AUTHORITIES_READY = 16;

    private final Deque<AutoCloseable> parts = new ArrayDeque<>();

    MasterProcess(Places places, Settings settings) throws Exception {
        this(places, settings, () -> {});
    }

    /// @param serves is called as soon as the API is served, before scheduler and controllers are made: they read all anew and take their time
    MasterProcess(Places places, Settings settings, Runnable serves) throws Exception {
        try {
            start(places, settings, serves);
        } catch (Exception e) {
            close();
            throw e;
        }
    }

    private void start(Places places, Settings settings, Runnable serves) throws IOException {
        Clock clock = Clock.systemUTC();
        SecureRandom random = new SecureRandom();
        OpeningStore store = opened(new OpeningStore(() -> EmbeddedStore.open(
                places.masterState().resolve("store"),
                EmbeddedSettings.defaults().withNativeFolder(places.nativeLibraries()).withKeys(keys(places, settings, random)).withValuesOpenedAtLeisure())));
        Instruments instruments = opened(new Instruments(settings));
        Authorities authorities = Authorities.open(places.pki(), clock, random);
        InetSocketAddress listen = new InetSocketAddress(settings.text("api-address"), settings.port("api-port"));
        ApiServerSettings api = ApiServerSettings.at(listen)
                .withServiceRange(serviceRange(settings, List.of("cluster-cidr", "uplink-cidr")))
                .reachedBy(List.of(HostAddresses.hostName()), reachedBy(settings))
                .withDestinations(OperatorRanges.webhooks(settings))
                .withLogins(LoginSources.of(settings))
                .withRestores(places.restores())
                .withStorage(storage(settings))
                .withPodOverhead(Map.of("memory", settings.number("pod-overhead-mib", 0, 4096) + "Mi"));
        ApiServer served = opened(ApiServer.start(
                api.withTokenIssuer(settings.text("service-account-issuer", api.tokenIssuer())).withAudit(places.auditLog()),
                store,
                authorities,
                clock,
                instruments.registry()));
        instruments.serve(settings, "master-metrics-port");
        serves.run();
        store.get().openValues();
        URI server = OperatorAccess.local(settings);
        Client controllers = opened(component(served, server, "system:kube-controller-manager"));
        Client scheduler = opened(component(served, server, "system:kube-scheduler"));
        Informers informers = opened(new Informers(controllers));
        opened(new Controllers(
                        controllers, informers, ControllerSettings.ordinary(settings.text("cluster-cidr")).withReserved(reserved(api)), authorities::find, clock)
                .start());
        opened(new Scheduler(scheduler, informers, HostAddresses.hostName(), clock, random).start());
        informers.start();
        opened(authorities.keepReady(AUTHORITIES_READY));
        opened(new HeapTide());
    }

    /// How much may be stored, by settings and by the memory that this process may have.
    static StorageBounds storage(Settings settings) {
        StorageBounds bounds = StorageBounds.ofHeap(Runtime.getRuntime().maxMemory());
        long all = settings.number("store-mib", 0, 1 << 20);
        long ofTenant = settings.number("tenant-store-mib", 0, 1 << 20);
        bounds = all == 0 ? bounds : bounds.withAll(all << 20);
        return ofTenant == 0 ? bounds : bounds.withTenant(ofTenant << 20);
    }

    private static Set<String> reserved(ApiServerSettings api) {
        Set<String> reserved = new HashSet<>(api.names());
        api.addresses().forEach(address -> reserved.add(address.getHostAddress()));
        return reserved;
    }

    static KeyRing keys(Places places, Settings settings, SecureRandom random) {
        String master = settings.text("master-key-file");
        return KeyRing.open(places.tenantKeys(), master.isEmpty() ? places.tenantKeys().resolve("master.key") : Path.of(master), random);
    }

    /// The addresses of services.
    ///
    /// @param apart settings with other ranges of addresses
    /// @throws UsageException when the setting is no such range, or shares addresses with one of the others: packets to services would get no answer
    static AddressRange serviceRange(Settings settings, List<String> apart) {
        String name = "service-cidr";
        try {
            AddressRange range = AddressRange.parse(settings.text(name));
            range.at(AddressRange.NAME_SERVER);
            for (String other : apart) {
                name = other;
                if (range.overlaps(settings.text(other))) {
                    throw new UsageException("settings service-cidr (" + range + ") and " + other + " (" + settings.text(other)
                            + ") have addresses in common, so that services could not be told from what is there. Choose one of them elsewhere");
                }
            }
            return range;
        } catch (IllegalArgumentException wrong) {
            throw new UsageException("setting " + name + ": " + wrong.getMessage());
        }
    }

    private static List<InetAddress> reachedBy(Settings settings) {
        List<InetAddress> addresses = new ArrayList<>(HostAddresses.all().stream().map(InetAddress::ofLiteral).toList());
        String advertised = settings.text("advertise-address");
        if (!advertised.isEmpty()) {
            addresses.add(InetAddress.ofLiteral(advertised));
        }
        return addresses;
    }

    private static Client component(ApiServer api, URI server, String user) {
        return Client.over(new LocalTransport(api.calls(user)), server, user.substring("system:".length()));
    }

    private <T extends AutoCloseable> T opened(T part) {
        parts.push(part);
        return part;
    }

    @Override
    public void close() throws Exception {
        Parts.close(parts);
    }
}
