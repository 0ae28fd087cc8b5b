package io.hypernetes.kubelet.cri;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// Pods that a runtime writes to disk with all their memory and brings back: calls beside CRI on its socket, which hyperd answers. With any
/// other runtime nothing is ever written. Every call blocks and throws [CriException]. Thread-safe.
public final class PodMemory {
    private static final String SERVICE = "hypernetes.v1.Pods/";
    private static final Duration QUICK = Duration.ofSeconds(30);
    /// A gigabyte or two on a slow disk.
    private static final Duration LONG = Duration.ofMinutes(5);

    private final Channel channel;

    PodMemory(Channel channel) {
        this.channel = channel;
    }

    /// Writes a pod that runs and ends its machine. When that fails the pod goes on.
    public void save(String sandboxId, String name) {
        call("Checkpoint", LONG, Struct.newBuilder()
                .putFields("sandbox", text(sandboxId))
                .putFields("name", text(name))
                .putFields("stop", Value.newBuilder().setBoolValue(true).build())
                .build());
    }

    /// Whether there is one of this name.
    public boolean has(String name) {
        try {
            return call("Checkpoints", QUICK, Struct.getDefaultInstance())
                    .getFieldsOrDefault("checkpoints", Value.getDefaultInstance()).getListValue().getValuesList().stream()
                    .anyMatch(one -> one.getStructValue().getFieldsOrDefault("name", Value.getDefaultInstance()).getStringValue().equals(name));
        } catch (CriException failure) {
            return unknown(failure, false);
        }
    }

    /// Brings a pod back under its former ids. When that fails the pod has ended, and the file is still there.
    public void restore(String name) {
        call("Restore", LONG, Struct.newBuilder().putFields("name", text(name)).build());
    }

    /// Removes what was written; absent is fine.
    public void remove(String name) {
        try {
            call("RemoveCheckpoint", QUICK, Struct.newBuilder().putFields("name", text(name)).build());
        } catch (CriException failure) {
            unknown(failure, false);
        }
    }

    private static boolean unknown(CriException failure, boolean answer) {
        if (failure.code() == Status.Code.UNIMPLEMENTED || failure.isNotFound()) {
            return answer;
        }
        throw failure;
    }

    private Struct call(String name, Duration limit, Struct request) {
        try {
            return ClientCalls.blockingUnaryCall(channel, method(name), CallOptions.DEFAULT.withDeadlineAfter(limit.toSeconds(), TimeUnit.SECONDS), request);
        } catch (StatusRuntimeException failure) {
            throw new CriException(name, failure);
        }
    }

    private static MethodDescriptor<Struct, Struct> method(String name) {
        return MethodDescriptor.<Struct, Struct>newBuilder()
                .setType(MethodDescriptor.MethodType.UNARY)
                .setFullMethodName(SERVICE + name)
                .setRequestMarshaller(ProtoUtils.marshaller(Struct.getDefaultInstance()))
                .setResponseMarshaller(ProtoUtils.marshaller(Struct.getDefaultInstance()))
                .build();
    }

    private static Value text(String value) {
        return Value.newBuilder().setStringValue(value).build();
    }
}
