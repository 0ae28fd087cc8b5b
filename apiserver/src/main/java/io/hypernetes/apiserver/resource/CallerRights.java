package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.access.Authorisation;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.Target;
import io.hypernetes.apiserver.request.TenantPath;
import io.hypernetes.objects.cel.Rights;
import java.util.List;
import java.util.Locale;

/// What the caller of a request may do in its tenant, for programmed admission to ask.
record CallerRights(Authorisation authorisation, TenantPath tenant, Caller caller) implements Rights {
    @Override
    public Rights of(String namespace, String serviceAccount) {
        return new CallerRights(
                authorisation,
                tenant,
                new Caller(
                        tenant.tenant(),
                        "system:serviceaccount:" + namespace + ":" + serviceAccount,
                        List.of("system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated")));
    }

    @Override
    public Decision onResource(String verb, String group, String resource, String subresource, String namespace, String name) {
        return decide(new Target(true, verb, "", group, "*", resource, namespace, name, subresource, name.isEmpty()));
    }

    @Override
    public Decision onPath(String verb, String path) {
        return decide(new Target(false, verb.toLowerCase(Locale.ROOT), path, "", "", "", "", "", "", false));
    }

    private Decision decide(Target target) {
        var decision = authorisation.decide(caller, tenant, target, "");
        return new Decision(decision.allowed(), decision.reason());
    }
}
