package io.hypernetes.apiserver.access;

import io.hypernetes.apiserver.door.Doors;
import io.hypernetes.apiserver.rbac.Attempt;
import io.hypernetes.apiserver.rbac.Policies;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.Target;
import io.hypernetes.apiserver.request.TenantPath;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.selector.FieldSelector;
import io.hypernetes.store.Store;
import java.util.Set;

/// Decides what a caller may do: operators and components by what they are, nodes by what is bound to them, everybody else by the roles and
/// bindings of the tenant that is their home.
public final class Authorisation {
    private static final Set<String> SCHEDULER_WRITES = Set.of(
            "bindings", "pods/binding", "pods/status", "events", "leases", "pods/eviction");

    private final NodeAuthorisation nodes;
    private final Policies policies;

    public Authorisation(Store store, Policies policies) {
        this.nodes = new NodeAuthorisation(store);
        this.policies = policies;
    }

    /// An answer and the reason for it; the reason of a refusal may be empty.
    public record Decision(boolean allowed, String reason) {
        private static final Decision NO = new Decision(false, "");
        private static final Decision WHOSE =
                new Decision(false, "a write names one tenant: use the path prefix /tenants/NAME instead of /tenants/*");
    }

    /// @param selector the value of the query's `fieldSelector`
    /// @throws io.hypernetes.objects.ApiException 403 when the caller may not
    public void check(Caller caller, TenantPath tenant, Target target, String selector) {
        require(decide(caller, tenant, target, selector), caller, target);
    }

    /// Lets a request on that was decided about.
    ///
    /// @throws io.hypernetes.objects.ApiException 403 when it may not
    public void require(Decision decision, Caller caller, Target target) {
        if (decision.equals(Decision.WHOSE)) {
            throw new ApiStatus(403, "Forbidden", decision.reason(), null).asException();
        }
        if (!decision.allowed()) {
            throw Refusals.forbidden(caller, target, decision.reason());
        }
    }

    /// What would be answered, without a refusal being thrown.
    public Decision decide(Caller caller, TenantPath tenant, Target target, String selector) {
        if (tenant.everywhere() && target.resource() && target.writes()) {
            return Decision.WHOSE;
        }
        if (target.path().equals(Doors.PATH) && !target.resource()) {
            // A node leads in the pods that are on it, and nobody else leads anybody.
            return new Decision(
                    caller.node().isPresent() && !tenant.everywhere() && nodes.hasPodOf(caller.node().get(), tenant.tenant()), "");
        }
        if (caller.isOperator() || caller.isControllerManager()) {
            return new Decision(true, caller.isOperator() ? "an operator may do everything" : "the controllers may do everything");
        }
        if (caller.isAnonymous() && !tenant.prefix().isEmpty()) {
            return Decision.NO;
        }
        if (target.resource() && caller.isScheduler()) {
            boolean reads = !target.writes();
            boolean binds = SCHEDULER_WRITES.contains(target.resourcePath());
            boolean preempts = target.resourcePath().equals("pods") && target.verb().equals("delete");
            boolean placesVolumes = target.resourcePath().equals("persistentvolumeclaims") && target.verb().equals("update");
            return reads || binds || preempts || placesVolumes ? new Decision(true, "the scheduler may") : Decision.NO;
        }
        if (target.resource() && caller.node().isPresent() && !NodeAuthorisation.isOfItself(tenant, target)) {
            var why = nodes.refusal(caller.node().get(), tenant, target, selector);
            return new Decision(why.isEmpty(), why);
        }
        if (caller.isBootstrapper()
                && target.group().equals("certificates.k8s.io")
                && target.plural().equals("certificatesigningrequests")
                && target.subresource().isEmpty()
                && Set.of("create", "get").contains(target.verb())) {
            // Whose request a name belongs to is checked when the object is read.
            return new Decision(true, "a bootstrap token may ask for a certificate");
        }
        return policies.allows(tenant.tenant(), caller, Attempt.of(target, demandedName(target, selector)))
                .map(reason -> new Decision(true, reason))
                .orElse(Decision.NO);
    }

    /// A list or watch of one object by its name needs no more than that object.
    private static String demandedName(Target target, String selector) {
        if (selector.isEmpty() || !target.collection() || !Set.of("list", "watch", "deletecollection").contains(target.verb())) {
            return "";
        }
        try {
            var name = FieldSelector.parse(selector).demanded("metadata.name");
            return name == null ? "" : name;
        } catch (IllegalArgumentException e) {
            return "";
        }
    }
}
