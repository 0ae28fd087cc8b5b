package io.hypernetes.kubelet;

import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.hypernetes.cri.v1.*;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/// A runtime in memory behind a real unix socket: sandboxes and containers change state when asked, or when a test says so.
public final class FakeCri implements AutoCloseable {
    final class Sandbox {
        PodSandboxConfig config;
        PodSandboxState state = PodSandboxState.SANDBOX_READY;
        long createdAt = now();
        String ip;
    }

    static final class Run {
        String sandbox;
        ContainerConfig config;
        ContainerState state = ContainerState.CONTAINER_CREATED;
        long createdAt = now();
        long startedAt;
        long finishedAt;
        int exitCode;
        @org.jspecify.annotations.Nullable Integer exitOnceStarted;
        String reason = "";
        LinuxContainerResources updated;

        /// The limits it was made with, or those it was given since.
        LinuxContainerResources resources() {
            return updated == null ? config.getLinux().getResources() : updated;
        }
    }

    private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final Path socket;
    private Server server;
    final Map<String, Sandbox> sandboxes = new LinkedHashMap<>();
    final Map<String, Run> runs = new LinkedHashMap<>();
    final Set<String> images = new TreeSet<>();
    final Map<String, Integer> execExitCodes = new java.util.concurrent.ConcurrentHashMap<>();
    private final List<StreamObserver<ContainerEventResponse>> listeners = new CopyOnWriteArrayList<>();
    /// The programs of all probes and hooks, in order.
    final List<String> execs = new CopyOnWriteArrayList<>();
    private final List<String> calls = new CopyOnWriteArrayList<>();
    String pullFailure = "";
    String updateFailure = "";
    volatile String growFailure = "";
    volatile List<PodSandboxStats> stats = List.of();
    /// What the machine of a pod costs, by the pod's name.
    final Map<String, String> coldReasons = new java.util.concurrent.ConcurrentHashMap<>();
    final Map<String, Long> pssBytes = new java.util.concurrent.ConcurrentHashMap<>();
    String podCidr = "";
    /// Whom images name as their user; root when nothing is said.
    final Map<String, String> imageUsers = new java.util.concurrent.ConcurrentHashMap<>();
    /// The address of every pod; one of each its own when empty.
    volatile String podIp = "";
    String streamUrl = "";
    ExecRequest lastExec = ExecRequest.getDefaultInstance();
    volatile boolean ignoreTerm;
    private int next;

    public FakeCri(Path socket) {
        this.socket = socket;
        start();
    }

    /// As after a restart of the runtime's process: everything is known again.
    void start() {
        try {
            java.nio.file.Files.deleteIfExists(socket);
            server = NettyServerBuilder.forAddress(new DomainSocketAddress(socket.toString()))
                    .bossEventLoopGroup(loop).workerEventLoopGroup(loop)
                    .channelType(EpollServerDomainSocketChannel.class).withChildOption(io.netty.channel.ChannelOption.SO_KEEPALIVE, null)
                    .executor(Executors.newVirtualThreadPerTaskExecutor())
                    .addService(new Runtime()).addService(new Images()).addService(checkpoints())
                    .build().start();
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    void stop() throws InterruptedException {
        server.shutdownNow().awaitTermination();
        listeners.clear();
    }

    @Override
    public void close() {
        server.shutdownNow();
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    /// Calls that change something, in order.
    List<String> calls() {
        return List.copyOf(calls);
    }

    /// The container ends by itself.
    void exit(String containerName, int code) {
        synchronized (this) {
            runs.forEach((id, run) -> {
                if (!run.config.getMetadata().getName().equals(containerName)) {
                    return;
                }
                if (run.state == ContainerState.CONTAINER_RUNNING) {
                    end(id, run, code);
                } else if (run.state == ContainerState.CONTAINER_CREATED) {
                    // Whoever saw it made may ask before it runs.
                    run.exitOnceStarted = code;
                }
            });
        }
    }

    /// The machine of every sandbox dies.
    void crashMachines() {
        synchronized (this) {
            sandboxes.values().forEach(sandbox -> sandbox.state = PodSandboxState.SANDBOX_NOTREADY);
            runs.forEach((id, run) -> {
                if (run.state == ContainerState.CONTAINER_RUNNING) {
                    end(id, run, 137);
                }
            });
        }
    }

    /// How many machines there are.
    synchronized int sandboxesReady() {
        return (int) sandboxes.values().stream().filter(sandbox -> sandbox.state == PodSandboxState.SANDBOX_READY).count();
    }

    synchronized List<Run> runsOf(String containerName) {
        return runs.values().stream().filter(run -> run.config.getMetadata().getName().equals(containerName)).toList();
    }

    private void end(String id, Run run, int code) {
        run.state = ContainerState.CONTAINER_EXITED;
        run.exitCode = code;
        run.finishedAt = now();
        tell(id, ContainerEventType.CONTAINER_STOPPED_EVENT);
    }

    private void tell(String id, ContainerEventType type) {
        Run run = runs.get(id);
        Sandbox sandbox = run == null ? sandboxes.get(id) : sandboxes.get(run.sandbox);
        if (sandbox == null) {
            return;
        }
        ContainerEventResponse event = ContainerEventResponse.newBuilder().setContainerId(id).setContainerEventType(type)
                .setPodSandboxStatus(PodSandboxStatus.newBuilder().setMetadata(sandbox.config.getMetadata())).build();
        listeners.forEach(listener -> {
            synchronized (listener) {
                try {
                    listener.onNext(event);
                } catch (RuntimeException gone) {
                    listeners.remove(listener);
                }
            }
        });
    }

    /// Names of what was written of sandboxes, and whose they are.
    final Map<String, String> checkpoints = new java.util.concurrent.ConcurrentHashMap<>();
    volatile boolean cannotCheckpoint;
    private final Map<String, Map<String, Run>> written = new HashMap<>();

    /// hyperd's calls beside CRI.
    private io.grpc.ServerServiceDefinition checkpoints() {
        return io.grpc.ServerServiceDefinition.builder("hypernetes.v1.Pods")
                .addMethod(checkpointCall("Checkpoint", request -> {
                    if (cannotCheckpoint) {
                        throw Status.UNAVAILABLE.withDescription("no room").asRuntimeException();
                    }
                    String id = request.getFieldsOrThrow("sandbox").getStringValue();
                    String name = request.getFieldsOrThrow("name").getStringValue();
                    checkpoints.put(name, id);
                    Map<String, Run> alive = new LinkedHashMap<>();
                    runs.forEach((run, of) -> {
                        if (of.sandbox.equals(id) && of.state == ContainerState.CONTAINER_RUNNING) {
                            Run copy = new Run();
                            copy.sandbox = of.sandbox;
                            copy.config = of.config;
                            copy.state = of.state;
                            copy.createdAt = of.createdAt;
                            copy.startedAt = of.startedAt;
                            alive.put(run, copy);
                        }
                    });
                    written.put(name, alive);
                    sandboxes.get(id).state = PodSandboxState.SANDBOX_NOTREADY;
                    alive.keySet().forEach(run -> end(run, runs.get(run), 255));
                    calls.add("checkpoint");
                }))
                .addMethod(checkpointCall("GrowDisk", request -> {
                    if (!growFailure.isEmpty()) {
                        throw Status.INTERNAL.withDescription(growFailure).asRuntimeException();
                    }
                    calls.add("grow " + request.getFieldsOrThrow("volume").getStringValue() + " " + request.getFieldsOrThrow("bytes").getStringValue());
                }))
                .addMethod(checkpointCall("Restore", request -> {
                    String name = request.getFieldsOrThrow("name").getStringValue();
                    sandboxes.get(checkpoints.get(name)).state = PodSandboxState.SANDBOX_READY;
                    runs.putAll(written.get(name));
                    calls.add("restore");
                }))
                .addMethod(checkpointCall("RemoveCheckpoint", request -> checkpoints.remove(request.getFieldsOrThrow("name").getStringValue())))
                .addMethod(checkpointCall("Checkpoints", request -> {
                }))
                .build();
    }

    private io.grpc.ServerMethodDefinition<com.google.protobuf.Struct, com.google.protobuf.Struct> checkpointCall(
            String name, java.util.function.Consumer<com.google.protobuf.Struct> action) {
        var marshaller = io.grpc.protobuf.ProtoUtils.marshaller(com.google.protobuf.Struct.getDefaultInstance());
        var method = io.grpc.MethodDescriptor.<com.google.protobuf.Struct, com.google.protobuf.Struct>newBuilder()
                .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
                .setFullMethodName("hypernetes.v1.Pods/" + name)
                .setRequestMarshaller(marshaller)
                .setResponseMarshaller(marshaller)
                .build();
        return io.grpc.ServerMethodDefinition.create(method, io.grpc.stub.ServerCalls.asyncUnaryCall((request, out) -> {
            var all = com.google.protobuf.ListValue.newBuilder();
            try {
                synchronized (FakeCri.this) {
                    action.accept(request);
                    checkpoints.keySet().forEach(one -> all.addValues(com.google.protobuf.Value.newBuilder().setStructValue(com.google.protobuf.Struct.newBuilder()
                            .putFields("name", com.google.protobuf.Value.newBuilder().setStringValue(one).build()))));
                }
            } catch (io.grpc.StatusRuntimeException refused) {
                out.onError(refused);
                return;
            }
            reply(out, com.google.protobuf.Struct.newBuilder().putFields("checkpoints", com.google.protobuf.Value.newBuilder().setListValue(all).build()).build());
        }));
    }

    private static long now() {
        return System.currentTimeMillis() * 1_000_000L + System.nanoTime() % 1_000_000;
    }

    private static <T> void reply(StreamObserver<T> out, T value) {
        out.onNext(value);
        out.onCompleted();
    }

    private static boolean matches(Map<String, String> selector, Map<String, String> labels) {
        return labels.entrySet().containsAll(selector.entrySet());
    }

    private final class Runtime extends RuntimeServiceGrpc.RuntimeServiceImplBase {
        @Override
        public void version(VersionRequest request, StreamObserver<VersionResponse> out) {
            reply(out, VersionResponse.newBuilder().setVersion("0.1.0").setRuntimeName("hyperd").setRuntimeVersion("0.1.0").setRuntimeApiVersion("v1").build());
        }

        @Override
        public void status(StatusRequest request, StreamObserver<StatusResponse> out) {
            reply(out, StatusResponse.newBuilder().setStatus(RuntimeStatus.newBuilder()
                    .addConditions(RuntimeCondition.newBuilder().setType("RuntimeReady").setStatus(true))
                    .addConditions(RuntimeCondition.newBuilder().setType("NetworkReady").setStatus(!podCidr.isEmpty()).setReason("NoPodCidr"))).build());
        }

        @Override
        public void updateRuntimeConfig(UpdateRuntimeConfigRequest request, StreamObserver<UpdateRuntimeConfigResponse> out) {
            podCidr = request.getRuntimeConfig().getNetworkConfig().getPodCidr();
            reply(out, UpdateRuntimeConfigResponse.getDefaultInstance());
        }

        @Override
        public void runPodSandbox(RunPodSandboxRequest request, StreamObserver<RunPodSandboxResponse> out) {
            String id;
            synchronized (FakeCri.this) {
                id = "s" + next++;
                Sandbox sandbox = new Sandbox();
                sandbox.config = request.getConfig();
                sandbox.ip = podIp.isEmpty() ? "10.88.0." + (next + 1) : podIp;
                sandboxes.put(id, sandbox);
                calls.add("run-sandbox");
            }
            reply(out, RunPodSandboxResponse.newBuilder().setPodSandboxId(id).build());
        }

        @Override
        public void stopPodSandbox(StopPodSandboxRequest request, StreamObserver<StopPodSandboxResponse> out) {
            synchronized (FakeCri.this) {
                Sandbox sandbox = sandboxes.get(request.getPodSandboxId());
                if (sandbox != null) {
                    sandbox.state = PodSandboxState.SANDBOX_NOTREADY;
                }
                calls.add("stop-sandbox");
            }
            reply(out, StopPodSandboxResponse.getDefaultInstance());
        }

        @Override
        public void removePodSandbox(RemovePodSandboxRequest request, StreamObserver<RemovePodSandboxResponse> out) {
            synchronized (FakeCri.this) {
                sandboxes.remove(request.getPodSandboxId());
                runs.values().removeIf(run -> run.sandbox.equals(request.getPodSandboxId()));
                calls.add("remove-sandbox");
            }
            reply(out, RemovePodSandboxResponse.getDefaultInstance());
        }

        @Override
        public void listPodSandbox(ListPodSandboxRequest request, StreamObserver<ListPodSandboxResponse> out) {
            ListPodSandboxResponse.Builder answer = ListPodSandboxResponse.newBuilder();
            synchronized (FakeCri.this) {
                sandboxes.forEach((id, sandbox) -> {
                    if (matches(request.getFilter().getLabelSelectorMap(), sandbox.config.getLabelsMap())) {
                        answer.addItems(PodSandbox.newBuilder().setId(id).setMetadata(sandbox.config.getMetadata()).setState(sandbox.state)
                                .setCreatedAt(sandbox.createdAt).putAllLabels(sandbox.config.getLabelsMap()));
                    }
                });
            }
            reply(out, answer.build());
        }

        @Override
        public void podSandboxStatus(PodSandboxStatusRequest request, StreamObserver<PodSandboxStatusResponse> out) {
            synchronized (FakeCri.this) {
                Sandbox sandbox = sandboxes.get(request.getPodSandboxId());
                if (sandbox == null) {
                    out.onError(Status.NOT_FOUND.asRuntimeException());
                    return;
                }
                PodSandboxStatus.Builder status = PodSandboxStatus.newBuilder().setId(request.getPodSandboxId())
                        .setMetadata(sandbox.config.getMetadata()).setState(sandbox.state).setCreatedAt(sandbox.createdAt)
                        .putAllLabels(sandbox.config.getLabelsMap()).putAllAnnotations(sandbox.config.getAnnotationsMap());
                if (sandbox.state == PodSandboxState.SANDBOX_READY) {
                    status.setNetwork(PodSandboxNetworkStatus.newBuilder().setIp(sandbox.ip));
                }
                reply(out, PodSandboxStatusResponse.newBuilder().setStatus(status)
                        .putInfo("info", "{\"pssBytes\":" + pssBytes.getOrDefault(sandbox.config.getMetadata().getName(), 0L)
                                + ",\"coldReason\":\"" + coldReasons.getOrDefault(sandbox.config.getMetadata().getName(), "") + "\"}").build());
            }
        }

        @Override
        public void createContainer(CreateContainerRequest request, StreamObserver<CreateContainerResponse> out) {
            String id;
            synchronized (FakeCri.this) {
                Sandbox sandbox = sandboxes.get(request.getPodSandboxId());
                if (sandbox == null || sandbox.state != PodSandboxState.SANDBOX_READY) {
                    out.onError(Status.FAILED_PRECONDITION.withDescription("the sandbox is not ready").asRuntimeException());
                    return;
                }
                id = "c" + next++;
                Run run = new Run();
                run.sandbox = request.getPodSandboxId();
                run.config = request.getConfig();
                runs.put(id, run);
                calls.add("create " + run.config.getMetadata().getName());
            }
            reply(out, CreateContainerResponse.newBuilder().setContainerId(id).build());
        }

        @Override
        public void startContainer(StartContainerRequest request, StreamObserver<StartContainerResponse> out) {
            synchronized (FakeCri.this) {
                Run run = runs.get(request.getContainerId());
                run.state = ContainerState.CONTAINER_RUNNING;
                run.startedAt = now();
                calls.add("start " + run.config.getMetadata().getName());
                tell(request.getContainerId(), ContainerEventType.CONTAINER_STARTED_EVENT);
                if (run.exitOnceStarted != null) {
                    end(request.getContainerId(), run, run.exitOnceStarted);
                }
            }
            reply(out, StartContainerResponse.getDefaultInstance());
        }

        @Override
        public void stopContainer(StopContainerRequest request, StreamObserver<StopContainerResponse> out) {
            Run run;
            synchronized (FakeCri.this) {
                run = runs.get(request.getContainerId());
                if (run != null) {
                    calls.add("stop " + run.config.getMetadata().getName() + " " + request.getTimeout());
                }
            }
            try {
                // A process that ignores SIGTERM is killed when the time is over.
                if (ignoreTerm) {
                    new java.util.concurrent.CountDownLatch(1).await(request.getTimeout(), TimeUnit.SECONDS);
                }
            } catch (InterruptedException cancelled) {
                return;
            }
            synchronized (FakeCri.this) {
                if (run != null && run.state == ContainerState.CONTAINER_RUNNING) {
                    end(request.getContainerId(), run, ignoreTerm ? 137 : 143);
                }
            }
            reply(out, StopContainerResponse.getDefaultInstance());
        }

        @Override
        public void removeContainer(RemoveContainerRequest request, StreamObserver<RemoveContainerResponse> out) {
            synchronized (FakeCri.this) {
                runs.remove(request.getContainerId());
            }
            reply(out, RemoveContainerResponse.getDefaultInstance());
        }

        @Override
        public void listContainers(ListContainersRequest request, StreamObserver<ListContainersResponse> out) {
            ListContainersResponse.Builder answer = ListContainersResponse.newBuilder();
            synchronized (FakeCri.this) {
                runs.forEach((id, run) -> {
                    if (matches(request.getFilter().getLabelSelectorMap(), run.config.getLabelsMap())) {
                        answer.addContainers(Container.newBuilder().setId(id).setPodSandboxId(run.sandbox).setState(run.state)
                                .setMetadata(run.config.getMetadata()).putAllLabels(run.config.getLabelsMap()));
                    }
                });
            }
            reply(out, answer.build());
        }

        @Override
        public void containerStatus(ContainerStatusRequest request, StreamObserver<ContainerStatusResponse> out) {
            synchronized (FakeCri.this) {
                Run run = runs.get(request.getContainerId());
                if (run == null) {
                    out.onError(Status.NOT_FOUND.asRuntimeException());
                    return;
                }
                reply(out, ContainerStatusResponse.newBuilder().setStatus(ContainerStatus.newBuilder().setId(request.getContainerId())
                        .setMetadata(run.config.getMetadata()).setState(run.state).setCreatedAt(run.createdAt).setStartedAt(run.startedAt)
                        .setFinishedAt(run.finishedAt).setExitCode(run.exitCode).setReason(run.reason).setImage(run.config.getImage())
                        .setImageRef("sha256:" + run.config.getImage().getImage()).putAllLabels(run.config.getLabelsMap())
                        .putAllAnnotations(run.config.getAnnotationsMap()).setLogPath(run.config.getLogPath()).setStopSignal(run.config.getStopSignal())
                        .setResources(ContainerResources.newBuilder().setLinux(run.resources()))).build());
            }
        }

        @Override
        public void updateContainerResources(UpdateContainerResourcesRequest request, StreamObserver<UpdateContainerResourcesResponse> out) {
            synchronized (FakeCri.this) {
                if (!updateFailure.isEmpty()) {
                    out.onError(Status.RESOURCE_EXHAUSTED.withDescription(updateFailure).asRuntimeException());
                    return;
                }
                Run run = runs.get(request.getContainerId());
                run.updated = request.getLinux();
                calls.add("update " + run.config.getMetadata().getName() + " " + request.getLinux().getMemoryLimitInBytes());
            }
            reply(out, UpdateContainerResourcesResponse.getDefaultInstance());
        }

        @Override
        public void listPodSandboxStats(ListPodSandboxStatsRequest request, StreamObserver<ListPodSandboxStatsResponse> out) {
            reply(out, ListPodSandboxStatsResponse.newBuilder().addAllStats(stats.stream()
                    .filter(each -> matches(request.getFilter().getLabelSelectorMap(), each.getAttributes().getLabelsMap())).toList()).build());
        }

        @Override
        public void execSync(ExecSyncRequest request, StreamObserver<ExecSyncResponse> out) {
            execs.add(request.getCmd(0));
            reply(out, ExecSyncResponse.newBuilder().setExitCode(execExitCodes.getOrDefault(request.getCmd(0), 0)).build());
        }

        @Override
        public void exec(ExecRequest request, StreamObserver<ExecResponse> out) {
            lastExec = request;
            reply(out, ExecResponse.newBuilder().setUrl(streamUrl).build());
        }

        @Override
        public void getContainerEvents(GetEventsRequest request, StreamObserver<ContainerEventResponse> out) {
            ((ServerCallStreamObserver<ContainerEventResponse>) out).setOnCancelHandler(() -> listeners.remove(out));
            listeners.add(out);
        }
    }

    private final class Images extends ImageServiceGrpc.ImageServiceImplBase {
        @Override
        public void imageStatus(ImageStatusRequest request, StreamObserver<ImageStatusResponse> out) {
            String image = request.getImage().getImage();
            ImageStatusResponse.Builder answer = ImageStatusResponse.newBuilder();
            synchronized (FakeCri.this) {
                String name = image.replaceFirst("^sha256:", "");
                if (images.contains(name)) {
                    Image.Builder found = Image.newBuilder().setId(image).setSize(42);
                    String user = imageUsers.getOrDefault(name, "0");
                    answer.setImage(user.matches("\\d+") ? found.setUid(Int64Value.newBuilder().setValue(Long.parseLong(user))) : found.setUsername(user));
                }
            }
            reply(out, answer.build());
        }

        @Override
        public void pullImage(PullImageRequest request, StreamObserver<PullImageResponse> out) {
            synchronized (FakeCri.this) {
                calls.add("pull " + request.getImage().getImage());
                if (!pullFailure.isEmpty()) {
                    out.onError(Status.NOT_FOUND.withDescription(pullFailure).asRuntimeException());
                    return;
                }
                images.add(request.getImage().getImage());
            }
            reply(out, PullImageResponse.newBuilder().setImageRef(request.getImage().getImage()).build());
        }
    }
}
