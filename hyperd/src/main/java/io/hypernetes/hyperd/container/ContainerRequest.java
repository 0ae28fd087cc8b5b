package io.hypernetes.hyperd.container;

import io.hypernetes.hyperd.journal.ContainerRecord;
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
        String stopSignal) {

    public ContainerRequest {
        command = List.copyOf(command);
        arguments = List.copyOf(arguments);
        environment = List.copyOf(environment);
        mounts = List.copyOf(mounts);
    }

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
    /// @param pidOf container whose process namespace is joined; empty for one of its own
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
            String pidOf) {

        public Security {
            addCapabilities = Set.copyOf(addCapabilities);
            dropCapabilities = Set.copyOf(dropCapabilities);
            ambientCapabilities = Set.copyOf(ambientCapabilities);
            supplementaryGroups = List.copyOf(supplementaryGroups);
            maskedPaths = List.copyOf(maskedPaths);
            readOnlyPaths = List.copyOf(readOnlyPaths);
        }

        /// An ordinary container: the image's user and the ordinary rights.
        public static final Security ORDINARY = new Security(
                false, Set.of(), Set.of(), Set.of(), OptionalLong.empty(), OptionalLong.empty(), "", List.of(), false, false,
                List.of(), List.of(), "");
    }
}
