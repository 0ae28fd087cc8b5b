package io.hypernetes.hyperd.cri;

import io.hypernetes.cri.v1.Metric;
import io.hypernetes.cri.v1.MetricDescriptor;
import io.hypernetes.cri.v1.MetricType;
import io.hypernetes.cri.v1.UInt64Value;
import io.hypernetes.guest.GuestStats;
import io.hypernetes.hyperd.journal.ContainerRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;

/// The metrics that CRI tells of pods and containers: name, meaning, labels and value of each in one row, under the names by which
/// Kubernetes' dashboards know them. Seconds are whole ones, as CRI's values are.
final class MetricTable {
    /// Labels of every metric.
    private static final List<String> COMMON = List.of("id", "name", "container", "pod", "namespace", "image");

    private static final long NANOS = 1_000_000_000L;

    private MetricTable() {}

    /// What the metrics of one container are made from.
    ///
    /// @param nowSeconds since 1970
    record Subject(ContainerRecord record, GuestStats.Usage usage, GuestStats.Pod pod, long nowSeconds) {}

    /// @param extra a label beyond the common ones, `name=value`; empty for none. Rows of one name differ in its value
    private record Row<T>(String name, String help, MetricType type, String extra, ToLongFunction<T> value) {
        MetricDescriptor descriptor() {
            MetricDescriptor.Builder descriptor = MetricDescriptor.newBuilder().setName(name).setHelp(help).addAllLabelKeys(COMMON);
            if (!extra.isEmpty()) {
                for (String label : extra.split(",")) {
                    descriptor.addLabelKeys(label.substring(0, label.indexOf('=')));
                }
            }
            return descriptor.build();
        }

        Metric metric(T subject, List<String> labels, long atNanos) {
            Metric.Builder metric = Metric.newBuilder()
                    .setName(name)
                    .setTimestamp(atNanos)
                    .setMetricType(type)
                    .addAllLabelValues(labels)
                    .setValue(UInt64Value.newBuilder().setValue(Math.max(0, value.applyAsLong(subject))));
            if (!extra.isEmpty()) {
                for (String label : extra.split(",")) {
                    metric.addLabelValues(label.substring(label.indexOf('=') + 1));
                }
            }
            return metric.build();
        }
    }

    private static Row<Subject> counter(String name, String help, ToLongFunction<Subject> value) {
        return new Row<>(name, help, MetricType.COUNTER, "", value);
    }

    private static Row<Subject> gauge(String name, String help, ToLongFunction<Subject> value) {
        return new Row<>(name, help, MetricType.GAUGE, "", value);
    }

    private static Row<Subject> counter(String name, String help, String extra, ToLongFunction<Subject> value) {
        return new Row<>(name, help, MetricType.COUNTER, extra, value);
    }

    private static final String DEVICE = "device=scratch";

    private static final List<Row<Subject>> OF_CONTAINERS = List.of(
            new Row<>("container_blkio_device_usage_total", "Bytes read and written by device and operation.", MetricType.COUNTER,
                    "device=scratch,operation=Read", s -> s.usage().disk().readBytes()),
            new Row<>("container_blkio_device_usage_total", "Bytes read and written by device and operation.", MetricType.COUNTER,
                    "device=scratch,operation=Write", s -> s.usage().disk().writtenBytes()),
            counter("container_cpu_cfs_periods_total", "Periods of the processor limit in which it ran.", s -> s.usage().throttling().periods()),
            counter("container_cpu_cfs_throttled_periods_total", "Periods in which it had to wait.", s -> s.usage().throttling().throttledPeriods()),
            counter("container_cpu_cfs_throttled_seconds_total", "Seconds for which it had to wait.", s -> s.usage().throttling().throttledNanos() / NANOS),
            counter("container_cpu_system_seconds_total", "Processor seconds in the kernel.", s -> s.usage().details().systemNanos() / NANOS),
            counter("container_cpu_usage_seconds_total", "Processor seconds.", "cpu=total", s -> s.usage().cpuNanos() / NANOS),
            counter("container_cpu_user_seconds_total", "Processor seconds in programs.", s -> s.usage().details().userNanos() / NANOS),
            gauge("container_file_descriptors", "Open file descriptors.", s -> s.usage().details().descriptors()),
            new Row<>("container_fs_inodes_free", "Inodes free on the pod's disk.", MetricType.GAUGE, DEVICE, s -> inodes(s) - s.pod().usage().writableInodes()),
            new Row<>("container_fs_inodes_total", "Inodes of the pod's disk.", MetricType.GAUGE, DEVICE, MetricTable::inodes),
            new Row<>("container_fs_limit_bytes", "Size of the pod's disk.", MetricType.GAUGE, DEVICE, s -> s.pod().scratchCapacityBytes()),
            counter("container_fs_reads_bytes_total", "Bytes read from disks.", DEVICE, s -> s.usage().disk().readBytes()),
            counter("container_fs_reads_total", "Reads from disks.", DEVICE, s -> s.usage().disk().reads()),
            new Row<>("container_fs_usage_bytes", "Bytes of its writable layer.", MetricType.GAUGE, DEVICE, s -> s.usage().writableBytes()),
            counter("container_fs_writes_bytes_total", "Bytes written to disks.", DEVICE, s -> s.usage().disk().writtenBytes()),
            counter("container_fs_writes_total", "Writes to disks.", DEVICE, s -> s.usage().disk().writes()),
            gauge("container_last_seen", "When it was last seen, in seconds since 1970.", Subject::nowSeconds),
            gauge("container_memory_cache", "Bytes of page cache.", s -> s.usage().details().cacheBytes()),
            counter("container_memory_failcnt", "How often its memory limit was met.", s -> s.usage().details().limitHits()),
            counter("container_memory_failures_total", "Page faults.", "failure_type=pgfault,scope=container", s -> s.usage().pageFaults()),
            counter("container_memory_failures_total", "Page faults.", "failure_type=pgmajfault,scope=container", s -> s.usage().majorPageFaults()),
            gauge("container_memory_kernel_usage", "Bytes of the kernel on its behalf.", s -> s.usage().details().kernelBytes()),
            gauge("container_memory_mapped_file", "Bytes of mapped files.", s -> s.usage().details().mappedBytes()),
            gauge("container_memory_max_usage_bytes", "The most memory that was in use, in bytes.",
                    s -> Math.max(s.usage().details().peakBytes(), s.usage().memoryBytes())),
            gauge("container_memory_rss", "Bytes of anonymous memory.", s -> s.usage().rssBytes()),
            gauge("container_memory_swap", "Bytes swapped out.", s -> s.usage().details().swapBytes()),
            gauge("container_memory_usage_bytes", "Bytes of memory in use.", s -> s.usage().memoryBytes()),
            gauge("container_memory_working_set_bytes", "Bytes in use without inactive page cache.", s -> s.usage().workingSetBytes()),
            counter("container_oom_events_total", "Processes killed for want of memory.", s -> s.usage().oomKills()),
            gauge("container_processes", "Processes.", s -> s.usage().details().processes()),
            gauge("container_sockets", "Open sockets.", s -> s.usage().details().sockets()),
            gauge("container_spec_cpu_period", "Period of its processor limit, in microseconds.", s -> s.record().resources().cpuPeriodMicros()),
            gauge("container_spec_cpu_quota", "Microseconds of processor a period; 0 without limit.", s -> s.record().resources().cpuQuotaMicros()),
            gauge("container_spec_cpu_shares", "Its share of the processors.", s -> s.record().resources().cpuShares()),
            gauge("container_spec_memory_limit_bytes", "Its memory limit; 0 for none.", s -> s.record().resources().memoryBytes()),
            gauge("container_spec_memory_swap_limit_bytes", "Limit of memory and swap; there is no swap in a pod's machine.",
                    s -> s.record().resources().memoryBytes()),
            gauge("container_start_time_seconds", "When it was started, in seconds since 1970.", s -> s.record().startedNanos() / NANOS),
            gauge("container_threads", "Threads.", s -> s.usage().pids()),
            gauge("container_threads_max", "Its limit of threads; 0 for none.", s -> threads(s.record().resources())));

    private static final List<Row<GuestStats.Interface>> OF_PODS = List.of(
            ofPod("container_network_receive_bytes_total", "Bytes received.", GuestStats.Interface::rxBytes),
            ofPod("container_network_receive_errors_total", "Errors while receiving.", GuestStats.Interface::rxErrors),
            ofPod("container_network_receive_packets_dropped_total", "Packets dropped while receiving.", GuestStats.Interface::rxDropped),
            ofPod("container_network_receive_packets_total", "Packets received.", GuestStats.Interface::rxPackets),
            ofPod("container_network_transmit_bytes_total", "Bytes sent.", GuestStats.Interface::txBytes),
            ofPod("container_network_transmit_errors_total", "Errors while sending.", GuestStats.Interface::txErrors),
            ofPod("container_network_transmit_packets_dropped_total", "Packets dropped while sending.", GuestStats.Interface::txDropped),
            ofPod("container_network_transmit_packets_total", "Packets sent.", GuestStats.Interface::txPackets));

    private static Row<GuestStats.Interface> ofPod(String name, String help, ToLongFunction<GuestStats.Interface> value) {
        return new Row<>(name, help, MetricType.COUNTER, "interface=", value);
    }

    static List<MetricDescriptor> descriptors() {
        List<MetricDescriptor> all = new ArrayList<>();
        OF_CONTAINERS.forEach(row -> all.add(row.descriptor()));
        OF_PODS.forEach(row -> all.add(row.descriptor()));
        return all.stream().distinct().toList();
    }

    /// @param labels values of the common labels
    static List<Metric> of(Subject subject, List<String> labels, long atNanos) {
        return OF_CONTAINERS.stream().map(row -> row.metric(subject, labels, atNanos)).toList();
    }

    /// @param labels values of the common labels
    static List<Metric> of(GuestStats.Interface device, List<String> labels, long atNanos) {
        return OF_PODS.stream()
                .map(row -> new Row<>(row.name(), row.help(), row.type(), row.extra() + device.name(), row.value()).metric(device, labels, atNanos))
                .toList();
    }

    // The guest tells the bytes of the disk; mke2fs makes an inode for every 16 KiB.
    private static long inodes(Subject subject) {
        return Math.max(subject.pod().scratchCapacityBytes() / (16 << 10), subject.pod().usage().writableInodes());
    }

    private static long threads(ContainerRecord.Resources resources) {
        String most = resources.unified().getOrDefault("pids.max", "");
        return most.matches("[0-9]{1,10}") ? Long.parseLong(most) : 0;
    }
}
