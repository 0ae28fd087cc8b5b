package io.hypernetes.apiserver.access;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.Target;
import io.hypernetes.apiserver.request.TenantPath;
import io.hypernetes.apiserver.tenant.TenantState;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.store.Store;
import java.util.Set;

/// Keeps the people and pods of a suspended tenant from changing anything in it. Operators, components and nodes go on: what was under way
/// has to come to rest.
public final class Suspension {
    /// On a pod of a suspended tenant: since when. Nodes stop such pods, and keep them.
    public static final String ANNOTATION = "hypernetes.io/suspended";

    private static final Set<String> STREAMS = Set.of("exec", "attach", "portforward", "proxy");
    /// What is created there is a question.
    private static final Set<String> QUESTIONS = Set.of("authorization.k8s.io", "authentication.k8s.io");

    private final Store store;

    public Suspension(Store store) {
        this.store = store;
    }

    /// @throws io.hypernetes.objects.ApiException 403 when the tenant is suspended and the request is more than reading
    public void check(Caller caller, TenantPath tenant, Target target) {
        if (!target.resource() || caller.crossesTenants() || tenant.everywhere() || QUESTIONS.contains(target.group())) {
            return;
        }
        boolean reads = !target.writes() && !STREAMS.contains(target.subresource());
        if (!reads && TenantState.of(store, tenant.tenant()).map(TenantState::suspended).orElse(false)) {
            throw ApiStatus.forbidden(
                            target.group(),
                            target.plural(),
                            target.name(),
                            "tenant " + tenant.tenant() + " is suspended: it can be read but not changed until its operator resumes it")
                    .asException();
        }
    }
}
