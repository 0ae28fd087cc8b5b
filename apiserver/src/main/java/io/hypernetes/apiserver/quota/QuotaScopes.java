package io.hypernetes.apiserver.quota;

import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Which objects a quota counts: with scopes only pods, or claims, that are in all of them.
final class QuotaScopes {
    private static final String ATTRIBUTES = "VolumeAttributesClass";

    private QuotaScopes() {}

    static boolean matches(JsonNode quota, String group, String resource, ObjectNode object) {
        var spec = quota.path("spec");
        if (spec.path("scopes").isEmpty() && spec.path("scopeSelector").path("matchExpressions").isEmpty()) {
            return true;
        }
        if (group.isEmpty() && resource.equals("persistentvolumeclaims")) {
            return claimMatches(spec, object);
        }
        if (!group.isEmpty() || !resource.equals("pods")) {
            return false;
        }
        for (var scope : spec.path("scopes")) {
            if (!isIn(object, scope.asString(""))) {
                return false;
            }
        }
        for (var wish : Json.objects(spec.path("scopeSelector"), "matchExpressions")) {
            if (!meets(object, wish)) {
                return false;
            }
        }
        return true;
    }

    /// Whether a change may have moved an object into or out of scopes. What else they look at does not change in the life of a pod.
    static boolean mayHaveMoved(String group, String resource, ObjectNode object, ObjectNode old) {
        return group.isEmpty()
                && switch (resource) {
                    case "pods" -> isIn(object, "Terminating") != isIn(old, "Terminating");
                    case "persistentvolumeclaims" -> !attributeClasses(object).equals(attributeClasses(old));
                    default -> false;
                };
    }

    /// Whether quotas count an object of the core group otherwise after a change than before it.
    static boolean countsOtherwise(String resource, ObjectNode object, ObjectNode old) {
        return mayHaveMoved("", resource, object, old)
                || switch (resource) {
                    case "pods" -> !PodResources.countsAs(object, old);
                    case "services" -> !Usage.of("", resource, object).equals(Usage.of("", resource, old));
                    default -> false;
                };
    }

    private static boolean isIn(ObjectNode pod, String scope) {
        var spec = pod.path("spec");
        return switch (scope) {
            case "Terminating" -> Json.present(spec.get("activeDeadlineSeconds"));
            case "NotTerminating" -> !Json.present(spec.get("activeDeadlineSeconds"));
            case "BestEffort" -> isBestEffort(spec);
            case "NotBestEffort" -> !isBestEffort(spec);
            case "PriorityClass" -> !Json.string(spec, "priorityClassName").isEmpty();
            case "CrossNamespacePodAffinity" -> crossesNamespaces(spec);
            default -> false;
        };
    }

    private static boolean meets(ObjectNode pod, ObjectNode wish) {
        var scope = Json.string(wish, "scopeName");
        if (!scope.equals("PriorityClass")) {
            return isIn(pod, scope) == !Json.string(wish, "operator").equals("DoesNotExist");
        }
        var own = Json.string(pod, "spec", "priorityClassName");
        return meets(own.isEmpty() ? Set.of() : Set.of(own), wish);
    }

    /// Claims have one scope only (pkg/quota/v1/evaluator/core/persistent_volume_claims.go).
    private static boolean claimMatches(JsonNode spec, ObjectNode claim) {
        var classes = attributeClasses(claim);
        for (var scope : spec.path("scopes")) {
            if (!scope.asString("").equals(ATTRIBUTES) || classes.isEmpty()) {
                return false;
            }
        }
        for (var wish : Json.objects(spec.path("scopeSelector"), "matchExpressions")) {
            if (!Json.string(wish, "scopeName").equals(ATTRIBUTES) || !meets(classes, wish)) {
                return false;
            }
        }
        return true;
    }

    /// The VolumeAttributesClasses that a claim has, wants, or is on its way to.
    static Set<String> attributeClasses(JsonNode claim) {
        return Stream.of(
                        Json.string(claim, "spec", "volumeAttributesClassName"),
                        Json.string(claim, "status", "currentVolumeAttributesClassName"),
                        Json.string(claim, "status", "modifyVolumeStatus", "targetVolumeAttributesClassName"))
                .filter(name -> !name.isEmpty())
                .collect(Collectors.toSet());
    }

    /// Whether one of the names, or that there is none, is what is wished.
    private static boolean meets(Set<String> own, ObjectNode wish) {
        var values = new ArrayList<String>();
        wish.path("values").forEach(value -> values.add(value.asString("")));
        return switch (Json.string(wish, "operator")) {
            case "In" -> own.stream().anyMatch(values::contains);
            case "NotIn" -> own.isEmpty() || !values.containsAll(own);
            case "DoesNotExist" -> own.isEmpty();
            default -> !own.isEmpty();
        };
    }

    private static boolean isBestEffort(JsonNode spec) {
        return Stream.of("containers", "initContainers")
                .flatMap(list -> Json.objects(spec, list).stream())
                .allMatch(container -> Stream.of("requests", "limits")
                        .allMatch(part -> Stream.of("cpu", "memory")
                                .allMatch(name -> PodResources.quantity(container.path("resources").path(part).path(name)).isZero())));
    }

    private static boolean crossesNamespaces(JsonNode spec) {
        for (var kind : List.of("podAffinity", "podAntiAffinity")) {
            var affinity = spec.path("affinity").path(kind);
            var terms = new ArrayList<JsonNode>(Json.objects(affinity, "requiredDuringSchedulingIgnoredDuringExecution"));
            Json.objects(affinity, "preferredDuringSchedulingIgnoredDuringExecution").forEach(term -> terms.add(term.path("podAffinityTerm")));
            if (terms.stream().anyMatch(term -> !term.path("namespaces").isEmpty() || term.path("namespaceSelector").isObject())) {
                return true;
            }
        }
        return false;
    }
}
