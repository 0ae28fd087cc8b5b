package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.access.ServiceAccountTokens;
import io.hypernetes.apiserver.access.ServiceAccountTokens.Bound;
import io.hypernetes.apiserver.access.ServiceAccountTokens.Grant;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.GroupVersion;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Store;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Serves `serviceaccounts/token`: a token for whoever may create one. A node gets tokens only for pods bound to it.
final class TokenRequests {
    private static final GroupVersion VERSION = new GroupVersion("authentication.k8s.io", "v1");
    private static final long DEFAULT_SECONDS = 3600;
    private static final long MIN_SECONDS = 600;
    private static final long MAX_SECONDS = 1L << 32;

    private final Store store;
    private final Decoding decoding;
    private final NamespaceLifecycle lifecycle;
    private final ServiceAccountTokens tokens;

    TokenRequests(Store store, Decoding decoding, NamespaceLifecycle lifecycle, ServiceAccountTokens tokens) {
        this.store = store;
        this.decoding = decoding;
        this.lifecycle = lifecycle;
        this.tokens = tokens;
    }

    void create(ResourceRequest request) throws IOException {
        var target = request.target();
        var asked = decoding.object(request.http(), VERSION, "TokenRequest", "authentication.v1.TokenRequest");
        lifecycle.active(request, target.name());
        var spec = Json.child(asked, "spec");
        Json.setDefault(spec, "expirationSeconds", DEFAULT_SECONDS);
        long seconds = Json.number(spec, 0, "expirationSeconds");
        check(request, seconds);
        if (spec.path("audiences").isEmpty()) {
            spec.putArray("audiences").add(tokens.issuer(request.tenant()));
        }
        var audiences = new ArrayList<String>();
        spec.path("audiences").forEach(audience -> audiences.add(audience.asString("")));
        var reference = spec.path("boundObjectRef");
        var bound = reference.isObject() ? bound(request, (ObjectNode) reference) : null;
        var pod = bound != null && bound.kind().equals("Pod") ? find(request, "pods", bound.name()).orElse(null) : null;
        var node = pod == null ? null : nodeOf(pod);
        if (request.caller().node().isPresent()) {
            restrict(request, request.caller().node().get(), pod, audiences);
        }
        var account = find(request, "serviceaccounts", target.name())
                .orElseThrow(() -> ApiStatus.notFound("", "serviceaccounts", target.name()).asException());
        if (request.dryRun()) {
            Answers.json(request.http(), 201, asked);
            return;
        }
        var issued = tokens.issue(new Grant(
                request.tenant(),
                target.namespace(),
                target.name(),
                Json.string(account, "metadata", "uid"),
                audiences,
                seconds,
                bound,
                node));
        var metadata = Json.child(asked, "metadata");
        metadata.put("name", target.name());
        metadata.put("namespace", target.namespace());
        metadata.put("creationTimestamp", ApiTime.format(request.now()));
        var status = asked.putObject("status");
        status.put("token", issued.text());
        status.put("expirationTimestamp", ApiTime.format(issued.expires()));
        Answers.json(request.http(), 201, asked);
    }

    private static void check(ResourceRequest request, long seconds) {
        String wrong = seconds < MIN_SECONDS
                ? "may not specify a duration less than 10 minutes"
                : seconds > MAX_SECONDS ? "may not specify a duration larger than 2^32 seconds" : "";
        if (!wrong.isEmpty()) {
            throw ApiStatus.invalid(
                            "authentication.k8s.io",
                            "TokenRequest",
                            request.target().name(),
                            List.of(FieldError.invalid("spec.expirationSeconds", Json.integer(seconds), wrong)))
                    .asException();
        }
    }

    /// The object that the token is to be bound to, proved to be there and to be the one that is meant.
    private Bound bound(ResourceRequest request, ObjectNode reference) {
        var kind = Json.string(reference, "kind");
        var name = Json.string(reference, "name");
        var resource =
                switch (kind) {
                    case "Pod" -> "pods";
                    case "Secret" -> "secrets";
                    case "Node" -> "nodes";
                    default ->
                        throw ApiStatus.badRequest("cannot bind token for object of type /v1, Kind=" + kind
                                        + ": a token is bound to a Pod, a Secret or a Node")
                                .asException();
                };
        if (!Json.string(reference, "apiVersion").equals("v1")) {
            throw ApiStatus.badRequest("cannot bind token for object of apiVersion \"" + Json.string(reference, "apiVersion")
                            + "\": Pods, Secrets and Nodes are in v1")
                    .asException();
        }
        var object = find(request, resource, name).orElseThrow(() -> ApiStatus.notFound("", resource, name).asException());
        var uid = Json.string(object, "metadata", "uid");
        var wanted = Json.string(reference, "uid");
        if (!wanted.isEmpty() && !wanted.equals(uid)) {
            throw ApiStatus.conflict(
                            "",
                            resource,
                            name,
                            "the UID in the bound object reference (" + wanted + ") does not match the UID in record."
                                    + " The object might have been deleted and then recreated")
                    .asException();
        }
        if (kind.equals("Pod") && !Json.string(object, "spec", "serviceAccountName").equals(request.target().name())) {
            throw ApiStatus.badRequest("cannot bind token for serviceaccount \"" + request.target().name()
                            + "\" to pod running with different serviceaccount name.")
                    .asException();
        }
        return new Bound(kind, name, uid);
    }

    private Optional<ObjectNode> find(ResourceRequest request, String resource, String name) {
        boolean node = resource.equals("nodes");
        if (node && !request.tenant().equals(Caller.ROOT)) {
            // A tenant learns nothing of nodes by asking for tokens.
            return Optional.empty();
        }
        var key = new ObjectKey(
                node ? Caller.ROOT : request.tenant(), "", resource, node ? "" : request.target().namespace(), name);
        return name.isEmpty() ? Optional.empty() : store.get(key.text()).map(entry -> Json.readObject(entry.value()));
    }

    private @Nullable Bound nodeOf(ObjectNode pod) {
        var name = Json.string(pod, "spec", "nodeName");
        if (name.isEmpty()) {
            return null;
        }
        return store.get(new ObjectKey(Caller.ROOT, "", "nodes", "", name).text())
                .map(entry -> new Bound("Node", name, Json.string(Json.readObject(entry.value()), "metadata", "uid")))
                .orElse(null);
    }

    /// A node asks for what its pods ask for in their volumes, and for nothing else: one that is taken over gains no more than it runs.
    private void restrict(ResourceRequest request, String node, @Nullable ObjectNode pod, List<String> audiences) {
        if (pod == null) {
            throw refused(request, "node requested token not bound to a pod");
        }
        if (!Json.string(pod, "spec", "nodeName").equals(node)) {
            throw refused(request, "node requested token bound to a pod scheduled on a different node");
        }
        for (var audience : audiences) {
            if (!audience.equals(tokens.issuer(request.tenant())) && !names(pod, audience)) {
                throw refused(request, "audience \"" + audience + "\" not found in pod spec volume");
            }
        }
    }

    private static boolean names(ObjectNode pod, String audience) {
        return Json.objects(pod.path("spec"), "volumes").stream()
                .flatMap(volume -> Json.objects(volume.path("projected"), "sources").stream())
                .anyMatch(source -> Json.string(source, "serviceAccountToken", "audience").equals(audience));
    }

    private static ApiException refused(ResourceRequest request, String why) {
        return ApiStatus.forbidden("", "serviceaccounts", request.target().name(), why).asException();
    }
}
