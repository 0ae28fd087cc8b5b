package io.hypernetes.hyperd.docker;

import io.hypernetes.hyperd.sandbox.Sandboxes;
import io.hypernetes.images.ImageStore;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// What every Docker container is made from.
///
/// @param folder disks and logs of the containers
record DockerHouse(
        Sandboxes sandboxes, ImageStore images, DockerJournal journal, DockerEvents events, DockerVolumes volumes, DockerNetworks networks, Path folder, Clock clock) {
    private static final String HOLDER = "docker-";

    /// As whom a container leases its image.
    static String holder(String id) {
        return HOLDER + id;
    }

    /// The container that leases an image as this holder; empty when that is no container of the Docker face.
    static Optional<String> held(String holder) {
        return holder.startsWith(HOLDER) ? Optional.of(holder.substring(HOLDER.length())) : Optional.empty();
    }

    Path disk(String id) {
        return folder.resolve(id + ".disk");
    }

    Path log(String id) {
        return folder.resolve(id + ".log");
    }

    /// Tells who follows events of what became of a container.
    void tell(DockerRecord of, String action, Map<String, String> more) {
        Map<String, String> attributes = new HashMap<>(VolumeWishes.texts(of.config().path("Labels")));
        attributes.putAll(more);
        attributes.put("image", of.image());
        attributes.put("name", of.name());
        events.publish(new DockerEvents.Event("container", action, of.id(), Map.copyOf(attributes), now()));
    }

    /// Nanoseconds since 1970.
    long now() {
        Instant now = Instant.now(clock);
        return now.getEpochSecond() * 1_000_000_000L + now.getNano();
    }
}
