package io.hypernetes.hyperd.cri;

import io.hypernetes.cri.v1.ContainerMetadata;
import io.hypernetes.cri.v1.ContainerResources;
import io.hypernetes.cri.v1.ContainerState;
import io.hypernetes.cri.v1.ContainerStatus;
import io.hypernetes.cri.v1.ContainerUser;
import io.hypernetes.cri.v1.ImageSpec;
import io.hypernetes.cri.v1.LinuxContainerResources;
import io.hypernetes.cri.v1.LinuxContainerUser;
import io.hypernetes.cri.v1.LinuxPodSandboxStatus;
import io.hypernetes.cri.v1.Mount;
import io.hypernetes.cri.v1.Namespace;
import io.hypernetes.cri.v1.NamespaceMode;
import io.hypernetes.cri.v1.NamespaceOption;
import io.hypernetes.cri.v1.PodIP;
import io.hypernetes.cri.v1.PodSandbox;
import io.hypernetes.cri.v1.PodSandboxMetadata;
import io.hypernetes.cri.v1.PodSandboxNetworkStatus;
import io.hypernetes.cri.v1.PodSandboxState;
import io.hypernetes.cri.v1.PodSandboxStatus;
import io.hypernetes.cri.v1.Signal;
import io.hypernetes.hyperd.container.Container;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hyperd.sandbox.Sandbox;
import java.util.List;

/// Sandboxes and containers as CRI shows them.
final class Views {
    private Views() {}

    static PodSandbox sandbox(Sandbox sandbox) {
        SandboxRecord record = sandbox.record();
        return PodSandbox.newBuilder()
                .setId(record.id())
                .setMetadata(metadata(record))
                .setState(state(record))
                .setCreatedAt(record.createdNanos())
                .putAllLabels(record.identity().labels())
                .putAllAnnotations(record.identity().annotations())
                .setRuntimeHandler(record.identity().runtimeHandler())
                .build();
    }

    static PodSandboxStatus sandboxStatus(Sandbox sandbox) {
        SandboxRecord record = sandbox.record();
        PodSandboxNetworkStatus.Builder network = PodSandboxNetworkStatus.newBuilder();
        if (record.attachment() != null && state(record) == PodSandboxState.SANDBOX_READY) {
            List<String> addresses = record.attachment().addresses().stream().map(Views::withoutPrefix).toList();
            addresses.stream().findFirst().ifPresent(network::setIp);
            addresses.stream().skip(1).forEach(address -> network.addAdditionalIps(PodIP.newBuilder().setIp(address)));
        }
        return PodSandboxStatus.newBuilder()
                .setId(record.id())
                .setMetadata(metadata(record))
                .setState(state(record))
                .setCreatedAt(record.createdNanos())
                .setNetwork(network)
                .setLinux(LinuxPodSandboxStatus.newBuilder()
                        .setNamespaces(Namespace.newBuilder()
                                .setOptions(NamespaceOption.newBuilder().setPid(NamespaceMode.CONTAINER))))
                .putAllLabels(record.identity().labels())
                .putAllAnnotations(record.identity().annotations())
                .setRuntimeHandler(record.identity().runtimeHandler())
                .build();
    }

    static PodSandboxState state(SandboxRecord record) {
        return record.phase() == SandboxRecord.Phase.READY ? PodSandboxState.SANDBOX_READY : PodSandboxState.SANDBOX_NOTREADY;
    }

    static PodSandboxMetadata metadata(SandboxRecord record) {
        return PodSandboxMetadata.newBuilder()
                .setName(record.identity().name())
                .setNamespace(record.identity().namespace())
                .setUid(record.identity().podUid())
                .setAttempt(record.identity().attempt())
                .build();
    }

    static io.hypernetes.cri.v1.Container container(Container container) {
        ContainerRecord record = container.record();
        return io.hypernetes.cri.v1.Container.newBuilder()
                .setId(record.id())
                .setPodSandboxId(record.sandboxId())
                .setMetadata(metadata(record))
                .setImage(image(record))
                .setImageRef(record.image().id())
                .setImageId(record.image().id())
                .setState(state(record))
                .setCreatedAt(record.createdNanos())
                .putAllLabels(record.identity().labels())
                .putAllAnnotations(record.identity().annotations())
                .build();
    }

    static ContainerStatus containerStatus(Container container) {
        ContainerRecord record = container.record();
        ContainerStatus.Builder status = ContainerStatus.newBuilder()
                .setId(record.id())
                .setMetadata(metadata(record))
                .setState(state(record))
                .setCreatedAt(record.createdNanos())
                .setStartedAt(record.startedNanos())
                .setFinishedAt(record.finishedNanos())
                .setExitCode(record.exitCode())
                .setImage(image(record))
                .setImageRef(record.image().reference())
                .setImageId(record.image().id())
                .setReason(record.reason())
                .setMessage(record.message())
                .putAllLabels(record.identity().labels())
                .putAllAnnotations(record.identity().annotations())
                .setLogPath(record.logPath())
                .setResources(ContainerResources.newBuilder().setLinux(resources(record.resources())))
                .setStopSignal(signal(record.stopSignal()));
        for (ContainerRecord.Mount mount : record.mounts()) {
            Mount.Builder view = status.addMountsBuilder()
                    .setContainerPath(mount.containerPath())
                    .setHostPath(mount.hostPath())
                    .setReadonly(mount.readOnly())
                    .setRecursiveReadOnly(mount.recursive());
            ContainerRecord.MountedImage image = mount.image();
            if (image != null) {
                view.setImage(ImageSpec.newBuilder().setImage(image.asked()).setImageRef(image.id())).setImageSubPath(image.subPath());
            }
        }
        if (record.startedNanos() != 0) {
            status.setUser(ContainerUser.newBuilder()
                    .setLinux(LinuxContainerUser.newBuilder()
                            .setUid(record.user().uid())
                            .setGid(record.user().gid())
                            .addAllSupplementalGroups(record.user().groups())));
        }
        return status.build();
    }

    static ContainerState state(ContainerRecord record) {
        return switch (record.state()) {
            case CREATED -> ContainerState.CONTAINER_CREATED;
            case RUNNING -> ContainerState.CONTAINER_RUNNING;
            case EXITED -> ContainerState.CONTAINER_EXITED;
            case MAKING, REMOVING -> ContainerState.CONTAINER_UNKNOWN;
        };
    }

    static ContainerMetadata metadata(ContainerRecord record) {
        return ContainerMetadata.newBuilder()
                .setName(record.identity().name())
                .setAttempt(record.identity().attempt())
                .build();
    }

    static String withoutPrefix(String address) {
        int slash = address.indexOf('/');
        return slash < 0 ? address : address.substring(0, slash);
    }

    private static ImageSpec image(ContainerRecord record) {
        return ImageSpec.newBuilder()
                .setImage(record.image().asked())
                .setUserSpecifiedImage(record.image().userSpecified())
                .build();
    }

    private static LinuxContainerResources resources(ContainerRecord.Resources limits) {
        return LinuxContainerResources.newBuilder()
                .setCpuPeriod(limits.cpuPeriodMicros())
                .setCpuQuota(limits.cpuQuotaMicros())
                .setCpuShares(limits.cpuShares())
                .setMemoryLimitInBytes(limits.memoryBytes())
                .setOomScoreAdj(limits.oomScoreAdjust())
                .setCpusetCpus(limits.unified().getOrDefault("cpuset.cpus", ""))
                .putAllUnified(limits.unified())
                .build();
    }

    private static Signal signal(String name) {
        String full = name.startsWith("SIG") ? name : "SIG" + name;
        for (Signal known : Signal.values()) {
            if (known.name().equals(full)) {
                return known;
            }
        }
        return Signal.RUNTIME_DEFAULT;
    }
}
