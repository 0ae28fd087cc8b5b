package io.hypernetes.hyperd.docker;

import io.hypernetes.guest.ContainerInput;
import io.hypernetes.hyperd.docker.Runs.Joined;
import io.hypernetes.hyperd.docker.Runs.Run;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// The standard streams of one container over its runs: clients join the present run or wait for the next, and share its input. Safe for use
/// by many threads.
final class StandardStreams {
    private static final Duration ANSWER = Duration.ofSeconds(30);

    private final String container;
    // Guarded by this.
    private @Nullable Run present;
    private CompletableFuture<Run> next = new CompletableFuture<>();
    private @Nullable ContainerInput input;

    StandardStreams(String container) {
        this.container = container;
    }

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
        input = null;
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

    /// Writes to the standard input of a run; the end of it when `data` is null.
    synchronized void input(Run of, byte @Nullable [] data, int length) throws IOException {
        ContainerInput open = input;
        if (open == null) {
            open = of.sandbox().guest().openInput(container, ANSWER);
            input = open;
        }
        if (data == null) {
            open.stream().close();
        } else {
            open.stream().write(data, 0, length);
            open.stream().flush();
        }
    }
}
