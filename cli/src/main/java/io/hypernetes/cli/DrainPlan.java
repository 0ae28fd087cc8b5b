package io.hypernetes.cli;

import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// What becomes of each pod of a node that is drained, by the rules of `kubectl drain`.
///
/// @param leaving pods that are to go
/// @param staying pods that stay and do not hold up the drain
/// @param objections what flag would have to be given, with the pods that need it; nothing may be evicted while there are any
record DrainPlan(List<Leaving> leaving, List<Staying> staying, Map<String, List<ObjectKey>> objections) {

    /// What the operator allows.
    record Allowed(boolean ignoreDaemonSets, boolean deleteEmptyDirData, boolean force) {}

    /// A pod that is to go: this very one, not another of its name.
    record Leaving(ObjectKey key, String uid) {}

    /// A pod that stays.
    record Staying(ObjectKey key, String why) {}

    /// @param tenant whose pods they are; [Scope#ALL] when their annotations say it
    static DrainPlan of(String tenant, List<Pod> pods, Allowed allowed) {
        List<Leaving> leaving = new ArrayList<>();
        List<Staying> staying = new ArrayList<>();
        Map<String, List<ObjectKey>> objections = new LinkedHashMap<>();
        for (Pod pod : pods) {
            ObjectKey key = tenant.equals(Scope.ALL) ? ObjectKey.of(pod) : ObjectKey.of(tenant, pod);
            if (key.tenant().equals(ObjectKey.ROOT) && annotations(pod).containsKey("kubernetes.io/config.mirror")) {
                staying.add(new Staying(key, "it is a static pod: its file on the node makes it"));
                continue;
            }
            String controller = controller(pod);
            boolean over = isOver(pod);
            if (controller.equals("DaemonSet") && !over) {
                if (allowed.ignoreDaemonSets()) {
                    staying.add(new Staying(key, "a DaemonSet would make it anew at once"));
                } else {
                    object(objections, "--ignore-daemonsets leaves pods of DaemonSets where they are", key);
                }
                continue;
            }
            if (controller.isEmpty() && !over && !allowed.force()) {
                object(objections, "--force ends pods that no controller makes anew elsewhere", key);
            }
            if (hasLocalData(pod) && !over && !allowed.deleteEmptyDirData()) {
                object(objections, "--delete-emptydir-data lets go of what pods have on this node alone (emptyDir, memory of suspended ones)", key);
            }
            leaving.add(new Leaving(key, pod.getMetadata().getUid()));
        }
        return new DrainPlan(List.copyOf(leaving), List.copyOf(staying), objections);
    }

    private static void object(Map<String, List<ObjectKey>> objections, String flag, ObjectKey key) {
        objections.computeIfAbsent(flag, _ -> new ArrayList<>()).add(key);
    }

    private static boolean isOver(Pod pod) {
        String phase = pod.getStatus() == null ? "" : Objects.requireNonNullElse(pod.getStatus().getPhase(), "");
        return phase.equals("Succeeded") || phase.equals("Failed");
    }

    /// A suspended pod's memory is kept on the disk of its node.
    private static boolean hasLocalData(Pod pod) {
        return annotations(pod).containsKey("hypernetes.io/suspended")
                || pod.getSpec().getVolumes() != null && pod.getSpec().getVolumes().stream().anyMatch(volume -> volume.getEmptyDir() != null);
    }

    /// The kind of what makes the pod anew, empty when nobody does.
    private static String controller(Pod pod) {
        List<OwnerReference> owners = pod.getMetadata().getOwnerReferences() == null ? List.of() : pod.getMetadata().getOwnerReferences();
        return owners.stream().filter(owner -> Boolean.TRUE.equals(owner.getController())).map(OwnerReference::getKind).findFirst().orElse("");
    }

    private static Map<String, String> annotations(Pod pod) {
        return pod.getMetadata().getAnnotations() == null ? Map.of() : pod.getMetadata().getAnnotations();
    }
}
