package io.hypernetes.streams;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class WebSocketSessionTest {
    private static final String EXEC = "/exec?stdin=true&stdout=true&stderr=true";
    private StreamServer server;

    @BeforeEach
    void start() throws Exception {
        server = new StreamServer();
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
    }

    @Test
    void theHandshakeIsThatOfTheRfc() throws Exception {
        try (RawClient client = RawClient.webSocket(server.port(), EXEC, "v9.channel.k8s.io, v5.channel.k8s.io, v4.channel.k8s.io")) {
            assertThat(client.response).startsWith("HTTP/1.1 101 ").contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
            assertThat(client.response).contains("Sec-WebSocket-Protocol: v5.channel.k8s.io\r\n");
            RawClient.Frame first = client.next();
            assertThat(first.channel()).isEqualTo(1);
            assertThat(first.text()).isEmpty();
        }
    }

    @Test
    void strangersAreRefusedWithWhatIsSpoken() throws Exception {
        try (RawClient client = RawClient.webSocket(server.port(), EXEC, "chat")) {
            assertThat(client.response).startsWith("HTTP/1.1 403 ");
        }
        try (RawClient client = new RawClient(server.port(), "GET " + EXEC)) {
            assertThat(client.response).startsWith("HTTP/1.1 400 ");
        }
        try (RawClient client = new RawClient(
                server.port(), "POST " + EXEC, "Upgrade: SPDY/3.1", "Connection: Upgrade", "X-Stream-Protocol-Version: v77.channel.k8s.io")) {
            assertThat(client.response).startsWith("HTTP/1.1 403 ").contains("X-Accepted-Stream-Protocol-Versions: v4.channel.k8s.io");
        }
    }

    @Test
    void streamsGoBothWaysAndEndWithAStatus() throws Exception {
        try (RawClient client = RawClient.webSocket(server.port(), EXEC, "v5.channel.k8s.io")) {
            RemoteCommandSession session = session();
            client.next();
            client.message(0, "hel");
            client.message(0, "lo");
            client.frame(0x82, new byte[] {(byte) 255, 0});
            assertThat(session.stdin().readAllBytes()).asString().isEqualTo("hello");
            session.stdout().write("out".getBytes(StandardCharsets.UTF_8));
            session.stderr().write("err".getBytes(StandardCharsets.UTF_8));
            session.exit(CommandStatus.exitCode(3));
            assertThat(client.next()).satisfies(it -> assertThat(it.channel() + it.text()).isEqualTo("1out"));
            assertThat(client.next()).satisfies(it -> assertThat(it.channel() + it.text()).isEqualTo("2err"));
            RawClient.Frame status = client.next();
            assertThat(status.channel()).isEqualTo(3);
            assertThat(status.text())
                    .isEqualTo("{\"metadata\":{},\"status\":\"Failure\",\"message\":\"command terminated with non-zero exit code: exit status 3\","
                            + "\"reason\":\"NonZeroExitCode\",\"details\":{\"causes\":[{\"reason\":\"ExitCode\",\"message\":\"3\"}]}}");
            RawClient.Frame close = client.next();
            assertThat(close.firstByte()).isEqualTo(0x88);
            assertThat(close.payload()).startsWith(1000 >>> 8, 1000 & 0xff);
            assertThatThrownBy(() -> session.stdout().write(1)).isInstanceOf(IOException.class);
            client.frame(0x88, new byte[] {3, (byte) 0xe8});
            assertThatThrownBy(client::next).isInstanceOf(EOFException.class);
        }
    }

    @Test
    void aMessageInFragmentsOfAnySizeIsOne() throws Exception {
        try (RawClient client = RawClient.webSocket(server.port(), EXEC, "v4.channel.k8s.io")) {
            RemoteCommandSession session = session();
            byte[] big = new byte[300_000];
            Arrays.fill(big, (byte) 'x');
            client.frame(0x02, new byte[] {0, 'a'});
            client.frame(0x89, "ping".getBytes(StandardCharsets.US_ASCII));
            client.frame(0x00, new byte[0]);
            Thread.ofVirtual().start(() -> {
                try {
                    client.frame(0x80, big);
                } catch (IOException gone) {
                    throw new IllegalStateException(gone);
                }
            });
            assertThat(session.stdin().readNBytes(300_001)).startsWith('a', 'x').endsWith('x');
            client.next();
            RawClient.Frame pong = client.next();
            assertThat(pong.firstByte()).isEqualTo(0x8a);
            assertThat(pong.payload()).asString().isEqualTo("ping");
        }
    }

    @Test
    void base64IsSpokenBothWays() throws Exception {
        try (RawClient client = RawClient.webSocket(server.port(), EXEC, "v4.base64.channel.k8s.io")) {
            RemoteCommandSession session = session();
            client.next();
            String encoded = Base64.getEncoder().encodeToString("hello".getBytes(StandardCharsets.UTF_8));
            client.frame(0x01, ("0" + encoded.substring(0, 3)).getBytes(StandardCharsets.US_ASCII));
            client.frame(0x80, encoded.substring(3).getBytes(StandardCharsets.US_ASCII));
            assertThat(session.stdin().readNBytes(5)).asString().isEqualTo("hello");
            session.stdout().write("out".getBytes(StandardCharsets.UTF_8));
            RawClient.Frame out = client.next();
            assertThat(out.firstByte()).isEqualTo(0x81);
            assertThat(out.payload()).asString().isEqualTo("1" + Base64.getEncoder().encodeToString("out".getBytes(StandardCharsets.UTF_8)));
            client.frame(0x81, "0!!!!".getBytes(StandardCharsets.US_ASCII));
            assertThat(client.next().payload()).startsWith(1007 >>> 8, 1007 & 0xff);
        }
    }

    @Test
    void terminalSizesAreToldNewestFirst() throws Exception {
        try (RawClient client = RawClient.webSocket(server.port(), "/exec?stdin=true&stdout=true&tty=true", "v5.channel.k8s.io")) {
            RemoteCommandSession session = session();
            client.message(4, "{\"Width\":80,");
            client.message(4, "\"Height\":24}\n");
            assertThat(session.nextTerminalSize()).contains(new TerminalSize(80, 24));
            client.message(4, "{\"Width\":90,\"Height\":1}{\"Width\":100,\"Height\":50}{\"Width\":99999999}");
            client.message(0, "x");
            session.stdin().readNBytes(1);
            assertThat(session.nextTerminalSize()).contains(new TerminalSize(100, 50));
        }
    }

    @Test
    void aClientThatLeavesIsNotOneThatEndsItsInput() throws Exception {
        RawClient client = RawClient.webSocket(server.port(), EXEC, "v5.channel.k8s.io");
        RemoteCommandSession session = session();
        client.message(0, "last words");
        client.close();
        session.awaitDisconnect();
        assertThat(session.isConnected()).isFalse();
        assertThat(session.stdin().readNBytes(10)).asString().isEqualTo("last words");
        assertThatThrownBy(() -> session.stdin().read()).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> session.stdout().write(new byte[1])).isInstanceOf(IOException.class);
        assertThat(session.nextTerminalSize()).isEmpty();
    }

    @Test
    void inputThatNobodyTakesStopsTheReading() throws Exception {
        try (RawClient client = RawClient.webSocket(server.port(), EXEC, "v5.channel.k8s.io")) {
            RemoteCommandSession session = session();
            byte[] piece = new byte[64 << 10];
            java.util.concurrent.atomic.AtomicLong sent = new java.util.concurrent.atomic.AtomicLong();
            Thread sender = Thread.ofPlatform().daemon().start(() -> {
                try {
                    for (int i = 0; i < 1_000; i++) {
                        client.frame(0x82, piece);
                        sent.addAndGet(piece.length - 1);
                    }
                    client.frame(0x82, new byte[] {(byte) 255, 0});
                } catch (IOException stopped) {
                    throw new IllegalStateException(stopped);
                }
            });
            // Socket buffers of both ends hold some MiB; what matters is what this process holds.
            org.awaitility.Awaitility.await().during(300, TimeUnit.MILLISECONDS).until(() -> sender.isAlive());
            assertThat(session.stdin().available()).isBetween(1, 512 << 10);
            assertThat(session.stdin().transferTo(java.io.OutputStream.nullOutputStream())).isEqualTo(1_000L * (piece.length - 1));
        }
    }

    @Test
    void outputWaitsForAClientThatDoesNotRead() throws Exception {
        try (RawClient client = RawClient.webSocket(server.port(), EXEC, "v5.channel.k8s.io")) {
            RemoteCommandSession session = session();
            int total = 64 << 20;
            Thread writer = Thread.ofVirtual().start(() -> {
                try {
                    session.stdout().write(new byte[total]);
                    session.exit(CommandStatus.success());
                } catch (IOException gone) {
                    throw new IllegalStateException(gone);
                }
            });
            org.awaitility.Awaitility.await().during(300, TimeUnit.MILLISECONDS).until(writer::isAlive);
            client.next();
            long got = 0;
            RawClient.Frame frame;
            while ((frame = client.next()).firstByte() == 0x82 && frame.channel() == 1) {
                got += frame.payload().length - 1;
            }
            assertThat(got).isEqualTo(total);
            assertThat(frame.text()).contains("\"Success\"");
        }
    }

    @Test
    void whatBreaksTheProtocolIsClosedFor() throws Exception {
        byte[][] wrong = {{(byte) 0x82, 1, 0}, {(byte) 0xc2, (byte) 0x81, 0, 0, 0, 0, 0}, {(byte) 0x80, (byte) 0x80, 0, 0, 0, 0}, {(byte) 0x83, (byte) 0x80, 0, 0, 0, 0}, {0x09, (byte) 0x80, 0, 0, 0, 0}};
        for (byte[] bytes : wrong) {
            try (RawClient client = RawClient.webSocket(server.port(), EXEC, "v5.channel.k8s.io")) {
                RemoteCommandSession session = session();
                client.next();
                client.out.write(bytes);
                assertThat(client.next().payload()).startsWith(1002 >>> 8, 1002 & 0xff);
                session.awaitDisconnect();
            }
        }
    }

    @Test
    void clientsBeforeVersion4GetText() throws Exception {
        try (RawClient client = RawClient.webSocket(server.port(), EXEC, "channel.k8s.io")) {
            RemoteCommandSession session = session();
            client.next();
            session.exit(CommandStatus.internalError("no such container"));
            assertThat(client.next().text()).isEqualTo("no such container");
        }
    }

    @Test
    void portForwardHasTwoChannelsAPort() throws Exception {
        try (RawClient client = RawClient.webSocket(server.port(), "/portforward?ports=8080&ports=81", "v4.channel.k8s.io")) {
            for (int channel = 0; channel < 4; channel++) {
                byte[] head = client.next().payload();
                int port = channel < 2 ? 8080 : 81;
                assertThat(head).containsExactly(channel, port & 0xff, port >>> 8);
            }
            PortForwardSession session = server.forwards.poll(60, TimeUnit.SECONDS);
            ForwardedConnection web = session.accept().orElseThrow();
            ForwardedConnection other = session.accept().orElseThrow();
            assertThat(web.port()).isEqualTo(8080);
            client.message(2, "second");
            client.message(0, "first");
            assertThat(web.input().readNBytes(5)).asString().isEqualTo("first");
            assertThat(other.input().readNBytes(6)).asString().isEqualTo("second");
            web.output().write("answer".getBytes(StandardCharsets.UTF_8));
            assertThat(client.next().text()).isEqualTo("answer");
            other.fail("nobody listens on port 81");
            RawClient.Frame error = client.next();
            assertThat(error.channel()).isEqualTo(3);
            assertThat(error.text()).isEqualTo("nobody listens on port 81");
            web.close();
            assertThat(client.next().firstByte()).isEqualTo(0x88);
        }
    }

    private RemoteCommandSession session() throws InterruptedException {
        return server.execs.poll(60, TimeUnit.SECONDS).session();
    }
}
