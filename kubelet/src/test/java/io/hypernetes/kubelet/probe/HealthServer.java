package io.hypernetes.kubelet.probe;

import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/// A gRPC server of the library, whose health service answers as its test says, byte by byte.
public final class HealthServer {
    private HealthServer() {}

    public static Server start(InetAddress at, ServerCalls.UnaryMethod<byte[], byte[]> answer) throws IOException {
        MethodDescriptor<byte[], byte[]> check = MethodDescriptor.newBuilder(new Plain(), new Plain())
                .setType(MethodDescriptor.MethodType.UNARY)
                .setFullMethodName("grpc.health.v1.Health/Check")
                .build();
        return NettyServerBuilder.forAddress(new InetSocketAddress(at, 0))
                .addService(ServerServiceDefinition.builder("grpc.health.v1.Health").addMethod(check, ServerCalls.asyncUnaryCall(answer)).build())
                .build()
                .start();
    }

    private static final class Plain implements MethodDescriptor.Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException broken) {
                throw new UncheckedIOException(broken);
            }
        }
    }
}
