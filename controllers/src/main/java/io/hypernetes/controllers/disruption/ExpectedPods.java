package io.hypernetes.controllers.disruption;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.hypernetes.client.Client;
import io.hypernetes.client.Documents;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.controllers.Caches;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.objects.kind.ResourceType;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// How many pods there should be, by what the controllers of those that are there ask for.
final class ExpectedPods {
    private final Client client;
    private final Caches caches;
    private final Map<String, Kind<GenericKubernetesResource>> kinds = new HashMap<>();

    ExpectedPods(Client client, Caches caches) {
        this.client = client;
        this.caches = caches;
        caches.of(Kind.REPLICA_SET);
        caches.of(Kind.DEPLOYMENT);
        caches.of(Kind.STATEFUL_SET);
        caches.of(Kind.REPLICATION_CONTROLLER);
        for (ResourceType type : Kinds.types()) {
            if (type.subresources().containsKey("scale")) {
                kinds.put(type.group() + "/" + type.kind(), Kind.generic(type.group(), type.version(), type.resource(), type.kind(), type.namespaced()));
            }
        }
    }

    /// The sum over the controllers of the pods; pods that nobody controls count for nothing.
    ///
    /// @throws UnknownScaleException when a controller cannot be asked for its size
    int of(ObjectKey key, List<Pod> pods) {
        Set<String> seen = new HashSet<>();
        int sum = 0;
        for (Pod pod : pods) {
            OwnerReference owner = Caches.controllerRef(pod);
            if (owner == null) {
                continue;
            }
            Scale scale = scale(key, owner);
            if (scale != null && seen.add(scale.uid)) {
                sum += scale.size;
            }
        }
        return sum;
    }

    private record Scale(String uid, int size) {}

    private @Nullable Scale scale(ObjectKey key, OwnerReference owner) {
        ObjectKey name = new ObjectKey(key.tenant(), key.namespace(), owner.getName());
        return switch (Caches.groupOf(owner.getApiVersion()) + "/" + owner.getKind()) {
            case "apps/ReplicaSet" -> {
                ReplicaSet set = caches.of(Kind.REPLICA_SET).get(name).orElse(null);
                OwnerReference above = set == null ? null : Caches.controllerRef(set);
                if (set == null) {
                    yield null;
                }
                yield above != null && above.getKind().equals("Deployment")
                        ? caches.of(Kind.DEPLOYMENT).get(new ObjectKey(key.tenant(), key.namespace(), above.getName()))
                                .map(deployment -> new Scale(above.getUid(), orOne(deployment.getSpec().getReplicas())))
                                .orElse(null)
                        : new Scale(owner.getUid(), orOne(set.getSpec().getReplicas()));
            }
            case "apps/StatefulSet" -> caches.of(Kind.STATEFUL_SET).get(name)
                    .map(set -> new Scale(owner.getUid(), orOne(set.getSpec().getReplicas()))).orElse(null);
            case "/ReplicationController" -> caches.of(Kind.REPLICATION_CONTROLLER).get(name)
                    .map(set -> new Scale(owner.getUid(), orOne(set.getSpec().getReplicas()))).orElse(null);
            default -> asked(name, owner);
        };
    }

    /// Any other controller is asked for its size, if it has one.
    private Scale asked(ObjectKey name, OwnerReference owner) {
        Kind<GenericKubernetesResource> kind = kinds.get(Caches.groupOf(owner.getApiVersion()) + "/" + owner.getKind());
        Optional<GenericKubernetesResource> found = kind == null ? Optional.empty() : client.of(kind).find(name);
        if (found.isEmpty()) {
            throw new UnknownScaleException(owner.getApiVersion() + "/" + owner.getKind() + " " + owner.getName() + " does not implement the scale subresource");
        }
        return new Scale(owner.getUid(), Documents.tree(found.get()).path("spec").path("replicas").asInt(1));
    }

    private static int orOne(@Nullable Integer replicas) {
        return replicas == null ? 1 : replicas;
    }

    /// A controller of pods that has no size.
    static final class UnknownScaleException extends RuntimeException {
        UnknownScaleException(String message) {
            super(message);
        }
    }
}
