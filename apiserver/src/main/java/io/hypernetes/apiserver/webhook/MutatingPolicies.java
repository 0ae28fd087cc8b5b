package io.hypernetes.apiserver.webhook;

import io.hypernetes.apiserver.custom.TenantKinds;
import io.hypernetes.apiserver.fair.InUse;
import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import io.hypernetes.objects.Repeats;
import io.hypernetes.objects.apply.ShapeException;
import io.hypernetes.objects.cel.Budget;
import io.hypernetes.objects.cel.ExpressionException;
import io.hypernetes.objects.cel.MutationLanguage;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.patch.JsonPatch;
import io.hypernetes.objects.patch.PatchException;
import io.hypernetes.objects.schema.Decoder;
import io.hypernetes.store.Store;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// The MutatingAdmissionPolicies of each tenant. Thread-safe.
///
/// Which of them are about an attempt is found out before the first one changes the object; their conditions and expressions see it as those
/// before left it. What fails and counts is told when all have been evaluated.
final class MutatingPolicies {
    private static final String UNKNOWN = "unknown field \"";

    /// So many failures are told: a request may meet a million.
    private static final int MOST_FAILURES = 64;

    private final BoundPolicies<MutatingPolicy> policies;
    private final Decoder decoder;
    private final EvaluationRoom room;

    MutatingPolicies(Store store, TenantKinds kinds, InUse<Configurations.Form> inUse, EvaluationRoom room) {
        this.policies = new BoundPolicies<>(
                store, kinds, inUse, "mutatingadmissionpolicies", "mutatingadmissionpolicybindings", MutatingPolicy::of);
        this.room = room;
        this.decoder = kinds.builtIn().decoder();
    }

    /// One evaluation of a policy, by names.
    private record Look(String policy, String binding, String parameterNamespace, String parameter) {}

    private record Failure(String message, String reason) {}

    /// Lets the policies change an object, one after the other, by their names.
    ///
    /// @param settle brings what a policy made into the shape of its kind
    /// @param looks as of [Webhooks#mutate]
    /// @return the object after them all; the argument itself when none changed it, or there is nothing that can be changed: a deletion, a
    ///     connection
    /// @throws ApiException when one failed and that counts
    @Nullable ObjectNode mutate(
            Attempt attempt, @Nullable ObjectNode object, @Nullable ObjectNode old, UnaryOperator<ObjectNode> settle, Looks looks) {
        if (object == null || attempt.operation().equals("CONNECT") || !policies.any(attempt.tenant())) {
            return object;
        }
        looks.begin(object);
        var budget = room.budget(attempt.tenant());
        var failures = new ArrayList<Failure>();
        var current = object;
        try (var parameters = policies.parameters(attempt); var concerning = policies.concerning(attempt, object, old)) {
            for (var bound = concerning.next(); bound != null; bound = concerning.next()) {
                var head = bound.policy().head();
                var mine = new ArrayList<Failure>();
                var broken = bound.broken();
                if (broken != null) {
                    fail(mine, bound, broken, "Forbidden");
                }
                var each = bound.parameters(parameters);
                while (each.next()) {
                    var params = each.value();
                    var look = new Look(head.name(), bound.binding(), Json.string(named(params), "namespace"), Json.string(named(params), "name"));
                    if (looks.isDue(look)) {
                        if (budget.isSpent()) {
                            fail(mine, bound, Budget.SPENT, "Invalid");
                            break;
                        }
                        var before = current;
                        var evaluation = new Evaluation(bound, attempt, old, params, settle, budget, mine);
                        if (evaluation.isWanted(current)) {
                            current = evaluation.mutate(current);
                            looks.looked(look, bound.policy().wantsAnotherLook(), !current.equals(before));
                        }
                    }
                }
                var fault = each.fault();
                if (fault != null) {
                    fail(mine, bound, fault, "Forbidden");
                }
                if (!head.ignoresFailure()) {
                    mine.stream().limit(MOST_FAILURES - failures.size()).forEach(failures::add);
                }
            }
        }
        looks.end(current);
        if (!failures.isEmpty()) {
            throw denied(attempt, failures);
        }
        return current;
    }

    private static ObjectNode named(@Nullable ObjectNode params) {
        return params == null ? Json.object() : Json.child(params, "metadata");
    }

    private static void fail(List<Failure> failures, BoundPolicies.Bound<MutatingPolicy> bound, String why, String reason) {
        if (failures.size() < MOST_FAILURES) {
            failures.add(new Failure(
                    "policy '" + bound.policy().head().name() + "' with binding '" + bound.binding() + "' denied request: " + why, reason));
        }
    }

    private static ApiException denied(Attempt attempt, List<Failure> failures) {
        var type = attempt.kind().type();
        var causes = failures.stream().map(failure -> new ApiStatus.Cause("", failure.message, "")).toList();
        return new ApiStatus(
                        403,
                        failures.getFirst().reason,
                        failures.getFirst().message,
                        new ApiStatus.Details(type.group(), type.resource(), attempt.name(), "", causes, 0))
                .asException();
    }

    /// One policy, one binding, one parameter.
    private final class Evaluation {
        private final BoundPolicies.Bound<MutatingPolicy> bound;
        private final Attempt attempt;
        private final @Nullable ObjectNode old;
        private final @Nullable ObjectNode params;
        private final UnaryOperator<ObjectNode> settle;
        private final Budget budget;
        private final List<Failure> failures;

        Evaluation(
                BoundPolicies.Bound<MutatingPolicy> bound,
                Attempt attempt,
                @Nullable ObjectNode old,
                @Nullable ObjectNode params,
                UnaryOperator<ObjectNode> settle,
                Budget budget,
                List<Failure> failures) {
            this.bound = bound;
            this.attempt = attempt;
            this.old = old;
            this.params = params;
            this.settle = settle;
            this.budget = budget;
            this.failures = failures;
        }

        /// Whether the match conditions hold for an object.
        boolean isWanted(ObjectNode object) {
            var conditions = bound.policy().head().conditions();
            try {
                return conditions.isEmpty() || conditions.hold(policies.variables(attempt, bound.as(), object, old, params), budget);
            } catch (ExpressionException e) {
                fail(failures, bound, "failed to evaluate the match conditions: " + Excerpt.of(e.text()), "Invalid");
                return false;
            }
        }

        /// An object after all mutations that could be evaluated.
        ObjectNode mutate(ObjectNode object) {
            var current = object;
            for (var mutation : bound.policy().mutations()) {
                if (budget.isSpent()) {
                    fail(failures, bound, Budget.SPENT, "Invalid");
                    break;
                }
                try {
                    current = mutated(mutation, current);
                } catch (ExpressionException e) {
                    var text = Excerpt.of(mutation.expression().text());
                    fail(failures, bound, "expression '" + text + "' resulted in error: " + Excerpt.of(e.text()), "Invalid");
                } catch (ShapeException e) {
                    fail(failures, bound, "error applying patch: invalid ApplyConfiguration: " + Excerpt.of(e.text()), "Invalid");
                } catch (MalformedJsonException | PatchException e) {
                    fail(failures, bound, "error applying patch: " + Excerpt.of(String.valueOf(e.getMessage())), "Invalid");
                }
            }
            return current;
        }

        private ObjectNode mutated(MutatingPolicy.Mutation mutation, ObjectNode object) {
            var as = bound.as();
            var surroundings = policies.variables(attempt, as, object, old, params);
            ObjectNode form;
            ObjectNode made;
            try (var variables = new PolicyVariables(bound.policy().head().variables(), surroundings, budget)) {
                var value = variables.evaluate(mutation.expression());
                form = attempt.inForm(as, object);
                if (form == null) {
                    return object;
                }
                made = switch (mutation.kind()) {
                    case APPLY_CONFIGURATION -> merged(attempt.formOf(as), form, MutationLanguage.configuration(value));
                    case JSON_PATCH -> patched(attempt.formOf(as), form, JsonPatch.parse(MutationLanguage.operations(value)));
                };
            }
            if (made.equals(form)) {
                return object;
            }
            return settle.apply(attempt.outOfForm(as, made));
        }

        private ObjectNode merged(Kind as, ObjectNode form, ObjectNode configuration) {
            configuration.put("apiVersion", as.type().apiVersion()).put("kind", as.type().kind());
            var decoded = as.decode(decoder, configuration, Repeats.NONE);
            var unknown = decoded.problems().stream()
                    .filter(problem -> problem.startsWith(UNKNOWN))
                    .map(problem -> "." + problem.substring(UNKNOWN.length(), problem.length() - 1) + ": field not declared in schema")
                    .collect(Collectors.joining(", "));
            if (!unknown.isEmpty()) {
                throw new MalformedJsonException("failed to convert patch object to typed object: " + unknown);
            }
            return as.ownership().merged(form, decoded.object());
        }

        /// A patch of which a test fails changes nothing.
        private ObjectNode patched(Kind as, ObjectNode form, JsonPatch patch) {
            ObjectNode made;
            try {
                if (!(patch.apply(form) instanceof ObjectNode object)) {
                    throw new MalformedJsonException("the patch leaves no object");
                }
                made = object;
            } catch (PatchException e) {
                if (e.isFailedTest()) {
                    return form;
                }
                throw e;
            }
            if (!as.isCustom()) {
                var decoded = as.decode(decoder, made.deepCopy(), Repeats.NONE);
                if (!decoded.problems().isEmpty()) {
                    throw ApiStatus.internal(decoded.strictMessage()).asException();
                }
            }
            return made;
        }
    }
}
