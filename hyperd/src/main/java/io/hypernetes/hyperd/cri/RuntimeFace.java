package io.hypernetes.hyperd.cri;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.hypernetes.cri.v1.*;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.container.Container;
import io.hypernetes.hyperd.event.Events;
import io.hypernetes.hyperd.sandbox.Checkpoints;
import io.hypernetes.hyperd.sandbox.Sandbox;
import io.hypernetes.hyperd.sandbox.Sandboxes;
import io.hypernetes.hyperd.stream.Streams;
import io.hypernetes.streams.RemoteCommandStreams;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import tools.jackson.databind.json.JsonMapper;

/// CRI's RuntimeService: reads requests, asks the engine, shows what it has. Each call runs on a virtual thread of its own.
final class RuntimeFace extends RuntimeServiceGrpc.RuntimeServiceImplBase {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String VERSION = "0.1.0";
    /// Nothing of the host is mounted below a mount, so whatever is read-only is so with all below it.
    private static final RuntimeHandlerFeatures HANDLER =
            RuntimeHandlerFeatures.newBuilder().setRecursiveReadOnlyMounts(true).build();

    private static final Duration CHECKPOINT_LIMIT = Duration.ofMinutes(10);
    private static final long MOST_OUTPUT_OF_ALL = 32 << 20;

    private final Sandboxes sandboxes;
    private final Checkpoints checkpoints;
    private final Selections selections;
    private final Streams streams;
    private final StatsCalls stats;
    private final MetricCalls metrics;
    private final EventCalls eventCalls;
    private final OutputBudget outputs = new OutputBudget(MOST_OUTPUT_OF_ALL);
    private final Consumer<String> podCidr;
    private final Supplier<Optional<String>> networkTrouble;
    private final Supplier<Map<String, String>> info;

    RuntimeFace(
            Sandboxes sandboxes,
            Checkpoints checkpoints,
            Streams streams,
            StatsViews stats,
            Events events,
            Consumer<String> podCidr,
            Supplier<Optional<String>> networkTrouble,
            Supplier<Map<String, String>> info) {
        this.sandboxes = sandboxes;
        this.checkpoints = checkpoints;
        this.selections = new Selections(sandboxes);
        this.streams = streams;
        this.stats = new StatsCalls(sandboxes, selections, stats);
        this.metrics = new MetricCalls(sandboxes);
        this.eventCalls = new EventCalls(sandboxes, events);
        this.podCidr = podCidr;
        this.networkTrouble = networkTrouble;
        this.info = info;
    }

    @Override
    public void version(VersionRequest request, StreamObserver<VersionResponse> answer) {
        Replies.one("Version", answer, () -> VersionResponse.newBuilder()
                .setVersion("0.1.0")
                .setRuntimeName("hyperd")
                .setRuntimeVersion(VERSION)
                .setRuntimeApiVersion("v1")
                .build());
    }

    @Override
    public void runPodSandbox(RunPodSandboxRequest request, StreamObserver<RunPodSandboxResponse> answer) {
        Replies.one("RunPodSandbox", answer, () -> RunPodSandboxResponse.newBuilder()
                .setPodSandboxId(sandboxes.run(SandboxRequests.of(request.getConfig(), request.getRuntimeHandler(), sandboxes.kernelNames())).id())
                .build());
    }

    @Override
    public void stopPodSandbox(StopPodSandboxRequest request, StreamObserver<StopPodSandboxResponse> answer) {
        Replies.one("StopPodSandbox", answer, () -> {
            sandboxes.stop(request.getPodSandboxId());
            return StopPodSandboxResponse.getDefaultInstance();
        });
    }

    @Override
    public void removePodSandbox(RemovePodSandboxRequest request, StreamObserver<RemovePodSandboxResponse> answer) {
        Replies.one("RemovePodSandbox", answer, () -> {
            sandboxes.remove(request.getPodSandboxId());
            return RemovePodSandboxResponse.getDefaultInstance();
        });
    }

    @Override
    public void podSandboxStatus(PodSandboxStatusRequest request, StreamObserver<PodSandboxStatusResponse> answer) {
        Replies.one("PodSandboxStatus", answer, () -> {
            Sandbox sandbox = sandboxes.get(request.getPodSandboxId());
            PodSandboxStatusResponse.Builder status = PodSandboxStatusResponse.newBuilder()
                    .setStatus(Views.sandboxStatus(sandbox))
                    .addAllContainersStatuses(sandbox.containers().stream().map(Views::containerStatus).toList());
            if (request.getVerbose()) {
                status.putInfo("info", JSON.writeValueAsString(SandboxInfo.of(sandbox)));
            }
            return status.build();
        });
    }

    @Override
    public void listPodSandbox(ListPodSandboxRequest request, StreamObserver<ListPodSandboxResponse> answer) {
        Replies.one("ListPodSandbox", answer, () -> ListPodSandboxResponse.newBuilder()
                .addAllItems(selections.sandboxes(request.getFilter()).stream().map(Views::sandbox).toList())
                .build());
    }

    @Override
    public void streamPodSandboxes(StreamPodSandboxesRequest request, StreamObserver<StreamPodSandboxesResponse> answer) {
        Replies.parts(
                "StreamPodSandboxes",
                answer,
                () -> selections.sandboxes(request.getFilter()).stream().map(Views::sandbox).toList(),
                part -> StreamPodSandboxesResponse.newBuilder().addAllPodSandboxes(part).build());
    }

    @Override
    public void createContainer(CreateContainerRequest request, StreamObserver<CreateContainerResponse> answer) {
        Replies.one("CreateContainer", answer, () -> {
            Sandbox sandbox = sandboxes.get(request.getPodSandboxId());
            Container container = sandboxes.create(
                    sandbox.id(), ContainerRequests.of(request.getConfig(), sandbox.record().identity().logFolder()));
            return CreateContainerResponse.newBuilder().setContainerId(container.id()).build();
        });
    }

    @Override
    public void startContainer(StartContainerRequest request, StreamObserver<StartContainerResponse> answer) {
        Replies.one("StartContainer", answer, () -> {
            Sandboxes.Found found = sandboxes.getContainer(request.getContainerId());
            found.sandbox().start(found.container());
            return StartContainerResponse.getDefaultInstance();
        });
    }

    @Override
    public void stopContainer(StopContainerRequest request, StreamObserver<StopContainerResponse> answer) {
        Replies.one("StopContainer", answer, () -> {
            sandboxes.findContainer(request.getContainerId())
                    .ifPresent(found ->
                            found.sandbox().stop(found.container(), Duration.ofSeconds(Math.clamp(request.getTimeout(), 0, 86_400))));
            return StopContainerResponse.getDefaultInstance();
        });
    }

    @Override
    public void removeContainer(RemoveContainerRequest request, StreamObserver<RemoveContainerResponse> answer) {
        Replies.one("RemoveContainer", answer, () -> {
            sandboxes.removeContainer(request.getContainerId());
            return RemoveContainerResponse.getDefaultInstance();
        });
    }

    @Override
    public void listContainers(ListContainersRequest request, StreamObserver<ListContainersResponse> answer) {
        Replies.one("ListContainers", answer, () -> ListContainersResponse.newBuilder()
                .addAllContainers(selections.containers(request.getFilter()).stream().map(Views::container).toList())
                .build());
    }

    @Override
    public void streamContainers(StreamContainersRequest request, StreamObserver<StreamContainersResponse> answer) {
        Replies.parts(
                "StreamContainers",
                answer,
                () -> selections.containers(request.getFilter()).stream().map(Views::container).toList(),
                part -> StreamContainersResponse.newBuilder().addAllContainers(part).build());
    }

    @Override
    public void containerStatus(ContainerStatusRequest request, StreamObserver<ContainerStatusResponse> answer) {
        Replies.one("ContainerStatus", answer, () -> {
            Sandboxes.Found found = sandboxes.getContainer(request.getContainerId());
            ContainerStatusResponse.Builder status =
                    ContainerStatusResponse.newBuilder().setStatus(Views.containerStatus(found.container()));
            if (request.getVerbose()) {
                status.putInfo("info", JSON.writeValueAsString(Map.of(
                        "sandboxID", found.sandbox().id(), "log", found.container().record().log())));
            }
            return status.build();
        });
    }

    @Override
    public void updateContainerResources(
            UpdateContainerResourcesRequest request, StreamObserver<UpdateContainerResourcesResponse> answer) {
        Replies.one("UpdateContainerResources", answer, () -> {
            Sandboxes.Found found = sandboxes.getContainer(request.getContainerId());
            found.sandbox().updateResources(found.container(), ContainerRequests.resources(request.getLinux()));
            return UpdateContainerResourcesResponse.getDefaultInstance();
        });
    }

    @Override
    public void reopenContainerLog(ReopenContainerLogRequest request, StreamObserver<ReopenContainerLogResponse> answer) {
        Replies.one("ReopenContainerLog", answer, () -> {
            sandboxes.getContainer(request.getContainerId()).container().reopenLog();
            return ReopenContainerLogResponse.getDefaultInstance();
        });
    }

    @Override
    public void execSync(ExecSyncRequest request, StreamObserver<ExecSyncResponse> answer) {
        int most = OutputBound.current();
        try (OutputBudget.Share share = outputs.share()) {
            Replies.whileAwaited(
                    "ExecSync", answer, () -> ExecSyncs.run(sandboxes.getContainer(request.getContainerId()), request, share, most));
        }
    }

    @Override
    public void exec(ExecRequest request, StreamObserver<ExecResponse> answer) {
        Replies.one("Exec", answer, () -> ExecResponse.newBuilder()
                .setUrl(streams.exec(
                        request.getContainerId(),
                        request.getCmdList(),
                        asked(request.getStdin(), request.getStdout(), request.getStderr(), request.getTty())))
                .build());
    }

    @Override
    public void attach(AttachRequest request, StreamObserver<AttachResponse> answer) {
        Replies.one("Attach", answer, () -> AttachResponse.newBuilder()
                .setUrl(streams.attach(
                        request.getContainerId(),
                        asked(request.getStdin(), request.getStdout(), request.getStderr(), request.getTty())))
                .build());
    }

    @Override
    public void portForward(PortForwardRequest request, StreamObserver<PortForwardResponse> answer) {
        Replies.one("PortForward", answer, () -> PortForwardResponse.newBuilder()
                .setUrl(streams.portForward(request.getPodSandboxId(), request.getPortList()))
                .build());
    }

    @Override
    public void containerStats(ContainerStatsRequest request, StreamObserver<ContainerStatsResponse> answer) {
        Replies.one("ContainerStats", answer, () ->
                ContainerStatsResponse.newBuilder().setStats(stats.container(request.getContainerId())).build());
    }

    @Override
    public void listContainerStats(ListContainerStatsRequest request, StreamObserver<ListContainerStatsResponse> answer) {
        Replies.one("ListContainerStats", answer, () -> ListContainerStatsResponse.newBuilder()
                .addAllStats(stats.containers(request.getFilter()))
                .build());
    }

    @Override
    public void streamContainerStats(StreamContainerStatsRequest request, StreamObserver<StreamContainerStatsResponse> answer) {
        Replies.parts(
                "StreamContainerStats",
                answer,
                () -> stats.containers(request.getFilter()),
                part -> StreamContainerStatsResponse.newBuilder().addAllContainerStats(part).build());
    }

    @Override
    public void podSandboxStats(PodSandboxStatsRequest request, StreamObserver<PodSandboxStatsResponse> answer) {
        Replies.one("PodSandboxStats", answer, () -> PodSandboxStatsResponse.newBuilder()
                .setStats(stats.sandbox(request.getPodSandboxId()))
                .build());
    }

    @Override
    public void listPodSandboxStats(ListPodSandboxStatsRequest request, StreamObserver<ListPodSandboxStatsResponse> answer) {
        Replies.one("ListPodSandboxStats", answer, () -> ListPodSandboxStatsResponse.newBuilder()
                .addAllStats(stats.sandboxes(request.getFilter()))
                .build());
    }

    @Override
    public void streamPodSandboxStats(StreamPodSandboxStatsRequest request, StreamObserver<StreamPodSandboxStatsResponse> answer) {
        Replies.parts(
                "StreamPodSandboxStats",
                answer,
                () -> stats.sandboxes(request.getFilter()),
                part -> StreamPodSandboxStatsResponse.newBuilder().addAllPodSandboxStats(part).build());
    }

    @Override
    public void updateRuntimeConfig(UpdateRuntimeConfigRequest request, StreamObserver<UpdateRuntimeConfigResponse> answer) {
        Replies.one("UpdateRuntimeConfig", answer, () -> {
            String cidr = request.getRuntimeConfig().getNetworkConfig().getPodCidr();
            if (!cidr.isEmpty()) {
                podCidr.accept(Names.required("pod CIDR", cidr));
            }
            return UpdateRuntimeConfigResponse.getDefaultInstance();
        });
    }

    @Override
    public void status(StatusRequest request, StreamObserver<StatusResponse> answer) {
        Replies.one("Status", answer, () -> {
            StatusResponse.Builder status = StatusResponse.newBuilder()
                    .setStatus(RuntimeStatus.newBuilder()
                            .addConditions(RuntimeCondition.newBuilder().setType("RuntimeReady").setStatus(true))
                            .addConditions(networkCondition()))
                    .addRuntimeHandlers(RuntimeHandler.newBuilder().setName("").setFeatures(HANDLER))
                    .addRuntimeHandlers(RuntimeHandler.newBuilder().setName("hypernetes").setFeatures(HANDLER))
                    .setFeatures(RuntimeFeatures.newBuilder().setSupplementalGroupsPolicy(true));
            sandboxes.kernelNames().forEach(name -> status.addRuntimeHandlers(RuntimeHandler.newBuilder().setName(name).setFeatures(HANDLER)));
            if (request.getVerbose()) {
                status.putAllInfo(info.get());
            }
            return status.build();
        });
    }

    @Override
    public void runtimeConfig(RuntimeConfigRequest request, StreamObserver<RuntimeConfigResponse> answer) {
        Replies.one("RuntimeConfig", answer, () -> RuntimeConfigResponse.newBuilder()
                .setLinux(LinuxRuntimeConfiguration.newBuilder().setCgroupDriver(CgroupDriver.CGROUPFS))
                .build());
    }

    @Override
    public void getContainerEvents(GetEventsRequest request, StreamObserver<ContainerEventResponse> answer) {
        eventCalls.serve((ServerCallStreamObserver<ContainerEventResponse>) answer);
    }

    @Override
    public void checkpointContainer(CheckpointContainerRequest request, StreamObserver<CheckpointContainerResponse> answer) {
        Replies.one("CheckpointContainer", answer, () -> {
            // Memory has no containers: what is written is the container's machine, with its whole pod.
            checkpoints.export(request.getContainerId(), path(request.getLocation()), checkpointLimit(request.getTimeout()));
            return CheckpointContainerResponse.getDefaultInstance();
        });
    }

    private static Path path(String location) {
        try {
            return Path.of(location);
        } catch (InvalidPathException wrong) {
            throw HyperdException.invalid("The location of a checkpoint is no path: " + wrong.getMessage());
        }
    }

    private static Duration checkpointLimit(long seconds) {
        return seconds > 0 ? Duration.ofSeconds(Math.min(seconds, CHECKPOINT_LIMIT.toSeconds())) : CHECKPOINT_LIMIT;
    }

    @Override
    public void listMetricDescriptors(
            ListMetricDescriptorsRequest request, StreamObserver<ListMetricDescriptorsResponse> answer) {
        Replies.one("ListMetricDescriptors", answer, () -> ListMetricDescriptorsResponse.newBuilder()
                .addAllDescriptors(MetricTable.descriptors())
                .build());
    }

    @Override
    public void listPodSandboxMetrics(
            ListPodSandboxMetricsRequest request, StreamObserver<ListPodSandboxMetricsResponse> answer) {
        Replies.one("ListPodSandboxMetrics", answer, () -> ListPodSandboxMetricsResponse.newBuilder()
                .addAllPodMetrics(metrics.all())
                .build());
    }

    @Override
    public void streamPodSandboxMetrics(
            StreamPodSandboxMetricsRequest request, StreamObserver<StreamPodSandboxMetricsResponse> answer) {
        Replies.parts(
                "StreamPodSandboxMetrics",
                answer,
                metrics::all,
                part -> StreamPodSandboxMetricsResponse.newBuilder().addAllPodSandboxMetrics(part).build());
    }

    @Override
    public void updatePodSandboxResources(
            UpdatePodSandboxResourcesRequest request, StreamObserver<UpdatePodSandboxResourcesResponse> answer) {
        Replies.one("UpdatePodSandboxResources", answer, () -> {
            Sandbox sandbox = sandboxes.get(request.getPodSandboxId());
            SandboxRequests.refuseBeyond(sandbox.record(), request.getResources(), request.getOverhead());
            return UpdatePodSandboxResourcesResponse.getDefaultInstance();
        });
    }

    private RuntimeCondition networkCondition() {
        RuntimeCondition.Builder condition = RuntimeCondition.newBuilder().setType("NetworkReady").setStatus(true);
        networkTrouble.get().ifPresent(why -> condition.setStatus(false).setReason("NetworkNotReady").setMessage(why));
        return condition.build();
    }

    private static RemoteCommandStreams asked(boolean stdin, boolean stdout, boolean stderr, boolean tty) {
        if (!stdin && !stdout && !stderr) {
            throw HyperdException.invalid("At least one of stdin, stdout and stderr must be asked for.");
        }
        return new RemoteCommandStreams(stdin, stdout, stderr, tty);
    }
}
