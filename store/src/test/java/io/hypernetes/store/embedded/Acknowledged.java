package io.hypernetes.store.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.store.Entry;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// What a [WriterUnderLoad] said was kept, read as it comes.
final class Acknowledged implements AutoCloseable {
    private record Write(int writer, long n, long revision) {}

    private final Process process;
    private final List<Write> writes = new ArrayList<>();
    private final Thread reader;

    private Acknowledged(Process process) {
        this.process = process;
        this.reader = Thread.ofPlatform().daemon().start(this::read);
    }

    static Acknowledged start(Path folder) throws IOException {
        return new Acknowledged(new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        WriterUnderLoad.class.getName(),
                        folder.toString(),
                        Folders.settings().nativeFolder().toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
    }

    private void read() {
        try (BufferedReader lines = process.inputReader(UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] parts = line.split(" ");
                if (parts.length == 3) {
                    synchronized (writes) {
                        writes.add(new Write(Integer.parseInt(parts[0]), Long.parseLong(parts[1]), Long.parseLong(parts[2])));
                    }
                }
            }
        } catch (IOException e) {
            // The process was killed.
        }
    }

    long pid() {
        return process.pid();
    }

    int count() {
        synchronized (writes) {
            return writes.size();
        }
    }

    void kill() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor();
        reader.join();
    }

    /// Opens the store and requires the first `count` acknowledged writes, whole commits, and no gap.
    void requireKept(Path folder, int count) {
        List<Write> expected;
        synchronized (writes) {
            expected = List.copyOf(writes.subList(0, count));
        }
        try (EmbeddedStore store = EmbeddedStore.open(folder, Folders.settings().withReservedBytes(1 << 20))) {
            long highest = 0;
            for (Write write : expected) {
                Entry entry = store.get(WriterUnderLoad.key(write.writer, write.n)).orElseThrow(
                        () -> new AssertionError("acknowledged write is lost: " + write));
                assertThat(entry.revision()).isEqualTo(write.revision);
                highest = Math.max(highest, write.revision);
            }
            for (int writer = 0; writer < WriterUnderLoad.WRITERS; writer++) {
                List<Entry> all = store.list("/w/" + writer + "/", "", 0).entries();
                long last = store.get("/last/" + writer).map(e -> Long.parseLong(new String(e.value(), UTF_8))).orElse(-1L);
                assertThat(all).hasSize((int) last + 1);
                for (int n = 0; n < all.size(); n++) {
                    assertThat(all.get(n).key()).isEqualTo(WriterUnderLoad.key(writer, n));
                    assertThat(n == 0 || all.get(n).revision() > all.get(n - 1).revision()).as("order").isTrue();
                }
            }
            assertThat(store.tick()).isGreaterThan(highest);
        }
    }

    @Override
    public void close() throws InterruptedException {
        kill();
    }
}
