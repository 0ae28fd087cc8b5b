package io.hypernetes.hyperd.volume;

import io.hypernetes.hyperd.HyperdException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/// Decides what a mount request means. Nothing of the host is ever mounted. Below the pod's own folder in the kubelet's pods folder, in
/// the kubelet's layout:
///
/// | below `PODS/UID/` | becomes |
/// |---|---|
/// | `volumes/kubernetes.io~configmap/NAME[/sub]` and `~secret`, `~projected`, `~downward-api` | files pushed into the guest |
/// | `volumes/kubernetes.io~empty-dir/NAME[/sub]` | a directory of the pod's disk, or memory |
/// | `volumes/hypernetes.io~disk/NAME[/sub]` | what is on a disk that outlives the pod ([PodDisks]) |
/// | `etc-hosts` | the pod's /etc/hosts |
/// | `containers/NAME/FILE` | a file copied back when the container ends |
/// | any other plain file outside `volumes` | a file pushed once |
///
/// A path outside the pods folder is a folder or file of the host that is copied when the container is made, within bounds. Whether a
/// pod may name it is for whoever speaks CRI to decide, which only root can; another pod's folder is refused in any case.
public final class MountPolicy {
    private static final String PLUGIN_PREFIX = "kubernetes.io~";
    private static final Set<String> FILE_PLUGINS = Set.of("configmap", "secret", "projected", "downward-api");
    private static final Set<String> KERNELS = Set.of("dev", "proc", "sys");
    private static final Set<String> MADE_BY_GUEST = Set.of("/etc/resolv.conf", "/etc/hostname");

    private static final String DISK_PLUGIN = "hypernetes.io~disk";

    private final Path podsFolder;
    private final PodDisks disks;

    /// @param podsFolder the kubelet's; the disks that outlive pods are in `volumes` beside it
    public MountPolicy(Path podsFolder) {
        this.podsFolder = podsFolder.toAbsolutePath().normalize();
        this.disks = new PodDisks(this.podsFolder.resolveSibling("volumes"));
    }

    /// The disks that outlive pods.
    public PodDisks disks() {
        return disks;
    }

    /// @param podUid uid of the pod whose container mounts
    /// @throws HyperdException when the path is none of the above
    public MountSource of(String podUid, String hostPath, String containerPath) {
        if (!containerPath.startsWith("/") || hasParentPart(containerPath)) {
            throw HyperdException.invalid("The mount point " + containerPath + " must be an absolute path without `..`.");
        }
        if (!hostPath.startsWith("/") || hasParentPart(hostPath)) {
            throw HyperdException.invalid("The mount source " + hostPath + " must be an absolute path without `..`.");
        }
        Path source = Path.of(hostPath).normalize();
        if (!source.startsWith(podsFolder)) {
            return copied(source, containerPath);
        }
        if (podUid.isEmpty() || !source.startsWith(podsFolder.resolve(podUid)) || source.equals(podsFolder.resolve(podUid))) {
            throw HyperdException.invalid(
                    "The host path " + hostPath + " cannot be mounted at " + containerPath + ": it belongs to another pod.");
        }
        Path inside = podsFolder.resolve(podUid).relativize(source);
        if (inside.getName(0).toString().equals("volumes")) {
            return volume(source, inside);
        }
        if (inside.getName(0).toString().equals("volume-subpaths")) {
            throw HyperdException.unsupported("The mount source " + hostPath
                    + " is a subPath that was bind-mounted on the host; name the path below the volume's own folder instead.");
        }
        if (MADE_BY_GUEST.contains(containerPath)) {
            return new MountSource.MadeByGuest();
        }
        if (containerPath.equals("/etc/hosts")) {
            return new MountSource.Hosts(source);
        }
        if (inside.getName(0).toString().equals("containers")) {
            return new MountSource.TerminationFile(source);
        }
        return new MountSource.SingleFile(source);
    }

    // Links are followed here and nowhere below: what is copied is where they lead now.
    private MountSource copied(Path source, String containerPath) {
        Path real;
        try {
            real = source.toRealPath();
        } catch (IOException missing) {
            throw HyperdException.invalid("The host path " + source + " cannot be mounted at " + containerPath
                    + ": it is not there. Make it before the container.");
        }
        if (real.startsWith(podsFolder) || podsFolder.startsWith(real) || KERNELS.contains(real.getName(0).toString())) {
            throw HyperdException.invalid("The host path " + source + " cannot be mounted at " + containerPath
                    + ": a pod is a virtual machine and sees nothing of the host's devices, processes and kernel, nor of other pods.");
        }
        if (Files.isDirectory(real)) {
            return new MountSource.HostCopy(real);
        }
        if (Files.isRegularFile(real)) {
            return new MountSource.SingleFile(real);
        }
        throw HyperdException.invalid("The host path " + source + " cannot be mounted at " + containerPath
                + ": it is neither a folder nor a file, and nothing else can be copied into a virtual machine.");
    }

    private static MountSource volume(Path source, Path inside) {
        if (inside.getNameCount() < 3) {
            throw HyperdException.invalid("The mount source " + source + " names no volume.");
        }
        String plugin = inside.getName(1).toString();
        String name = inside.getName(2).toString();
        String kind = plugin.startsWith(PLUGIN_PREFIX) ? plugin.substring(PLUGIN_PREFIX.length()) : plugin;
        Path folder = source;
        for (int i = inside.getNameCount(); i > 3; i--) {
            folder = parent(folder);
        }
        String subPath = folder.relativize(source).toString();
        if (kind.equals("empty-dir")) {
            return new MountSource.Volume(name, MountSource.Kind.EMPTY_DIR, folder, subPath);
        }
        if (kind.equals(DISK_PLUGIN)) {
            return new MountSource.Volume(name, MountSource.Kind.DISK, folder, subPath);
        }
        if (FILE_PLUGINS.contains(kind)) {
            return new MountSource.Volume(name, MountSource.Kind.FILES, folder, subPath);
        }
        throw HyperdException.unsupported("Volume " + name + " is of kind " + kind
                + ", which this release does not have: it has ConfigMap, Secret, projected, downward API and emptyDir volumes, and disks of its own.");
    }

    private static Path parent(Path path) {
        Path parent = path.getParent();
        if (parent == null) {
            throw HyperdException.invalid("The mount source " + path + " has no folder.");
        }
        return parent;
    }

    private static boolean hasParentPart(String path) {
        for (Path part : Path.of(path)) {
            if (part.toString().equals("..")) {
                return true;
            }
        }
        return path.indexOf('\0') >= 0;
    }
}
