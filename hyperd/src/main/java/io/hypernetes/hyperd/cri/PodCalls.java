package io.hypernetes.hyperd.cri;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ServerCalls;
import io.hypernetes.cri.v1.StopPodSandboxRequest;
import io.hypernetes.cri.v1.StopPodSandboxResponse;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.sandbox.Checkpoint;
import io.hypernetes.hyperd.sandbox.Checkpoints;
import io.hypernetes.hyperd.sandbox.Sandbox;
import io.hypernetes.hyperd.sandbox.Sandboxes;
import java.nio.file.Path;
import java.util.function.Consumer;

/// What can be done to a pod that is a machine and CRI has no call for: its time stops and goes on, it is written to disk and comes back, its
/// disks become larger.
/// Served beside CRI on the same socket, as `hypernetes.v1.Pods`. Where a request is a sandbox's id, it is in the message that CRI has for
/// that; the calls about checkpoints take and give a `google.protobuf.Struct`.
public final class PodCalls {
    private static final String SERVICE = "hypernetes.v1.Pods";

    /// Stops the time of a pod.
    public static final MethodDescriptor<StopPodSandboxRequest, StopPodSandboxResponse> PAUSE = method("Pause");

    /// Lets it go on.
    public static final MethodDescriptor<StopPodSandboxRequest, StopPodSandboxResponse> RESUME = method("Resume");

    /// Takes `sandbox` (id), `name` (of the checkpoint) and `stop` (bool), gives the checkpoint as [#CHECKPOINTS] lists it.
    public static final MethodDescriptor<Struct, Struct> CHECKPOINT = open("Checkpoint");

    /// Takes `name`, or `archive` (the path of a file on the node that CRI's CheckpointContainer wrote; it becomes a checkpoint first),
    /// `replace` (bool) and `remove` (bool: the checkpoint, once its pod is there again); gives `sandbox`.
    public static final MethodDescriptor<Struct, Struct> RESTORE = open("Restore");

    /// Gives `checkpoints`, a list of `name`, `namespace`, `pod`, `sandbox`, `createdNanos` (text) and `memoryBytes`.
    public static final MethodDescriptor<Struct, Struct> CHECKPOINTS = open("Checkpoints");

    /// Takes `name`.
    public static final MethodDescriptor<Struct, Struct> REMOVE_CHECKPOINT = open("RemoveCheckpoint");

    /// Takes `sandbox`, `volume` (the pod's name of a disk) and `bytes` (text): makes the disk that large while the pod runs. May be asked again.
    public static final MethodDescriptor<Struct, Struct> GROW_DISK = open("GrowDisk");

    private PodCalls() {}

    static ServerServiceDefinition service(Sandboxes sandboxes, Checkpoints checkpoints) {
        return ServerServiceDefinition.builder(SERVICE)
                .addMethod(PAUSE, ServerCalls.asyncUnaryCall((request, answer) ->
                        Replies.one("Pause", answer, () -> done(sandboxes, request, Sandbox::pause))))
                .addMethod(RESUME, ServerCalls.asyncUnaryCall((request, answer) ->
                        Replies.one("Resume", answer, () -> done(sandboxes, request, Sandbox::resume))))
                .addMethod(CHECKPOINT, ServerCalls.asyncUnaryCall((request, answer) -> Replies.one("Checkpoint", answer, () ->
                        view(checkpoints.save(text(request, "sandbox"), text(request, "name"), flag(request, "stop"))).getStructValue())))
                .addMethod(RESTORE, ServerCalls.asyncUnaryCall((request, answer) -> Replies.one("Restore", answer, () ->
                        Struct.newBuilder()
                                .putFields("sandbox", value(checkpoints.restore(named(checkpoints, request), flag(request, "replace"), flag(request, "remove")).id()))
                                .build())))
                .addMethod(CHECKPOINTS, ServerCalls.asyncUnaryCall((request, answer) -> Replies.one("Checkpoints", answer, () -> list(checkpoints))))
                .addMethod(REMOVE_CHECKPOINT, ServerCalls.asyncUnaryCall((request, answer) -> Replies.one("RemoveCheckpoint", answer, () -> {
                    checkpoints.remove(text(request, "name"));
                    return Struct.getDefaultInstance();
                })))
                .addMethod(GROW_DISK, ServerCalls.asyncUnaryCall((request, answer) -> Replies.one("GrowDisk", answer, () -> {
                    sandboxes.get(text(request, "sandbox")).growDisk(text(request, "volume"), number(request, "bytes"));
                    return Struct.getDefaultInstance();
                })))
                .build();
    }

    private static String named(Checkpoints checkpoints, Struct request) {
        String archive = text(request, "archive");
        return archive.isEmpty() ? text(request, "name") : checkpoints.admit(Path.of(archive)).name();
    }

    private static StopPodSandboxResponse done(Sandboxes sandboxes, StopPodSandboxRequest request, Consumer<Sandbox> action) {
        action.accept(sandboxes.get(request.getPodSandboxId()));
        return StopPodSandboxResponse.getDefaultInstance();
    }

    private static Struct list(Checkpoints checkpoints) {
        Value.Builder all = Value.newBuilder();
        all.getListValueBuilder();
        checkpoints.list().forEach(one -> all.getListValueBuilder().addValues(view(one)));
        return Struct.newBuilder().putFields("checkpoints", all.build()).build();
    }

    private static Value view(Checkpoint checkpoint) {
        return Value.newBuilder()
                .setStructValue(Struct.newBuilder()
                        .putFields("name", value(checkpoint.name()))
                        .putFields("namespace", value(checkpoint.sandbox().identity().namespace()))
                        .putFields("pod", value(checkpoint.sandbox().identity().name()))
                        .putFields("sandbox", value(checkpoint.sandbox().id()))
                        .putFields("createdNanos", value(Long.toString(checkpoint.createdNanos())))
                        .putFields("memoryBytes", Value.newBuilder().setNumberValue(checkpoint.memoryBytes()).build()))
                .build();
    }

    private static Value value(String text) {
        return Value.newBuilder().setStringValue(text).build();
    }

    private static String text(Struct request, String field) {
        return request.getFieldsOrDefault(field, Value.getDefaultInstance()).getStringValue();
    }

    private static long number(Struct request, String field) {
        try {
            return Long.parseLong(text(request, field));
        } catch (NumberFormatException wrong) {
            throw HyperdException.invalid("The field " + field + " = \"" + text(request, field) + "\" is no number.");
        }
    }

    private static boolean flag(Struct request, String field) {
        return request.getFieldsOrDefault(field, Value.getDefaultInstance()).getBoolValue();
    }

    private static MethodDescriptor<Struct, Struct> open(String name) {
        return MethodDescriptor.<Struct, Struct>newBuilder()
                .setType(MethodDescriptor.MethodType.UNARY)
                .setFullMethodName(MethodDescriptor.generateFullMethodName(SERVICE, name))
                .setRequestMarshaller(ProtoUtils.marshaller(Struct.getDefaultInstance()))
                .setResponseMarshaller(ProtoUtils.marshaller(Struct.getDefaultInstance()))
                .build();
    }

    private static MethodDescriptor<StopPodSandboxRequest, StopPodSandboxResponse> method(String name) {
        return MethodDescriptor.<StopPodSandboxRequest, StopPodSandboxResponse>newBuilder()
                .setType(MethodDescriptor.MethodType.UNARY)
                .setFullMethodName(MethodDescriptor.generateFullMethodName(SERVICE, name))
                .setRequestMarshaller(ProtoUtils.marshaller(StopPodSandboxRequest.getDefaultInstance()))
                .setResponseMarshaller(ProtoUtils.marshaller(StopPodSandboxResponse.getDefaultInstance()))
                .build();
    }
}
