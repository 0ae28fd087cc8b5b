package io.hypernetes.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.hypernetes.cri.v1.ListPodSandboxRequest;
import io.hypernetes.cri.v1.ListPodSandboxResponse;
import io.hypernetes.cri.v1.PodSandbox;
import io.hypernetes.cri.v1.RemovePodSandboxRequest;
import io.hypernetes.cri.v1.RemovePodSandboxResponse;
import io.hypernetes.cri.v1.RuntimeServiceGrpc;
import io.hypernetes.cri.v1.StopPodSandboxRequest;
import io.hypernetes.cri.v1.StopPodSandboxResponse;
import io.hypernetes.cri.v1.VersionRequest;
import io.hypernetes.cri.v1.VersionResponse;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Against an engine that hangs wherever the test says, over a real socket.
@Timeout(30)
class OrderlyStopTest {
    private static final OrderlyStop.Limits QUICK = new OrderlyStop.Limits(
            Duration.ofSeconds(3), Duration.ofMillis(10), Duration.ofMillis(200), Duration.ofSeconds(2), 3, 2);
    private static final OrderlyStop.Limits IMPATIENT = new OrderlyStop.Limits(
            Duration.ofSeconds(20), Duration.ofMillis(10), Duration.ofMillis(200), Duration.ofMillis(100), 3, 2);
    private static final Duration LISTING = Duration.ofSeconds(10), HANGS = Duration.ofMillis(300);

    @TempDir
    Path folder;

    private final StandIn engine = new StandIn();
    private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
    private Server server;
    private CriConnection cri;

    /// Answers everything, but for what hangs.
    private static final class StandIn extends RuntimeServiceGrpc.RuntimeServiceImplBase {
        final Set<String> pods = ConcurrentHashMap.newKeySet();
        final Set<String> asked = ConcurrentHashMap.newKeySet();
        final Set<String> hanging = ConcurrentHashMap.newKeySet();
        final Set<String> failing = ConcurrentHashMap.newKeySet();
        final AtomicInteger most = new AtomicInteger();
        volatile boolean listingHangs, allHangs;

        @Override
        public void version(VersionRequest request, StreamObserver<VersionResponse> answer) {
            if (!allHangs) {
                said(answer, VersionResponse.getDefaultInstance());
            }
        }

        @Override
        public void listPodSandbox(ListPodSandboxRequest request, StreamObserver<ListPodSandboxResponse> answer) {
            if (!listingHangs && !allHangs) {
                ListPodSandboxResponse.Builder list = ListPodSandboxResponse.newBuilder();
                pods.stream().sorted().forEach(pod -> list.addItems(sandbox(pod)));
                said(answer, list.build());
            }
        }

        @Override
        public void stopPodSandbox(StopPodSandboxRequest request, StreamObserver<StopPodSandboxResponse> answer) {
            String pod = request.getPodSandboxId();
            asked.add(pod);
            most.accumulateAndGet((int) asked.stream().filter(pods::contains).count(), Math::max);
            if (failing.contains(pod)) {
                answer.onError(Status.UNAVAILABLE.withDescription("its guest does not answer").asRuntimeException());
            } else if (!hanging.contains(pod) && !allHangs) {
                said(answer, StopPodSandboxResponse.getDefaultInstance());
            }
        }

        @Override
        public void removePodSandbox(RemovePodSandboxRequest request, StreamObserver<RemovePodSandboxResponse> answer) {
            pods.remove(request.getPodSandboxId());
            said(answer, RemovePodSandboxResponse.getDefaultInstance());
        }

        private static <T> void said(StreamObserver<T> answer, T message) {
            answer.onNext(message);
            answer.onCompleted();
        }
    }

    @BeforeEach
    void serve() throws Exception {
        Path socket = folder.resolve("cri.sock");
        server = NettyServerBuilder.forAddress(new DomainSocketAddress(socket.toFile()))
                .channelType(EpollServerDomainSocketChannel.class)
                .bossEventLoopGroup(loop)
                .workerEventLoopGroup(loop)
                .addService(engine)
                .build()
                .start();
        cri = new CriConnection(socket);
        IntStream.range(0, 9).forEach(i -> engine.pods.add("pod-" + i));
    }

    @AfterEach
    void end() throws Exception {
        cri.close();
        server.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    @Test
    void allStopAFewSideBySide() {
        assertThat(stopped(QUICK, LISTING, List.of())).isEmpty();
        assertThat(engine.pods).isEmpty();
        assertThat(engine.most).hasValueLessThanOrEqualTo(QUICK.sideBySide());
    }

    /// Those behind it would lose what they have not written.
    @Test
    void aPodThatHangsKeepsNoneFromBeingAskedFor() {
        engine.hanging.addAll(List.of("pod-0", "pod-1", "pod-3"));
        List<String> failed = stopped(QUICK, LISTING, List.of());
        assertThat(failed).hasSize(3).allMatch(text -> text.contains("not stopped within") || text.contains("deadline"));
        assertThat(engine.pods).containsExactlyInAnyOrder("pod-0", "pod-1", "pod-3");
        assertThat(said()).contains("waiting for default/pod-");
    }

    @Test
    void whatSaysThatItIsUnavailableIsOnePod() {
        engine.failing.addAll(List.of("pod-0", "pod-1"));
        assertThat(stopped(QUICK, LISTING, List.of())).containsExactlyInAnyOrder(
                "default/pod-0: its guest does not answer", "default/pod-1: its guest does not answer");
        assertThat(engine.pods).containsExactlyInAnyOrder("pod-0", "pod-1");
    }

    @Test
    void anEngineThatDoesNotListItsPodsIsAskedForThoseOfTheJournal() {
        engine.listingHangs = true;
        assertThat(stopped(QUICK, HANGS, List.of(sandbox("pod-7"), sandbox("pod-8")))).isEmpty();
        assertThat(engine.pods).doesNotContain("pod-7", "pod-8").hasSize(7);
        assertThat(said()).contains("does not list its pods");
    }

    @Test
    void anEngineThatHangsAsAWholeIsGivenUpLongBeforeTheTimeForAllIsOver() {
        engine.allHangs = true;
        long begin = System.nanoTime();
        List<String> failed = stopped(IMPATIENT, HANGS, List.of(sandbox("pod-1"), sandbox("pod-2"), sandbox("pod-3"), sandbox("pod-4"), sandbox("pod-5")));
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(IMPATIENT.whole(5));
        assertThat(failed).hasSize(5).allMatch(text -> text.contains("hyperd has ceased to answer"));
        assertThat(failed).anyMatch(text -> text.contains("was not asked for"));
        assertThat(engine.pods).hasSize(9);
    }

    private List<String> stopped(OrderlyStop.Limits limits, Duration listing, List<PodSandbox> known) {
        Console console = new Console(new PrintStream(printed, true, StandardCharsets.UTF_8), false);
        return console.step("Stop pods", step -> new OrderlyStop(limits, cri::lives, step).stop(NodePods.pods(cri, listing, () -> known, step)));
    }

    private String said() {
        return printed.toString(StandardCharsets.UTF_8);
    }

    private static PodSandbox sandbox(String pod) {
        PodSandbox.Builder sandbox = PodSandbox.newBuilder().setId(pod);
        sandbox.getMetadataBuilder().setNamespace("default").setName(pod);
        return sandbox.build();
    }
}
