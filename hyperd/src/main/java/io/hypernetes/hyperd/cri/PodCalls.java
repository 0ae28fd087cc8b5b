package io.hypernetes.hyperd.cri;

import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ServerCalls;
import io.hypernetes.cri.v1.StopPodSandboxRequest;
import io.hypernetes.cri.v1.StopPodSandboxResponse;
import io.hypernetes.hyperd.sandbox.Sandbox;
import io.hypernetes.hyperd.sandbox.Sandboxes;
import java.util.function.Consumer;

/// What can be done to a pod that is a machine and CRI has no call for: its time stops and goes on. Served beside CRI on the same
/// socket, as `hypernetes.v1.Pods`; a request is the sandbox's id, in the message that CRI has for that.
public final class PodCalls {
    private static final String SERVICE = "hypernetes.v1.Pods";

    /// Stops the time of a pod.
    public static final MethodDescriptor<StopPodSandboxRequest, StopPodSandboxResponse> PAUSE = method("Pause");

    /// Lets it go on.
    public static final MethodDescriptor<StopPodSandboxRequest, StopPodSandboxResponse> RESUME = method("Resume");

    private PodCalls() {}

    static ServerServiceDefinition service(Sandboxes sandboxes) {
        return ServerServiceDefinition.builder(SERVICE)
                .addMethod(PAUSE, ServerCalls.asyncUnaryCall((request, answer) ->
                        Replies.one("Pause", answer, () -> done(sandboxes, request, Sandbox::pause))))
                .addMethod(RESUME, ServerCalls.asyncUnaryCall((request, answer) ->
                        Replies.one("Resume", answer, () -> done(sandboxes, request, Sandbox::resume))))
                .build();
    }

    private static StopPodSandboxResponse done(Sandboxes sandboxes, StopPodSandboxRequest request, Consumer<Sandbox> action) {
        action.accept(sandboxes.get(request.getPodSandboxId()));
        return StopPodSandboxResponse.getDefaultInstance();
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
