package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.EmptyDirVolumeSource;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.kubelet.cri.Labels;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What the runtime is told of a pod by name, and what a kubelet reads there again.
final class MachineAnnotations {
    private MachineAnnotations() {}

    /// What the runtime is told of a pod by name. Under our own prefix that comes from the spec, which was admitted, never from an annotation of the
    /// tenant's: except for the kernel it wants, as which ones it may have is the runtime's to say, and for what the API server alone may write.
    static Map<String, String> of(String tenant, Pod pod) {
        Map<String, String> annotations = new HashMap<>(pod.getMetadata().getAnnotations());
        annotations.keySet().removeIf(name -> name.startsWith("hypernetes.io/") && !name.equals(Labels.KERNEL) && !name.equals(Labels.ISOLATION));
        long disk = ephemeralBytes(pod);
        if (disk > 0) {
            annotations.put(Labels.EPHEMERAL_STORAGE, String.valueOf(disk));
        }
        BigDecimal requested = PodTotals.requests(pod, "memory");
        if (requested.signum() > 0) {
            annotations.put(Labels.REQUESTED_MEMORY, requested.setScale(0, RoundingMode.CEILING).toPlainString());
        }
        PodTotals.limits(pod, "memory").filter(limit -> limit.signum() > 0).ifPresent(limit -> annotations.put(Labels.LIMITED_MEMORY, limit.setScale(0, RoundingMode.CEILING).toPlainString()));
        long known = PodTotals.limits(pod, "memory").isPresent() ? 0 : whole(PodTotals.mostKnown(pod, "memory"));
        if (known > 0) {
            annotations.put(Labels.LEAST_MEMORY, String.valueOf(known));
        }
        annotations.put(ObjectKey.TENANT_ANNOTATION, tenant);
        return annotations;
    }

    /// Bytes of memory that the pod asked for when a sandbox of this kubelet's was made; 0 when it asked for none.
    static BigDecimal requestedMemory(Map<String, String> annotations) {
        return bytes(annotations, Labels.REQUESTED_MEMORY);
    }

    /// Bytes of memory that the pod was limited to then; 0 when it was not.
    static BigDecimal limitedMemory(Map<String, String> annotations) {
        return bytes(annotations, Labels.LIMITED_MEMORY);
    }

    private static BigDecimal bytes(Map<String, String> annotations, String name) {
        String bytes = annotations.getOrDefault(name, "");
        return bytes.matches("[0-9]{1,30}") ? new BigDecimal(bytes) : BigDecimal.ZERO;
    }

    /// The writable disk of the pod: the limits of all containers together; 0 when any has none that does not end before the others begin.
    private static long ephemeralBytes(Pod pod) {
        boolean limited = Plan.declared(pod).stream().filter(container -> Plan.isSidecar(container) || pod.getSpec().getContainers().contains(container))
                .allMatch(container -> PodTotals.limit(container, "ephemeral-storage").isPresent());
        return limited ? whole(PodTotals.mostKnown(pod, "ephemeral-storage")) : 0;
    }

    private static long whole(BigDecimal amount) {
        return amount.setScale(0, RoundingMode.CEILING).longValue();
    }

    static String emptyDir(EmptyDirVolumeSource source, @Nullable PodSecurityContext security) {
        String size = source.getSizeLimit() == null ? "" : source.getSizeLimit().toString();
        String group = security == null || security.getFsGroup() == null ? "" : ",\"group\":" + security.getFsGroup();
        return "{\"medium\":\"" + Objects.requireNonNullElse(source.getMedium(), "") + "\",\"sizeLimit\":\"" + size + "\"" + group + "}";
    }
}
