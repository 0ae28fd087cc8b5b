package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.node.NodeAddress;
import io.hypernetes.apiserver.node.NodeRelay;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Store;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Logs, exec, attach, port-forward and what nodes tell of themselves: finds the pod's node and hands the connection over to it.
final class PodStreams {
    private final Store store;
    private final Reads reads;
    private final NodeRelay relay;

    PodStreams(Store store, Reads reads, NodeRelay relay) {
        this.store = store;
        this.reads = reads;
        this.relay = relay;
    }

    void log(ResourceRequest request) throws IOException {
        LogForm.check(request.http(), request.target().name());
        var pod = pod(request);
        var container = container(request, pod);
        var node = node(request, pod);
        if (node == null) {
            // Nothing ran yet: there is no log, which is not an error.
            throw waiting(pod, container);
        }
        checkStarted(request, pod, container);
        var target = path(request, "containerLogs") + "/" + container
                + query(request, List.of("follow", "previous", "tailLines", "sinceSeconds", "sinceTime", "timestamps", "limitBytes"));
        relay.stream(request.http(), node, target, type -> WebSocketEvents.asked(request.http())
                ? WebSocketEvents.openForLog(request.http())
                : new ChunkedEvents(request.http().stream(200, type)));
    }

    void exec(ResourceRequest request, String verb) throws IOException {
        var pod = pod(request);
        var container = container(request, pod);
        var node = running(request, pod);
        var allowed = verb.equals("exec")
                ? List.of("command", "stdin", "stdout", "stderr", "tty")
                : List.of("stdin", "stdout", "stderr", "tty");
        if (verb.equals("exec") && request.http().queries("command").isEmpty()) {
            throw ApiStatus.badRequest("you must specify at least one command for the container").asException();
        }
        upgraded(request);
        relay.upgrade(request.http(), node, path(request, verb) + "/" + container + query(request, allowed));
    }

    void portForward(ResourceRequest request) throws IOException {
        var node = running(request, pod(request));
        upgraded(request);
        relay.upgrade(request.http(), node, path(request, "portForward") + query(request, List.of("ports")));
    }

    /// Asks a kubelet what it tells of itself: its health, metrics, summary of resources.
    void nodeProxy(ResourceRequest request) throws IOException {
        var node = NodeAddress.of(Json.readObject(reads.entry(request).value()));
        var rest = request.target().proxied();
        var query = request.http().rawQuery();
        relay.stream(request.http(), node, (rest.isEmpty() ? "/" : rest) + (query.isEmpty() ? "" : "?" + query),
                type -> new ChunkedEvents(request.http().stream(200, type)));
    }

    private static void upgraded(ResourceRequest request) {
        if (request.http().header("Upgrade").isEmpty() || !request.http().isUpgradable()) {
            throw ApiStatus.badRequest("Upgrade request required").asException();
        }
    }

    private ObjectNode pod(ResourceRequest request) {
        return Json.readObject(reads.entry(request).value());
    }

    private NodeAddress running(ResourceRequest request, ObjectNode pod) {
        var name = request.target().name();
        var phase = Json.string(pod, "status", "phase");
        if (phase.equals("Succeeded") || phase.equals("Failed")) {
            throw ApiStatus.badRequest("cannot exec into a container in a completed pod; current phase is " + phase)
                    .asException();
        }
        var node = node(request, pod);
        if (node == null) {
            throw ApiStatus.badRequest("pod " + name + " does not have a host assigned").asException();
        }
        return node;
    }

    private @org.jspecify.annotations.Nullable NodeAddress node(ResourceRequest request, ObjectNode pod) {
        var name = Json.string(pod, "spec", "nodeName");
        if (name.isEmpty()) {
            return null;
        }
        var entry = store.get(new ObjectKey(Caller.ROOT, "", "nodes", "", name).text())
                .orElseThrow(() -> ApiStatus.internal("the pod's node " + name + " is not known any more").asException());
        return NodeAddress.of(Json.readObject(entry.value()));
    }

    /// The container meant: the one named, the one annotated, or the only one.
    private static String container(ResourceRequest request, ObjectNode pod) {
        var name = request.target().name();
        var asked = request.http().query("container");
        var all = names(pod);
        if (asked.isEmpty()) {
            var containers = Json.objects(pod.path("spec"), "containers");
            if (containers.size() == 1) {
                return Json.string(containers.getFirst(), "name");
            }
            var preferred = Json.string(pod, "metadata", "annotations", "kubectl.kubernetes.io/default-container");
            if (all.contains(preferred)) {
                return preferred;
            }
            throw ApiStatus.badRequest("a container name must be specified for pod %s, choose one of: [%s]"
                            .formatted(name, String.join(" ", all)))
                    .asException();
        }
        if (!all.contains(asked)) {
            throw ApiStatus.badRequest("container " + asked + " is not valid for pod " + name).asException();
        }
        return asked;
    }

    private static List<String> names(ObjectNode pod) {
        var names = new ArrayList<String>();
        for (var list : List.of("containers", "initContainers", "ephemeralContainers")) {
            Json.objects(pod.path("spec"), list).forEach(container -> names.add(Json.string(container, "name")));
        }
        return names;
    }

    /// A container that has not started yet has no log; the reason it waits for says why.
    private static void checkStarted(ResourceRequest request, ObjectNode pod, String container) {
        if (request.http().flag("previous")) {
            return;
        }
        var status = status(pod, container);
        boolean never = status == null
                || (Json.present(status.path("state").get("waiting")) && !Json.present(status.path("lastState").get("terminated")));
        if (never) {
            throw waiting(pod, container);
        }
    }

    private static RuntimeException waiting(ObjectNode pod, String container) {
        var status = status(pod, container);
        var reason = status == null ? "" : Json.string(status, "state", "waiting", "reason");
        if (reason.isEmpty() && Json.string(pod, "spec", "nodeName").isEmpty()) {
            return ApiStatus.badRequest("pod " + Json.string(pod, "metadata", "name") + " does not have a host assigned")
                    .asException();
        }
        return ApiStatus.badRequest("container \"" + container + "\" in pod \"" + Json.string(pod, "metadata", "name")
                        + "\" is waiting to start: " + (reason.isEmpty() ? "ContainerCreating" : reason))
                .asException();
    }

    private static @org.jspecify.annotations.Nullable JsonNode status(ObjectNode pod, String container) {
        for (var list : List.of("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")) {
            for (var status : Json.objects(pod.path("status"), list)) {
                if (Json.string(status, "name").equals(container)) {
                    return status;
                }
            }
        }
        return null;
    }

    private static String path(ResourceRequest request, String verb) {
        return "/tenants/" + request.tenant() + "/" + verb + "/" + request.target().namespace() + "/"
                + request.target().name();
    }

    private static String query(ResourceRequest request, List<String> names) {
        var query = names.stream()
                .flatMap(name -> request.http().queries(name).stream()
                        .map(value -> name + "=" + URLEncoder.encode(value, StandardCharsets.UTF_8)))
                .collect(Collectors.joining("&"));
        return query.isEmpty() ? "" : "?" + query;
    }
}
