package io.hypernetes.kubelet.volume;

import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.Volume;
import io.hypernetes.client.LocalVolume;
import io.hypernetes.client.VolumeMatch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The disks that outlive pods: which of them a pod's volumes are, and which machines have them now.
///
/// A disk is one machine's that writes to it, or many machines' that only read it. Who has which is read from the sandboxes, so it survives this
/// process; what holds it in truth is the runtime's lock. Safe for use by many threads.
public final class Disks {
    /// Begins the annotations by which a sandbox names its disks, followed by the name of the volume.
    public static final String ANNOTATION = "hypernetes.io/disk.";

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Sources sources;
    private final String node;

    // Guarded by this. By disk, by pod.
    private final Map<String, Map<String, Holder>> holders = new HashMap<>();
    private final Map<String, Set<Runnable>> waiting = new HashMap<>();

    private record Holder(String podName, boolean readOnly) {}

    /// @param node the name of this node
    public Disks(Sources sources, String node) {
        this.sources = sources;
        this.node = node;
    }

    /// A disk of a pod.
    ///
    /// @param volume the name of the pod's volume
    /// @param persistentVolume the name of what describes it
    /// @param file below the folder of volumes
    /// @param annotation what the runtime is told of it
    public record Disk(String volume, String persistentVolume, String file, boolean readOnly, String annotation) {}

    /// A disk is another machine's: its volume, and the pods that have it.
    public static final class InUseException extends VolumeException {
        private static final long serialVersionUID = 1L;

        InUseException(String message) {
            super(message);
        }
    }

    /// The disks that a pod's claims stand for.
    ///
    /// @throws VolumeException naming the first that it cannot have now
    public List<Disk> of(String tenant, Pod pod) {
        List<Disk> disks = new ArrayList<>();
        for (Volume volume : pod.getSpec().getVolumes()) {
            String name = VolumeMatch.claimOf(pod, volume);
            if (name != null) {
                try {
                    disks.add(disk(tenant, pod, volume, name));
                } catch (VolumeException failure) {
                    throw new VolumeException("MountVolume.SetUp failed for volume \"" + volume.getName() + "\" : " + failure.getMessage(), failure);
                }
            }
        }
        return disks;
    }

    private Disk disk(String tenant, Pod pod, Volume volume, String name) {
        String namespace = pod.getMetadata().getNamespace();
        PersistentVolumeClaim claim = sources.claim(tenant, namespace, name)
                .orElseThrow(() -> new VolumeException("persistentvolumeclaim \"" + name + "\" not found"));
        if (claim.getMetadata().getDeletionTimestamp() != null) {
            throw new VolumeException("persistentvolumeclaim \"" + name + "\" is being deleted");
        }
        if (volume.getEphemeral() != null && claim.getMetadata().getOwnerReferences().stream()
                .noneMatch(owner -> pod.getMetadata().getUid().equals(owner.getUid()))) {
            throw new VolumeException("PVC " + namespace + "/" + name + " was not created for pod " + namespace + "/" + pod.getMetadata().getName() + " (pod is not owner)");
        }
        String bound = claim.getSpec().getVolumeName();
        if (bound == null || bound.isEmpty() || claim.getStatus() == null || !"Bound".equals(claim.getStatus().getPhase())) {
            throw new VolumeException("PVC is not bound");
        }
        PersistentVolume persistent = sources.persistentVolume(tenant, bound)
                .orElseThrow(() -> new VolumeException("persistentvolume \"" + bound + "\" not found"));
        ObjectReference owner = persistent.getSpec().getClaimRef();
        if (owner == null || !claim.getMetadata().getUid().equals(owner.getUid())) {
            throw new VolumeException("persistentvolume \"" + bound + "\" is not bound to PVC " + namespace + "/" + name);
        }
        if ("Block".equals(persistent.getSpec().getVolumeMode())) {
            throw new VolumeException("persistentvolume \"" + bound + "\" is a bare block device, which pods cannot have in this release");
        }
        LocalVolume local = LocalVolume.of(persistent)
                .orElseThrow(() -> new VolumeException("persistentvolume \"" + bound + "\" is not of the driver " + LocalVolume.DRIVER
                        + ", the only one that this release has"));
        if (!local.node().equals(node)) {
            throw new VolumeException("persistentvolume \"" + bound + "\" is a disk of node " + local.node());
        }
        boolean readOnly = local.readOnly()
                || (volume.getPersistentVolumeClaim() != null && Boolean.TRUE.equals(volume.getPersistentVolumeClaim().getReadOnly()))
                || persistent.getSpec().getAccessModes().equals(List.of("ReadOnlyMany"));
        String file = local.file(tenant);
        return new Disk(volume.getName(), bound, file, readOnly, annotation(pod, file, local.bytes(), readOnly, isUsed(persistent)));
    }

    private static boolean isUsed(PersistentVolume volume) {
        return volume.getMetadata().getAnnotations() != null && volume.getMetadata().getAnnotations().containsKey(LocalVolume.USED);
    }

    private static String annotation(Pod pod, String file, long bytes, boolean readOnly, boolean used) {
        ObjectNode setting = JSON.createObjectNode().put("file", file).put("bytes", bytes);
        if (readOnly) {
            setting.put("readOnly", true);
        }
        if (used) {
            setting.put("used", true);
        }
        PodSecurityContext security = pod.getSpec().getSecurityContext();
        if (security != null && security.getFsGroup() != null) {
            setting.put("group", security.getFsGroup()).put("keepGroup", "OnRootMismatch".equals(security.getFsGroupChangePolicy()));
        }
        return setting.toString();
    }

    /// From now on the disks are the pod's, all of them or none.
    ///
    /// @param released called once when one of those that it did not get is free
    /// @throws InUseException when another pod's machine has one of them in a way that forbids this
    public synchronized void attach(String podUid, String podName, List<Disk> disks, Runnable released) {
        for (Disk disk : disks) {
            Map<String, Holder> others = new TreeMap<>(holders.getOrDefault(disk.file(), Map.of()));
            others.remove(podUid);
            if (others.values().stream().anyMatch(other -> !disk.readOnly() || !other.readOnly())) {
                waiting.computeIfAbsent(disk.file(), none -> new HashSet<>()).add(released);
                throw new InUseException("Multi-Attach error for volume \"" + disk.persistentVolume() + "\" Volume is already used by pod(s) "
                        + String.join(", ", others.values().stream().map(Holder::podName).sorted().toList()));
            }
        }
        disks.forEach(disk -> hold(disk.file(), podUid, new Holder(podName, disk.readOnly())));
    }

    /// What the machines of a pod have, as its sandboxes that are ready name it; nothing when there is none. What it had before and has no
    /// more is free.
    public void seen(String podUid, String podName, Map<String, String> annotations) {
        Map<String, Holder> has = named(podName, annotations);
        List<Runnable> wake = new ArrayList<>();
        synchronized (this) {
            has.forEach((file, holder) -> hold(file, podUid, holder));
            for (String file : List.copyOf(holders.keySet())) {
                Map<String, Holder> pods = holders.getOrDefault(file, Map.of());
                if (!has.containsKey(file) && pods.remove(podUid) != null) {
                    wake.addAll(waiting.getOrDefault(file, Set.of()));
                    waiting.remove(file);
                    if (pods.isEmpty()) {
                        holders.remove(file);
                    }
                }
            }
        }
        wake.forEach(Runnable::run);
    }

    /// As [#seen], of a look that may be older than another: whatever the pod has since then it has, too.
    public void found(String podUid, String podName, Map<String, String> annotations) {
        Map<String, Holder> has = named(podName, annotations);
        synchronized (this) {
            has.forEach((file, holder) -> hold(file, podUid, holder));
        }
    }

    private static Map<String, Holder> named(String podName, Map<String, String> annotations) {
        Map<String, Holder> has = new HashMap<>();
        annotations.forEach((key, value) -> {
            if (key.startsWith(ANNOTATION)) {
                try {
                    var setting = JSON.readTree(value);
                    has.put(setting.path("file").asString(""), new Holder(podName, setting.path("readOnly").asBoolean(false)));
                } catch (JacksonException notOurs) {
                    throw new IllegalStateException("the annotation " + key + " = " + value + " of a sandbox is none that a kubelet wrote", notOurs);
                }
            }
        });
        return has;
    }

    /// Whether a machine has a disk, by its file below the folder of volumes.
    public synchronized boolean isHeld(String file) {
        return !holders.getOrDefault(file, Map.of()).isEmpty();
    }

    /// The size that a machine was started with of one of its disks; 0 when it has none of that name.
    public static long bytes(Map<String, String> annotations, String volume) {
        String setting = annotations.get(ANNOTATION + volume);
        return setting == null ? 0 : JSON.readTree(setting).path("bytes").asLong(0);
    }

    private void hold(String file, String podUid, Holder holder) {
        holders.computeIfAbsent(file, none -> new HashMap<>()).put(podUid, holder);
    }
}
