package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.custom.DefinitionEnds;
import io.hypernetes.apiserver.custom.TenantKinds;
import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.Target;
import io.hypernetes.apiserver.request.TenantPath;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.kind.ResourceType;
import java.time.Instant;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// A request to watch, as long as it lasts. Of a custom kind it holds nothing that is compiled: one watch on each of some dozen large definitions would hold more of them
/// than there is memory. Where the kind is needed it is found again, each time; most events of custom objects need it not at all, being the stored bytes.
final class Watched {
    private final TenantKinds kinds;
    private final Exchange http;
    private final Caller caller;
    private final TenantPath tenantPath;
    private final Target target;
    private final Instant now;
    private final ResourceType type;
    private final Object identity;
    private final boolean projected;
    private final String holder;
    /// Whether stored bytes of the version that was asked for are shown as they are.
    private final boolean asStored;
    /// The request as it came; null for one of a custom kind.
    private final @Nullable ResourceRequest ofBuiltIn;

    Watched(TenantKinds kinds, ResourceRequest request) {
        var kind = request.kind();
        this.kinds = kinds;
        this.http = request.http();
        this.caller = request.caller();
        this.tenantPath = request.tenantPath();
        this.target = request.target();
        this.now = request.now();
        this.type = kind.isCustom() ? kind.type().withoutAliases() : kind.type();
        this.identity = kind.identity();
        this.projected = request.projected();
        this.holder = request.holder();
        this.asStored = kind.isCustom() && !kind.completesStored();
        this.ofBuiltIn = kind.isCustom() ? null : request;
    }

    /// The custom kind is not served any more as it was when the watch began, which ends with it.
    static final class EndedException extends RuntimeException {
        private EndedException(ResourceType type) {
            super("the definition of " + type.qualifiedResource() + " has changed or is gone", null, false, false);
        }
    }

    Exchange http() {
        return http;
    }

    TenantPath tenantPath() {
        return tenantPath;
    }

    Target target() {
        return target;
    }

    ResourceType type() {
        return type;
    }

    /// The kind's [Kind#identity].
    Object identity() {
        return identity;
    }

    boolean projected() {
        return projected;
    }

    String holder() {
        return holder;
    }

    /// Whether the kind is a tenant's own: to show its objects may mean to ask somebody.
    boolean isCustom() {
        return ofBuiltIn == null;
    }

    /// Whether stored bytes are an object's form in the custom kind that is watched: then nothing of the kind is needed to show it.
    boolean isShownAsStored(byte[] stored) {
        return asStored && StoredForm.isOf(stored, type.apiVersion());
    }

    /// Does something for which the kind is needed, and which must hold it no longer.
    ///
    /// @throws EndedException when it is another now
    /// @throws io.hypernetes.objects.ApiException 429 when there is no room for it in time
    <T> T with(Function<ResourceRequest, T> work) {
        if (ofBuiltIn != null) {
            return work.apply(ofBuiltIn);
        }
        try (var use = kinds.use(tenantPath.tenant(), type.group(), type.version(), type.resource())) {
            if (use == null || !use.kind().identity().equals(identity)) {
                throw new EndedException(type);
            }
            return work.apply(new ResourceRequest(http, caller, tenantPath, target, use.kind(), now));
        }
    }

    /// Has `ended` called when the kind is served no more as it is; null for one that always is.
    DefinitionEnds.@Nullable Waiting awaitEnd(Runnable ended) {
        return isCustom() ? kinds.ends().await(tenantPath.tenant(), type, identity, ended) : null;
    }
}
