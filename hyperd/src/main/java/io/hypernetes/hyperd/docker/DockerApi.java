package io.hypernetes.hyperd.docker;

import io.hypernetes.images.Image;
import io.hypernetes.images.ImageException;
import io.hypernetes.images.ImageStore;
import io.hypernetes.images.PullProgress;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// The calls of the Docker Engine API 1.48 that concern images. Safe for use by many threads.
final class DockerApi {
    /// The API version spoken; clients negotiate down to it.
    static final String VERSION = "1.48";

    private static final Pattern VERSIONED = Pattern.compile("/v[0-9.]+(/.*)");
    private static final Pattern IMAGE = Pattern.compile("/images/(.+)");
    private static final JsonMapper JSON = new JsonMapper();
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private final ImageStore images;
    private final Path scratch;

    DockerApi(ImageStore images, Path scratch) {
        this.images = images;
        this.scratch = scratch;
    }

    /// What goes back to the client.
    record Answer(int status, String contentType, byte[] body) {

        static Answer json(int status, Object tree) {
            return new Answer(status, "application/json", JSON.writeValueAsBytes(tree));
        }

        static Answer text(String text) {
            return new Answer(200, "text/plain; charset=utf-8", text.getBytes(StandardCharsets.UTF_8));
        }

        static Answer error(int status, String message) {
            return json(status, NODES.objectNode().put("message", message));
        }
    }

    /// Answers one request.
    ///
    /// @throws IOException when the client goes away while its body is read
    Answer answer(String method, String path, Map<String, List<String>> query, InputStream body) throws IOException {
        Matcher versioned = VERSIONED.matcher(path);
        String call = method + " " + (versioned.matches() ? versioned.group(1) : path);
        try {
            return switch (call) {
                case "GET /_ping", "HEAD /_ping" -> Answer.text("OK");
                case "GET /version" -> Answer.json(200, version());
                case "GET /images/json" -> Answer.json(200, list());
                case "POST /images/load" -> load(body, first(query, "name"));
                case "POST /images/create" -> pull(first(query, "fromImage"), first(query, "tag"));
                default -> onImage(call);
            };
        } catch (ImageException e) {
            return Answer.error(status(e.reason()), String.valueOf(e.getMessage()));
        }
    }

    private Answer onImage(String call) {
        int space = call.indexOf(' ');
        Matcher image = IMAGE.matcher(call.substring(space + 1));
        if (call.startsWith("DELETE ") && image.matches()) {
            String name = image.group(1);
            if (images.find(name).isEmpty()) {
                return Answer.error(404, "No such image: " + name);
            }
            images.remove(name);
            return Answer.json(200, NODES.arrayNode().add(NODES.objectNode().put("Untagged", name)));
        }
        return Answer.error(501, "hyperd does not answer " + call + " yet; images work through Docker, pods through CRI and Kubernetes");
    }

    private static ObjectNode version() {
        return NODES.objectNode()
                .put("Version", "0.1.0")
                .put("ApiVersion", VERSION)
                .put("MinAPIVersion", "1.24")
                .put("Os", "linux")
                .put("Arch", "amd64")
                .put("KernelVersion", System.getProperty("os.version"))
                .set("Platform", NODES.objectNode().put("Name", "Hypernetes hyperd"));
    }

    private ArrayNode list() {
        ArrayNode list = NODES.arrayNode();
        for (Image image : images.list()) {
            ObjectNode entry = list.addObject();
            entry.put("Id", image.id()).put("ParentId", "").put("Created", 0).put("Size", image.sizeBytes());
            entry.put("SharedSize", -1).put("Containers", -1);
            image.tags().forEach(entry.putArray("RepoTags")::add);
            image.digests().forEach(entry.putArray("RepoDigests")::add);
            entry.set("Labels", JSON.valueToTree(image.config().labels()));
        }
        return list;
    }

    private Answer load(InputStream body, String name) throws IOException {
        Path upload = Files.createTempFile(scratch, "load-", ".tar");
        try {
            Files.copy(body, upload, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
            StringBuilder lines = new StringBuilder();
            for (Image image : images.load(upload, name.isEmpty() ? null : name, PullProgress.NONE)) {
                String shown = image.tags().isEmpty() ? image.id() : String.join(", ", image.tags());
                line(lines, NODES.objectNode().put("stream", "Loaded image: " + shown + "\n"));
            }
            return new Answer(200, "application/json", lines.toString().getBytes(StandardCharsets.UTF_8));
        } finally {
            Files.deleteIfExists(upload);
        }
    }

    private Answer pull(String image, String tag) {
        if (image.isEmpty()) {
            return Answer.error(400, "fromImage is empty: name the image to pull");
        }
        String reference = tag.isEmpty() ? image : image + (tag.startsWith("sha256:") ? "@" : ":") + tag;
        Image pulled = images.pull(reference, null, PullProgress.NONE);
        StringBuilder lines = new StringBuilder();
        line(lines, NODES.objectNode().put("status", "Digest: " + (pulled.digests().isEmpty() ? pulled.id() : pulled.digests().getFirst())));
        line(lines, NODES.objectNode().put("status", "Status: image is up to date for " + reference));
        return new Answer(200, "application/json", lines.toString().getBytes(StandardCharsets.UTF_8));
    }

    private static void line(StringBuilder lines, ObjectNode line) {
        lines.append(JSON.writeValueAsString(line)).append("\r\n");
    }

    private static String first(Map<String, List<String>> query, String name) {
        List<String> values = query.getOrDefault(name, List.of());
        return values.isEmpty() ? "" : values.getFirst();
    }

    private static int status(ImageException.Reason reason) {
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
