package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Random;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/// `kubectl exec` as a person and as a pipe use it.
@ExtendWith(SharedCluster.class)
@Order(8)
class TerminalTest {

    @Test
    void aTerminalResizesAndCtrlCReachesOnlyTheForeground(Cluster cluster) throws Exception {
        cluster.runShell("term", "sleep 10000");
        cluster.awaitRunning("term");
        try (Terminal terminal = new Terminal(cluster, 31, 97, "exec", "-it", "term", "--", "sh")) {
            terminal.type("stty size; echo ready-$((1+1))\n");
            terminal.awaits("31 97");
            terminal.awaits("ready-2");

            terminal.resize(40, 120);
            Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> {
                terminal.type("stty size\n");
                terminal.awaits("40 120");
            });

            terminal.type("sleep 5000 &\n");
            terminal.type("sleep 6000; echo came-back-$((2+2))\n");
            Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(
                    () -> assertThat(cluster.kubectl("exec", "term", "--", "ps")).contains("sleep 6000"));
            terminal.control('C');
            terminal.type("echo interrupted-$((3+3))\n");
            terminal.awaits("interrupted-6");
            assertThat(cluster.kubectl("exec", "term", "--", "ps")).contains("sleep 5000").doesNotContain("sleep 6000");

            terminal.type("exit 3\n");
            assertThat(terminal.awaitEnd()).contains("3");
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
}
