package io.hypernetes.hyperd.docker;

import io.hypernetes.guest.MountSpec;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hyperd.volume.Ext4Disk;
import io.hypernetes.hypervisor.MachineSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The volumes of the Docker face: a record each, a disk each as soon as a container has started with it, which containers name it, and which
/// machines have it now.
///
/// **One writer.** A disk is given to one machine that writes, or to many that read. Here that is refused with the other container's name; what
/// holds it in truth is the hypervisor's lock, which survives this process.
///
/// Safe for use by many threads.
final class DockerVolumes {
    private static final Logger LOG = LoggerFactory.getLogger(DockerVolumes.class);
    private static final String SUFFIX = ".disk";
    private static final Pattern SIZE = Pattern.compile("([1-9][0-9]{0,11})([kmgtKMGT]?)[bB]?");
    private static final long LEAST_BYTES = 16L << 20;
    private static final long MOST_BYTES = 16L << 40;

    private final DockerJournal journal;
    private final DockerEvents events;
    private final Path folder;
    private final Clock clock;
    private final SecureRandom random = new SecureRandom();

    // Guarded by this.
    private final Map<String, VolumeRecord> volumes = new TreeMap<>();
    private final Map<String, Set<String>> users = new HashMap<>();
    private final Map<String, Map<String, Attached>> attached = new HashMap<>();

    /// @param container the name of the container whose machine has it
    private record Attached(String container, boolean readOnly) {}

    /// Takes up what an earlier process left; what is no volume's goes.
    ///
    /// @param folder for the disks
    DockerVolumes(DockerJournal journal, DockerEvents events, Path folder, Clock clock) {
        this.journal = journal;
        this.events = events;
        this.folder = folder;
        this.clock = clock;
        journal.volumes().forEach(volume -> volumes.put(volume.name(), volume));
        try (var files = Files.list(folder)) {
            for (Path file : files.toList()) {
                String name = String.valueOf(file.getFileName());
                if (!name.endsWith(SUFFIX) || !volumes.containsKey(name.substring(0, name.length() - SUFFIX.length()))) {
                    LOG.warn("event=leak-removed what=volume-disk file={}", file);
                    Files.delete(file);
                }
            }
        } catch (IOException failure) {
            throw new java.io.UncheckedIOException("looking through the disks of volumes in " + folder, failure);
        }
    }

    Path file(String name) {
        return folder.resolve(name + SUFFIX);
    }

    synchronized List<VolumeRecord> list() {
        return List.copyOf(volumes.values());
    }

    /// @throws DockerFailure 404 when there is none
    synchronized VolumeRecord get(String name) {
        VolumeRecord volume = volumes.get(name);
        if (volume == null) {
            throw new DockerFailure(404, "get " + name + ": no such volume");
        }
        return volume;
    }

    /// The containers that name it, running or not.
    synchronized Set<String> users(String name) {
        return Set.copyOf(users.getOrDefault(name, Set.of()));
    }

    /// Makes a volume; the one that is there when it is there.
    ///
    /// @param asked its name; empty for one of the engine's choice
    /// @param options `size` alone: as `20g`
    synchronized VolumeRecord create(String asked, Map<String, String> labels, Map<String, String> options, boolean anonymous) {
        String name = asked;
        if (name.isEmpty()) {
            byte[] bytes = new byte[32];
            random.nextBytes(bytes);
            name = HexFormat.of().formatHex(bytes);
        }
        VolumeRecord there = volumes.get(VolumeWishes.checked(name));
        if (there != null) {
            return there;
        }
        VolumeRecord made = new VolumeRecord(name, now(), labels, options, bytes(options), anonymous, false);
        journal.write(made);
        volumes.put(name, made);
        tell("create", name, Map.of());
        return made;
    }

    private static long bytes(Map<String, String> options) {
        for (String option : options.keySet()) {
            if (!option.equals("size")) {
                throw DockerFailure.later("volume option " + option + " cannot be had: a volume is a disk of the engine's; there is size=, as in -o size=20g");
            }
        }
        String size = options.getOrDefault("size", "");
        if (size.isEmpty()) {
            return Ext4Disk.ORDINARY_BYTES;
        }
        Matcher parts = SIZE.matcher(size);
        long bytes = 0;
        if (parts.matches()) {
            int shift = parts.group(2).isEmpty() ? 0 : 10 * ("kmgt".indexOf(Character.toLowerCase(parts.group(2).charAt(0))) + 1);
            long number = Long.parseLong(parts.group(1));
            bytes = number > MOST_BYTES >> shift ? 0 : number << shift;
        }
        if (bytes < LEAST_BYTES) {
            throw new DockerFailure(400, "invalid size: '" + size + "': a volume has 16m to 16t");
        }
        return bytes / 4096 * 4096;
    }

    /// Removes a volume that no container names.
    ///
    /// @throws DockerFailure 404 when there is none, 409 when containers name it
    synchronized void remove(String name) {
        get(name);
        Set<String> inUse = users(name);
        if (!inUse.isEmpty()) {
            throw new DockerFailure(409, "remove " + name + ": volume is in use - [" + String.join(", ", inUse) + "]");
        }
        // Without its record the disk is found and removed by the next start.
        journal.removeVolume(name);
        volumes.remove(name);
        try {
            Files.deleteIfExists(file(name));
        } catch (IOException failure) {
            throw new DockerFailure(500, "removing the disk of volume " + name + ": " + failure);
        }
        tell("destroy", name, Map.of());
    }

    /// What a container that is being made has taken.
    ///
    /// @param made of the mounts those of anonymous volumes, which are its own and go with it when it is not made after all
    record Taken(List<VolumeMount> mounts, List<VolumeMount> made) {
        static final Taken NOTHING = new Taken(List.of(), List.of());

        Taken {
            mounts = List.copyOf(mounts);
            made = List.copyOf(made);
        }
    }

    /// For a container that is being made: volumes that are not there are made, and from now on the container names them all.
    synchronized Taken taken(String container, List<VolumeWishes.Asked> asked) {
        List<VolumeMount> mounts = new ArrayList<>();
        List<VolumeMount> made = new ArrayList<>();
        try {
            for (VolumeWishes.Asked wish : asked) {
                boolean anonymous = wish.mount().volume().isEmpty();
                VolumeRecord volume = create(wish.mount().volume(), wish.labels(), wish.options(), anonymous);
                VolumeMount mount = wish.mount().of(volume.name());
                mounts.add(mount);
                if (anonymous) {
                    made.add(mount);
                }
            }
            if (Set.copyOf(mounts.stream().map(VolumeMount::volume).toList()).size() > MachineSpec.MOST_VOLUMES) {
                throw new DockerFailure(400, "a container can have " + MachineSpec.MOST_VOLUMES + " volumes");
            }
            named(container, mounts);
            return new Taken(mounts, made);
        } catch (RuntimeException failure) {
            try {
                givenBack(container, new Taken(mounts, made));
            } catch (RuntimeException also) {
                failure.addSuppressed(also);
            }
            throw failure;
        }
    }

    /// The container was not made after all. An anonymous volume of another container's, which that left and this one named, stays.
    synchronized void givenBack(String container, Taken taken) {
        forgotten(container, taken.mounts(), false);
        forgotten(container, taken.made(), true);
    }

    /// A container of an earlier process names these.
    synchronized void named(String container, List<VolumeMount> mounts) {
        mounts.forEach(mount -> users.computeIfAbsent(mount.volume(), name -> new LinkedHashSet<>()).add(container));
    }

    /// A container goes.
    ///
    /// @param withAnonymous whether volumes that were made for it, and that no other container names, go too
    synchronized void forgotten(String container, List<VolumeMount> mounts, boolean withAnonymous) {
        for (VolumeMount mount : mounts) {
            Set<String> of = users.getOrDefault(mount.volume(), new LinkedHashSet<>());
            of.remove(container);
            VolumeRecord volume = volumes.get(mount.volume());
            if (of.isEmpty()) {
                users.remove(mount.volume());
                if (withAnonymous && volume != null && volume.anonymous()) {
                    remove(mount.volume());
                }
            }
        }
    }

    /// The disks for a machine of that container; each has a file system when this returns. [#release] gives them back.
    ///
    /// @throws DockerFailure 409 when another machine has one of them in a way that forbids this
    List<MachineSpec.Volume> attach(DockerRecord container) {
        List<MachineSpec.Volume> disks = new ArrayList<>();
        List<String> names = names(container.mounts());
        try {
            for (String name : names) {
                boolean readOnly = claim(container, name);
                Ext4Disk.make(file(name), get(name).bytes());
                disks.add(new MachineSpec.Volume(serial(names, name), file(name), readOnly));
            }
            return List.copyOf(disks);
        } catch (RuntimeException failure) {
            release(container);
            throw failure;
        }
    }

    private synchronized boolean claim(DockerRecord container, String name) {
        Map<String, Attached> others = attached.computeIfAbsent(name, none -> new LinkedHashMap<>());
        others.remove(container.id());
        boolean readOnly = isRead(container, name) && get(name).used();
        if (readOnly && others.isEmpty() && Ext4Disk.needsRecovery(file(name))) {
            readOnly = false;
        }
        for (Attached other : others.values()) {
            if (!readOnly || !other.readOnly()) {
                throw new DockerFailure(409, "volume " + name + " is in use by container " + other.container() + ", "
                        + (other.readOnly() ? "which reads it" : "which may write to it")
                        + ": a volume is a disk, given to one machine that writes or to many that only read. Stop that container first, or mount the volume with :ro in both");
            }
        }
        others.put(container.id(), new Attached(container.name(), readOnly));
        return readOnly;
    }

    private static boolean isRead(DockerRecord container, String name) {
        return container.mounts().stream().filter(mount -> mount.volume().equals(name)).allMatch(VolumeMount::readOnly);
    }

    /// A machine of an earlier process has the disks of that container.
    synchronized void adopted(DockerRecord container) {
        for (String name : names(container.mounts())) {
            attached.computeIfAbsent(name, none -> new LinkedHashMap<>()).put(container.id(), new Attached(container.name(), isRead(container, name)));
        }
    }

    /// Its first program runs: what volumes take from the image is in them.
    synchronized void started(DockerRecord container) {
        for (String name : names(container.mounts())) {
            VolumeRecord volume = get(name);
            if (!volume.used()) {
                journal.write(volume.withUse());
                volumes.put(name, volume.withUse());
            }
        }
        container.mounts().forEach(mount -> tell("mount", mount.volume(), Map.of(
                "container", container.id(), "destination", mount.destination(), "read/write", Boolean.toString(!mount.readOnly()))));
    }

    /// Its machine has ended. Idempotent.
    synchronized void release(DockerRecord container) {
        for (String name : names(container.mounts())) {
            Map<String, Attached> machines = attached.getOrDefault(name, new HashMap<>());
            if (machines.remove(container.id()) != null) {
                tell("unmount", name, Map.of("container", container.id()));
            }
            if (machines.isEmpty()) {
                attached.remove(name);
            }
        }
    }

    /// The volumes as the guest declares them.
    static Map<String, SandboxRecord.Volume> declared(List<MachineSpec.Volume> disks) {
        Map<String, SandboxRecord.Volume> declared = new LinkedHashMap<>();
        disks.forEach(disk -> declared.put(disk.serial(), new SandboxRecord.Volume(SandboxRecord.VolumeKind.DISK, disk.file().toString(), 0)));
        return declared;
    }

    /// The mounts as the guest makes them.
    static List<MountSpec> specs(List<VolumeMount> mounts) {
        List<String> names = names(mounts);
        List<MountSpec> specs = new ArrayList<>();
        // A volume that is mounted twice takes its content from the first place that may give it one.
        Set<String> seeded = new LinkedHashSet<>();
        for (VolumeMount mount : mounts) {
            boolean seed = mount.copy() && seeded.add(mount.volume());
            specs.add(new MountSpec.Volume(mount.destination(), serial(names, mount.volume()), Ext4Disk.CONTENT, mount.readOnly(), false, seed));
        }
        specs.sort(Comparator.comparing(MountSpec::destination));
        return specs;
    }

    private static List<String> names(List<VolumeMount> mounts) {
        return mounts.stream().map(VolumeMount::volume).distinct().toList();
    }

    private static String serial(List<String> names, String name) {
        return "vol-" + names.indexOf(name);
    }

    private long now() {
        Instant now = Instant.now(clock);
        return now.getEpochSecond() * 1_000_000_000L + now.getNano();
    }

    private void tell(String action, String name, Map<String, String> more) {
        Map<String, String> attributes = new HashMap<>(more);
        attributes.put("driver", "local");
        events.publish(new DockerEvents.Event("volume", action, name, Map.copyOf(attributes), now()));
    }
}
