package io.hypernetes.apiserver.webhook;

import io.hypernetes.apiserver.custom.TenantKinds;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.kind.ResourceType;
import io.hypernetes.objects.selector.LabelSelector;
import io.hypernetes.store.Store;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Whether rules and selectors of webhooks and policies are about an attempt.
final class Matching {
    private final TenantKinds kinds;
    private final Store store;

    Matching(TenantKinds kinds, Store store) {
        this.kinds = kinds;
        this.store = store;
    }

    /// The kind in whose form the rules want to see the object; null when no rule is about it.
    ///
    /// @param rules RuleWithOperations objects
    /// @param policy `Exact`, or `Equivalent`: then other forms of the same object count too
    @Nullable Kind byRules(List<ObjectNode> rules, String policy, Attempt attempt) {
        if (any(rules, attempt.kind().type(), attempt)) {
            return attempt.kind();
        }
        if (policy.equals("Exact")) {
            return null;
        }
        var stored = attempt.kind().type();
        if (attempt.kind().isCustom()) {
            // Not found again: the definition may have changed since, and this may be held as long as a webhook is waited for.
            return TenantKinds.others(attempt.kind()).stream().filter(other -> any(rules, other.type(), attempt)).findFirst().orElse(null);
        }
        // None that the tenant has defined is another form of it.
        for (var builtIn : kinds.builtIn().all()) {
            var type = builtIn.type();
            if (!type.groupVersion().equals(stored.groupVersion())
                    && type.resource().equals(stored.resource())
                    && type.storedVersion().equals(stored.storedVersion())
                    && any(rules, type, attempt)) {
                var other = kinds.find(attempt.tenant(), type.group(), type.version(), type.resource());
                if (other != null) {
                    return other;
                }
            }
        }
        return null;
    }

    private static boolean any(List<ObjectNode> rules, ResourceType type, Attempt attempt) {
        return rules.stream().anyMatch(rule -> matches(rule, type, attempt));
    }

    private static boolean matches(ObjectNode rule, ResourceType type, Attempt attempt) {
        var scope = Json.string(rule, "scope");
        boolean inScope = scope.isEmpty() || scope.equals("*") || scope.equals("Namespaced") == type.namespaced();
        return inScope
                && has(rule.path("operations"), attempt.operation())
                && has(rule.path("apiGroups"), type.group())
                && has(rule.path("apiVersions"), type.version())
                && resource(rule.path("resources"), type.resource(), attempt.subresource())
                && (rule.path("resourceNames").isEmpty() || has(rule.path("resourceNames"), attempt.name()));
    }

    private static boolean has(JsonNode list, String value) {
        for (var item : list) {
            if (item.asString("").equals("*") || item.asString("").equals(value)) {
                return true;
            }
        }
        return false;
    }

    private static boolean resource(JsonNode list, String resource, String subresource) {
        for (var item : list) {
            var text = item.asString("");
            int slash = text.indexOf('/');
            var wantedResource = slash < 0 ? text : text.substring(0, slash);
            var wantedPart = slash < 0 ? "" : text.substring(slash + 1);
            boolean sameResource = wantedResource.equals("*") || wantedResource.equals(resource);
            boolean samePart = wantedPart.equals("*") || wantedPart.equals(subresource);
            if (sameResource && samePart) {
                return true;
            }
        }
        return false;
    }

    /// Whether the namespace of an attempt, and its object before or after, carry the labels that are wanted.
    ///
    /// @param selectors has `namespaceSelector` and `objectSelector`
    boolean bySelectors(JsonNode selectors, Attempt attempt, @Nullable ObjectNode object, @Nullable ObjectNode old) {
        var objects = selectors.path("objectSelector");
        if (!objects.isEmpty() && !carries(objects, object) && !carries(objects, old)) {
            return false;
        }
        var namespaces = selectors.path("namespaceSelector");
        if (namespaces.isEmpty()) {
            return true;
        }
        if (attempt.kind().type().is("", "namespaces")) {
            return carries(namespaces, object != null ? object : old);
        }
        return attempt.namespace().isEmpty() || carries(namespaces, namespace(attempt));
    }

    /// The namespace of an attempt; null when there is none.
    @Nullable ObjectNode namespace(Attempt attempt) {
        if (attempt.namespace().isEmpty()) {
            return null;
        }
        return store.get(new ObjectKey(attempt.tenant(), "", "namespaces", "", attempt.namespace()).text())
                .map(entry -> Json.readObject(entry.value()))
                .orElse(null);
    }

    private static boolean carries(JsonNode selector, @Nullable ObjectNode object) {
        return object != null && LabelSelector.of(selector).matches(LabelSelector.labelsOf(object));
    }
}
