package io.hypernetes.network.local;

import io.hypernetes.network.Attachment;
import io.hypernetes.network.AttachmentRequest;
import io.hypernetes.network.Gateway;
import io.hypernetes.network.Groups;
import io.hypernetes.network.HostNameservers;
import io.hypernetes.network.Network;
import io.hypernetes.network.NetworkException;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import io.hypernetes.store.StoreUnavailableException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Every tenant on wires of its own: the pods of `root` on the host's bridge, those of each other tenant in a [Segment]. Pods of two
/// tenants may have the same address. Needs root, and all calls where the host's bridge is.
///
/// Which tenants have a segment, and which sandbox has which address in it, is in the store before anything is made of it. A segment
/// without pods is kept for a while, since making one takes as long as a third of a pod's start.
public final class TenantNetworks implements Network {
    static final String ROOT = "root";

    private static final Logger LOG = LoggerFactory.getLogger(TenantNetworks.class);
    private static final String DEFAULT_NETWORK = "default";
    /// What may become part of the name of a namespace, which is a file.
    private static final Pattern TENANT_NAME = Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");

    private final LocalNetwork host;
    private final LocalSettings settings;
    private final Cidr range;
    private final Store store;
    private final Uplinks uplinks;
    private final Map<String, Tenant> tenants = new ConcurrentHashMap<>();
    private final Set<Uplinks.Wire> wires = new HashSet<>();
    private final ScheduledExecutorService later = Executors.newSingleThreadScheduledExecutor(
            // Of the platform's, as such a thread belongs to the network namespace of whoever starts it.
            Thread.ofPlatform().daemon().name("idle-segments").factory());
    private volatile List<Peer> peers = List.of();
    private volatile Gateway.@Nullable Follower follower;

    /// What is known of one tenant here. The lock of its monitor is held while its segment is changed.
    private final class Tenant {
        private final Segment segment;
        private final Leases leases;
        private boolean made;
        private int number;
        private boolean gone;
        private long idleSince;

        private Tenant(String name, Uplinks.Wire wire) {
            this.segment = new Segment(name, namespace(name), range, settings.mtu(), uplinks, wire, this::join,
                    // Whoever says it may be told of the end in the course of it.
                    () -> later.execute(() -> removeEmpty(this)));
            this.leases = new Leases(store, leasePrefix(name), range);
        }

        private synchronized void join(int wanted) {
            number = wanted;
            connect();
        }

        /// Tells the segment of the other nodes, when it is there and has a number.
        private synchronized void connect() {
            if (made && !gone && number > 0) {
                segment.connect(number, peers, settings.vxlanPort());
            }
        }

        private List<HostRules.Port> ports() {
            return leases.sandboxes().stream().map(this::port).toList();
        }

        private HostRules.Port port(String sandbox) {
            int number = leases.of(sandbox).orElseThrow(() -> new NetworkException(
                    "sandbox " + sandbox + " has no attachment; attach it before opening or plugging its tap"));
            return new HostRules.Port(host.tapName(sandbox), range.mac(number), range.address(number), List.of());
        }
    }

    /// Makes right what the store tells of, and removes segments that no pod is in.
    ///
    /// @param host the network of `root`; closed and removed with this one
    /// @param store keeps addresses and segments; stays the caller's
    public TenantNetworks(LocalNetwork host, LocalSettings settings, Store store, RandomGenerator random) {
        this.host = host;
        this.settings = settings;
        this.range = Cidr.parse(settings.podCidr());
        this.store = store;
        this.uplinks = new Uplinks(settings, Cidr.parse(settings.uplinkCidr()), random);
        for (Entry entry : store.list(wirePrefix(), "", 0).entries()) {
            String name = entry.key().substring(wirePrefix().length());
            Uplinks.Wire wire = new Uplinks.Wire(Integer.parseInt(new String(entry.value(), StandardCharsets.UTF_8)));
            wires.add(wire);
            tenants.put(name, new Tenant(name, wire));
        }
        uplinks.apply(wires, denied(), nodes());
        adopt();
        LOG.info("event=tenant-networks-ready bridge={} tenants={} attachments={}", settings.bridge(), tenants.keySet(), attachments().size());
    }

    private void adopt() {
        for (Tenant tenant : tenants.values()) {
            if (tenant.leases.sandboxes().isEmpty()) {
                removeEmpty(tenant);
            } else {
                tenant.segment.apply(tenant.ports());
                tenant.made = true;
            }
        }
        for (String stray : Segment.namespaces(settings.bridge() + ".")) {
            if (!tenants.containsKey(stray.substring(settings.bridge().length() + 1))) {
                LOG.info("event=stray-segment-removed namespace={}", stray);
                Segment.removeNamespace(stray);
            }
        }
    }

    /// Tells of gateways that come and go, and at once of those that are there.
    public void follow(Gateway.Follower gateways) {
        this.follower = gateways;
        gateways.opened().accept(host.gateway());
        for (Tenant tenant : tenants.values()) {
            synchronized (tenant) {
                if (tenant.made && !tenant.gone) {
                    gateways.opened().accept(tenant.segment);
                }
            }
        }
    }

    /// The gateway of a tenant that has pods here.
    public Optional<Gateway> gateway(String tenant) {
        return tenant.equals(ROOT) ? Optional.of(host.gateway()) : Optional.ofNullable(tenants.get(tenant)).map(known -> known.segment);
    }

    @Override
    public Attachment attach(AttachmentRequest request) {
        if (request.tenant().equals(ROOT)) {
            return host.attach(request);
        }
        if (!TENANT_NAME.matcher(request.tenant()).matches()) {
            throw new NetworkException("pod " + request.namespace() + "/" + request.pod() + " names the tenant '" + request.tenant() + "'; that is no name of a tenant");
        }
        if (!request.network().equals(DEFAULT_NETWORK)) {
            throw new NetworkException("pod " + request.namespace() + "/" + request.pod() + " asks for the network " + request.network()
                    + "; tenants have one network, named " + DEFAULT_NETWORK);
        }
        if (request.membership().isConfined()) {
            throw new NetworkException("pod " + request.namespace() + "/" + request.pod() + " of tenant " + request.tenant() + " asks for groups, which are of root's network");
        }
        if (!request.ports().isEmpty()) {
            throw new NetworkException("pod " + request.namespace() + "/" + request.pod() + " of tenant " + request.tenant()
                    + " asks for ports of the host, which belong to the operator; use a Service");
        }
        while (true) {
            Tenant tenant = tenants.computeIfAbsent(request.tenant(), this::begin);
            synchronized (tenant) {
                if (tenant.gone) {
                    continue;
                }
                boolean empty = tenant.leases.sandboxes().isEmpty();
                int number = tenant.leases.take(request.sandboxId());
                if (!tenant.made) {
                    tenant.segment.apply(tenant.ports());
                    tenant.made = true;
                    tell(Gateway.Follower::opened, tenant);
                } else if (empty) {
                    tell(Gateway.Follower::reused, tenant);
                }
                return new Attachment(
                        request.sandboxId(), range.mac(number), List.of(range.address(number) + "/32"), range.address(1), settings.mtu(),
                        HostNameservers.usable(), List.of());
            }
        }
    }

    private void tell(Function<Gateway.Follower, Consumer<Gateway>> news, Tenant of) {
        Gateway.Follower told = follower;
        if (told != null) {
            news.apply(told).accept(of.segment);
        }
    }

    /// Notes durably that the tenant gets a segment, and its wire.
    private Tenant begin(String name) {
        synchronized (wires) {
            Uplinks.Wire wire = uplinks.choose(wires);
            store.commit(List.of(Operation.put(wirePrefix() + name, Integer.toString(wire.pair()).getBytes(StandardCharsets.UTF_8))));
            wires.add(wire);
            return new Tenant(name, wire);
        }
    }

    @Override
    public Tap openTap(Attachment attachment) {
        String sandbox = attachment.sandboxId();
        Tenant tenant = of(sandbox);
        if (tenant == null) {
            return host.openTap(attachment);
        }
        String name = host.tapName(sandbox);
        synchronized (tenant) {
            HostRules.Port port = tenant.port(sandbox);
            Tap tap = LocalNetwork.opened(name, sandbox, () -> tenant.segment.openTap(name));
            try {
                tenant.segment.plug(port, false);
                return tap;
            } catch (RuntimeException failure) {
                tap.close();
                throw failure;
            }
        }
    }

    /// Those of `root`; a tenant's pods are all in the open of their own segment.
    @Override
    public Optional<Groups> groups() {
        return host.groups();
    }

    @Override
    public Optional<Tap> openSpareTap(String sandboxId) {
        return host.openSpareTap(sandboxId);
    }

    @Override
    public void plug(Attachment attachment) {
        Tenant tenant = of(attachment.sandboxId());
        if (tenant == null) {
            host.plug(attachment);
            return;
        }
        synchronized (tenant) {
            tenant.segment.plug(tenant.port(attachment.sandboxId()), true);
        }
    }

    private @Nullable Tenant of(String sandbox) {
        for (Tenant tenant : tenants.values()) {
            if (tenant.leases.of(sandbox).isPresent()) {
                return tenant;
            }
        }
        return null;
    }

    @Override
    public void detach(String sandboxId) {
        Tenant tenant = of(sandboxId);
        if (tenant == null) {
            host.detach(sandboxId);
            return;
        }
        synchronized (tenant) {
            if (tenant.leases.of(sandboxId).isEmpty()) {
                return;
            }
            tenant.segment.unplug(tenant.port(sandboxId));
            tenant.leases.giveBack(sandboxId);
            if (tenant.leases.sandboxes().isEmpty()) {
                tenant.idleSince = System.nanoTime();
                later.schedule(() -> removeIdle(tenant), settings.idleSegment().toNanos(), TimeUnit.NANOSECONDS);
                tell(Gateway.Follower::left, tenant);
            }
        }
    }

    private void removeIdle(Tenant tenant) {
        synchronized (tenant) {
            if (System.nanoTime() - tenant.idleSince >= settings.idleSegment().toNanos()) {
                removeEmpty(tenant);
            }
        }
    }

    private void removeEmpty(Tenant tenant) {
        synchronized (tenant) {
            if (tenant.leases.sandboxes().isEmpty() && !tenant.gone) {
                try {
                    remove(tenant.segment.tenant(), tenant);
                } catch (NetworkException | StoreUnavailableException left) {
                    // The next pod finds it as one that is to be made, whatever is left of it.
                    tenant.gone = false;
                    tenant.made = false;
                    LOG.warn("event=segment-not-removed tenant={} error=\"{}\" next=\"the tenant's next pod makes it whole, its end or the next start of the node removes it\"",
                            tenant.segment.tenant(), left.getMessage());
                }
            }
        }
    }

    private void remove(String name, Tenant tenant) {
        tenant.gone = true;
        if (tenant.made) {
            tell(Gateway.Follower::closed, tenant);
        }
        tenant.segment.remove();
        store.commit(List.of(Operation.delete(wirePrefix() + name)));
        synchronized (wires) {
            wires.remove(tenant.segment.wire());
        }
        tenants.remove(name, tenant);
        LOG.info("event=segment-removed tenant={}", name);
    }

    @Override
    public Set<String> attachments() {
        Set<String> all = new HashSet<>(host.attachments());
        tenants.values().forEach(tenant -> all.addAll(tenant.leases.sandboxes()));
        return Set.copyOf(all);
    }

    @Override
    public List<String> strays() {
        List<String> strays = new ArrayList<>();
        Set<String> namespaces = new HashSet<>();
        Set<String> devices = new HashSet<>();
        for (Tenant tenant : tenants.values()) {
            namespaces.add(namespace(tenant.segment.tenant()));
            devices.add(uplinks.device(tenant.segment.wire()));
        }
        for (String namespace : Segment.namespaces(settings.bridge() + ".")) {
            if (!namespaces.contains(namespace)) {
                strays.add("There is a network namespace " + namespace + " of a tenant that has no pod here.");
            }
        }
        for (String device : Segment.links()) {
            if (device.startsWith(settings.bridge() + "u") && !devices.contains(device)) {
                strays.add("There is a wire " + device + " to the gateway of no tenant.");
            }
        }
        return strays;
    }

    @Override
    public void setPeers(List<Peer> peers) {
        // A node finds itself among the others when its name has changed.
        this.peers = peers.stream().filter(peer -> !Cidr.parse(peer.podCidr()).equals(range)).toList();
        host.setPeers(peers);
        uplinks.set(denied(), nodes());
        tenants.values().forEach(Tenant::connect);
    }

    private List<String> nodes() {
        return peers.stream().map(Peer::address).distinct().toList();
    }

    /// What of the operator no tenant reaches.
    private List<String> denied() {
        List<String> denied = new ArrayList<>(settings.deniedCidrs());
        denied.add(range.toString());
        for (Peer peer : peers) {
            denied.add(peer.address());
            denied.add(peer.podCidr());
        }
        return denied;
    }

    /// Takes all of it off the host. Addresses stay reserved: they are in the store.
    public void remove() {
        for (Map.Entry<String, Tenant> each : tenants.entrySet()) {
            Tenant tenant = each.getValue();
            synchronized (tenant) {
                if (tenant.leases.sandboxes().isEmpty()) {
                    remove(each.getKey(), tenant);
                } else {
                    tenant.segment.remove();
                    tenant.made = false;
                }
            }
        }
        uplinks.removeTable();
        host.remove();
    }

    @Override
    public void close() {
        later.shutdownNow();
        host.close();
    }

    private String namespace(String tenant) {
        return settings.bridge() + "." + tenant;
    }

    private String wirePrefix() {
        return "/network/wires/" + settings.bridge() + "/";
    }

    private String leasePrefix(String tenant) {
        return "/network/leases/" + settings.bridge() + "/" + tenant + "/";
    }
}
