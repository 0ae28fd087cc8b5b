package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.fair.Seat;
import io.hypernetes.apiserver.node.NodeAddress;
import io.hypernetes.apiserver.node.NodeRelay;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import io.hypernetes.objects.selector.LabelSelector;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Store;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.node.ObjectNode;

/// The metrics API (`metrics.k8s.io/v1beta1`): what pods and nodes use now. Nothing of it is stored: the nodes concerned are asked, all
/// at once and for a bounded time, and of what a node says only that counts which is about itself or about pods bound to it. A node that
/// does not answer is left out, as are pods that do not run.
final class UsageReads {
    static final String GROUP = "metrics.k8s.io";

    private static final Logger log = LoggerFactory.getLogger(UsageReads.class);
    private static final Duration PATIENCE = Duration.ofSeconds(8);
    private static final int LARGEST_ANSWER = 8 << 20;

    private final Store store;
    private final NodeRelay relay;

    UsageReads(Store store, NodeRelay relay) {
        this.store = store;
        this.relay = relay;
    }

    void serve(ResourceRequest request) throws IOException {
        if (request.tenantPath().everywhere()) {
            throw ApiStatus.badRequest("usage is read in one tenant: use the path prefix /tenants/NAME instead of /tenants/*")
                    .asException();
        }
        var target = request.target();
        switch (target.verb()) {
            case "get" -> {
                var found = found(request);
                if (found.isEmpty()) {
                    // Upstream's metrics server names a pod with its namespace.
                    var name = target.namespace().isEmpty() ? target.name() : target.namespace() + "/" + target.name();
                    throw ApiStatus.notFound(GROUP, target.plural(), name).asException();
                }
                Answers.made(request, found.getFirst());
            }
            case "list" -> Answers.madeList(request, found(request));
            default -> throw ApiStatus.methodNotAllowed().asException();
        }
    }

    private List<ObjectNode> found(ResourceRequest request) {
        return request.target().plural().equals("nodes") ? nodes(request) : pods(request);
    }

    private List<ObjectNode> nodes(ResourceRequest request) {
        var wanted = new LinkedHashMap<String, ObjectNode>();
        for (var entry : entries(ObjectKey.prefix(Caller.ROOT, "", "nodes"))) {
            var node = Json.readObject(entry.value());
            if (isWanted(request, node)) {
                wanted.put(Json.string(node, "metadata", "name"), node);
            }
        }
        var answers = ask(wanted.values(), "/nodeMetrics");
        var shown = new ArrayList<ObjectNode>();
        wanted.forEach((name, node) -> {
            var said = answers.get(name);
            if (said != null) {
                shown.add(usage(request, node, said));
            }
        });
        return shown;
    }

    private List<ObjectNode> pods(ResourceRequest request) {
        var namespace = request.target().namespace();
        var prefix = namespace.isEmpty()
                ? ObjectKey.prefix(request.tenant(), "", "pods")
                : ObjectKey.prefix(request.tenant(), "", "pods", namespace);
        var wanted = new LinkedHashMap<String, ObjectNode>();
        var nodes = new LinkedHashMap<String, ObjectNode>();
        for (var entry : entries(prefix)) {
            var pod = Json.readObject(entry.value());
            var node = Json.string(pod, "spec", "nodeName");
            if (!node.isEmpty() && Json.string(pod, "status", "phase").equals("Running") && isWanted(request, pod)) {
                wanted.put(key(pod), pod);
                store.get(new ObjectKey(Caller.ROOT, "", "nodes", "", node).text())
                        .ifPresent(found -> nodes.computeIfAbsent(node, _ -> Json.readObject(found.value())));
            }
        }
        var said = new HashMap<String, ObjectNode>();
        ask(nodes.values(), "/tenants/" + request.tenant() + "/podMetrics").forEach((node, answer) -> {
            for (var item : Json.objects(answer, "items")) {
                var pod = wanted.get(key(item));
                if (pod != null && Json.string(pod, "spec", "nodeName").equals(node)) {
                    said.put(key(item), item);
                }
            }
        });
        var shown = new ArrayList<ObjectNode>();
        wanted.forEach((key, pod) -> {
            var item = said.get(key);
            if (item != null) {
                shown.add(usage(request, pod, item));
            }
        });
        return shown;
    }

    private static String key(ObjectNode pod) {
        return Json.string(pod, "metadata", "namespace") + "/" + Json.string(pod, "metadata", "name");
    }

    private static boolean isWanted(ResourceRequest request, ObjectNode object) {
        if (!request.target().name().isEmpty()) {
            return request.target().name().equals(Json.string(object, "metadata", "name"));
        }
        var selection = Selection.of(request.http(), request.kind(), "");
        return selection.labels().matches(LabelSelector.labelsOf(object))
                && selection.fields().matches(request.kind().selectableFields(object));
    }

    /// The object of the metrics API: what the node said, under the name and labels that the API knows.
    private static ObjectNode usage(ResourceRequest request, ObjectNode about, ObjectNode said) {
        var type = request.kind().type();
        var made = Json.object();
        made.put("kind", type.kind());
        made.put("apiVersion", type.apiVersion());
        var meta = made.putObject("metadata");
        meta.put("name", Json.string(about, "metadata", "name"));
        if (type.namespaced()) {
            meta.put("namespace", Json.string(about, "metadata", "namespace"));
        }
        var timestamp = Json.string(said, "timestamp");
        meta.put("creationTimestamp", timestamp);
        if (about.path("metadata").get("labels") instanceof ObjectNode labels) {
            meta.set("labels", labels);
        }
        made.put("timestamp", timestamp);
        made.put("window", Json.string(said, "window"));
        for (var field : List.of("usage", "containers")) {
            if (said.has(field)) {
                made.set(field, said.get(field));
            }
        }
        return made;
    }

    /// What each node answers, by its name; those that do not within the time are left out.
    private Map<String, ObjectNode> ask(Collection<ObjectNode> nodes, String target) {
        var answers = new ConcurrentHashMap<String, ObjectNode>();
        var threads = nodes.stream()
                .map(node -> Thread.ofVirtual().name("usage-of-node").start(Seat.beside(() -> ask(node, target, answers))))
                .toList();
        try {
            Seat.away(0, () -> {
                long until = System.nanoTime() + PATIENCE.toNanos();
                for (var thread : threads) {
                    thread.join(Duration.ofNanos(Math.max(1, until - System.nanoTime())));
                }
                return threads;
            });
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ApiStatus.unavailable("the server is stopping").asException();
        }
        return Map.copyOf(answers);
    }

    private void ask(ObjectNode node, String target, Map<String, ObjectNode> answers) {
        var name = Json.string(node, "metadata", "name");
        try {
            answers.put(name, Json.readObject(relay.fetch(NodeAddress.of(node), target, LARGEST_ANSWER, PATIENCE)));
        } catch (ApiException | IOException | MalformedJsonException e) {
            log.info("event=no-usage node={} cause=\"{}\"", name, e.getMessage());
        }
    }

    private List<Entry> entries(String prefix) {
        return store.list(prefix, "", 0).entries();
    }
}
