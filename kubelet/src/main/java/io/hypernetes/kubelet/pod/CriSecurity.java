package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Capabilities;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.SeccompProfile;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.hypernetes.cri.v1.Capability;
import io.hypernetes.cri.v1.Int64Value;
import io.hypernetes.cri.v1.LinuxContainerSecurityContext;
import io.hypernetes.cri.v1.LinuxSandboxSecurityContext;
import io.hypernetes.cri.v1.NamespaceMode;
import io.hypernetes.cri.v1.NamespaceOption;
import io.hypernetes.cri.v1.SecurityProfile;
import io.hypernetes.cri.v1.SupplementalGroupsPolicy;
import io.hypernetes.kubelet.KubeletSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What a container or a machine may do, and as whom, in CRI's words.
final class CriSecurity {
    // What procMount Default means.
    private static final List<String> MASKED_PATHS = List.of(
            "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
            "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap");
    private static final List<String> READ_ONLY_PATHS =
            List.of("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger");

    private CriSecurity() {}

    static LinuxContainerSecurityContext of(KubeletSettings settings, Pod pod, Container container) {
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

    /// @param targetId the container whose processes this one sees; null when it sees its own
    static LinuxContainerSecurityContext withTarget(LinuxContainerSecurityContext security, @Nullable String targetId) {
        if (targetId == null) {
            return security;
        }
        return security.toBuilder()
                .setNamespaceOptions(security.getNamespaceOptions().toBuilder().setPid(NamespaceMode.TARGET).setTargetId(targetId))
                .build();
    }

    /// Of the machine itself.
    static LinuxSandboxSecurityContext ofSandbox(Pod pod) {
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
        }
        return security.build();
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

    /// Localhost profiles are files below the node's folder for them.
    private static SecurityProfile seccomp(KubeletSettings settings, @Nullable SeccompProfile profile) {
        String type = profile == null ? "Unconfined" : profile.getType();
        return switch (type) {
            case "RuntimeDefault" -> SecurityProfile.newBuilder().setProfileType(SecurityProfile.ProfileType.RuntimeDefault).build();
            case "Localhost" -> SecurityProfile.newBuilder()
                    .setProfileType(SecurityProfile.ProfileType.Localhost)
                    .setLocalhostRef(seccompFile(settings, profile == null ? "" : Objects.requireNonNullElse(profile.getLocalhostProfile(), "")))
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
}
