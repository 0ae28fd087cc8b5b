package io.hypernetes.hypervisor.qemu;

import io.hypernetes.linux.HostProcess;
import io.hypernetes.linux.Spawn;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// Starts QEMU through the jailer: what it may see, who it is.
final class Jail {
    /// QEMU's firmware and libraries. Links among them (as /lib) stay links.
    private static final List<String> SHOWN = List.of(
            "/usr/lib", "/usr/lib64", "/usr/share/qemu", "/usr/share/seabios", "/lib", "/lib64", "/etc/ld.so.cache", "/dev/null", "/dev/urandom");

    private static final int MOST_DESCRIPTORS = 4096;
    /// Killed before the host's own services when memory runs out.
    private static final int OOM_SCORE = 500;

    private final Path jailer;
    private final Path qemu;
    private final boolean kvm;

    Jail(QemuSettings settings, boolean kvm) {
        this.jailer = settings.jailer();
        this.qemu = settings.qemu();
        this.kvm = kvm;
    }

    /// A process that puts its own forks into jails: it sees its threads and descriptors, and is begun with the fork server in it.
    ///
    /// @param descriptors as of [#start]; that behind QEMU's own is the fork server's
    HostProcess startForking(List<String> command, List<Path> shown, Path root, List<Path> cgroups, List<Integer> descriptors) {
        List<Path> all = new ArrayList<>(shown);
        all.addAll(List.of(forkServer(), Path.of("/proc/self/fd"), Path.of("/proc/self/task")));
        List<String> line = begin(all, root, cgroups, descriptors.size());
        option(line, "--preload", forkServer());
        option(line, "--forks", 1);
        line.add("--");
        line.addAll(command);
        return Spawn.of(line).withEnvironment(Map.of()).withDescriptors(descriptors).start();
    }

    /// Whether processes can be forked; not with KVM, whose machines belong to one process.
    boolean canFork() {
        return !kvm && Files.isRegularFile(forkServer());
    }

    private Path forkServer() {
        return jailer.resolveSibling("forkserver.so");
    }

    /// @param shown files of the host that this process sees beside QEMU's own
    /// @param root an empty folder
    /// @param descriptors QEMU's, from 0 on
    HostProcess start(List<String> command, List<Path> shown, Path root, int uid, List<Path> cgroups, List<Integer> descriptors) {
        List<String> line = begin(shown, root, cgroups, descriptors.size());
        if (kvm) {
            option(line, "--show", "/dev/kvm");
            option(line, "--group", groupOf(Path.of("/dev/kvm")));
        }
        option(line, "--uid", uid);
        option(line, "--gid", uid);
        line.add("--");
        line.addAll(command);
        return Spawn.of(line).withEnvironment(Map.of()).withDescriptors(descriptors).startAmongItself();
    }

    private List<String> begin(List<Path> shown, Path root, List<Path> cgroups, int descriptors) {
        List<String> line = new ArrayList<>(List.of(jailer.toString()));
        option(line, "--descriptors", descriptors);
        cgroups.forEach(folder -> option(line, "--cgroup", folder));
        option(line, "--root", root);
        Stream.concat(Stream.concat(SHOWN.stream().map(Path::of), Stream.of(qemu)), shown.stream())
                .filter(path -> Files.exists(path, java.nio.file.LinkOption.NOFOLLOW_LINKS))
                .map(Path::toAbsolutePath)
                .distinct()
                .forEach(path -> option(line, "--show", path));
        option(line, "--files", MOST_DESCRIPTORS);
        option(line, "--oom", OOM_SCORE);
        return line;
    }

    private static void option(List<String> line, String name, Object value) {
        line.add(name);
        line.add(value.toString());
    }

    private static int groupOf(Path file) {
        try {
            return (Integer) Files.getAttribute(file, "unix:gid");
        } catch (IOException failure) {
            throw new UncheckedIOException("looking at " + file, failure);
        }
    }
}
