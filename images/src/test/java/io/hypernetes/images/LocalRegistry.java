package io.hypernetes.images;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/// Debian's docker-registry as a child process on a free loopback port.
final class LocalRegistry implements AutoCloseable {
    private final Process process;
    private final int port;
    private final Path folder;

    private LocalRegistry(Process process, int port, Path folder) {
        this.process = process;
        this.port = port;
        this.folder = folder;
    }

    static boolean isInstalled() {
        return Files.isExecutable(Path.of("/usr/bin/docker-registry")) && Files.isExecutable(Path.of("/usr/bin/skopeo"));
    }

    static LocalRegistry start(Path folder) throws IOException {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        Files.createDirectories(folder.resolve("data"));
        Path config = Files.writeString(folder.resolve("config.yml"), """
                version: 0.1
                log: {level: warn}
                storage:
                  filesystem: {rootdirectory: %s}
                  delete: {enabled: true}
                http: {addr: 127.0.0.1:%d}
                """.formatted(folder.resolve("data"), port));
        Process process = new ProcessBuilder("docker-registry", "serve", config.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
        Awaitility.await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(20)).until(() -> {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                return true;
            } catch (IOException e) {
                return false;
            }
        });
        return new LocalRegistry(process, port, folder);
    }

    /// `127.0.0.1:port/rest`
    String name(String rest) {
        return "127.0.0.1:" + port + "/" + rest;
    }

    /// Pushes an OCI archive.
    void push(Path archive, String name, String... options) throws Exception {
        List<String> command = new ArrayList<>(List.of("skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false"));
        command.addAll(List.of(options));
        command.add("oci-archive:" + archive);
        command.add("docker://" + name(name));
        Shell.run(command.toArray(String[]::new));
    }

    /// Changes a byte in the middle of the blob whose digest begins so.
    void damage(String shortDigest) throws IOException {
        try (var files = Files.walk(folder.resolve("data/docker/registry/v2/blobs"))) {
            Path blob = files.filter(file -> file.endsWith("data") && file.getParent().getFileName().toString().startsWith(shortDigest))
                    .findFirst().orElseThrow();
            byte[] content = Files.readAllBytes(blob);
            content[content.length / 2] ^= 1;
            Files.write(blob, content);
        }
    }

    /// How many blobs of the registry begin with these bytes.
    long blobsStartingWith(int... start) throws IOException {
        try (var files = Files.walk(folder.resolve("data/docker/registry/v2/blobs"))) {
            return files.filter(file -> file.endsWith("data")).filter(file -> {
                try (var in = Files.newInputStream(file)) {
                    for (int expected : start) {
                        if (in.read() != expected) {
                            return false;
                        }
                    }
                    return true;
                } catch (IOException e) {
                    return false;
                }
            }).count();
        }
    }

    @Override
    public void close() throws Exception {
        process.destroy();
        if (!process.waitFor(5, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
    }
}
