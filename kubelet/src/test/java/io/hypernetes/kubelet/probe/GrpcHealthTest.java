package io.hypernetes.kubelet.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.Server;
import io.grpc.Status;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.hypernetes.kubelet.PodDialer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

    /// Each of them is to be acknowledged, and acknowledgements that nobody reads wait in the node's memory.
    @ParameterizedTest
    @ValueSource(strings = {"0000080600000000000102030405060708", "000000040000000000"})
    @Timeout(60)
    void aServerThatSendsFramesWithoutEndAndReadsNothingIsHungUpOn(String frame) throws Exception {
        assertHungUpOn(HexFormat.of().parseHex(frame.repeat(1000)));
    }

    private void assertHungUpOn(byte[] frames) throws Exception {
        try (ServerSocket hostile = new ServerSocket(0, 5, InetAddress.getByName("127.0.0.1"))) {
            CompletableFuture<Long> sent = new CompletableFuture<>();
            Thread.ofVirtual().start(() -> {
                long bytes = 0;
                try (Socket client = hostile.accept()) {
                    OutputStream out = client.getOutputStream();
                    out.write(HexFormat.of().parseHex("000000040000000000"));
                    for (; bytes < 1L << 32; bytes += frames.length) {
                        out.write(frames);
                    }
                } catch (IOException hungUp) {
                    sent.complete(bytes);
                }
            });
            assertThat(check(hostile.getLocalPort(), "").toString()).contains("FAILURE", "more than 100 frames");
            assertThat(sent.get(20, TimeUnit.SECONDS)).as("what the sockets hold").isLessThan(32L << 20);
        }
    }

    /// Of a type that nobody has to know, as long as any may be.
    @Test
    @Timeout(60)
    void aServerThatSendsLargeFramesWithoutEndIsHungUpOn() throws Exception {
        assertHungUpOn(HexFormat.of().parseHex("004000ee0000000000" + "00".repeat(0x4000)));
    }

    /// Of one tenant, whose checks wait for servers that say nothing.
    @Test
    @Timeout(60)
    void whoHasAsManyChecksAsAreLeftWaitsForItsOwn() throws Exception {
        int silent = serving((request, to) -> {
            if (new String(request, StandardCharsets.UTF_8).contains("well")) {
                answer(to, SERVING);
            }
        });
        try (GrpcHealth two = new GrpcHealth(PodDialer.DIRECT, 2, Duration.ofMinutes(1))) {
            CompletableFuture<ProbeResult> first = new CompletableFuture<>();
            CountDownLatch begun = new CountDownLatch(1);
            Thread.ofVirtual().start(() -> {
                begun.countDown();
                first.complete(two.check("red", "127.0.0.1", silent, "", Duration.ofSeconds(5)));
            });
            begun.await();
            await().until(() -> two.check("red", "127.0.0.1", silent, "well", Duration.ofMillis(100)).outcome() == ProbeResult.Outcome.UNKNOWN);
            assertThat(two.check("blue", "127.0.0.1", silent, "well", SOON)).isEqualTo(ProbeResult.SUCCESS);
            assertThat(first.get().toString()).contains("DEADLINE_EXCEEDED");
            assertThat(two.check("red", "127.0.0.1", silent, "well", SOON)).as("its place was given back").isEqualTo(ProbeResult.SUCCESS);
        }
    }

    @Test
    void nobodyIsWaitedForAsLongAsAPodLikes() throws Exception {
        int silent = serving((request, to) -> {});
        try (GrpcHealth impatient = new GrpcHealth(PodDialer.DIRECT, 2, Duration.ofMillis(300))) {
            ProbeResult result = impatient.check("red", "127.0.0.1", silent, "", Duration.ofSeconds(Integer.MAX_VALUE));
            assertThat(result.outcome()).as("the container has more time").isEqualTo(ProbeResult.Outcome.UNKNOWN);
            assertThat(result.toString()).contains("the most that is waited for");
        }
    }

    /// As when its processors have other things to do.
    @Test
    void aNodeThatIsLateSaysNothingOfTheContainer() throws Exception {
        int port = serving((request, to) -> answer(to, SERVING));
        PodDialer slow = tenant -> {
            try {
                new CountDownLatch(1).await(1500, TimeUnit.MILLISECONDS);
            } catch (InterruptedException closing) {
                Thread.currentThread().interrupt();
            }
            return SocketChannel.open();
        };
        try (GrpcHealth late = new GrpcHealth(slow)) {
            assertThat(late.check("red", "127.0.0.1", port, "", Duration.ofMillis(100)).outcome()).isEqualTo(ProbeResult.Outcome.UNKNOWN);
        }
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
