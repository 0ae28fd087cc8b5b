package io.hypernetes.controllers.deployment;

import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpecBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetBuilder;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.controllers.Caches;
import io.hypernetes.controllers.pods.Claims;
import io.hypernetes.controllers.pods.OwnWrites;
import io.hypernetes.controllers.pods.PodControl;
import io.hypernetes.controllers.pods.TemplateHash;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/// Makes, updates and deletes the ReplicaSets of Deployments.
record ReplicaSetWriter(Client client, EventRecorder events, OwnWrites<ReplicaSet> own) {

    String nameFor(Deployment deployment) {
        return deployment.getMetadata().getName() + "-" + hash(deployment);
    }

    private static String hash(Deployment deployment) {
        return TemplateHash.of(
                deployment.getSpec().getTemplate(), deployment.getStatus() == null ? null : deployment.getStatus().getCollisionCount());
    }

    /// Makes the ReplicaSet of the present template; empty when another template has its name.
    ///
    /// @throws ApiException when it is refused
    Optional<ReplicaSet> created(ObjectKey key, Deployment deployment, Sizes sizes, int size, long revision) {
        String hash = hash(deployment);
        PodTemplateSpec template = new PodTemplateSpecBuilder(deployment.getSpec().getTemplate())
                .editOrNewMetadata().addToLabels(Revisions.HASH, hash).endMetadata().build();
        Map<String, String> annotations = new TreeMap<>(Revisions.annotations(deployment, Optional.empty(), revision));
        annotations.put(Revisions.DESIRED, String.valueOf(sizes.wanted()));
        annotations.put(Revisions.MOST, String.valueOf(sizes.most()));
        ReplicaSet wanted = new ReplicaSetBuilder()
                .withNewMetadata()
                .withName(nameFor(deployment))
                .withNamespace(key.namespace())
                .withLabels(PodControl.labels(template))
                .withAnnotations(annotations)
                .withOwnerReferences(Claims.reference(Kind.DEPLOYMENT, deployment))
                .endMetadata()
                .withNewSpec()
                .withReplicas(size)
                .withMinReadySeconds(deployment.getSpec().getMinReadySeconds())
                .withSelector(new LabelSelectorBuilder(deployment.getSpec().getSelector()).addToMatchLabels(Revisions.HASH, hash).build())
                .withTemplate(template)
                .endSpec()
                .build();
        try {
            ReplicaSet made = client.of(Kind.REPLICA_SET).create(key.tenant(), wanted);
            own.wrote(key, made);
            if (size > 0) {
                events.record(key.tenant(), deployment, EventRecorder.Type.NORMAL, "ScalingReplicaSet",
                        "Scaled up replica set " + made.getMetadata().getName() + " from 0 to " + size);
            }
            return Optional.of(made);
        } catch (ApiException refused) {
            if (!refused.isAlreadyExists()) {
                throw refused;
            }
            // The cache may only be late: then it is this one.
            return client.of(Kind.REPLICA_SET).find(new ObjectKey(key.tenant(), key.namespace(), nameFor(deployment)))
                    .filter(there -> {
                        var owner = Caches.controllerRef(there);
                        return owner != null
                                && owner.getUid().equals(deployment.getMetadata().getUid())
                                && Revisions.current(deployment, java.util.List.of(there)).isPresent();
                    });
        }
    }

    /// The ReplicaSet of the present template with the annotations and readiness rule that the Deployment has now.
    ReplicaSet refreshed(ObjectKey key, Deployment deployment, ReplicaSet set, long revision) {
        Map<String, String> annotations = Revisions.annotations(deployment, Optional.of(set), revision);
        Integer minReady = deployment.getSpec().getMinReadySeconds();
        boolean same = annotations.equals(Revisions.annotations(set)) && Objects.equals(orZero(minReady), orZero(set.getSpec().getMinReadySeconds()));
        if (same) {
            return set;
        }
        return updated(key, new ReplicaSetBuilder(set)
                .editMetadata().withAnnotations(annotations).endMetadata()
                .editSpec().withMinReadySeconds(minReady).endSpec()
                .build());
    }

    /// The ReplicaSet with another size, and with notes of the size of the whole.
    ReplicaSet resized(ObjectKey key, Deployment deployment, ReplicaSet set, int size, Sizes sizes) {
        int before = Sizes.specified(set);
        boolean noted = Revisions.number(set, Revisions.DESIRED, -1) == sizes.wanted() && Revisions.number(set, Revisions.MOST, -1) == sizes.most();
        if (before == size && noted) {
            return set;
        }
        ReplicaSet after = updated(key, new ReplicaSetBuilder(set)
                .editMetadata()
                .addToAnnotations(Revisions.DESIRED, String.valueOf(sizes.wanted()))
                .addToAnnotations(Revisions.MOST, String.valueOf(sizes.most()))
                .endMetadata()
                .editSpec().withReplicas(size).endSpec()
                .build());
        if (before != size) {
            events.record(key.tenant(), deployment, EventRecorder.Type.NORMAL, "ScalingReplicaSet",
                    "Scaled " + (size > before ? "up" : "down") + " replica set " + set.getMetadata().getName() + " from " + before + " to " + size);
        }
        return after;
    }

    void delete(ObjectKey key, ReplicaSet set) {
        client.of(Kind.REPLICA_SET).delete(ObjectKey.of(key.tenant(), set), new Deletion(null, set.getMetadata().getUid()));
        own.deleted(key, set);
    }

    private ReplicaSet updated(ObjectKey key, ReplicaSet set) {
        ReplicaSet after = client.of(Kind.REPLICA_SET).update(key.tenant(), set);
        own.wrote(key, after);
        return after;
    }

    private static int orZero(@org.jspecify.annotations.Nullable Integer value) {
        return value == null ? 0 : value;
    }
}
