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
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.node.ObjectNode;

/// The metrics API (`metrics.k8s.io/v1beta1`): what pods and nodes use now. Nothing of it is stored: the nodes concerned are asked, all
/// at once and for a bounded time, and of what a node says only that counts which is about itself or about pods bound to it. A node that
/// does not answer is left out, as are pods that do not run. Of a node a tenant reads what its own pods use of it together, and nothing of what others do.
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
        return !request.target().plural().equals("nodes") ? pods(request)
                : request.tenant().equals(Caller.ROOT) ? nodes(request) : ownShares(request);
    }

    private List<ObjectNode> nodes(ResourceRequest request) {
        var wanted = wantedNodes(request);
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

    private Map<String, ObjectNode> wantedNodes(ResourceRequest request) {
        var wanted = new LinkedHashMap<String, ObjectNode>();
        for (var entry : entries(ObjectKey.prefix(Caller.ROOT, "", "nodes"))) {
            var node = Json.readObject(entry.value());
            if (isWanted(request, node)) {
                wanted.put(Json.string(node, "metadata", "name"), node);
            }
        }
        return wanted;
    }

    /// What the tenant's pods use of each node together. Nodes that say nothing of those that they run are left out.
    private List<ObjectNode> ownShares(ResourceRequest request) {
        var wanted = wantedNodes(request);
        var running = running(request, "", pod -> wanted.containsKey(nodeName(pod)));
        var sums = new HashMap<String, UsageSum>();
        said(request, running).forEach((key, item) -> {
            var pod = running.get(key);
            if (pod != null) {
                sums.computeIfAbsent(nodeName(pod), _ -> new UsageSum(request.now().toString())).add(item);
            }
        });
        var busy = running.values().stream().map(UsageReads::nodeName).collect(Collectors.toSet());
        var shown = new ArrayList<ObjectNode>();
        wanted.forEach((name, node) -> {
            if (sums.containsKey(name) || !busy.contains(name)) {
                shown.add(usage(request, node, sums.getOrDefault(name, new UsageSum(request.now().toString())).said()));
            }
        });
        return shown;
    }

    private List<ObjectNode> pods(ResourceRequest request) {
        var wanted = running(request, request.target().namespace(), pod -> isWanted(request, pod));
        var said = said(request, wanted);
        var shown = new ArrayList<ObjectNode>();
        wanted.forEach((key, pod) -> {
            var item = said.get(key);
            if (item != null) {
                shown.add(usage(request, pod, item));
            }
        });
        return shown;
    }

    private Map<String, ObjectNode> running(ResourceRequest request, String namespace, Predicate<ObjectNode> wanted) {
        var prefix = namespace.isEmpty()
                ? ObjectKey.prefix(request.tenant(), "", "pods")
                : ObjectKey.prefix(request.tenant(), "", "pods", namespace);
        var running = new LinkedHashMap<String, ObjectNode>();
        for (var entry : entries(prefix)) {
            var pod = Json.readObject(entry.value());
            if (!nodeName(pod).isEmpty() && Json.string(pod, "status", "phase").equals("Running") && wanted.test(pod)) {
                running.put(key(pod), pod);
            }
        }
        return running;
    }

    /// What the nodes of these pods say of them.
    private Map<String, ObjectNode> said(ResourceRequest request, Map<String, ObjectNode> running) {
        var nodes = new LinkedHashMap<String, ObjectNode>();
        for (var pod : running.values()) {
            var node = nodeName(pod);
            store.get(new ObjectKey(Caller.ROOT, "", "nodes", "", node).text())
                    .ifPresent(found -> nodes.computeIfAbsent(node, _ -> Json.readObject(found.value())));
        }
        var said = new HashMap<String, ObjectNode>();
        ask(nodes.values(), "/tenants/" + request.tenant() + "/podMetrics").forEach((node, answer) -> {
            for (var item : Json.objects(answer, "items")) {
                var pod = running.get(key(item));
                if (pod != null && nodeName(pod).equals(node)) {
                    said.put(key(item), item);
                }
            }
        });
        return said;
    }

    private static String nodeName(ObjectNode pod) {
        return Json.string(pod, "spec", "nodeName");
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
