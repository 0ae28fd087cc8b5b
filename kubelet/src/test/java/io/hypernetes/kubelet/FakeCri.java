package io.hypernetes.kubelet;

import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.hypernetes.cri.v1.*;
import io.hypernetes.kubelet.cri.Labels;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/// A runtime in memory behind a real unix socket: sandboxes and containers change state when asked, or when a test says so.
public final class FakeCri implements AutoCloseable {
    static final class Sandbox {
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
    /// Of which the runtime says that they were loaded.
    final Set<String> imagesForAll = ConcurrentHashMap.newKeySet();
    /// What all programs say that fail.
    public volatile String execErrors = "";
    /// How those end that do not succeed.
    public final Map<String, Integer> execExitCodes = new java.util.concurrent.ConcurrentHashMap<>();
    /// What becomes of the programs that cannot be run.
    final Map<String, Status> execFailures = new java.util.concurrent.ConcurrentHashMap<>();
    /// Programs that end only when whoever asked for them gives up.
    final Set<String> hangingExecs = java.util.concurrent.ConcurrentHashMap.newKeySet();
    final List<StreamObserver<ContainerEventResponse>> listeners = new CopyOnWriteArrayList<>();
    /// The programs of all probes and hooks, in order.
    final List<String> execs = new CopyOnWriteArrayList<>();
    /// What was said to be wanted of the outputs of each of them at most.
    public final List<String> mostOutputs = new CopyOnWriteArrayList<>();
    private final List<String> calls = new CopyOnWriteArrayList<>();
    /// Whom pulls were said to be for, by image.
    final Map<String, String> pulledFor = new ConcurrentHashMap<>();
    /// By image, of pulls with credentials.
    final Map<String, String> pulledForUid = new ConcurrentHashMap<>();
    String pullFailure = "";
    /// What follows the id of a container whose program cannot be started; empty: all can.
    volatile String startFailure = "";
    /// A pull ends only when whoever asked for it cancels it.
    /// Run before a sandbox tells all of its status.
    volatile Runnable beforeVerboseStatus = () -> {};
    /// Run before a sandbox is removed.
    volatile Runnable beforeSandboxGoes = () -> {};
    /// Of containers.
    volatile Runnable beforeLook = () -> {};
    volatile boolean pullsHang;
    volatile String sandboxFailure = "";
    String updateFailure = "";
    /// Updates succeed, and nothing of them is seen.
    volatile boolean updatesNothing;
    /// Which containers cannot be given anything else; all of them when empty.
    volatile String updateFailureOf = "";
    volatile List<PodSandboxStats> stats = List.of();
    /// What the machine of a pod costs, by the pod's name.
    final Map<String, String> coldReasons = new java.util.concurrent.ConcurrentHashMap<>();
    final Map<String, Long> pssBytes = new java.util.concurrent.ConcurrentHashMap<>();
    /// What the disk of a pod's machine takes on the host, by the pod's name.
    /// By sandbox what the disks that outlive it take, by their files.
    final Map<String, Map<String, Long>> volumeBytes = new java.util.concurrent.ConcurrentHashMap<>();
    final Map<String, Long> scratchBytes = new java.util.concurrent.ConcurrentHashMap<>();
    /// What a pod's guest says that its containers have written, by the pod's name.
    final Map<String, Long> saidWritten = new java.util.concurrent.ConcurrentHashMap<>();
    String podCidr = "";
    /// Whom images name as their user; root when nothing is said.
    final Map<String, String> imageUsers = new java.util.concurrent.ConcurrentHashMap<>();
    /// The address of every pod; one of each its own when empty.
    volatile String podIp = "";
    String streamUrl = "";
    ExecRequest lastExec = ExecRequest.getDefaultInstance();
    volatile boolean ignoreTerm;
    /// Guests tell the end of no container.
    volatile boolean deathless;
    int next;
    /// How often somebody asked which containers there are.
    final java.util.concurrent.atomic.AtomicInteger looks = new java.util.concurrent.atomic.AtomicInteger();
    public final FakePodCalls podCalls = new FakePodCalls(this);

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
                    .intercept(new ServerInterceptor() {
                        @Override
                        public <Q, A> ServerCall.Listener<Q> interceptCall(ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
                            if (call.getMethodDescriptor().equals(RuntimeServiceGrpc.getExecSyncMethod())) {
                                mostOutputs.add(String.valueOf(headers.get(Metadata.Key.of("hypernetes-most-output", Metadata.ASCII_STRING_MARSHALLER))));
                            }
                            return next.startCall(call, headers);
                        }
                    })
                    .addService(new FakeRuntime(this)).addService(new Images()).addService(podCalls.service())
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
    public List<String> calls() {
        return List.copyOf(calls);
    }

    /// One more of them.
    void called(String call) {
        calls.add(call);
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

    void end(String id, Run run, int code) {
        run.state = ContainerState.CONTAINER_EXITED;
        run.exitCode = code;
        run.finishedAt = now();
        tell(id, ContainerEventType.CONTAINER_STOPPED_EVENT);
    }

    void tell(String id, ContainerEventType type) {
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

    static long now() {
        return System.currentTimeMillis() * 1_000_000L + System.nanoTime() % 1_000_000;
    }

    static <T> void reply(StreamObserver<T> out, T value) {
        out.onNext(value);
        out.onCompleted();
    }

    static boolean matches(Map<String, String> selector, Map<String, String> labels) {
        return labels.entrySet().containsAll(selector.entrySet());
    }

    private final class Images extends ImageServiceGrpc.ImageServiceImplBase {
        @Override
        public void imageStatus(ImageStatusRequest request, StreamObserver<ImageStatusResponse> out) {
            String image = request.getImage().getImage();
            ImageStatusResponse.Builder answer = ImageStatusResponse.newBuilder();
            synchronized (FakeCri.this) {
                String name = image.replaceFirst("^sha256:", "").replaceFirst("^docker\\.io/library/", "");
                if (images.contains(name)) {
                    Image.Builder found = Image.newBuilder().setId(image.replaceFirst("^docker\\.io/library/", "")).setSize(42);
                    if (imagesForAll.contains(name)) {
                        found.setSpec(ImageSpec.newBuilder().putAnnotations(Labels.FOR_ALL, "true"));
                    }
                    String user = imageUsers.getOrDefault(name, "0");
                    answer.setImage(user.matches("\\d+") ? found.setUid(Int64Value.newBuilder().setValue(Long.parseLong(user))) : found.setUsername(user));
                }
            }
            reply(out, answer.build());
        }

        @Override
        public void listImages(ListImagesRequest request, StreamObserver<ListImagesResponse> out) {
            ListImagesResponse.Builder answer = ListImagesResponse.newBuilder();
            synchronized (FakeCri.this) {
                images.forEach(name -> answer.addImages(Image.newBuilder().setId(name).setSize(42)));
            }
            reply(out, answer.build());
        }

        @Override
        public void pullImage(PullImageRequest request, StreamObserver<PullImageResponse> out) {
            synchronized (FakeCri.this) {
                calls.add("pull " + request.getImage().getImage());
                pulledFor.put(request.getImage().getImage(), request.getSandboxConfig().getAnnotationsMap().getOrDefault(Labels.TENANT, "nobody"));
                String uid = request.getSandboxConfig().getAnnotationsOrDefault(Labels.TENANT_UID, "");
                if (request.hasAuth() || !uid.isEmpty()) {
                    pulledForUid.putIfAbsent(request.getImage().getImage(), uid);
                }
                if (!pullFailure.isEmpty()) {
                    out.onError(Status.NOT_FOUND.withDescription(pullFailure).asRuntimeException());
                    return;
                }
                if (pullsHang) {
                    return;
                }
                images.add(request.getImage().getImage());
            }
            reply(out, PullImageResponse.newBuilder().setImageRef(request.getImage().getImage()).build());
        }
    }
}
