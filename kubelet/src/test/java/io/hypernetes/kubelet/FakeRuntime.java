package io.hypernetes.kubelet;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.hypernetes.cri.v1.*;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// What a [FakeCri] answers to calls of pods and containers.
final class FakeRuntime extends RuntimeServiceGrpc.RuntimeServiceImplBase {
    private final FakeCri cri;

    FakeRuntime(FakeCri cri) {
        this.cri = cri;
    }

    @Override
    public void version(VersionRequest request, StreamObserver<VersionResponse> out) {
        FakeCri.reply(out, VersionResponse.newBuilder().setVersion("0.1.0").setRuntimeName("hyperd").setRuntimeVersion("0.1.0").setRuntimeApiVersion("v1").build());
    }

    @Override
    public void status(StatusRequest request, StreamObserver<StatusResponse> out) {
        FakeCri.reply(out, StatusResponse.newBuilder().setStatus(RuntimeStatus.newBuilder()
                .addConditions(RuntimeCondition.newBuilder().setType("RuntimeReady").setStatus(true))
                .addConditions(RuntimeCondition.newBuilder().setType("NetworkReady").setStatus(!cri.podCidr.isEmpty()).setReason("NoPodCidr"))).build());
    }

    @Override
    public void updateRuntimeConfig(UpdateRuntimeConfigRequest request, StreamObserver<UpdateRuntimeConfigResponse> out) {
        cri.podCidr = request.getRuntimeConfig().getNetworkConfig().getPodCidr();
        FakeCri.reply(out, UpdateRuntimeConfigResponse.getDefaultInstance());
    }

    @Override
    public void runPodSandbox(RunPodSandboxRequest request, StreamObserver<RunPodSandboxResponse> out) {
        if (!cri.sandboxFailure.isEmpty()) {
            out.onError(Status.UNAVAILABLE.withDescription(cri.sandboxFailure).asRuntimeException());
            return;
        }
        String id;
        synchronized (cri) {
            id = "s" + cri.next++;
            FakeCri.Sandbox sandbox = new FakeCri.Sandbox();
            sandbox.config = request.getConfig();
            sandbox.ip = cri.podIp.isEmpty() ? "10.88.0." + (cri.next + 1) : cri.podIp;
            cri.sandboxes.put(id, sandbox);
            cri.called("run-sandbox");
        }
        FakeCri.reply(out, RunPodSandboxResponse.newBuilder().setPodSandboxId(id).build());
    }

    @Override
    public void stopPodSandbox(StopPodSandboxRequest request, StreamObserver<StopPodSandboxResponse> out) {
        synchronized (cri) {
            FakeCri.Sandbox sandbox = cri.sandboxes.get(request.getPodSandboxId());
            if (sandbox != null) {
                sandbox.state = PodSandboxState.SANDBOX_NOTREADY;
                cri.runs.forEach((id, run) -> {
                    if (run.sandbox.equals(request.getPodSandboxId()) && run.state == ContainerState.CONTAINER_RUNNING) {
                        cri.end(id, run, 137);
                    }
                });
            }
            cri.called("stop-sandbox");
        }
        FakeCri.reply(out, StopPodSandboxResponse.getDefaultInstance());
    }

    @Override
    public void removePodSandbox(RemovePodSandboxRequest request, StreamObserver<RemovePodSandboxResponse> out) {
        cri.beforeSandboxGoes.run();
        synchronized (cri) {
            cri.sandboxes.remove(request.getPodSandboxId());
            cri.runs.values().removeIf(run -> run.sandbox.equals(request.getPodSandboxId()));
            cri.called("remove-sandbox");
        }
        FakeCri.reply(out, RemovePodSandboxResponse.getDefaultInstance());
    }

    @Override
    public void listPodSandbox(ListPodSandboxRequest request, StreamObserver<ListPodSandboxResponse> out) {
        ListPodSandboxResponse.Builder answer = ListPodSandboxResponse.newBuilder();
        synchronized (cri) {
            cri.sandboxes.forEach((id, sandbox) -> {
                if (FakeCri.matches(request.getFilter().getLabelSelectorMap(), sandbox.config.getLabelsMap())) {
                    answer.addItems(PodSandbox.newBuilder().setId(id).setMetadata(sandbox.config.getMetadata()).setState(sandbox.state)
                            .setCreatedAt(sandbox.createdAt).putAllLabels(sandbox.config.getLabelsMap()));
                }
            });
        }
        FakeCri.reply(out, answer.build());
    }

    @Override
    public void podSandboxStatus(PodSandboxStatusRequest request, StreamObserver<PodSandboxStatusResponse> out) {
        if (request.getVerbose()) {
            cri.beforeVerboseStatus.run();
        }
        synchronized (cri) {
            FakeCri.Sandbox sandbox = cri.sandboxes.get(request.getPodSandboxId());
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
            FakeCri.reply(out, PodSandboxStatusResponse.newBuilder().setStatus(status)
                    .putInfo("info", "{\"scratchUsedBytes\":" + cri.scratchBytes.getOrDefault(sandbox.config.getMetadata().getName(), 0L) + ",\"pssBytes\":" + cri.pssBytes.getOrDefault(sandbox.config.getMetadata().getName(), 0L)
                            + ",\"paused\":" + cri.podCalls.isWriting(request.getPodSandboxId())
                            + ",\"volumesUsedBytes\":" + tools.jackson.databind.json.JsonMapper.shared()
                                    .writeValueAsString(cri.volumeBytes.getOrDefault(sandbox.config.getMetadata().getName(), java.util.Map.of()))
                            + ",\"coldReason\":\"" + cri.coldReasons.getOrDefault(sandbox.config.getMetadata().getName(), "") + "\"}").build());
        }
    }

    @Override
    public void createContainer(CreateContainerRequest request, StreamObserver<CreateContainerResponse> out) {
        String id;
        synchronized (cri) {
            FakeCri.Sandbox sandbox = cri.sandboxes.get(request.getPodSandboxId());
            if (sandbox == null || sandbox.state != PodSandboxState.SANDBOX_READY) {
                out.onError(Status.FAILED_PRECONDITION.withDescription("the sandbox is not ready").asRuntimeException());
                return;
            }
            id = "c" + cri.next++;
            FakeCri.Run run = new FakeCri.Run();
            run.sandbox = request.getPodSandboxId();
            run.config = request.getConfig();
            cri.runs.put(id, run);
            cri.called("create " + run.config.getMetadata().getName());
        }
        FakeCri.reply(out, CreateContainerResponse.newBuilder().setContainerId(id).build());
    }

    @Override
    public void startContainer(StartContainerRequest request, StreamObserver<StartContainerResponse> out) {
        synchronized (cri) {
            FakeCri.Run run = cri.runs.get(request.getContainerId());
            if (!cri.startFailure.isEmpty()) {
                cri.called("start " + run.config.getMetadata().getName());
                run.reason = "StartError";
                cri.end(request.getContainerId(), run, 127);
                out.onError(Status.UNKNOWN.withDescription("starting container " + request.getContainerId() + ": " + cri.startFailure).asRuntimeException());
                return;
            }
            run.state = ContainerState.CONTAINER_RUNNING;
            run.startedAt = FakeCri.now();
            cri.called("start " + run.config.getMetadata().getName());
            cri.tell(request.getContainerId(), ContainerEventType.CONTAINER_STARTED_EVENT);
            if (run.exitOnceStarted != null) {
                cri.end(request.getContainerId(), run, run.exitOnceStarted);
            }
        }
        FakeCri.reply(out, StartContainerResponse.getDefaultInstance());
    }

    @Override
    public void stopContainer(StopContainerRequest request, StreamObserver<StopContainerResponse> out) {
        FakeCri.Run run;
        synchronized (cri) {
            run = cri.runs.get(request.getContainerId());
            if (run != null) {
                cri.called("stop " + run.config.getMetadata().getName() + " " + request.getTimeout());
            }
        }
        if (cri.deathless) {
            out.onError(Status.DEADLINE_EXCEEDED.withDescription("it did not end within 20 s of SIGKILL").asRuntimeException());
            return;
        }
        try {
            // A process that ignores SIGTERM is killed when the time is over.
            if (cri.ignoreTerm) {
                new CountDownLatch(1).await(request.getTimeout(), TimeUnit.SECONDS);
            }
        } catch (InterruptedException cancelled) {
            return;
        }
        synchronized (cri) {
            if (run != null && run.state == ContainerState.CONTAINER_RUNNING) {
                cri.end(request.getContainerId(), run, cri.ignoreTerm ? 137 : 143);
            }
        }
        FakeCri.reply(out, StopContainerResponse.getDefaultInstance());
    }

    @Override
    public void removeContainer(RemoveContainerRequest request, StreamObserver<RemoveContainerResponse> out) {
        synchronized (cri) {
            cri.runs.remove(request.getContainerId());
        }
        FakeCri.reply(out, RemoveContainerResponse.getDefaultInstance());
    }

    @Override
    public void listContainers(ListContainersRequest request, StreamObserver<ListContainersResponse> out) {
        cri.beforeLook.run();
        cri.looks.incrementAndGet();
        ListContainersResponse.Builder answer = ListContainersResponse.newBuilder();
        synchronized (cri) {
            cri.runs.forEach((id, run) -> {
                if (FakeCri.matches(request.getFilter().getLabelSelectorMap(), run.config.getLabelsMap())) {
                    answer.addContainers(Container.newBuilder().setId(id).setPodSandboxId(run.sandbox).setState(run.state)
                            .setMetadata(run.config.getMetadata()).putAllLabels(run.config.getLabelsMap()));
                }
            });
        }
        FakeCri.reply(out, answer.build());
    }

    @Override
    public void containerStatus(ContainerStatusRequest request, StreamObserver<ContainerStatusResponse> out) {
        synchronized (cri) {
            FakeCri.Run run = cri.runs.get(request.getContainerId());
            if (run == null) {
                out.onError(Status.NOT_FOUND.asRuntimeException());
                return;
            }
            FakeCri.reply(out, ContainerStatusResponse.newBuilder().setStatus(ContainerStatus.newBuilder().setId(request.getContainerId())
                    .setMetadata(run.config.getMetadata()).setState(run.state).setCreatedAt(run.createdAt).setStartedAt(run.startedAt)
                    .setFinishedAt(run.finishedAt).setExitCode(run.exitCode).setReason(run.reason).setImage(run.config.getImage())
                    .setImageRef("sha256:" + run.config.getImage().getImage()).putAllLabels(run.config.getLabelsMap())
                    .putAllAnnotations(run.config.getAnnotationsMap()).setLogPath(run.config.getLogPath()).setStopSignal(run.config.getStopSignal())
                    .setResources(ContainerResources.newBuilder().setLinux(run.resources()))).build());
        }
    }

    @Override
    public void updateContainerResources(UpdateContainerResourcesRequest request, StreamObserver<UpdateContainerResourcesResponse> out) {
        synchronized (cri) {
            FakeCri.Run run = cri.runs.get(request.getContainerId());
            String name = run.config.getMetadata().getName();
            if (!cri.updateFailure.isEmpty() && (cri.updateFailureOf.isEmpty() || cri.updateFailureOf.equals(name))) {
                out.onError(Status.RESOURCE_EXHAUSTED.withDescription(cri.updateFailure).asRuntimeException());
                return;
            }
            if (!cri.updatesNothing) {
                run.updated = updated(run.resources(), request.getLinux());
            }
            cri.called("update " + name + " " + request.getLinux().getMemoryLimitInBytes());
        }
        FakeCri.reply(out, UpdateContainerResourcesResponse.getDefaultInstance());
    }

    /// As hyperd has it: what is 0 stays, what is below 0 is no limit any more.
    private static LinuxContainerResources updated(LinuxContainerResources has, LinuxContainerResources asked) {
        LinuxContainerResources.Builder updated = has.toBuilder().mergeFrom(asked);
        return updated.setCpuQuota(Math.max(0, updated.getCpuQuota())).setMemoryLimitInBytes(Math.max(0, updated.getMemoryLimitInBytes())).build();
    }

    @Override
    public void listPodSandboxStats(ListPodSandboxStatsRequest request, StreamObserver<ListPodSandboxStatsResponse> out) {
        FakeCri.reply(out, ListPodSandboxStatsResponse.newBuilder().addAllStats(cri.stats.stream()
                .filter(each -> FakeCri.matches(request.getFilter().getLabelSelectorMap(), each.getAttributes().getLabelsMap())).toList()).build());
    }

    @Override
    public void podSandboxStats(PodSandboxStatsRequest request, StreamObserver<PodSandboxStatsResponse> out) {
        synchronized (cri) {
            FakeCri.Sandbox sandbox = cri.sandboxes.get(request.getPodSandboxId());
            if (sandbox == null) {
                out.onError(Status.NOT_FOUND.asRuntimeException());
                return;
            }
            long written = cri.saidWritten.getOrDefault(sandbox.config.getMetadata().getName(), 0L);
            FakeCri.reply(out, PodSandboxStatsResponse.newBuilder().setStats(PodSandboxStats.newBuilder().setLinux(LinuxPodSandboxStats.newBuilder()
                    .addContainers(ContainerStats.newBuilder().setWritableLayer(FilesystemUsage.newBuilder()
                            .setUsedBytes(UInt64Value.newBuilder().setValue(written)))))).build());
        }
    }

    @Override
    public void execSync(ExecSyncRequest request, StreamObserver<ExecSyncResponse> out) {
        cri.execs.add(request.getCmd(0));
        Status failure = cri.execFailures.get(request.getCmd(0));
        if (failure != null) {
            out.onError(failure.asRuntimeException());
            return;
        }
        if (cri.hangingExecs.contains(request.getCmd(0))) {
            return;
        }
        int exitCode = cri.execExitCodes.getOrDefault(request.getCmd(0), 0);
        FakeCri.reply(out, ExecSyncResponse.newBuilder().setExitCode(exitCode).setStderr(ByteString.copyFromUtf8(exitCode == 0 ? "" : cri.execErrors)).build());
    }

    @Override
    public void exec(ExecRequest request, StreamObserver<ExecResponse> out) {
        cri.lastExec = request;
        FakeCri.reply(out, ExecResponse.newBuilder().setUrl(cri.streamUrl).build());
    }

    @Override
    public void getContainerEvents(GetEventsRequest request, StreamObserver<ContainerEventResponse> out) {
        ((ServerCallStreamObserver<ContainerEventResponse>) out).setOnCancelHandler(() -> cri.listeners.remove(out));
        cri.listeners.add(out);
    }
}
