package io.hypernetes.hyperd.docker;

import io.hypernetes.hyperd.docker.Runs.Joined;
import io.hypernetes.hyperd.docker.Runs.Run;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// The standard streams of one container over its runs: clients join the present run or wait for the next. Safe for use by many threads.
final class StandardStreams {
    // Guarded by this.
    private @Nullable Run present;
    private CompletableFuture<Run> next = new CompletableFuture<>();

    /// A run was made. Whoever waits has joined it when this returns, so that he misses nothing of it.
    void made(Run run) {
        CompletableFuture<Run> waited;
        synchronized (this) {
            present = run;
            waited = next;
            next = new CompletableFuture<>();
        }
        waited.complete(run);
    }

    /// The present run is over.
    synchronized void ended() {
        present = null;
    }

    /// There will be no run any more.
    synchronized void closed() {
        next.cancel(false);
    }

    /// The present run, or the next one when there is none.
    synchronized CompletableFuture<Joined> join() {
        Run now = present;
        return now != null ? CompletableFuture.completedFuture(joined(now)) : next.thenApply(StandardStreams::joined);
    }

    private static Joined joined(Run run) {
        return new Joined(run, run.container().attach());
    }
}
