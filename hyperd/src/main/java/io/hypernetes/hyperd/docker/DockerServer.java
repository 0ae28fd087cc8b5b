package io.hypernetes.hyperd.docker;

import io.hypernetes.hyperd.docker.http.HttpLimits;
import io.hypernetes.hyperd.docker.http.UnixHttpServer;
import io.hypernetes.hyperd.sandbox.Sandboxes;
import io.hypernetes.images.ImageStore;
import io.hypernetes.network.Groups;
import io.hypernetes.store.Store;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Serves the Docker Engine API on a unix socket that only its owner may open. Containers of an earlier process are taken up before it
/// answers; closing it leaves them running.
public final class DockerServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DockerServer.class);

    private final DockerNetworks networks;
    private final UnixHttpServer server;

    /// Starts to listen.
    ///
    /// @param socket where; an older socket file is replaced
    /// @param folder for uploads under way, and the containers' disks and logs
    /// @param groups what networks are made of; null when the node's network knows no groups
    /// @throws IOException when the socket cannot be made
    public DockerServer(Path socket, Path folder, Sandboxes sandboxes, ImageStore images, Store store, @Nullable Groups groups, Clock clock) throws IOException {
        Path uploads = folder.resolve("uploads");
        Path containers = folder.resolve("containers");
        Files.createDirectories(uploads);
        Files.createDirectories(containers);
        Files.setPosixFilePermissions(containers, PosixFilePermissions.fromString("rwx------"));
        try (var leftovers = Files.list(uploads)) {
            for (Path leftover : leftovers.toList()) {
                Files.deleteIfExists(leftover);
            }
        }
        Path volumes = folder.resolve("volumes");
        Files.createDirectories(volumes);
        Files.setPosixFilePermissions(volumes, PosixFilePermissions.fromString("rwx------"));
        DockerJournal journal = new DockerJournal(store);
        DockerEvents events = new DockerEvents();
        AtomicReference<@Nullable DockerContainers> all = new AtomicReference<>();
        networks = new DockerNetworks(journal, events, groups, clock, () -> {
            DockerContainers known = all.get();
            return known == null ? List.of() : NetworkCalls.up(known.list());
        });
        DockerHouse house = new DockerHouse(sandboxes, images, journal, events, new DockerVolumes(journal, events, volumes, clock), networks, containers, clock);
        DockerContainers found = new DockerContainers(house);
        all.set(found);
        networks.open();
        DockerApi api = new DockerApi(house, found, uploads);
        server = new UnixHttpServer(
                socket, Map.of("Api-Version", DockerApi.VERSION, "Ostype", "linux", "Server", "hyperd", "Docker-Experimental", "false"),
                HttpLimits.DEFAULTS, api::handle);
        LOG.info("docker api listening socket={}", socket);
    }

    @Override
    public void close() {
        server.close();
        networks.close();
    }
}
