package io.hypernetes.guest;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A process started by EXEC.
final class ExecProcess implements GuestProcess {
    private final GuestVerbs guest;
    private final ExecSpec spec;
    private final int id;
    private final GuestStream stdio;
    private final @Nullable GuestStream errors;
    private final InputStream stdout;
    private final InputStream stderr;
    private final OutputStream stdin;
    private int pid;
    private @Nullable ProcessExit exit;
    private @Nullable GuestException lost;

    ExecProcess(GuestVerbs guest, ExecSpec spec, int id, GuestStream stdio, @Nullable GuestStream errors) {
        this.guest = guest;
        this.spec = spec;
        this.id = id;
        this.stdio = stdio;
        this.errors = errors;
        String of = " of exec " + id + " in container " + spec.container();
        this.stdout = new StreamInput(stdio, (spec.tty() ? "terminal" : "standard output") + of);
        this.stderr = errors == null ? InputStream.nullInputStream() : new StreamInput(errors, "standard error" + of);
        this.stdin = spec.stdin() ? new StreamOutput(stdio, "standard input" + of) : new NoInput("standard input" + of);
    }

    /// The guest has started it.
    synchronized void started(int pid) {
        this.pid = pid;
    }

    void exited(ProcessExit exit) {
        synchronized (this) {
            if (this.exit != null) {
                throw GuestException.protocol("exec " + id + " exited twice");
            }
            this.exit = exit;
            notifyAll();
        }
        stdio.processEnded();
        if (errors != null) {
            errors.processEnded();
        }
    }

    synchronized void lost(GuestException why) {
        lost = why;
        notifyAll();
    }

    @Override
    public synchronized int pid() {
        return pid;
    }

    @Override
    public OutputStream stdin() {
        return stdin;
    }

    @Override
    public InputStream stdout() {
        return stdout;
    }

    @Override
    public InputStream stderr() {
        return stderr;
    }

    @Override
    public void resize(int rows, int columns, Duration deadline) {
        guest.resizeTty(spec.container(), id, rows, columns, deadline);
    }

    @Override
    public void signal(int signal, Duration deadline) {
        guest.signal(spec.container(), id, signal, SignalTarget.FIRST_PROCESS, deadline);
    }

    @Override
    public synchronized Optional<ProcessExit> waitFor(Duration timeout) {
        long nanos = Deadline.nanos(timeout);
        long begun = System.nanoTime();
        try {
            while (exit == null) {
                if (lost != null) {
                    throw lost.again("waiting for exec " + id + " in container " + spec.container());
                }
                long leftMillis = (nanos - (System.nanoTime() - begun)) / 1_000_000;
                if (leftMillis <= 0) {
                    return Optional.empty();
                }
                wait(leftMillis);
            }
            return Optional.of(exit);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw GuestException.interrupted("waiting for exec " + id + " in container " + spec.container());
        }
    }

    @Override
    public void close() {
        stdio.close();
        guest.forget(stdio);
        if (errors != null) {
            errors.close();
            guest.forget(errors);
        }
        guest.forget(id);
        lost(GuestException.disconnected("it was closed before its exit was known"));
    }

    private static final class NoInput extends OutputStream {
        private final String name;

        NoInput(String name) {
            this.name = name;
        }

        @Override
        public void write(int value) throws IOException {
            throw new IOException(name + " was not asked for when it was started");
        }
    }
}
