package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import io.hypernetes.objects.Quantity;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.node.StringNode;

/// ResourceQuotas.
final class ResourceQuotaRules implements KindRules {
    private static final List<String> SCOPES = List.of(
            "BestEffort", "CrossNamespacePodAffinity", "NotBestEffort", "NotTerminating", "PriorityClass", "Terminating",
            "VolumeAttributesClass");
    private static final Set<String> PLAIN = Set.of(
            "cpu", "memory", "ephemeral-storage", "pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps",
            "persistentvolumeclaims", "services.nodeports", "services.loadbalancers", "requests.cpu", "requests.memory",
            "requests.storage", "requests.ephemeral-storage", "limits.cpu", "limits.memory", "limits.ephemeral-storage");
    private static final Set<String> COMPUTE = Set.of("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory");
    private static final Set<String> COUNTS = Set.of(
            "pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps", "persistentvolumeclaims",
            "services.nodeports", "services.loadbalancers");
    /// Scopes that a pod has or has not, of no values.
    private static final Set<String> MARKS = Set.of("BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity");
    private static final Layout LAYOUT = Layout.named()
            .cell("Request", "What is used, and may be used.", q -> amounts(q, false))
            .cell("Limit", "What is used of limits, and may be used.", q -> amounts(q, true))
            .age();

    @Override
    public void validate(ObjectNode quota, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(quota);
        amounts(spec.path("hard"), "spec.hard", errors);
        JsonNode scopes = spec.path("scopes");
        Set<String> named = new TreeSet<>();
        for (JsonNode scope : scopes) {
            named.add(scope.asString(""));
            if (!SCOPES.contains(scope.asString(""))) {
                errors.invalid("spec.scopes", scopes, "unsupported scope");
            }
            applies(scope.asString(""), spec.path("hard"), "spec.scopes", scopes, errors);
        }
        for (List<String> pair : List.of(List.of("BestEffort", "NotBestEffort"), List.of("Terminating", "NotTerminating"))) {
            if (named.containsAll(pair)) {
                errors.invalid("spec.scopes", scopes, "conflicting scopes");
            }
        }
        List<ObjectNode> selectors = Json.objects(spec.path("scopeSelector"), "matchExpressions");
        for (int i = 0; i < selectors.size(); i++) {
            String at = "spec.scopeSelector.matchExpressions[" + i + "]";
            String scope = Json.string(selectors.get(i), "scopeName");
            if (!SCOPES.contains(scope)) {
                errors.invalid(at + ".scopeName", scope, "unsupported scope");
            }
            applies(scope, spec.path("hard"), at + ".scopeName", StringNode.valueOf(scope), errors);
            String operator = Json.string(selectors.get(i), "operator");
            if (MARKS.contains(scope) && !operator.equals("Exists")) {
                errors.invalid(at + ".operator", operator, "must be 'Exists' for a scope that has no values");
            }
            errors.oneOf(at + ".operator", operator, List.of("DoesNotExist", "Exists", "In", "NotIn"));
            boolean listed = operator.equals("In") || operator.equals("NotIn");
            boolean values = !selectors.get(i).path("values").isEmpty();
            if (listed && !values) {
                errors.required(at + ".values", "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
            } else if (!listed && values) {
                errors.invalid(
                        at + ".values",
                        selectors.get(i).path("values"),
                        "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector");
            }
        }
    }

    /// Most scopes choose among pods, and a quota with one counts nothing else; pods of best effort have no amounts.
    private static void applies(String scope, JsonNode hard, String at, JsonNode shown, Errors errors) {
        if (scope.equals("VolumeAttributesClass")) {
            return;
        }
        for (String name : hard.propertyNames()) {
            boolean fits = name.equals("pods") || (COMPUTE.contains(name) && !scope.equals("BestEffort"));
            if (PLAIN.contains(name) && !fits) {
                errors.invalid(at, shown, "unsupported scope applied to resource");
                return;
            }
        }
    }

    /// Amounts by resource name, of quotas.
    static void amounts(JsonNode amounts, String path, Errors errors) {
        for (Map.Entry<String, JsonNode> amount : amounts.properties()) {
            String name = amount.getKey();
            String at = path + "[" + name + "]";
            List<String> wrong = Names.qualified(name);
            errors.invalid(at, name, wrong);
            boolean known = PLAIN.contains(name) || name.startsWith("hugepages-") || name.startsWith("requests.hugepages-")
                    || name.startsWith("count/") || name.contains("/");
            if (wrong.isEmpty() && !known) {
                errors.invalid(at, name, "must be a standard resource for quota");
            }
            Quantity value = Quantity.parse(amount.getValue().asString("0"));
            if (value.signum() < 0) {
                errors.invalid(at, amount.getValue().asString(""), "must be greater than or equal to 0");
            }
            if ((COUNTS.contains(name) || name.startsWith("count/")) && value.decimal().stripTrailingZeros().scale() > 0) {
                errors.invalid(at, amount.getValue().asString(""), "must be an integer");
            }
        }
    }

    @Override
    public void validateUpdate(ObjectNode quota, ObjectNode old, @Nullable String subresource, Errors errors) {
        if (subresource != null) {
            amounts(quota.path("status").path("hard"), "status.hard", errors);
            amounts(quota.path("status").path("used"), "status.used", errors);
            return;
        }
        Set<String> now = new TreeSet<>();
        Set<String> before = new TreeSet<>();
        quota.path("spec").path("scopes").forEach(scope -> now.add(scope.asString("")));
        old.path("spec").path("scopes").forEach(scope -> before.add(scope.asString("")));
        if (!now.equals(before)) {
            errors.invalid("spec.scopes", quota.path("spec").path("scopes"), WorkloadValidation.IMMUTABLE);
        }
    }

    private static String amounts(ObjectNode quota, boolean limits) {
        JsonNode hard = quota.path("status").path("hard");
        JsonNode used = quota.path("status").path("used");
        StringBuilder text = new StringBuilder();
        for (String name : new TreeSet<>(hard.propertyNames())) {
            if (name.startsWith("limits.") == limits) {
                text.append(text.isEmpty() ? "" : ", ")
                        .append(name).append(": ")
                        .append(used.path(name).asString("0")).append('/')
                        .append(hard.path(name).asString("0"));
            }
        }
        return text.toString();
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
