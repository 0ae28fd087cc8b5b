package io.hypernetes.hyperd.container;

import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hyperd.seccomp.Seccomp;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A container that is asked for.
///
/// @param image name or id of its image
/// @param userSpecifiedImage as the user wrote it, for status
/// @param command replaces the image's entrypoint (and then its command too) unless empty
/// @param arguments replaces the image's command unless empty
/// @param workingDirectory replaces the image's unless empty
/// @param environment `NAME=value`, over the image's
/// @param mounts what is mounted, in order
/// @param logPath absolute path of its log; empty for none
/// @param stopSignal name; empty for the image's
/// @param devices devices of the guest's kernel, beside those that every container has
/// @param rlimits limits of its processes, over the ordinary one of open files
public record ContainerRequest(
        ContainerRecord.Identity identity,
        String image,
        String userSpecifiedImage,
        List<String> command,
        List<String> arguments,
        String workingDirectory,
        List<String> environment,
        List<Mount> mounts,
        String logPath,
        ContainerRecord.Terminal terminal,
        ContainerRecord.Resources resources,
        Security security,
        String stopSignal,
        List<Device> devices,
        List<Rlimit> rlimits) {

    public ContainerRequest {
        devices = List.copyOf(devices);
        rlimits = List.copyOf(rlimits);
        command = List.copyOf(command);
        arguments = List.copyOf(arguments);
        environment = List.copyOf(environment);
        mounts = List.copyOf(mounts);
    }

    /// Without devices and limits of its own.
    public ContainerRequest(
            ContainerRecord.Identity identity,
            String image,
            String userSpecifiedImage,
            List<String> command,
            List<String> arguments,
            String workingDirectory,
            List<String> environment,
            List<Mount> mounts,
            String logPath,
            ContainerRecord.Terminal terminal,
            ContainerRecord.Resources resources,
            Security security,
            String stopSignal) {
        this(
                identity, image, userSpecifiedImage, command, arguments, workingDirectory, environment, mounts, logPath, terminal,
                resources, security, stopSignal, List.of(), List.of());
    }

    /// A device of the guest's kernel.
    ///
    /// @param path where the container finds it
    /// @param source where the guest has it, below `/dev`
    public record Device(String path, String source) {}

    /// @param resource Linux RLIMIT number, 0 to 15
    /// @param soft limit; -1 for none
    /// @param hard limit; -1 for none
    public record Rlimit(int resource, long soft, long hard) {}

    /// A mount that is asked for.
    ///
    /// @param containerPath absolute path in the container
    /// @param hostPath absolute path on this host, which says what is meant; empty for an image
    /// @param recursive read-only with all that is mounted below
    /// @param image the image that is mounted; null for anything else
    public record Mount(
            String containerPath, String hostPath, boolean readOnly, boolean recursive, ContainerRecord.@Nullable MountedImage image) {

        /// Not an image.
        public Mount(String containerPath, String hostPath, boolean readOnly) {
            this(containerPath, hostPath, readOnly, false, null);
        }

        /// The same with its image's id.
        public Mount withImageId(String id) {
            return image == null
                    ? this
                    : new Mount(
                            containerPath, hostPath, readOnly, recursive,
                            new ContainerRecord.MountedImage(image.asked(), id, image.subPath()));
        }
    }

    /// As whom, and with which rights.
    ///
    /// @param addCapabilities names without `CAP_`, or `ALL`
    /// @param runAsUserName a name of the image's passwd file; empty for none
    /// @param maskedPaths what it cannot see, exactly; see [#ORDINARILY_MASKED]
    /// @param readOnlyPaths what it cannot change, exactly; see [#ORDINARILY_READ_ONLY]
    /// @param pidOf container whose process namespace is joined; empty for none
    /// @param podPid whether it has the process namespace that the pod shares
    /// @param strictGroups without the groups that the image gives its user
    /// @param seccomp which system calls it may make
    public record Security(
            boolean privileged,
            Set<String> addCapabilities,
            Set<String> dropCapabilities,
            Set<String> ambientCapabilities,
            OptionalLong runAsUser,
            OptionalLong runAsGroup,
            String runAsUserName,
            List<Long> supplementaryGroups,
            boolean noNewPrivileges,
            boolean readOnlyRoot,
            List<String> maskedPaths,
            List<String> readOnlyPaths,
            String pidOf,
            boolean podPid,
            boolean strictGroups,
            Seccomp seccomp) {

        /// Paths of a kernel's view of itself that an ordinary container cannot see. The kernel is the pod's own, so this keeps a
        /// container from its neighbours in the pod.
        public static final List<String> ORDINARILY_MASKED = List.of(
                "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
                "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
                "/sys/devices/virtual/powercap");

        /// What an ordinary container cannot change.
        public static final List<String> ORDINARILY_READ_ONLY =
                List.of("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger");

        public Security {
            addCapabilities = Set.copyOf(addCapabilities);
            dropCapabilities = Set.copyOf(dropCapabilities);
            ambientCapabilities = Set.copyOf(ambientCapabilities);
            supplementaryGroups = List.copyOf(supplementaryGroups);
            maskedPaths = List.copyOf(maskedPaths);
            readOnlyPaths = List.copyOf(readOnlyPaths);
        }

        /// With the ordinary filter, and the ordinary paths where none are named.
        public Security(
                boolean privileged,
                Set<String> addCapabilities,
                Set<String> dropCapabilities,
                Set<String> ambientCapabilities,
                OptionalLong runAsUser,
                OptionalLong runAsGroup,
                String runAsUserName,
                List<Long> supplementaryGroups,
                boolean noNewPrivileges,
                boolean readOnlyRoot,
                List<String> maskedPaths,
                List<String> readOnlyPaths,
                String pidOf) {
            this(
                    privileged, addCapabilities, dropCapabilities, ambientCapabilities, runAsUser, runAsGroup, runAsUserName,
                    supplementaryGroups, noNewPrivileges, readOnlyRoot, maskedPaths.isEmpty() ? ORDINARILY_MASKED : maskedPaths,
                    readOnlyPaths.isEmpty() ? ORDINARILY_READ_ONLY : readOnlyPaths, pidOf, false, false, Seccomp.RUNTIME_DEFAULT);
        }

        /// The same with another filter.
        public Security withSeccomp(Seccomp other) {
            return new Security(
                    privileged, addCapabilities, dropCapabilities, ambientCapabilities, runAsUser, runAsGroup, runAsUserName,
                    supplementaryGroups, noNewPrivileges, readOnlyRoot, maskedPaths, readOnlyPaths, pidOf, podPid, strictGroups, other);
        }

        /// An ordinary container: the image's user, the ordinary rights and the ordinary filter.
        public static final Security ORDINARY = new Security(
                false, Set.of(), Set.of(), Set.of(), OptionalLong.empty(), OptionalLong.empty(), "", List.of(), false, false,
                List.of(), List.of(), "");
    }
}
