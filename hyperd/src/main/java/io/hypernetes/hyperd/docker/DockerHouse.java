package io.hypernetes.hyperd.docker;

import io.hypernetes.hyperd.sandbox.Sandboxes;
import io.hypernetes.images.ImageStore;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;

/// What every Docker container is made from.
///
/// @param folder disks and logs of the containers
record DockerHouse(
        Sandboxes sandboxes, ImageStore images, DockerJournal journal, DockerEvents events, DockerVolumes volumes, DockerNetworks networks, Path folder, Clock clock) {
    Path disk(String id) {
        return folder.resolve(id + ".disk");
    }

    Path log(String id) {
        return folder.resolve(id + ".log");
    }

    /// Nanoseconds since 1970.
    long now() {
        Instant now = Instant.now(clock);
        return now.getEpochSecond() * 1_000_000_000L + now.getNano();
    }
}
