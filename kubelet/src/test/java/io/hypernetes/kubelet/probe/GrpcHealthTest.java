package io.hypernetes.kubelet.probe;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Server;
import io.grpc.Status;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.hypernetes.kubelet.PodDialer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Against a gRPC server of the library, whose health service answers as its test says.
class GrpcHealthTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final byte[] SERVING = {8, 1};

    private final GrpcHealth health = new GrpcHealth(PodDialer.DIRECT);
    private Server server;

    @AfterEach
    void close() {
        health.close();
        if (server != null) {
            server.shutdownNow();
        }
    }

    private int serving(ServerCalls.UnaryMethod<byte[], byte[]> answer) throws IOException {
        server = HealthServer.start(InetAddress.getByName("127.0.0.1"), answer);
        return server.getPort();
    }

    private ProbeResult check(int port, String service) {
        return health.check("default", "127.0.0.1", port, service, SOON);
    }

    private static void answer(StreamObserver<byte[]> to, byte[] status) {
        to.onNext(status);
        to.onCompleted();
    }

    @Test
    void whatServesIsHealthyAndItsServiceIsNamed() throws Exception {
        int port = serving((request, to) -> answer(to, new String(request, StandardCharsets.UTF_8).contains("database") ? new byte[] {8, 2} : SERVING));
        assertThat(check(port, "")).isEqualTo(ProbeResult.SUCCESS);
        assertThat(check(port, "database")).isEqualTo(ProbeResult.failure("service unhealthy (responded with \"NOT_SERVING\")"));
    }

    @Test
    void anAnswerWithoutAStatusIsUnknown() throws Exception {
        assertThat(check(serving((request, to) -> answer(to, new byte[0])), ""))
                .isEqualTo(ProbeResult.failure("service unhealthy (responded with \"UNKNOWN\")"));
    }

    @Test
    void whatIsNoStatusIsAFailure() throws Exception {
        assertThat(check(serving((request, to) -> answer(to, new byte[] {(byte) 0xff})), "").toString()).contains("grpc health check on 127.0.0.1");
    }

    @Test
    void tooLongAnAnswerIsRefused() throws Exception {
        assertThat(check(serving((request, to) -> answer(to, new byte[1 << 20])), "").toString()).contains("RESOURCE_EXHAUSTED");
    }

    @Test
    void aServiceThatIsNotKnownIsAFailure() throws Exception {
        int port = serving((request, to) -> to.onError(Status.NOT_FOUND.withDescription("unknown service").asRuntimeException()));
        assertThat(check(port, "x").toString()).contains("NOT_FOUND: unknown service");
    }

    @Test
    void silenceEndsAtTheDeadline() throws Exception {
        int port = serving((request, to) -> {});
        assertThat(health.check("default", "127.0.0.1", port, "", Duration.ofMillis(300)).toString()).contains("DEADLINE_EXCEEDED");
    }

    @Test
    void whereNobodyListensItFails() throws Exception {
        int port;
        try (ServerSocket closed = new ServerSocket(0)) {
            port = closed.getLocalPort();
        }
        assertThat(check(port, "").toString()).contains("UNAVAILABLE");
    }

    @Test
    void anotherProtocolIsAFailure() throws Exception {
        try (ServerSocket other = new ServerSocket(0, 5, InetAddress.getByName("127.0.0.1"))) {
            Thread.ofVirtual().start(() -> {
                try (Socket client = other.accept()) {
                    client.getOutputStream().write("SSH-2.0-OpenSSH_9.2\r\n\r\nand more than nine bytes".getBytes(StandardCharsets.US_ASCII));
                    client.getOutputStream().flush();
                    client.getInputStream().readAllBytes();
                } catch (IOException gone) {
                    // The probe closed its end.
                }
            });
            assertThat(check(other.getLocalPort(), "").toString()).contains("grpc health check on");
        }
    }
}
