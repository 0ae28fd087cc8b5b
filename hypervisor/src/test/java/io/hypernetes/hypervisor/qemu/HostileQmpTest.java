package io.hypernetes.hypervisor.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.fuzz.Fuzzer;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A QEMU that a guest has taken over can say anything on its control socket: it costs an exception within the deadline, and nothing else.
@Timeout(120)
class HostileQmpTest {
    private static final String GREETING = "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22}}, \"capabilities\": [\"oob\"]}}\r\n";
    private static final Duration PATIENT = Duration.ofSeconds(20);

    @TempDir
    Path folder;

    @Test
    void mutatedRepliesAreReadOrRefused() {
        List<byte[]> seeds = List.of(
                bytes(GREETING + "{\"return\": {}, \"id\": 1}\r\n{\"return\": {\"UUID\": \"6b0c\"}, \"id\": 2}\r\n"),
                bytes(GREETING + "{\"timestamp\": {\"seconds\": 1}, \"event\": \"RESUME\"}\r\n{\"return\": {}, \"id\": 1}\r\n"),
                bytes("{\"id\": 2, \"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}}\r\n"),
                bytes(GREETING + "{\"return\": [], \"id\": 1}\r\n{\"return\": [{\"node-name\": \"layers\"}], \"id\": 2}\r\n"));
        Fuzzer.Outcome outcome = new Fuzzer("qmp", seeds).run(400, (input, chance) -> converse(input, PATIENT) == null);
        assertThat(outcome.read()).isPositive();
        assertThat(outcome.refused()).isPositive();
    }

    @Test
    void silenceEndsByTheDeadline() throws Exception {
        try (ServerSocketChannel server = listening()) {
            assertThatThrownBy(() -> Qmp.open(folder.resolve("qmp"), Duration.ofMillis(200)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("sent nothing");
            assertThat(server.isOpen()).isTrue();
        }
    }

    @Test
    void anEndlessLineIsCutOff() throws Exception {
        byte[] much = new byte[6 << 20];
        java.util.Arrays.fill(much, (byte) '[');
        assertThat(converse(much, PATIENT)).hasMessageContaining("a line of more than");
        byte[] noJson = bytes("x".repeat(900_000) + "\n");
        IOException refusal = converse(noJson, PATIENT);
        assertThat(refusal).hasMessageContaining("not JSON");
        assertThat(String.valueOf(refusal.getMessage()).length()).isLessThan(1_000);
    }

    @Test
    void endlessEventsEndByTheDeadline() throws Exception {
        String event = "{\"event\": \"BLOCK_JOB_READY\"}\r\n";
        assertThat(converse(bytes(GREETING + event.repeat(200_000)), Duration.ofSeconds(2))).isInstanceOf(IOException.class);
    }

    @Test
    void largeEventsAreForgottenNotKept() throws Exception {
        String event = "{\"event\": \"" + "x".repeat(900_000) + "\"}\r\n";
        IOException refusal = converse(bytes(GREETING + event.repeat(80)), PATIENT);
        assertThat(refusal).hasMessageContaining("in one conversation");
        // Fewer than that are passed over; none of them is remembered, so the heap of a thousand is never asked for.
        assertThat(converse(bytes(GREETING + "{\"return\": {}, \"id\": 1}\r\n" + event.repeat(20) + "{\"return\": {}, \"id\": 2}\r\n"), PATIENT)).isNull();
    }

    /// What a conversation of two commands ends with; null when both are answered.
    private @org.jspecify.annotations.Nullable IOException converse(byte[] replies, Duration deadline) throws Exception {
        try (ServerSocketChannel server = listening()) {
            Thread peer = Thread.ofVirtual().start(() -> {
                try (SocketChannel channel = server.accept()) {
                    ByteBuffer rest = ByteBuffer.wrap(replies);
                    while (rest.hasRemaining()) {
                        channel.write(rest);
                    }
                    channel.shutdownOutput();
                    ByteBuffer said = ByteBuffer.allocate(4096);
                    while (channel.read(said) >= 0) {
                        said.clear();
                    }
                } catch (IOException gone) {
                    // It has heard enough.
                }
            });
            try (Qmp qmp = Qmp.open(folder.resolve("qmp"), deadline)) {
                qmp.execute("query-uuid", Map.of()).path("UUID").asString("");
                return null;
            } catch (IOException refused) {
                return refused;
            } finally {
                server.close();
                peer.join();
            }
        } finally {
            java.nio.file.Files.deleteIfExists(folder.resolve("qmp"));
        }
    }

    private ServerSocketChannel listening() throws IOException {
        return ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(folder.resolve("qmp")));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
