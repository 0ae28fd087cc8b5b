package io.hypernetes.proxy;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Resources;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.network.Gateway;
import io.hypernetes.network.NetworkException;
import io.hypernetes.network.PortMapping.Protocol;
import io.hypernetes.network.ServiceTable;
import io.hypernetes.network.dns.NameServer;
import io.hypernetes.network.dns.Names;
import io.hypernetes.proxy.dns.Zone;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One tenant's services on this node, from its first pod here to its last: what its gateway knows is what the API says, as soon as it says
/// it. Changes that come together are one.
final class TenantProxy implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TenantProxy.class);
    private static final Duration RETRY = Duration.ofSeconds(2);
    private static final String SEGMENT = "hypernetes.io/segment";

    private final ProxySettings settings;
    private final OwnZone here;
    private final Gateway gateway;
    private final Copies copies = new Copies();
    private final Informer<Service> services;
    private final Informer<EndpointSlice> slices;
    private final Zone zone;
    private final NameServer names;
    private final Door door;
    private final Freshness freshness = new Freshness(System::nanoTime);
    private final Shortage shortage;
    private final HealthChecks healthChecks;
    private final Semaphore changed = new Semaphore(0);
    private final CountDownLatch known = new CountDownLatch(1);
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Resources<GenericKubernetesResource> tenants;
    private final Thread worker;
    private final Thread joiner;
    private boolean toldLacking; // the worker's own
    private volatile ServiceView view = ServiceView.EMPTY;
    private volatile Names told;

    TenantProxy(ProxySettings settings, Client client, OwnZone here, Gateway gateway, Duration patience, RandomGenerator random) throws IOException {
        this.settings = settings;
        this.here = here;
        this.gateway = gateway;
        Scope scope = Scope.tenant(gateway.tenant());
        this.services = new Informer<>(client, Kind.SERVICE, scope, Selection.everything())
                .trimmedBy(Copies::trim).onlyIf(copies::keeps).handler(new Wake<>());
        this.slices = new Informer<>(client, Kind.ENDPOINT_SLICE, scope, Selection.everything())
                .trimmedBy(Copies::trim).onlyIf(copies::keeps).handler(new Wake<>());
        this.door = new Door(settings, gateway);
        this.zone = new Zone(settings.domain(), random);
        this.told = zone.of(view);
        this.names = NameServer.open(gateway, settings.domain(), asker -> await(patience).map(services -> told));
        this.shortage = new Shortage(gateway.tenant(), System::nanoTime);
        this.healthChecks = new HealthChecks(gateway, freshness::isHealthy);
        this.tenants = client.of(Kind.TENANT);
        this.joiner = Thread.ofVirtual().name("join-" + gateway.tenant()).unstarted(this::join);
        this.worker = Thread.ofVirtual().name("proxy-" + gateway.tenant()).unstarted(this::follow);
    }

    void start() {
        services.start();
        slices.start();
        worker.start();
        if (!gateway.tenant().equals(ObjectKey.ROOT)) {
            joiner.start();
        }
    }

    /// Looks again, since this node is elsewhere.
    void moved() {
        changed.release();
    }

    /// A pod has come after a time without any, in which the tenant may have been deleted and made anew: then it has another number.
    void reused() {
        Thread.ofVirtual().name("join-" + gateway.tenant()).start(this::join);
    }

    /// The last pod has gone. When the tenant goes too, nothing is kept for the next one.
    void left() {
        Thread.ofVirtual().name("leave-" + gateway.tenant()).start(() -> {
            try {
                if (tenants.get(ObjectKey.root(gateway.tenant())).getMetadata().getDeletionTimestamp() != null) {
                    gateway.dissolve();
                }
            } catch (ApiException untold) {
                if (untold.isNotFound() || untold.code() == 403) {
                    // Gone, or without any pod for this node, which may not ask then: a tenant that goes on makes it anew with its next pod.
                    gateway.dissolve();
                    return;
                }
                LOG.debug("event=tenant-not-asked tenant={} error=\"{}\"", gateway.tenant(), untold.getMessage());
            }
        });
    }

    /// Learns the number by which the tenant's segments on all nodes find each other.
    private void join() {
        try {
            while (true) {
                try {
                    GenericKubernetesResource tenant = tenants.get(ObjectKey.root(gateway.tenant()));
                    Map<String, String> annotations = tenant.getMetadata().getAnnotations();
                    String number = annotations == null ? "" : annotations.getOrDefault(SEGMENT, "");
                    if (number.isEmpty()) {
                        LOG.warn("event=segment-not-joined tenant={} reason=\"the tenant has no annotation {}\" effect=\"its pods do not reach those on other nodes\"",
                                gateway.tenant(), SEGMENT);
                    } else {
                        gateway.join(Integer.parseInt(number));
                    }
                    return;
                } catch (ApiException | NetworkException | NumberFormatException refused) {
                    LOG.info("event=segment-not-joined tenant={} error=\"{}\" next=\"tried again in {} s\"",
                            gateway.tenant(), refused.getMessage(), RETRY.toSeconds());
                    if (closed.await(RETRY.toMillis(), TimeUnit.MILLISECONDS)) {
                        return;
                    }
                }
            }
        } catch (InterruptedException closing) {
            LOG.debug("event=joining-ended tenant={}", gateway.tenant());
        }
    }

    /// The tenant's services, waited for when the node has just begun to look; empty when they do not come in time.
    Optional<ServiceView> await(Duration atMost) {
        try {
            return known.await(atMost.toMillis(), TimeUnit.MILLISECONDS) ? Optional.of(view) : Optional.empty();
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    private void follow() {
        try {
            List<ServiceTable.Port> own = own();
            // At once, so that names and the API server are found while the first lists are on their way.
            serve(new ServiceTable(settings.serviceCidr(), own));
            while (!services.awaitSynced(RETRY) || !slices.awaitSynced(RETRY)) {
                LOG.debug("event=services-awaited tenant={}", gateway.tenant());
            }
            // Hints are wishes only: when nobody says where this node is, connections go anywhere until then.
            here.await(RETRY);
            boolean served = false;
            while (true) {
                freshness.behind();
                changed.drainPermits();
                List<Room.LeftOut> left = new ArrayList<>();
                view = Views.of(services.list(), slices.list(), here.place(), left::add);
                told = zone.of(view);
                shortage.tell(left);
                List<ServiceTable.Port> ours = new ArrayList<>(own);
                ours.addAll(healthChecks.follow(view));
                served = serve(Tables.of(view, settings.serviceCidr(), ours));
                if (served) {
                    freshness.caughtUp();
                }
                known.countDown();
                if (served) {
                    awaitChange();
                } else {
                    changed.tryAcquire(RETRY.toMillis(), TimeUnit.MILLISECONDS);
                }
            }
        } catch (InterruptedException closing) {
            LOG.debug("event=proxy-ended tenant={}", gateway.tenant());
        } catch (IOException closed) {
            LOG.warn("event=proxy-ended tenant={} error=\"{}\"", gateway.tenant(), closed.getMessage());
        }
    }

    /// Of what is left out nobody hears, nor of room that others gave back: so it is looked for from time to time, and however much else changes.
    private void awaitChange() throws InterruptedException {
        do {
            tellLacking();
            if (copies.beginsAgain(System.nanoTime())) {
                services.readAgain();
                slices.readAgain();
            }
        } while (!changed.tryAcquire(Copies.LOOK_AGAIN.toMillis(), TimeUnit.MILLISECONDS));
    }

    private void tellLacking() {
        if (!toldLacking && copies.isLacking()) {
            toldLacking = true;
            LOG.warn("event=services-left-out tenant={} effect=\"this node has no room in memory for all services and endpoints of the tenant, and connections do not reach some\""
                    + " next=\"let the tenant have fewer; the node looks again when there is room, each {} s\"", gateway.tenant(), Copies.LOOK_AGAIN.toSeconds());
        } else if (toldLacking && copies.isWhole(System.nanoTime())) {
            toldLacking = false;
            LOG.info("event=services-all-here tenant={}", gateway.tenant());
        }
    }

    private boolean serve(ServiceTable table) {
        try {
            long begin = System.nanoTime();
            gateway.serve(table);
            LOG.debug("event=services-served tenant={} ports={} micros={}", gateway.tenant(), table.ports().size(), (System.nanoTime() - begin) / 1000);
            return true;
        } catch (NetworkException refused) {
            LOG.warn("event=services-refused tenant={} error=\"{}\" next=\"tried again in {} s\"",
                    gateway.tenant(), refused.getMessage(), RETRY.toSeconds());
            return false;
        }
    }

    private List<ServiceTable.Port> own() throws IOException {
        List<ServiceTable.Port> own = new ArrayList<>();
        own.add(port("default/kubernetes:https", settings.apiServiceAddress(), Protocol.TCP, 443, door.port()));
        own.add(port("kube-system/kube-dns:dns", settings.dnsAddress(), Protocol.UDP, 53, names.udpPort()));
        own.add(port("kube-system/kube-dns:dns-tcp", settings.dnsAddress(), Protocol.TCP, 53, names.tcpPort()));
        return own;
    }

    private ServiceTable.Port port(String name, String address, Protocol protocol, int port, int local) {
        return new ServiceTable.Port(name, List.of(address), protocol, port, 0, 0, List.of(new ServiceTable.Endpoint(gateway.address(), local)));
    }

    @Override
    public void close() {
        closed.countDown();
        services.close();
        slices.close();
        worker.interrupt();
        joiner.interrupt();
        names.close();
        door.close();
        healthChecks.close();
        copies.close();
    }

    private final class Wake<T extends HasMetadata> implements Informer.Handler<T> {
        @Override
        public void added(T object) {
            changed.release();
        }

        @Override
        public void updated(T before, T now) {
            changed.release();
        }

        @Override
        public void deleted(T last) {
            copies.forget(last);
            changed.release();
        }
    }
}
