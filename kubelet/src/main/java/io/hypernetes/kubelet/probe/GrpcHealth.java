package io.hypernetes.kubelet.probe;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
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
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The standard gRPC health check: `grpc.health.v1.Health/Check`, whose answer's field 1 is 1 when serving. Safe for use by many threads.
public final class GrpcHealth implements AutoCloseable {
    private static final int SERVING = 1;
    private static final int LARGEST = 4096;

    private static final MethodDescriptor<byte[], byte[]> CHECK = MethodDescriptor.newBuilder(new Bytes(), new Bytes())
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName("grpc.health.v1.Health/Check")
            .build();

    private final PodDialer dialer;
    private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("grpc-probes", true), NioIoHandler.newFactory());

    public GrpcHealth(PodDialer dialer) {
        this.dialer = dialer;
    }

    ProbeResult check(String tenant, String host, int port, String service, Duration timeout) {
        ManagedChannel channel = NettyChannelBuilder.forAddress(host, port)
                .usePlaintext()
                .maxInboundMessageSize(LARGEST)
                .eventLoopGroup(loop)
                .channelFactory(() -> channel(tenant))
                .build();
        try {
            byte[] answer = ClientCalls.blockingUnaryCall(
                    channel, CHECK, CallOptions.DEFAULT.withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS), request(service));
            int status = status(answer);
            return status == SERVING ? ProbeResult.SUCCESS : ProbeResult.failure("service unhealthy (responded with \"" + name(status) + "\")");
        } catch (StatusRuntimeException failure) {
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

    private NioSocketChannel channel(String tenant) {
        try {
            return new NioSocketChannel(dialer.open(tenant));
        } catch (IOException refused) {
            throw new UncheckedIOException(refused);
        }
    }

    /// Ends its thread.
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
