package io.hypernetes.controllers;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.NodeCondition;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.TaintBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Notices nodes that fell silent: their conditions become Unknown, and taints keep new pods away and move old ones off. A node that is
/// back loses the taints. One that takes no further pods is tainted so, too. As upstream's node lifecycle controller does.
final class NodeLife implements Controller {
    static final String UNREACHABLE = "node.kubernetes.io/unreachable";
    static final String NOT_READY = "node.kubernetes.io/not-ready";
    static final String UNSCHEDULABLE = "node.kubernetes.io/unschedulable";

    private static final Logger LOG = LoggerFactory.getLogger(NodeLife.class);
    private static final Duration PERIOD = Duration.ofSeconds(5);
    private static final Set<String> OURS = Set.of(UNREACHABLE, NOT_READY);

    private final Client client;
    private final Duration grace;
    private final InstantSource clock;
    private final Map<String, Sign> signs = new ConcurrentHashMap<>();
    private Caches caches;

    /// A node's last sign of life.
    ///
    /// @param lease the version of its lease, empty while it has none
    /// @param seen when this controller first saw that version
    private record Sign(String lease, Instant seen) {}

    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    NodeLife(Client client, Duration grace, InstantSource clock) {
        this.client = client;
        this.grace = grace;
        this.clock = clock;
    }

    @Override
    public String name() {
        return "node-life";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        this.caches = caches;
        caches.nodes().handler(Caches.keys(wake));
        caches.leases().handler(Caches.each(lease -> wake.accept(ObjectKey.root(lease.getMetadata().getName()))));
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) {
        Node node = caches.nodes().get(key).orElse(null);
        if (node == null) {
            signs.remove(key.name());
            return Optional.empty();
        }
        boolean silent = lastSign(key).plus(grace).isBefore(clock.instant());
        if (silent && !"Unknown".equals(ready(node))) {
            LOG.warn("event=node-silent node={} grace={}", key.name(), grace);
            client.of(Kind.NODE).change(key, "status", current -> withUnknownConditions(current));
        }
        String ready = silent ? "Unknown" : ready(node);
        List<Taint> wanted = taints(node, ready);
        if (!keysAndEffects(wanted).equals(keysAndEffects(taintsOf(node)))) {
            client.of(Kind.NODE).change(key, null, current -> new NodeBuilder(current)
                    .editOrNewSpec()
                    .withTaints(taints(current, ready))
                    .endSpec()
                    .build());
        }
        return Optional.of(PERIOD);
    }

    /// When the node was last heard of: when its lease was last seen to change, by this machine's clock. What the lease says is the
    /// node's clock, which may be wrong. After a master that was down for a while all leases are old, and no node is to blame.
    private Instant lastSign(ObjectKey key) {
        Lease lease = caches.leases().get(new ObjectKey(ObjectKey.ROOT, "kube-node-lease", key.name())).orElse(null);
        String version = lease == null ? "" : lease.getMetadata().getResourceVersion();
        return signs.compute(key.name(), (name, last) ->
                        last != null && last.lease().equals(version) ? last : new Sign(version, clock.instant()))
                .seen();
    }

    static boolean isReady(Node node) {
        return "True".equals(ready(node));
    }

    private static String ready(Node node) {
        return conditions(node).stream()
                .filter(condition -> "Ready".equals(condition.getType()))
                .map(NodeCondition::getStatus)
                .findFirst()
                .orElse("Unknown");
    }

    private Node withUnknownConditions(Node node) {
        String now = clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
        for (NodeCondition condition : conditions(node)) {
            if (!"Unknown".equals(condition.getStatus())) {
                condition.setStatus("Unknown");
                condition.setReason("NodeStatusUnknown");
                condition.setMessage("Kubelet stopped posting node status.");
                condition.setLastTransitionTime(now);
            }
        }
        return node;
    }

    private List<Taint> taints(Node node, String ready) {
        List<Taint> taints = new ArrayList<>(taintsOf(node).stream()
                .filter(taint -> !OURS.contains(taint.getKey()) && !isCordon(taint))
                .toList());
        String key = switch (ready) {
            case "True" -> "";
            case "False" -> NOT_READY;
            default -> UNREACHABLE;
        };
        if (!key.isEmpty()) {
            taints.add(new TaintBuilder().withKey(key).withEffect("NoSchedule").build());
            taints.add(new TaintBuilder().withKey(key).withEffect("NoExecute").withTimeAdded(since(node, key)).build());
        }
        if (node.getSpec() != null && Boolean.TRUE.equals(node.getSpec().getUnschedulable())) {
            taints.add(new TaintBuilder().withKey(UNSCHEDULABLE).withEffect("NoSchedule").withTimeAdded(since(node, UNSCHEDULABLE)).build());
        }
        return taints;
    }

    /// Of this key other effects are whoever added them's own.
    private static boolean isCordon(Taint taint) {
        return UNSCHEDULABLE.equals(taint.getKey()) && "NoSchedule".equals(taint.getEffect());
    }

    /// Since when a node has a taint; now when it is to get it.
    private String since(Node node, String key) {
        return taintsOf(node).stream()
                .filter(taint -> key.equals(taint.getKey()) && taint.getTimeAdded() != null)
                .map(Taint::getTimeAdded)
                .findFirst()
                .orElseGet(() -> clock.instant().truncatedTo(ChronoUnit.SECONDS).toString());
    }

    private static List<NodeCondition> conditions(Node node) {
        return node.getStatus() == null || node.getStatus().getConditions() == null ? List.of() : node.getStatus().getConditions();
    }

    static List<Taint> taintsOf(Node node) {
        return node.getSpec() == null || node.getSpec().getTaints() == null ? List.of() : node.getSpec().getTaints();
    }

    private static Set<String> keysAndEffects(List<Taint> taints) {
        return taints.stream()
                .map(taint -> taint.getKey() + "=" + taint.getValue() + ":" + taint.getEffect())
                .collect(java.util.stream.Collectors.toSet());
    }
}
