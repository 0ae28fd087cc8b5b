package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.NullNode;
import tools.jackson.databind.node.ObjectNode;

/// ResourceQuotas, as in ValidateResourceQuotaSpec of upstream's `pkg/apis/core/validation/validation.go`.
final class ResourceQuotaRules implements KindRules {
    private static final List<String> SCOPES = List.of(
            "BestEffort", "CrossNamespacePodAffinity", "NotBestEffort", "NotTerminating", "PriorityClass", "Terminating",
            "VolumeAttributesClass");
    private static final Set<String> OF_PODS = Set.of("pods", "cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory");
    /// Scopes that a pod has or has not, of no values.
    private static final Set<String> MARKS = Set.of("BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity");
    private static final String ONLY_EXISTS = "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
            + "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
    private static final Layout LAYOUT = Layout.named()
            .cell("Request", "What is used, and may be used.", q -> amounts(q, false))
            .cell("Limit", "What is used of limits, and may be used.", q -> amounts(q, true))
            .age();

    /// Each is looked for whenever something goes from the namespace; upstream has no bound.
    private static final int MOST_RESOURCES = 1000;

    @Override
    public void validateNew(ObjectNode quota, Errors errors) {
        bounded(quota, errors);
    }

    private static void bounded(ObjectNode quota, Errors errors) {
        int count = quota.path("spec").path("hard").size();
        if (count > MOST_RESOURCES) {
            errors.add(FieldError.tooMany("spec.hard", count, MOST_RESOURCES));
        }
    }

    @Override
    public void validate(ObjectNode quota, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(quota);
        amounts(spec.path("hard"), "spec.hard", errors);
        JsonNode scopes = spec.path("scopes");
        List<String> named = new ArrayList<>();
        List<String> counted = spec.path("hard").propertyNames().stream().filter(ResourceNames::isOfQuotas).toList();
        for (JsonNode scope : scopes) {
            named.add(scope.asString(""));
            if (!SCOPES.contains(scope.asString(""))) {
                errors.invalid("spec.scopes", scopes, "unsupported scope");
            }
            applies(scope.asString(""), counted, "spec.scopes", scopes, errors);
        }
        conflicts(named, "spec.scopes", scopes, errors);
        selector(spec, counted, errors);
    }

    /// The paths name no member, as upstream's.
    private static void selector(ObjectNode spec, List<String> counted, Errors errors) {
        String at = "spec.scopeSelector.matchExpressions";
        List<String> named = new ArrayList<>();
        List<ObjectNode> expressions = Json.objects(spec.path("scopeSelector"), "matchExpressions");
        ObjectNode shown = shown(expressions);
        for (ObjectNode expression : expressions) {
            String scope = Json.string(expression, "scopeName");
            named.add(scope);
            if (!SCOPES.contains(scope)) {
                errors.invalid(at + ".scopeName", scope, "unsupported scope");
            }
            applies(scope, counted, at, shown, errors);
            operator(scope, expression, at, errors);
        }
        JsonNode scopes = spec.path("scopes");
        conflicts(named, at, scopes.isMissingNode() ? NullNode.getInstance() : scopes, errors);
    }

    private static void operator(String scope, ObjectNode expression, String at, Errors errors) {
        String operator = Json.string(expression, "operator");
        JsonNode values = expression.path("values");
        if (MARKS.contains(scope) && !operator.equals("Exists")) {
            errors.invalid(at + ".operator", operator, ONLY_EXISTS);
        }
        switch (operator) {
            case "In", "NotIn" -> {
                if (values.isEmpty()) {
                    errors.required(at + ".values", "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
                }
            }
            case "Exists", "DoesNotExist" -> {
                if (!values.isEmpty()) {
                    errors.invalid(at + ".values", values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector");
                }
            }
            default -> errors.invalid(at + ".operator", operator, "not a valid selector operator");
        }
    }

    /// A selector in upstream's own form, which it shows.
    private static ObjectNode shown(List<ObjectNode> expressions) {
        ObjectNode selector = Json.object();
        ArrayNode all = selector.putArray("MatchExpressions");
        for (ObjectNode expression : expressions) {
            JsonNode values = expression.path("values");
            ObjectNode each = all.addObject()
                    .put("ScopeName", Json.string(expression, "scopeName"))
                    .put("Operator", Json.string(expression, "operator"));
            each.set("Values", values.isArray() ? values : NullNode.getInstance());
        }
        return selector;
    }

    private static void conflicts(List<String> named, String at, JsonNode shown, Errors errors) {
        for (List<String> pair : List.of(List.of("BestEffort", "NotBestEffort"), List.of("Terminating", "NotTerminating"))) {
            if (named.containsAll(pair)) {
                errors.invalid(at, shown, "conflicting scopes");
            }
        }
    }

    /// Most scopes choose among pods, and a quota with one counts nothing else; pods of best effort have no amounts. Told for each resource, as upstream does.
    private static void applies(String scope, List<String> counted, String at, JsonNode shown, Errors errors) {
        if (!MARKS.contains(scope) && !scope.equals("PriorityClass")) {
            return;
        }
        for (String name : counted) {
            boolean fits = scope.equals("BestEffort") ? name.equals("pods") : OF_PODS.contains(name);
            if (!fits) {
                errors.invalid(at, shown, "unsupported scope applied to resource");
            }
            if (errors.isFull()) {
                return;
            }
        }
    }

    /// Amounts by resource name, of quotas.
    static void amounts(JsonNode amounts, String path, Errors errors) {
        for (Map.Entry<String, JsonNode> amount : amounts.properties()) {
            String name = amount.getKey();
            String at = path + "[" + name + "]";
            ResourceNames.validateOfQuota(name, at, errors);
            ContainerValidation.amount(name, amount.getValue(), at, errors);
        }
    }

    @Override
    public void validateUpdate(ObjectNode quota, ObjectNode old, @Nullable String subresource, Errors errors) {
        if (subresource != null) {
            amounts(quota.path("status").path("hard"), "status.hard", errors);
            amounts(quota.path("status").path("used"), "status.used", errors);
            return;
        }
        if (quota.path("spec").path("hard").size() > old.path("spec").path("hard").size()) {
            bounded(quota, errors);
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
