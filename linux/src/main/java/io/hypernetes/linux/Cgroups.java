package io.hypernetes.linux;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/// The host's control groups, version 1 or 2, whichever has the memory, cpu and pids controllers. A group is named by a path relative to
/// the mount points, the same in every hierarchy. Stateless after discovery and safe for use by many threads.
public final class Cgroups {
    private static final List<String> WANTED = List.of("memory", "cpu", "pids");
    /// A process that had much memory takes a while to end where many end at once.
    private static final Duration UNTIL_EMPTY = Duration.ofSeconds(10);
    private static final long LOOK_AGAIN_NANOS = 1_000_000;
    private static final long MIB = 1 << 20;
    private static final long CPU_PERIOD_MICROS = 100_000;

    private final boolean unified;
    /// Controller to mount point; all the same for version 2.
    private final Map<String, Path> mounts;

    private Cgroups(boolean unified, Map<String, Path> mounts) {
        this.unified = unified;
        this.mounts = mounts;
    }

    /// Looks at what is mounted.
    public static Cgroups discover() {
        try {
            return read(Files.readString(Path.of("/proc/self/mounts")), Path.of("/"));
        } catch (IOException failure) {
            throw new UncheckedIOException("looking for mounted cgroups", failure);
        }
    }

    static Cgroups read(String mountTable, Path root) throws IOException {
        Map<String, Path> first = new TreeMap<>();
        for (String line : mountTable.lines().toList()) {
            String[] fields = line.split(" ");
            Path mount = root.resolve(fields[1].substring(1));
            if (fields[2].equals("cgroup2")) {
                Set<String> offered = new HashSet<>(
                        List.of(Files.readString(mount.resolve("cgroup.controllers")).strip().split(" ")));
                if (offered.contains("memory")) {
                    Map<String, Path> second = new TreeMap<>();
                    WANTED.stream().filter(offered::contains).forEach(c -> second.put(c, mount));
                    return new Cgroups(true, second);
                }
            } else if (fields[2].equals("cgroup")) {
                Set<String> options = Set.of(fields[3].split(","));
                WANTED.stream().filter(options::contains).forEach(c -> first.putIfAbsent(c, mount));
            }
        }
        return new Cgroups(false, first);
    }

    /// For `doctor`: the version and the controllers found.
    public String description() {
        return (unified ? "cgroup v2" : "cgroup v1") + " with " + (mounts.isEmpty() ? "no controllers" : String.join(", ", mounts.keySet()));
    }

    /// Makes the group and those above it.
    ///
    /// @return its folders, one in each hierarchy: a process joins by writing `0` to `cgroup.procs` in each
    public List<Path> create(String group) {
        try {
            for (Path mount : Set.copyOf(mounts.values())) {
                Path folder = mount;
                for (Path part : Path.of(group)) {
                    if (unified) {
                        delegate(folder);
                    }
                    folder = folder.resolve(part);
                    if (!Files.isDirectory(folder)) {
                        Files.createDirectories(folder);
                    }
                }
            }
        } catch (IOException failure) {
            throw new UncheckedIOException("making cgroup " + group + " (needs root, or delegation): " + failure, failure);
        }
        return folders(group);
    }

    private void delegate(Path folder) throws IOException {
        Path control = folder.resolve("cgroup.subtree_control");
        String has = Files.readString(control);
        List<String> missing = new ArrayList<>();
        mounts.keySet().stream().filter(c -> !List.of(has.strip().split(" ")).contains(c)).forEach(c -> missing.add("+" + c));
        if (!missing.isEmpty()) {
            Files.writeString(control, String.join(" ", missing));
        }
    }

    /// The folders of a group that exist.
    public List<Path> folders(String group) {
        return mounts.values().stream().distinct().map(m -> m.resolve(group)).filter(Files::isDirectory).toList();
    }

    /// Limits memory and swap of all processes in the group together.
    public void limitMemory(String group, int memoryMib) {
        Path mount = mounts.get("memory");
        if (mount == null) {
            return;
        }
        write(mount.resolve(group).resolve(unified ? "memory.max" : "memory.limit_in_bytes"), Long.toString(memoryMib * MIB), "limiting memory");
    }

    /// Limits how many processes and threads the group may have.
    public void limitPids(String group, int most) {
        Path mount = mounts.get("pids");
        if (mount != null) {
            write(mount.resolve(group).resolve("pids.max"), Integer.toString(most), "limiting processes");
        }
    }

    /// Limits the processor time of all processes in the group together.
    ///
    /// @param processors how many processors' worth, at least 1
    public void limitCpu(String group, int processors) {
        Path mount = mounts.get("cpu");
        if (mount == null) {
            return;
        }
        Path folder = mount.resolve(group);
        long quota = processors * CPU_PERIOD_MICROS;
        if (unified) {
            write(folder.resolve("cpu.max"), quota + " " + CPU_PERIOD_MICROS, "limiting processor time");
        } else {
            write(folder.resolve("cpu.cfs_period_us"), Long.toString(CPU_PERIOD_MICROS), "limiting processor time");
            write(folder.resolve("cpu.cfs_quota_us"), Long.toString(quota), "limiting processor time");
        }
    }

    private static void write(Path file, String value, String what) {
        try {
            Files.writeString(file, value);
        } catch (IOException failure) {
            throw new UncheckedIOException(what + " by " + file + ": " + failure, failure);
        }
    }

    /// The processes in the group now.
    public Set<Long> processes(String group) {
        Set<Long> pids = new HashSet<>();
        for (Path folder : folders(group)) {
            try {
                Files.readAllLines(folder.resolve("cgroup.procs")).forEach(line -> pids.add(Long.parseLong(line)));
            } catch (NoSuchFileException gone) {
                continue;
            } catch (IOException failure) {
                if (Files.isDirectory(folder)) {
                    throw new UncheckedIOException("reading the processes of cgroup " + group, failure);
                }
            }
        }
        return pids;
    }

    /// The names of the groups directly below a group; none when there is no such group.
    public Set<String> below(String group) {
        Set<String> names = new TreeSet<>();
        for (Path folder : folders(group)) {
            try (Stream<Path> entries = Files.list(folder)) {
                entries.filter(Files::isDirectory).forEach(entry -> names.add(String.valueOf(entry.getFileName())));
            } catch (NoSuchFileException gone) {
                continue;
            } catch (IOException failure) {
                throw new UncheckedIOException("listing the cgroups below " + group, failure);
            }
        }
        return names;
    }

    /// Kills every process in the group, also those that the former ones started meanwhile, and waits for their end, for ten seconds at most.
    public void killAll(String group) throws InterruptedException {
        long deadline = System.nanoTime() + UNTIL_EMPTY.toNanos();
        for (Set<Long> pids = processes(group); !pids.isEmpty() && System.nanoTime() < deadline; pids = processes(group)) {
            List<HostProcess> all = new ArrayList<>();
            try {
                for (long pid : pids) {
                    HostProcess.find(pid).ifPresent(all::add);
                }
                all.forEach(process -> process.signal(HostProcess.SIGKILL));
                for (HostProcess process : all) {
                    process.awaitExit(Duration.ofNanos(Math.max(0, deadline - System.nanoTime())));
                }
            } finally {
                all.forEach(HostProcess::close);
            }
            // One that has ended may still be listed for a moment.
            LockSupport.parkNanos(LOOK_AGAIN_NANOS);
        }
    }

    /// Removes a group whose processes have been told to end; nothing happens when there is none.
    public void remove(String group) {
        for (Path folder : folders(group)) {
            remove(folder, System.nanoTime() + UNTIL_EMPTY.toNanos());
        }
    }

    /// Removes the group if it holds no processes and no other groups.
    public void removeIfUnused(String group) {
        for (Path folder : folders(group)) {
            try {
                Files.deleteIfExists(folder);
            } catch (IOException inUse) {
                continue;
            }
        }
    }

    private static void remove(Path folder, long deadline) {
        while (true) {
            try {
                Files.deleteIfExists(folder);
                return;
            } catch (DirectoryNotEmptyException nested) {
                throw new UncheckedIOException("removing cgroup " + folder + ": it has groups below it", nested);
            } catch (IOException busy) {
                if (System.nanoTime() > deadline) {
                    throw new UncheckedIOException("removing cgroup " + folder + ": processes are still in it", busy);
                }
                // A process that has ended leaves its group a moment later, and version 1 tells nobody when.
                LockSupport.parkNanos(LOOK_AGAIN_NANOS);
            }
        }
    }
}
