package io.hypernetes.cli;

import com.google.protobuf.Struct;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.hypernetes.cri.v1.Container;
import io.hypernetes.cri.v1.ContainerFilter;
import io.hypernetes.cri.v1.ContainerState;
import io.hypernetes.cri.v1.ContainerStateValue;
import io.hypernetes.cri.v1.ListContainersRequest;
import io.hypernetes.cri.v1.ListPodSandboxRequest;
import io.hypernetes.cri.v1.PodSandbox;
import io.hypernetes.cri.v1.PodSandboxStatusRequest;
import io.hypernetes.cri.v1.PodSandboxStatusResponse;
import io.hypernetes.cri.v1.RemovePodSandboxRequest;
import io.hypernetes.cri.v1.RuntimeServiceGrpc;
import io.hypernetes.cri.v1.StatusRequest;
import io.hypernetes.cri.v1.StatusResponse;
import io.hypernetes.cri.v1.StopPodSandboxRequest;
import io.hypernetes.cri.v1.StopPodSandboxResponse;
import io.hypernetes.cri.v1.VersionRequest;
import io.hypernetes.hyperd.cri.PodCalls;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// The command line as a client of hyperd's CRI face.
final class CriConnection implements AutoCloseable {
    private static final int DEADLINE_SECONDS = 60;
    private static final int CHECKPOINT_MINUTES = 30;

    private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final ManagedChannel channel;

    CriConnection(Path socket) {
        channel = NettyChannelBuilder.forAddress(new DomainSocketAddress(socket.toFile()))
                .eventLoopGroup(loop)
                .channelType(EpollDomainSocketChannel.class)
                // A unix socket has no such option; gRPC sets it for all unless it is taken out.
                .withOption(ChannelOption.SO_KEEPALIVE, null)
                .overrideAuthority("localhost")
                .usePlaintext()
                .build();
    }

    private RuntimeServiceGrpc.RuntimeServiceBlockingStub runtime() {
        return runtime(Duration.ofSeconds(DEADLINE_SECONDS));
    }

    private RuntimeServiceGrpc.RuntimeServiceBlockingStub runtime(Duration deadline) {
        return RuntimeServiceGrpc.newBlockingStub(channel).withDeadlineAfter(deadline);
    }

    /// Whether the engine answers anything at all within that time. Costs it nothing, and waits for none of its pods.
    boolean lives(Duration within) {
        try {
            runtime(within).version(VersionRequest.getDefaultInstance());
            return true;
        } catch (StatusRuntimeException silent) {
            return false;
        }
    }

    List<PodSandbox> sandboxes() {
        return sandboxes(Duration.ofSeconds(DEADLINE_SECONDS));
    }

    List<PodSandbox> sandboxes(Duration within) {
        return runtime(within).listPodSandbox(ListPodSandboxRequest.getDefaultInstance()).getItemsList();
    }

    /// The containers that run at this moment.
    List<Container> runningContainers() {
        ContainerFilter running = ContainerFilter.newBuilder()
                .setState(ContainerStateValue.newBuilder().setState(ContainerState.CONTAINER_RUNNING))
                .build();
        return runtime().listContainers(ListContainersRequest.newBuilder().setFilter(running).build()).getContainersList();
    }

    /// A sandbox with what hyperd tells of it beyond CRI's fields.
    PodSandboxStatusResponse sandbox(String id) {
        return runtime().podSandboxStatus(PodSandboxStatusRequest.newBuilder().setPodSandboxId(id).setVerbose(true).build());
    }

    /// Stops a pod and removes it.
    ///
    /// @param within time for both together
    void remove(String sandboxId, Duration within) {
        RuntimeServiceGrpc.RuntimeServiceBlockingStub runtime = runtime(within);
        runtime.stopPodSandbox(StopPodSandboxRequest.newBuilder().setPodSandboxId(sandboxId).build());
        runtime.removePodSandbox(RemovePodSandboxRequest.newBuilder().setPodSandboxId(sandboxId).build());
    }

    /// @param call one of [PodCalls]
    void pod(MethodDescriptor<StopPodSandboxRequest, StopPodSandboxResponse> call, String sandboxId) {
        ClientCalls.blockingUnaryCall(
                channel,
                call,
                CallOptions.DEFAULT.withDeadlineAfter(DEADLINE_SECONDS * 2L, TimeUnit.SECONDS),
                StopPodSandboxRequest.newBuilder().setPodSandboxId(sandboxId).build());
    }

    /// @param call one of [PodCalls] that may take as long as a pod's memory takes to be written or read
    Struct call(MethodDescriptor<Struct, Struct> call, Struct request) {
        return ClientCalls.blockingUnaryCall(channel, call, CallOptions.DEFAULT.withDeadlineAfter(CHECKPOINT_MINUTES, TimeUnit.MINUTES), request);
    }

    /// What a person is told of a call that failed.
    static UsageException explained(StatusRuntimeException refused, Common common) {
        String why = refused.getStatus().getDescription();
        if (refused.getStatus().getCode() == Status.Code.UNAVAILABLE && !Files.exists(common.places().criSocket())) {
            return new UsageException(
                    "no node runs here: there is no socket " + common.places().criSocket() + "; `" + common.command("up") + "` starts one",
                    UsageException.UNAVAILABLE);
        }
        return new UsageException(why == null ? refused.getStatus().toString() : why, UsageException.UNAVAILABLE);
    }

    StatusResponse status() {
        return runtime().status(StatusRequest.newBuilder().setVerbose(true).build());
    }

    @Override
    public void close() {
        channel.shutdownNow();
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
