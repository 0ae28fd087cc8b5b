package io.hypernetes.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToLongFunction;

/// The starts of one run, beside the floor's. For one thread.
final class Series {
    private final List<Long> floor = new ArrayList<>();
    private final List<Long> prepared = new ArrayList<>();
    private final List<CriPods.Started> pods = new ArrayList<>();

    void floor(long nanos, long preparedNanos) {
        floor.add(nanos);
        prepared.add(preparedNanos);
    }

    void pod(CriPods.Started started) {
        pods.add(started);
    }

    void print() {
        System.out.printf("  %-52s %8s %8s %8s %8s %8s%n", "ms", "p50", "p99", "min", "max", "ratio");
        row("floor: QEMU + the packaged kernel + a trivial init", floor);
        row("the same with the kernel prepared as hyperd does", prepared);
        row("hyperd: RunPodSandbox returns", values(CriPods.Started::readyNanos));
        row("hyperd: CreateContainer returns", values(CriPods.Started::createdNanos));
        row("hyperd: first byte of the container's output", values(CriPods.Started::outputNanos));
        System.out.printf("%n  phases of RunPodSandbox (median)%n");
        phases().forEach((name, nanos) -> System.out.printf("    %-50s %8.1f%n", name, percentile(nanos, 50) / 1e6));
        System.out.printf("%n  say themselves that they were restored: %d, booted: %d%n", restored(), pods.size() - restored());
    }

    Map<String, Object> figures() {
        Map<String, Object> figures = new TreeMap<>(Map.of("floorNanos", floor, "preparedFloorNanos", prepared, "readyNanos", values(CriPods.Started::readyNanos),
                "createdNanos", values(CriPods.Started::createdNanos), "outputNanos", values(CriPods.Started::outputNanos),
                "phasesNanos", phases(), "restored", restored(), "ratioReady", ratio(values(CriPods.Started::readyNanos)), "ratioOutput", ratio(values(CriPods.Started::outputNanos))));
        figures.put("ratioOutputToPrepared", percentile(values(CriPods.Started::outputNanos), 50) / (double) percentile(prepared, 50));
        return figures;
    }

    private long restored() {
        return pods.stream().filter(CriPods.Started::restored).count();
    }

    private Map<String, List<Long>> phases() {
        Map<String, List<Long>> phases = new LinkedHashMap<>();
        pods.forEach(pod -> pod.phases().forEach((name, nanos) -> phases.computeIfAbsent(name, key -> new ArrayList<>()).add(nanos)));
        return phases;
    }

    private List<Long> values(ToLongFunction<CriPods.Started> of) {
        return pods.stream().map(of::applyAsLong).toList();
    }

    private void row(String name, List<Long> nanos) {
        System.out.printf("  %-52s %8.1f %8.1f %8.1f %8.1f %7.2fx%n", name, percentile(nanos, 50) / 1e6, percentile(nanos, 99) / 1e6,
                percentile(nanos, 0) / 1e6, percentile(nanos, 100) / 1e6, ratio(nanos));
    }

    private double ratio(List<Long> nanos) {
        return percentile(nanos, 50) / (double) percentile(floor, 50);
    }

    private static long percentile(List<Long> values, int percent) {
        List<Long> sorted = values.stream().sorted().toList();
        return sorted.get(Math.clamp((long) Math.ceil(sorted.size() * percent / 100.0) - 1, 0, sorted.size() - 1));
    }
}
