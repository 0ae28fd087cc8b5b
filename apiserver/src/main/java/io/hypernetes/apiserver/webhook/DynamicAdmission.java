package io.hypernetes.apiserver.webhook;

import io.hypernetes.apiserver.custom.TenantKinds;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.store.Store;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Admission that a tenant has programmed: mutating policies and then mutating webhooks before an object is validated, validating policies
/// and then validating webhooks after it.
/// The configurations themselves are never intercepted, so that a tenant cannot lock itself out. Thread-safe.
public final class DynamicAdmission {
    private final Webhooks webhooks;
    private final MutatingPolicies mutating;
    private final ValidatingPolicies validating;

    /// @param outbound calls the webhooks
    public DynamicAdmission(Store store, TenantKinds kinds, OutboundCall outbound) {
        var inUse = Configurations.room();
        this.webhooks = new Webhooks(store, kinds, inUse, outbound);
        var room = new EvaluationRoom();
        this.mutating = new MutatingPolicies(store, kinds, inUse, room);
        this.validating = new ValidatingPolicies(store, kinds, inUse, room);
    }

    /// Whether there may be anybody to ask about a deletion, as far as can be said without the object: by the rules of webhooks and of bound policies. Mutating
    /// policies are never asked about one.
    public boolean mayConcern(Attempt deletion) {
        return !isExempt(deletion.kind()) && (webhooks.mayConcern(deletion) || validating.mayConcern(deletion));
    }

    /// Lets mutating policies and webhooks change an object. Those that want it look again, once, when others changed it after them.
    ///
    /// @param object null for a deletion
    /// @param old null for a new object
    /// @param settle brings what a policy or webhook made into the shape of its kind
    /// @return the object after them all; the argument itself when nobody changed it
    public @Nullable ObjectNode mutate(
            Attempt attempt, @Nullable ObjectNode object, @Nullable ObjectNode old, UnaryOperator<ObjectNode> settle) {
        if (isExempt(attempt.kind()) || isIdentity(attempt.kind())) {
            return object;
        }
        var policyLooks = new Looks();
        var hookLooks = new Looks();
        var current = mutating.mutate(attempt, object, old, settle, policyLooks);
        current = webhooks.mutate(attempt, current, old, settle, hookLooks);
        if (Objects.equals(current, object)) {
            return current;
        }
        policyLooks.again();
        hookLooks.again();
        current = mutating.mutate(attempt, current, old, settle, policyLooks);
        return webhooks.mutate(attempt, current, old, settle, hookLooks);
    }

    /// Judges an attempt whose object is complete and valid.
    ///
    /// @throws io.hypernetes.objects.ApiException when it is denied
    public void validate(Attempt attempt, @Nullable ObjectNode object, @Nullable ObjectNode old) {
        if (!isExempt(attempt.kind())) {
            validating.validate(attempt, object, old);
            webhooks.validate(attempt, object, old);
        }
    }

    /// What says who somebody is comes from this server alone.
    private static boolean isIdentity(Kind kind) {
        return kind.type().is("certificates.k8s.io", "certificatesigningrequests");
    }

    private static boolean isExempt(Kind kind) {
        return kind.type().group().equals("admissionregistration.k8s.io");
    }
}
