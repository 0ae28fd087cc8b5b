package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.hypernetes.client.Client;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.VolumeMatch;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;

/// Has the volumes of a pod made or chosen where the pod will be: names the node in its claims and waits until they are bound. Safe for use by many
/// threads; a waiting one is woken by news of claims.
final class ClaimBinding {
    private static final Duration LONGEST = Duration.ofMinutes(10);
    /// A pod that is deleted meanwhile wakes nobody.
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(2);

    private final Client client;
    private final Informer<PersistentVolumeClaim> claims;

    /// @param claims of whose changes [#changed] is told
    ClaimBinding(Client client, Informer<PersistentVolumeClaim> claims) {
        this.client = client;
        this.claims = claims;
    }

    synchronized void changed() {
        notifyAll();
    }

    /// @param wanted whether the pod is still to be bound
    /// @return why the claims were not bound; empty when they are
    Optional<String> bind(List<ObjectKey> waiting, String node, BooleanSupplier wanted) throws InterruptedException {
        if (waiting.isEmpty()) {
            return Optional.empty();
        }
        for (ObjectKey key : waiting) {
            client.of(Kind.PERSISTENT_VOLUME_CLAIM).change(key, null, now -> {
                Map<String, String> annotations = new HashMap<>(now.getMetadata().getAnnotations() == null ? Map.of() : now.getMetadata().getAnnotations());
                // Another pod may have been first to say where its volume is to be.
                if (VolumeMatch.isBound(now) || annotations.putIfAbsent(VolumeMatch.SELECTED_NODE, node) != null) {
                    return null;
                }
                now.getMetadata().setAnnotations(annotations);
                return now;
            });
        }
        return await(waiting, node, wanted);
    }

    private synchronized Optional<String> await(List<ObjectKey> waiting, String node, BooleanSupplier wanted) throws InterruptedException {
        long end = System.nanoTime() + LONGEST.toNanos();
        Set<ObjectKey> named = new HashSet<>();
        while (true) {
            boolean all = true;
            for (ObjectKey key : waiting) {
                PersistentVolumeClaim claim = claims.get(key).orElse(null);
                if (claim == null) {
                    return Optional.of("persistentvolumeclaim \"" + key.name() + "\" not found");
                }
                if (!VolumeMatch.isBound(claim)) {
                    all = false;
                    String selected = VolumeMatch.selectedNode(claim);
                    if (selected.isEmpty() ? named.contains(key) : !selected.equals(node)) {
                        return Optional.of(selected.isEmpty()
                                ? "provisioning failed for PVC \"" + key.name() + "\""
                                : "node of PVC \"" + key.name() + "\" is " + selected);
                    }
                    if (!selected.isEmpty()) {
                        named.add(key);
                    }
                }
            }
            if (all) {
                return Optional.empty();
            }
            if (!wanted.getAsBoolean()) {
                return Optional.of("the pod is gone");
            }
            if (System.nanoTime() > end) {
                return Optional.of("binding volumes: context deadline exceeded");
            }
            wait(LOOK_AGAIN.toMillis());
        }
    }
}
