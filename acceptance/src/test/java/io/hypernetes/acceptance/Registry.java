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

/// Debian's docker-registry, and images made for it layer by layer.
final class Registry implements AutoCloseable {
    static final String USER = "member", PASSWORD = "let-members-in";
    /// That password as the registry keeps it.
    private static final String HASH = "$2b$04$M1UhHR9jDu2DubcvL8wsp.2bPhp0dc16PmX6iwqyDdbKRZU3s4mJm";

    private final Process process;
    private final Path folder;
    private final String address;
    private final String credentials;
    final int port;

    /// On loopback, for everybody.
    Registry(Path folder) throws IOException {
        this(folder, "127.0.0.1", Cluster.freePort(), "", "");
    }

    /// For whom the password is known to.
    static Registry withPassword(Path folder, String address, int port) throws IOException {
        Path users = Files.writeString(folder.resolve("users"), USER + ":" + HASH + "\n");
        return new Registry(folder, address, port, "auth: {htpasswd: {realm: members, path: " + users + "}}", USER + ":" + PASSWORD);
    }

    private Registry(Path folder, String address, int port, String auth, String credentials) throws IOException {
        this.folder = folder;
        this.address = address;
        this.port = port;
        this.credentials = credentials;
        Path config = folder.resolve("config.yml");
        Files.writeString(config, """
                version: 0.1
                storage:
                  filesystem: {rootdirectory: %s}
                http: {addr: '%s:%d'}
                %s
                """.formatted(folder.resolve("blobs"), address, port, auth));
        process = new ProcessBuilder("docker-registry", "serve", config.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("registry.log").toFile())
                .start();
        Awaitility.await().atMost(Duration.ofSeconds(60)).ignoreExceptions().until(() -> {
            try (Socket socket = new Socket(address, port)) {
                return socket.isConnected();
            }
        });
    }

    /// Pushes an OCI layout with the given layers and configuration; returns the manifest's digest.
    ///
    /// @param layers each a shell script that makes the layer's tar entries in its working folder
    String push(String name, List<String> layers, String config) throws IOException {
        Path layout = OciLayout.write(folder.resolve("layout-" + name.replace('/', '-').replace(':', '-')), layers, config);
        skopeo("copy", "--dest-tls-verify=false", "--dest-", "oci:" + layout + ":image", "docker://" + reference(name));
        return skopeo("inspect", "--tls-verify=false", "--", "--format", "{{.Digest}}", "docker://" + reference(name)).trim();
    }

    /// @param prefix of the option that tells the credentials
    private String skopeo(String verb, String option, String prefix, String... more) {
        List<String> command = new ArrayList<>(List.of("skopeo", "--insecure-policy", verb, option));
        if (!credentials.isEmpty()) {
            command.addAll(List.of(prefix + "creds", credentials));
        }
        command.addAll(List.of(more));
        return Run.of(Duration.ofMinutes(1), Map.of(), new byte[0], command).ok();
    }

    String reference(String name) {
        return address + ":" + port + "/" + name;
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit().join();
    }
}
