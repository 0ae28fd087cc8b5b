package io.hypernetes.store.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// What one [WriterUnderLoad] said, read as it comes.
final class Acknowledged implements AutoCloseable {
    private final Process process;
    private final List<String> lines = new ArrayList<>();
    private final Thread reader;
    private int writes;
    private boolean ended;

    private Acknowledged(Process process) {
        this.process = process;
        this.reader = Thread.ofPlatform().daemon().start(this::read);
    }

    /// Starts a process on the store of `ledger`, now in `folder`.
    static Acknowledged start(Path folder, Ledger ledger) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                WriterUnderLoad.class.getName(),
                folder.toString(),
                Folders.settings().nativeFolder().toString(),
                ledger.sealed() ? "sealed" : "open"));
        for (int follower = 0; follower < WriterUnderLoad.FOLLOWERS; follower++) {
            command.add(Long.toString(ledger.resume(follower)));
        }
        return new Acknowledged(new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
    }

    private void read() {
        try (BufferedReader input = process.inputReader(UTF_8)) {
            for (String line = input.readLine(); line != null; line = input.readLine()) {
                // The last one may be cut.
                if (line.endsWith(" " + WriterUnderLoad.END)) {
                    add(line);
                }
            }
        } catch (IOException e) {
            // The process was killed.
        } finally {
            synchronized (this) {
                ended = true;
                notifyAll();
            }
        }
    }

    private synchronized void add(String line) {
        lines.add(line);
        if (line.startsWith("A")) {
            writes++;
            notifyAll();
        }
    }

    long pid() {
        return process.pid();
    }

    /// How many writes were acknowledged.
    synchronized int count() {
        return writes;
    }

    /// Everything said so far.
    synchronized List<String> said() {
        return List.copyOf(lines);
    }

    /// Waits until so many writes were acknowledged.
    synchronized void await(int enough) throws InterruptedException {
        long end = System.nanoTime() + Duration.ofSeconds(120).toNanos();
        while (writes < enough) {
            long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            assertThat(left).as("milliseconds left to wait for write " + enough + " after " + writes).isPositive();
            assertThat(ended).as("the process ended by itself").isFalse();
            wait(left);
        }
    }

    /// Ends the process; what it had said before is known afterwards.
    void kill() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor();
        reader.join();
    }

    @Override
    public void close() throws InterruptedException {
        kill();
    }
}
