package io.hypernetes.bench;

import io.hypernetes.hypervisor.GuestKernel;
import io.hypernetes.hypervisor.GuestKernels;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// Pod starts through CRI against the bare floor. See `bench/pod-start`.
public final class PodStart {
    private static final int FLOORS = 3;
    private static final long READY_NANOS = 120_000_000_000L;

    /// What a translated kernel is told (`QemuCommand`).
    private static final String WORDS = " noreplace-smp mitigations=off clearcpuid=112,295,308 init_on_alloc=0 hardened_usercopy=off randomize_kstack_offset=off"
            + " lsm=landlock,yama,integrity psi=0 transparent_hugepage=madvise";
    private static final String VCPUS = "vcpus=", AT_A_TIME = "at-a-time=";

    private final int count;
    private final int vcpus;
    private final int atATime;
    private final Floor plain;
    private final Floor prepared;
    private final CriPods pods;
    private final ProcessHandle engine;
    private final Series series = new Series();
    private final Map<String, Object> figures = new TreeMap<>();

    private PodStart(int count, int vcpus, int atATime, Floor plain, Floor prepared, CriPods pods, ProcessHandle engine) {
        this.engine = engine;
        this.atATime = atATime;
        this.count = count;
        this.vcpus = vcpus;
        this.plain = plain;
        this.prepared = prepared;
        this.pods = pods;
    }

    private enum Mode { COLD, WARM, PROCESSOR, BURST, SUSTAINED }

    /// @param arguments mode, how many, and as name=value `vcpus`, the limit of each pod, `at-a-time`, how many are asked for together (by default all
    /// of a burst, and of `sustained` as many as there are processors), and settings of the engine
    public static void main(String[] arguments) throws Exception {
        Mode mode = Mode.valueOf(arguments[0].toUpperCase(java.util.Locale.ROOT));
        int count = Integer.parseInt(arguments[1]);
        Path home = Path.of(System.getProperty("hypernetes.home"));
        Path folder = Files.createTempDirectory("hypernetes-bench-");
        List<String> command = new ArrayList<>(List.of(home.resolve("hypernetes").toString(), "hyperd", "--root", folder.toString(),
                "--set", "templates=" + (mode == Mode.COLD ? "off" : "on")));
        int vcpus = 0;
        int atATime = 0;
        for (int i = 2; i < arguments.length; i++) {
            if (arguments[i].startsWith(VCPUS)) {
                vcpus = Integer.parseInt(arguments[i].substring(VCPUS.length()));
            } else if (arguments[i].startsWith(AT_A_TIME)) {
                atATime = Integer.parseInt(arguments[i].substring(AT_A_TIME.length()));
            } else {
                command.addAll(List.of("--set", arguments[i]));
            }
        }
        Process hyperd = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try {
            BufferedReader output = hyperd.inputReader(StandardCharsets.UTF_8);
            if (!"READY".equals(output.readLine())) {
                throw new IOException("hyperd did not start; see " + folder.resolve("log/node.log"));
            }
            GuestKernel kernel = new GuestKernels(
                            folder.resolve("lib/kernel"), home.resolve("hyperstart/build/hyperstart"), folder.resolve("lib/node/initramfs"))
                    .find();
            // What a package delivers, booted as QEMU is told to boot it; and the same after all that hyperd does to its kernels, with the
            // words that it adds for an emulated processor.
            Path delivered = Path.of("/boot/vmlinuz-" + kernel.version());
            Path init = home.resolve("bench/target/init"), jailer = home.resolve("jailer/build/jailer");
            Floor plain = new Floor(kernel, Files.exists(delivered) ? delivered : kernel.image(), "", init, jailer, folder);
            Floor prepared = new Floor(kernel, kernel.image(), WORDS, init, jailer, folder);
            try (CriPods pods = new CriPods(folder, home)) {
                PodStart run = new PodStart(count, vcpus, atATime, plain, prepared, pods, hyperd.toHandle());
                run.figures.putAll(Map.of("mode", mode.name(), "kernel", kernel.version(), "pods", count, "vcpus", vcpus));
                run.measure(mode, kernel.version());
                run.keep(home.resolve("bench/target/pod-start" + (mode == Mode.COLD ? "" : "-" + arguments[0]) + ".json"));
            }
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

    private void measure(Mode mode, String kernel) throws Exception {
        plain.nanos();
        pods.remove(pods.start("warm-up", new CriPods.Wish(vcpus, null)).sandbox());
        System.out.printf("Pod start, %s, kernel %s, %d pods%n", mode.name().toLowerCase(java.util.Locale.ROOT), kernel, count);
        if (mode != Mode.COLD) {
            awaitReady();
            System.out.printf("Before the first of them: %s%n", pods.starts());
        }
        System.out.println();
        switch (mode) {
            case COLD, WARM, PROCESSOR -> oneByOne(mode);
            case BURST -> burst();
            case SUSTAINED -> sustained();
        }
    }

    private void oneByOne(Mode mode) throws Exception {
        long pss = 0;
        if (mode == Mode.WARM) {
            floors();
        }
        for (int i = 0; i < count; i++) {
            if (mode != Mode.COLD) {
                awaitReady();
            } else {
                series.floor(plain.nanos(), prepared.nanos());
            }
            CriPods.Started started = pods.start("pod" + i, new CriPods.Wish(vcpus, mode == Mode.PROCESSOR ? engine : null));
            series.pod(started);
            pss = Math.max(pss, pods.pssBytes(started.sandbox()));
            pods.remove(started.sandbox());
            System.err.printf("\r  %d of %d", i + 1, count);
        }
        System.err.print("\r\033[K");
        series.print();
        System.out.printf("  memory of a pod on the host, alone, largest: %d MiB PSS%n", pss >> 20);
        figures.put("pssBytes", pss);
    }

    private void burst() throws Exception {
        floors();
        long idle = pssOfAll();
        ProcessorTime before = ProcessorTime.of(engine);
        long begin = System.nanoTime();
        List<CriPods.Started> all = together(count, atATime > 0 ? atATime : count, false);
        double seconds = (System.nanoTime() - begin) / 1e9;
        ProcessorTime took = ProcessorTime.of(engine).minus(before);
        long whole = pssOfAll();
        long pss = 0;
        for (CriPods.Started one : all) {
            series.pod(one);
            pss += pods.pssBytes(one.sandbox()) / count;
        }
        series.print();
        System.out.printf("  all have printed after %.2f s, without any copy that had waited%n", seconds);
        took.print("processor time of a pod until all have printed", count);
        System.out.printf("  memory of a pod on the host, all running, mean: %d MiB PSS; %d MiB with its share of all that was there before (template and"
                + " hyperd: %d MiB)%n", pss >> 20, whole / count >> 20, idle >> 20);
        System.out.printf("  at the end: %s%n", pods.starts());
        figures.putAll(Map.of("pssBytes", pss, "pssAllInBytes", whole / count, "idlePssBytes", idle, "burstSeconds", seconds));
        for (CriPods.Started one : all) {
            pods.remove(one.sandbox());
        }
    }

    private void sustained() throws Exception {
        floors();
        int starters = atATime > 0 ? atATime : Runtime.getRuntime().availableProcessors();
        ProcessorTime before = ProcessorTime.of(engine);
        long begin = System.nanoTime();
        together(count, starters, true).forEach(series::pod);
        double seconds = (System.nanoTime() - begin) / 1e9;
        ProcessorTime took = ProcessorTime.of(engine).minus(before);
        series.print();
        System.out.printf("  %d starters, each removes its pod before the next: %.1f s with removals, %.2f pods a second%n",
                starters, seconds, count / seconds);
        took.print("processor time of a pod with its removal; machines that ended are among tools", count);
        System.out.printf("  at the end: %s%n", pods.starts());
        figures.putAll(Map.of("seconds", seconds, "podsPerSecond", count / seconds));
    }

    private void floors() throws IOException {
        for (int i = 0; i < FLOORS; i++) {
            series.floor(plain.nanos(), prepared.nanos());
        }
    }

    private List<CriPods.Started> together(int howMany, int atATime, boolean remove) throws InterruptedException, ExecutionException {
        List<CriPods.Started> all = new ArrayList<>();
        try (ExecutorService starters = Executors.newFixedThreadPool(atATime)) {
            List<Callable<CriPods.Started>> work = new ArrayList<>();
            for (int i = 0; i < howMany; i++) {
                String name = "pod" + i;
                work.add(() -> {
                    CriPods.Started started = pods.start(name, new CriPods.Wish(vcpus, null));
                    if (remove) {
                        pods.remove(started.sandbox());
                    }
                    return started;
                });
            }
            for (Future<CriPods.Started> one : starters.invokeAll(work)) {
                all.add(one.get());
            }
        }
        return all;
    }

    /// Until there is a template. There is no pool: no copy waits.
    private void awaitReady() throws Exception {
        long until = System.nanoTime() + READY_NANOS;
        String starts = pods.starts();
        while (!starts.contains("templates=1")) {
            if (System.nanoTime() > until) {
                throw new IOException("no template was ready in time: " + starts);
            }
            // CRI has no event for this, so it is asked for; between measured starts, never in one.
            Thread.sleep(10);
            starts = pods.starts();
        }
    }

    /// What the engine and everything that it started costs the host now, shared pages counted once, in bytes.
    private long pssOfAll() throws IOException {
        long sum = 0;
        for (ProcessHandle process : (Iterable<ProcessHandle>) Stream.concat(Stream.of(engine), engine.descendants())::iterator) {
            Path rollup = Path.of("/proc", Long.toString(process.pid()), "smaps_rollup");
            sum += Files.readAllLines(rollup).stream().filter(line -> line.startsWith("Pss:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10).sum();
        }
        return sum;
    }

    private void keep(Path file) throws IOException {
        figures.putAll(series.figures());
        Files.writeString(file, JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build().writeValueAsString(figures));
        System.out.println("  figures: " + file);
    }
}
