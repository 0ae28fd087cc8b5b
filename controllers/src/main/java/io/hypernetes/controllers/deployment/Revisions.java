package io.hypernetes.controllers.deployment;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpecBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/// The annotations by which a Deployment numbers its ReplicaSets, and which ReplicaSet is the one of the present template.
final class Revisions {
    static final String HASH = "pod-template-hash";
    static final String REVISION = "deployment.kubernetes.io/revision";
    static final String HISTORY = "deployment.kubernetes.io/revision-history";
    static final String DESIRED = "deployment.kubernetes.io/desired-replicas";
    static final String MOST = "deployment.kubernetes.io/max-replicas";

    /// What is the ReplicaSet's own, or a client's note about the Deployment as a whole.
    private static final Set<String> NOT_COPIED = Set.of(
            "kubectl.kubernetes.io/last-applied-configuration", REVISION, HISTORY, DESIRED, MOST, "deprecated.deployment.rollback.to");

    static final Comparator<ReplicaSet> OLDEST_FIRST = Comparator
            .<ReplicaSet, String>comparing(set -> String.valueOf(set.getMetadata().getCreationTimestamp()))
            .thenComparing(set -> set.getMetadata().getName());

    private Revisions() {}

    /// The oldest ReplicaSet whose template is the Deployment's but for the hash.
    static Optional<ReplicaSet> current(Deployment deployment, List<ReplicaSet> sets) {
        PodTemplateSpec wanted = withoutHash(deployment.getSpec().getTemplate());
        return sets.stream().sorted(OLDEST_FIRST).filter(set -> withoutHash(set.getSpec().getTemplate()).equals(wanted)).findFirst();
    }

    static PodTemplateSpec withoutHash(PodTemplateSpec template) {
        Map<String, String> labels = template.getMetadata() == null ? null : template.getMetadata().getLabels();
        if (labels == null || !labels.containsKey(HASH)) {
            return template;
        }
        return new PodTemplateSpecBuilder(template).editMetadata().removeFromLabels(HASH).endMetadata().build();
    }

    static long of(HasMetadata object) {
        return number(annotations(object).get(REVISION));
    }

    static long highest(List<ReplicaSet> sets) {
        return sets.stream().mapToLong(Revisions::of).max().orElse(0);
    }

    /// The annotations that the ReplicaSet of the present template must have: the Deployment's, its revision, and, when it is in use
    /// again, the revisions that it had before.
    static Map<String, String> annotations(Deployment deployment, Optional<ReplicaSet> present, long revision) {
        Map<String, String> wanted = new LinkedHashMap<>(present.map(Revisions::annotations).orElse(Map.of()));
        annotations(deployment).forEach((name, value) -> {
            if (!NOT_COPIED.contains(name)) {
                wanted.put(name, value);
            }
        });
        long before = number(wanted.get(REVISION));
        if (before < revision) {
            wanted.put(REVISION, String.valueOf(revision));
            if (before > 0) {
                String history = wanted.getOrDefault(HISTORY, "");
                wanted.put(HISTORY, history.isEmpty() ? String.valueOf(before) : history + "," + before);
            }
        }
        return wanted;
    }

    static Map<String, String> annotations(HasMetadata object) {
        Map<String, String> annotations = object.getMetadata().getAnnotations();
        if (annotations == null) {
            return Map.of();
        }
        Map<String, String> own = new TreeMap<>(annotations);
        own.remove(io.hypernetes.client.ObjectKey.TENANT_ANNOTATION);
        return own;
    }

    static int number(HasMetadata object, String annotation, int otherwise) {
        String text = annotations(object).get(annotation);
        return text == null || !text.matches("[0-9]{1,9}") ? otherwise : Integer.parseInt(text);
    }

    private static long number(@org.jspecify.annotations.Nullable String text) {
        return text == null || !text.matches("[0-9]{1,18}") ? 0 : Long.parseLong(text);
    }
}
