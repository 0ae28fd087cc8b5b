package io.hypernetes.apiserver.resource;

import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What a node may say in the objects that it may write: facts of its own, never what decides which pods come to it or which services lead to
/// them. One that was taken over and cordoned, tainted or set apart by labels stays so. Whoever is no node is not concerned.
final class NodeRestriction {
    private static final Set<String> OWN_LABELS = Set.of(
            "kubernetes.io/hostname",
            "kubernetes.io/os",
            "kubernetes.io/arch",
            "beta.kubernetes.io/os",
            "beta.kubernetes.io/arch",
            "node.kubernetes.io/instance-type",
            "beta.kubernetes.io/instance-type",
            "topology.kubernetes.io/zone",
            "topology.kubernetes.io/region",
            "failure-domain.beta.kubernetes.io/zone",
            "failure-domain.beta.kubernetes.io/region");
    private static final List<String> OWN_DOMAINS = List.of("kubelet.kubernetes.io", "node.kubernetes.io");
    private static final List<String> RESERVED_DOMAINS = List.of("kubernetes.io", "k8s.io");
    /// Which addresses its pods have is given to a node: it would draw the traffic of pods elsewhere to itself.
    private static final List<String> GIVEN = List.of("podCIDR", "podCIDRs", "configSource");

    private NodeRestriction() {}

    /// Checks a new Node or lease.
    static void create(ResourceRequest request, ObjectNode object) {
        var node = request.caller().node().orElse("");
        if (node.isEmpty()) {
            return;
        }
        if (!node.equals(Json.string(object, "metadata", "name"))) {
            throw refused(request, object, "node " + node + " may only create its own");
        }
        if (request.kind().type().is("", "nodes")) {
            checkLabels(request, object, Json.object());
            checkOwners(request, object, Json.object());
            for (var field : GIVEN) {
                if (object.path("spec").has(field)) {
                    throw refused(request, object, "node " + node + " may not set its spec." + field);
                }
            }
        }
    }

    /// Checks a change of a Node, of a pod's state or of a claim's size.
    static void update(ResourceRequest request, ObjectNode updated, ObjectNode old) {
        if (request.caller().node().isEmpty()) {
            return;
        }
        switch (request.kind().type().resource()) {
            case "nodes" -> {
                checkSpec(request, updated, old);
                checkLabels(request, updated, old);
                checkOwners(request, updated, old);
            }
            case "pods" -> {
                checkSame(request, updated, old, "metadata", "labels");
                checkSame(request, updated, old, "metadata", "annotations");
                checkSame(request, updated, old, "status", "resourceClaimStatuses");
            }
            case "persistentvolumeclaims" -> {
                if (!withoutSize(updated).equals(withoutSize(old))) {
                    throw refused(request, old, caller(request) + " may only tell the size of a claim's disk");
                }
            }
            default -> {}
        }
    }

    // Taints and the cordon are how pods are kept from a node, and its other fields do not change by its own will either.
    private static void checkSpec(ResourceRequest request, ObjectNode updated, ObjectNode old) {
        for (var field : names(updated.path("spec"), old.path("spec"))) {
            if (!updated.path("spec").path(field).equals(old.path("spec").path(field))) {
                throw refused(request, old, caller(request) + " may not change its spec." + field + " after it registered itself");
            }
        }
    }

    private static void checkLabels(ResourceRequest request, ObjectNode updated, ObjectNode old) {
        var now = updated.path("metadata").path("labels");
        var before = old.path("metadata").path("labels");
        for (var label : names(now, before)) {
            if (!now.path(label).equals(before.path(label)) && !isOwn(label)) {
                throw refused(request, updated, caller(request) + " may not set, change or remove its label " + label);
            }
        }
    }

    /// Whether a node may decide about a label itself: those of Kubernetes that state facts, and those outside of its domains.
    private static boolean isOwn(String label) {
        int slash = label.indexOf('/');
        var domain = slash < 0 ? "" : label.substring(0, slash);
        return OWN_LABELS.contains(label) || isWithin(domain, OWN_DOMAINS) || !isWithin(domain, RESERVED_DOMAINS);
    }

    private static boolean isWithin(String domain, List<String> domains) {
        return domains.stream().anyMatch(each -> domain.equals(each) || domain.endsWith("." + each));
    }

    // An object whose owner is gone is collected: so a node would delete itself, and register anew without its taints.
    private static void checkOwners(ResourceRequest request, ObjectNode updated, ObjectNode old) {
        checkSame(request, updated, old, "metadata", "ownerReferences");
    }

    private static void checkSame(ResourceRequest request, ObjectNode updated, ObjectNode old, String part, String field) {
        var now = updated.path(part).path(field);
        var before = old.path(part).path(field);
        if (!now.equals(before) && !(now.isEmpty() && before.isEmpty())) {
            throw refused(request, updated, caller(request) + " may not change " + part + "." + field);
        }
    }

    // All else is compared: labels and annotations too, which a change of the status may bring along and others believe.
    private static ObjectNode withoutSize(ObjectNode claim) {
        ObjectNode rest = claim.deepCopy();
        Json.child(rest, "metadata").remove(List.of("managedFields", "resourceVersion"));
        Json.child(rest, "status").remove(List.of("capacity", "conditions", "allocatedResources", "allocatedResourceStatuses"));
        return rest;
    }

    private static Set<String> names(JsonNode one, JsonNode other) {
        var names = new TreeSet<String>(one.propertyNames());
        names.addAll(other.propertyNames());
        return names;
    }

    private static String caller(ResourceRequest request) {
        return "node " + request.caller().node().orElse("");
    }

    private static RuntimeException refused(ResourceRequest request, ObjectNode object, String why) {
        var type = request.kind().type();
        return ApiStatus.forbidden(type.group(), type.resource(), Json.string(object, "metadata", "name"), why).asException();
    }
}
