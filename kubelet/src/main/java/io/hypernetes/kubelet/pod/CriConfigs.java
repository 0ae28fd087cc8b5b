package io.hypernetes.kubelet.pod;

import java.util.List;
import io.hypernetes.cri.v1.SupplementalGroupsPolicy;
import com.google.protobuf.ByteString;
import io.fabric8.kubernetes.api.model.Capabilities;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.EmptyDirVolumeSource;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodDNSConfig;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.SeccompProfile;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.cri.v1.Capability;
import io.hypernetes.cri.v1.ContainerConfig;
import io.hypernetes.cri.v1.ContainerMetadata;
import io.hypernetes.cri.v1.DNSConfig;
import io.hypernetes.cri.v1.ImageSpec;
import io.hypernetes.cri.v1.Int64Value;
import io.hypernetes.cri.v1.KeyValue;
import io.hypernetes.cri.v1.LinuxContainerConfig;
import io.hypernetes.cri.v1.LinuxContainerResources;
import io.hypernetes.cri.v1.LinuxContainerSecurityContext;
import io.hypernetes.cri.v1.LinuxPodSandboxConfig;
import io.hypernetes.cri.v1.LinuxSandboxSecurityContext;
import io.hypernetes.cri.v1.Mount;
import io.hypernetes.cri.v1.NamespaceMode;
import io.hypernetes.cri.v1.NamespaceOption;
import io.hypernetes.cri.v1.PodSandboxConfig;
import io.hypernetes.cri.v1.PodSandboxMetadata;
import io.hypernetes.cri.v1.PortMapping;
import io.hypernetes.cri.v1.Protocol;
import io.hypernetes.cri.v1.SecurityProfile;
import io.hypernetes.cri.v1.Signal;
import io.hypernetes.kubelet.KubeletSettings;
import io.hypernetes.kubelet.cri.Labels;
import io.hypernetes.kubelet.volume.Disks;
import io.hypernetes.kubelet.volume.Volumes;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Says in CRI's words what a pod spec asks for. Holds no state.
final class CriConfigs {
    private static final long CPU_PERIOD_MICROS = 100_000;
    private static final int MOST_NAMESERVERS = 3, MOST_SEARCHES = 32;
    // What procMount Default means.
    private static final List<String> MASKED_PATHS = List.of(
            "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
            "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap");
    private static final List<String> READ_ONLY_PATHS =
            List.of("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger");

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

    /// What the runtime is told of a pod by name. Under our own prefix that comes from the spec, which was admitted, never from an annotation of the
    /// tenant's: except for the kernel it wants, as which ones it may have is the runtime's to say, and for what the API server alone may write.
    static Map<String, String> annotations(String tenant, Pod pod) {
        Map<String, String> annotations = new HashMap<>(pod.getMetadata().getAnnotations());
        annotations.keySet().removeIf(name -> name.startsWith("hypernetes.io/") && !name.equals(Labels.KERNEL) && !name.equals(Labels.ISOLATION));
        long disk = ephemeralBytes(pod);
        if (disk > 0) {
            annotations.put(Labels.EPHEMERAL_STORAGE, String.valueOf(disk));
        }
        BigDecimal requested = PodTotals.requests(pod, "memory");
        if (requested.signum() > 0) {
            annotations.put(Labels.REQUESTED_MEMORY, requested.setScale(0, RoundingMode.CEILING).toPlainString());
        }
        PodTotals.limits(pod, "memory").filter(limit -> limit.signum() > 0).ifPresent(limit -> annotations.put(Labels.LIMITED_MEMORY, limit.setScale(0, RoundingMode.CEILING).toPlainString()));
        long known = PodTotals.limits(pod, "memory").isPresent() ? 0 : whole(PodTotals.mostKnown(pod, "memory"));
        if (known > 0) {
            annotations.put(Labels.LEAST_MEMORY, String.valueOf(known));
        }
        annotations.put(ObjectKey.TENANT_ANNOTATION, tenant);
        return annotations;
    }

    /// Bytes of memory that the pod asked for when a sandbox of this kubelet's was made; 0 when it asked for none.
    static BigDecimal requestedMemory(Map<String, String> annotations) {
        return bytes(annotations, Labels.REQUESTED_MEMORY);
    }

    /// Bytes of memory that the pod was limited to then; 0 when it was not.
    static BigDecimal limitedMemory(Map<String, String> annotations) {
        return bytes(annotations, Labels.LIMITED_MEMORY);
    }

    private static BigDecimal bytes(Map<String, String> annotations, String name) {
        String bytes = annotations.getOrDefault(name, "");
        return bytes.matches("[0-9]{1,30}") ? new BigDecimal(bytes) : BigDecimal.ZERO;
    }

    PodSandboxConfig sandbox(String tenant, Pod pod, int attempt) {
        return sandbox(tenant, pod, attempt, List.of());
    }

    /// @param disks that outlive it
    PodSandboxConfig sandbox(String tenant, Pod pod, int attempt, List<Disks.Disk> disks) {
        Map<String, String> annotations = annotations(tenant, pod);
        disks.forEach(each -> annotations.put(Disks.ANNOTATION + each.volume(), each.annotation()));
        for (Volume volume : pod.getSpec().getVolumes()) {
            if (volume.getEmptyDir() != null) {
                annotations.put(Labels.EMPTY_DIR + volume.getName(), emptyDir(volume.getEmptyDir(), pod.getSpec().getSecurityContext()));
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
                .setDnsConfig(dns(settings, pod))
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
    /// @param messageFile host file for the termination message
    /// @param targetId the container whose processes this one sees; null when it sees its own
    ContainerConfig container(
            String tenant, Pod pod, Container container, int attempt, String imageRef, Map<String, String> variables, Path messageFile,
            @Nullable String targetId) {
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
                .putAnnotations(Labels.GRACE_SECONDS, String.valueOf(graceSeconds(pod)))
                .putAnnotations(Labels.MESSAGE_POLICY, text(container.getTerminationMessagePolicy()))
                .putAnnotations(Labels.MESSAGE_FILE, messageFile.toString())
                .setLinux(LinuxContainerConfig.newBuilder()
                        .setResources(resources(container))
                        .setSecurityContext(withTarget(security(settings, pod, container), targetId)));
        container.getCommand().forEach(word -> config.addCommand(Expansion.expand(word, variables)));
        container.getArgs().forEach(word -> config.addArgs(Expansion.expand(word, variables)));
        variables.forEach((name, value) -> config.addEnvs(KeyValue.newBuilder().setKey(name).setValue(ByteString.copyFromUtf8(value))));
        for (VolumeMount mount : container.getVolumeMounts()) {
            config.addMounts(mount(pod, mount, variables));
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

    /// Less than none is a second, as upstream's (pkg/kubelet/pod_workers.go, calculateEffectiveGracePeriod).
    static long graceSeconds(Pod pod) {
        Long seconds = pod.getSpec().getTerminationGracePeriodSeconds();
        return seconds == null ? 30 : seconds < 0 ? 1 : seconds;
    }

    private static Map<String, String> podLabels(String tenant, Pod pod) {
        return Map.of(
                Labels.POD_NAME, pod.getMetadata().getName(),
                Labels.POD_NAMESPACE, pod.getMetadata().getNamespace(),
                Labels.POD_UID, pod.getMetadata().getUid(),
                Labels.TENANT, tenant);
    }

    private Mount mount(Pod pod, VolumeMount mount, Map<String, String> variables) {
        Volume volume = pod.getSpec().getVolumes().stream().filter(each -> each.getName().equals(mount.getName())).findFirst()
                .orElseThrow(() -> new ConfigException("volume \"" + mount.getName() + "\" is mounted but not declared"));
        Path path = volumes.path(pod.getMetadata().getUid(), volume);
        String subPath = mount.getSubPathExpr() != null ? Expansion.expandAll(mount.getSubPathExpr(), variables) : text(mount.getSubPath());
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

    static String emptyDir(EmptyDirVolumeSource source, @Nullable PodSecurityContext security) {
        String size = source.getSizeLimit() == null ? "" : source.getSizeLimit().toString();
        String group = security == null || security.getFsGroup() == null ? "" : ",\"group\":" + security.getFsGroup();
        return "{\"medium\":\"" + text(source.getMedium()) + "\",\"sizeLimit\":\"" + size + "\"" + group + "}";
    }

    static String hostname(Pod pod) {
        String override = text(pod.getSpec().getHostnameOverride());
        if (!override.isEmpty()) {
            return override;
        }
        String name = pod.getSpec().getHostname() == null ? pod.getMetadata().getName() : pod.getSpec().getHostname();
        String cut = name.length() > 63 ? name.substring(0, 63) : name;
        int end = cut.length();
        while (end > 0 && (cut.charAt(end - 1) == '-' || cut.charAt(end - 1) == '.')) {
            end--;
        }
        return cut.substring(0, end);
    }

    /// Empty servers mean those of the network.
    static DNSConfig dns(KubeletSettings settings, Pod pod) {
        Set<String> servers = new LinkedHashSet<>();
        Set<String> searches = new LinkedHashSet<>();
        // What a pod says of an option takes the place of what is usual.
        Map<String, String> options = new LinkedHashMap<>();
        String policy = text(pod.getSpec().getDnsPolicy());
        if (!settings.clusterDns().isEmpty() && (policy.isEmpty() || policy.startsWith("ClusterFirst"))) {
            String domain = settings.clusterDomain();
            servers.addAll(settings.clusterDns());
            searches.addAll(List.of(pod.getMetadata().getNamespace() + ".svc." + domain, "svc." + domain, domain));
            options.put("ndots", "ndots:5");
        }
        PodDNSConfig own = pod.getSpec().getDnsConfig();
        if (own != null) {
            servers.addAll(own.getNameservers());
            searches.addAll(own.getSearches());
            own.getOptions().forEach(option -> options.put(
                    option.getName(), option.getValue() == null ? option.getName() : option.getName() + ":" + option.getValue()));
        }
        return DNSConfig.newBuilder()
                .addAllServers(servers.stream().limit(MOST_NAMESERVERS).toList())
                .addAllSearches(searches.stream().limit(MOST_SEARCHES).toList())
                .addAllOptions(options.values())
                .build();
    }

    private static LinuxPodSandboxConfig linux(Pod pod) {
        LinuxPodSandboxConfig.Builder linux = LinuxPodSandboxConfig.newBuilder();
        LinuxSandboxSecurityContext.Builder security = LinuxSandboxSecurityContext.newBuilder()
                .setNamespaceOptions(namespaces(pod))
                .setPrivileged(Plan.all(pod).stream().anyMatch(container ->
                        container.getSecurityContext() != null && Boolean.TRUE.equals(container.getSecurityContext().getPrivileged())));
        PodSecurityContext context = pod.getSpec().getSecurityContext();
        if (context != null) {
            optional(context.getRunAsUser()).ifPresent(security::setRunAsUser);
            optional(context.getRunAsGroup()).ifPresent(security::setRunAsGroup);
            security.addAllSupplementalGroups(context.getSupplementalGroups());
            if (context.getFsGroup() != null) {
                security.addSupplementalGroups(context.getFsGroup());
            }
            context.getSysctls().forEach(sysctl -> linux.putSysctls(sysctl.getName(), sysctl.getValue()));
        }
        linux.setSecurityContext(security);
        linux.setOverhead(amounts(pod.getSpec().getOverhead()));
        linux.setResources(sum(pod));
        return linux.build();
    }

    private static NamespaceOption namespaces(Pod pod) {
        NamespaceMode pid = Boolean.TRUE.equals(pod.getSpec().getHostPID()) ? NamespaceMode.NODE
                : Boolean.TRUE.equals(pod.getSpec().getShareProcessNamespace()) ? NamespaceMode.POD : NamespaceMode.CONTAINER;
        return NamespaceOption.newBuilder()
                .setNetwork(Boolean.TRUE.equals(pod.getSpec().getHostNetwork()) ? NamespaceMode.NODE : NamespaceMode.POD)
                .setIpc(Boolean.TRUE.equals(pod.getSpec().getHostIPC()) ? NamespaceMode.NODE : NamespaceMode.POD)
                .setPid(pid)
                .build();
    }

    private static LinuxContainerSecurityContext withTarget(LinuxContainerSecurityContext security, @Nullable String targetId) {
        if (targetId == null) {
            return security;
        }
        return security.toBuilder()
                .setNamespaceOptions(security.getNamespaceOptions().toBuilder().setPid(NamespaceMode.TARGET).setTargetId(targetId))
                .build();
    }

    /// What the machine must hold: the limits of all containers together, sidecars and init containers too. 0 means no limit.
    static LinuxContainerResources sum(Pod pod) {
        LinuxContainerResources.Builder sum = amounts(limits(pod)).toBuilder();
        return sum.setCpuPeriod(CPU_PERIOD_MICROS).setCpuShares(shares(PodTotals.requests(pod, "cpu"))).build();
    }

    private static Map<String, Quantity> limits(Pod pod) {
        Map<String, Quantity> limits = new HashMap<>();
        for (String resource : List.of("cpu", "memory")) {
            PodTotals.limits(pod, resource).ifPresent(limit -> limits.put(resource, new Quantity(limit.toPlainString())));
        }
        return limits;
    }

    /// The writable disk of the pod: the limits of all containers together; 0 when any has none that does not end before the others begin.
    private static long ephemeralBytes(Pod pod) {
        boolean limited = Plan.declared(pod).stream().filter(container -> Plan.isSidecar(container) || pod.getSpec().getContainers().contains(container))
                .allMatch(container -> PodTotals.limit(container, "ephemeral-storage").isPresent());
        return limited ? whole(PodTotals.mostKnown(pod, "ephemeral-storage")) : 0;
    }

    static LinuxContainerResources resources(Container container) {
        Map<String, Quantity> limits = container.getResources() == null ? Map.of() : orEmpty(container.getResources().getLimits());
        Map<String, Quantity> requests = container.getResources() == null ? Map.of() : orEmpty(container.getResources().getRequests());
        LinuxContainerResources.Builder resources = amounts(limits).toBuilder();
        Quantity cpu = requests.getOrDefault("cpu", limits.get("cpu"));
        resources.setCpuShares(shares(cpu == null ? BigDecimal.ZERO : cpu.getNumericalAmount()));
        return resources.build();
    }

    private static long shares(BigDecimal cpus) {
        return Math.clamp(whole(cpus.movePointRight(3)) * 1024 / 1000, 2, 262_144);
    }

    /// What a container that runs is to have from now on: there an amount of 0 would be one that stays, so no limit is one below 0.
    static LinuxContainerResources update(Container container) {
        LinuxContainerResources wanted = resources(container);
        LinuxContainerResources.Builder update = wanted.toBuilder();
        if (wanted.getCpuQuota() == 0) {
            update.setCpuPeriod(CPU_PERIOD_MICROS).setCpuQuota(-1);
        }
        if (wanted.getMemoryLimitInBytes() == 0) {
            update.setMemoryLimitInBytes(-1);
        }
        return update.build();
    }

    private static LinuxContainerResources amounts(@Nullable Map<String, Quantity> amounts) {
        LinuxContainerResources.Builder resources = LinuxContainerResources.newBuilder();
        Quantity cpu = orEmpty(amounts).get("cpu");
        if (cpu != null && millis(cpu) > 0) {
            resources.setCpuPeriod(CPU_PERIOD_MICROS).setCpuQuota(Math.max(1000, millis(cpu) * CPU_PERIOD_MICROS / 1000));
        }
        Quantity memory = orEmpty(amounts).get("memory");
        if (memory != null) {
            resources.setMemoryLimitInBytes(units(memory));
        }
        return resources.build();
    }

    static LinuxContainerSecurityContext security(KubeletSettings settings, Pod pod, Container container) {
        SecurityContext own = container.getSecurityContext() == null ? new SecurityContext() : container.getSecurityContext();
        PodSecurityContext shared = pod.getSpec().getSecurityContext() == null ? new PodSecurityContext() : pod.getSpec().getSecurityContext();
        LinuxContainerSecurityContext.Builder security = LinuxContainerSecurityContext.newBuilder()
                .setPrivileged(Boolean.TRUE.equals(own.getPrivileged()))
                .setReadonlyRootfs(Boolean.TRUE.equals(own.getReadOnlyRootFilesystem()))
                .setNoNewPrivs(Boolean.FALSE.equals(own.getAllowPrivilegeEscalation()))
                .setNamespaceOptions(namespaces(pod))
                .addAllSupplementalGroups(shared.getSupplementalGroups());
        if (shared.getFsGroup() != null) {
            security.addSupplementalGroups(shared.getFsGroup());
        }
        Long user = own.getRunAsUser() == null ? shared.getRunAsUser() : own.getRunAsUser();
        optional(user).ifPresent(security::setRunAsUser);
        optional(own.getRunAsGroup() == null ? shared.getRunAsGroup() : own.getRunAsGroup()).ifPresent(security::setRunAsGroup);
        if (user != null && user == 0 && NonRoot.asked(pod, container)) {
            throw new ConfigException("container's runAsUser breaks non-root policy");
        }
        Capabilities capabilities = own.getCapabilities();
        if (capabilities != null) {
            security.setCapabilities(Capability.newBuilder()
                    .addAllAddCapabilities(capabilities.getAdd())
                    .addAllDropCapabilities(capabilities.getDrop()));
        }
        SeccompProfile seccomp = own.getSeccompProfile() == null ? shared.getSeccompProfile() : own.getSeccompProfile();
        security.setSeccomp(seccomp(settings, seccomp));
        if ("Strict".equals(shared.getSupplementalGroupsPolicy())) {
            security.setSupplementalGroupsPolicy(SupplementalGroupsPolicy.Strict);
        }
        if (!security.getPrivileged() && !"Unmasked".equals(own.getProcMount())) {
            security.addAllMaskedPaths(MASKED_PATHS).addAllReadonlyPaths(READ_ONLY_PATHS);
        }
        return security.build();
    }

    /// Localhost profiles are files below the node's folder for them.
    private static SecurityProfile seccomp(KubeletSettings settings, @Nullable SeccompProfile profile) {
        String type = profile == null ? "Unconfined" : profile.getType();
        return switch (type) {
            case "RuntimeDefault" -> SecurityProfile.newBuilder().setProfileType(SecurityProfile.ProfileType.RuntimeDefault).build();
            case "Localhost" -> SecurityProfile.newBuilder()
                    .setProfileType(SecurityProfile.ProfileType.Localhost)
                    .setLocalhostRef(seccompFile(settings, profile == null ? "" : text(profile.getLocalhostProfile())))
                    .build();
            default -> SecurityProfile.newBuilder().setProfileType(SecurityProfile.ProfileType.Unconfined).build();
        };
    }

    private static String seccompFile(KubeletSettings settings, String profile) {
        Path folder = settings.stateFolder().resolve("seccomp");
        Path file = folder.resolve(profile).normalize();
        if (profile.isEmpty() || !file.startsWith(folder) || file.equals(folder)) {
            throw new ConfigException("the seccomp profile \"" + profile + "\" is no file below the node's folder of profiles");
        }
        return file.toString();
    }

    private static Optional<Int64Value> optional(@Nullable Long value) {
        return value == null ? Optional.empty() : Optional.of(Int64Value.newBuilder().setValue(value).build());
    }

    private static long millis(Quantity cpu) {
        return whole(cpu.getNumericalAmount().movePointRight(3));
    }

    private static long units(Quantity quantity) {
        return whole(quantity.getNumericalAmount());
    }

    private static long whole(BigDecimal amount) {
        return amount.setScale(0, RoundingMode.CEILING).longValue();
    }

    private static Map<String, Quantity> orEmpty(@Nullable Map<String, Quantity> map) {
        return map == null ? Map.of() : map;
    }

    private static String text(@Nullable String text) {
        return text == null ? "" : text;
    }
}
