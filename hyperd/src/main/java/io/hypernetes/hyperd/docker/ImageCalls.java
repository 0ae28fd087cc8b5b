package io.hypernetes.hyperd.docker;

import io.hypernetes.hyperd.docker.http.HttpExchange;
import io.hypernetes.images.Image;
import io.hypernetes.images.ImageException;
import io.hypernetes.images.ImageStore;
import io.hypernetes.images.PullProgress;
import io.hypernetes.images.RegistryCredentials;
import io.hypernetes.images.Requester;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// The calls that concern images. Safe for use by many threads.
final class ImageCalls {
    private static final JsonMapper JSON = new JsonMapper();
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private final DockerHouse house;
    private final DockerContainers containers;
    private final Path uploads;

    ImageCalls(DockerHouse house, DockerContainers containers, Path uploads) {
        this.house = house;
        this.containers = containers;
        this.uploads = uploads;
    }

    /// False when it is none of its calls.
    boolean handle(String call, HttpExchange exchange) throws IOException, InterruptedException {
        String name = call.replaceFirst("^[A-Z]+ /images/", "").replaceFirst("/json$", "");
        switch (call) {
            case "GET /images/json" -> json(exchange, list(exchange));
            case "POST /images/load" -> load(exchange);
            case "POST /images/create" -> pull(exchange);
            case "POST /images/prune" -> prune(exchange);
            case "GET /images/get" -> save(exchange, exchange.queries("names"));
            default -> {
                if (call.startsWith("POST ") && call.endsWith("/tag")) {
                    tag(exchange, name.replaceFirst("/tag$", ""));
                } else if (call.startsWith("GET ") && call.endsWith("/history")) {
                    json(exchange, history(name.replaceFirst("/history$", "")));
                } else if (call.startsWith("GET ") && call.endsWith("/get")) {
                    save(exchange, List.of(name.replaceFirst("/get$", "")));
                } else if (call.startsWith("GET ") && call.endsWith("/json")) {
                    json(exchange, inspect(name));
                } else if (call.startsWith("DELETE ")) {
                    remove(exchange, name);
                } else {
                    return false;
                }
            }
        }
        return true;
    }

    private static void json(HttpExchange exchange, Object tree) throws IOException {
        exchange.answer(200, "application/json", JSON.writeValueAsBytes(tree));
    }

    private Image get(String name) {
        return house.images().find(name).orElseThrow(() -> new DockerFailure(404, "No such image: " + name));
    }

    /// A name as users write it.
    static String familiar(String name) {
        return name.startsWith("docker.io/library/") ? name.substring(18) : name.startsWith("docker.io/") ? name.substring(10) : name;
    }

    private ArrayNode list(HttpExchange exchange) {
        Filters filters = Filters.parse(exchange.query("filters"), "reference", "dangling", "label");
        ArrayNode list = NODES.arrayNode();
        for (Image image : house.images().list()) {
            List<String> tags = image.tags().stream().map(ImageCalls::familiar).toList();
            List<String> wanted = filters.wanted().getOrDefault("reference", List.of());
            if (!wanted.isEmpty() && tags.stream().noneMatch(tag -> wanted.stream().anyMatch(wish -> tag.equals(wish) || tag.startsWith(wish + ":")))) {
                continue;
            }
            if (!filters.labels(image.config().labels())) {
                continue;
            }
            if (filters.has("dangling") && filters.wanted().getOrDefault("dangling", List.of()).contains("true") != tags.isEmpty()) {
                continue;
            }
            list.add(row(image));
        }
        return list;
    }

    /// A line of `docker images`.
    ObjectNode row(Image image) {
        ObjectNode row = NODES.objectNode().put("Id", image.id()).put("ParentId", "").put("Created", seconds(configuration(image).path("created").asString("")))
                .put("Size", image.sizeBytes()).put("SharedSize", -1).put("Containers", -1);
        image.tags().stream().map(ImageCalls::familiar).forEach(row.putArray("RepoTags")::add);
        image.digests().stream().map(ImageCalls::familiar).forEach(row.putArray("RepoDigests")::add);
        row.set("Labels", JSON.valueToTree(image.config().labels()));
        return row;
    }

    private ObjectNode inspect(String name) {
        Image image = get(name);
        ObjectNode json = NODES.objectNode().put("Id", image.id()).put("Os", "linux").put("Architecture", "amd64").put("Size", image.sizeBytes());
        json.put("Created", configuration(image).path("created").asString("1970-01-01T00:00:00Z"));
        image.tags().stream().map(ImageCalls::familiar).forEach(json.putArray("RepoTags")::add);
        image.digests().stream().map(ImageCalls::familiar).forEach(json.putArray("RepoDigests")::add);
        ObjectNode config = json.putObject("Config").put("User", image.config().user()).put("WorkingDir", image.config().workingDirectory());
        image.config().entrypoint().forEach(config.putArray("Entrypoint")::add);
        image.config().command().forEach(config.putArray("Cmd")::add);
        image.config().environment().forEach(config.putArray("Env")::add);
        ObjectNode ports = config.putObject("ExposedPorts");
        image.config().exposedPorts().forEach(ports::putObject);
        ObjectNode volumes = config.putObject("Volumes");
        image.config().volumes().forEach(volumes::putObject);
        JsonNode health = configuration(image).path("config").path("Healthcheck");
        if (health.isObject()) {
            config.set("Healthcheck", health);
        }
        config.set("Labels", JSON.valueToTree(image.config().labels()));
        ArrayNode layers = json.putObject("RootFS").put("Type", "layers").putArray("Layers");
        image.layers().forEach(layer -> layers.add(layer.diffId()));
        return json;
    }

    private void remove(HttpExchange exchange, String name) throws IOException {
        Image image = get(name);
        List<String> users = containers.list().stream().map(DockerContainer::record).filter(record -> record.imageId().equals(image.id())).map(DockerRecord::name).toList();
        try {
            house.images().remove(name);
        } catch (ImageException failure) {
            if (failure.reason() != ImageException.Reason.IN_USE || users.isEmpty()) {
                throw failure;
            }
            throw new DockerFailure(409, "conflict: unable to remove image " + name + ": containers use it: docker rm " + String.join(" ", users) + " first");
        }
        ArrayNode answer = NODES.arrayNode();
        answer.addObject().put("Untagged", name);
        if (house.images().find(image.id()).isEmpty()) {
            answer.addObject().put("Deleted", image.id());
        }
        json(exchange, answer);
    }

    private void tag(HttpExchange exchange, String name) throws IOException {
        get(name);
        String tag = exchange.query("tag");
        house.images().tag(name, exchange.query("repo") + ":" + (tag.isEmpty() ? "latest" : tag));
        exchange.answer(201, "application/json", new byte[0]);
    }

    private void save(HttpExchange exchange, List<String> names) throws IOException {
        for (String name : names) {
            get(name);
        }
        // What is missing is told before the first byte, so the answer begins with it.
        house.images().save(names, ImageStore.ArchiveFormat.OCI, new OutputStream() {
            private @Nullable OutputStream out;

            @Override
            public void write(int value) throws IOException {
                write(new byte[] {(byte) value}, 0, 1);
            }

            @Override
            public void write(byte[] from, int offset, int length) throws IOException {
                OutputStream to = out;
                if (to == null) {
                    to = exchange.stream(200, "application/x-tar", Map.of());
                    out = to;
                }
                to.write(from, offset, length);
            }
        });
    }

    private void prune(HttpExchange exchange) throws IOException {
        Pruning pruning = Pruning.parse(exchange.query("filters"), Instant.now(house.clock()), "dangling", "label", "label!", "until");
        boolean all = pruning.filters().wanted().getOrDefault("dangling", List.of()).stream().anyMatch(value -> value.equals("false") || value.equals("0"));
        ObjectNode answer = NODES.objectNode();
        ArrayNode deleted = answer.putArray("ImagesDeleted");
        long bytes = 0;
        for (Image image : house.images().prune(image -> (all || image.tags().isEmpty()) && pruning.means(image.config().labels(), created(image)))) {
            image.tags().forEach(tag -> deleted.addObject().put("Untagged", familiar(tag)));
            deleted.addObject().put("Deleted", image.id());
            bytes += image.sizeBytes();
        }
        json(exchange, answer.put("SpaceReclaimed", bytes));
    }

    private JsonNode configuration(Image image) {
        return JSON.readTree(house.images().configuration(image.id()));
    }

    private ArrayNode history(String name) {
        Image image = get(name);
        ArrayNode steps = NODES.arrayNode();
        for (JsonNode step : configuration(image).path("history")) {
            steps.insertObject(0).put("Id", "<missing>").put("Created", seconds(step.path("created").asString("")))
                    .put("CreatedBy", step.path("created_by").asString("")).put("Comment", step.path("comment").asString("")).put("Size", 0)
                    .putNull("Tags");
        }
        if (steps.isEmpty()) {
            steps.addObject().put("CreatedBy", "").put("Created", 0).put("Size", image.sizeBytes()).put("Comment", "").putNull("Tags");
        }
        ((ObjectNode) steps.get(0)).put("Id", image.id());
        return steps;
    }

    private @Nullable Instant created(Image image) {
        return instant(configuration(image).path("created").asString(""));
    }

    private static long seconds(String time) {
        Instant known = instant(time);
        return known == null ? 0 : known.getEpochSecond();
    }

    private static @Nullable Instant instant(String time) {
        try {
            return OffsetDateTime.parse(time).toInstant();
        } catch (DateTimeParseException unknown) {
            return null;
        }
    }

    private void load(HttpExchange exchange) throws IOException {
        Path upload = Files.createTempFile(uploads, "load-", ".tar");
        try {
            Files.copy(exchange.body(), upload, StandardCopyOption.REPLACE_EXISTING);
            StringBuilder lines = new StringBuilder();
            String name = exchange.query("name");
            for (Image image : loaded(upload, name.isEmpty() ? null : name)) {
                String shown = image.tags().isEmpty() ? image.id() : String.join(", ", image.tags());
                lines.append(JSON.writeValueAsString(NODES.objectNode().put("stream", "Loaded image: " + shown + "\n"))).append("\r\n");
            }
            exchange.answer(200, "application/json", lines.toString().getBytes(StandardCharsets.UTF_8));
        } finally {
            Files.deleteIfExists(upload);
        }
    }

    // Where the upload lies says nothing to who sent it.
    private List<Image> loaded(Path upload, @Nullable String name) {
        try {
            return house.images().load(upload, name, PullProgress.NONE);
        } catch (ImageException failure) {
            throw new DockerFailure(status(failure.reason()), "what was sent cannot be loaded: " + String.valueOf(failure.getMessage()).replace("loading " + upload + ": ", "")
                    + "; docker load takes what docker save writes, or an OCI layout in a tar");
        }
    }

    /// Latest news of each layer, written by one thread.
    private static final class Layers implements PullProgress {
        private final Map<String, ObjectNode> fresh = new LinkedHashMap<>();

        @Override
        public synchronized void update(String layer, Step step, long doneBytes, long totalBytes) {
            ObjectNode line = NODES.objectNode().put("id", layer);
            switch (step) {
                case DOWNLOADING -> line.put("status", "Downloading").putObject("progressDetail").put("current", doneBytes).put("total", totalBytes);
                case CONVERTING -> line.put("status", "Extracting").putObject("progressDetail");
                case READY -> line.put("status", "Pull complete").putObject("progressDetail");
            }
            fresh.put(layer, line);
        }

        synchronized List<ObjectNode> take() {
            List<ObjectNode> lines = List.copyOf(fresh.values());
            fresh.clear();
            return lines;
        }
    }

    private void pull(HttpExchange exchange) throws IOException, InterruptedException {
        if (!exchange.query("fromSrc").isEmpty()) {
            throw DockerFailure.later("docker import cannot be had yet: docker load takes images with their layers, as docker save writes them");
        }
        String image = exchange.query("fromImage");
        String tag = exchange.query("tag");
        if (image.isEmpty()) {
            throw new DockerFailure(400, "fromImage is empty: name the image to pull");
        }
        Platforms.refuseForeign(exchange.query("platform"));
        String reference = tag.isEmpty() ? image : image + (tag.startsWith("sha256:") ? "@" : ":") + tag;
        RegistryCredentials credentials = credentials(exchange.header("x-registry-auth"));
        boolean known = house.images().find(reference).isPresent();
        Layers layers = new Layers();
        CompletableFuture<Image> pulling = new CompletableFuture<>();
        Thread.ofVirtual().name("docker-pull").start(() -> {
            try {
                pulling.complete(house.images().pull(reference, credentials, Requester.OPERATOR, layers));
            } catch (RuntimeException failure) {
                pulling.completeExceptionally(failure);
            }
        });
        OutputStream out = null;
        Image pulled = null;
        while (pulled == null) {
            try {
                pulled = pulling.get(100, TimeUnit.MILLISECONDS);
            } catch (TimeoutException under) {
                // Its progress is told below.
            } catch (ExecutionException failure) {
                String why = String.valueOf(failure.getCause() == null ? failure : failure.getCause().getMessage());
                if (out == null && failure.getCause() instanceof RuntimeException cause) {
                    throw cause;
                }
                if (out != null) {
                    ObjectNode line = NODES.objectNode().put("error", why);
                    line.putObject("errorDetail").put("message", why);
                    write(out, line);
                }
                return;
            }
            List<ObjectNode> news = layers.take();
            if (out == null && (pulled != null || !news.isEmpty())) {
                out = exchange.stream(200, "application/json", Map.of());
                write(out, NODES.objectNode().put("status", "Pulling from " + image).put("id", tag.isEmpty() ? "latest" : tag));
            }
            if (out != null) {
                for (ObjectNode line : news) {
                    write(out, line);
                }
            }
        }
        if (out != null) {
            String digest = pulled.digests().isEmpty() ? pulled.id() : pulled.digests().getFirst().replaceFirst("^.*@", "");
            write(out, NODES.objectNode().put("status", "Digest: " + digest));
            write(out, NODES.objectNode().put("status", "Status: " + (known ? "Image is up to date for " : "Downloaded newer image for ") + reference));
        }
        house.events().publish(new DockerEvents.Event("image", "pull", reference, Map.of("name", reference), house.now()));
    }

    private static @Nullable RegistryCredentials credentials(String header) {
        if (header.isEmpty()) {
            return null;
        }
        try {
            JsonNode auth = JSON.readTree(Base64.getUrlDecoder().decode(header.replace("=", "")));
            String user = auth.path("username").asString("");
            return user.isEmpty() ? null : new RegistryCredentials(user, auth.path("password").asString(""));
        } catch (IllegalArgumentException wrong) {
            throw new DockerFailure(400, "the credentials of the request are not base64");
        }
    }

    private static void write(OutputStream out, ObjectNode line) throws IOException {
        out.write((JSON.writeValueAsString(line) + "\r\n").getBytes(StandardCharsets.UTF_8));
    }

    static int status(ImageException.Reason reason) {
        return switch (reason) {
            case INVALID_REFERENCE, CORRUPT -> 400;
            case NOT_FOUND -> 404;
            case UNAUTHORIZED -> 401;
            case IN_USE -> 409;
            case TOO_LARGE -> 413;
            case UNREACHABLE -> 502;
            case NO_SPACE -> 507;
        };
    }
}
