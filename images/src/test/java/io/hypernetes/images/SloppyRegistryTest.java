package io.hypernetes.images;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Against a server that says byte by byte what no library would.
@Timeout(40)
class SloppyRegistryTest {
    private static final String BLOB = "elsewhere";

    @TempDir
    Path folder;

    private final RegistryHttp http = new RegistryHttp(Duration.ofSeconds(10));
    private final ConcurrentLinkedQueue<String> seen = new ConcurrentLinkedQueue<>();
    private ServerSocket server;

    @BeforeEach
    void start() throws IOException {
        server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    }

    @AfterEach
    void stop() throws IOException {
        http.close();
        server.close();
    }

    /// @param answer to the head of a request; what ends with nothing more is followed by silence, what ends with `!` by the end
    private void serve(UnaryOperator<String> answer) {
        Thread.startVirtualThread(() -> {
            while (!server.isClosed()) {
                try {
                    Socket client = server.accept();
                    Thread.startVirtualThread(() -> serve(client, answer));
                } catch (IOException closed) {
                    return;
                }
            }
        });
    }

    private void serve(Socket client, UnaryOperator<String> answer) {
        try (client) {
            StringBuilder head = new StringBuilder();
            for (int next = client.getInputStream().read(); next >= 0; next = client.getInputStream().read()) {
                head.append((char) next);
                if (head.toString().endsWith("\r\n\r\n")) {
                    seen.add(head.toString());
                    String words = answer.apply(head.toString());
                    client.getOutputStream().write(words.replaceFirst("!$", "").getBytes(US_ASCII));
                    head.setLength(0);
                    if (words.endsWith("!")) {
                        return;
                    }
                }
            }
        } catch (IOException gone) {
            // It has heard enough.
        }
    }

    private RegistryRoute client() {
        ImageSettings settings = ImageSettings.defaults();
        return new RegistryRoute(List.of(new RegistryClient(http, settings, ImageReference.parse("127.0.0.1:" + server.getLocalPort() + "/a/b:1"), null, Requester.OPERATOR)),
                settings.transfers());
    }

    private static Documents.Descriptor blob() {
        byte[] content = BLOB.getBytes(US_ASCII);
        return new Documents.Descriptor(Digest.sha256(content), content.length, "", Map.of());
    }

    @Test
    void nobodyWaitsForTheWordsBesideARedirect() {
        String end = "HTTP/1.1 200 OK\r\nContent-Length: " + BLOB.length() + "\r\n\r\n" + BLOB;
        for (String header : new String[] {"X: y", "Content-Length: 4096", "Content-Length: 5000", "Transfer-Encoding: chunked"}) {
            server = again();
            serve(head -> head.contains("/storage") ? end : "HTTP/1.1 307 Temporary Redirect\r\nLocation: /storage\r\n" + header + "\r\n\r\n");
            long begin = System.nanoTime();
            assertThat(client().smallBlob(blob())).asString(US_ASCII).isEqualTo(BLOB);
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).as(header).isLessThan(Duration.ofSeconds(8));
        }
    }

    private ServerSocket again() {
        try {
            server.close();
            return new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void whatCameWholeIsNotFetchedAgainForItsMissingEnd() {
        serve(head -> head.contains("Range") ? "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n"
                : "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + Integer.toHexString(BLOB.length()) + "\r\n" + BLOB + "\r\n!");
        Path file = folder.resolve("blob");
        client().blob(blob(), file, done -> {});
        assertThat(file).hasContent(BLOB);
        assertThat(seen).hasSize(1);
    }

    @Test
    void wordsBeforeTheAnswerAreCounted() {
        serve(head -> (head.contains("manifests/1 ") ? "HTTP/1.1 103 Early Hints\r\n\r\n" : "HTTP/1.1 100 Continue\r\n\r\n".repeat(500))
                + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        assertThat(client().manifest("1").content()).asString(US_ASCII).isEqualTo("{}");
        assertThatThrownBy(() -> client().manifest("2"))
                .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.UNREACHABLE));
    }
}
