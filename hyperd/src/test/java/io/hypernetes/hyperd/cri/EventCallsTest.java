package io.hypernetes.hyperd.cri;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.hypernetes.cri.v1.ContainerEventResponse;
import io.hypernetes.cri.v1.GetEventsRequest;
import io.hypernetes.cri.v1.RuntimeServiceGrpc;
import io.hypernetes.hyperd.event.ContainerEvent;
import io.hypernetes.hyperd.event.Events;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Over a real connection, as only there anything stands still.
class EventCallsTest {
    private static final String PADDING = "x".repeat(200);

    private final Events events = new Events();
    private final CountDownLatch following = new CountDownLatch(1);
    private Server server;
    private ManagedChannel channel;

    @BeforeEach
    void serve() throws Exception {
        EventCalls calls = new EventCalls(events, event -> ContainerEventResponse.newBuilder()
                .setContainerId(event.containerId() + PADDING)
                .setCreatedAt(event.atNanos())
                .build());
        server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .executor(Executors.newVirtualThreadPerTaskExecutor())
                .addService(new RuntimeServiceGrpc.RuntimeServiceImplBase() {
                    @Override
                    public void getContainerEvents(GetEventsRequest request, StreamObserver<ContainerEventResponse> answer) {
                        calls.serve((ServerCallStreamObserver<ContainerEventResponse>) answer);
                        following.countDown();
                    }
                })
                .build()
                .start();
        channel = NettyChannelBuilder.forAddress("127.0.0.1", server.getPort()).usePlaintext().build();
    }

    @AfterEach
    void end() throws Exception {
        channel.shutdownNow().awaitTermination(60, TimeUnit.SECONDS);
        server.shutdownNow().awaitTermination(60, TimeUnit.SECONDS);
    }

    /// A client that reads only when it is told to.
    private static final class Client implements ClientResponseObserver<GetEventsRequest, ContainerEventResponse> {
        private final List<Long> seen = new ArrayList<>();
        private final CompletableFuture<Status.Code> end = new CompletableFuture<>();
        private ClientCallStreamObserver<GetEventsRequest> call;

        @Override
        public void beforeStart(ClientCallStreamObserver<GetEventsRequest> started) {
            call = started;
            started.disableAutoRequestWithInitial(0);
        }

        @Override
        public synchronized void onNext(ContainerEventResponse event) {
            seen.add(event.getCreatedAt());
            notifyAll();
        }

        @Override
        public void onError(Throwable failure) {
            end.complete(Status.fromThrowable(failure).getCode());
        }

        @Override
        public void onCompleted() {
            end.complete(Status.Code.OK);
        }

        synchronized List<Long> awaitSeen(int count) throws InterruptedException {
            long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (seen.size() < count && System.nanoTime() < until) {
                TimeUnit.SECONDS.timedWait(this, 1);
            }
            return List.copyOf(seen);
        }
    }

    private Client follow() throws Exception {
        Client client = new Client();
        RuntimeServiceGrpc.newStub(channel).getContainerEvents(GetEventsRequest.getDefaultInstance(), client);
        assertThat(following.await(60, TimeUnit.SECONDS)).isTrue();
        return client;
    }

    private void publish(int count) {
        for (int i = 0; i < count; i++) {
            events.publish(new ContainerEvent("sandbox", "container", ContainerEvent.Kind.STARTED, i));
        }
    }

    @Test
    void whoReadsGetsEveryEventInOrder() throws Exception {
        Client client = follow();
        client.call.request(Integer.MAX_VALUE);
        publish(5_000);
        assertThat(client.awaitSeen(5_000)).containsExactlyElementsOf(IntStream.range(0, 5_000).mapToObj(Long::valueOf).toList());
    }

    @Test
    void whoDoesNotReadIsCutOffAndCostsNoMore() throws Exception {
        Client client = follow();
        publish(60_000);
        client.call.request(Integer.MAX_VALUE);
        assertThat(client.end.get(60, TimeUnit.SECONDS)).isEqualTo(Status.Code.DATA_LOSS);
        List<Long> seen = client.awaitSeen(0);
        assertThat(seen.size()).isBetween(10_000, 59_999);
        assertThat(seen).as("without a gap until then").containsExactlyElementsOf(IntStream.range(0, seen.size()).mapToObj(Long::valueOf).toList());
    }
}
