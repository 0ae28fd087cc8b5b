package io.hypernetes.hyperd.cri;

import io.hypernetes.cri.v1.ExecSyncRequest;
import io.hypernetes.cri.v1.ExecSyncResponse;
import io.hypernetes.guest.ExecSpec;
import io.hypernetes.guest.GuestException;
import io.hypernetes.guest.GuestProcess;
import io.hypernetes.guest.ProcessExit;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hyperd.sandbox.Sandboxes;
import java.time.Duration;
import java.util.Optional;

/// Runs a command in a container to its end and gives back what it printed, as much of it as there is room for.
final class ExecSyncs {
    private static final Duration ANSWER = Duration.ofSeconds(30);
    private static final Duration LONG = Duration.ofDays(1);
    private static final Duration AFTER_KILL = Duration.ofSeconds(5);
    private static final int SIGKILL = 9;

    private ExecSyncs() {}

    /// @param share what is kept of its output is taken from
    /// @param mostOutput bytes that are kept of each output at most
    static ExecSyncResponse run(Sandboxes.Found found, ExecSyncRequest request, OutputBudget.Share share, int mostOutput) throws InterruptedException {
        if (found.container().record().state() != ContainerRecord.State.RUNNING) {
            throw new HyperdException(
                    HyperdException.Kind.WRONG_STATE,
                    "Container " + found.container().id() + " is not running but " + found.container().record().state() + ".");
        }
        if (request.getCmdCount() == 0) {
            throw HyperdException.invalid("Container " + found.container().id() + ": no command was given to run.");
        }
        Duration limit = request.getTimeout() > 0 ? Duration.ofSeconds(request.getTimeout()) : LONG;
        long until = System.nanoTime() + limit.toNanos();
        ExecSpec spec = ExecSpec.of(found.container().id(), request.getCmdList());
        try (GuestProcess process = found.sandbox().guest().exec(spec, limit.compareTo(ANSWER) < 0 ? limit : ANSWER)) {
            ExecOutput stdout = new ExecOutput(process.stdout(), share, mostOutput);
            ExecOutput stderr = new ExecOutput(process.stderr(), share, mostOutput);
            Optional<ProcessExit> exit = ended(process, Duration.ofNanos(Math.max(1, until - System.nanoTime())));
            if (exit.isEmpty()) {
                kill(process);
                throw new HyperdException(
                        HyperdException.Kind.TIMEOUT,
                        "Container " + found.container().id() + ": the command " + request.getCmd(0) + " did not end within "
                                + limit.toSeconds() + " s and was killed.");
            }
            return ExecSyncResponse.newBuilder()
                    .setExitCode(exit.get().code())
                    .setStdout(stdout.finish())
                    .setStderr(stderr.finish())
                    .build();
        }
    }

    // Nobody waits any more for what was left to run.
    private static Optional<ProcessExit> ended(GuestProcess process, Duration limit) {
        try {
            return process.waitFor(limit);
        } catch (GuestException failure) {
            if (failure.kind() == GuestException.Kind.INTERRUPTED) {
                boolean interrupted = Thread.interrupted();
                kill(process);
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
            throw failure;
        }
    }

    private static void kill(GuestProcess process) {
        try {
            process.signal(SIGKILL, AFTER_KILL);
            // Whoever is told that it was killed finds it gone.
            process.waitFor(AFTER_KILL);
        } catch (GuestException ended) {
            // It has ended just now; the time is over all the same.
        }
    }
}
