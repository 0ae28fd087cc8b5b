package io.hypernetes.apiserver.webhook;

import io.hypernetes.apiserver.custom.TenantKinds;
import io.hypernetes.apiserver.fair.InUse;
import io.hypernetes.apiserver.request.Cut;
import io.hypernetes.objects.cel.Budget;
import io.hypernetes.store.Store;
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
    private final EvaluationRoom room;

    ValidatingPolicies(Store store, TenantKinds kinds, InUse<Configurations.Form> inUse, EvaluationRoom room) {
        this.room = room;
        this.policies = new BoundPolicies<>(
                store, kinds, inUse, "validatingadmissionpolicies", "validatingadmissionpolicybindings", ValidatingPolicy::of);
    }

    /// Whether any may be about an attempt, as far as their rules tell.
    boolean mayConcern(Attempt attempt) {
        return policies.mayConcern(attempt);
    }

    /// Judges an attempt by all policies that are bound to it.
    ///
    /// @throws io.hypernetes.objects.ApiException when one denies it
    void validate(Attempt attempt, @Nullable ObjectNode object, @Nullable ObjectNode old) {
        var budget = room.budget(attempt.tenant());
        var findings = new Verdict.Findings();
        var notes = new Notes();
        try (var parameters = policies.parameters(attempt); var concerning = policies.concerning(attempt, object, old)) {
            for (var bound = concerning.next(); bound != null; bound = concerning.next()) {
                var say = new Verdict(bound.policy().head(), bound.binding(), bound.spec().path("validationActions"), attempt, findings);
                var broken = bound.broken();
                if (broken != null) {
                    say.failed(broken);
                }
                var each = bound.parameters(parameters);
                while (each.next()) {
                    if (budget.isSpent()) {
                        // Each of those that are left fails as it would if it were evaluated, which says nothing that this does not say.
                        say.failed(Budget.SPENT);
                        break;
                    }
                    bound.policy().judge(policies.variables(attempt, bound.as(), object, old, each.value()), budget, say, notes);
                }
                var fault = each.fault();
                if (fault != null) {
                    say.failed(fault);
                }
            }
        }
        notes.tell(attempt.annotate());
        var denial = findings.denial();
        if (denial != null) {
            throw denial.asException();
        }
    }

    /// What policies say for whoever reads of the request. A key with several values, which parameters can make, is told with all of them
    /// (`auditAnnotationCollector` of upstream's `pkg/admission/plugin/policy/validating/dispatcher.go`), as far as a request has room for them.
    static final class Notes {
        private static final int LONGEST = 10 << 10;

        /// As much as an [io.hypernetes.apiserver.http.Exchange] takes, in characters: more would be made for nobody.
        private static final int ROOM = 16 << 10;

        private static final String BETWEEN = ", ";

        private final Map<String, Set<String>> values = new LinkedHashMap<>();
        private int held;

        /// A value that does not fit is left out.
        void add(String policy, String key, String value) {
            var name = policy + "/" + key;
            var text = Cut.to(LONGEST, value, "");
            var known = values.get(name);
            if (known != null && known.contains(text)) {
                return;
            }
            int length = text.length() + (known == null ? name.length() : BETWEEN.length());
            if (held + length > ROOM) {
                return;
            }
            held += length;
            values.computeIfAbsent(name, _ -> new LinkedHashSet<>()).add(text);
        }

        void tell(BiConsumer<String, String> annotate) {
            values.forEach((key, each) -> annotate.accept(key, String.join(BETWEEN, each)));
        }
    }
}
