package io.hypernetes.apiserver.resource;

import io.hypernetes.objects.Json;
import tools.jackson.databind.node.ObjectNode;

/// Keeps pods from a new Node, whoever registers it, until the controllers have seen it ready: they alone take the taint away (upstream's
/// `plugin/pkg/admission/nodetaint/admission.go`).
final class NodeTaints {
    private static final String NOT_READY = "node.kubernetes.io/not-ready";
    private static final String EFFECT = "NoSchedule";

    private NodeTaints() {}

    /// Completes a new Node.
    static void create(ObjectNode node) {
        var spec = Json.child(node, "spec");
        boolean tainted = Json.objects(spec, "taints").stream()
                .anyMatch(taint -> Json.string(taint, "key").equals(NOT_READY) && Json.string(taint, "effect").equals(EFFECT));
        if (!tainted) {
            spec.withArray("taints").addObject().put("key", NOT_READY).put("effect", EFFECT);
        }
    }
}
