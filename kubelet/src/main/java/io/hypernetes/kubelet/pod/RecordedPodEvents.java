package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.kubelet.HostPaths;

/// [PodEvents] into the API of the pod's tenant.
///
/// @param paths what no event is to tell
public record RecordedPodEvents(EventRecorder recorder, HostPaths paths) implements PodEvents {
    @Override
    public void normal(Pod pod, String reason, String message) {
        recorder.record(tenant(pod), pod, EventRecorder.Type.NORMAL, reason, paths.hiddenIn(message));
    }

    @Override
    public void warning(Pod pod, String reason, String message) {
        recorder.record(tenant(pod), pod, EventRecorder.Type.WARNING, reason, paths.hiddenIn(message));
    }

    @Override
    public void normal(Pod pod, Container container, String reason, String message) {
        recorder.record(tenant(pod), pod, path(pod, container), EventRecorder.Type.NORMAL, reason, paths.hiddenIn(message));
    }

    @Override
    public void warning(Pod pod, Container container, String reason, String message) {
        recorder.record(tenant(pod), pod, path(pod, container), EventRecorder.Type.WARNING, reason, paths.hiddenIn(message));
    }

    private static String tenant(Pod pod) {
        return ObjectKey.tenantOf(pod, ObjectKey.ROOT);
    }

    private static String path(Pod pod, Container container) {
        boolean init = pod.getSpec().getInitContainers().stream().anyMatch(each -> each.getName().equals(container.getName()));
        boolean ephemeral = pod.getSpec().getEphemeralContainers().stream().anyMatch(each -> each.getName().equals(container.getName()));
        return (init ? "spec.initContainers{" : ephemeral ? "spec.ephemeralContainers{" : "spec.containers{") + container.getName() + "}";
    }
}
