package io.hypernetes.network;

import io.hypernetes.linux.Descriptors;
import io.hypernetes.linux.ErrnoException;
import io.hypernetes.linux.ExitStatus;
import io.hypernetes.linux.HostProcess;
import io.hypernetes.linux.Spawn;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// Runs one of the host's network tools on a batch of lines; for the drivers.
///
/// Each pod takes several, so they are started without the program in between by which [ProcessBuilder] starts others: it costs as much processor time as
/// they do.
public final class Commands {
    /// Tools take milliseconds, and seconds where many are asked at once; one that hangs must take only a part of the time that whoever waits has for all.
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int BUFFER = 8192;
    /// Characters of what a tool complains of, and of its batch, that a message holds: both may be megabytes, which tenants bring about, and messages are logged.
    private static final int MOST_SAID = 1024;

    private Commands() {}

    /// @param input the batch
    /// @return what it printed
    /// @throws NetworkException when it fails; the message holds the beginnings of its complaint and of the batch
    public static String run(List<String> command, String input) {
        return run(command, input, PATIENCE);
    }

    /// @param patience after which it is killed
    static String run(List<String> command, String input, Duration patience) {
        boolean interrupted = Thread.interrupted();
        int[] printing = Descriptors.pipe();
        try (HostProcess process = started(command, input, printing[1])) {
            Waiting waiting = new Waiting(patience);
            String printed = waiting.printed(printing[0]);
            Optional<ExitStatus> end = waiting.end(process);
            interrupted |= waiting.interrupted;
            if (end.isEmpty()) {
                process.signal(HostProcess.SIGKILL);
                waiting.end(process);
            }
            if (interrupted) {
                throw new NetworkException("interrupted while running " + String.join(" ", command));
            }
            if (!end.equals(Optional.of(new ExitStatus.Code(0)))) {
                throw new NetworkException(String.join(" ", command) + " failed: "
                        + (end.isEmpty() ? "it did not end within " + patience.toMillis() + " ms and was killed; " : "") + beginning(printed) + "; it was given: "
                        + beginning(input.strip()).replace("\n", "; "));
            }
            return printed;
        } finally {
            Descriptors.close(printing[0]);
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static String beginning(String text) {
        return text.length() <= MOST_SAID ? text : text.substring(0, MOST_SAID) + "... (" + text.length() + " characters)";
    }

    /// @param output where it prints to; closed
    private static HostProcess started(List<String> command, String input, int output) {
        int batch = -1;
        try {
            batch = Descriptors.readOnlyMemoryFile("batch", input.getBytes(StandardCharsets.UTF_8));
            return Spawn.of(command).withDescriptors(List.of(batch, output, output)).start();
        } catch (ErrnoException failure) {
            throw new NetworkException("cannot run " + command.getFirst() + ": install iproute2 and nftables", failure);
        } finally {
            Descriptors.close(output);
            if (batch >= 0) {
                Descriptors.close(batch);
            }
        }
    }

    /// What has begun is waited for though somebody interrupts: a half-done change is worse than a late one.
    private static final class Waiting {
        private final long until;
        private boolean interrupted;

        Waiting(Duration patience) {
            this.until = System.nanoTime() + patience.toNanos();
        }

        String printed(int from) {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            byte[] some = new byte[BUFFER];
            while (left().isPositive()) {
                try {
                    if (!Descriptors.awaitReadable(from, left())) {
                        continue;
                    }
                } catch (InterruptedException later) {
                    interrupted = true;
                    continue;
                }
                int got = Descriptors.read(from, some);
                if (got == 0) {
                    break;
                }
                all.write(some, 0, got);
            }
            return all.toString(StandardCharsets.UTF_8).strip();
        }

        Optional<ExitStatus> end(HostProcess process) {
            while (true) {
                try {
                    return process.awaitExit(left().isPositive() ? left() : Duration.ofSeconds(1));
                } catch (InterruptedException later) {
                    interrupted = true;
                }
            }
        }

        private Duration left() {
            return Duration.ofNanos(until - System.nanoTime());
        }
    }
}
