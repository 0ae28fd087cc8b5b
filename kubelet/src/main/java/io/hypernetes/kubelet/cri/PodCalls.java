package io.hypernetes.kubelet.cri;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import io.hypernetes.kubelet.HostPaths;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// Calls beside CRI on the runtime's socket, which hyperd answers and no other runtime. Each blocks and throws [CriException]. Thread-safe.
record PodCalls(Channel channel, HostPaths paths) {
    private static final String SERVICE = "hypernetes.v1.Pods/";

    Struct call(String name, Duration limit, Struct request) {
        try {
            return ClientCalls.blockingUnaryCall(channel, method(name), CallOptions.DEFAULT.withDeadlineAfter(limit.toSeconds(), TimeUnit.SECONDS), request);
        } catch (StatusRuntimeException failure) {
            throw new CriException(name, failure, paths);
        }
    }

    static Value text(String value) {
        return Value.newBuilder().setStringValue(value).build();
    }

    private static MethodDescriptor<Struct, Struct> method(String name) {
        return MethodDescriptor.<Struct, Struct>newBuilder()
                .setType(MethodDescriptor.MethodType.UNARY)
                .setFullMethodName(SERVICE + name)
                .setRequestMarshaller(ProtoUtils.marshaller(Struct.getDefaultInstance()))
                .setResponseMarshaller(ProtoUtils.marshaller(Struct.getDefaultInstance()))
                .build();
    }
}
