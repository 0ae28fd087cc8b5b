package io.hypernetes.hyperd.volume;

import java.nio.file.Path;

/// What stands behind a mount in a container. Nothing of the host's file system is ever mounted: a path of the host only says
/// which of these is meant.
public sealed interface MountSource {

    /// A volume of the pod.
    ///
    /// @param name name of the volume in the guest
    /// @param subPath what of it is mounted; empty for all
    record Volume(String name, Kind kind, Path hostFolder, String subPath) implements MountSource {}

    /// One file of the host, pushed once into the guest.
    record SingleFile(Path hostFile) implements MountSource {}

    /// A folder of the host whose content is copied into the guest when the container is made; what either side changes later stays
    /// on that side.
    record HostCopy(Path hostFolder) implements MountSource {}

    /// The file in which a container may say why it ended; it is copied back to `hostFile`.
    record TerminationFile(Path hostFile) implements MountSource {}

    /// The pod's /etc/hosts, whose content the guest is told with the pod.
    record Hosts(Path hostFile) implements MountSource {}

    /// A file that the guest makes itself.
    record MadeByGuest() implements MountSource {}

    /// Sorts of volumes.
    enum Kind {
        /// A directory on the pod's writable disk, or in memory when the pod says so.
        EMPTY_DIR,
        /// Files of this host, pushed into the guest and again when they change.
        FILES,
        /// A disk of its own, which the pod's annotations describe ([PodDisks]).
        DISK
    }
}
