package io.hypernetes.hyperd.cri;

import io.hypernetes.cri.v1.ContainerAttributes;
import io.hypernetes.cri.v1.ContainerStats;
import io.hypernetes.cri.v1.CpuUsage;
import io.hypernetes.cri.v1.FilesystemIdentifier;
import io.hypernetes.cri.v1.FilesystemUsage;
import io.hypernetes.cri.v1.LinuxPodSandboxStats;
import io.hypernetes.cri.v1.MemoryUsage;
import io.hypernetes.cri.v1.NetworkInterfaceUsage;
import io.hypernetes.cri.v1.NetworkUsage;
import io.hypernetes.cri.v1.PodSandboxAttributes;
import io.hypernetes.cri.v1.PodSandboxStats;
import io.hypernetes.cri.v1.ProcessUsage;
import io.hypernetes.cri.v1.UInt64Value;
import io.hypernetes.guest.GuestStats;
import io.hypernetes.hyperd.container.Container;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hyperd.sandbox.Sandbox;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Usage as CRI shows it, asked of the guests. The rate of processor use is that between two calls. Safe for use by many threads.
final class StatsViews {
    private static final Duration ANSWER = Duration.ofSeconds(5);
    private static final int MOST_SAMPLES = 10_000;
    private static final long NANOS = 1_000_000_000L;

    private final String scratchFolder;
    private final Map<String, Sample> samples = new ConcurrentHashMap<>();

    private record Sample(long atNanos, long cpuNanos, long nanoCores) {}

    StatsViews(String scratchFolder) {
        this.scratchFolder = scratchFolder;
    }

    /// Stats of a sandbox's running containers.
    List<ContainerStats> containers(Sandbox sandbox, Predicate<Container> wanted) {
        GuestStats stats = sandbox.guest().stats(ANSWER);
        return containers(sandbox, stats, wanted);
    }

    PodSandboxStats sandbox(Sandbox sandbox) {
        GuestStats stats = sandbox.guest().stats(ANSWER);
        SandboxRecord record = sandbox.record();
        long at = stats.takenNanos();
        GuestStats.Usage usage = stats.pod().usage();
        NetworkUsage.Builder network = NetworkUsage.newBuilder().setTimestamp(at);
        for (GuestStats.Interface device : stats.pod().interfaces()) {
            NetworkInterfaceUsage counters = NetworkInterfaceUsage.newBuilder()
                    .setName(device.name())
                    .setRxBytes(number(device.rxBytes()))
                    .setRxErrors(number(device.rxErrors()))
                    .setTxBytes(number(device.txBytes()))
                    .setTxErrors(number(device.txErrors()))
                    .build();
            if (device.name().equals("eth0")) {
                network.setDefaultInterface(counters);
            } else {
                network.addInterfaces(counters);
            }
        }
        return PodSandboxStats.newBuilder()
                .setAttributes(PodSandboxAttributes.newBuilder()
                        .setId(record.id())
                        .setMetadata(Views.metadata(record))
                        .putAllLabels(record.identity().labels())
                        .putAllAnnotations(record.identity().annotations()))
                .setLinux(LinuxPodSandboxStats.newBuilder()
                        .setCpu(cpu(record.id(), at, usage.cpuNanos()))
                        .setMemory(memory(at, usage, stats.pod().memoryAvailableBytes()))
                        .setNetwork(network)
                        .setProcess(ProcessUsage.newBuilder().setTimestamp(at).setProcessCount(number(usage.pids())))
                        .addAllContainers(containers(sandbox, stats, container -> true)))
                .build();
    }

    private List<ContainerStats> containers(Sandbox sandbox, GuestStats stats, Predicate<Container> wanted) {
        List<ContainerStats> all = new ArrayList<>();
        for (Container container : sandbox.containers()) {
            GuestStats.Usage usage = stats.containers().get(container.id());
            if (wanted.test(container) && container.record().state() != ContainerRecord.State.EXITED) {
                all.add(container(container.record(), stats.takenNanos(), usage));
            }
        }
        return all;
    }

    private ContainerStats container(ContainerRecord record, long at, GuestStats.@Nullable Usage usage) {
        ContainerStats.Builder stats = ContainerStats.newBuilder()
                .setAttributes(ContainerAttributes.newBuilder()
                        .setId(record.id())
                        .setMetadata(Views.metadata(record))
                        .putAllLabels(record.identity().labels())
                        .putAllAnnotations(record.identity().annotations()));
        if (usage == null) {
            return stats.build();
        }
        long limit = record.resources().memoryBytes();
        return stats.setCpu(cpu(record.id(), at, usage.cpuNanos()))
                .setMemory(memory(at, usage, limit > 0 ? Math.max(0, limit - usage.workingSetBytes()) : 0))
                .setWritableLayer(FilesystemUsage.newBuilder()
                        .setTimestamp(at)
                        .setFsId(FilesystemIdentifier.newBuilder().setMountpoint(scratchFolder))
                        .setUsedBytes(number(usage.writableBytes()))
                        .setInodesUsed(number(usage.writableInodes())))
                .build();
    }

    private CpuUsage cpu(String id, long at, long cpuNanos) {
        Sample before = samples.get(id);
        long rate = before == null ? 0 : before.nanoCores();
        if (before != null && at > before.atNanos() && cpuNanos >= before.cpuNanos()) {
            rate = (long) ((double) (cpuNanos - before.cpuNanos()) * NANOS / (at - before.atNanos()));
        }
        if (samples.size() > MOST_SAMPLES) {
            // Only rates of the past are lost; they come again with the next call.
            samples.clear();
        }
        samples.put(id, new Sample(at, cpuNanos, rate));
        return CpuUsage.newBuilder()
                .setTimestamp(at)
                .setUsageCoreNanoSeconds(number(cpuNanos))
                .setUsageNanoCores(number(rate))
                .build();
    }

    private static MemoryUsage memory(long at, GuestStats.Usage usage, long available) {
        return MemoryUsage.newBuilder()
                .setTimestamp(at)
                .setWorkingSetBytes(number(usage.workingSetBytes()))
                .setAvailableBytes(number(available))
                .setUsageBytes(number(usage.memoryBytes()))
                .setRssBytes(number(usage.rssBytes()))
                .setPageFaults(number(usage.pageFaults()))
                .setMajorPageFaults(number(usage.majorPageFaults()))
                .build();
    }

    private static UInt64Value number(long value) {
        return UInt64Value.newBuilder().setValue(value).build();
    }
}
