package io.hypernetes.apiserver.webhook;

import io.hypernetes.apiserver.custom.TenantKinds;
import io.hypernetes.apiserver.fair.InUse;
import io.hypernetes.apiserver.fair.Seat;
import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.cel.Budget;
import io.hypernetes.objects.cel.ExpressionException;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.store.Store;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// The webhooks of each tenant. Thread-safe. A tenant without any costs two looks into memory a write.
final class Webhooks {
    private final HookCall calls;
    private final Matching matching;
    private final Configurations<List<Hook>> mutating;
    private final Configurations<List<Hook>> validating;

    Webhooks(Store store, TenantKinds kinds, InUse<Configurations.Form> inUse, OutboundCall outbound) {
        this.calls = new HookCall(outbound);
        this.matching = new Matching(kinds, store);
        this.mutating = new Configurations<>(store, inUse, "mutatingwebhookconfigurations", Hook::of);
        this.validating = new Configurations<>(store, inUse, "validatingwebhookconfigurations", Hook::of);
    }

    /// Whether a tenant has any whose rules are about an attempt, whatever its object.
    boolean mayConcern(Attempt attempt) {
        return mayConcern(mutating, attempt) || mayConcern(validating, attempt);
    }

    private boolean mayConcern(Configurations<List<Hook>> configurations, Attempt attempt) {
        for (var entry : configurations.entries(attempt.tenant())) {
            try (var use = configurations.use(attempt.tenant(), entry)) {
                if (use.value().stream().anyMatch(hook -> matching.byRules(hook.rules(), hook.matchPolicy(), attempt) != null)) {
                    return true;
                }
            }
        }
        return false;
    }

    /// Lets the mutating webhooks of a tenant change an object, one after the other, by the names of their configurations.
    ///
    /// @param settle brings what a webhook made into the shape of its kind
    /// @param looks notes who wants to look again when others change the object after it; in its second round only those are called
    /// @return the object after them all; the argument itself when nobody changed it
    @Nullable ObjectNode mutate(
            Attempt attempt, @Nullable ObjectNode object, @Nullable ObjectNode old, UnaryOperator<ObjectNode> settle, Looks looks) {
        var configurations = mutating.entries(attempt.tenant());
        if (configurations.isEmpty()) {
            return object;
        }
        looks.begin(object);
        var current = object;
        int index = -1;
        for (var configuration : configurations) {
            try (var use = mutating.use(attempt.tenant(), configuration)) {
                for (var hook : use.value()) {
                    index++;
                    if (!looks.isDue(hook.place())) {
                        continue;
                    }
                    var before = current;
                    current = call(hook, attempt, current, old, settle, "round_" + looks.round() + "_index_" + index);
                    looks.looked(hook.place(), hook.wantsAnotherLook(), !Objects.equals(before, current));
                }
            }
        }
        looks.end(current);
        return current;
    }

    private @Nullable ObjectNode call(
            Hook hook, Attempt attempt, @Nullable ObjectNode object, @Nullable ObjectNode old, UnaryOperator<ObjectNode> settle, String round) {
        var as = concerned(hook, attempt, object, old);
        if (as == null) {
            return object;
        }
        boolean mutated = false;
        try {
            var changed = calls.ask(hook, attempt, as, object, old, true, round);
            mutated = changed != null && !changed.equals(object);
            return changed == null || !mutated ? object : settle.apply(changed.deepCopy());
        } finally {
            // As `webhookAnnotator` of upstream's `pkg/admission/plugin/webhook/mutating/dispatcher.go`.
            var told = Json.object().put("configuration", hook.configuration()).put("webhook", hook.name()).put("mutated", mutated);
            attempt.annotate().accept("mutation." + HookCall.ANNOTATIONS + round, Json.print(told));
        }
    }

    /// A validating webhook that is about an attempt.
    ///
    /// @param as the kind in whose form it sees the object
    /// @param round as [HookCall#ask] wants it
    private record Concerned(Hook hook, Kind as, String round) {}

    /// Asks the validating webhooks of a tenant, all at once as far as there is room for them beside each other; the first by name that denies is answered.
    void validate(Attempt attempt, @Nullable ObjectNode object, @Nullable ObjectNode old) {
        var uses = new ArrayList<Configurations<List<Hook>>.Use>();
        var concerned = new ArrayList<Concerned>();
        int index = 0;
        try {
            for (var configuration : validating.entries(attempt.tenant())) {
                var use = uses.isEmpty() ? validating.use(attempt.tenant(), configuration) : validating.useAtOnce(attempt.tenant(), configuration);
                if (use == null) {
                    ask(concerned, attempt, object, old);
                    concerned.clear();
                    close(uses);
                    use = validating.use(attempt.tenant(), configuration);
                }
                uses.add(use);
                for (var hook : use.value()) {
                    var as = concerned(hook, attempt, object, old);
                    if (as != null) {
                        // Counted among those that are asked, as upstream's `pkg/admission/plugin/webhook/validating/dispatcher.go` does (`relevantHooks`); of mutating ones all are.
                        concerned.add(new Concerned(hook, as, "round_0_index_" + index++));
                    }
                }
                if (concerned.isEmpty()) {
                    close(uses);
                }
            }
            ask(concerned, attempt, object, old);
        } finally {
            close(uses);
        }
    }

    private static void close(List<Configurations<List<Hook>>.Use> uses) {
        uses.forEach(Configurations.Use::close);
        uses.clear();
    }

    private void ask(List<Concerned> concerned, Attempt attempt, @Nullable ObjectNode object, @Nullable ObjectNode old) {
        if (concerned.isEmpty()) {
            return;
        }
        if (concerned.size() == 1) {
            ask(concerned.getFirst(), attempt, object, old);
            return;
        }
        var answers = new ArrayList<Future<?>>();
        var threads = Executors.newVirtualThreadPerTaskExecutor();
        concerned.forEach(each -> answers.add(threads.submit(Seat.beside(() -> ask(each, attempt, object, old)))));
        Seat.away(0, () -> {
            threads.close();
            return threads;
        });
        for (var answer : answers) {
            try {
                answer.get();
            } catch (ExecutionException e) {
                if (e.getCause() instanceof ApiException denied) {
                    throw denied;
                }
                throw new IllegalStateException("a webhook could not be asked", e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw ApiStatus.unavailable("the server is stopping").asException();
            }
        }
    }

    private @Nullable ObjectNode ask(Concerned each, Attempt attempt, @Nullable ObjectNode object, @Nullable ObjectNode old) {
        return calls.ask(each.hook, attempt, each.as, object, old, false, each.round);
    }

    /// The kind in whose form a webhook is to see the attempt; null when it is none of its concern.
    private @Nullable Kind concerned(Hook hook, Attempt attempt, @Nullable ObjectNode object, @Nullable ObjectNode old) {
        var as = matching.byRules(hook.rules(), hook.matchPolicy(), attempt);
        if (as == null || !matching.bySelectors(hook.source(), attempt, object, old)) {
            return null;
        }
        var conditions = hook.conditions();
        if (conditions != null && conditions.isEmpty()) {
            return as;
        }
        try {
            if (conditions == null) {
                throw ApiStatus.internal("the match conditions of webhook \"" + hook.name() + "\" cannot be compiled").asException();
            }
            return conditions.hold(BoundPolicies.variables(attempt, as, object, old, null, null), new Budget(Budget.CONDITIONS)) ? as : null;
        } catch (ExpressionException e) {
            if (hook.ignoresFailure()) {
                return null;
            }
            throw ApiStatus.forbidden(
                            attempt.kind().type().group(),
                            attempt.kind().type().resource(),
                            attempt.name(),
                            "the match conditions of webhook \"" + hook.name() + "\" cannot be evaluated: " + e.text())
                    .asException();
        }
    }
}
