package io.hypernetes.kubelet.probe;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.hypernetes.kubelet.PodDialer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/// The standard gRPC health check: `grpc.health.v1.Health/Check`, whose answer's field 1 is 1 when serving. Safe for use by many threads.
///
/// Servers are hostile: they may send no more than an answer can be ([AnswerFence]), in a minute at most, and the checks of one tenant leave places to
/// others' ([Places]). What the node is late with says nothing of a container.
public final class GrpcHealth implements AutoCloseable {
    private static final int SERVING = 1;
    private static final int LARGEST = 4096;
    /// How much of a message comes before anybody has seen how long it is to be.
    private static final int WINDOW = 16 << 10;
    private static final int MOST_CHECKS = 128;
    private static final Duration LONGEST = Duration.ofMinutes(1);
    /// A deadline that is told so much later than it was is the node's fault.
    private static final Duration LATE = Duration.ofSeconds(1);

    private static final MethodDescriptor<byte[], byte[]> CHECK = MethodDescriptor.newBuilder(new Bytes(), new Bytes())
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName("grpc.health.v1.Health/Check")
            .build();

    private final PodDialer dialer;
    private final Places places;
    private final Duration longest;
    private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(2, new DefaultThreadFactory("grpc-probes", true), NioIoHandler.newFactory());

    public GrpcHealth(PodDialer dialer) {
        this(dialer, MOST_CHECKS, LONGEST);
    }

    /// @param most checks at a time
    /// @param longest that any is waited for
    GrpcHealth(PodDialer dialer, int most, Duration longest) {
        this.dialer = dialer;
        this.places = new Places(most);
        this.longest = longest;
    }

    /// Waits for a place as long as for the answer.
    ProbeResult check(String tenant, String host, int port, String service, Duration timeout) {
        Duration time = timeout.compareTo(longest) < 0 ? timeout : longest;
        try {
            if (!places.take(tenant, time)) {
                return ProbeResult.unknown("grpc health check on " + host + ":" + port + ": too many others are under way");
            }
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
            return ProbeResult.unknown("grpc health check on " + host + ":" + port + ": interrupted");
        }
        try {
            return ask(tenant, host, port, service, time, longest.compareTo(timeout) < 0);
        } finally {
            places.leave(tenant);
        }
    }

    /// @param cut whether the container has more time by its probe than there is
    private ProbeResult ask(String tenant, String host, int port, String service, Duration time, boolean cut) {
        long began = System.nanoTime();
        AtomicBoolean opened = new AtomicBoolean();
        CompletableFuture<IOException> fenced = new CompletableFuture<>();
        ManagedChannel channel = NettyChannelBuilder.forAddress(host, port)
                .usePlaintext()
                .maxInboundMessageSize(LARGEST)
                .flowControlWindow(WINDOW)
                .eventLoopGroup(loop)
                .channelFactory(() -> channel(tenant, opened, fenced))
                .build();
        // Or it would connect anew and ask once more.
        fenced.thenRun(channel::shutdownNow);
        try {
            byte[] answer = ClientCalls.blockingUnaryCall(
                    channel, CHECK, CallOptions.DEFAULT.withDeadlineAfter(time.toMillis(), TimeUnit.MILLISECONDS), request(service));
            int status = status(answer);
            return status == SERVING ? ProbeResult.SUCCESS : ProbeResult.failure("service unhealthy (responded with \"" + name(status) + "\")");
        } catch (StatusRuntimeException failure) {
            IOException tooMuch = fenced.getNow(null);
            if (tooMuch != null) {
                return failed(host, port, tooMuch.getMessage());
            }
            boolean late = !opened.get() || System.nanoTime() - began > time.plus(LATE).toNanos();
            if (cut && failure.getStatus().getCode() == Status.Code.DEADLINE_EXCEEDED) {
                return ProbeResult.unknown("grpc health check on " + host + ":" + port + ": no answer within " + time.toSeconds() + " s, the most that is waited for");
            }
            if (late && failure.getStatus().getCode() == Status.Code.DEADLINE_EXCEEDED) {
                return ProbeResult.unknown("grpc health check on " + host + ":" + port + ": the node was late");
            }
            // Of a connection that fails the status says no more than that.
            Throwable cause = failure.getStatus().getCause();
            return failed(host, port, failure.getMessage() + (cause == null ? "" : ": " + cause.getMessage()));
        } catch (IOException failure) {
            return failed(host, port, failure.getMessage());
        } finally {
            channel.shutdownNow();
        }
    }

    private static ProbeResult failed(String host, int port, @Nullable String why) {
        return ProbeResult.failure("grpc health check on " + host + ":" + port + ": " + why);
    }

    private NioSocketChannel channel(String tenant, AtomicBoolean opened, CompletableFuture<IOException> fenced) {
        try {
            NioSocketChannel channel = new NioSocketChannel(dialer.open(tenant));
            channel.pipeline().addFirst(new AnswerFence(fenced::complete));
            opened.set(true);
            return channel;
        } catch (IOException refused) {
            throw new UncheckedIOException(refused);
        }
    }

    /// Ends its threads.
    @Override
    public void close() {
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    private static byte[] request(String service) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        if (!service.isEmpty()) {
            out.writeString(1, service);
        }
        out.flush();
        return bytes.toByteArray();
    }

    private static int status(byte[] answer) throws IOException {
        CodedInputStream in = CodedInputStream.newInstance(answer);
        int status = 0;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (tag == 8) {
                status = in.readEnum();
            } else {
                in.skipField(tag);
            }
        }
        return status;
    }

    /// The names of `HealthCheckResponse.ServingStatus`.
    private static String name(int status) {
        return switch (status) {
            case 0 -> "UNKNOWN";
            case 2 -> "NOT_SERVING";
            case 3 -> "SERVICE_UNKNOWN";
            default -> String.valueOf(status);
        };
    }

    private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readNBytes(LARGEST);
            } catch (IOException broken) {
                throw new UncheckedIOException(broken);
            }
        }
    }
}
