package io.hypernetes.kubelet.pod;

import com.google.protobuf.ByteString;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.hypernetes.cri.v1.ContainerConfig;
import io.hypernetes.cri.v1.ContainerMetadata;
import io.hypernetes.cri.v1.ImageSpec;
import io.hypernetes.cri.v1.KeyValue;
import io.hypernetes.cri.v1.LinuxContainerConfig;
import io.hypernetes.cri.v1.LinuxPodSandboxConfig;
import io.hypernetes.cri.v1.Mount;
import io.hypernetes.cri.v1.PodSandboxConfig;
import io.hypernetes.cri.v1.PodSandboxMetadata;
import io.hypernetes.cri.v1.PortMapping;
import io.hypernetes.cri.v1.Protocol;
import io.hypernetes.cri.v1.Signal;
import io.hypernetes.kubelet.KubeletSettings;
import io.hypernetes.kubelet.cri.Labels;
import io.hypernetes.kubelet.volume.Disks;
import io.hypernetes.kubelet.volume.Volumes;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Says in CRI's words what a pod spec asks for. Holds no state.
final class CriConfigs {
    private final KubeletSettings settings;
    private final Volumes volumes;

    CriConfigs(KubeletSettings settings, Volumes volumes) {
        this.settings = settings;
        this.volumes = volumes;
    }

    /// The folder of the pod's container logs.
    Path logFolder(String tenant, Pod pod) {
        return settings.logFolder().resolve("pods").resolve(
                tenant + "_" + pod.getMetadata().getNamespace() + "_" + pod.getMetadata().getName() + "_" + pod.getMetadata().getUid());
    }

    PodSandboxConfig sandbox(String tenant, Pod pod, int attempt) {
        return sandbox(tenant, pod, attempt, List.of());
    }

    /// @param disks that outlive it
    PodSandboxConfig sandbox(String tenant, Pod pod, int attempt, List<Disks.Disk> disks) {
        Map<String, String> annotations = MachineAnnotations.of(tenant, pod);
        disks.forEach(each -> annotations.put(Disks.ANNOTATION + each.volume(), each.annotation()));
        for (Volume volume : pod.getSpec().getVolumes()) {
            if (volume.getEmptyDir() != null) {
                annotations.put(Labels.EMPTY_DIR + volume.getName(), MachineAnnotations.emptyDir(volume.getEmptyDir(), pod.getSpec().getSecurityContext()));
            }
        }
        PodSandboxConfig.Builder config = PodSandboxConfig.newBuilder()
                .setMetadata(PodSandboxMetadata.newBuilder()
                        .setName(pod.getMetadata().getName())
                        .setNamespace(pod.getMetadata().getNamespace())
                        .setUid(pod.getMetadata().getUid())
                        .setAttempt(attempt))
                .setHostname(HostsFile.machineName(pod, settings.clusterDomain()))
                .setLogDirectory(logFolder(tenant, pod).toString())
                .setDnsConfig(PodDns.of(settings, pod))
                .putAllLabels(pod.getMetadata().getLabels())
                .putAllLabels(podLabels(tenant, pod))
                .putAllAnnotations(annotations)
                .setLinux(linux(pod));
        for (Container container : pod.getSpec().getContainers()) {
            for (ContainerPort port : container.getPorts()) {
                config.addPortMappings(PortMapping.newBuilder()
                        .setContainerPort(port.getContainerPort())
                        .setHostPort(port.getHostPort() == null ? 0 : port.getHostPort())
                        .setHostIp(text(port.getHostIP()))
                        .setProtocol("UDP".equals(port.getProtocol()) ? Protocol.UDP : "SCTP".equals(port.getProtocol()) ? Protocol.SCTP : Protocol.TCP));
            }
        }
        return config.build();
    }

    /// @param imageRef the image as the runtime calls it
    /// @param variables the container's variables, already computed
    /// @param expansion counts what the container gets
    /// @param messageFile host file for the termination message
    /// @param targetId the container whose processes this one sees; null when it sees its own
    ContainerConfig container(
            String tenant, Pod pod, Container container, int attempt, String imageRef, Map<String, String> variables, Expansion expansion,
            Path messageFile, @Nullable String targetId) {
        ContainerConfig.Builder config = ContainerConfig.newBuilder()
                .setMetadata(ContainerMetadata.newBuilder().setName(container.getName()).setAttempt(attempt))
                .setImage(ImageSpec.newBuilder().setImage(imageRef).setUserSpecifiedImage(container.getImage()))
                .setWorkingDir(text(container.getWorkingDir()))
                .setLogPath(container.getName() + "/" + attempt + ".log")
                .setStdin(Boolean.TRUE.equals(container.getStdin()))
                .setStdinOnce(Boolean.TRUE.equals(container.getStdinOnce()))
                .setTty(Boolean.TRUE.equals(container.getTty()))
                .setStopSignal(stopSignal(container))
                .putAllLabels(podLabels(tenant, pod))
                .putLabels(Labels.CONTAINER_NAME, container.getName())
                .putAnnotations(Labels.HASH, Plan.hash(container))
                .putAnnotations(Labels.RESTART_COUNT, String.valueOf(attempt))
                .putAnnotations(Labels.GRACE_SECONDS, String.valueOf(PodEnding.graceSeconds(pod)))
                .putAnnotations(Labels.MESSAGE_POLICY, text(container.getTerminationMessagePolicy()))
                .putAnnotations(Labels.MESSAGE_FILE, messageFile.toString())
                .putAnnotations(Labels.LOG_FILE_BYTES, String.valueOf(LogFiles.MOST_BYTES))
                .setLinux(LinuxContainerConfig.newBuilder()
                        .setResources(CriResources.of(container))
                        .setSecurityContext(CriSecurity.withTarget(CriSecurity.of(settings, pod, container), targetId)));
        container.getCommand().forEach(word -> config.addCommand(expansion.word(word, variables)));
        container.getArgs().forEach(word -> config.addArgs(expansion.word(word, variables)));
        variables.forEach((name, value) -> config.addEnvs(KeyValue.newBuilder().setKey(name).setValue(ByteString.copyFromUtf8(value))));
        for (VolumeMount mount : container.getVolumeMounts()) {
            config.addMounts(mount(pod, mount, variables, expansion));
        }
        String messagePath = container.getTerminationMessagePath() == null ? "/dev/termination-log" : container.getTerminationMessagePath();
        config.putAnnotations(Labels.MESSAGE_PATH, messagePath);
        config.addMounts(Mount.newBuilder().setContainerPath(messagePath).setHostPath(messageFile.toString()));
        return config.build();
    }

    /// The API writes `SIGRTMIN+1` where CRI has `SIGRTMINPLUS1`.
    private static Signal stopSignal(Container container) {
        String asked = container.getLifecycle() == null ? "" : text(container.getLifecycle().getStopSignal());
        if (asked.isEmpty()) {
            return Signal.RUNTIME_DEFAULT;
        }
        try {
            return Signal.valueOf(asked.replace("+", "PLUS").replace("-", "MINUS"));
        } catch (IllegalArgumentException unknown) {
            throw new ConfigException("the stop signal \"" + asked + "\" is none of Linux");
        }
    }

    private static Map<String, String> podLabels(String tenant, Pod pod) {
        return Map.of(
                Labels.POD_NAME, pod.getMetadata().getName(),
                Labels.POD_NAMESPACE, pod.getMetadata().getNamespace(),
                Labels.POD_UID, pod.getMetadata().getUid(),
                Labels.TENANT, tenant);
    }

    private Mount mount(Pod pod, VolumeMount mount, Map<String, String> variables, Expansion expansion) {
        Volume volume = pod.getSpec().getVolumes().stream().filter(each -> each.getName().equals(mount.getName())).findFirst()
                .orElseThrow(() -> new ConfigException("volume \"" + mount.getName() + "\" is mounted but not declared"));
        Path path = volumes.path(pod.getMetadata().getUid(), volume);
        String subPath = mount.getSubPathExpr() != null ? expansion.path(mount.getSubPathExpr(), variables) : text(mount.getSubPath());
        if (!subPath.isEmpty()) {
            Path below = path.resolve(subPath).normalize();
            if (Path.of(subPath).isAbsolute() || !below.startsWith(path)) {
                throw new ConfigException("the subPath \"" + subPath + "\" leaves volume \"" + mount.getName() + "\"");
            }
            path = below;
        }
        return Mount.newBuilder()
                .setContainerPath(mount.getMountPath())
                .setHostPath(path.toString())
                .setReadonly(Boolean.TRUE.equals(mount.getReadOnly()))
                .build();
    }

    private static LinuxPodSandboxConfig linux(Pod pod) {
        LinuxPodSandboxConfig.Builder linux = LinuxPodSandboxConfig.newBuilder()
                .setSecurityContext(CriSecurity.ofSandbox(pod))
                .setOverhead(CriResources.amounts(pod.getSpec().getOverhead()))
                .setResources(CriResources.sum(pod));
        PodSecurityContext context = pod.getSpec().getSecurityContext();
        if (context != null) {
            context.getSysctls().forEach(sysctl -> linux.putSysctls(sysctl.getName(), sysctl.getValue()));
        }
        return linux.build();
    }

    private static String text(@Nullable String text) {
        return text == null ? "" : text;
    }
}
