package io.hypernetes.kubelet.node;

import io.fabric8.kubernetes.api.model.NodeSystemInfo;
import io.fabric8.kubernetes.api.model.NodeSystemInfoBuilder;
import io.hypernetes.kubelet.KubeletSettings;
import io.hypernetes.kubelet.eviction.Signals;
import io.hypernetes.objects.KubernetesVersion;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// What the kubelet reads about its machine.
class HostFacts implements Signals {
    private static final Path MEMINFO = Path.of("/proc/meminfo");

    private final KubeletSettings settings;

    HostFacts(KubeletSettings settings) {
        this.settings = settings;
    }

    int cpus() {
        return Runtime.getRuntime().availableProcessors();
    }

    long memoryBytes() {
        return meminfo("MemTotal:");
    }

    @Override
    public long availableMemoryBytes() {
        return meminfo("MemAvailable:");
    }

    @Override
    public long diskBytes() {
        try {
            return store().getTotalSpace();
        } catch (IOException unknown) {
            return 0;
        }
    }

    /// 0 to 1; 1 when it cannot be told, so that no pressure is invented.
    @Override
    public double diskFree() {
        try {
            FileStore store = store();
            return store.getTotalSpace() <= 0 ? 1 : (double) store.getUsableSpace() / store.getTotalSpace();
        } catch (IOException unknown) {
            return 1;
        }
    }

    /// Threads alive on this machine, as a share of the most there may be.
    double threadsUsed() {
        String[] load = read(Path.of("/proc/loadavg")).split("[ /]");
        String most = read(Path.of("/proc/sys/kernel/pid_max"));
        try {
            return load.length < 5 ? 0 : Double.parseDouble(load[4]) / Long.parseLong(most);
        } catch (NumberFormatException unknown) {
            return 0;
        }
    }

    NodeSystemInfo systemInfo(String runtimeVersion) {
        return new NodeSystemInfoBuilder()
                .withArchitecture(System.getProperty("os.arch", "amd64").replace("x86_64", "amd64"))
                .withOperatingSystem("linux")
                .withKernelVersion(read(Path.of("/proc/sys/kernel/osrelease")))
                .withOsImage(osImage())
                .withContainerRuntimeVersion(runtimeVersion)
                .withKubeletVersion(KubernetesVersion.GIT_VERSION)
                .withKubeProxyVersion("")
                .withMachineID(read(Path.of("/etc/machine-id")))
                .withSystemUUID(read(Path.of("/sys/class/dmi/id/product_uuid")))
                .withBootID(read(Path.of("/proc/sys/kernel/random/boot_id")))
                .build();
    }

    private static String osImage() {
        return lines(Path.of("/etc/os-release")).stream()
                .filter(line -> line.startsWith("PRETTY_NAME="))
                .map(line -> line.substring("PRETTY_NAME=".length()).replace("\"", ""))
                .findFirst().orElse("Linux");
    }

    private FileStore store() throws IOException {
        Path folder = settings.stateFolder();
        Files.createDirectories(folder);
        return Files.getFileStore(folder);
    }

    private static long meminfo(String field) {
        return lines(MEMINFO).stream()
                .filter(line -> line.startsWith(field))
                .map(line -> line.substring(field.length()).strip().split(" ")[0])
                .mapToLong(kib -> Long.parseLong(kib) * 1024)
                .findFirst().orElse(0);
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException absent) {
            return List.of();
        }
    }

    /// Empty when it cannot be read: such facts are nice to have.
    private static String read(Path file) {
        List<String> lines = lines(file);
        return lines.isEmpty() ? "" : lines.getFirst().strip();
    }
}
