package io.hypernetes.controllers.daemon;

import io.fabric8.kubernetes.api.model.Affinity;
import io.fabric8.kubernetes.api.model.AffinityBuilder;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeAffinity;
import io.fabric8.kubernetes.api.model.NodeSelector;
import io.fabric8.kubernetes.api.model.NodeSelectorTerm;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.TolerationBuilder;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.hypernetes.client.NodeRule;
import io.hypernetes.client.Placement;
import io.hypernetes.controllers.pods.PodState;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The pods of a DaemonSet as they should look, and on which nodes they should be.
final class DaemonPods {
    static final String REVISION = "controller-revision-hash";
    private static final String GENERATION = "pod-template-generation";

    private DaemonPods() {}

    /// What a node means to a DaemonSet.
    ///
    /// @param run a pod should be made there
    /// @param stay one that is there may stay
    record Verdict(boolean run, boolean stay) {}

    /// @param rule of the set's template
    static Verdict on(Node node, DaemonSet set, NodeRule rule) {
        PodSpec spec = set.getSpec().getTemplate().getSpec();
        String named = spec.getNodeName();
        boolean elsewhere = named != null && !named.isEmpty() && !named.equals(node.getMetadata().getName());
        if (elsewhere || !rule.holds(node)) {
            return new Verdict(false, false);
        }
        List<Toleration> tolerations = tolerations(spec);
        boolean stays = Placement.untolerated(node, tolerations, "NoExecute") == null;
        return new Verdict(stays && Placement.untolerated(node, tolerations, "NoSchedule") == null, stays);
    }

    /// Daemons stay on nodes in trouble: they may be what keeps an eye on it.
    private static List<Toleration> tolerations(PodSpec spec) {
        List<Toleration> all = new ArrayList<>(spec.getTolerations() == null ? List.of() : spec.getTolerations());
        addMissing(all, "node.kubernetes.io/not-ready", "NoExecute");
        addMissing(all, "node.kubernetes.io/unreachable", "NoExecute");
        addMissing(all, "node.kubernetes.io/disk-pressure", "NoSchedule");
        addMissing(all, "node.kubernetes.io/memory-pressure", "NoSchedule");
        addMissing(all, "node.kubernetes.io/pid-pressure", "NoSchedule");
        addMissing(all, "node.kubernetes.io/unschedulable", "NoSchedule");
        if (Boolean.TRUE.equals(spec.getHostNetwork())) {
            addMissing(all, "node.kubernetes.io/network-unavailable", "NoSchedule");
        }
        return all;
    }

    private static void addMissing(List<Toleration> all, String key, String effect) {
        Toleration wanted = new TolerationBuilder().withKey(key).withOperator("Exists").withEffect(effect).build();
        if (!all.contains(wanted)) {
            all.add(wanted);
        }
    }

    /// A pod from the template that only one node can take.
    static Pod bound(Pod pod, DaemonSet set, String node, String hash) {
        PodSpec spec = new PodSpecBuilder(pod.getSpec())
                .withTolerations(tolerations(pod.getSpec()))
                .withAffinity(affinity(pod.getSpec().getAffinity(), node))
                .build();
        PodBuilder bound = new PodBuilder(pod).editMetadata().addToLabels(REVISION, hash).endMetadata().withSpec(spec);
        String generation = generation(set);
        return generation == null ? bound.build() : bound.editMetadata().addToLabels(GENERATION, generation).endMetadata().build();
    }

    private static @Nullable String generation(DaemonSet set) {
        Map<String, String> annotations = set.getMetadata().getAnnotations();
        return annotations == null ? null : annotations.get("deprecated.daemonset.template.generation");
    }

    /// Whatever nodes the template asks for, this one was chosen from them.
    private static Affinity affinity(@Nullable Affinity given, String node) {
        NodeAffinity before = given == null ? null : given.getNodeAffinity();
        return new AffinityBuilder(given == null ? new Affinity() : given)
                .withNewNodeAffinity()
                .withPreferredDuringSchedulingIgnoredDuringExecution(
                        before == null ? List.of() : before.getPreferredDuringSchedulingIgnoredDuringExecution())
                .withNewRequiredDuringSchedulingIgnoredDuringExecution()
                .addNewNodeSelectorTerm()
                .addNewMatchField().withKey("metadata.name").withOperator("In").withValues(node).endMatchField()
                .endNodeSelectorTerm()
                .endRequiredDuringSchedulingIgnoredDuringExecution()
                .endNodeAffinity()
                .build();
    }

    /// The node a pod is on or is meant for; empty when it is for none.
    static String target(Pod pod) {
        String bound = PodState.node(pod);
        if (!bound.isEmpty()) {
            return bound;
        }
        Affinity affinity = pod.getSpec().getAffinity();
        NodeSelector required = affinity == null || affinity.getNodeAffinity() == null
                ? null : affinity.getNodeAffinity().getRequiredDuringSchedulingIgnoredDuringExecution();
        if (required == null) {
            return "";
        }
        for (NodeSelectorTerm term : required.getNodeSelectorTerms()) {
            for (var field : term.getMatchFields()) {
                if ("metadata.name".equals(field.getKey()) && "In".equals(field.getOperator()) && field.getValues().size() == 1) {
                    return field.getValues().getFirst();
                }
            }
        }
        return "";
    }

    static String revisionOf(Pod pod) {
        Map<String, String> labels = pod.getMetadata().getLabels();
        return labels == null ? "" : labels.getOrDefault(REVISION, "");
    }

    /// Whether a pod is of the present template: by its revision, or by the generation that old clients wrote.
    static boolean isUpdated(Pod pod, String hash) {
        return revisionOf(pod).equals(hash);
    }
}
