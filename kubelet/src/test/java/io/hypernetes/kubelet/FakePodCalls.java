package io.hypernetes.kubelet;

import com.google.protobuf.ListValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.grpc.MethodDescriptor;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.hypernetes.cri.v1.ContainerState;
import io.hypernetes.cri.v1.PodSandboxState;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/// What a [FakeCri] answers to hyperd's calls beside CRI: checkpoints, and disks that grow.
public final class FakePodCalls {
    private final FakeCri cri;
    /// Names of what was written of sandboxes, and whose they are.
    public final Map<String, String> checkpoints = new ConcurrentHashMap<>();
    volatile boolean cannotCheckpoint;
    /// Writing a pod ends only when whoever asked for it gives up.
    public volatile boolean checkpointsHang;
    /// So does bringing one back.
    public volatile boolean restoresHang;
    /// One is brought back, and whoever asked for it is not told.
    volatile boolean restoresAreNotTold;
    /// The runtime's process dies while it brings the next one back, and undoes what it began when it starts again.
    volatile boolean diesWhileRestoring;
    /// Run before anything is removed.
    volatile Runnable beforeRemoval = () -> {};
    volatile String growFailure = "";
    private final Map<String, Map<String, FakeCri.Run>> written = new HashMap<>();
    private final Map<String, FakeCri.Sandbox> whose = new HashMap<>();
    private final Map<String, String> hung = new ConcurrentHashMap<>();
    private final List<StreamObserver<Struct>> waiting = new CopyOnWriteArrayList<>();

    FakePodCalls(FakeCri cri) {
        this.cri = cri;
    }

    ServerServiceDefinition service() {
        return ServerServiceDefinition.builder("hypernetes.v1.Pods")
                .addMethod(call("Checkpoint", request -> {
                    if (cannotCheckpoint) {
                        throw Status.UNAVAILABLE.withDescription("no room").asRuntimeException();
                    }
                    String id = request.getFieldsOrThrow("sandbox").getStringValue();
                    String name = request.getFieldsOrThrow("name").getStringValue();
                    if (cri.sandboxes.get(id).state != PodSandboxState.SANDBOX_READY) {
                        throw Status.FAILED_PRECONDITION.withDescription("the sandbox does not run").asRuntimeException();
                    }
                    if (checkpoints.containsKey(name)) {
                        throw Status.FAILED_PRECONDITION.withDescription("there is a checkpoint of that name").asRuntimeException();
                    }
                    write(id, name);
                    cri.called("checkpoint");
                }))
                .addMethod(call("GrowDisk", request -> {
                    if (!growFailure.isEmpty()) {
                        throw Status.INTERNAL.withDescription(growFailure).asRuntimeException();
                    }
                    cri.called("grow " + request.getFieldsOrThrow("volume").getStringValue() + " " + request.getFieldsOrThrow("bytes").getStringValue());
                }))
                .addMethod(call("Restore", request -> {
                    String name = request.getFieldsOrThrow("name").getStringValue();
                    if (diesWhileRestoring) {
                        diesWhileRestoring = false;
                        String id = checkpoints.get(name);
                        cri.sandboxes.remove(id);
                        cri.runs.values().removeIf(run -> run.sandbox.equals(id));
                        throw Status.UNAVAILABLE.withDescription("the runtime died").asRuntimeException();
                    }
                    bringBack(name);
                    if (request.getFieldsOrDefault("remove", Value.getDefaultInstance()).getBoolValue()) {
                        checkpoints.remove(name);
                    }
                    cri.called("restore");
                    if (restoresAreNotTold) {
                        throw Status.DEADLINE_EXCEEDED.withDescription("it took too long").asRuntimeException();
                    }
                }))
                .addMethod(call("RemoveCheckpoint", request -> checkpoints.remove(request.getFieldsOrThrow("name").getStringValue())))
                .addMethod(call("Checkpoints", request -> {}))
                .build();
    }

    private void write(String id, String name) {
        checkpoints.put(name, id);
        Map<String, FakeCri.Run> alive = new LinkedHashMap<>();
        cri.runs.forEach((run, of) -> {
            if (of.sandbox.equals(id) && of.state == ContainerState.CONTAINER_RUNNING) {
                alive.put(run, copy(of));
            }
        });
        written.put(name, alive);
        whose.put(name, cri.sandboxes.get(id));
        cri.sandboxes.get(id).state = PodSandboxState.SANDBOX_NOTREADY;
        alive.keySet().forEach(run -> cri.end(run, cri.runs.get(run), 255));
    }

    /// What hangs is done: the first that asked has it written, and the others are told that there is nothing to be written any more.
    void finishWriting() {
        checkpointsHang = false;
        synchronized (cri) {
            hung.forEach((name, id) -> {
                if (!checkpoints.containsKey(name)) {
                    write(id, name);
                }
            });
            hung.clear();
        }
        waiting.forEach(out -> out.onError(Status.FAILED_PRECONDITION.withDescription("the sandbox does not run").asRuntimeException()));
        waiting.clear();
    }

    /// Whether a sandbox is being written, so that its time stands still.
    boolean isWriting(String sandbox) {
        return hung.containsValue(sandbox);
    }

    /// The pod is there again as it was when it was written.
    void bringBack(String name) {
        synchronized (cri) {
            FakeCri.Sandbox sandbox = whose.get(name);
            sandbox.state = PodSandboxState.SANDBOX_READY;
            cri.sandboxes.put(checkpoints.get(name), sandbox);
            written.get(name).forEach((id, run) -> cri.runs.put(id, copy(run)));
        }
    }

    private static FakeCri.Run copy(FakeCri.Run of) {
        FakeCri.Run copy = new FakeCri.Run();
        copy.sandbox = of.sandbox;
        copy.config = of.config;
        copy.state = of.state;
        copy.createdAt = of.createdAt;
        copy.startedAt = of.startedAt;
        return copy;
    }

    private ServerMethodDefinition<Struct, Struct> call(
            String name, Consumer<Struct> action) {
        var marshaller = ProtoUtils.marshaller(Struct.getDefaultInstance());
        var method = MethodDescriptor.<Struct, Struct>newBuilder()
                .setType(MethodDescriptor.MethodType.UNARY)
                .setFullMethodName("hypernetes.v1.Pods/" + name)
                .setRequestMarshaller(marshaller)
                .setResponseMarshaller(marshaller)
                .build();
        return ServerMethodDefinition.create(method, ServerCalls.asyncUnaryCall((request, out) -> {
            if ((checkpointsHang && name.equals("Checkpoint")) || (restoresHang && name.equals("Restore"))) {
                if (name.equals("Checkpoint")) {
                    hung.put(request.getFieldsOrThrow("name").getStringValue(), request.getFieldsOrThrow("sandbox").getStringValue());
                    waiting.add(out);
                }
                cri.called(name.toLowerCase(Locale.ROOT) + " hangs");
                return;
            }
            if (name.equals("RemoveCheckpoint")) {
                beforeRemoval.run();
            }
            var all = ListValue.newBuilder();
            try {
                synchronized (cri) {
                    action.accept(request);
                    checkpoints.keySet().forEach(one -> all.addValues(Value.newBuilder().setStructValue(Struct.newBuilder()
                            .putFields("name", Value.newBuilder().setStringValue(one).build()))));
                }
            } catch (StatusRuntimeException refused) {
                out.onError(refused);
                return;
            }
            FakeCri.reply(out, Struct.newBuilder().putFields("checkpoints", Value.newBuilder().setListValue(all).build()).build());
        }));
    }
}
