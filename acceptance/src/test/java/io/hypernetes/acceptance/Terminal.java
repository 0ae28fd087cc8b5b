package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.linux.HostProcess;
import io.hypernetes.linux.PseudoTerminal;
import io.hypernetes.linux.Spawn;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.awaitility.Awaitility;

/// A terminal at which somebody runs kubectl.
final class Terminal implements AutoCloseable {
    private static final int SIGHUP = 1;
    private static final Duration SOON = Duration.ofSeconds(20);

    private final PseudoTerminal terminal;
    private final HostProcess kubectl;
    private final Thread reader;
    private final ByteArrayOutputStream shown = new ByteArrayOutputStream();

    /// Starts kubectl in a terminal of that size.
    Terminal(Cluster cluster, int rows, int columns, String... arguments) {
        Map<String, String> environment = new HashMap<>(System.getenv());
        environment.putAll(cluster.environment());
        environment.put("TERM", "xterm");
        terminal = PseudoTerminal.open();
        terminal.resize(rows, columns);
        kubectl = terminal.start(Spawn.of(cluster.kubectlCommand(arguments)).withEnvironment(environment));
        reader = Thread.ofPlatform().daemon().start(() -> follow(terminal.output()));
    }

    private void follow(InputStream output) {
        byte[] buffer = new byte[4096];
        try {
            for (int count = output.read(buffer); count >= 0; count = output.read(buffer)) {
                synchronized (shown) {
                    shown.write(buffer, 0, count);
                }
            }
        } catch (IOException hungUp) {
            // The terminal was closed.
        }
    }

    void resize(int rows, int columns) {
        terminal.resize(rows, columns);
    }

    void type(String text) throws IOException {
        terminal.input().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    /// Ctrl and a letter.
    void control(char letter) throws IOException {
        terminal.input().write(letter - '@');
    }

    /// Waits until the terminal shows the text and forgets everything up to it.
    void awaits(String text) {
        Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> {
            synchronized (shown) {
                String all = shown.toString(StandardCharsets.UTF_8);
                assertThat(all).contains(text);
                shown.reset();
                shown.writeBytes(all.substring(all.indexOf(text) + text.length()).getBytes(StandardCharsets.UTF_8));
            }
        });
    }

    /// Waits until kubectl has ended.
    ///
    /// @return how
    String awaitEnd() throws InterruptedException {
        return kubectl.awaitExit(SOON).orElseThrow(() -> new AssertionError("kubectl does not end")).toString();
    }

    /// Hangs up, as far as kubectl can tell. What reads the terminal ends before its descriptor is closed: the next terminal may get the same number.
    @Override
    public void close() throws InterruptedException {
        kubectl.signal(SIGHUP);
        awaitEnd();
        reader.join(SOON);
        terminal.close();
        kubectl.close();
    }
}
