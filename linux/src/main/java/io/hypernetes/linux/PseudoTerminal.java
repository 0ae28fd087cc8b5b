package io.hypernetes.linux;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;

/// The controlling end of a pseudo-terminal. Safe for use by many threads; close it after its readers have ended.
public final class PseudoTerminal implements AutoCloseable {
    private static final int O_RDWR_NOCTTY_CLOEXEC = 0x2 | 0x100 | 0x80000;
    private static final long TIOCSWINSZ = 0x5414;
    private static final Duration FOR_EVER = Duration.ofDays(3650);

    private static final Libc POSIX_OPENPT = Libc.function("posix_openpt");
    private static final Libc UNLOCKPT = Libc.function("unlockpt");
    private static final Libc PTSNAME_R = Libc.function("ptsname_r");
    private static final Libc IOCTL = Libc.function("ioctl");

    private final int controller;
    private final String path;

    private PseudoTerminal(int controller, String path) {
        this.controller = controller;
        this.path = path;
    }

    /// A new terminal of 24 rows and 80 columns.
    public static PseudoTerminal open() {
        int controller = POSIX_OPENPT.call("/dev/ptmx", O_RDWR_NOCTTY_CLOEXEC);
        try (Arena arena = Arena.ofConfined()) {
            UNLOCKPT.call("descriptor " + controller, controller);
            MemorySegment name = arena.allocate(64);
            long error = PTSNAME_R.callPlain(controller, name.address(), name.byteSize());
            if ((int) error != 0) {
                throw new ErrnoException(PTSNAME_R.name(), "descriptor " + controller, (int) error);
            }
            PseudoTerminal terminal = new PseudoTerminal(controller, name.getString(0));
            terminal.resize(24, 80);
            return terminal;
        } catch (RuntimeException failure) {
            Descriptors.close(controller);
            throw failure;
        }
    }

    /// Path of the end that programs use, as `/dev/pts/3`.
    public String path() {
        return path;
    }

    /// Sets the size; the foreground program gets SIGWINCH.
    public void resize(int rows, int columns) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment size = arena.allocate(ValueLayout.JAVA_SHORT, 4);
            size.setAtIndex(ValueLayout.JAVA_SHORT, 0, (short) rows);
            size.setAtIndex(ValueLayout.JAVA_SHORT, 1, (short) columns);
            IOCTL.call(path, controller, TIOCSWINSZ, size.address());
        }
    }

    /// Starts a program as leader of a session whose controlling terminal this is; it is also its standard input, output and
    /// error, whatever descriptors `program` names.
    public HostProcess start(Spawn program) {
        return program.start(path);
    }

    /// What programs print on the terminal; ends when no program has it open any more.
    public InputStream output() {
        return new InputStream() {
            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] into, int offset, int length) throws IOException {
                byte[] bytes = new byte[length];
                try {
                    Descriptors.awaitReadable(controller, FOR_EVER);
                    int got = Descriptors.read(controller, bytes);
                    System.arraycopy(bytes, 0, into, offset, got);
                    return got == 0 ? -1 : got;
                } catch (InterruptedException interrupted) {
                    Thread.currentThread().interrupt();
                    throw new IOException("interrupted while reading " + path, interrupted);
                } catch (ErrnoException failure) {
                    if (failure.errno() == ErrnoException.EIO) {
                        return -1;
                    }
                    throw new IOException(failure);
                }
            }
        };
    }

    /// What a person types; byte 3 is Ctrl-C, byte 4 the end of input.
    public OutputStream input() {
        return new OutputStream() {
            @Override
            public void write(int b) {
                Descriptors.write(controller, new byte[] {(byte) b});
            }

            @Override
            public void write(byte[] bytes, int offset, int length) {
                Descriptors.write(controller, java.util.Arrays.copyOfRange(bytes, offset, offset + length));
            }
        };
    }

    /// Hangs up: the session on the terminal gets SIGHUP.
    @Override
    public void close() {
        Descriptors.close(controller);
    }
}
