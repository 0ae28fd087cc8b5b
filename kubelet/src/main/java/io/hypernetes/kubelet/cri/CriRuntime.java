package io.hypernetes.kubelet.cri;

import com.google.protobuf.Struct;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.hypernetes.cri.v1.*;
import io.hypernetes.kubelet.HostPaths;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The runtime behind its unix socket. Every call blocks and throws [CriException]. Thread-safe. The connection is made when
/// needed and made again when it breaks.
public final class CriRuntime implements AutoCloseable {
    private static final Duration QUICK = Duration.ofSeconds(30);
    private static final Duration START = Duration.ofMinutes(4);
    private static final int LARGEST_ANSWER = 16 << 20;

    private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final ManagedChannel channel;
    private final RuntimeServiceGrpc.RuntimeServiceBlockingStub runtime;
    private final ImageServiceGrpc.ImageServiceBlockingStub images;
    private final PodCalls beside;
    private final PodMemory memory;
    private final HostPaths paths;

    /// @param executor runs the callbacks of gRPC; a virtual thread per task will do
    /// @param paths what messages of failures are not to tell
    public CriRuntime(Path socket, Executor executor, HostPaths paths) {
        this.paths = paths;
        this.channel = NettyChannelBuilder.forAddress(new DomainSocketAddress(socket.toString()))
                .eventLoopGroup(loop)
                .channelType(EpollDomainSocketChannel.class)
                // A unix socket has no such option; gRPC sets it for all unless it is taken out.
                .withOption(ChannelOption.SO_KEEPALIVE, null)
                .overrideAuthority("localhost")
                .usePlaintext()
                .intercept(new CallerHeaders())
                .maxInboundMessageSize(LARGEST_ANSWER)
                .executor(executor)
                .build();
        this.runtime = RuntimeServiceGrpc.newBlockingStub(channel);
        this.images = ImageServiceGrpc.newBlockingStub(channel);
        this.beside = new PodCalls(channel, paths);
        this.memory = new PodMemory(beside);
    }

    @Override
    public void close() {
        channel.shutdownNow();
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    /// What becomes of pods' memory while they stand still.
    public PodMemory memory() {
        return memory;
    }

    public VersionResponse version() {
        return call("Version", () -> within(QUICK).version(VersionRequest.newBuilder().setVersion("v1").build()));
    }

    /// Empty when runtime and network are ready, else why not.
    public Optional<String> unreadiness() {
        StatusResponse answer = call("Status", () -> within(QUICK).status(StatusRequest.getDefaultInstance()));
        return answer.getStatus().getConditionsList().stream()
                .filter(condition -> !condition.getStatus())
                .map(condition -> condition.getType() + ": " + condition.getReason() + " " + condition.getMessage())
                .findFirst();
    }

    public void podCidr(String cidr) {
        call("UpdateRuntimeConfig", () -> within(QUICK).updateRuntimeConfig(UpdateRuntimeConfigRequest.newBuilder()
                .setRuntimeConfig(RuntimeConfig.newBuilder().setNetworkConfig(NetworkConfig.newBuilder().setPodCidr(cidr)))
                .build()));
    }

    public String runSandbox(PodSandboxConfig config, String handler) {
        return call("RunPodSandbox", () -> within(START)
                .runPodSandbox(RunPodSandboxRequest.newBuilder().setConfig(config).setRuntimeHandler(handler).build())
                .getPodSandboxId());
    }

    public void stopSandbox(String id) {
        gone("StopPodSandbox", () -> within(START).stopPodSandbox(StopPodSandboxRequest.newBuilder().setPodSandboxId(id).build()));
    }

    public void removeSandbox(String id) {
        gone("RemovePodSandbox", () -> within(START).removePodSandbox(RemovePodSandboxRequest.newBuilder().setPodSandboxId(id).build()));
    }

    public String createContainer(String sandboxId, ContainerConfig config, PodSandboxConfig sandboxConfig) {
        return call("CreateContainer", () -> within(START)
                .createContainer(CreateContainerRequest.newBuilder()
                        .setPodSandboxId(sandboxId).setConfig(config).setSandboxConfig(sandboxConfig).build())
                .getContainerId());
    }

    public void startContainer(String id) {
        call("StartContainer", () -> within(START).startContainer(StartContainerRequest.newBuilder().setContainerId(id).build()));
    }

    /// Asks the container to end and kills it after `graceSeconds`; returns when it has ended.
    public void stopContainer(String id, long graceSeconds) {
        gone("StopContainer", () -> within(Duration.ofSeconds(graceSeconds + 60))
                .stopContainer(StopContainerRequest.newBuilder().setContainerId(id).setTimeout(graceSeconds).build()));
    }

    public void removeContainer(String id) {
        gone("RemoveContainer", () -> within(QUICK).removeContainer(RemoveContainerRequest.newBuilder().setContainerId(id).build()));
    }

    /// Sets the limits of a container that runs.
    public void updateContainerResources(String id, LinuxContainerResources resources) {
        call("UpdateContainerResources", () -> within(QUICK).updateContainerResources(
                UpdateContainerResourcesRequest.newBuilder().setContainerId(id).setLinux(resources).build()));
    }

    /// Makes a disk of a pod larger while it runs; may be asked again. Runtimes other than hyperd refuse it as unimplemented.
    ///
    /// @param volume the pod's name of it
    public void growDisk(String sandboxId, String volume, long bytes) {
        beside.call("GrowDisk", START, Struct.newBuilder()
                .putFields("sandbox", PodCalls.text(sandboxId))
                .putFields("volume", PodCalls.text(volume))
                .putFields("bytes", PodCalls.text(Long.toString(bytes)))
                .build());
    }

    /// What the running pods with these labels use; a guest that does not answer is left out.
    public List<PodSandboxStats> stats(Map<String, String> labels) {
        return call("ListPodSandboxStats", () -> within(QUICK).listPodSandboxStats(ListPodSandboxStatsRequest.newBuilder()
                .setFilter(PodSandboxStatsFilter.newBuilder().putAllLabelSelector(labels)).build()).getStatsList());
    }

    /// What a sandbox's machine costs the host in memory; 0 when the runtime does not say (`pssBytes` of the verbose status).
    public long machineMemoryBytes(String id) {
        return info(id).path("pssBytes").asLong(0);
    }

    /// Why a sandbox's machine was booted instead of copied from a template; nothing when it was copied, or the runtime does not say
    /// (`coldReason` of the verbose status).
    public Optional<String> coldReason(String id) {
        return Optional.of(info(id).path("coldReason").asString("")).filter(reason -> !reason.isEmpty());
    }

    /// Whether time stands still in a sandbox's machine, as far as the runtime says that (`paused` of the verbose status).
    public boolean standsStill(String id) {
        return info(id).path("paused").asBoolean(false);
    }

    private JsonNode info(String id) {
        PodSandboxStatusResponse answer = call("PodSandboxStatus", () -> within(QUICK)
                .podSandboxStatus(PodSandboxStatusRequest.newBuilder().setPodSandboxId(id).setVerbose(true).build()));
        return JsonMapper.shared().readTree(answer.getInfoOrDefault("info", "{}"));
    }

    /// What the disk of a sandbox's machine takes on the host (`scratchUsedBytes` of the verbose status); of a runtime that does not say that, and so has no machines, what it says that the containers have written.
    public long diskBytes(String id) {
        JsonNode used = info(id).path("scratchUsedBytes");
        return used.isNumber() ? used.asLong() : writtenBytes(id);
    }

    /// What the disks take on the host that a sandbox's machine writes to and that outlive it (`volumesUsedBytes` of the verbose status), by their files; of a runtime that does not say that nothing.
    public Map<String, Long> volumeBytes(String id) {
        Map<String, Long> bytes = new HashMap<>();
        info(id).path("volumesUsedBytes").properties().forEach(each -> bytes.put(each.getKey(), each.getValue().asLong(0)));
        return bytes;
    }

    private long writtenBytes(String id) {
        return call("PodSandboxStats", () -> within(QUICK)
                        .podSandboxStats(PodSandboxStatsRequest.newBuilder().setPodSandboxId(id).build()))
                .getStats().getLinux().getContainersList().stream()
                .mapToLong(container -> container.getWritableLayer().getUsedBytes().getValue())
                .sum();
    }

    public void reopenLog(String id) {
        call("ReopenContainerLog", () -> within(QUICK).reopenContainerLog(ReopenContainerLogRequest.newBuilder().setContainerId(id).build()));
    }

    /// @param mostOutput bytes that are wanted of each of its outputs at most: the runtime keeps them until the command ends
    public ExecSyncResponse execSync(String id, List<String> command, Duration timeout, int mostOutput) {
        long seconds = Math.max(1, timeout.toSeconds());
        return call("ExecSync", () -> within(Duration.ofSeconds(seconds + 10))
                .withOption(CallerHeaders.MOST_OUTPUT, mostOutput)
                .execSync(ExecSyncRequest.newBuilder().setContainerId(id).addAllCmd(command).setTimeout(seconds).build()));
    }

    public String execUrl(ExecRequest request) {
        return call("Exec", () -> within(QUICK).exec(request).getUrl());
    }

    public String attachUrl(AttachRequest request) {
        return call("Attach", () -> within(QUICK).attach(request).getUrl());
    }

    public String portForwardUrl(PortForwardRequest request) {
        return call("PortForward", () -> within(QUICK).portForward(request).getUrl());
    }

    /// The image if it is here.
    public Optional<Image> image(String reference) {
        ImageStatusResponse answer = call("ImageStatus", () -> images.withDeadlineAfter(QUICK.toMillis(), TimeUnit.MILLISECONDS)
                .imageStatus(ImageStatusRequest.newBuilder().setImage(ImageSpec.newBuilder().setImage(reference)).build()));
        return answer.hasImage() && !answer.getImage().getId().isEmpty() ? Optional.of(answer.getImage()) : Optional.empty();
    }

    /// The runtime's names of all images that are here.
    public Set<String> imageIds() {
        return call("ListImages", () -> images.withDeadlineAfter(QUICK.toMillis(), TimeUnit.MILLISECONDS).listImages(ListImagesRequest.getDefaultInstance()))
                .getImagesList().stream().map(Image::getId).collect(Collectors.toSet());
    }

    /// Pulls the image and returns its reference in the runtime. Takes as long as it takes; cancelled through `context`.
    public String pull(String reference, @Nullable AuthConfig auth, PodSandboxConfig sandbox, Context context) {
        PullImageRequest.Builder request = PullImageRequest.newBuilder()
                .setImage(ImageSpec.newBuilder().setImage(reference).setUserSpecifiedImage(reference))
                .setSandboxConfig(sandbox);
        if (auth != null) {
            request.setAuth(auth);
        }
        Context before = context.attach();
        try {
            return call("PullImage", () -> images.pullImage(request.build()).getImageRef());
        } finally {
            context.detach(before);
        }
    }

    /// Changes of containers as they happen, until the runtime ends the stream or `context` is cancelled.
    public Iterator<ContainerEventResponse> events(Context context) {
        Context before = context.attach();
        try {
            return call("GetContainerEvents", () -> runtime.getContainerEvents(GetEventsRequest.getDefaultInstance()));
        } finally {
            context.detach(before);
        }
    }

    /// Everything of one pod.
    public ObservedPod observe(String podUid) {
        return observe(Map.of(Labels.POD_UID, podUid)).getOrDefault(podUid, ObservedPod.NOTHING);
    }

    /// Everything the runtime holds that a kubelet made, by pod uid.
    public Map<String, ObservedPod> observeAll() {
        return observe(Map.of());
    }

    private Map<String, ObservedPod> observe(Map<String, String> selector) {
        Map<String, List<ObservedSandbox>> sandboxes = new HashMap<>();
        Map<String, List<ObservedContainer>> containers = new HashMap<>();
        List<PodSandbox> listed = call("ListPodSandbox", () -> within(QUICK)
                .listPodSandbox(ListPodSandboxRequest.newBuilder()
                        .setFilter(PodSandboxFilter.newBuilder().putAllLabelSelector(selector)).build())
                .getItemsList());
        for (PodSandbox sandbox : listed) {
            String uid = sandbox.getLabelsOrDefault(Labels.POD_UID, "");
            if (!uid.isEmpty()) {
                sandbox(sandbox).ifPresent(seen -> sandboxes.computeIfAbsent(uid, key -> new ArrayList<>()).add(seen));
            }
        }
        List<Container> found = call("ListContainers", () -> within(QUICK)
                .listContainers(ListContainersRequest.newBuilder()
                        .setFilter(ContainerFilter.newBuilder().putAllLabelSelector(selector)).build())
                .getContainersList());
        for (Container container : found) {
            String uid = container.getLabelsOrDefault(Labels.POD_UID, "");
            if (!uid.isEmpty()) {
                container(container).ifPresent(seen -> containers.computeIfAbsent(uid, key -> new ArrayList<>()).add(seen));
            }
        }
        Map<String, ObservedPod> pods = new HashMap<>();
        sandboxes.forEach((uid, seen) -> {
            seen.sort(Comparator.comparing(ObservedSandbox::createdAt).reversed());
            pods.put(uid, new ObservedPod(List.copyOf(seen), List.of()));
        });
        containers.forEach((uid, seen) -> {
            seen.sort(Comparator.comparingInt(ObservedContainer::attempt).thenComparing(ObservedContainer::createdAt).reversed());
            pods.merge(uid, new ObservedPod(List.of(), List.copyOf(seen)),
                    (known, more) -> new ObservedPod(known.sandboxes(), more.containers()));
        });
        return pods;
    }

    private Optional<ObservedSandbox> sandbox(PodSandbox listed) {
        try {
            PodSandboxStatus status = call("PodSandboxStatus", () -> within(QUICK)
                    .podSandboxStatus(PodSandboxStatusRequest.newBuilder().setPodSandboxId(listed.getId()).build())
                    .getStatus());
            List<String> ips = new ArrayList<>();
            if (!status.getNetwork().getIp().isEmpty()) {
                ips.add(status.getNetwork().getIp());
            }
            status.getNetwork().getAdditionalIpsList().forEach(ip -> ips.add(ip.getIp()));
            return Optional.of(new ObservedSandbox(
                    status.getId(), status.getMetadata().getAttempt(), status.getState() == PodSandboxState.SANDBOX_READY,
                    instant(status.getCreatedAt()), List.copyOf(ips), status.getLabelsMap(), status.getAnnotationsMap()));
        } catch (CriException failure) {
            return absent(failure);
        }
    }

    private Optional<ObservedContainer> container(Container listed) {
        try {
            ContainerStatus status = call("ContainerStatus", () -> within(QUICK)
                    .containerStatus(ContainerStatusRequest.newBuilder().setContainerId(listed.getId()).build())
                    .getStatus());
            ObservedContainer.State state = switch (status.getState()) {
                case CONTAINER_CREATED -> ObservedContainer.State.CREATED;
                case CONTAINER_RUNNING -> ObservedContainer.State.RUNNING;
                case CONTAINER_EXITED -> ObservedContainer.State.EXITED;
                default -> ObservedContainer.State.UNKNOWN;
            };
            return Optional.of(new ObservedContainer(
                    status.getId(), listed.getPodSandboxId(), status.getMetadata().getName(), status.getMetadata().getAttempt(), state,
                    instant(status.getCreatedAt()), status.getStartedAt() == 0 ? null : instant(status.getStartedAt()),
                    status.getFinishedAt() == 0 ? null : instant(status.getFinishedAt()),
                    status.getExitCode(), status.getReason(), status.getMessage(),
                    status.getImageRef().isEmpty() ? status.getImageId() : status.getImageRef(),
                    status.getAnnotationsMap(), status.getLogPath(),
                    status.getResources().hasLinux() ? status.getResources().getLinux() : null,
                    stopSignal(status.getStopSignal())));
        } catch (CriException failure) {
            return absent(failure);
        }
    }

    private static String stopSignal(Signal signal) {
        return signal == Signal.RUNTIME_DEFAULT || signal == Signal.UNRECOGNIZED ? "" : signal.name().replace("PLUS", "+").replace("MINUS", "-");
    }

    /// Removed between list and question: as if never listed.
    private static <T> Optional<T> absent(CriException failure) {
        if (failure.isNotFound()) {
            return Optional.empty();
        }
        throw failure;
    }

    private static Instant instant(long nanos) {
        return Instant.ofEpochSecond(nanos / 1_000_000_000L, nanos % 1_000_000_000L);
    }

    private RuntimeServiceGrpc.RuntimeServiceBlockingStub within(Duration time) {
        return runtime.withDeadlineAfter(time.toMillis(), TimeUnit.MILLISECONDS);
    }

    private <R> R call(String name, Supplier<R> call) {
        try {
            return call.get();
        } catch (StatusRuntimeException failure) {
            throw new CriException(name, failure, paths);
        }
    }

    /// For calls whose purpose is that the thing is gone.
    private void gone(String name, Supplier<?> call) {
        try {
            call(name, call);
        } catch (CriException failure) {
            if (!failure.isNotFound()) {
                throw failure;
            }
        }
    }
}
