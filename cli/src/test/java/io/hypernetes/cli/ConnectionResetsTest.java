package io.hypernetes.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.hypernetes.apiserver.http.EdgeSettings;
import io.hypernetes.apiserver.http.HttpEdge;
import io.hypernetes.identity.Authorities;
import io.hypernetes.identity.CertificateSpec;
import io.hypernetes.identity.Tls;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/// Clients that go in the middle of a request over HTTP/2 are everyday life: one line of debugging, and nothing louder.
class ConnectionResetsTest {
    private static final int DATA = 0, HEADERS = 1, RESET = 3, SETTINGS = 4;
    private static final int END_STREAM = 1, END_HEADERS = 4;

    @TempDir
    Path folder;

    private final Logger logger = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    private final Level before = logger.getLevel();
    private final ListAppender<ILoggingEvent> logged = new ListAppender<>();
    private final LinkedBlockingQueue<String> begun = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<String> ended = new LinkedBlockingQueue<>();
    private SSLContext client;
    private HttpEdge edge;

    @BeforeEach
    void start() throws IOException {
        var root = Authorities.open(folder, Clock.systemUTC(), new SecureRandom()).root();
        var server = Tls.server(root.issue(CertificateSpec.server("edge", List.of("localhost"), List.of(InetAddress.ofLiteral("127.0.0.1")), Duration.ofHours(1))));
        client = Tls.client(root.certificate(), null);
        logged.list = new java.util.concurrent.CopyOnWriteArrayList<>();
        logged.start();
        logger.addAppender(logged);
        logger.setLevel(Level.DEBUG);
        edge = new HttpEdge(EdgeSettings.at(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0)), () -> server);
        edge.serve(http -> {
            var gone = new CompletableFuture<Void>();
            http.onDisconnect(() -> gone.complete(null));
            begun.add(http.path());
            gone.join();
            try {
                http.send(200, "text/plain", new byte[1 << 20]);
            } finally {
                ended.add(http.path());
            }
        });
    }

    @AfterEach
    void stop() {
        edge.close();
        logger.detachAppender(logged);
        logger.setLevel(before);
    }

    private static byte[] frame(int type, int flags, int stream, byte[] content) {
        return ByteBuffer.allocate(9 + content.length)
                .put((byte) (content.length >> 16)).putShort((short) content.length).put((byte) type).put((byte) flags).putInt(stream).put(content).array();
    }

    /// A request in HPACK without its tables: by the number of a field's name, where the name and value are not known as one.
    private static byte[] request(String path, int method) {
        var head = new ByteArrayOutputStream();
        head.writeBytes(new byte[] {(byte) method, (byte) 0x87, 0x01, 1, 'x', 0x04, (byte) path.length()});
        head.writeBytes(path.getBytes(US_ASCII));
        return head.toByteArray();
    }

    private SSLSocket open(Socket plain) throws IOException {
        var socket = (SSLSocket) client.getSocketFactory().createSocket(plain, "127.0.0.1", plain.getPort(), false);
        var parameters = socket.getSSLParameters();
        parameters.setApplicationProtocols(new String[] {"h2"});
        socket.setSSLParameters(parameters);
        socket.getOutputStream().write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(US_ASCII));
        socket.getOutputStream().write(frame(SETTINGS, 0, 0, new byte[0]));
        return socket;
    }

    private void isQuiet(int requests) {
        assertThat(logged.list).filteredOn(event -> event.getLevel().isGreaterOrEqual(Level.INFO)).isEmpty();
        assertThat(logged.list).filteredOn(event -> event.getLoggerName().startsWith("io.hypernetes")).hasSizeLessThanOrEqualTo(requests);
    }

    @Test
    void aRequestThatIsTakenBack() throws Exception {
        try (var plain = new Socket("127.0.0.1", edge.address().getPort());
                var socket = open(plain)) {
            var out = socket.getOutputStream();
            out.write(frame(HEADERS, END_HEADERS | END_STREAM, 1, request("/one", 0x82)));
            assertThat(begun.poll(10, TimeUnit.SECONDS)).isEqualTo("/one");
            out.write(frame(RESET, 0, 1, new byte[] {0, 0, 0, 8}));
            assertThat(ended.poll(10, TimeUnit.SECONDS)).isEqualTo("/one");
            isQuiet(1);
            // Its connection goes on. This one is taken back before it is whole.
            out.write(frame(HEADERS, END_HEADERS, 3, request("/half", 0x83)));
            out.write(frame(DATA, 0, 3, new byte[100]));
            out.write(frame(RESET, 0, 3, new byte[] {0, 0, 0, 8}));
            out.write(frame(HEADERS, END_HEADERS | END_STREAM, 5, request("/two", 0x82)));
            assertThat(begun.poll(10, TimeUnit.SECONDS)).isEqualTo("/two");
            isQuiet(2);
        }
        assertThat(ended.poll(10, TimeUnit.SECONDS)).isEqualTo("/two");
    }

    @Test
    void aConnectionThatIsReset() throws Exception {
        try (var plain = new Socket("127.0.0.1", edge.address().getPort())) {
            var socket = open(plain);
            socket.getOutputStream().write(frame(HEADERS, END_HEADERS | END_STREAM, 1, request("/one", 0x82)));
            assertThat(begun.poll(10, TimeUnit.SECONDS)).isEqualTo("/one");
            // No word of goodbye.
            plain.setSoLinger(true, 0);
        }
        assertThat(ended.poll(10, TimeUnit.SECONDS)).isEqualTo("/one");
        edge.close();
        assertThat(logged.list).filteredOn(event -> event.getLevel().isGreaterOrEqual(Level.INFO)).isEmpty();
        assertThat(logged.list).filteredOn(event -> event.getLoggerName().startsWith("io.hypernetes")).hasSizeBetween(1, 2);
    }
}
