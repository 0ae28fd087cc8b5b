package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/// Watches all interfaces of a network namespace for frames with marks.
final class FrameWatch implements AutoCloseable {
    private final Process process;
    private final List<String> seen = new CopyOnWriteArrayList<>();

    /// @param where what is put before a command so that it runs in the namespace; empty for the host's
    FrameWatch(List<String> where, String... marks) throws IOException {
        Path script = Cluster.checkout().resolve("acceptance/src/test/resources/io/hypernetes/acceptance/listen.py");
        process = new ProcessBuilder(Stream.of(where, List.of("/usr/bin/python3", script.toString()), Arrays.asList(marks)).flatMap(List::stream).toList())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        BufferedReader lines = process.inputReader();
        if (!"listening".equals(lines.readLine())) {
            throw new IOException("nothing watches in " + where);
        }
        Thread.ofVirtual().start(() -> lines.lines().forEach(seen::add));
    }

    /// Waits for a mark on an interface whose name begins so, and returns what was seen until then: `INTERFACE MARK` for each frame.
    List<String> until(String mark, String interfaces) {
        Awaitility.await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> assertThat(seen).anyMatch(line -> line.startsWith(interfaces) && line.endsWith(" " + mark)));
        return List.copyOf(seen);
    }

    @Override
    public void close() throws IOException {
        process.getOutputStream().close();
        process.destroy();
        process.onExit().join();
    }
}
