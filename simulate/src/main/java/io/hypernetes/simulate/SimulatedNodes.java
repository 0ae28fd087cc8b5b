package io.hypernetes.simulate;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.NodeCondition;
import io.fabric8.kubernetes.api.model.NodeConditionBuilder;
import io.fabric8.kubernetes.api.model.NodeStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Patch;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.client.WorkLoop;
import io.hypernetes.client.WorkQueue;
import java.time.Duration;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A number of nodes that run nothing and report what a kubelet would report. Closing it stops the heartbeats and leaves the nodes to the
/// node life cycle, as a power cut would; [#remove] takes them away.
public final class SimulatedNodes implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SimulatedNodes.class);
    private static final int AT_ONCE = 32;
    private static final String SIMULATED = "hypernetes.io/simulated";

    private final Client client;
    private final SimulationSettings settings;
    private final InstantSource clock;
    private final Set<String> names = new HashSet<>();
    private final SimulatedPod pods;
    private final Informer<Pod> informer;
    private final Informer<Node> nodes;
    /// Those that the node life cycle took for lost, as when the API server was away for long.
    private final Set<String> lost = ConcurrentHashMap.newKeySet();
    private final WorkQueue<ObjectKey> queue = new WorkQueue<>();
    private final WorkLoop<ObjectKey> loop;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread beats = Thread.ofVirtual().name("simulated-heartbeats").unstarted(this::beat);

    /// @param client may do what the kubelets of all these nodes may
    public SimulatedNodes(Client client, SimulationSettings settings, InstantSource clock) {
        this.client = client;
        this.settings = settings;
        this.clock = clock;
        for (int number = 0; number < settings.count(); number++) {
            names.add(settings.name(number));
        }
        this.pods = new SimulatedPod(client, clock);
        this.nodes = new Informer<>(client, Kind.NODE, Scope.tenant(ObjectKey.ROOT), Selection.labels(SIMULATED + "=true"))
                .onlyIf(node -> names.contains(node.getMetadata().getName()))
                .handler(new Informer.Handler<>() {
                    @Override
                    public void added(Node node) {
                        if (!isReady(node)) {
                            lost.add(node.getMetadata().getName());
                        }
                    }

                    @Override
                    public void updated(Node before, Node now) {
                        added(now);
                    }

                    @Override
                    public void deleted(Node last) {
                        lost.remove(last.getMetadata().getName());
                    }
                });
        this.informer = new Informer<>(client, Kind.POD, Scope.everywhere(), Selection.fields("spec.nodeName!="))
                .trimmedBy(SimulatedPod::trim)
                .onlyIf(this::isOurs)
                .handler(new Informer.Handler<>() {
                    @Override
                    public void added(Pod pod) {
                        if (isOurs(pod)) {
                            queue.add(ObjectKey.of(pod));
                        }
                    }

                    @Override
                    public void updated(Pod before, Pod now) {
                        added(now);
                    }

                    @Override
                    public void deleted(Pod last) {
                        queue.forget(ObjectKey.of(last));
                    }
                });
        this.loop = new WorkLoop<>("simulated-kubelet", queue, AT_ONCE, this::reconcile);
    }

    /// Registers the nodes, which returns when all are Ready, and begins to serve their pods.
    public SimulatedNodes start() throws InterruptedException {
        each(this::register);
        nodes.start();
        beats.start();
        informer.start();
        loop.start();
        LOG.info("event=simulated-nodes count={} prefix={}", settings.count(), settings.prefix());
        return this;
    }

    /// Deletes the nodes and their leases; their pods go as those of any node that is gone.
    public void remove() throws InterruptedException {
        each(name -> {
            client.of(Kind.NODE).delete(ObjectKey.root(name), io.hypernetes.client.Deletion.ordinary());
            client.of(Kind.LEASE).delete(leaseKey(name), io.hypernetes.client.Deletion.ordinary());
        });
    }

    @Override
    public void close() {
        closed.countDown();
        beats.interrupt();
        loop.close();
        nodes.close();
        informer.close();
    }

    private boolean isOurs(Pod pod) {
        return pod.getSpec() != null && pod.getSpec().getNodeName() != null && names.contains(pod.getSpec().getNodeName());
    }

    private Optional<Duration> reconcile(ObjectKey key) {
        return informer.get(key).filter(this::isOurs).flatMap(pod -> pods.serve(key, pod));
    }

    private interface Task {
        void run(String name);
    }

    private void each(Task task) throws InterruptedException {
        Semaphore slots = new Semaphore(AT_ONCE);
        AtomicReference<RuntimeException> failed = new AtomicReference<>();
        for (int number = 0; number < settings.count() && failed.get() == null; number++) {
            String name = settings.name(number);
            slots.acquire();
            Thread.ofVirtual().name("simulated-" + name).start(() -> {
                try {
                    task.run(name);
                } catch (RuntimeException refused) {
                    failed.compareAndSet(null, refused);
                } finally {
                    slots.release();
                }
            });
        }
        slots.acquire(AT_ONCE);
        if (failed.get() != null) {
            throw failed.get();
        }
    }

    private void register(String name) {
        int number = Integer.parseInt(name.substring(name.lastIndexOf('-') + 1));
        Map<String, String> labels = new HashMap<>(settings.labels());
        labels.put("kubernetes.io/hostname", name);
        labels.put("kubernetes.io/os", "linux");
        labels.put("kubernetes.io/arch", "amd64");
        labels.put(SIMULATED, "true");
        if (settings.zones() > 0) {
            labels.put("topology.kubernetes.io/zone", "zone-" + number % settings.zones());
        }
        Map<String, Quantity> room = new HashMap<>();
        settings.room().forEach((resource, amount) -> room.put(resource, new Quantity(amount)));
        Node node = new NodeBuilder()
                .withNewMetadata().withName(name).withLabels(labels).endMetadata()
                .withNewSpec().withTaints(settings.taints()).endSpec()
                .withNewStatus()
                .withCapacity(room)
                .withAllocatable(room)
                .addNewAddress().withType("Hostname").withAddress(name).endAddress()
                .withConditions(conditions())
                .withNewNodeInfo()
                .withArchitecture("amd64").withOperatingSystem("linux").withKernelVersion("simulated").withOsImage("simulated")
                .withContainerRuntimeVersion("simulated://1").withKubeletVersion("simulated").withKubeProxyVersion("")
                .withBootID(name).withMachineID(name).withSystemUUID(name)
                .endNodeInfo()
                .endStatus()
                .build();
        NodeStatus status = node.getStatus();
        try {
            client.of(Kind.NODE).create(ObjectKey.ROOT, node);
        } catch (ApiException refused) {
            if (!refused.isAlreadyExists()) {
                throw refused;
            }
        }
        // The status goes by its own subresource, and a node of an earlier run may count as lost.
        renew(name);
        client.of(Kind.NODE).change(ObjectKey.root(name), "status", current -> {
            current.setStatus(status);
            return current;
        });
    }

    private List<NodeCondition> conditions() {
        return List.of(
                condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
                condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
                condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"));
    }

    private NodeCondition condition(String type, String status, String reason, String message) {
        String now = clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
        return new NodeConditionBuilder().withType(type).withStatus(status).withReason(reason).withMessage(message)
                .withLastHeartbeatTime(now).withLastTransitionTime(now).build();
    }

    private static ObjectKey leaseKey(String name) {
        return new ObjectKey(ObjectKey.ROOT, "kube-node-lease", name);
    }

    private void beat() {
        try {
            while (!closed.await(settings.heartbeat().toMillis(), TimeUnit.MILLISECONDS)) {
                AtomicInteger failures = new AtomicInteger();
                AtomicReference<String> reason = new AtomicReference<>("");
                each(name -> {
                    try {
                        renew(name);
                        restore(name);
                    } catch (ApiException refused) {
                        // That of one node is no reason to keep back those of the others.
                        failures.incrementAndGet();
                        reason.set(String.valueOf(refused.getMessage()));
                    }
                });
                if (failures.get() > 0) {
                    LOG.warn("event=heartbeats-failed nodes={} of={} reason=\"{}\"", failures.get(), settings.count(), reason.get());
                }
            }
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }

    /// A kubelet that is heard of again tells that it is ready, as nobody else does.
    private void restore(String name) {
        if (!lost.remove(name)) {
            return;
        }
        try {
            client.of(Kind.NODE).change(ObjectKey.root(name), "status", current -> {
                if (current == null || isReady(current)) {
                    return null;
                }
                NodeStatus status = current.getStatus() == null ? new NodeStatus() : current.getStatus();
                status.setConditions(conditions());
                current.setStatus(status);
                return current;
            });
        } catch (ApiException refused) {
            lost.add(name);
            throw refused;
        }
    }

    private static boolean isReady(Node node) {
        return node.getStatus() != null && node.getStatus().getConditions().stream()
                .anyMatch(condition -> "Ready".equals(condition.getType()) && "True".equals(condition.getStatus()));
    }

    private void renew(String name) {
        var now = clock.instant().atZone(ZoneOffset.UTC);
        try {
            client.of(Kind.LEASE).patch(leaseKey(name), Patch.merge(Map.of("spec", Map.of("renewTime", MICROS.format(now)))));
        } catch (ApiException refused) {
            if (!refused.isNotFound()) {
                throw refused;
            }
            client.of(Kind.LEASE).create(ObjectKey.ROOT, new LeaseBuilder()
                    .withNewMetadata().withNamespace("kube-node-lease").withName(name).endMetadata()
                    .withNewSpec().withHolderIdentity(name).withLeaseDurationSeconds(40).withRenewTime(now).endSpec()
                    .build());
        }
    }

    private static final java.time.format.DateTimeFormatter MICROS =
            java.time.format.DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'");
}
