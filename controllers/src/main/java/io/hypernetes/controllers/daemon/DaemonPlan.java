package io.hypernetes.controllers.daemon;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.apps.RollingUpdateDaemonSet;
import io.hypernetes.client.NodeRule;
import io.hypernetes.controllers.pods.PodState;
import io.hypernetes.controllers.pods.Portion;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a DaemonSet lacks and what it has too much of, decided from nodes and pods alone.
///
/// @param create the nodes that get a pod
/// @param delete the pods that go
/// @param failed those among them that go because they ended
record DaemonPlan(List<String> create, List<Pod> delete, List<Pod> failed, Counts counts) {

    /// @param desired nodes that should have a pod
    /// @param current of these, nodes that have one
    /// @param misscheduled other nodes that have one
    record Counts(int desired, int current, int misscheduled, int ready, int available, int updated) {}

    private static final DaemonPods.Verdict NOWHERE = new DaemonPods.Verdict(false, false);
    private static final Comparator<Pod> OLDEST_FIRST = Comparator
            .<Pod, Boolean>comparing(pod -> PodState.node(pod).isEmpty())
            .thenComparing(pod -> String.valueOf(pod.getMetadata().getCreationTimestamp()))
            .thenComparing(pod -> pod.getMetadata().getName());

    /// @param hash of the present template
    static DaemonPlan of(DaemonSet set, String hash, List<Node> nodes, List<Pod> pods, Instant now) {
        int minReady = set.getSpec().getMinReadySeconds() == null ? 0 : set.getSpec().getMinReadySeconds();
        Map<String, List<Pod>> byNode = new HashMap<>();
        List<Pod> delete = new ArrayList<>();
        for (Pod pod : pods) {
            byNode.computeIfAbsent(DaemonPods.target(pod), fresh -> new ArrayList<>()).add(pod);
        }
        Map<String, DaemonPods.Verdict> verdicts = new HashMap<>();
        NodeRule rule = NodeRule.of(set.getSpec().getTemplate().getSpec());
        rule.ask(nodes);
        nodes.forEach(node -> verdicts.put(node.getMetadata().getName(), DaemonPods.on(node, set, rule)));
        int desired = (int) verdicts.values().stream().filter(DaemonPods.Verdict::run).count();
        Rolling rolling = Rolling.of(set, desired);

        List<String> create = new ArrayList<>();
        List<Pod> failed = new ArrayList<>();
        for (Node node : nodes) {
            String name = node.getMetadata().getName();
            DaemonPods.Verdict verdict = verdicts.getOrDefault(name, NOWHERE);
            List<Pod> here = byNode.getOrDefault(name, List.of()).stream().sorted(OLDEST_FIRST).toList();
            List<Pod> staying = here.stream().filter(pod -> !PodState.isTerminating(pod)).toList();
            if (!verdict.stay()) {
                delete.addAll(staying);
                continue;
            }
            List<Pod> ended = staying.stream().filter(PodState::isEnded).toList();
            failed.addAll(ended);
            delete.addAll(ended);
            List<Pod> running = staying.stream().filter(pod -> !PodState.isEnded(pod)).toList();
            if (here.isEmpty() && verdict.run()) {
                create.add(name);
            } else if (running.size() > 1) {
                delete.addAll(surplus(running, hash, minReady, rolling.surge() > 0, now));
            }
        }
        // Pods for nodes that are gone go with the node, by the collector of pods; those that no node took yet have nobody else.
        pods.stream()
                .filter(pod -> PodState.node(pod).isEmpty() && !PodState.isTerminating(pod) && !verdicts.containsKey(DaemonPods.target(pod)))
                .forEach(delete::add);
        if (rolling.active()) {
            rolling.plan(nodes, verdicts, byNode, hash, minReady, now, create, delete);
        }
        return new DaemonPlan(create, delete, failed, counts(nodes, verdicts, byNode, hash, minReady, desired, now));
    }

    /// All but the oldest; during a rollout with surge, one of each version until the new one can take over.
    private static List<Pod> surplus(List<Pod> running, String hash, int minReady, boolean surge, Instant now) {
        List<Pod> delete = new ArrayList<>();
        if (!surge) {
            return running.subList(1, running.size());
        }
        Pod oldest = null;
        Pod newest = null;
        for (Pod pod : running) {
            boolean updated = DaemonPods.isUpdated(pod, hash);
            if (updated && newest == null) {
                newest = pod;
            } else if (!updated && oldest == null) {
                oldest = pod;
            } else {
                delete.add(pod);
            }
        }
        if (oldest != null && newest != null && PodState.isAvailable(newest, minReady, now)) {
            delete.add(oldest);
        }
        return delete;
    }

    private static Counts counts(List<Node> nodes, Map<String, DaemonPods.Verdict> verdicts, Map<String, List<Pod>> byNode,
            String hash, int minReady, int desired, Instant now) {
        int current = 0;
        int misscheduled = 0;
        int ready = 0;
        int available = 0;
        int updated = 0;
        for (Node node : nodes) {
            String name = node.getMetadata().getName();
            List<Pod> here = byNode.getOrDefault(name, List.of()).stream().sorted(OLDEST_FIRST).toList();
            if (here.isEmpty()) {
                continue;
            }
            if (!verdicts.getOrDefault(name, NOWHERE).run()) {
                misscheduled++;
                continue;
            }
            current++;
            // With surge there may be two. A node is renewed when the old one is gone, not when the new one is made: `rollout status`
            // waits for that. As upstream's `updateDaemonSetStatus`.
            Pod oldest = here.getFirst();
            ready += PodState.isReady(oldest) ? 1 : 0;
            available += PodState.isAvailable(oldest, minReady, now) ? 1 : 0;
            updated += DaemonPods.isUpdated(oldest, hash) ? 1 : 0;
        }
        return new Counts(desired, current, misscheduled, ready, available, updated);
    }

    /// How a new template reaches the nodes.
    ///
    /// @param active false when pods are renewed only as somebody deletes them
    private record Rolling(boolean active, int surge, int unavailable) {

        static Rolling of(DaemonSet set, int desired) {
            var strategy = set.getSpec().getUpdateStrategy();
            if (strategy != null && "OnDelete".equals(strategy.getType())) {
                return new Rolling(false, 0, 0);
            }
            RollingUpdateDaemonSet rolling = strategy == null ? null : strategy.getRollingUpdate();
            int surge = rolling == null ? 0 : Portion.up(rolling.getMaxSurge(), desired, 0);
            int unavailable = rolling == null ? 1 : Portion.up(rolling.getMaxUnavailable(), desired, surge > 0 ? 0 : 1);
            return new Rolling(true, surge, surge == 0 && unavailable == 0 ? 1 : unavailable);
        }

        void plan(List<Node> nodes, Map<String, DaemonPods.Verdict> verdicts, Map<String, List<Pod>> byNode, String hash, int minReady,
                Instant now, List<String> create, List<Pod> delete) {
            int taken = 0;
            List<Pod> atOnce = new ArrayList<>();
            List<Pod> candidates = new ArrayList<>();
            List<String> surgeAtOnce = new ArrayList<>();
            List<String> surgeCandidates = new ArrayList<>();
            for (Node node : nodes) {
                String name = node.getMetadata().getName();
                List<Pod> running = byNode.getOrDefault(name, List.of()).stream().filter(pod -> !PodState.isEnded(pod)).toList();
                Pod newest = first(running, hash, true);
                Pod oldest = first(running, hash, false);
                if (!verdicts.getOrDefault(name, NOWHERE).run()) {
                    continue;
                }
                if (surge > 0) {
                    if (oldest != null && newest == null && running.stream().noneMatch(PodState::isTerminating)) {
                        (PodState.isAvailable(oldest, minReady, now) ? surgeCandidates : surgeAtOnce).add(name);
                    } else if (oldest != null && newest != null) {
                        taken++;
                    }
                } else if (oldest == null && newest == null || oldest != null && newest != null) {
                    taken++;
                } else if (newest != null) {
                    taken += PodState.isAvailable(newest, minReady, now) && !PodState.isTerminating(newest) ? 0 : 1;
                } else if (oldest != null && PodState.isTerminating(oldest)) {
                    taken++;
                } else if (oldest != null && !PodState.isAvailable(oldest, minReady, now)) {
                    // It serves nobody: renewing it costs nothing.
                    atOnce.add(oldest);
                    taken++;
                } else if (oldest != null) {
                    candidates.add(oldest);
                }
            }
            delete.addAll(atOnce);
            delete.addAll(candidates.subList(0, Math.clamp(unavailable - taken, 0, candidates.size())));
            create.addAll(surgeAtOnce);
            create.addAll(surgeCandidates.subList(0, Math.clamp(surge - taken, 0, surgeCandidates.size())));
        }

        private static @Nullable Pod first(List<Pod> pods, String hash, boolean updated) {
            for (Pod pod : pods) {
                if (DaemonPods.isUpdated(pod, hash) == updated) {
                    return pod;
                }
            }
            return null;
        }
    }
}
