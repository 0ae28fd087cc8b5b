package io.hypernetes.apiserver.access;

import io.hypernetes.apiserver.door.Doors;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.Target;
import io.hypernetes.apiserver.request.TenantPath;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.store.Store;
import java.util.Set;

/// Decides what a caller may do. A closed set of roles: operator, component, node, bootstrapper, master of a tenant;
/// everybody else may only ask for health and version.
public final class Authorisation {
    private static final Set<String> OPEN_TO_ALL = Set.of("/livez", "/readyz", "/healthz", "/version");
    private static final Set<String> SCHEDULER_WRITES = Set.of(
            "bindings", "pods/binding", "pods/status", "events", "leases", "pods/eviction");

    private final NodeAuthorisation nodes;

    public Authorisation(Store store) {
        this.nodes = new NodeAuthorisation(store);
    }

    /// @param selector the value of the query's `fieldSelector`
    /// @throws io.hypernetes.objects.ApiException 403 when the caller may not
    public void check(Caller caller, TenantPath tenant, Target target, String selector) {
        if (tenant.everywhere() && target.resource() && target.writes()) {
            throw new ApiStatus(
                            403,
                            "Forbidden",
                            "a write names one tenant: use the path prefix /tenants/NAME instead of /tenants/*",
                            null)
                    .asException();
        }
        if (target.path().equals(Doors.PATH) && !target.resource()) {
            // A node leads in the pods that are on it, and nobody else leads anybody.
            if (caller.node().isEmpty() || tenant.everywhere() || !nodes.hasPodOf(caller.node().get(), tenant.tenant())) {
                throw Refusals.forbidden(caller, target, "");
            }
            return;
        }
        if (caller.isOperator() || caller.isControllerManager()) {
            return;
        }
        if (!target.resource()) {
            checkPath(caller, tenant, target);
            return;
        }
        if (caller.isScheduler()) {
            boolean reads = !target.writes();
            boolean binds = SCHEDULER_WRITES.contains(target.resourcePath());
            boolean preempts = target.resourcePath().equals("pods") && target.verb().equals("delete");
            if (reads || binds || preempts) {
                return;
            }
            throw Refusals.forbidden(caller, target, "");
        }
        if (caller.node().isPresent()) {
            nodes.check(caller, caller.node().get(), tenant, target, selector);
            return;
        }
        if (caller.isTenantMaster() && caller.tenant().equals(tenant.tenant())) {
            return;
        }
        if (caller.isBootstrapper()
                && target.group().equals("certificates.k8s.io")
                && target.subresource().isEmpty()
                && Set.of("create", "get").contains(target.verb())) {
            // Whose request a name belongs to is checked when the object is read.
            return;
        }
        throw Refusals.forbidden(caller, target, "");
    }

    private static void checkPath(Caller caller, TenantPath tenant, Target target) {
        var path = target.path();
        boolean open = OPEN_TO_ALL.contains(path) || path.startsWith("/livez/") || path.startsWith("/readyz/");
        if (open && !(caller.isAnonymous() && !tenant.prefix().isEmpty())) {
            return;
        }
        boolean discovery = path.equals("/api")
                || path.equals("/apis")
                || path.startsWith("/api/")
                || path.startsWith("/apis/")
                || path.equals("/openapi")
                || path.startsWith("/openapi/");
        if (discovery && !caller.isAnonymous()) {
            return;
        }
        throw Refusals.forbidden(caller, target, "");
    }
}
