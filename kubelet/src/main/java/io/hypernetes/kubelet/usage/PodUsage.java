package io.hypernetes.kubelet.usage;

import io.hypernetes.cri.v1.ContainerStats;
import io.hypernetes.cri.v1.PodSandboxStats;
import io.hypernetes.kubelet.cri.CriRuntime;
import io.hypernetes.kubelet.cri.Labels;
import io.hypernetes.kubelet.cri.ObservedContainer;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// What the pods of one tenant on this node use, as items of `metrics.k8s.io/v1beta1`. Guests are asked when somebody wants to know and
/// not otherwise, so an idle machine stays idle: the rate of processor use is that since the last time somebody asked (two seconds ago or
/// more), and the first time that since the containers began. Each answer says its window. Safe for use by many threads.
public final class PodUsage {
    private static final Duration SHORTEST_WINDOW = Duration.ofSeconds(2);
    /// An older reading would hide what happens now behind what happened then.
    private static final Duration LONGEST_WINDOW = Duration.ofMinutes(2);

    private final CriRuntime cri;
    private final InstantSource clock;
    private final Map<String, Readings> byTenant = new ConcurrentHashMap<>();

    private record Reading(Instant at, long cpuNanos) {}

    /// The readings of one moment by container id.
    private record Readings(Instant at, Map<String, Reading> byContainer) {}

    public PodUsage(CriRuntime cri, InstantSource clock) {
        this.cri = cri;
        this.clock = clock;
    }

    /// `{"items":[…]}` with a PodMetrics for each running pod of the tenant.
    ///
    /// @param started when each container began, by its id
    /// @throws io.hypernetes.kubelet.cri.CriException when the runtime does not answer
    public byte[] ofTenant(String tenant, Map<String, Instant> started) {
        List<PodSandboxStats> stats = cri.stats(Map.of(Labels.TENANT, tenant));
        Instant now = clock.instant();
        Readings before = byTenant.getOrDefault(tenant, new Readings(Instant.EPOCH, Map.of()));
        Map<String, Reading> fresh = new HashMap<>();
        ObjectNode answer = JsonMapper.shared().createObjectNode();
        ArrayNode items = answer.putArray("items");
        for (PodSandboxStats pod : stats) {
            List<ContainerStats> containers = pod.getLinux().getContainersList().stream().filter(ContainerStats::hasCpu).toList();
            if (containers.isEmpty()) {
                continue;
            }
            Map<String, String> labels = pod.getAttributes().getLabelsMap();
            ObjectNode item = items.addObject();
            item.putObject("metadata")
                    .put("name", labels.getOrDefault(Labels.POD_NAME, ""))
                    .put("namespace", labels.getOrDefault(Labels.POD_NAMESPACE, ""));
            List<Duration> windows = new ArrayList<>();
            ArrayNode shown = JsonMapper.shared().createArrayNode();
            for (ContainerStats container : containers) {
                String id = container.getAttributes().getId();
                Reading reading = new Reading(at(container, now), container.getCpu().getUsageCoreNanoSeconds().getValue());
                Reading start = start(before.byContainer.get(id), started.get(id), reading);
                fresh.put(id, reading);
                Duration window = Duration.between(start.at, reading.at);
                windows.add(window);
                shown.add(JsonMapper.shared().createObjectNode()
                        .put("name", container.getAttributes().getMetadata().getName())
                        .set("usage", usage(rate(start, reading), container.getMemory().getWorkingSetBytes().getValue())));
            }
            item.put("timestamp", now.toString())
                    .put("window", seconds(windows.stream().max(Duration::compareTo).orElse(Duration.ZERO)))
                    .set("containers", shown);
        }
        remember(tenant, before, new Readings(now, fresh));
        return JsonMapper.shared().writeValueAsBytes(answer);
    }

    /// Usage as the API writes it: billionths of a processor, KiB.
    static ObjectNode usage(long nanoCores, long bytes) {
        return JsonMapper.shared().createObjectNode().put("cpu", nanoCores + "n").put("memory", bytes / 1024 + "Ki");
    }

    static String seconds(Duration window) {
        return window.toMillis() / 1000 + "." + "%03d".formatted(window.toMillisPart()) + "s";
    }

    /// Two who ask at the same time must not make each other's windows too short to tell anything.
    private void remember(String tenant, Readings before, Readings now) {
        if (Duration.between(before.at, now.at).compareTo(SHORTEST_WINDOW) >= 0) {
            byTenant.put(tenant, now);
        }
        byTenant.values().removeIf(old -> Duration.between(old.at, now.at).compareTo(LONGEST_WINDOW) > 0);
    }

    private static Reading start(@Nullable Reading before, @Nullable Instant started, Reading now) {
        if (before != null
                && before.cpuNanos <= now.cpuNanos
                && Duration.between(before.at, now.at).compareTo(SHORTEST_WINDOW) >= 0
                && Duration.between(before.at, now.at).compareTo(LONGEST_WINDOW) <= 0) {
            return before;
        }
        return new Reading(started == null || !started.isBefore(now.at) ? now.at : started, 0);
    }

    private static long rate(Reading start, Reading end) {
        long nanos = Duration.between(start.at, end.at).toNanos();
        return nanos <= 0 ? 0 : (long) ((double) (end.cpuNanos - start.cpuNanos) * 1_000_000_000 / nanos);
    }

    /// The guest's clock said when; one that is absurd is not believed.
    private static Instant at(ContainerStats stats, Instant now) {
        Instant told = Instant.ofEpochSecond(0, stats.getCpu().getTimestamp());
        return Duration.between(told, now).abs().compareTo(Duration.ofSeconds(10)) > 0 ? now : told;
    }

    /// Container ids with the moment they began, from what the runtime was seen to hold.
    public static Map<String, Instant> started(List<ObservedContainer> containers) {
        return containers.stream()
                .filter(each -> each.startedAt() != null)
                .collect(Collectors.toMap(each -> each.id(), each -> Objects.requireNonNull(each.startedAt()), (a, b) -> a));
    }
}
