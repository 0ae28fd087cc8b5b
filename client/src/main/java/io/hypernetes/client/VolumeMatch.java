package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Which volumes would do for which claims. The scheduler and the controller that binds them agree on it by asking here.
public final class VolumeMatch {
    /// Annotation of a claim: the node where its first pod is to be.
    public static final String SELECTED_NODE = "volume.kubernetes.io/selected-node";
    /// Annotation of a claim whose binding is complete.
    public static final String BIND_COMPLETED = "pv.kubernetes.io/bind-completed";

    private static final String OLD_CLASS = "volume.beta.kubernetes.io/storage-class";

    private VolumeMatch() {}

    /// The name of the claim that a volume of a pod stands for; null for a volume of another sort.
    public static @Nullable String claimOf(Pod pod, Volume volume) {
        if (volume.getPersistentVolumeClaim() != null) {
            return volume.getPersistentVolumeClaim().getClaimName();
        }
        return volume.getEphemeral() == null ? null : pod.getMetadata().getName() + "-" + volume.getName();
    }

    /// The claims that a pod's volumes stand for.
    ///
    /// @param key the pod's
    public static List<ObjectKey> claimsOf(ObjectKey key, Pod pod) {
        List<Volume> volumes = pod.getSpec().getVolumes();
        if (volumes == null || volumes.isEmpty()) {
            return List.of();
        }
        List<ObjectKey> claims = new ArrayList<>();
        for (Volume volume : volumes) {
            String name = claimOf(pod, volume);
            if (name != null) {
                claims.add(new ObjectKey(key.tenant(), key.namespace(), name));
            }
        }
        return claims;
    }

    /// The name of the class that a claim asks for; empty for none.
    public static String classOf(PersistentVolumeClaim claim) {
        String old = annotation(claim.getMetadata().getAnnotations(), OLD_CLASS);
        return old.isEmpty() ? text(claim.getSpec().getStorageClassName()) : old;
    }

    /// The name of the class of a volume; empty for none.
    public static String classOf(PersistentVolume volume) {
        String old = annotation(volume.getMetadata().getAnnotations(), OLD_CLASS);
        return old.isEmpty() ? text(volume.getSpec().getStorageClassName()) : old;
    }

    /// A class of a tenant, or the operator's of that name when the tenant has none.
    public static Optional<StorageClass> named(Informer<StorageClass> classes, String tenant, String name) {
        return classes.get(new ObjectKey(tenant, "", name)).or(() -> classes.get(ObjectKey.root(name)));
    }

    /// Whether the claims of a class get their volume only when it is known where their first pod will be.
    public static boolean waits(StorageClass type) {
        return "WaitForFirstConsumer".equals(type.getVolumeBindingMode());
    }

    /// Whether a claim has its volume for good.
    public static boolean isBound(PersistentVolumeClaim claim) {
        return !text(claim.getSpec().getVolumeName()).isEmpty() && !annotation(claim.getMetadata().getAnnotations(), BIND_COMPLETED).isEmpty();
    }

    /// The node that was chosen for a claim; empty when none was.
    public static String selectedNode(PersistentVolumeClaim claim) {
        return annotation(claim.getMetadata().getAnnotations(), SELECTED_NODE);
    }

    /// Whether a volume is kept for this claim, by its name at least.
    public static boolean isFor(PersistentVolume volume, PersistentVolumeClaim claim) {
        ObjectReference owner = volume.getSpec().getClaimRef();
        return owner != null
                && claim.getMetadata().getName().equals(owner.getName())
                && claim.getMetadata().getNamespace().equals(owner.getNamespace())
                && (text(owner.getUid()).isEmpty() || owner.getUid().equals(claim.getMetadata().getUid()));
    }

    /// Whether a volume is nobody's and would do for a claim that names none.
    public static boolean isFree(PersistentVolume volume, PersistentVolumeClaim claim) {
        return volume.getSpec().getClaimRef() == null
                && volume.getMetadata().getDeletionTimestamp() == null
                && volume.getStatus() != null
                && "Available".equals(volume.getStatus().getPhase())
                && selected(volume, claim)
                && mismatch(volume, claim).isEmpty();
    }

    private static boolean selected(PersistentVolume volume, PersistentVolumeClaim claim) {
        return claim.getSpec().getSelector() == null
                || Selectors.of(claim.getSpec().getSelector()).map(selector -> selector.matches(Selectors.labelsOf(volume))).orElse(false);
    }

    /// Why a volume would not do for a claim; empty when it would.
    public static Optional<String> mismatch(PersistentVolume volume, PersistentVolumeClaim claim) {
        long asked = claim.getSpec().getResources() == null ? 0 : LocalVolume.storage(claim.getSpec().getResources().getRequests());
        if (LocalVolume.storage(volume.getSpec().getCapacity()) < asked) {
            return Optional.of("requested PV is too small");
        }
        if (!classOf(volume).equals(classOf(claim))) {
            return Optional.of("storageClassName does not match");
        }
        if (!mode(volume.getSpec().getVolumeMode()).equals(mode(claim.getSpec().getVolumeMode()))) {
            return Optional.of("incompatible volumeMode");
        }
        return new HashSet<>(modes(volume.getSpec().getAccessModes())).containsAll(modes(claim.getSpec().getAccessModes()))
                ? Optional.empty()
                : Optional.of("incompatible accessMode");
    }

    /// The nodes from which a volume can be reached.
    public static NodeRule reachable(PersistentVolume volume) {
        return NodeRule.of(volume.getSpec().getNodeAffinity() == null ? null : volume.getSpec().getNodeAffinity().getRequired());
    }

    private static String annotation(@Nullable Map<String, String> annotations, String name) {
        return annotations == null ? "" : annotations.getOrDefault(name, "");
    }

    private static List<String> modes(@Nullable List<String> modes) {
        return modes == null ? List.of() : modes;
    }

    private static String mode(@Nullable String mode) {
        return text(mode).isEmpty() ? "Filesystem" : String.valueOf(mode);
    }

    private static String text(@Nullable String text) {
        return text == null ? "" : text;
    }
}
