package io.hypernetes.apiserver.webhook;

import dev.cel.common.values.NullValue;
import io.hypernetes.apiserver.custom.TenantKinds;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.GroupVersion;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.cel.Budget;
import io.hypernetes.objects.cel.ExpressionException;
import io.hypernetes.objects.cel.Values;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.selector.LabelSelector;
import io.hypernetes.store.Store;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The ValidatingAdmissionPolicies of each tenant, as far as their bindings make them count. Thread-safe.
final class Policies {
    private final Store store;
    private final TenantKinds kinds;
    private final Matching matching;
    private final Configurations<Policy> policies;
    private final Configurations<ObjectNode> bindings;

    Policies(Store store, TenantKinds kinds) {
        this.store = store;
        this.kinds = kinds;
        this.matching = new Matching(kinds, store);
        this.policies = new Configurations<>(store, "validatingadmissionpolicies", Policy::of);
        this.bindings = new Configurations<>(store, "validatingadmissionpolicybindings", binding -> binding);
    }

    /// Whether a tenant has any that count.
    boolean any(String tenant) {
        return !bindings.of(tenant).isEmpty();
    }

    /// Judges an attempt by all policies that are bound to it.
    ///
    /// @throws ApiException when one denies it
    void validate(Attempt attempt, @Nullable ObjectNode object, @Nullable ObjectNode old) {
        var bound = bindings.of(attempt.tenant());
        if (bound.isEmpty()) {
            return;
        }
        var known = policies.of(attempt.tenant()).stream().collect(Collectors.toMap(Policy::name, policy -> policy));
        var budget = new Budget(Budget.REQUEST);
        for (var binding : bound) {
            var policy = known.get(Json.string(binding, "spec", "policyName"));
            if (policy != null) {
                judge(policy, binding, attempt, object, old, budget);
            }
        }
    }

    private void judge(
            Policy policy, ObjectNode binding, Attempt attempt, @Nullable ObjectNode object, @Nullable ObjectNode old, Budget budget) {
        var as = concerned(policy.spec().path("matchConstraints"), attempt, object, old);
        var own = binding.path("spec").path("matchResources");
        if (as == null || (own.isObject() && !narrowed(own, attempt, object, old))) {
            return;
        }
        var name = Json.string(binding, "metadata", "name");
        var say = new Verdict(policy, name, binding.path("spec").path("validationActions"), attempt);
        var broken = policy.broken();
        if (broken != null) {
            say.failed(broken);
            return;
        }
        List<@Nullable ObjectNode> parameters;
        try {
            parameters = parameters(policy, binding, attempt);
        } catch (ApiException e) {
            say.failed(e.status().message());
            return;
        }
        for (var params : parameters) {
            var variables = variables(attempt, as, object, old, params, matching.namespace(attempt));
            policy.judge(variables, budget, say);
        }
    }

    /// The kind in whose form constraints want to see an attempt; null when it is none of their concern.
    private @Nullable Kind concerned(JsonNode constraints, Attempt attempt, @Nullable ObjectNode object, @Nullable ObjectNode old) {
        var policy = Json.string(constraints, "matchPolicy");
        var as = matching.byRules(Json.objects(constraints, "resourceRules"), policy, attempt);
        return as == null
                        || matching.byRules(Json.objects(constraints, "excludeResourceRules"), policy, attempt) != null
                        || !matching.bySelectors(constraints, attempt, object, old)
                ? null
                : as;
    }

    /// Whether a binding's own restrictions, where it has any, let the attempt in.
    private boolean narrowed(JsonNode restrictions, Attempt attempt, @Nullable ObjectNode object, @Nullable ObjectNode old) {
        return restrictions.path("resourceRules").isEmpty()
                ? matching.byRules(Json.objects(restrictions, "excludeResourceRules"), "Equivalent", attempt) == null
                        && matching.bySelectors(restrictions, attempt, object, old)
                : concerned(restrictions, attempt, object, old) != null;
    }

    /// The objects with which a policy is to be judged: each by itself; one null when it takes none.
    ///
    /// @throws ApiException when there must be some and there are none
    private List<@Nullable ObjectNode> parameters(Policy policy, ObjectNode binding, Attempt attempt) {
        var wanted = policy.spec().path("paramKind");
        var reference = binding.path("spec").path("paramRef");
        var found = new ArrayList<@Nullable ObjectNode>();
        if (!wanted.isObject() || !reference.isObject()) {
            found.add(null);
            return found;
        }
        var version = GroupVersion.parse(Json.string(wanted, "apiVersion"));
        var kindName = Json.string(wanted, "kind");
        var kind = kinds.all(attempt.tenant()).stream()
                .filter(each -> each.type().groupVersion().equals(version) && each.type().kind().equals(kindName))
                .findFirst()
                .orElseThrow(() -> ApiStatus.badRequest("failed to find resource referenced by paramKind: '" + version.apiVersion()
                                + ", Kind=" + kindName + "'")
                        .asException());
        var type = kind.type();
        var namespace = !type.namespaced()
                ? ""
                : Json.string(reference, "namespace").isEmpty() ? attempt.namespace() : Json.string(reference, "namespace");
        var name = Json.string(reference, "name");
        if (!name.isEmpty()) {
            store.get(new ObjectKey(attempt.tenant(), type.storedVersion().group(), type.resource(), namespace, name).text())
                    .ifPresent(entry -> found.add(kind.fromStored(Json.readObject(entry.value()))));
        } else {
            var selector = LabelSelector.of(reference.path("selector"));
            var prefix = ObjectKey.prefix(attempt.tenant(), type.storedVersion().group(), type.resource(), namespace.isEmpty() ? "_" : namespace);
            for (var entry : store.list(prefix, "", 0).entries()) {
                var each = kind.fromStored(Json.readObject(entry.value()));
                if (selector.matches(LabelSelector.labelsOf(each))) {
                    found.add(each);
                }
            }
        }
        if (found.isEmpty() && !Json.string(reference, "parameterNotFoundAction").equals("Allow")) {
            throw ApiStatus.badRequest("no params found for policy binding with `Deny` parameterNotFoundAction").asException();
        }
        return found;
    }

    /// What expressions of admission may speak of.
    static Map<String, Object> variables(
            Attempt attempt,
            Kind as,
            @Nullable ObjectNode object,
            @Nullable ObjectNode old,
            @Nullable ObjectNode params,
            @Nullable ObjectNode namespace) {
        var variables = new HashMap<String, Object>();
        variables.put("object", value(attempt.inForm(as, object)));
        variables.put("oldObject", value(attempt.inForm(as, old)));
        variables.put("params", value(params));
        variables.put("namespaceObject", value(namespace));
        var request = attempt.toJson(as, null, null);
        request.remove(List.of("object", "oldObject"));
        variables.put("request", Values.of(request));
        return variables;
    }

    private static Object value(@Nullable ObjectNode object) {
        return object == null ? NullValue.NULL_VALUE : Values.of(object);
    }
}
