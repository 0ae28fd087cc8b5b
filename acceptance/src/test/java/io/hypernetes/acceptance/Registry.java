package io.hypernetes.acceptance;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;

/// Debian's docker-registry on loopback, and images made for it layer by layer.
final class Registry implements AutoCloseable {
    private final Process process;
    private final Path folder;
    final int port;

    Registry(Path folder) throws IOException {
        this.folder = folder;
        this.port = Cluster.freePort();
        Path config = folder.resolve("config.yml");
        Files.writeString(config, """
                version: 0.1
                storage:
                  filesystem: {rootdirectory: %s}
                http: {addr: '127.0.0.1:%d'}
                """.formatted(folder.resolve("blobs"), port));
        process = new ProcessBuilder("docker-registry", "serve", config.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("registry.log").toFile())
                .start();
        Awaitility.await().atMost(Duration.ofSeconds(60)).ignoreExceptions().until(() -> {
            try (Socket socket = new Socket("127.0.0.1", port)) {
                return socket.isConnected();
            }
        });
    }

    /// Pushes an OCI layout with the given layers and configuration; returns the manifest's digest.
    ///
    /// @param layers each a shell script that makes the layer's tar entries in its working folder
    String push(String name, List<String> layers, String config) throws IOException {
        Path layout = OciLayout.write(folder.resolve("layout-" + name.replace('/', '-').replace(':', '-')), layers, config);
        Run.of(Duration.ofMinutes(1), Map.of(), new byte[0], new ArrayList<>(List.of(
                        "skopeo", "--insecure-policy", "copy", "--dest-tls-verify=false", "oci:" + layout + ":image", "docker://" + reference(name))))
                .ok();
        return Run.of("skopeo", "--insecure-policy", "inspect", "--tls-verify=false", "--format", "{{.Digest}}", "docker://" + reference(name)).ok().trim();
    }

    String reference(String name) {
        return "127.0.0.1:" + port + "/" + name;
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit().join();
    }
}
