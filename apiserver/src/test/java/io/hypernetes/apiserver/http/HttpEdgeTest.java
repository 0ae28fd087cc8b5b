package io.hypernetes.apiserver.http;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.identity.Authorities;
import io.hypernetes.identity.CertificateAuthority;
import io.hypernetes.identity.CertificateSpec;
import io.hypernetes.identity.KeyedCertificate;
import io.hypernetes.identity.Tls;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.spec.ECGenParameterSpec;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HttpEdgeTest {
    @TempDir
    Path folder;

    private final CompletableFuture<String> gone = new CompletableFuture<>();
    private final CompletableFuture<Void> begun = new CompletableFuture<>();
    private CertificateAuthority root;
    private SSLContext client;
    private SSLContext server;
    private HttpEdge edge;
    private volatile int offered;

    @BeforeEach
    void start() throws IOException {
        root = Authorities.open(folder, Clock.systemUTC(), new SecureRandom()).root();
        server = Tls.server(root.issue(CertificateSpec.server(
                "edge", List.of("localhost"), List.of(InetAddress.ofLiteral("127.0.0.1")), Duration.ofHours(1))));
        client = Tls.client(root.certificate(), null);
        edge = new HttpEdge(
                new EdgeSettings(
                        new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0),
                        100_000,
                        300_000,
                        8_192,
                        6,
                        Duration.ofMillis(600),
                        Duration.ofMillis(1500),
                        Duration.ofMillis(700)),
                () -> server);
        edge.serve(this::handle);
    }

    @AfterEach
    void stop() {
        edge.close();
    }

    private void handle(Exchange http) throws IOException {
        switch (http.path()) {
            case "/flood" -> {
                var block = new byte[64 * 1024];
                try (var out = http.stream(200, "text/plain")) {
                    while (true) {
                        out.write(block);
                    }
                } catch (ClientGoneException e) {
                    gone.complete(String.valueOf(e.getMessage()));
                    throw e;
                }
            }
            case "/chunks" -> {
                try (var out = http.stream(200, "text/plain")) {
                    out.write(chunk("one "));
                    out.flush();
                    onLoop(out, loop -> {
                        loop.offer(chunk("two "));
                        loop.offer(chunk("three ".repeat(20)));
                        loop.sendOffered();
                    });
                    out.write(chunk("four"));
                }
            }
            case "/offer" -> {
                var out = http.stream(200, "text/plain");
                onLoop(out, loop -> {
                    for (offered = 0; loop.ready(); offered += 16 * 1024) {
                        loop.offer(chunk("x".repeat(16 * 1024)));
                    }
                });
                try {
                    out.write(chunk("more"));
                    out.flush();
                } catch (ClientGoneException e) {
                    gone.complete(String.valueOf(e.getMessage()));
                    throw e;
                }
            }
            case "/wait" -> {
                var ended = new CompletableFuture<Void>();
                http.onDisconnect(() -> ended.complete(null));
                begun.complete(null);
                ended.join();
                gone.complete("closed");
            }
            case "/who" -> http.send(
                    200,
                    "text/plain",
                    (http.clientCertificates().stream().map(shown -> shown.getSubjectX500Principal().getName()).findFirst().orElse("nobody") + ";")
                            .getBytes(StandardCharsets.UTF_8));
            case "/fail" -> throw new IllegalStateException("on purpose");
            default -> http.send(200, "text/plain", (http.path() + http.body().length).getBytes(StandardCharsets.UTF_8));
        }
    }

    private static Chunk chunk(String text) {
        return Chunk.of(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static void onLoop(AnswerStream out, Consumer<LoopStream> what) {
        var stream = out.byLoop().orElseThrow();
        stream.loop().submit(() -> what.accept(stream)).syncUninterruptibly();
    }

    private SSLSocket connect() throws IOException {
        var socket = (SSLSocket) client.getSocketFactory().createSocket("127.0.0.1", edge.address().getPort());
        socket.setSoTimeout(10_000);
        return socket;
    }

    private static void send(SSLSocket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
        socket.getOutputStream().flush();
    }

    private static String readUntil(InputStream in, String end) throws IOException {
        var text = new StringBuilder();
        for (int next = in.read(); next >= 0; next = in.read()) {
            text.append((char) next);
            if (text.indexOf(end) >= 0) {
                break;
            }
        }
        return text.toString();
    }

    /// All kinds that requests for certificates may ask for (`SigningRequest`): a TLS library that verifies fewer would make anonymous who shows the others.
    @Test
    void clientsAreKnownByKeysOfEveryKindThatIsSigned() throws Exception {
        for (var kind : List.of("secp256r1", "secp384r1", "secp521r1", "RSA", "Ed25519")) {
            var pair = keys(kind);
            var certificate = root.sign(pair.getPublic(), CertificateSpec.client(kind, List.of(), Duration.ofHours(1)));
            client = Tls.client(root.certificate(), new KeyedCertificate(pair.getPrivate(), List.of(certificate, root.certificate())));
            try (var socket = connect()) {
                send(socket, "GET /who HTTP/1.1\r\nHost: x\r\n\r\n");
                assertThat(readUntil(socket.getInputStream(), ";")).as(kind).endsWith("CN=" + kind + ";");
            }
        }
    }

    private static KeyPair keys(String kind) throws GeneralSecurityException {
        if (kind.startsWith("secp")) {
            var generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec(kind));
            return generator.generateKeyPair();
        }
        return KeyPairGenerator.getInstance(kind).generateKeyPair();
    }

    @Test
    void requestsSentAtOnceAreAnsweredInOrder() throws IOException {
        try (var socket = connect()) {
            send(socket, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n".repeat(40) + "GET /end HTTP/1.1\r\nHost: x\r\n\r\n");
            var text = readUntil(socket.getInputStream(), "/end0");
            assertThat(text.split("/a0", -1)).hasSize(41);
        }
    }

    @Test
    void whoConnectsBeforeItServesIsAnsweredOnceItDoes() throws Exception {
        edge.close();
        edge = new HttpEdge(EdgeSettings.at(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0)), () -> server);
        try (var raw = new Socket(edge.address().getAddress(), edge.address().getPort())) {
            var answer = CompletableFuture.supplyAsync(() -> {
                try (var socket = (SSLSocket) client.getSocketFactory().createSocket(raw, "127.0.0.1", raw.getPort(), true)) {
                    send(socket, "GET /early HTTP/1.1\r\nHost: x\r\n\r\n");
                    return readUntil(socket.getInputStream(), "/early0");
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            assertThatThrownBy(() -> answer.get(200, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
            edge.serve(this::handle);
            assertThat(answer.get(30, TimeUnit.SECONDS)).contains(" 200 ");
        }
        // One that never serves closes as well, and its address is free again.
        var unused = new HttpEdge(EdgeSettings.at(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0)), () -> server);
        assertThatThrownBy(() -> new HttpEdge(EdgeSettings.at(unused.address()), () -> server)).isInstanceOf(IOException.class).hasMessageContaining("is another server running there");
        unused.close();
        new HttpEdge(EdgeSettings.at(unused.address()), () -> server).close();
    }

    /// What the event loop offers comes behind what was written before, in whatever frames the client's protocol has; for HEAD nothing comes.
    @Test
    void whatTheLoopOffersIsPartOfTheAnswer() throws Exception {
        var three = "three ".repeat(20);
        try (var socket = connect()) {
            send(socket, "HEAD /chunks HTTP/1.1\r\nHost: x\r\n\r\nGET /chunks HTTP/1.1\r\nHost: x\r\n\r\n");
            assertThat(readUntil(socket.getInputStream(), "\r\n\r\n")).contains(" 200 ").contains("chunked");
            assertThat(readUntil(socket.getInputStream(), "\r\n\r\n")).startsWith("HTTP/1.1 200 ");
            assertThat(readUntil(socket.getInputStream(), "0\r\n\r\n"))
                    .isEqualTo("4\r\none \r\n4\r\ntwo \r\n78\r\n" + three + "\r\n4\r\nfour\r\n0\r\n\r\n");
        }
        try (var http = HttpClient.newBuilder().sslContext(client).build()) {
            var answer = http.send(
                    HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + edge.address().getPort() + "/chunks")).build(),
                    HttpResponse.BodyHandlers.ofString());
            assertThat(answer.version()).isEqualTo(HttpClient.Version.HTTP_2);
            assertThat(answer.body()).isEqualTo("one two " + three + "four");
        }
    }

    /// The loop keeps no more for a client that reads nothing than writes do, and the thread that goes on gives it up in time.
    @Test
    void whatTheLoopOffersIsBounded() throws Exception {
        try (var socket = connect()) {
            send(socket, "GET /offer HTTP/1.1\r\nHost: x\r\n\r\n");
            assertThat(gone.get(20, TimeUnit.SECONDS)).contains("took nothing");
            // The mark of what the server keeps, and what the kernel's buffers take.
            assertThat(offered).isBetween(512 * 1024, 16 << 20);
        }
    }

    @Test
    void aBodyThatIsTooLargeIsRefused() throws IOException {
        try (var socket = connect()) {
            send(socket, "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" + "x".repeat(1000));
            assertThat(readUntil(socket.getInputStream(), "}\n")).contains(" 413 ").contains("RequestEntityTooLarge");
        }
    }

    @Test
    void bodiesTogetherAreBounded() throws IOException {
        try (var one = connect();
                var two = connect()) {
            send(one, "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\n" + "x".repeat(89_999));
            send(two, "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\n" + "x".repeat(89_999));
            // Neither is whole, and together they are too much: one is refused, the other runs into its deadline.
            var answers = readUntil(one.getInputStream(), "\r\n\r\n") + readUntil(two.getInputStream(), "\r\n\r\n");
            assertThat(answers).contains(" 503 ");
        }
        // What was taken is given back.
        for (int i = 0; i < 4; i++) {
            try (var next = connect()) {
                send(next, "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\n" + "x".repeat(90_000));
                assertThat(readUntil(next.getInputStream(), "/a90000")).contains(" 200 ");
            }
        }
    }

    @Test
    void aHeadThatIsTooLargeIsRefused() throws IOException {
        try (var socket = connect()) {
            send(socket, "GET /a HTTP/1.1\r\nHost: x\r\nX: " + "x".repeat(10_000) + "\r\n\r\n");
            assertThat(readUntil(socket.getInputStream(), "}\n")).contains(" 400 ");
        }
    }

    @Test
    void aClientThatDribblesItsRequestIsCutOff() throws IOException {
        try (var socket = connect()) {
            send(socket, "GET /a HTTP/1.1\r\nHo");
            long start = System.nanoTime();
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isBetween(Duration.ofMillis(300), Duration.ofSeconds(3));
        }
    }

    @Test
    void anUnusedConnectionIsClosed() throws IOException {
        try (var socket = connect()) {
            send(socket, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
            readUntil(socket.getInputStream(), "/a0");
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void aClientThatTakesNothingIsCutOff() throws Exception {
        try (var socket = connect()) {
            send(socket, "GET /flood HTTP/1.1\r\nHost: x\r\n\r\n");
            assertThat(gone.get(60, TimeUnit.SECONDS)).contains("took nothing");
        }
    }

    @Test
    void aHandlerLearnsThatItsClientIsGone() throws Exception {
        try (var socket = connect()) {
            send(socket, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
            // Of a client that goes before its handshake is through no handler learns anything.
            begun.get(60, TimeUnit.SECONDS);
            assertThat(gone).isNotDone();
        }
        assertThat(gone.get(60, TimeUnit.SECONDS)).isEqualTo("closed");
    }

    @Test
    void aHandlerThatFailsAnswers500() throws IOException {
        try (var socket = connect()) {
            send(socket, "GET /fail HTTP/1.1\r\nHost: x\r\n\r\n");
            assertThat(readUntil(socket.getInputStream(), "\r\n\r\n")).contains(" 500 ");
        }
    }

    /// One address of the machine has half; what comes from elsewhere finds room still.
    @Test
    void moreConnectionsThanAllowedAreClosed() throws IOException {
        try (var one = connect();
                var two = connect();
                var three = connect()) {
            for (var socket : List.of(one, two, three)) {
                send(socket, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
                assertThat(readUntil(socket.getInputStream(), "/a0")).contains(" 200 ");
            }
            try (var four = connect()) {
                send(four, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
                assertThat(four.getInputStream().read()).isEqualTo(-1);
            } catch (IOException e) {
                // Closed in the handshake: as good.
            }
            try (var raw = new Socket(InetAddress.ofLiteral("127.0.0.1"), edge.address().getPort(), InetAddress.ofLiteral("127.0.0.2"), 0);
                    var other = (SSLSocket) client.getSocketFactory().createSocket(raw, "127.0.0.1", raw.getPort(), true)) {
                other.setSoTimeout(30_000);
                send(other, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
                assertThat(readUntil(other.getInputStream(), "/a0")).contains(" 200 ");
            }
        }
    }

    @Test
    void aConnectionOfHttp2WithoutStreamsIsClosedAndSaysSo() throws IOException {
        try (var socket = connect()) {
            var parameters = socket.getSSLParameters();
            parameters.setApplicationProtocols(new String[] {"h2"});
            socket.setSSLParameters(parameters);
            var settings = new byte[] {0, 0, 0, 4, 0, 0, 0, 0, 0};
            socket.getOutputStream().write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().write(settings);
            socket.getOutputStream().flush();
            var types = new ArrayList<Integer>();
            var in = new DataInputStream(socket.getInputStream());
            for (int first = in.read(); first >= 0; first = in.read()) {
                int length = first << 16 | in.readUnsignedShort();
                types.add(in.readUnsignedByte());
                in.skipNBytes(5 + length);
            }
            assertThat(types).startsWith(4).endsWith(7);
        }
    }
}
