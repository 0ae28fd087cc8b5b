package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.Target;
import io.hypernetes.apiserver.request.TenantPath;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.kind.Kind;
import java.time.Instant;

/// A request for objects of a known kind, authorised.
///
/// @param now the time that the answer speaks of
public record ResourceRequest(
        Exchange http, Caller caller, TenantPath tenantPath, Target target, Kind kind, Instant now) {

    public String tenant() {
        return tenantPath.tenant();
    }

    /// The key of the object named.
    public ObjectKey key() {
        return keyOf(target.name());
    }

    /// The key of an object of this name beside it.
    public ObjectKey keyOf(String name) {
        var type = kind.type();
        return new ObjectKey(tenant(), type.group(), type.resource(), target.namespace(), name);
    }

    /// Whether `dryRun=All` was asked for.
    boolean dryRun() {
        return http.queries("dryRun").contains("All");
    }
}
