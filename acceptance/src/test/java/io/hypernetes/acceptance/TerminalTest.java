package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.linux.HostProcess;
import io.hypernetes.linux.PseudoTerminal;
import io.hypernetes.linux.Spawn;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Random;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/// `kubectl exec` as a person and as a pipe use it.
@ExtendWith(SharedCluster.class)
class TerminalTest {

    @Test
    void aTerminalResizesAndCtrlCReachesOnlyTheForeground(Cluster cluster) throws Exception {
        cluster.runShell("term", "sleep 10000");
        cluster.awaitRunning("term");
        Map<String, String> environment = new HashMap<>(System.getenv());
        environment.putAll(cluster.environment());
        environment.put("TERM", "xterm");
        try (PseudoTerminal terminal = PseudoTerminal.open()) {
            terminal.resize(31, 97);
            HostProcess kubectl = terminal.start(
                    Spawn.of(cluster.kubectlCommand("exec", "-it", "term", "--", "sh")).withEnvironment(environment));
            Screen screen = new Screen(terminal.output());
            OutputStream keys = terminal.input();

            type(keys, "stty size; echo ready-$((1+1))\n");
            screen.awaits("31 97");
            screen.awaits("ready-2");

            terminal.resize(40, 120);
            Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> {
                type(keys, "stty size\n");
                screen.awaits("40 120");
            });

            type(keys, "sleep 5000 &\n");
            type(keys, "sleep 6000; echo came-back-$((2+2))\n");
            Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(
                    () -> assertThat(cluster.kubectl("exec", "term", "--", "ps")).contains("sleep 6000"));
            keys.write(3);
            type(keys, "echo interrupted-$((3+3))\n");
            screen.awaits("interrupted-6");
            assertThat(cluster.kubectl("exec", "term", "--", "ps")).contains("sleep 5000").doesNotContain("sleep 6000");

            type(keys, "exit 3\n");
            assertThat(kubectl.awaitExit(Duration.ofSeconds(20))).isPresent();
            assertThat(kubectl.awaitExit(Duration.ZERO).orElseThrow().toString()).contains("3");
        }
        cluster.delete("term");
    }

    @Test
    void aHundredMegabytesKeepTheirChecksum(Cluster cluster, @TempDir Path folder) throws Exception {
        cluster.runShell("pipe", "sleep 10000");
        cluster.awaitRunning("pipe");
        Path file = folder.resolve("random");
        String sent = writeRandom(file, 100_000_000);

        ProcessBuilder builder = new ProcessBuilder(cluster.kubectlCommand("exec", "-i", "pipe", "--", "cat"));
        builder.environment().putAll(cluster.environment());
        Process kubectl = builder.redirectInput(file.toFile()).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        MessageDigest received = MessageDigest.getInstance("SHA-256");
        try (OutputStream digest = new DigestOutputStream(OutputStream.nullOutputStream(), received)) {
            assertThat(kubectl.getInputStream().transferTo(digest)).isEqualTo(100_000_000L);
        }
        assertThat(kubectl.waitFor()).isZero();
        assertThat(HexFormat.of().formatHex(received.digest())).isEqualTo(sent);
        cluster.delete("pipe");
    }

    private static String writeRandom(Path file, int size) throws Exception {
        Random random = new Random(7);
        byte[] block = new byte[100_000];
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        try (OutputStream out = new DigestOutputStream(Files.newOutputStream(file), digest)) {
            for (int written = 0; written < size; written += block.length) {
                random.nextBytes(block);
                out.write(block);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static void type(OutputStream keys, String text) throws IOException {
        keys.write(text.getBytes(StandardCharsets.US_ASCII));
    }

    /// All that the terminal has shown so far.
    private static final class Screen {
        private final ByteArrayOutputStream shown = new ByteArrayOutputStream();

        Screen(InputStream output) {
            Thread.ofPlatform().daemon().start(() -> {
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
            });
        }

        /// Waits for the text and forgets everything up to it.
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
    }
}
