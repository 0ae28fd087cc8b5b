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
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// A small API server in memory for tests: tenants, generic objects, list, watch with bookmarks, status, merge patch,
/// pod binding, graceful pod deletion, finalizers. Validates nothing.
public final class FakeApi implements AutoCloseable {
    private record Path(String tenant, String prefix, String plural, String namespace, String name, String subresource) {
        String kindKey() {
            return prefix + "/" + plural;
        }
    }

    private record Change(long revision, String type, String tenant, String kindKey, ObjectNode object, @Nullable ObjectNode before) {}

    private record Watcher(LinkedBlockingQueue<Change> queue) {}

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Map<String, ObjectNode> objects = new TreeMap<>();
    private final List<Change> history = new ArrayList<>();
    private final Set<Watcher> watchers = new HashSet<>();
    private final List<String> requests = new ArrayList<>();
    private final Map<String, Integer> failures = new HashMap<>();
    private volatile Consumer<String> beforeAnswers = request -> {};
    private long revision = 100;
    private long oldest;

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

    /// The next `times` requests whose `METHOD path` contains `part` fail with this code.
    public synchronized void failNext(String part, int code, int times) {
        failures.put(part + "\0" + code, times);
    }

    /// Does something with each `METHOD path` before it is answered, on a thread of its own.
    public void beforeAnswers(Consumer<String> action) {
        beforeAnswers = action;
    }

    /// Forgets history, so that older resourceVersions answer 410, and ends the watches.
    public synchronized void compact() {
        oldest = revision;
        history.clear();
        breakWatches();
    }

    /// Ends every watch in order.
    public synchronized void breakWatches() {
        Change end = new Change(0, "", "", "", Json.MAPPER.createObjectNode(), null);
        watchers.forEach(watcher -> watcher.queue.add(end));
    }

    /// Removes an object, as a forced deletion would.
    public synchronized void remove(Kind<?> kind, ObjectKey key) {
        String at = keyOf(key.tenant(), prefixOf(kind) + "/" + kind.plural(), key.namespace(), key.name());
        ObjectNode gone = objects.remove(at);
        if (gone != null) {
            publish("DELETED", key.tenant(), prefixOf(kind) + "/" + kind.plural(), gone, gone);
        }
    }

    @Override
    public void close() {
        breakWatches();
        server.stop(0);
        threads.shutdownNow();
    }

    private static String prefixOf(Kind<?> kind) {
        return kind.group().isEmpty() ? "/api/" + kind.version() : "/apis/" + kind.group() + "/" + kind.version();
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            String method = exchange.getRequestMethod();
            synchronized (this) {
                requests.add(method + " " + exchange.getRequestURI());
                for (Map.Entry<String, Integer> failure : failures.entrySet()) {
                    String[] rule = failure.getKey().split("\0");
                    if (failure.getValue() > 0 && (method + " " + exchange.getRequestURI()).contains(rule[0])) {
                        failure.setValue(failure.getValue() - 1);
                        refuse(exchange, Integer.parseInt(rule[1]), rule[1].equals("409") ? "Conflict" : "InternalError", "made to fail");
                        return;
                    }
                }
            }
            beforeAnswers.accept(method + " " + exchange.getRequestURI());
            Path path = parse(exchange.getRequestURI().getPath());
            if (path == null) {
                discovery(exchange);
                return;
            }
            Map<String, String> query = query(exchange.getRequestURI().getRawQuery());
            byte[] body = exchange.getRequestBody().readAllBytes();
            switch (method) {
                case "GET" -> {
                    if (!path.name.isEmpty()) {
                        get(exchange, path);
                    } else if (query.containsKey("watch")) {
                        watch(exchange, path, query);
                    } else {
                        list(exchange, path, query);
                    }
                }
                case "POST" -> post(exchange, path, tree(body));
                case "PUT" -> put(exchange, path, tree(body));
                case "PATCH" -> patch(exchange, path, tree(body));
                case "DELETE" -> delete(exchange, path, body.length == 0 ? Json.MAPPER.createObjectNode() : tree(body));
                default -> refuse(exchange, 405, "MethodNotAllowed", method);
            }
        } catch (RuntimeException fault) {
            fault.printStackTrace();
            refuse(exchange, 500, "InternalError", String.valueOf(fault));
        }
    }

    private @Nullable Path parse(String path) {
        String[] parts = path.split("/");
        if (parts.length < 5 || !parts[1].equals("tenants")) {
            return null;
        }
        String tenant = parts[2];
        int next = parts[3].equals("api") ? 5 : 6;
        String prefix = String.join("/", List.of(parts).subList(3, Math.min(next, parts.length)));
        if (parts.length <= next) {
            return null;
        }
        String namespace = "";
        if (parts[next].equals("namespaces") && parts.length > next + 2 && !parts[next + 2].equals("status") && !parts[next + 2].equals("finalize")) {
            namespace = parts[next + 1];
            next += 2;
        }
        String name = parts.length > next + 1 ? parts[next + 1] : "";
        String sub = parts.length > next + 2 ? parts[next + 2] : "";
        return new Path(tenant, "/" + prefix, parts[next], namespace, name, sub);
    }

    private void discovery(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        ObjectNode answer = Json.MAPPER.createObjectNode();
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

    private void get(HttpExchange exchange, Path path) throws IOException {
        ObjectNode found;
        synchronized (this) {
            found = objects.get(keyOf(path));
        }
        if (found == null) {
            notFound(exchange, path);
        } else {
            answer(exchange, 200, found);
        }
    }

    private void list(HttpExchange exchange, Path path, Map<String, String> query) throws IOException {
        ObjectNode answer = Json.MAPPER.createObjectNode();
        ArrayNode items = answer.putArray("items");
        Predicate<ObjectNode> filter = filter(query);
        synchronized (this) {
            answer.putObject("metadata").put("resourceVersion", String.valueOf(revision));
            objects.forEach((key, object) -> {
                if (matches(key, path) && filter.test(object)) {
                    items.add(shown(path, key, object));
                }
            });
        }
        answer(exchange, 200, answer);
    }

    private static ObjectNode shown(Path path, String key, ObjectNode object) {
        if (!path.tenant.equals("*")) {
            return object;
        }
        ObjectNode copy = object.deepCopy();
        ((ObjectNode) copy.path("metadata")).withObject("annotations").put(ObjectKey.TENANT_ANNOTATION, key.split("\0")[0]);
        return copy;
    }

    private void watch(HttpExchange exchange, Path path, Map<String, String> query) throws IOException {
        long from = Long.parseLong(query.getOrDefault("resourceVersion", "0"));
        Watcher watcher = new Watcher(new LinkedBlockingQueue<>());
        synchronized (this) {
            if (from < oldest) {
                refuse(exchange, 410, "Expired", "too old resource version: " + from);
                return;
            }
            history.stream().filter(change -> change.revision > from).forEach(watcher.queue::add);
            watchers.add(watcher);
        }
        exchange.sendResponseHeaders(200, 0);
        Predicate<ObjectNode> filter = filter(query);
        OutputStream out = exchange.getResponseBody();
        try {
            out.flush();
            while (true) {
                Change change = watcher.queue.poll(100, TimeUnit.MILLISECONDS);
                if (change == null) {
                    continue;
                }
                if (change.type.isEmpty()) {
                    return;
                }
                String key = keyOf(change.tenant, change.kindKey, text(change.object, "namespace"), text(change.object, "name"));
                if (!matches(key, path)) {
                    continue;
                }
                boolean now = !change.type.equals("DELETED") && filter.test(change.object);
                boolean before = change.before != null && filter.test(change.before);
                if (!now && !before) {
                    continue;
                }
                ObjectNode event = Json.MAPPER.createObjectNode();
                event.put("type", now ? before ? "MODIFIED" : "ADDED" : "DELETED");
                event.set("object", shown(path, key, change.object));
                out.write(Json.write(event));
                out.write('\n');
                out.flush();
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } finally {
            synchronized (this) {
                watchers.remove(watcher);
            }
        }
    }

    private void post(HttpExchange exchange, Path path, ObjectNode body) throws IOException {
        if (path.subresource.equals("binding")) {
            synchronized (this) {
                ObjectNode pod = objects.get(keyOf(path));
                if (pod == null) {
                    notFound(exchange, path);
                    return;
                }
                ObjectNode bound = pod.deepCopy();
                if (bound.path("spec").has("nodeName")) {
                    refuse(exchange, 409, "Conflict", "pod is already assigned to node");
                    return;
                }
                bound.withObject("spec").put("nodeName", body.path("target").path("name").asString());
                store(path, bound, pod);
            }
            answer(exchange, 201, Json.MAPPER.createObjectNode().put("kind", "Status").put("status", "Success"));
            return;
        }
        ObjectNode meta = body.withObject("metadata");
        if (!meta.has("name")) {
            meta.put("name", meta.path("generateName").asString("") + UUID.randomUUID().toString().substring(0, 5));
        }
        Path target = new Path(path.tenant, path.prefix, path.plural, path.namespace, meta.path("name").asString(), "");
        synchronized (this) {
            if (objects.containsKey(keyOf(target))) {
                refuse(exchange, 409, "AlreadyExists", target.name + " already exists");
                return;
            }
            if (!target.namespace.isEmpty()) {
                meta.put("namespace", target.namespace);
            }
            meta.put("generation", 1);
            meta.put("uid", UUID.randomUUID().toString());
            meta.put("creationTimestamp", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
            store(target, body, null);
        }
        answer(exchange, 201, body);
    }

    private void put(HttpExchange exchange, Path path, ObjectNode body) throws IOException {
        ObjectNode stored;
        synchronized (this) {
            ObjectNode current = objects.get(keyOf(path));
            if (current == null) {
                notFound(exchange, path);
                return;
            }
            String version = text(body, "resourceVersion");
            if (!version.isEmpty() && !version.equals(text(current, "resourceVersion"))) {
                refuse(exchange, 409, "Conflict", "the object has been modified");
                return;
            }
            stored = body.deepCopy();
            if (path.subresource.equals("status") || path.subresource.equals("approval")) {
                JsonNode status = stored.path("status");
                stored = current.deepCopy();
                stored.set("status", status.deepCopy());
            }
            store(path, stored, current);
        }
        answer(exchange, 200, stored);
    }

    private void patch(HttpExchange exchange, Path path, ObjectNode body) throws IOException {
        ObjectNode stored;
        synchronized (this) {
            ObjectNode current = objects.get(keyOf(path));
            if (current == null) {
                notFound(exchange, path);
                return;
            }
            stored = current.deepCopy();
            merge(stored, body);
            store(path, stored, current);
        }
        answer(exchange, 200, stored);
    }

    private void delete(HttpExchange exchange, Path path, ObjectNode options) throws IOException {
        synchronized (this) {
            if (path.name.isEmpty()) {
                for (String key : List.copyOf(objects.keySet())) {
                    if (matches(key, path)) {
                        String[] parts = key.split("\0", -1);
                        end(new Path(parts[0], path.prefix, path.plural, parts[2], parts[3], ""), options);
                    }
                }
            } else if (!objects.containsKey(keyOf(path))) {
                notFound(exchange, path);
                return;
            } else {
                String uid = options.path("preconditions").path("uid").asString("");
                if (!uid.isEmpty() && !uid.equals(text(objects.get(keyOf(path)), "uid"))) {
                    refuse(exchange, 409, "Conflict", "uid precondition failed");
                    return;
                }
                end(path, options);
            }
        }
        answer(exchange, 200, Json.MAPPER.createObjectNode().put("kind", "Status").put("status", "Success"));
    }

    private void end(Path path, ObjectNode options) {
        ObjectNode current = objects.get(keyOf(path));
        ObjectNode now = current.deepCopy();
        boolean runs = path.plural.equals("pods") && current.path("spec").has("nodeName")
                && !List.of("Succeeded", "Failed").contains(current.path("status").path("phase").asString(""));
        long grace = runs ? options.path("gracePeriodSeconds").asLong(current.path("spec").path("terminationGracePeriodSeconds").asLong(30)) : 0;
        boolean finalized = !current.path("metadata").path("finalizers").isEmpty() || !current.path("spec").path("finalizers").isEmpty();
        if (grace > 0 || finalized) {
            if (!now.path("metadata").has("deletionTimestamp") || grace < now.path("metadata").path("deletionGracePeriodSeconds").asLong(0)) {
                now.withObject("metadata").put("deletionTimestamp", Instant.now().plusSeconds(grace).truncatedTo(ChronoUnit.SECONDS).toString());
                now.withObject("metadata").put("deletionGracePeriodSeconds", grace);
                store(path, now, current);
            }
            return;
        }
        objects.remove(keyOf(path));
        publish("DELETED", path.tenant, path.kindKey(), now, current);
    }

    private void store(Path path, ObjectNode object, @Nullable ObjectNode before) {
        boolean ended = object.path("metadata").has("deletionTimestamp")
                && object.path("metadata").path("finalizers").isEmpty()
                && object.path("spec").path("finalizers").isEmpty()
                && (!path.plural.equals("pods") || object.path("metadata").path("deletionGracePeriodSeconds").asLong(0) == 0);
        if (ended) {
            objects.remove(keyOf(path));
            publish("DELETED", path.tenant, path.kindKey(), object, before);
            return;
        }
        if (object.path("metadata").path("annotations") instanceof ObjectNode annotations) {
            annotations.remove(ObjectKey.TENANT_ANNOTATION);
        }
        if (before != null && !before.path("spec").equals(object.path("spec"))) {
            object.withObject("metadata").put("generation", before.path("metadata").path("generation").asLong(0) + 1);
        } else if (before != null) {
            object.withObject("metadata").set("generation", before.path("metadata").path("generation"));
        }
        objects.put(keyOf(path), object);
        publish(before == null ? "ADDED" : "MODIFIED", path.tenant, path.kindKey(), object, before);
    }

    private void publish(String type, String tenant, String kindKey, ObjectNode object, @Nullable ObjectNode before) {
        object.withObject("metadata").put("resourceVersion", String.valueOf(++revision));
        Change change = new Change(revision, type, tenant, kindKey, object.deepCopy(), before == null ? null : before.deepCopy());
        history.add(change);
        watchers.forEach(watcher -> watcher.queue.add(change));
    }

    private static void merge(ObjectNode target, ObjectNode patch) {
        for (Map.Entry<String, JsonNode> entry : patch.properties()) {
            if (entry.getValue().isNull()) {
                target.remove(entry.getKey());
            } else if (entry.getValue() instanceof ObjectNode inner) {
                merge(target.path(entry.getKey()) instanceof ObjectNode there ? there : target.putObject(entry.getKey()), inner);
            } else {
                target.set(entry.getKey(), entry.getValue());
            }
        }
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

    private static boolean matches(String key, Path path) {
        String[] parts = key.split("\0", -1);
        return (path.tenant.equals("*") || path.tenant.equals(parts[0])) && parts[1].equals(path.kindKey())
                && (path.namespace.isEmpty() || path.namespace.equals(parts[2]));
    }

    private static String keyOf(Path path) {
        return keyOf(path.tenant, path.kindKey(), path.namespace, path.name);
    }

    private static String keyOf(String tenant, String kindKey, String namespace, String name) {
        return String.join("\0", tenant, kindKey, namespace, name);
    }

    private static String text(ObjectNode object, String field) {
        return object.path("metadata").path(field).asString("");
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

    private static void notFound(HttpExchange exchange, Path path) throws IOException {
        refuse(exchange, 404, "NotFound", path.plural + " \"" + path.name + "\" not found");
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
