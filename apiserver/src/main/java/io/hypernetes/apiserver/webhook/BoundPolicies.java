package io.hypernetes.apiserver.webhook;

import dev.cel.common.values.NullValue;
import io.hypernetes.apiserver.custom.TenantKinds;
import io.hypernetes.apiserver.fair.InUse;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.cel.AdmissionLanguage;
import io.hypernetes.objects.cel.Values;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Store;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
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

    /// @param inUse for what is used at once
    /// @param resource such as `validatingadmissionpolicies`
    /// @param bindings the resource of its bindings
    BoundPolicies(Store store, TenantKinds kinds, InUse<Configurations.Form> inUse, String resource, String bindings, Function<ObjectNode, P> compile) {
        this.store = store;
        this.kinds = kinds;
        this.matching = new Matching(kinds, store);
        this.policies = new Configurations<>(store, inUse, resource, compile);
        this.bindings = new Configurations<>(store, inUse, bindings, binding -> binding);
    }

    /// Whether a tenant has any that count.
    boolean any(String tenant) {
        return !bindings.entries(tenant).isEmpty();
    }

    /// Whether any may be about an attempt, as far as their rules tell.
    boolean mayConcern(Attempt attempt) {
        var tenant = attempt.tenant();
        var bound = pairs(tenant).stream().map(Pair::policy).collect(Collectors.toSet());
        for (var policy : bound) {
            try (var use = policies.use(tenant, policy)) {
                var constraints = use.value().head().spec().path("matchConstraints");
                if (matching.byRules(Json.objects(constraints, "resourceRules"), Json.string(constraints, "matchPolicy"), attempt) != null) {
                    return true;
                }
            }
        }
        return false;
    }

    /// A policy and one of its bindings, as they are stored.
    private record Pair(Entry policy, Entry binding) {}

    /// Those of a tenant, by the names of the policies and then of the bindings.
    private List<Pair> pairs(String tenant) {
        var bound = bindings.entries(tenant);
        if (bound.isEmpty()) {
            return List.of();
        }
        var known = policies.entries(tenant).stream().collect(Collectors.toMap(BoundPolicies::name, policy -> policy));
        var pairs = new ArrayList<Pair>();
        for (var binding : bound) {
            try (var use = bindings.use(tenant, binding)) {
                var policy = known.get(Json.string(use.value(), "spec", "policyName"));
                if (policy != null) {
                    pairs.add(new Pair(policy, binding));
                }
            }
        }
        pairs.sort(Comparator.comparing((Pair pair) -> name(pair.policy)).thenComparing(pair -> name(pair.binding)));
        return pairs;
    }

    private static String name(Entry entry) {
        return ObjectKey.parse(entry.key()).name();
    }

    /// Those that are about an attempt, by the names of the policies and then of the bindings; to be closed.
    Concerning concerning(Attempt attempt, @Nullable ObjectNode object, @Nullable ObjectNode old) {
        return new Concerning(attempt, object, old);
    }

    /// One after the other: each is there until the next is asked for.
    final class Concerning implements AutoCloseable {
        private final Attempt attempt;
        private final @Nullable ObjectNode object;
        private final @Nullable ObjectNode old;
        private final Iterator<Pair> pairs;
        private Configurations<P>.@Nullable Use policy;
        private Configurations<ObjectNode>.@Nullable Use binding;

        private Concerning(Attempt attempt, @Nullable ObjectNode object, @Nullable ObjectNode old) {
            this.attempt = attempt;
            this.object = object;
            this.old = old;
            this.pairs = pairs(attempt.tenant()).iterator();
        }

        /// The next; null when there is none.
        @Nullable Bound<P> next() {
            while (pairs.hasNext()) {
                close();
                var pair = pairs.next();
                var ofPolicy = policies.use(attempt.tenant(), pair.policy);
                policy = ofPolicy;
                var ofBinding = bindings.use(attempt.tenant(), pair.binding);
                binding = ofBinding;
                var head = ofPolicy.value().head();
                var spec = ofBinding.value().path("spec");
                var as = concerned(head.spec().path("matchConstraints"), attempt, object, old);
                var own = spec.path("matchResources");
                if (as != null && (!own.isObject() || narrowed(own, attempt, object, old))) {
                    return new Bound<>(ofPolicy.value(), name(pair.binding), spec, as, head.broken());
                }
            }
            close();
            return null;
        }

        @Override
        public void close() {
            var ofPolicy = policy;
            policy = null;
            if (ofPolicy != null) {
                ofPolicy.close();
            }
            var ofBinding = binding;
            binding = null;
            if (ofBinding != null) {
                ofBinding.close();
            }
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
