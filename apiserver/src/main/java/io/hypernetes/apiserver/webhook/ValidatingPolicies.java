package io.hypernetes.apiserver.webhook;

import io.hypernetes.apiserver.custom.TenantKinds;
import io.hypernetes.objects.cel.Budget;
import io.hypernetes.store.Store;
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
        for (var bound : policies.concerning(attempt, object, old)) {
            var say = new Verdict(bound.policy().head(), bound.binding(), bound.spec().path("validationActions"), attempt);
            var broken = bound.broken();
            if (broken != null) {
                say.failed(broken);
            }
            for (var params : bound.parameters()) {
                bound.policy().judge(policies.variables(attempt, bound.as(), object, old, params), budget, say);
            }
        }
    }
}
