package io.hypernetes.hyperd.stream;

import io.hypernetes.guest.ExecSpec;
import io.hypernetes.guest.GuestException;
import io.hypernetes.guest.GuestProcess;
import io.hypernetes.guest.ProcessExit;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.sandbox.Sandbox;
import io.hypernetes.streams.CommandStatus;
import io.hypernetes.streams.RemoteCommandSession;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Runs a command in a container for one client. The command belongs to the client's connection and to the guest's session: when the
/// client goes away it is hung up; when the session is lost it is gone, and no other is ever given its streams.
final class ExecTask {
    private static final Logger LOG = LoggerFactory.getLogger(ExecTask.class);
    private static final Duration ANSWER = Duration.ofSeconds(30);
    private static final Duration LONG = Duration.ofHours(1);
    private static final int SIGHUP = 1;
    private static final int SIGKILL = 9;
    private static final Duration AFTER_HANGUP = Duration.ofSeconds(5);

    private final Sandbox sandbox;
    private final ExecSpec spec;

    ExecTask(Sandbox sandbox, ExecSpec spec) {
        this.sandbox = sandbox;
        this.spec = spec;
    }

    void run(RemoteCommandSession session) throws InterruptedException {
        try (session) {
            session.awaitReady();
            try (GuestProcess process = sandbox.guest().exec(spec, ANSWER)) {
                serve(session, process);
            } catch (GuestException | HyperdException failure) {
                if (session.isConnected()) {
                    LOG.info("event=exec-failed container={} error=\"{}\"", spec.container(), failure.getMessage());
                }
                session.exit(CommandStatus.internalError(String.valueOf(failure.getMessage())));
            }
        } catch (IOException gone) {
            LOG.debug("event=exec-client-gone container={} error={}", spec.container(), gone.toString());
        }
    }

    private void serve(RemoteCommandSession session, GuestProcess process) throws InterruptedException {
        AtomicBoolean over = new AtomicBoolean();
        if (spec.stdin()) {
            start("stdin", () -> {
                // The client's half-close is the command's end of input; its disappearance is seen below.
                if (Pump.run(session.stdin(), process.stdin()) == Pump.End.SOURCE_ENDED) {
                    Pump.close(process.stdin());
                }
            });
        }
        Thread stdout = start("stdout", () -> Pump.run(process.stdout(), session.stdout()));
        Thread stderr = spec.tty() ? start("stderr", () -> {}) : start("stderr", () -> Pump.run(process.stderr(), session.stderr()));
        start("hangup", () -> hangUp(session, process, over));
        Optional<ProcessExit> exit = Optional.empty();
        try (TerminalSizes _ = spec.tty() ? sizes(session, process) : null) {
            while (exit.isEmpty()) {
                exit = process.waitFor(LONG);
            }
        }
        stdout.join();
        stderr.join();
        over.set(true);
        session.exit(CommandStatus.exitCode(exit.get().code()));
    }

    private TerminalSizes sizes(RemoteCommandSession session, GuestProcess process) {
        return TerminalSizes.follow("exec-resize-" + spec.container(), session, sandbox::guestWhenResumed,
                (_, rows, columns, deadline) -> process.resize(rows, columns, deadline));
    }

    private void hangUp(RemoteCommandSession session, GuestProcess process, AtomicBoolean over) {
        try {
            session.awaitDisconnect();
            if (over.get()) {
                return;
            }
            process.signal(SIGHUP, ANSWER);
            // Its streams end too: what writes or reads learns it.
            process.close();
            if (process.waitFor(AFTER_HANGUP).isEmpty()) {
                process.signal(SIGKILL, ANSWER);
            }
        } catch (InterruptedException | GuestException ended) {
            LOG.debug("event=hangup-ended container={} error={}", spec.container(), ended.toString());
        }
    }

    private Thread start(String what, Runnable work) {
        return Thread.ofVirtual().name("exec-" + what + "-" + spec.container()).start(work);
    }
}
