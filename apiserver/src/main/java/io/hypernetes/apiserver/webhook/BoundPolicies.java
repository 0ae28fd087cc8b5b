package io.hypernetes.apiserver.webhook;

import dev.cel.common.values.NullValue;
import io.hypernetes.apiserver.custom.TenantKinds;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.cel.AdmissionLanguage;
import io.hypernetes.objects.cel.Values;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.store.Store;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The admission policies of one kind in each tenant, as far as their bindings make them count. Thread-safe.
final class BoundPolicies<P extends BoundPolicies.Compiled> {
    private final Store store;
    private final TenantKinds kinds;
    private final Matching matching;
    private final Configurations<P> policies;
    private final Configurations<ObjectNode> bindings;

    /// A policy that can be bound.
    interface Compiled {
        PolicyHead head();
    }

    /// A policy that is about an attempt, by one of its bindings.
    ///
    /// @param as the kind in whose form the policy wants to see the object
    /// @param broken why it cannot be evaluated at all; null when it can
    record Bound<P extends Compiled>(P policy, String binding, JsonNode spec, Kind as, @Nullable String broken) {
        /// With each of which it is to be evaluated; none where it cannot be.
        Parameters.Each parameters(Parameters all) {
            return broken == null ? all.of(policy.head().spec(), spec) : all.none();
        }
    }

    /// @param resource such as `validatingadmissionpolicies`
    /// @param bindings the resource of its bindings
    BoundPolicies(Store store, TenantKinds kinds, String resource, String bindings, Function<ObjectNode, P> compile) {
        this.store = store;
        this.kinds = kinds;
        this.matching = new Matching(kinds, store);
        this.policies = new Configurations<>(store, resource, compile);
        this.bindings = new Configurations<>(store, bindings, binding -> binding);
    }

    /// Whether a tenant has any that count.
    boolean any(String tenant) {
        return !bindings.of(tenant).isEmpty();
    }

    /// Whether any may be about an attempt, as far as their rules tell.
    boolean mayConcern(Attempt attempt) {
        var bound = bindings.of(attempt.tenant()).stream().map(binding -> Json.string(binding, "spec", "policyName")).collect(Collectors.toSet());
        return !bound.isEmpty()
                && policies.of(attempt.tenant()).stream().filter(policy -> bound.contains(policy.head().name())).anyMatch(policy -> {
                    var constraints = policy.head().spec().path("matchConstraints");
                    return matching.byRules(Json.objects(constraints, "resourceRules"), Json.string(constraints, "matchPolicy"), attempt) != null;
                });
    }

    /// Those that are about an attempt, by the names of the policies and then of the bindings.
    List<Bound<P>> concerning(Attempt attempt, @Nullable ObjectNode object, @Nullable ObjectNode old) {
        var bound = bindings.of(attempt.tenant());
        if (bound.isEmpty()) {
            return List.of();
        }
        var known = policies.of(attempt.tenant()).stream().collect(Collectors.toMap(policy -> policy.head().name(), policy -> policy));
        var found = new ArrayList<Bound<P>>();
        for (var binding : bound) {
            var policy = known.get(Json.string(binding, "spec", "policyName"));
            if (policy == null) {
                continue;
            }
            var as = concerned(policy.head().spec().path("matchConstraints"), attempt, object, old);
            var own = binding.path("spec").path("matchResources");
            if (as != null && (!own.isObject() || narrowed(own, attempt, object, old))) {
                found.add(new Bound<>(policy, Json.string(binding, "metadata", "name"), binding.path("spec"), as, policy.head().broken()));
            }
        }
        found.sort(Comparator.comparing((Bound<P> each) -> each.policy().head().name()).thenComparing(Bound::binding));
        return found;
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

    /// What bound policies are evaluated with, for one request; to be closed at its end.
    Parameters parameters(Attempt attempt) {
        return new Parameters(store, kinds, attempt);
    }

    /// What the expressions of a bound policy may speak of.
    Map<String, Object> variables(
            Attempt attempt, Kind as, @Nullable ObjectNode object, @Nullable ObjectNode old, @Nullable ObjectNode params) {
        return variables(attempt, as, object, old, params, matching.namespace(attempt));
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
        var type = as.type();
        variables.putAll(AdmissionLanguage.authorizer(
                attempt.rights(), type.group(), type.resource(), attempt.subresource(), attempt.namespace(), attempt.name()));
        return variables;
    }

    private static Object value(@Nullable ObjectNode object) {
        return object == null ? NullValue.NULL_VALUE : Values.of(object);
    }
}
