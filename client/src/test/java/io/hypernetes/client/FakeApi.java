package io.hypernetes.client;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// A small API server in memory for tests: tenants, generic objects, list, watch with bookmarks, status, merge patch,
/// pod binding, graceful pod deletion, finalizers. Of all that it is sent it checks statuses alone.
public final class FakeApi implements AutoCloseable {
    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final FakeObjects objects = new FakeObjects();
    private final List<String> requests = new ArrayList<>();
    private final Map<String, String> documents = new java.util.concurrent.ConcurrentHashMap<>();
    private final Map<String, Integer> failures = new HashMap<>();
    private final List<ObjectNode> deletions = new java.util.concurrent.CopyOnWriteArrayList<>();
    private volatile Consumer<String> beforeAnswers = request -> {};

    public FakeApi() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        server.start();
    }

    public URI uri() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    public Client client() {
        return new Client(uri(), null, "test");
    }

    /// Every `METHOD path` so far.
    public synchronized List<String> requests() {
        return List.copyOf(requests);
    }

    /// Why statuses were refused: a controller that tells what cannot be has a bug, even when it thinks better of it later.
    public List<String> invalid() {
        return objects.invalid();
    }

    /// The next `times` requests whose `METHOD path` contains `part` fail with this code.
    public synchronized void failNext(String part, int code, int times) {
        failures.put(part + "\0" + code, times);
    }

    /// Does something with each `METHOD path` before it is answered, on a thread of its own.
    public void beforeAnswers(Consumer<String> action) {
        beforeAnswers = action;
    }

    /// Answers with a document wherever a path of no kind that is known here ends so.
    public void document(String end, String json) {
        documents.put(end, json);
    }

    /// What was said of how to delete, each time.
    public List<ObjectNode> deletions() {
        return List.copyOf(deletions);
    }

    /// Forgets history, so that older resourceVersions answer 410, and ends the watches.
    public void compact() {
        objects.compact();
    }

    /// Ends every watch in order.
    public void breakWatches() {
        objects.breakWatches();
    }

    /// Removes an object, as a forced deletion would.
    public void remove(Kind<?> kind, ObjectKey key) {
        objects.remove(FakePath.of(kind, key));
    }

    @Override
    public void close() {
        breakWatches();
        server.stop(0);
        threads.shutdownNow();
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            String request = exchange.getRequestMethod() + " " + exchange.getRequestURI();
            try {
                refuseIfAsked(request);
                beforeAnswers.accept(request);
                serve(exchange);
            } catch (FakeObjects.Refused refused) {
                refuse(exchange, refused.code, refused.reason, String.valueOf(refused.getMessage()));
            } catch (RuntimeException fault) {
                fault.printStackTrace();
                refuse(exchange, 500, "InternalError", String.valueOf(fault));
            }
        }
    }

    private synchronized void refuseIfAsked(String request) {
        requests.add(request);
        for (Map.Entry<String, Integer> failure : failures.entrySet()) {
            String[] rule = failure.getKey().split("\0");
            if (failure.getValue() > 0 && request.contains(rule[0])) {
                failure.setValue(failure.getValue() - 1);
                throw new FakeObjects.Refused(Integer.parseInt(rule[1]), rule[1].equals("409") ? "Conflict" : "InternalError", "made to fail");
            }
        }
    }

    private void serve(HttpExchange exchange) throws IOException {
        FakePath path = FakePath.parse(exchange.getRequestURI().getPath());
        if (path == null) {
            discovery(exchange);
            return;
        }
        String method = exchange.getRequestMethod();
        Map<String, String> query = query(exchange.getRequestURI().getRawQuery());
        byte[] body = exchange.getRequestBody().readAllBytes();
        switch (method) {
            case "GET" -> {
                if (!path.name().isEmpty()) {
                    answer(exchange, 200, objects.get(path));
                } else if (query.containsKey("watch")) {
                    watch(exchange, path, query);
                } else {
                    list(exchange, path, query);
                }
            }
            case "POST" -> post(exchange, path, tree(body));
            case "PUT" -> answer(exchange, 200, objects.replace(path, tree(body)));
            case "PATCH" -> answer(exchange, 200, objects.merge(path, tree(body)));
            case "DELETE" -> {
                ObjectNode options = body.length == 0 ? Json.MAPPER.createObjectNode() : tree(body);
                deletions.add(options);
                if (path.name().isEmpty()) {
                    deleteCollection(exchange, path, query, options);
                } else {
                    objects.delete(path, options);
                    answer(exchange, 200, success());
                }
            }
            default -> refuse(exchange, 405, "MethodNotAllowed", method);
        }
    }

    private void discovery(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        ObjectNode answer = Json.MAPPER.createObjectNode();
        for (Map.Entry<String, String> document : documents.entrySet()) {
            if (path.endsWith(document.getKey())) {
                answer(exchange, 200, tree(document.getValue().getBytes(java.nio.charset.StandardCharsets.UTF_8)));
                return;
            }
        }
        if (path.endsWith("/api/v1")) {
            ArrayNode resources = answer.putArray("resources");
            for (String[] kind : new String[][] {{"pods", "Pod"}, {"configmaps", "ConfigMap"}, {"secrets", "Secret"}, {"events", "Event"}, {"namespaces", "Namespace"}}) {
                ObjectNode resource = resources.addObject();
                resource.put("name", kind[0]).put("kind", kind[1]).put("namespaced", !kind[0].equals("namespaces"));
                resource.putArray("verbs").add("create").add("delete").add("deletecollection").add("get").add("list");
            }
        } else if (path.endsWith("/apis")) {
            ObjectNode group = answer.putArray("groups").addObject();
            group.put("name", "coordination.k8s.io");
            group.putObject("preferredVersion").put("groupVersion", "coordination.k8s.io/v1").put("version", "v1");
        } else if (path.endsWith("/apis/coordination.k8s.io/v1")) {
            ObjectNode resource = answer.putArray("resources").addObject();
            resource.put("name", "leases").put("kind", "Lease").put("namespaced", true);
            resource.putArray("verbs").add("delete").add("deletecollection").add("list");
        } else {
            refuse(exchange, 404, "NotFound", path);
            return;
        }
        answer(exchange, 200, answer);
    }

    private void list(HttpExchange exchange, FakePath path, Map<String, String> query) throws IOException {
        answer(exchange, 200, page(path, query, key -> {}));
    }

    private void deleteCollection(HttpExchange exchange, FakePath path, Map<String, String> query, ObjectNode options) throws IOException {
        List<String> found = new ArrayList<>();
        ObjectNode answer = page(path, query, found::add);
        found.forEach(key -> objects.deleteOne(path, key, options));
        answer(exchange, 200, answer);
    }

    private ObjectNode page(FakePath path, Map<String, String> query, Consumer<String> key) {
        ObjectNode answer = Json.MAPPER.createObjectNode();
        ArrayNode items = answer.putArray("items");
        Predicate<ObjectNode> filter = filter(query);
        SortedMap<String, ObjectNode> found = new TreeMap<>();
        long revision = objects.list(path, (name, object) -> {
            if (filter.test(object)) {
                found.put(name, shown(path, name, object));
            }
        });
        ObjectNode meta = answer.putObject("metadata").put("resourceVersion", String.valueOf(revision));
        long limit = Long.parseLong(query.getOrDefault("limit", "0"));
        String last = "";
        for (Map.Entry<String, ObjectNode> entry : found.tailMap(query.getOrDefault("continue", "") + "\0").entrySet()) {
            if (limit > 0 && items.size() == limit) {
                meta.put("continue", last);
                break;
            }
            last = entry.getKey();
            items.add(entry.getValue());
            key.accept(last);
        }
        return answer;
    }

    private static ObjectNode shown(FakePath path, String key, ObjectNode object) {
        if (!path.tenant().equals("*")) {
            return object;
        }
        ObjectNode copy = object.deepCopy();
        ((ObjectNode) copy.path("metadata")).withObject("annotations").put(ObjectKey.TENANT_ANNOTATION, FakePath.tenantOf(key));
        return copy;
    }

    private void watch(HttpExchange exchange, FakePath path, Map<String, String> query) throws IOException {
        BlockingQueue<FakeObjects.Change> changes = objects.watch(Long.parseLong(query.getOrDefault("resourceVersion", "0")));
        try {
            exchange.sendResponseHeaders(200, 0);
            Predicate<ObjectNode> filter = filter(query);
            OutputStream out = exchange.getResponseBody();
            out.flush();
            for (FakeObjects.Change change = changes.take(); !change.isEnd(); change = changes.take()) {
                boolean now = !change.type().equals("DELETED") && filter.test(change.object());
                boolean before = change.before() != null && filter.test(change.before());
                if (path.holds(change.key()) && (now || before)) {
                    ObjectNode event = Json.MAPPER.createObjectNode();
                    event.put("type", now ? before ? "MODIFIED" : "ADDED" : "DELETED");
                    event.set("object", shown(path, change.key(), change.object()));
                    out.write(Json.write(event));
                    out.write('\n');
                    out.flush();
                }
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } finally {
            objects.endWatch(changes);
        }
    }

    private void post(HttpExchange exchange, FakePath path, ObjectNode body) throws IOException {
        if (path.subresource().equals("binding")) {
            objects.bind(path, body.path("target").path("name").asString());
            answer(exchange, 201, success());
        } else {
            objects.create(path, body);
            answer(exchange, 201, body);
        }
    }

    private static ObjectNode success() {
        return Json.MAPPER.createObjectNode().put("kind", "Status").put("status", "Success");
    }

    private static Predicate<ObjectNode> filter(Map<String, String> query) {
        Predicate<ObjectNode> filter = object -> true;
        String fields = query.getOrDefault("fieldSelector", "");
        for (String term : fields.isEmpty() ? new String[0] : fields.split(",")) {
            boolean not = term.contains("!=");
            String[] pair = term.split(not ? "!=" : "=", -1);
            filter = filter.and(object -> {
                JsonNode at = object;
                for (String step : pair[0].split("\\.")) {
                    at = at.path(step);
                }
                return at.asString("").equals(pair[1]) != not;
            });
        }
        return filter;
    }

    private static ObjectNode tree(byte[] body) {
        return (ObjectNode) Json.MAPPER.readTree(body);
    }

    private static Map<String, String> query(@Nullable String raw) {
        Map<String, String> query = new HashMap<>();
        for (String pair : raw == null ? new String[0] : raw.split("&")) {
            int equals = pair.indexOf('=');
            query.put(equals < 0 ? pair : pair.substring(0, equals),
                    equals < 0 ? "" : URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
        }
        return query;
    }

    private static void refuse(HttpExchange exchange, int code, String reason, String message) throws IOException {
        answer(exchange, code, Json.MAPPER.createObjectNode()
                .put("kind", "Status").put("apiVersion", "v1").put("status", "Failure")
                .put("code", code).put("reason", reason).put("message", message));
    }

    private static void answer(HttpExchange exchange, int code, JsonNode body) throws IOException {
        byte[] bytes = Json.write(body);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(code, bytes.length);
        exchange.getResponseBody().write(bytes);
    }
}
