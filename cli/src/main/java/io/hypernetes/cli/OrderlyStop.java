package io.hypernetes.cli;

import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Stops pods side by side, within one time for all of them.
///
/// Every pod is asked for, whatever became of those before it: what a program has not written yet is lost with a machine that is ended without
/// having been asked. So a pod that hangs keeps its place among those asked side by side for a while only, and goes on being waited for behind it.
/// Only an engine that does not even say that it lives is given up as a whole.
///
/// Works on threads of the operating system: an engine that hangs in this very process may have taken all carriers of virtual ones.
final class OrderlyStop {
    private final Limits limits;
    private final Predicate<Duration> engineLives;
    private final Console.Step step;

    private final LinkedBlockingQueue<Over> over = new LinkedBlockingQueue<>();
    private final Map<Pod, Long> running = new LinkedHashMap<>();
    private final List<String> failed = new ArrayList<>();
    private long lastHeard;
    private int stopped;

    /// Something to be stopped.
    ///
    /// @param name for people, as `default/web-0`
    record Pod(String name, Ending ending) {}

    /// How it is stopped.
    interface Ending {
        /// Returns when it has ended.
        ///
        /// @param within what is left of the time for all
        /// @throws RuntimeException when it did not end
        void end(Duration within);
    }

    /// How long things may take.
    ///
    /// @param least for all pods together, with `each` for each of them
    /// @param patience how long a pod keeps its place among those asked side by side; after as long without any answer the engine is asked whether it lives
    /// @param answer for the engine to say that it lives
    /// @param answers how often it is asked before it is given up
    /// @param sideBySide how many pods are asked side by side
    record Limits(Duration least, Duration each, Duration patience, Duration answer, int answers, int sideBySide) {
        /// Should all pods hang, the last is asked for after 0.6 s for each of them, and has two minutes still.
        static final Limits ORDINARY =
                new Limits(Duration.ofMinutes(2), Duration.ofSeconds(2), Duration.ofSeconds(10), Duration.ofSeconds(5), 3, 16);

        Duration whole(int pods) {
            return least.plus(each.multipliedBy(pods));
        }
    }

    private record Over(Pod pod, @Nullable RuntimeException failure) {}

    /// @param engineLives asks the engine, which has as long to answer, for a word that costs it nothing
    /// @param step told how it goes
    OrderlyStop(Limits limits, Predicate<Duration> engineLives, Console.Step step) {
        this.limits = limits;
        this.engineLives = engineLives;
        this.step = step;
    }

    /// Stops them all, once.
    ///
    /// @return those that were not, with the reason, a few words each
    List<String> stop(List<Pod> pods) throws InterruptedException {
        Duration whole = limits.whole(pods.size());
        long deadline = System.nanoTime() + whole.toNanos();
        Deque<Pod> waiting = new ArrayDeque<>(pods);
        lastHeard = System.nanoTime();
        boolean told = false;
        while (!waiting.isEmpty() || !running.isEmpty()) {
            while (!waiting.isEmpty() && patientlyAwaited() < limits.sideBySide()) {
                begin(waiting.pop(), deadline);
            }
            step.detail(stopped + failed.size() + " of " + pods.size() + ", for at most " + Console.seconds(left(deadline)) + " more");
            take(over.poll(Math.max(1, nextLook(deadline) - System.nanoTime()), TimeUnit.NANOSECONDS));
            long now = System.nanoTime();
            if (now >= deadline) {
                giveUp(waiting, "not stopped within " + Console.seconds(whole));
            } else if (now - lastHeard >= limits.patience().toNanos() && !running.isEmpty()) {
                if (!told) {
                    step.note("waiting for " + names(running.keySet()) + ", for at most " + Console.seconds(left(deadline)));
                    told = true;
                }
                if (!lives() && over.isEmpty()) {
                    giveUp(waiting, "hyperd has ceased to answer");
                }
            }
        }
        return List.copyOf(failed);
    }

    private long patientlyAwaited() {
        long now = System.nanoTime();
        return running.values().stream().filter(since -> now - since < limits.patience().toNanos()).count();
    }

    /// When a place becomes free by itself, the engine is to be asked, or time is over.
    private long nextLook(long deadline) {
        long patience = limits.patience().toNanos();
        long now = System.nanoTime();
        long next = Math.min(deadline, lastHeard + patience);
        for (long since : running.values()) {
            next = since + patience > now ? Math.min(next, since + patience) : next;
        }
        return next;
    }

    private void begin(Pod pod, long deadline) {
        running.put(pod, System.nanoTime());
        Thread.ofPlatform().daemon().name("stop-" + pod.name()).start(() -> {
            RuntimeException failure = null;
            try {
                pod.ending().end(left(deadline));
            } catch (RuntimeException failed) {
                failure = failed;
            }
            over.add(new Over(pod, failure));
        });
    }

    private void take(@Nullable Over next) {
        for (Over one = next; one != null; one = over.poll()) {
            running.remove(one.pod());
            lastHeard = System.nanoTime();
            RuntimeException failure = one.failure();
            if (failure == null) {
                stopped++;
            } else {
                failed.add(one.pod().name() + ": " + reason(failure));
            }
        }
    }

    private boolean lives() {
        for (int i = 0; i < limits.answers() && over.isEmpty(); i++) {
            if (engineLives.test(limits.answer())) {
                lastHeard = System.nanoTime();
                return true;
            }
        }
        return false;
    }

    private void giveUp(Deque<Pod> waiting, String why) {
        running.keySet().forEach(pod -> failed.add(pod.name() + ": " + why));
        waiting.forEach(pod -> failed.add(pod.name() + ": " + why + ", and was not asked for"));
        running.clear();
        waiting.clear();
    }

    private static String names(Iterable<Pod> pods) {
        List<String> names = new ArrayList<>();
        pods.forEach(pod -> names.add(pod.name()));
        int shown = Math.min(5, names.size());
        return names.stream().limit(shown).collect(Collectors.joining(", ")) + (names.size() > shown ? " and " + (names.size() - shown) + " more" : "");
    }

    private static String reason(RuntimeException failure) {
        String said = failure instanceof StatusRuntimeException refused ? refused.getStatus().getDescription() : failure.getMessage();
        return said == null ? failure.toString() : said;
    }

    private static Duration left(long deadline) {
        return Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
    }
}
