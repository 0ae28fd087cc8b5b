package io.hypernetes.hyperd.volume;

import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hypervisor.MachineSpec;
import io.hypernetes.linux.Descriptors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The disks of pods that outlive them. A sandbox names each by an annotation `hypernetes.io/disk.VOLUME` with
/// `{"file": …, "bytes": …, "readOnly": …, "group": …, "keepGroup": …}`: a path below one folder and nothing else of the host, its size, whether
/// the pod only reads it, and the group that may write all of it. A disk is made when it is first named, unless it was used before (`"used": true`) and
/// so must be there, and grown when it is named with more bytes; removing one is for whoever named it. That one machine alone writes to it, the hypervisor's lock sees to.
///
/// Safe for use by many threads.
public final class PodDisks {
    /// Begins the annotations that name disks.
    public static final String ANNOTATION = "hypernetes.io/disk.";

    private static final Pattern FILE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,253}(/[A-Za-z0-9][A-Za-z0-9._-]{0,253}){0,2}");
    private static final long LEAST_BYTES = 16L << 20;
    private static final long MOST_BYTES = 16L << 40;
    private static final int BLOCK = 4096;
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Path folder;

    PodDisks(Path folder) {
        this.folder = folder;
    }

    /// A disk as a pod names it.
    ///
    /// @param name of the pod's volume
    /// @param serial by which the guest finds it
    /// @param bytes at least so large
    /// @param used whether it holds data, so that none may be made in its place
    /// @param group that may write all of it; null for nobody in particular
    public record Disk(String name, String serial, Path file, long bytes, boolean readOnly, boolean used, SandboxRecord.@Nullable Group group) {}

    /// Whether a pod has any.
    public static boolean named(Map<String, String> annotations) {
        return annotations.keySet().stream().anyMatch(name -> name.startsWith(ANNOTATION));
    }

    /// The disks that a pod names, in an order that stays.
    ///
    /// @throws HyperdException when an annotation is wrong
    public List<Disk> of(Map<String, String> annotations) {
        List<Disk> disks = new ArrayList<>();
        new TreeMap<>(annotations).forEach((key, value) -> {
            if (key.startsWith(ANNOTATION)) {
                disks.add(disk(key.substring(ANNOTATION.length()), "pv-" + disks.size(), value));
            }
        });
        if (disks.size() > MachineSpec.MOST_VOLUMES) {
            throw HyperdException.invalid("The pod names " + disks.size() + " disks; a machine has at most " + MachineSpec.MOST_VOLUMES + ".");
        }
        return List.copyOf(disks);
    }

    /// One of them.
    public Disk get(Map<String, String> annotations, String name) {
        return of(annotations).stream()
                .filter(disk -> disk.name().equals(name))
                .findFirst()
                .orElseThrow(() -> HyperdException.invalid("A container mounts the disk " + name + ", which its pod does not name."));
    }

    /// The disks of a pod for its machine: each is there, has a file system and its size when this returns.
    public List<MachineSpec.Volume> ready(Map<String, String> annotations) {
        List<MachineSpec.Volume> volumes = new ArrayList<>();
        for (Disk disk : of(annotations)) {
            boolean made = make(disk);
            // Whoever mounts a new disk, or one that was not unmounted, has to write to it.
            boolean readOnly = disk.readOnly() && !made && !Ext4Disk.needsRecovery(disk.file());
            volumes.add(new MachineSpec.Volume(disk.serial(), disk.file(), readOnly));
        }
        return volumes;
    }

    /// Makes the file of a disk larger that a machine runs with, which has to be told; it never becomes smaller.
    ///
    /// @param bytes at least so large
    /// @return its size from now on
    /// @throws HyperdException when the disk is not there, can only be read, or would be larger than all that the node has
    public synchronized long grow(Disk disk, long bytes) {
        Path file = disk.file();
        if (bytes < 1 || bytes > MOST_BYTES) {
            throw HyperdException.invalid("The volume " + disk.name() + " cannot have " + bytes + " bytes.");
        }
        if (disk.readOnly()) {
            throw new HyperdException(HyperdException.Kind.WRONG_STATE, "The volume " + disk.name()
                    + " can only be read by this pod; it grows when a pod starts that may write to it.");
        }
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            throw HyperdException.notFound("The disk " + file + " of volume " + disk.name() + " is not on this node.");
        }
        try {
            long size = Math.max(Files.size(file), rounded(bytes));
            requireRoom(disk, size, file);
            Ext4Disk.grow(file, size);
            return size;
        } catch (IOException failure) {
            throw new HyperdException(HyperdException.Kind.UNAVAILABLE, "The disk " + file + " could not be looked at: " + failure + ".", failure);
        }
    }

    /// What the disks that a pod may write to take on the host's, by their files as they are named, in bytes.
    public Map<String, Long> usedBytes(Map<String, String> annotations) {
        Map<String, Long> used = new TreeMap<>();
        for (Disk disk : of(annotations)) {
            if (!disk.readOnly()) {
                used.put(folder.relativize(disk.file()).toString(), Ext4Disk.usedBytes(disk.file()));
            }
        }
        return used;
    }

    private static void requireRoom(Disk disk, long bytes, Path near) throws IOException {
        long room = Files.getFileStore(near).getTotalSpace();
        if (bytes > room) {
            throw new HyperdException(HyperdException.Kind.EXHAUSTED, "The volume " + disk.name() + " wants a disk of " + bytes
                    + " bytes, which is more than this node has in all (" + room + ").");
        }
    }

    private static long rounded(long bytes) {
        return (Math.max(LEAST_BYTES, bytes) + BLOCK - 1) / BLOCK * BLOCK;
    }

    // One at a time: two pods may name the same new disk.
    private synchronized boolean make(Disk disk) {
        Path file = disk.file();
        if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            Ext4Disk.grow(file, disk.bytes());
            return false;
        }
        Path parent = file.getParent();
        if (parent == null || Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            throw HyperdException.invalid("The disk " + file + " of volume " + disk.name() + " is no ordinary file.");
        }
        if (disk.used()) {
            throw new HyperdException(HyperdException.Kind.NOT_FOUND, "The disk " + file + " of volume " + disk.name()
                    + ", which pods have used before, is not on this node any more. Bring the file back, or delete the claim and its volume to begin anew.");
        }
        try {
            if (!Files.isDirectory(parent)) {
                Files.createDirectories(parent);
                Descriptors.syncFolder(folder);
            }
            requireRoom(disk, disk.bytes(), parent);
        } catch (IOException failure) {
            throw new HyperdException(HyperdException.Kind.UNAVAILABLE, "The folder of the disk " + file + " could not be made: " + failure + ".", failure);
        }
        Ext4Disk.make(file, disk.bytes());
        return true;
    }

    private Disk disk(String name, String serial, String setting) {
        try {
            JsonNode tree = JSON.readTree(setting);
            String file = tree.path("file").asString("");
            long bytes = tree.path("bytes").asLong(0);
            if (!FILE.matcher(file).matches() || bytes < 1 || bytes > MOST_BYTES) {
                throw HyperdException.invalid("The annotation " + ANNOTATION + name + " = " + setting
                        + " names no file below the folder of disks, or a size that no disk has.");
            }
            long group = tree.path("group").asLong(0);
            return new Disk(
                    name,
                    serial,
                    folder.resolve(file),
                    rounded(bytes),
                    tree.path("readOnly").asBoolean(false),
                    tree.path("used").asBoolean(false),
                    group == 0 ? null : new SandboxRecord.Group((int) group, tree.path("keepGroup").asBoolean(false)));
        } catch (JacksonException wrong) {
            throw HyperdException.invalid("The annotation " + ANNOTATION + name + " = " + setting + " is no JSON: " + wrong.getOriginalMessage());
        }
    }
}
