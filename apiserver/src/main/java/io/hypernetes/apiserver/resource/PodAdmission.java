package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import java.util.Map;
import tools.jackson.databind.node.ObjectNode;

/// Completes new pods: the name of the service account, and what the machine around the pod costs.
///
/// @param overhead resource name and quantity added to `spec.overhead`; empty for none
record PodAdmission(Map<String, String> overhead) {

    PodAdmission {
        overhead = Map.copyOf(overhead);
    }

    /// @param mirror whether it is the mirror of a node's static pod, which has no service account (upstream's `plugin/pkg/admission/serviceaccount/admission.go`)
    void create(ResourceRequest request, ObjectNode pod, boolean mirror) {
        var spec = Json.child(pod, "spec");
        // Of whose pod it is, and not of who makes it: controllers make what templates say.
        boolean operators = request.tenant().equals(Caller.ROOT) || request.caller().isOperator();
        if (!operators && !Json.string(spec, "nodeName").isEmpty()) {
            throw ApiStatus.forbidden(
                            "",
                            "pods",
                            Json.string(pod, "metadata", "name"),
                            "spec.nodeName is set by the scheduler; a tenant cannot choose the node")
                    .asException();
        }
        if (!mirror) {
            Json.setDefault(spec, "serviceAccountName", "default");
            spec.put("serviceAccount", Json.string(spec, "serviceAccountName"));
        }
        if (!overhead.isEmpty()) {
            var cost = spec.putObject("overhead");
            overhead.forEach(cost::put);
        }
    }
}
