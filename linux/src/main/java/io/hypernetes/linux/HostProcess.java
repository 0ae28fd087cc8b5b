package io.hypernetes.linux;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// A running process held by a pidfd: signals can never reach another process that got the same number later. It need not be a
/// child of ours. Safe for use by many threads. Closing lets go of it and does not end it.
public final class HostProcess implements AutoCloseable {
    /// Signals that callers send.
    public static final int SIGINT = 2, SIGKILL = 9, SIGTERM = 15;

    private static final int P_PIDFD = 3;
    private static final int WEXITED = 4;
    private static final int WNOHANG = 1;
    private static final int CLD_EXITED = 1;
    private static final int ECHILD = 10;
    private static final int SIGINFO_SIZE = 128;
    private static final int SI_CODE = 8;
    private static final int SI_PID = 16;
    private static final int SI_STATUS = 24;

    private static final Libc PIDFD_OPEN = Libc.function("pidfd_open");
    private static final Libc PIDFD_SEND_SIGNAL = Libc.function("pidfd_send_signal");
    private static final Libc WAITID = Libc.function("waitid");

    private final long pid;
    private final long startTimeTicks;
    private final int pidfd;
    private @Nullable ExitStatus ended;
    private boolean closed;

    private HostProcess(long pid, long startTimeTicks, int pidfd) {
        this.pid = pid;
        this.startTimeTicks = startTimeTicks;
        this.pidfd = pidfd;
    }

    /// Takes hold of process `pid` if it runs and started at `startTimeTicks`; empty otherwise.
    public static Optional<HostProcess> find(long pid, long startTimeTicks) {
        Optional<HostProcess> found = find(pid);
        if (found.isPresent() && found.get().startTimeTicks != startTimeTicks) {
            found.get().close();
            return Optional.empty();
        }
        return found;
    }

    /// Takes hold of process `pid` if there is one.
    public static Optional<HostProcess> find(long pid) {
        int pidfd = PIDFD_OPEN.tryCall(pid, 0);
        if (pidfd == -ErrnoException.ESRCH || pidfd == -ErrnoException.EINVAL) {
            return Optional.empty();
        }
        if (pidfd < 0) {
            throw new ErrnoException(PIDFD_OPEN.name(), "pid " + pid, -pidfd);
        }
        // Read after the open: if the number was given away in between, the pidfd is the new owner's, and so is the time.
        OptionalLong started = OptionalLong.empty();
        try {
            started = startTimeTicks(pid);
        } finally {
            if (started.isEmpty()) {
                Descriptors.close(pidfd);
            }
        }
        return started.isEmpty() ? Optional.empty() : Optional.of(new HostProcess(pid, started.getAsLong(), pidfd));
    }

    /// When process `pid` started, in clock ticks since the host's boot (field 22 of `/proc/PID/stat`); empty when there is none.
    public static OptionalLong startTimeTicks(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
            // The second field is the command in parentheses and may hold anything, so count from its end: field 3 follows.
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return OptionalLong.of(Long.parseLong(fields[22 - 3]));
        } catch (NoSuchFileException gone) {
            return OptionalLong.empty();
        } catch (IOException failure) {
            if (Files.exists(Path.of("/proc/" + pid))) {
                throw new UncheckedIOException("reading /proc/" + pid + "/stat", failure);
            }
            return OptionalLong.empty();
        }
    }

    public long pid() {
        return pid;
    }

    /// See [#startTimeTicks(long)].
    public long startTimeTicks() {
        return startTimeTicks;
    }

    /// Sends a signal; nothing happens when the process has ended.
    public synchronized void signal(int signal) {
        if (closed || ended != null) {
            return;
        }
        int result = PIDFD_SEND_SIGNAL.tryCall(pidfd, signal, 0, 0);
        if (result < 0 && result != -ErrnoException.ESRCH) {
            throw new ErrnoException(PIDFD_SEND_SIGNAL.name(), "pid " + pid + ", signal " + signal, -result);
        }
    }

    /// Waits at most `timeout` until the process has ended; empty when it still runs then. A child of ours is reaped by this. A
    /// virtual thread waiting here holds no carrier.
    public Optional<ExitStatus> awaitExit(Duration timeout) throws InterruptedException {
        int waitOn;
        synchronized (this) {
            if (ended != null) {
                return Optional.of(ended);
            }
            if (closed) {
                throw new IllegalStateException("process " + pid + " was let go of");
            }
            waitOn = Descriptors.duplicate(pidfd, 3);
        }
        try {
            if (!Readiness.await(waitOn, Readiness.READABLE, timeout)) {
                return Optional.empty();
            }
        } finally {
            Descriptors.close(waitOn);
        }
        return Optional.of(reap());
    }

    private synchronized ExitStatus reap() {
        if (ended != null) {
            return ended;
        }
        if (closed) {
            return new ExitStatus.Unknown();
        }
        ExitStatus status;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = arena.allocate(SIGINFO_SIZE, 8);
            int result = WAITID.tryCall(P_PIDFD, pidfd, info.address(), WEXITED | WNOHANG);
            if (result < 0 && result != -ECHILD) {
                throw new ErrnoException(WAITID.name(), "pid " + pid, -result);
            }
            if (result < 0 || info.get(ValueLayout.JAVA_INT, SI_PID) == 0) {
                status = new ExitStatus.Unknown();
            } else {
                int value = info.get(ValueLayout.JAVA_INT, SI_STATUS);
                status = info.get(ValueLayout.JAVA_INT, SI_CODE) == CLD_EXITED
                        ? new ExitStatus.Code(value)
                        : new ExitStatus.Signal(value);
            }
        }
        ended = status;
        return status;
    }

    /// Lets go of the process. A child that ends later stays a zombie until this process ends, so wait for children first.
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            Descriptors.close(pidfd);
        }
    }
}
