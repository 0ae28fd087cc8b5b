package io.hypernetes.bench;

import java.util.ArrayList;
import java.util.Arrays;
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
        if (!floor.isEmpty()) {
            row("floor: QEMU + the packaged kernel + a trivial init", floor);
            row("the same with the kernel prepared as hyperd does", prepared);
        }
        row("hyperd: RunPodSandbox returns", values(CriPods.Started::readyNanos));
        row("hyperd: CreateContainer returns", values(CriPods.Started::createdNanos));
        row("hyperd: first byte of the container's output", values(CriPods.Started::outputNanos));
        System.out.printf("%n  phases of RunPodSandbox (median)%n");
        phases().forEach((name, nanos) -> System.out.printf("    %-50s %8.1f%n", name, percentile(nanos, 50) / 1e6));
        if (pods.stream().noneMatch(pod -> pod.processor().isEmpty())) {
            System.out.printf("%n  processor time of a pod, mean, up to then, in ms %9s %8s %8s %8s %8s%n", "machine", "engine", "template", "tools", "all");
            List<String> points = List.of("RunPodSandbox returns", "CreateContainer returns", "first byte of output");
            for (int i = 0; i < points.size(); i++) {
                long[] mean = processor(i);
                System.out.printf("    %-44s %9.1f %8.1f %8.1f %8.1f %8.1f%n", points.get(i), mean[0] / 1e6, mean[1] / 1e6, mean[2] / 1e6, mean[3] / 1e6,
                        Arrays.stream(mean).sum() / 1e6);
            }
        }
        System.out.printf("%n  say themselves that they were restored: %d, booted: %d%n", restored(), pods.size() - restored());
    }

    Map<String, Object> figures() {
        Map<String, Object> figures = new TreeMap<>(Map.of("floorNanos", floor, "preparedFloorNanos", prepared, "readyNanos", values(CriPods.Started::readyNanos),
                "createdNanos", values(CriPods.Started::createdNanos), "outputNanos", values(CriPods.Started::outputNanos),
                "phasesNanos", phases(), "restored", restored()));
        if (!floor.isEmpty()) {
            figures.put("ratioReady", ratio(values(CriPods.Started::readyNanos)));
            figures.put("ratioOutput", ratio(values(CriPods.Started::outputNanos)));
            figures.put("ratioOutputToPrepared", percentile(values(CriPods.Started::outputNanos), 50) / (double) percentile(prepared, 50));
        }
        if (pods.stream().noneMatch(pod -> pod.processor().isEmpty())) {
            figures.put("processorNanosMachineEngineTemplateTools", processor(2));
        }
        return figures;
    }

    // Machine, engine, template, tools.
    private long[] processor(int point) {
        List<ToLongFunction<ProcessorTime>> parts = List.of(ProcessorTime::machine, ProcessorTime::engine, ProcessorTime::template, ProcessorTime::tools);
        return parts.stream().mapToLong(part -> (long) pods.stream().mapToLong(pod -> part.applyAsLong(pod.processor().get(point))).average().orElse(0)).toArray();
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
        System.out.printf("  %-52s %8.1f %8.1f %8.1f %8.1f %s%n", name, percentile(nanos, 50) / 1e6, percentile(nanos, 99) / 1e6,
                percentile(nanos, 0) / 1e6, percentile(nanos, 100) / 1e6, floor.isEmpty() ? "" : String.format("%7.2fx", ratio(nanos)));
    }

    private double ratio(List<Long> nanos) {
        return floor.isEmpty() ? Double.NaN : percentile(nanos, 50) / (double) percentile(floor, 50);
    }

    private static long percentile(List<Long> values, int percent) {
        List<Long> sorted = values.stream().sorted().toList();
        return sorted.get(Math.clamp((long) Math.ceil(sorted.size() * percent / 100.0) - 1, 0, sorted.size() - 1));
    }
}
