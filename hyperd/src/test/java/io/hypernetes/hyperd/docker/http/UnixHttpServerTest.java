package io.hypernetes.hyperd.docker.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The server under clients that are right, wrong and gone.
@Timeout(60)
class UnixHttpServerTest {
    @TempDir
    Path folder;

    private final CountDownLatch silenceEnds = new CountDownLatch(1);
    private final CompletableFuture<Boolean> hungUp = new CompletableFuture<>();
    private UnixHttpServer server;

    @BeforeEach
    void start() throws IOException {
        HttpLimits limits = new HttpLimits(2, 2048, 10, Duration.ofMinutes(5), Duration.ofSeconds(1));
        server = new UnixHttpServer(folder.resolve("s"), Map.of("Server", "test"), limits, exchange -> {
            switch (exchange.path()) {
                case "/echo" -> exchange.answer(200, "text/plain", exchange.body(100));
                case "/stream" -> {
                    OutputStream out = exchange.stream(200, "text/plain", Map.of());
                    out.write("one".getBytes(StandardCharsets.US_ASCII));
                    out.write("two".getBytes(StandardCharsets.US_ASCII));
                }
                case "/raw" -> {
                    HttpExchange.Raw raw = exchange.takeOver("application/raw");
                    raw.in().transferTo(raw.out());
                    raw.out().write("end".getBytes(StandardCharsets.US_ASCII));
                }
                case "/silent" -> {
                    HttpExchange.Raw raw = exchange.takeOver("application/raw");
                    raw.in().read();
                    Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> exchange.isGone() || silenceEnds.getCount() == 0);
                    hungUp.complete(exchange.isGone());
                    raw.in().transferTo(raw.out());
                }
                default -> exchange.answer(404, "text/plain", new byte[0]);
            }
        });
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private SocketChannel connect() throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(folder.resolve("s")));
        return channel;
    }

    private static void write(SocketChannel channel, String text) throws IOException {
        channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1)));
    }

    /// What comes back until the server closes.
    private String all(String request) throws IOException {
        try (SocketChannel channel = connect(); InputStream in = Channels.newInputStream(channel)) {
            write(channel, request);
            return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }

    @Test
    void bodiesWithALengthAndInChunks() throws IOException {
        assertThat(all("POST /echo HTTP/1.1\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc")).startsWith("HTTP/1.1 200").endsWith("\r\n\r\nabc");
        assertThat(all("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")).endsWith("\r\n\r\nabc");
        assertThat(all("POST /echo HTTP/1.1\r\nContent-Length: 2\r\n\r\nabPOST /echo HTTP/1.1\r\nConnection: close\r\nContent-Length: 2\r\n\r\ncd"))
                .as("two requests on one connection").contains("\r\n\r\nab").endsWith("\r\n\r\ncd");
    }

    @Test
    void answersInPieces() throws IOException {
        assertThat(all("GET /stream HTTP/1.1\r\n\r\n")).contains("Transfer-Encoding: chunked").endsWith("3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
        assertThat(all("GET /stream HTTP/1.0\r\n\r\n")).endsWith("\r\n\r\nonetwo");
    }

    @Test
    void aTakenConnectionEndsOneSideAtATime() throws IOException {
        try (SocketChannel channel = connect(); InputStream in = Channels.newInputStream(channel)) {
            write(channel, "POST /raw HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nhello");
            channel.shutdownOutput();
            assertThat(new String(in.readAllBytes(), StandardCharsets.ISO_8859_1)).startsWith("HTTP/1.1 101").endsWith("\r\n\r\nhelloend");
        }
    }

    @Test
    void aClientThatHangsUpIsKnownToThoughNobodyReads() throws Exception {
        try (SocketChannel channel = connect()) {
            write(channel, "POST /silent HTTP/1.1\r\n\r\nx");
            assertThat(channel.read(ByteBuffer.allocate(1024))).isPositive();
            channel.configureBlocking(false);
            ByteBuffer much = ByteBuffer.allocate(64 * 1024);
            while (channel.write(much.clear()) > 0) {
                // Until the server takes no more.
            }
        }
        assertThat(hungUp.get(60, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aClientThatEndsItsSideAloneHasNotHungUp() throws Exception {
        try (SocketChannel channel = connect(); InputStream in = Channels.newInputStream(channel)) {
            write(channel, "POST /silent HTTP/1.1\r\n\r\nxstill here");
            channel.shutdownOutput();
            silenceEnds.countDown();
            assertThat(new String(in.readAllBytes(), StandardCharsets.ISO_8859_1)).endsWith("\r\n\r\nstill here");
        }
        assertThat(hungUp).isCompletedWithValue(false);
    }

    @Test
    void whatIsWrongOrTooMuchIsRefused() throws IOException {
        assertThat(all("nonsense\r\n\r\n")).startsWith("HTTP/1.1 400");
        assertThat(all("GET / HTTP/1.1\r\nbad header\r\n\r\n")).startsWith("HTTP/1.1 400");
        assertThat(all("GET /" + "x".repeat(2100) + " HTTP/1.1\r\n\r\n")).startsWith("HTTP/1.1 431");
        assertThat(all("GET / HTTP/1.1\r\n" + "a: b\r\n".repeat(11) + "\r\n")).startsWith("HTTP/1.1 431");
        assertThat(all("POST /echo HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n")).startsWith("HTTP/1.1 400");
        assertThat(all("POST /echo HTTP/1.1\r\nContent-Length: 200\r\n\r\n" + "y".repeat(200))).startsWith("HTTP/1.1 413");
    }

    @Test
    void aRequestThatStandsStillIsCut() throws IOException {
        assertThat(all("GET /echo HTTP/1.1\r\nHos")).isEmpty();
    }

    @Test
    void oneConnectionTooManyIsToldSo() throws IOException {
        try (SocketChannel first = connect(); SocketChannel second = connect()) {
            for (SocketChannel open : new SocketChannel[] {first, second}) {
                write(open, "GET /none HTTP/1.1\r\n\r\n");
                assertThat(open.read(ByteBuffer.allocate(12))).isPositive();
            }
            assertThat(all("")).startsWith("HTTP/1.1 503");
        }
    }
}
