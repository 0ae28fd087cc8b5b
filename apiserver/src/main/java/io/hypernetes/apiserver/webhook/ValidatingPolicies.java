package io.hypernetes.apiserver.webhook;

import io.hypernetes.apiserver.custom.TenantKinds;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.cel.Budget;
import io.hypernetes.store.Store;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// The ValidatingAdmissionPolicies of each tenant. Thread-safe.
final class ValidatingPolicies {
    private final BoundPolicies<ValidatingPolicy> policies;

    ValidatingPolicies(Store store, TenantKinds kinds) {
        this.policies = new BoundPolicies<>(
                store, kinds, "validatingadmissionpolicies", "validatingadmissionpolicybindings", ValidatingPolicy::of);
    }

    /// Whether any may be about an attempt, as far as their rules tell.
    boolean mayConcern(Attempt attempt) {
        return policies.mayConcern(attempt);
    }

    /// Judges an attempt by all policies that are bound to it.
    ///
    /// @throws io.hypernetes.objects.ApiException when one denies it
    void validate(Attempt attempt, @Nullable ObjectNode object, @Nullable ObjectNode old) {
        var budget = new Budget(Budget.REQUEST);
        var denials = new ArrayList<ApiStatus>();
        var notes = new Notes();
        for (var bound : policies.concerning(attempt, object, old)) {
            var say = new Verdict(bound.policy().head(), bound.binding(), bound.spec().path("validationActions"), attempt, denials);
            var broken = bound.broken();
            if (broken != null) {
                say.failed(broken);
            }
            for (var params : bound.parameters()) {
                bound.policy().judge(policies.variables(attempt, bound.as(), object, old, params), budget, say, notes);
            }
        }
        notes.tell(attempt.annotate());
        if (!denials.isEmpty()) {
            throw denials.getFirst().asException();
        }
    }

    /// What policies say for whoever reads of the request. A key with several values, which parameters can make, is told with all of them
    /// (`auditAnnotationCollector` of upstream's `pkg/admission/plugin/policy/validating/dispatcher.go`).
    static final class Notes {
        private static final int LONGEST = 10 << 10;

        private final Map<String, Set<String>> values = new LinkedHashMap<>();

        void add(String policy, String key, String value) {
            values.computeIfAbsent(policy + "/" + key, _ -> new LinkedHashSet<>()).add(value.length() <= LONGEST ? value : value.substring(0, LONGEST));
        }

        void tell(BiConsumer<String, String> annotate) {
            values.forEach((key, each) -> annotate.accept(key, String.join(", ", each)));
        }
    }
}
