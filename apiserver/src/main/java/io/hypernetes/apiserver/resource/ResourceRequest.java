package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.Target;
import io.hypernetes.apiserver.request.TenantPath;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.kind.Kind;
import java.time.Instant;
import java.util.List;

/// A request for objects of a known kind, authorised.
///
/// @param now the time that the answer speaks of
public record ResourceRequest(
        Exchange http, Caller caller, TenantPath tenantPath, Target target, Kind kind, Instant now) {

    public String tenant() {
        return tenantPath.tenant();
    }

    /// Whether the objects are the operator's, of which the tenant reads a part.
    boolean projected() {
        return kind.type().shared() && !tenant().equals(Caller.ROOT) && !tenantPath.everywhere();
    }

    /// The tenant whose keys hold the objects.
    String holder() {
        return projected() ? Caller.ROOT : tenant();
    }

    /// The key of the object named.
    public ObjectKey key() {
        return keyOf(target.name());
    }

    /// The key of an object of this name beside it.
    public ObjectKey keyOf(String name) {
        var type = kind.type();
        return new ObjectKey(holder(), type.storedVersion().group(), type.resource(), target.namespace(), name);
    }

    /// Whether `dryRun=All` was asked for.
    ///
    /// @throws io.hypernetes.objects.ApiException 422 for another value
    boolean dryRun() {
        var values = http.queries("dryRun");
        for (var value : values) {
            if (!value.equals("All")) {
                var options =
                        switch (http.method()) {
                            case "POST" -> "CreateOptions";
                            case "PUT" -> "UpdateOptions";
                            case "PATCH" -> "PatchOptions";
                            default -> "DeleteOptions";
                        };
                throw ApiStatus.invalid(
                                "meta.k8s.io", options, "", List.of(FieldError.notSupported("dryRun", value, List.of("All"))))
                        .asException();
            }
        }
        return !values.isEmpty();
    }
}
