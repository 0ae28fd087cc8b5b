package io.hypernetes.bench;

import io.hypernetes.hypervisor.GuestKernel;
import io.hypernetes.hypervisor.GuestKernels;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// Cold pod starts through CRI against the bare floor. See `bench/pod-start`.
public final class PodStart {
    private PodStart() {}

    /// @param arguments how many of each
    public static void main(String[] arguments) throws Exception {
        int runs = Integer.parseInt(arguments[0]);
        Path home = Path.of(System.getProperty("hypernetes.home"));
        Path folder = Files.createTempDirectory("hypernetes-bench-");
        Process hyperd = new ProcessBuilder(home.resolve("hypernetes").toString(), "hyperd", "--root", folder.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            BufferedReader output = hyperd.inputReader(StandardCharsets.UTF_8);
            if (!"READY".equals(output.readLine())) {
                throw new IOException("hyperd did not start; see " + folder.resolve("log/node.log"));
            }
            GuestKernel kernel = new GuestKernels(
                            folder.resolve("lib/kernel"), home.resolve("hyperstart/build/hyperstart"), folder.resolve("lib/node/initramfs"))
                    .find();
            // What a package delivers, booted as QEMU is told to boot it; and the same after all that hyperd does to its kernels.
            Path delivered = Path.of("/boot/vmlinuz-" + kernel.version());
            Path init = home.resolve("bench/target/init"), jailer = home.resolve("jailer/build/jailer");
            Floor plain = new Floor(kernel, Files.exists(delivered) ? delivered : kernel.image(), "", init, jailer, folder);
            Floor prepared = new Floor(kernel, kernel.image(), " noreplace-smp mitigations=off", init, jailer, folder);
            measure(runs, plain, prepared, folder, home, kernel);
        } finally {
            hyperd.destroy();
            hyperd.onExit().join();
            new ProcessBuilder(home.resolve("hypernetes").toString(), "down", "--root", folder.toString())
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD).start().onExit().join();
            try (Stream<Path> files = Files.walk(folder)) {
                files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
            }
        }
    }

    private static void measure(int runs, Floor floor, Floor prepared, Path folder, Path home, GuestKernel kernel) throws Exception {
        long[] bare = new long[runs];
        long[] barest = new long[runs];
        long[] ready = new long[runs];
        long[] output = new long[runs];
        Map<String, List<Long>> phases = new LinkedHashMap<>();
        long pss = 0;
        try (CriPods pods = new CriPods(folder, home)) {
            floor.nanos();
            pods.start("warm-up");
            for (int i = 0; i < runs; i++) {
                bare[i] = floor.nanos();
                barest[i] = prepared.nanos();
                CriPods.Started started = pods.start("pod" + i);
                ready[i] = started.readyNanos();
                output[i] = started.outputNanos();
                started.phases().forEach((name, nanos) -> phases.computeIfAbsent(name, key -> new ArrayList<>()).add(nanos));
                pss = Math.max(pss, started.pssBytes());
                System.err.printf("\r  %d of %d", i + 1, runs);
            }
            System.err.print("\r\033[K");
        }
        System.out.printf("Cold pod start, kernel %s, %d runs of each, interleaved (ms)%n%n", kernel.version(), runs);
        System.out.printf("  %-52s %8s %8s %8s %8s%n", "", "median", "min", "max", "ratio");
        row("floor: QEMU + the packaged kernel + a trivial init", bare, bare);
        row("the same with the kernel prepared as hyperd does", barest, bare);
        row("hyperd: RunPodSandbox returns", ready, bare);
        row("hyperd: first byte of the container's output", output, bare);
        System.out.printf("%n  phases of RunPodSandbox (median)%n");
        phases.forEach((name, nanos) -> System.out.printf("    %-50s %8.1f%n", name, median(nanos.stream().mapToLong(Long::longValue).toArray()) / 1e6));
        System.out.printf("%n  memory of a pod on the host, largest: %d MiB PSS%n", pss >> 20);
        Map<String, Object> figures = new TreeMap<>(Map.of("kernel", kernel.version(), "runs", runs, "floorNanos", bare, "preparedFloorNanos", barest, "readyNanos", ready, "outputNanos", output,
                "phasesNanos", phases, "pssBytes", pss, "ratioReady", median(ready) / (double) median(bare), "ratioOutput", median(output) / (double) median(bare)));
        figures.put("ratioOutputToPrepared", median(output) / (double) median(barest));
        Path file = home.resolve("bench/target/pod-start.json");
        Files.writeString(file, JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build().writeValueAsString(figures));
        System.out.println("  figures: " + file);
    }

    private static void row(String name, long[] nanos, long[] floor) {
        System.out.printf("  %-52s %8.1f %8.1f %8.1f %7.2fx%n", name, median(nanos) / 1e6, Arrays.stream(nanos).min().orElseThrow() / 1e6,
                Arrays.stream(nanos).max().orElseThrow() / 1e6, median(nanos) / (double) median(floor));
    }

    private static long median(long[] values) {
        long[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
