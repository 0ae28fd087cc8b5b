package io.hypernetes.controllers.stateful;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.hypernetes.client.Kind;
import io.hypernetes.controllers.pods.Claims;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/// The pods of a StatefulSet as they should look.
final class StatefulPods {
    static final String REVISION = "controller-revision-hash";
    private static final String POD_NAME = "statefulset.kubernetes.io/pod-name";
    private static final String INDEX = "apps.kubernetes.io/pod-index";

    private StatefulPods() {}

    /// The number at the end of the name of a pod of the set; empty for names of others.
    static OptionalInt ordinal(StatefulSet set, Pod pod) {
        String prefix = set.getMetadata().getName() + "-";
        String name = pod.getMetadata().getName();
        if (!name.startsWith(prefix) || !name.substring(prefix.length()).matches("0|[1-9][0-9]{0,9}")) {
            return OptionalInt.empty();
        }
        long ordinal = Long.parseLong(name.substring(prefix.length()));
        return ordinal > Integer.MAX_VALUE ? OptionalInt.empty() : OptionalInt.of((int) ordinal);
    }

    static String name(StatefulSet set, int ordinal) {
        return set.getMetadata().getName() + "-" + ordinal;
    }

    static String revisionOf(Pod pod) {
        Map<String, String> labels = pod.getMetadata().getLabels();
        return labels == null ? "" : labels.getOrDefault(REVISION, "");
    }

    static Pod pod(StatefulSet set, PodTemplateSpec template, String revision, int ordinal) {
        ObjectMeta meta = template.getMetadata() == null ? new ObjectMeta() : template.getMetadata();
        String name = name(set, ordinal);
        Map<String, String> labels = new LinkedHashMap<>(meta.getLabels() == null ? Map.of() : meta.getLabels());
        labels.put(POD_NAME, name);
        labels.put(INDEX, String.valueOf(ordinal));
        labels.put(REVISION, revision);
        List<Volume> volumes = new ArrayList<>();
        List<String> claimed = new ArrayList<>();
        for (PersistentVolumeClaim claim : StatefulClaims.templates(set)) {
            String volume = claim.getMetadata().getName();
            claimed.add(volume);
            volumes.add(new VolumeBuilder().withName(volume)
                    .withNewPersistentVolumeClaim().withClaimName(StatefulClaims.name(set, claim, ordinal)).withReadOnly(false).endPersistentVolumeClaim().build());
        }
        if (template.getSpec().getVolumes() != null) {
            template.getSpec().getVolumes().stream().filter(volume -> !claimed.contains(volume.getName())).forEach(volumes::add);
        }
        return new PodBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(set.getMetadata().getNamespace())
                .withLabels(labels)
                .withAnnotations(meta.getAnnotations())
                .withFinalizers(meta.getFinalizers() == null ? List.of() : meta.getFinalizers())
                .withOwnerReferences(Claims.reference(Kind.STATEFUL_SET, set))
                .endMetadata()
                .withSpec(template.getSpec())
                .editSpec()
                .withHostname(name)
                .withSubdomain(set.getSpec().getServiceName())
                .withVolumes(volumes)
                .endSpec()
                .build();
    }
}
