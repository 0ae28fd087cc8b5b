package io.hypernetes.hyperd.sandbox;

import io.hypernetes.guest.FilePush;
import io.hypernetes.guest.MountSpec;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.container.ContainerRequest;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hyperd.volume.Ext4Disk;
import io.hypernetes.hyperd.volume.FolderContent;
import io.hypernetes.hyperd.volume.MountPolicy;
import io.hypernetes.hyperd.volume.MountSource;
import io.hypernetes.hyperd.volume.PodDisks;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What a container's mounts come to.
///
/// @param volumes volumes that the guest must have, by name in the guest
/// @param pushes single files to put into those of them that are not followed
/// @param specs the mounts, in order
/// @param kept what is remembered of them
/// @param hosts content of /etc/hosts as the owner wants it; empty when it does not say
record PlannedMounts(
        Map<String, SandboxRecord.Volume> volumes,
        List<FilePush> pushes,
        List<MountSpec> specs,
        List<ContainerRecord.Mount> kept,
        String hosts) {

    /// Name of the only file in a volume made for a single file.
    static final String ONLY_FILE = "file";

    /// Begins the name of the volume in which a container says why it ended.
    static final String TERMINATION = "termination-";

    private static final String EMPTY_DIR_ANNOTATION = "hypernetes.io/empty-dir.";
    private static final int MOST_TERMINATION_BYTES = 64 << 10;
    private static final int MOST_FILE_BYTES = 1 << 20;
    private static final int MOST_HOSTS_BYTES = 256 << 10;
    private static final JsonMapper JSON = JsonMapper.builder().build();

    static PlannedMounts of(
            MountPolicy policy, SandboxRecord.Identity pod, String containerId, List<ContainerRequest.Mount> asked) {
        Map<String, SandboxRecord.Volume> volumes = new LinkedHashMap<>();
        List<FilePush> pushes = new ArrayList<>();
        List<MountSpec> specs = new ArrayList<>();
        List<ContainerRecord.Mount> kept = new ArrayList<>();
        String hosts = "";
        int files = 0;
        for (ContainerRequest.Mount mount : asked) {
            if (mount.image() != null) {
                // ImageMounts makes the rest of it.
                kept.add(new ContainerRecord.Mount(
                        mount.containerPath(), mount.hostPath(), true, mount.recursive(), false, mount.image()));
                continue;
            }
            MountSource source = policy.of(pod.podUid(), mount.hostPath(), mount.containerPath());
            boolean termination = source instanceof MountSource.TerminationFile;
            kept.add(new ContainerRecord.Mount(
                    mount.containerPath(), mount.hostPath(), mount.readOnly(), mount.recursive(), termination, null));
            switch (source) {
                case MountSource.MadeByGuest made -> {}
                case MountSource.Hosts file ->
                    hosts = new String(FolderContent.readFile(file.hostFile(), MOST_HOSTS_BYTES), StandardCharsets.UTF_8);
                case MountSource.Volume volume -> {
                    if (volume.kind() == MountSource.Kind.DISK) {
                        PodDisks.Disk disk = policy.disks().get(pod.annotations(), volume.name());
                        String subPath = Ext4Disk.CONTENT + (volume.subPath().isEmpty() ? "" : "/" + volume.subPath());
                        volumes.put(disk.serial(), new SandboxRecord.Volume(SandboxRecord.VolumeKind.DISK, disk.file().toString(), 0, disk.group()));
                        specs.add(new MountSpec.Volume(mount.containerPath(), disk.serial(), subPath, mount.readOnly() || disk.readOnly(), false));
                        continue;
                    }
                    SandboxRecord.Volume declared = declared(pod, volume);
                    String name = guestName(volume);
                    volumes.put(name, declared);
                    // Files come from this host and are replaced as a whole: a guest that wrote into them would lose it.
                    boolean readOnly = mount.readOnly() || declared.kind() == SandboxRecord.VolumeKind.FILES;
                    specs.add(new MountSpec.Volume(mount.containerPath(), name, volume.subPath(), readOnly, false));
                }
                case MountSource.TerminationFile file -> {
                    String name = TERMINATION + containerId;
                    volumes.put(name, new SandboxRecord.Volume(SandboxRecord.VolumeKind.FILES, "", MOST_TERMINATION_BYTES));
                    pushes.add(plain(name, 0666, new byte[0]));
                    specs.add(new MountSpec.Volume(mount.containerPath(), name, ONLY_FILE, false, false));
                }
                case MountSource.HostCopy copy -> {
                    String name = "copy-" + containerId + "-" + files++;
                    long bytes = HostCopies.push(name, copy.hostFolder(), pushes);
                    volumes.put(name, new SandboxRecord.Volume(SandboxRecord.VolumeKind.FILES, "", bytes));
                    specs.add(new MountSpec.Volume(mount.containerPath(), name, HostCopies.ROOT, mount.readOnly(), false));
                }
                case MountSource.SingleFile file -> {
                    String name = "file-" + containerId + "-" + files++;
                    byte[] data = FolderContent.readFile(file.hostFile(), MOST_FILE_BYTES);
                    volumes.put(name, new SandboxRecord.Volume(SandboxRecord.VolumeKind.FILES, "", data.length + 2L * MOST_FILE_BYTES));
                    pushes.add(plain(name, 0644, data));
                    specs.add(new MountSpec.Volume(mount.containerPath(), name, ONLY_FILE, mount.readOnly(), false));
                }
            }
        }
        return new PlannedMounts(volumes, pushes, specs, kept, hosts);
    }

    /// These and more.
    PlannedMounts with(Map<String, SandboxRecord.Volume> moreVolumes, List<MountSpec> moreMounts) {
        Map<String, SandboxRecord.Volume> allVolumes = new LinkedHashMap<>(volumes);
        allVolumes.putAll(moreVolumes);
        List<MountSpec> allSpecs = new ArrayList<>(specs);
        allSpecs.addAll(moreMounts);
        return new PlannedMounts(allVolumes, pushes, allSpecs, kept, hosts);
    }

    /// These, with that content of `/etc/hosts` when there is one.
    PlannedMounts withHosts(String content) {
        return content.isEmpty() ? this : new PlannedMounts(volumes, pushes, specs, kept, content);
    }

    private static FilePush plain(String volume, int mode, byte[] data) {
        return new FilePush(volume, List.of(new FilePush.File(ONLY_FILE, mode, data, 0, 0)), FilePush.Layout.PLAIN);
    }

    private static String guestName(MountSource.Volume volume) {
        return (volume.kind() == MountSource.Kind.EMPTY_DIR ? "empty-" : "files-") + volume.name();
    }

    /// Whether a pod has an emptyDir on its disk that is to hold no more than so much.
    static boolean limitsFolders(SandboxRecord.Identity pod) {
        return pod.annotations().keySet().stream()
                .filter(name -> name.startsWith(EMPTY_DIR_ANNOTATION))
                .map(name -> emptyDir(pod, name.substring(EMPTY_DIR_ANNOTATION.length())))
                .anyMatch(volume -> volume.kind() == SandboxRecord.VolumeKind.SCRATCH && volume.sizeBytes() > 0);
    }

    private static SandboxRecord.Volume declared(SandboxRecord.Identity pod, MountSource.Volume volume) {
        if (volume.kind() == MountSource.Kind.FILES) {
            return new SandboxRecord.Volume(SandboxRecord.VolumeKind.FILES, volume.hostFolder().toString(), 0);
        }
        return emptyDir(pod, volume.name());
    }

    static SandboxRecord.Volume emptyDir(SandboxRecord.Identity pod, String name) {
        String setting = pod.annotations().getOrDefault(EMPTY_DIR_ANNOTATION + name, "");
        if (setting.isEmpty()) {
            return new SandboxRecord.Volume(SandboxRecord.VolumeKind.SCRATCH, "", 0);
        }
        try {
            JsonNode tree = JSON.readTree(setting);
            String medium = tree.path("medium").asString("");
            long limit = Bytes.parse(tree.path("sizeLimit").asString(""));
            int gid = tree.path("group").asInt(0);
            SandboxRecord.Group group = gid == 0 ? null : new SandboxRecord.Group(gid, false);
            return switch (medium) {
                case "" -> new SandboxRecord.Volume(SandboxRecord.VolumeKind.SCRATCH, "", limit, group);
                case "Memory" -> new SandboxRecord.Volume(SandboxRecord.VolumeKind.MEMORY, "", limit, group);
                default -> throw HyperdException.unsupported("The emptyDir " + name + " wants the medium " + medium
                        + "; there are the disk (empty) and Memory.");
            };
        } catch (JacksonException | NumberFormatException wrong) {
            throw HyperdException.invalid("The annotation " + EMPTY_DIR_ANNOTATION + name + " = " + setting
                    + " is not {\"medium\": …, \"sizeLimit\": bytes, \"group\": gid}: " + wrong.getMessage());
        }
    }
}
