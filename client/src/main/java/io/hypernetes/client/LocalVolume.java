package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.CSIPersistentVolumeSource;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// A disk on one node, as a PersistentVolume describes it. The node makes it when a pod first uses it and removes it when the PersistentVolume is
/// deleted: its finalizer stays until that is done.
///
/// @param node that has it
/// @param handle its name, unique in its tenant
/// @param bytes its size
/// @param readOnly whether no pod may write to it
/// @param owner the uid of its tenant; empty of the operator's, and where none was noted yet when the volume was made
public record LocalVolume(String node, String handle, long bytes, boolean readOnly, String owner) {
    /// The driver of such volumes, in `spec.csi.driver`.
    public static final String DRIVER = "local.hypernetes.io";
    /// The provisioner of such volumes, in StorageClasses.
    public static final String PROVISIONER = "hypernetes.io/local";
    /// Keeps the PersistentVolume until the node has removed the disk.
    public static final String FINALIZER = "hypernetes.io/local-disk";
    /// Which of the volume's attributes names the node.
    public static final String NODE = "node";
    /// Which of them is the uid of the volume's tenant. The API server sets it, and nobody else.
    public static final String OWNER = "hypernetes.io/tenant-uid";
    /// By which a node selects its volumes.
    public static final String NODE_FIELD = "spec.csi.volumeAttributes." + NODE;

    /// Annotation of a volume whose disk a pod has run with: from then on a disk that is not there is lost, and none is made in its place.
    public static final String USED = "hypernetes.io/disk-used";

    private static final BigDecimal MOST = BigDecimal.valueOf(Long.MAX_VALUE);
    private static final Pattern UID = Pattern.compile("[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?");
    private static final String PART = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
    private static final Pattern NAME = Pattern.compile(PART + "(\\." + PART + ")*");
    private static final int LONGEST_NAME = 253;
    private static final Pattern HANDLE = Pattern.compile("[a-z0-9]([a-z0-9.-]{0,200}[a-z0-9])?");

    /// What a PersistentVolume describes; empty when that is no disk of a node, or names none that could be.
    public static Optional<LocalVolume> of(PersistentVolume volume) {
        CSIPersistentVolumeSource source = volume.getSpec().getCsi();
        if (source == null || !DRIVER.equals(source.getDriver()) || source.getVolumeHandle() == null || !HANDLE.matcher(source.getVolumeHandle()).matches()) {
            return Optional.empty();
        }
        Map<String, String> attributes = source.getVolumeAttributes() == null ? Map.of() : source.getVolumeAttributes();
        String node = attributes.getOrDefault(NODE, "");
        String owner = attributes.getOrDefault(OWNER, "");
        // What no node can be called has no disks; to ask the API for it is an error.
        return node.length() > LONGEST_NAME || !NAME.matcher(node).matches() || !(owner.isEmpty() || UID.matcher(owner).matches())
                ? Optional.empty()
                : Optional.of(new LocalVolume(
                        node, source.getVolumeHandle(), storage(volume.getSpec().getCapacity()), Boolean.TRUE.equals(source.getReadOnly()), owner));
    }

    /// The bytes of `storage` in a capacity or in requests, rounded up; 0 when it is not there, and [Long#MAX_VALUE] when it is more than that.
    public static long storage(@org.jspecify.annotations.Nullable Map<String, Quantity> amounts) {
        Quantity storage = amounts == null ? null : amounts.get("storage");
        if (storage == null) {
            return 0;
        }
        BigDecimal bytes = storage.getNumericalAmount();
        return bytes.signum() <= 0 ? 0 : bytes.compareTo(MOST) >= 0 ? Long.MAX_VALUE : bytes.setScale(0, RoundingMode.CEILING).longValue();
    }

    /// The disk's file below the folder of a node's volumes. Tenants cannot name each other's, nor those of a former tenant of their name.
    public String file(String tenant) {
        return file(tenant, owner, handle);
    }

    /// The same of a volume's owner and handle. Disks of volumes that were made before owners were noted stay where they are.
    public static String file(String tenant, String owner, String handle) {
        return tenant + (owner.isEmpty() ? "" : "." + owner) + "/" + handle + ".disk";
    }
}
