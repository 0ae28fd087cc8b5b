package io.hypernetes.controllers;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.NodeCondition;
import io.fabric8.kubernetes.api.model.NodeConditionBuilder;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.TaintBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Notices nodes that fell silent: their conditions become Unknown, and taints keep new pods away and move old ones off. A node that is
/// back loses the taints. One that takes no further pods, or is short of memory, disk or processes, is tainted so, too. As upstream's node
/// lifecycle controller does, but node by node; how fast pods are moved off is [EvictionPace]'s. Events tell of nodes that come, go and fall
/// silent.
final class NodeLife implements Controller {
    static final String UNREACHABLE = "node.kubernetes.io/unreachable";
    static final String NOT_READY = "node.kubernetes.io/not-ready";
    static final String UNSCHEDULABLE = "node.kubernetes.io/unschedulable";

    private static final Logger LOG = LoggerFactory.getLogger(NodeLife.class);
    private static final Duration PERIOD = Duration.ofSeconds(5);
    private static final Duration A_RESTART = Duration.ofMinutes(1);
    /// How long a node may take to report itself for the first time (upstream's --node-startup-grace-period).
    private static final Duration STARTUP_GRACE = Duration.ofMinutes(1);
    private static final Set<String> OURS = Set.of(UNREACHABLE, NOT_READY);
    /// What a node reports of itself and nobody knows once it is silent (tryUpdateNodeHealth in upstream's node_lifecycle_controller.go).
    private static final List<String> REPORTED = List.of("Ready", "MemoryPressure", "DiskPressure", "PIDPressure");
    /// Conditions that keep new pods away while they hold (nodeConditionToTaintKeyStatusMap there).
    private static final Map<String, String> SHORTAGES = Map.of(
            "MemoryPressure", "node.kubernetes.io/memory-pressure",
            "DiskPressure", "node.kubernetes.io/disk-pressure",
            "PIDPressure", "node.kubernetes.io/pid-pressure",
            "NetworkUnavailable", "node.kubernetes.io/network-unavailable");

    private static final Map<String, String> OLDER_LABELS = Map.of("beta.kubernetes.io/os", "kubernetes.io/os", "beta.kubernetes.io/arch", "kubernetes.io/arch");

    private final Client client;
    private final EventRecorder events;
    private final Duration grace;
    private final InstantSource clock;
    private final Instant begun;
    private final Map<String, Sign> signs = new ConcurrentHashMap<>();
    /// The uids of the nodes that there are, by name.
    private final Map<String, String> known = new ConcurrentHashMap<>();
    private final EvictionPace pace;
    private Caches caches;
    private Instant judged = Instant.EPOCH;

    /// A node's last sign of life.
    ///
    /// @param beat the version of its lease and the heartbeat of its condition, both empty while it has none
    /// @param seen when this controller first saw that
    private record Sign(String beat, Instant seen) {}

    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    NodeLife(Client client, EventRecorder events, Duration grace, InstantSource clock) {
        this.client = client;
        this.events = events;
        this.grace = grace;
        this.clock = clock;
        this.begun = clock.instant();
        this.pace = new EvictionPace(clock);
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
            pace.forget(key.name());
            String uid = known.remove(key.name());
            if (uid != null) {
                record(key.name(), uid, "RemovingNode", "Node " + key.name() + " event: Removing Node " + key.name() + " from Controller");
            }
            return Optional.empty();
        }
        String uid = node.getMetadata().getUid();
        if (!uid.equals(known.put(key.name(), uid)) && isNew(node)) {
            record(key.name(), uid, "RegisteredNode", "Node " + key.name() + " event: Registered Node " + key.name() + " in Controller");
        }
        boolean silent = isSilent(node);
        if (silent && REPORTED.stream().anyMatch(type -> !"Unknown".equals(status(node, type)))) {
            LOG.warn("event=node-silent node={} grace={}", key.name(), grace);
            client.of(Kind.NODE).change(key, "status", current -> withUnknownConditions(current));
            if (isReady(node)) {
                record(key.name(), uid, "NodeNotReady", "Node " + key.name() + " status is now: NodeNotReady");
            }
        }
        String ready = silent ? "Unknown" : status(node, "Ready");
        boolean moveOff = moveOff(node, ready);
        List<Taint> wanted = taints(node, ready, moveOff);
        if (!keysAndEffects(wanted).equals(keysAndEffects(taintsOf(node))) || !olderLabels(node).isEmpty()) {
            client.of(Kind.NODE).change(key, null, current -> new NodeBuilder(current)
                    .editOrNewSpec()
                    .withTaints(taints(current, ready, moveOff))
                    .endSpec()
                    .editMetadata()
                    .addToLabels(olderLabels(current))
                    .endMetadata()
                    .build());
        }
        return Optional.of(PERIOD);
    }

    /// What a node lacks of the older names of its labels, by which pods may still ask for it (reconcileNodeLabels in upstream's node_lifecycle_controller.go).
    private static Map<String, String> olderLabels(Node node) {
        Map<String, String> labels = node.getMetadata().getLabels() == null ? Map.of() : node.getMetadata().getLabels();
        Map<String, String> older = new HashMap<>();
        OLDER_LABELS.forEach((name, newer) -> {
            if (labels.get(newer) != null && !labels.get(newer).equals(labels.get(name))) {
                older.put(name, labels.get(newer));
            }
        });
        return older;
    }

    /// Of the thousands that were there before this process there is nothing to tell.
    private boolean isNew(Node node) {
        String created = node.getMetadata().getCreationTimestamp();
        return created == null || Instant.parse(created).isAfter(begun.minus(A_RESTART));
    }

    /// When the node was last heard of: when its lease, or the heartbeat of what it reports, was last seen to change, by this machine's clock. What
    /// they say is the node's clock, which may be wrong. After a master that was down for a while all are old, and no node is to blame.
    private Instant lastSign(Node node) {
        String name = node.getMetadata().getName();
        Lease lease = caches.leases().get(new ObjectKey(ObjectKey.ROOT, "kube-node-lease", name)).orElse(null);
        String heartbeat = conditions(node).stream().filter(condition -> "Ready".equals(condition.getType())).map(NodeCondition::getLastHeartbeatTime)
                .filter(Objects::nonNull).findFirst().orElse("");
        String beat = (lease == null ? "" : lease.getMetadata().getResourceVersion()) + "/" + heartbeat;
        return signs.compute(name, (any, last) -> last != null && last.beat().equals(beat) ? last : new Sign(beat, clock.instant())).seen();
    }

    private boolean isSilent(Node node) {
        Duration patience = status(node, "Ready").isEmpty() && STARTUP_GRACE.compareTo(grace) > 0 ? STARTUP_GRACE : grace;
        return lastSign(node).plus(patience).isBefore(clock.instant());
    }

    static boolean isReady(Node node) {
        return "True".equals(status(node, "Ready"));
    }

    /// Of a condition; empty when the node has none of this type.
    private static String status(Node node, String type) {
        return conditions(node).stream()
                .filter(condition -> type.equals(condition.getType()))
                .map(NodeCondition::getStatus)
                .findFirst()
                .orElse("");
    }

    private Node withUnknownConditions(Node node) {
        String now = clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
        List<NodeCondition> conditions = new ArrayList<>(conditions(node));
        for (String type : REPORTED) {
            NodeCondition condition = conditions.stream().filter(there -> type.equals(there.getType())).findFirst().orElse(null);
            if (condition == null) {
                conditions.add(new NodeConditionBuilder().withType(type).withStatus("Unknown")
                        .withReason("NodeStatusNeverUpdated").withMessage("Kubelet never posted node status.")
                        .withLastHeartbeatTime(node.getMetadata().getCreationTimestamp()).withLastTransitionTime(now).build());
            } else if (!"Unknown".equals(condition.getStatus())) {
                condition.setStatus("Unknown");
                condition.setReason("NodeStatusUnknown");
                condition.setMessage("Kubelet stopped posting node status.");
                condition.setLastTransitionTime(now);
            }
        }
        return new NodeBuilder(node).editOrNewStatus().withConditions(conditions).endStatus().build();
    }

    private void record(String node, String uid, String reason, String message) {
        events.record(ObjectKey.ROOT, new NodeBuilder().withNewMetadata().withName(node).withUid(uid).endMetadata().build(), EventRecorder.Type.NORMAL, reason, message);
    }

    /// Where a node never said how it is there is nothing to move off yet.
    private boolean moveOff(Node node, String ready) {
        judgeAll();
        if (ready.isEmpty() || "True".equals(ready)) {
            pace.forget(node.getMetadata().getName());
            return false;
        }
        return pace.mayLeave(node, taintsOf(node).stream().anyMatch(taint -> OURS.contains(taint.getKey()) && "NoExecute".equals(taint.getEffect())));
    }

    /// Once a second at most, since all nodes may ask at once.
    private synchronized void judgeAll() {
        Instant now = clock.instant();
        if (Duration.between(judged, now).abs().compareTo(Duration.ofSeconds(1)) <= 0) {
            return;
        }
        judged = now;
        if (pace.judge(caches.nodes().list(node -> true), node -> isReady(node) && !isSilent(node))) {
            LOG.info("event=nodes-heard-again next=\"each has {} to be heard of\"", grace);
            signs.replaceAll((name, sign) -> new Sign(sign.beat(), now));
        }
    }

    private List<Taint> taints(Node node, String ready, boolean moveOff) {
        List<Taint> taints = new ArrayList<>(taintsOf(node).stream()
                .filter(taint -> !OURS.contains(taint.getKey()) && !isCordon(taint) && !isShortage(taint))
                .toList());
        String key = switch (ready) {
            case "True" -> "";
            // One that never said how it is is not yet ready.
            case "False", "" -> NOT_READY;
            default -> UNREACHABLE;
        };
        if (!key.isEmpty()) {
            taints.add(taint(node, key, "NoSchedule"));
            if (moveOff) {
                taints.add(taint(node, key, "NoExecute"));
            }
        }
        if (node.getSpec() != null && Boolean.TRUE.equals(node.getSpec().getUnschedulable())) {
            taints.add(taint(node, UNSCHEDULABLE, "NoSchedule"));
        }
        SHORTAGES.entrySet().stream().sorted(Map.Entry.comparingByKey()).filter(shortage -> "True".equals(status(node, shortage.getKey())))
                .forEach(shortage -> taints.add(taint(node, shortage.getValue(), "NoSchedule")));
        return taints;
    }

    /// With the time since when the node has it; now when it is to get it.
    private Taint taint(Node node, String key, String effect) {
        String since = taintsOf(node).stream()
                .filter(taint -> key.equals(taint.getKey()) && effect.equals(taint.getEffect()) && taint.getTimeAdded() != null)
                .map(Taint::getTimeAdded)
                .findFirst()
                .orElseGet(() -> clock.instant().truncatedTo(ChronoUnit.SECONDS).toString());
        return new TaintBuilder().withKey(key).withEffect(effect).withTimeAdded(since).build();
    }

    private static boolean isShortage(Taint taint) {
        return "NoSchedule".equals(taint.getEffect()) && SHORTAGES.containsValue(taint.getKey());
    }

    /// Of this key other effects are whoever added them's own.
    private static boolean isCordon(Taint taint) {
        return UNSCHEDULABLE.equals(taint.getKey()) && "NoSchedule".equals(taint.getEffect());
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
