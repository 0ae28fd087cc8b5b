package io.hypernetes.controllers.disruption;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.ReplicationController;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.controllers.Caches;
import io.hypernetes.controllers.pods.DefinedKinds;
import io.hypernetes.controllers.pods.Scales;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// How many pods there should be, by what the controllers of those that are there ask for.
final class ExpectedPods {
    /// Of how many controllers the size is asked in one look, one after the other, with requests that nobody but the operator pays for.
    static final int MOST_ASKED = 100;
    private static final Set<String> CACHED = Set.of("apps/ReplicaSet", "apps/StatefulSet", "/ReplicationController");

    private final Scales scales;
    private final DefinedKinds kinds;
    private final Caches caches;

    ExpectedPods(Client client, Caches caches, InstantSource clock) {
        this.scales = new Scales(client);
        this.kinds = new DefinedKinds(scales, clock);
        this.caches = caches;
        caches.of(Kind.REPLICA_SET);
        caches.of(Kind.DEPLOYMENT);
        caches.of(Kind.STATEFUL_SET);
        caches.of(Kind.REPLICATION_CONTROLLER);
    }

    /// Whether [#of] makes requests.
    boolean asks(List<Pod> pods) {
        return !asked(pods).isEmpty();
    }

    /// The uids of the controllers that no cache has.
    private static Set<String> asked(List<Pod> pods) {
        Set<String> asked = new HashSet<>();
        for (Pod pod : pods) {
            OwnerReference owner = Caches.controllerRef(pod);
            if (owner != null && !CACHED.contains(kind(owner))) {
                asked.add(owner.getUid());
            }
        }
        return asked;
    }

    private static String kind(OwnerReference owner) {
        return Caches.groupOf(owner.getApiVersion()) + "/" + owner.getKind();
    }

    /// The sum over the controllers of the pods; pods that nobody controls count for nothing.
    ///
    /// @throws UnknownScaleException when a controller cannot be asked for its size
    int of(ObjectKey key, List<Pod> pods) {
        int asked = asked(pods).size();
        if (asked > MOST_ASKED) {
            throw new UnknownScaleException("the pods have " + asked + " controllers whose size has to be asked for, more than " + MOST_ASKED);
        }
        Set<String> seen = new HashSet<>();
        int sum = 0;
        for (Pod pod : pods) {
            OwnerReference owner = Caches.controllerRef(pod);
            if (owner == null) {
                continue;
            }
            if (seen.contains(owner.getUid())) {
                continue;
            }
            Scale scale = scale(key, owner);
            if (scale == null) {
                throw new UnknownScaleException("found no controllers for pod \"" + pod.getMetadata().getName() + "\"");
            }
            if (seen.add(scale.uid)) {
                sum += scale.size;
            }
        }
        return sum;
    }

    private record Scale(String uid, int size) {}

    /// As the finders of upstream's pkg/controller/disruption/disruption.go; null when there is no such controller.
    private @Nullable Scale scale(ObjectKey key, OwnerReference owner) {
        ObjectKey name = new ObjectKey(key.tenant(), key.namespace(), owner.getName());
        return switch (kind(owner)) {
            case "apps/ReplicaSet" -> {
                ReplicaSet set = cached(Kind.REPLICA_SET, name, owner);
                OwnerReference above = set == null ? null : Caches.controllerRef(set);
                if (set == null) {
                    yield null;
                }
                if (above == null || !above.getKind().equals("Deployment") || !Caches.groupOf(above.getApiVersion()).equals("apps")) {
                    yield new Scale(owner.getUid(), orOne(set.getSpec().getReplicas()));
                }
                Deployment deployment = cached(Kind.DEPLOYMENT, new ObjectKey(key.tenant(), key.namespace(), above.getName()), above);
                yield deployment == null ? null : new Scale(above.getUid(), orOne(deployment.getSpec().getReplicas()));
            }
            case "apps/StatefulSet" -> {
                StatefulSet set = cached(Kind.STATEFUL_SET, name, owner);
                yield set == null ? null : new Scale(owner.getUid(), orOne(set.getSpec().getReplicas()));
            }
            case "/ReplicationController" -> {
                ReplicationController set = cached(Kind.REPLICATION_CONTROLLER, name, owner);
                yield set == null ? null : new Scale(owner.getUid(), orOne(set.getSpec().getReplicas()));
            }
            default -> asked(name, owner);
        };
    }

    private <T extends HasMetadata> @Nullable T cached(Kind<T> kind, ObjectKey name, OwnerReference owner) {
        return caches.of(kind).get(name).filter(object -> owner.getUid().equals(object.getMetadata().getUid())).orElse(null);
    }

    /// Any other controller is asked for its size, if it has one (`getScaleController` there).
    private @Nullable Scale asked(ObjectKey name, OwnerReference owner) {
        Scales.Target target = kinds.target(name.tenant(), owner.getApiVersion(), owner.getKind()).orElseThrow(() ->
                new UnknownScaleException("no matches for kind \"" + owner.getKind() + "\" in version \"" + owner.getApiVersion() + "\""));
        if (!target.scales()) {
            String group = target.kind().group();
            throw new UnknownScaleException(target.kind().plural() + (group.isEmpty() ? "" : "." + group) + " does not implement the scale subresource");
        }
        return scales.read(target, name)
                .filter(scale -> owner.getUid().equals(scale.path("metadata").path("uid").asString("")))
                .map(scale -> new Scale(owner.getUid(), scale.path("spec").path("replicas").asInt(0)))
                .orElse(null);
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
