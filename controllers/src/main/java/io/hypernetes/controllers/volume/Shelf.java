package io.hypernetes.controllers.volume;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import io.hypernetes.client.Index;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.VolumeMatch;
import io.hypernetes.controllers.Caches;
import java.util.List;
import java.util.Optional;

/// What the controllers of volumes look at.
///
/// @param pods by the key of each claim that they name
/// @param waiting claims without a volume, by tenant
record Shelf(
        Informer<PersistentVolumeClaim> claims,
        Informer<PersistentVolume> volumes,
        Informer<StorageClass> classes,
        Informer<Node> nodes,
        Index<Pod> pods,
        Index<PersistentVolumeClaim> waiting) {

    static Shelf of(Caches caches) {
        Informer<PersistentVolumeClaim> claims = caches.of(Kind.PERSISTENT_VOLUME_CLAIM);
        return new Shelf(
                claims,
                caches.of(Kind.PERSISTENT_VOLUME),
                caches.of(Kind.STORAGE_CLASS),
                caches.nodes(),
                caches.pods().index(Shelf::claimsOf),
                claims.index(claim -> VolumeMatch.isBound(claim) ? List.of() : List.of(ObjectKey.of(claim).tenant())));
    }

    /// The claims that a pod names.
    static List<ObjectKey> claimsOf(Pod pod) {
        return VolumeMatch.claimsOf(ObjectKey.of(pod), pod);
    }

    Optional<StorageClass> classOf(ObjectKey claim, PersistentVolumeClaim of) {
        return VolumeMatch.named(classes, claim.tenant(), VolumeMatch.classOf(of));
    }

    Optional<PersistentVolume> volume(String tenant, String name) {
        return volumes.get(new ObjectKey(tenant, "", name));
    }

    Optional<Node> node(String name) {
        return nodes.get(ObjectKey.root(name));
    }
}
