package io.hypernetes.hyperd;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.StatusRuntimeException;
import io.hypernetes.cri.v1.*;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Machines whose init has been replaced by a hostile one, in a live engine: it neither crashes nor waits nor grows, and a pod beside them
/// works on as if they were not there. Needs root, QEMU and musl-gcc.
///
/// `hostile.tricks` says how many of all tricks are drawn; 0 plays all. `hostile.seed` draws the same ones again.
class HostilePodTest {
    private static final int ALL = 16;
    private static final int DRAWN = Integer.getInteger("hostile.tricks", 3);
    private static final long SEED = Long.getLong("hostile.seed", new Random().nextLong());
    private static final int AT_A_TIME = 3;
    /// Until whoever waits for the pod gives it up, as a kubelet does.
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final long HEAP_SLACK = 6 << 20;

    // The common pool has one thread on a small machine.
    private static final Executor THREADS = task -> Thread.ofVirtual().start(task);

    @TempDir
    static Path folder;

    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void noGuestHarmsAnyoneButItself() throws Exception {
        Lab.require();
        List<Integer> tricks = new ArrayList<>(IntStream.range(0, ALL).boxed().toList());
        if (DRAWN > 0) {
            Collections.shuffle(tricks, new Random(SEED));
            tricks = tricks.subList(0, DRAWN);
        }
        System.out.println("hostile guests: tricks " + tricks + ", seed " + SEED);
        try (Lab lab = new Lab(folder, false, "-Dboot.seconds=12", "-Dboots=" + AT_A_TIME)) {
            Neighbour neighbour = new Neighbour(lab);
            List<String> before = lab.order("cost");
            for (int from = 0; from < tricks.size(); from += AT_A_TIME) {
                List<CompletableFuture<Void>> together = new ArrayList<>();
                for (int trick : tricks.subList(from, Math.min(tricks.size(), from + AT_A_TIME))) {
                    // The kernel is chosen when the machine starts, so one after the other until then.
                    lab.order("kernel " + hostile(trick));
                    together.add(suffer(lab, trick));
                    lab.order("booted");
                }
                lab.order("kernel -");
                for (CompletableFuture<Void> one : together) {
                    one.get(2, TimeUnit.MINUTES);
                }
            }
            neighbour.end();
            Footprint.of(lab.root).isOf(1, "tricks " + tricks);
            assertThat(lab.leaks()).isEmpty();
            List<String> after = lab.order("cost");
            assertThat(Long.parseLong(after.getFirst())).as("live heap; before %s", before).isLessThan(Long.parseLong(before.getFirst()) + HEAP_SLACK);
            assertThat(Integer.parseInt(after.get(2))).as("descriptors; before %s", before).isLessThanOrEqualTo(Integer.parseInt(before.get(2)) + 4);
            lab.remove(neighbour.sandbox);
            Footprint.of(lab.root).isOf(0, "the end");
        }
    }

    private static Path hostile(int trick) throws Exception {
        Path program = folder.resolve("hostile-" + trick);
        assertThat(new ProcessBuilder("musl-gcc", "-std=c11", "-O1", "-static", "-s", "-DTRICK=" + trick, "-o", program.toString(), "src/test/guest/hostile.c")
                        .inheritIO().start().waitFor())
                .isZero();
        return program;
    }

    /// A pod that is made, used and given up as any other; what comes of the calls is the guest's to say, that they end is ours.
    private static CompletableFuture<Void> suffer(Lab lab, int trick) {
        PodSandboxConfig pod = lab.pod("hostile-" + trick);
        return CompletableFuture.runAsync(() -> {
            String sandbox;
            try {
                sandbox = lab.run(pod);
            } catch (StatusRuntimeException refused) {
                assertThat(refused.getStatus().getDescription()).as("trick %s", trick).hasSizeLessThan(4096);
                return;
            }
            CompletableFuture<Void> use = CompletableFuture.runAsync(() -> {
                String container = lab.start(sandbox, lab.container("main", "sleep", "1000"));
                lab.exec(container, "true");
                lab.runtime.podSandboxStats(PodSandboxStatsRequest.newBuilder().setPodSandboxId(sandbox).build());
            }, THREADS);
            use.handle((nothing, failure) -> nothing).completeOnTimeout(null, PATIENCE.toMillis(), TimeUnit.MILLISECONDS).join();
            lab.remove(sandbox);
        }, THREADS);
    }

    /// A pod in which commands run all the time.
    private static final class Neighbour {
        final String sandbox;
        private final AtomicBoolean over = new AtomicBoolean();
        private final AtomicLong slowestMillis = new AtomicLong();
        private final CompletableFuture<Integer> work;

        Neighbour(Lab lab) {
            sandbox = lab.run(lab.pod("neighbour"));
            String container = lab.start(sandbox, lab.container("main", "sleep", "100000"));
            work = CompletableFuture.supplyAsync(() -> {
                int done = 0;
                while (!over.get()) {
                    long begin = System.nanoTime();
                    assertThat(lab.exec(container, "echo", "fine").getStdout().toStringUtf8()).isEqualTo("fine\n");
                    slowestMillis.accumulateAndGet((System.nanoTime() - begin) / 1_000_000, Math::max);
                    done++;
                }
                return done;
            }, THREADS);
        }

        void end() throws Exception {
            over.set(true);
            int commands = work.get(1, TimeUnit.MINUTES);
            System.out.println("hostile guests: the pod beside them ran " + commands + " commands, the slowest in " + slowestMillis + " ms");
            assertThat(commands).isGreaterThan(10);
            assertThat(slowestMillis.get()).isLessThan(20_000);
        }
    }
}
