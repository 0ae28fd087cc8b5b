package io.hypernetes.hyperd;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// The stock docker client against the socket of a [LabNode].
public final class DockerClient {
    private static final int SECONDS = 120;

    private final Path root;

    DockerClient(Path root) {
        this.root = root;
    }

    /// One finished run of it.
    record Ran(List<String> command, int code, String out, String err) {
        /// The output, after checking that it succeeded.
        String ok() {
            if (code != 0) {
                throw new AssertionError(this);
            }
            return out;
        }
    }

    List<String> command(String... arguments) {
        List<String> command = new ArrayList<>(List.of("docker", "-H", "unix://" + root.resolve("run/docker.sock")));
        command.addAll(List.of(arguments));
        return command;
    }

    Ran run(String... arguments) {
        try {
            ProcessBuilder builder = new ProcessBuilder(command(arguments)).redirectInput(Path.of("/dev/null").toFile());
            builder.environment().put("HOME", root.toString());
            Process process = builder.start();
            CompletableFuture<String> out = text(process.getInputStream());
            CompletableFuture<String> err = text(process.getErrorStream());
            if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError(String.join(" ", arguments) + " did not end within " + SECONDS + " s; it printed: " + out.join() + err.join());
            }
            return new Ran(builder.command(), process.exitValue(), out.join(), err.join());
        } catch (IOException | InterruptedException failure) {
            throw new AssertionError(failure);
        }
    }

    /// The output of a run that must succeed.
    String ok(String... arguments) {
        return run(arguments).ok();
    }

    private static CompletableFuture<String> text(InputStream from) {
        CompletableFuture<String> text = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                text.complete(new String(from.readAllBytes(), StandardCharsets.UTF_8));
            } catch (IOException failure) {
                text.completeExceptionally(failure);
            }
        });
        return text;
    }
}
