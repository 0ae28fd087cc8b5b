package io.hypernetes.hyperd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.cri.v1.ContainerState;
import io.hypernetes.cri.v1.ListPodSandboxRequest;
import io.hypernetes.cri.v1.StatusRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/// Pods come and go, two at a time; behind them nothing is left on the host, and the engine has not grown. Needs root and QEMU.
///
/// `soak.lives` says how many (500 is the long form); `soak.templates=false` boots each machine, which takes four times as long.
@ExtendWith(SharedLab.class)
@Order(1)
class SoakTest {
    private static final int LIVES = Integer.getInteger("soak.lives", 12);
    private static final boolean TEMPLATES = Boolean.parseBoolean(System.getProperty("soak.templates", "true"));
    private static final int LANES = 2;
    private static final Duration SOON = Duration.ofSeconds(120);
    /// What a cache, a JIT compiler or a log may add; a leak of a hundred bytes a pod shows in the long form.
    private static final long HEAP_SLACK = 3 << 20, RSS_SLACK = 64 << 20;
    private static final int DESCRIPTOR_SLACK = 4, THREAD_SLACK = 4;

    private final AtomicInteger next = new AtomicInteger();

    @Test
    @Timeout(value = 60, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void podsComeAndGoAndNothingStays(Lab shared, @TempDir Path folder) throws Exception {
        if (TEMPLATES) {
            soak(shared);
        } else {
            try (Lab cold = new Lab(folder)) {
                soak(cold);
            }
        }
    }

    private void soak(Lab lab) throws Exception {
        int warm = Math.max(4, LIVES / 4);
        live(lab, warm);
        Cost before = cost(lab);
        long begin = System.nanoTime();
        live(lab, LIVES);
        double seconds = (System.nanoTime() - begin) / 1e9;
        Cost after = cost(lab);
        System.out.printf("soak: %d lives behind %d in %.0f s; %s, then %s%n", LIVES - warm, warm, seconds, before, after);
        assertThat(after.heap).as("live heap, before %s", before).isLessThan(before.heap + HEAP_SLACK);
        assertThat(after.rss).as("resident memory, before %s", before).isLessThan(before.rss + RSS_SLACK);
        assertThat(after.descriptors).as("descriptors, before %s", before).isLessThanOrEqualTo(before.descriptors + DESCRIPTOR_SLACK);
        assertThat(after.threads).as("threads, before %s", before).isLessThanOrEqualTo(before.threads + THREAD_SLACK);
    }

    private void live(Lab lab, int until) throws Exception {
        try (ExecutorService lanes = Executors.newFixedThreadPool(LANES)) {
            List<Future<?>> all = java.util.stream.IntStream.range(0, LANES).<Future<?>>mapToObj(lane -> lanes.submit(() -> {
                for (int life = next.incrementAndGet(); life <= until; life = next.incrementAndGet()) {
                    live(lab, "soak-" + life);
                }
                return lane;
            })).toList();
            for (Future<?> lane : all) {
                lane.get();
            }
        } finally {
            next.set(Math.min(next.get(), until));
        }
        assertThat(lab.runtime.listPodSandbox(ListPodSandboxRequest.getDefaultInstance()).getItemsList()).isEmpty();
        assertThat(lab.leaks()).isEmpty();
        assertThat(lab.order("keys").stream().filter(key -> key.startsWith("/hyperd/") || key.startsWith("/network/"))).isEmpty();
    }

    private static void live(Lab lab, String name) throws Exception {
        String sandbox = lab.run(lab.pod(name));
        String container = lab.start(sandbox, lab.container("main", "sh", "-c", "echo out; echo err >&2; exit 5"));
        await().atMost(SOON).until(() -> lab.status(container).getState() == ContainerState.CONTAINER_EXITED);
        assertThat(lab.status(container).getExitCode()).isEqualTo(5);
        assertThat(lab.log(name, "main")).containsExactlyInAnyOrder("out", "err");
        lab.remove(sandbox);
        Files.delete(lab.root.resolve("logs").resolve(name).resolve("main.log"));
    }

    private record Cost(long heap, int threads, int descriptors, long rss) {
        @Override
        public String toString() {
            return "%.1f MiB of heap live, %d threads, %d descriptors, %d MiB resident".formatted(heap / 1048576.0, threads, descriptors, rss >> 20);
        }
    }

    /// Measured when nothing goes on: with templates, when there is one and no more.
    private static Cost cost(Lab lab) throws Exception {
        await().atMost(SOON).until(() -> !TEMPLATES || info(lab).toString().contains("templates=1"));
        await().atMost(SOON).untilAsserted(() -> {
            Footprint.of(lab.root).isOf(0, "between lives");
            assertThat(Footprint.templates(lab.root)).hasSize(TEMPLATES ? 1 : 0);
        });
        List<String> told = lab.order("cost");
        Matcher rss = Pattern.compile("VmRSS:\\s+(\\d+) kB").matcher(Files.readString(Path.of("/proc/" + lab.pid() + "/status")));
        assertThat(rss.find()).isTrue();
        return new Cost(
                Long.parseLong(told.get(0)), Integer.parseInt(told.get(1)), Integer.parseInt(told.get(2)), Long.parseLong(rss.group(1)) << 10);
    }

    private static Map<String, String> info(Lab lab) {
        return lab.runtime.status(StatusRequest.newBuilder().setVerbose(true).build()).getInfoMap();
    }
}
