package io.hypernetes.cli;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Does something that may hang, in a thread of its own that is left behind when it does: for a process that ends soon.
final class TimeBox {
    private TimeBox() {}

    /// @throws TimeoutException when it was not over in time; the thread has been interrupted
    /// @throws Exception what it threw itself
    static <T> T call(String name, Duration most, Callable<T> work) throws Exception {
        FutureTask<T> task = new FutureTask<>(work);
        Thread thread = Thread.ofPlatform().daemon().name(name).start(task);
        try {
            return task.get(most.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException failure) {
            if (failure.getCause() instanceof Exception cause) {
                throw cause;
            }
            throw failure;
        } finally {
            thread.interrupt();
        }
    }
}
