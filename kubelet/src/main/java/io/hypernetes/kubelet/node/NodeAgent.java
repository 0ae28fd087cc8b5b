package io.hypernetes.kubelet.node;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeAddress;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.NodeCondition;
import io.fabric8.kubernetes.api.model.NodeConditionBuilder;
import io.fabric8.kubernetes.api.model.NodeStatus;
import io.fabric8.kubernetes.api.model.NodeStatusBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseSpec;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.cri.v1.VersionResponse;
import io.hypernetes.kubelet.KubeletSettings;
import io.hypernetes.kubelet.cri.CriException;
import io.hypernetes.kubelet.cri.CriRuntime;
import io.hypernetes.kubelet.eviction.Eviction;
import io.hypernetes.kubelet.eviction.Signals;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The node in the API: registers it, keeps its status, renews its lease every ten seconds, and hands its pod CIDR to the runtime.
public final class NodeAgent implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodeAgent.class);
    private static final Duration BEAT = Duration.ofSeconds(10);
    private static final int LEASE_SECONDS = 40;
    private static final Duration REPORT_ANYWAY = Duration.ofMinutes(5);
    private static final String LEASES = "kube-node-lease";
    private static final double MANY_THREADS = 0.9;
    private static final Quantity NOTHING = new Quantity("0");

    private final KubeletSettings settings;
    private final Client client;
    private final CriRuntime cri;
    private final InstantSource clock;
    private final HostFacts facts;
    private final Runnable grown;
    private final EventRecorder events;
    private final int port;
    private final ObjectKey key;
    private final Informer<Node> informer;
    private final Semaphore wake = new Semaphore(0);
    private final Thread statusThread;
    private final Thread leaseThread;
    private volatile boolean closed;
    private volatile Map<String, Quantity> allocatable;
    private @Nullable NodeStatus told;
    private Instant toldAt = Instant.EPOCH;
    private boolean unschedulable;
    private String cidrGiven = "";
    private boolean runtimeSeen;

    /// @param port of the kubelet's server, for the API server to call
    /// @param grown called when the node offers more than before; returns at once
    public NodeAgent(KubeletSettings settings, Client client, CriRuntime cri, EventRecorder events, InstantSource clock, int port, Runnable grown) {
        this(settings, client, cri, events, clock, port, grown, new HostFacts(settings));
    }

    NodeAgent(KubeletSettings settings, Client client, CriRuntime cri, EventRecorder events, InstantSource clock, int port, Runnable grown, HostFacts facts) {
        this.settings = settings;
        this.client = client;
        this.cri = cri;
        this.events = events;
        this.clock = clock;
        this.facts = facts;
        this.grown = grown;
        this.port = port;
        this.allocatable = current();
        this.key = ObjectKey.root(settings.nodeName());
        this.informer = new Informer<>(client, Kind.NODE, Scope.tenant(ObjectKey.ROOT), Selection.fields("metadata.name=" + settings.nodeName()))
                .handler(new WakeOnChange());
        this.statusThread = Thread.ofVirtual().name("node-status").unstarted(() -> loop("node-status", this::report));
        this.leaseThread = Thread.ofVirtual().name("node-lease").unstarted(() -> loop("node-lease", this::renew));
    }

    public NodeAgent start() {
        informer.start();
        statusThread.start();
        leaseThread.start();
        return this;
    }

    /// What pods may have of this node, as its status tells or is about to.
    public Map<String, Quantity> allocatable() {
        return allocatable;
    }

    private Map<String, Quantity> current() {
        Map<String, Quantity> current = new HashMap<>(capacity(settings, facts));
        current.put("cpu", new Quantity(Math.max(1, facts.cpus() * 1000L - settings.reservedCpuMillis()) + "m"));
        current.put("memory", kib(Math.max(0, facts.memoryBytes() - settings.reservedMemoryBytes())));
        return Map.copyOf(current);
    }

    /// The node as the API has it.
    ///
    /// @param afresh whether what is known must not be older than this call, where the API server answers
    public Optional<Node> object(boolean afresh) {
        if (!afresh && informer.synced()) {
            return informer.get(key);
        }
        try {
            return client.of(Kind.NODE).find(key);
        } catch (ApiException away) {
            return informer.get(key);
        }
    }

    /// What is left of this node.
    public Signals signals() {
        return facts;
    }

    /// The runtime came back or went: look at once.
    public void wake() {
        wake.release();
    }

    @Override
    public void close() {
        closed = true;
        informer.close();
        statusThread.interrupt();
        leaseThread.interrupt();
    }

    private interface Step {
        void run() throws InterruptedException;
    }

    private void loop(String name, Step step) {
        try {
            while (!closed) {
                try {
                    step.run();
                } catch (ApiException | CriException refused) {
                    LOG.warn("event={}-failed node={} reason=\"{}\"", name, settings.nodeName(), refused.getMessage());
                } catch (RuntimeException fault) {
                    LOG.error("event={}-fault node={}", name, settings.nodeName(), fault);
                }
                rest(name);
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private void rest(String name) throws InterruptedException {
        if (name.equals("node-status")) {
            // Until it is known to be ready, a node is looked at more often: people wait for it.
            Duration time = told != null && isReady(told) ? BEAT : Duration.ofSeconds(1);
            wake.tryAcquire(time.toMillis(), TimeUnit.MILLISECONDS);
            wake.drainPermits();
        } else {
            new Semaphore(0).tryAcquire(BEAT.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    // --- lease

    private void renew() {
        ObjectKey leaseKey = new ObjectKey(ObjectKey.ROOT, LEASES, settings.nodeName());
        ZonedDateTime now = ZonedDateTime.ofInstant(clock.instant().truncatedTo(ChronoUnit.MICROS), ZoneOffset.UTC);
        Optional<Lease> changed = client.of(Kind.LEASE).change(leaseKey, null, lease -> {
            if (lease == null) {
                return null;
            }
            LeaseSpec spec = lease.getSpec() == null ? new LeaseSpec() : lease.getSpec();
            spec.setHolderIdentity(settings.nodeName());
            spec.setLeaseDurationSeconds(LEASE_SECONDS);
            spec.setRenewTime(now);
            lease.setSpec(spec);
            return lease;
        });
        if (changed.isEmpty()) {
            client.of(Kind.LEASE).create(ObjectKey.ROOT, new LeaseBuilder()
                    .withNewMetadata().withNamespace(LEASES).withName(settings.nodeName()).endMetadata()
                    .withNewSpec().withHolderIdentity(settings.nodeName()).withLeaseDurationSeconds(LEASE_SECONDS).withRenewTime(now).endSpec()
                    .build());
        }
    }

    // --- status

    private void report() {
        Node node = informer.synced() ? informer.get(key).orElse(null) : client.of(Kind.NODE).find(key).orElse(null);
        if (node == null) {
            node = register();
        }
        giveCidr(node);
        NodeStatus status = status(node.getStatus() == null ? new NodeStatus() : node.getStatus());
        Instant now = clock.instant();
        noteScheduling(node);
        boolean same = told != null && sameBesidesHeartbeat(told, status) && node.getStatus() != null
                && sameBesidesHeartbeat(node.getStatus(), status);
        if (same && Duration.between(toldAt, now).compareTo(REPORT_ANYWAY) < 0) {
            return;
        }
        client.of(Kind.NODE).change(key, "status", current -> {
            if (current == null) {
                return null;
            }
            NodeStatus merged = status(current.getStatus() == null ? new NodeStatus() : current.getStatus());
            current.setStatus(merged);
            return current;
        });
        if (isReady(status) && (told == null || !isReady(told))) {
            LOG.info("event=node-ready node={}", settings.nodeName());
        }
        tell(node, status);
        told = status;
        toldAt = now;
    }

    /// Upstream's kubelet says what has become of its node where `kubectl describe node` shows it (pkg/kubelet/kubelet_node_status.go, nodestatus/setters.go).
    private void tell(Node node, NodeStatus status) {
        for (NodeCondition condition : status.getConditions()) {
            boolean unknown = told == null && !(condition.getType().equals("Ready") && condition.getStatus().equals("True"));
            boolean stays = told != null && told.getConditions().stream()
                    .anyMatch(known -> known.getType().equals(condition.getType()) && known.getStatus().equals(condition.getStatus()));
            if (!unknown && !stays) {
                tell(node, condition.getReason().replace("Kubelet", "Node"));
            }
        }
    }

    private void noteScheduling(Node node) {
        boolean closed = node.getSpec() != null && Boolean.TRUE.equals(node.getSpec().getUnschedulable());
        if (closed != unschedulable) {
            tell(node, closed ? "NodeNotSchedulable" : "NodeSchedulable");
            unschedulable = closed;
        }
    }

    private void tell(Node node, String reason) {
        events.record(ObjectKey.ROOT, node, EventRecorder.Type.NORMAL, reason, "Node " + settings.nodeName() + " status is now: " + reason);
    }

    private Node register() {
        Map<String, String> labels = new HashMap<>(Map.of(
                "kubernetes.io/hostname", settings.nodeName(),
                "kubernetes.io/os", "linux",
                "kubernetes.io/arch", "amd64"));
        labels.putAll(settings.labels());
        Node node = new NodeBuilder()
                .withNewMetadata().withName(settings.nodeName()).withLabels(labels).endMetadata()
                .withNewSpec().addNewTaint().withKey("node.kubernetes.io/not-ready").withEffect("NoSchedule").endTaint().endSpec()
                .withStatus(status(new NodeStatus()))
                .build();
        try {
            Node created = client.of(Kind.NODE).create(ObjectKey.ROOT, node);
            LOG.info("event=node-registered node={} address={}", settings.nodeName(), settings.nodeIp());
            events.record(ObjectKey.ROOT, created, EventRecorder.Type.NORMAL, "RegisteredNode", "Node " + settings.nodeName() + " registered itself");
            return created;
        } catch (ApiException refused) {
            if (refused.isAlreadyExists()) {
                return client.of(Kind.NODE).get(key);
            }
            throw refused;
        }
    }

    private void giveCidr(Node node) {
        String cidr = node.getSpec() == null || node.getSpec().getPodCIDR() == null ? "" : node.getSpec().getPodCIDR();
        if (!cidr.isEmpty() && (!cidr.equals(cidrGiven) || !runtimeSeen)) {
            cri.podCidr(cidr);
            LOG.info("event=pod-cidr-given node={} cidr={}", settings.nodeName(), cidr);
            cidrGiven = cidr;
            runtimeSeen = true;
        }
    }

    private NodeStatus status(NodeStatus before) {
        offer(current());
        Optional<String> unready = unready();
        List<NodeCondition> conditions = new ArrayList<>();
        conditions.add(pressure("MemoryPressure", facts.availableMemoryBytes() < Eviction.LEAST_MEMORY_BYTES,
                "KubeletHasInsufficientMemory", "KubeletHasSufficientMemory", "memory available", before));
        conditions.add(pressure("DiskPressure", facts.diskFree() < Eviction.LEAST_DISK,
                "KubeletHasDiskPressure", "KubeletHasNoDiskPressure", "disk space available", before));
        conditions.add(pressure("PIDPressure", facts.threadsUsed() > MANY_THREADS,
                "KubeletHasInsufficientPID", "KubeletHasSufficientPID", "PID available", before));
        conditions.add(unready.isEmpty()
                ? condition("Ready", "True", "KubeletReady", "kubelet is posting ready status", before)
                : condition("Ready", "False", "KubeletNotReady", unready.get(), before));
        return new NodeStatusBuilder(before)
                .withCapacity(capacity(settings, facts))
                .withAllocatable(allocatable)
                .withConditions(conditions)
                .withAddresses(new NodeAddress(settings.nodeIp(), "InternalIP"), new NodeAddress(settings.nodeName(), "Hostname"))
                .withNewDaemonEndpoints().withNewKubeletEndpoint(port).endDaemonEndpoints()
                .withNodeInfo(facts.systemInfo(runtimeVersion()))
                .build();
    }

    /// A machine may be given processors or memory while it runs.
    private void offer(Map<String, Quantity> now) {
        Map<String, Quantity> before = allocatable;
        allocatable = now;
        if (now.entrySet().stream().anyMatch(each -> each.getValue().getNumericalAmount().compareTo(before.getOrDefault(each.getKey(), NOTHING).getNumericalAmount()) > 0)) {
            grown.run();
        }
    }

    private String runtimeVersion() {
        try {
            VersionResponse version = cri.version();
            return version.getRuntimeName() + "://" + version.getRuntimeVersion();
        } catch (CriException away) {
            return told == null || told.getNodeInfo() == null ? "" : told.getNodeInfo().getContainerRuntimeVersion();
        }
    }

    private Optional<String> unready() {
        try {
            return cri.unreadiness().map(why -> "container runtime not ready: " + why);
        } catch (CriException away) {
            // The runtime may come back without knowing its pod CIDR.
            runtimeSeen = false;
            return Optional.of("container runtime is down: " + away.getMessage());
        }
    }

    private static Map<String, Quantity> capacity(KubeletSettings settings, HostFacts facts) {
        Map<String, Quantity> capacity = new HashMap<>();
        capacity.put("cpu", new Quantity(String.valueOf(facts.cpus())));
        capacity.put("memory", kib(facts.memoryBytes()));
        capacity.put("pods", new Quantity(String.valueOf(settings.maxPods())));
        capacity.put("ephemeral-storage", kib(facts.diskBytes()));
        return capacity;
    }

    private static Quantity kib(long bytes) {
        return new Quantity(bytes / 1024 + "Ki");
    }

    private NodeCondition pressure(String type, boolean under, String reasonUnder, String reasonFine, String what, NodeStatus before) {
        return under
                ? condition(type, "True", reasonUnder, "kubelet has insufficient " + what, before)
                : condition(type, "False", reasonFine, "kubelet has sufficient " + what, before);
    }

    private NodeCondition condition(String type, String status, String reason, String message, NodeStatus before) {
        String now = clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
        String since = before.getConditions().stream()
                .filter(known -> known.getType().equals(type) && status.equals(known.getStatus()))
                .map(NodeCondition::getLastTransitionTime)
                .findFirst().orElse(now);
        return new NodeConditionBuilder()
                .withType(type).withStatus(status).withReason(reason).withMessage(message)
                .withLastHeartbeatTime(now).withLastTransitionTime(since)
                .build();
    }

    private static boolean isReady(NodeStatus status) {
        return status.getConditions().stream().anyMatch(each -> each.getType().equals("Ready") && "True".equals(each.getStatus()));
    }

    private static boolean sameBesidesHeartbeat(NodeStatus a, NodeStatus b) {
        return Objects.equals(a.getCapacity(), b.getCapacity())
                && Objects.equals(a.getAllocatable(), b.getAllocatable())
                && Objects.equals(a.getAddresses(), b.getAddresses())
                && Objects.equals(a.getNodeInfo(), b.getNodeInfo())
                && Objects.equals(a.getDaemonEndpoints(), b.getDaemonEndpoints())
                && conditions(a).equals(conditions(b));
    }

    private static Map<String, List<String>> conditions(NodeStatus status) {
        Map<String, List<String>> conditions = new HashMap<>();
        status.getConditions().forEach(each -> conditions.put(each.getType(),
                List.of(String.valueOf(each.getStatus()), String.valueOf(each.getReason()), String.valueOf(each.getMessage()))));
        return conditions;
    }

    private final class WakeOnChange implements Informer.Handler<Node> {
        @Override
        public void added(Node node) {
            wake();
        }

        @Override
        public void updated(Node before, Node now) {
            if (!Objects.equals(before.getSpec(), now.getSpec())
                    || !Objects.equals(conditions(before.getStatus() == null ? new NodeStatus() : before.getStatus()),
                            conditions(now.getStatus() == null ? new NodeStatus() : now.getStatus()))) {
                wake();
            }
        }

        @Override
        public void deleted(Node last) {
            wake();
        }
    }
}
