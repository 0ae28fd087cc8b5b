package io.hypernetes.network.cni;

import io.hypernetes.network.NetworkException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Runs plugins: programs that are given a configuration on standard input and answer with JSON. Time and answer are bounded.
final class CniPlugins {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int MOST_ANSWER = 1 << 20;
    private static final long SECONDS = 120;
    private static final Executor READERS = task -> Thread.ofVirtual().name("cni-output").start(task);

    private final List<Path> folders;

    CniPlugins(List<Path> folders) {
        this.folders = folders;
    }

    /// @param environment CNI's variables but for the path
    /// @return the answer, empty when the plugin printed nothing
    /// @throws NetworkException with the plugin's own words when it fails
    Optional<JsonNode> run(String type, Map<String, String> environment, String request) {
        String what = "CNI plugin " + type + ", " + environment.get("CNI_COMMAND") + " for sandbox "
                + environment.getOrDefault("CNI_CONTAINERID", "none");
        ProcessBuilder builder = new ProcessBuilder(find(type).toString());
        String path = builder.environment().getOrDefault("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        builder.environment().clear();
        builder.environment().put("PATH", path);
        builder.environment().putAll(environment);
        builder.environment().put("CNI_PATH", folders.stream().map(Path::toString).collect(Collectors.joining(":")));
        try {
            Process process = builder.start();
            try {
                CompletableFuture<byte[]> answer = reading(process.getInputStream());
                CompletableFuture<byte[]> complaint = reading(process.getErrorStream());
                try (OutputStream to = process.getOutputStream()) {
                    to.write(request.getBytes(StandardCharsets.UTF_8));
                } catch (IOException ended) {
                    // It did not read to the end; its exit code and complaint tell why.
                }
                if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
                    throw new NetworkException(what + ": did not end within " + SECONDS + " s and was killed");
                }
                byte[] printed = answer.get(SECONDS, TimeUnit.SECONDS);
                if (process.exitValue() != 0) {
                    throw new NetworkException(what + " failed: " + reason(printed, complaint.get(SECONDS, TimeUnit.SECONDS)));
                }
                return parsed(what, printed);
            } finally {
                process.destroyForcibly();
            }
        } catch (IOException failure) {
            throw new NetworkException(what + ": cannot be run: " + failure.getMessage(), failure);
        } catch (ExecutionException | TimeoutException failure) {
            throw new NetworkException(what + ": its answer could not be read: " + failure.getMessage(), failure);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new NetworkException(what + ": interrupted", interrupted);
        }
    }

    /// @throws NetworkException when there is none
    Path find(String type) {
        for (Path folder : folders) {
            Path program = folder.resolve(type);
            if (Files.isExecutable(program) && Files.isRegularFile(program)) {
                return program;
            }
        }
        throw new NetworkException("there is no CNI plugin " + type + " in " + folders + "; install it, for example with containernetworking-plugins");
    }

    private static CompletableFuture<byte[]> reading(InputStream from) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        byte[] kept = from.readNBytes(MOST_ANSWER);
                        // Whoever writes on must not stand still.
                        from.transferTo(OutputStream.nullOutputStream());
                        return kept;
                    } catch (IOException ended) {
                        return new byte[0];
                    }
                },
                READERS);
    }

    private static Optional<JsonNode> parsed(String what, byte[] printed) {
        String text = new String(printed, StandardCharsets.UTF_8).strip();
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(JSON.readTree(text));
        } catch (JacksonException wrong) {
            throw new NetworkException(what + " answered with what is no JSON: " + wrong.getOriginalMessage(), wrong);
        }
    }

    private static String reason(byte[] printed, byte[] complaint) {
        String text = new String(printed, StandardCharsets.UTF_8).strip();
        try {
            JsonNode error = JSON.readTree(text);
            if (error.hasNonNull("msg")) {
                String details = error.path("details").asString("");
                return error.path("msg").asString() + (details.isEmpty() ? "" : " (" + details + ")") + ", code " + error.path("code").asInt();
            }
        } catch (JacksonException plain) {
            // It said why in its own way.
        }
        String said = (text + " " + new String(complaint, StandardCharsets.UTF_8).strip()).strip();
        return said.length() > 1000 ? said.substring(0, 1000) + "…" : said;
    }
}
