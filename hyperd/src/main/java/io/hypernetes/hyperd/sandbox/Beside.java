package io.hypernetes.hyperd.sandbox;

import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.telemetry.Timeline;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;

/// What is made for one sandbox side by side. Nothing goes on behind its end, however that comes about: who undoes a sandbox must not meet what is
/// still being made for it. To be begun and ended by one thread.
final class Beside implements AutoCloseable {
    private final String sandboxId;
    private final Timeline.Running whole;
    private final List<Thread> threads = new ArrayList<>();

    /// @param whole the step that all this is part of
    Beside(String sandboxId, Timeline.Running whole) {
        this.sandboxId = sandboxId;
        this.whole = whole;
    }

    /// Begins to make a part, which is a step of its own.
    <T> Future<T> begin(String part, Supplier<T> making) {
        FutureTask<T> task = new FutureTask<>(() -> whole.timed(part, making));
        threads.add(Thread.ofVirtual().name(part + "-" + sandboxId).start(task));
        return task;
    }

    /// Waits for a part; what kept it from being made is thrown here too.
    static <T> T get(Future<T> part) {
        try {
            return part.get();
        } catch (ExecutionException failed) {
            switch (failed.getCause()) {
                case RuntimeException failure -> throw failure;
                case Error failure -> throw failure;
                case null, default -> throw new IllegalStateException(failed);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new HyperdException(HyperdException.Kind.UNAVAILABLE, "interrupted while a part of a sandbox was being made", interrupted);
        }
    }

    /// Waits for all parts, good or bad.
    @Override
    public void close() {
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException stopped) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
