package io.hypernetes.apiserver;

import io.hypernetes.apiserver.audit.AuditPage;
import io.hypernetes.apiserver.backup.Backups;
import io.hypernetes.apiserver.backup.TenantRestores;
import io.hypernetes.apiserver.custom.TenantKinds;
import io.hypernetes.apiserver.discovery.Discovery;
import io.hypernetes.apiserver.discovery.OpenApiDocuments;
import io.hypernetes.apiserver.discovery.ServerInfo;
import io.hypernetes.apiserver.discovery.TokenIssuer;
import io.hypernetes.apiserver.door.Doors;
import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.Target;
import io.hypernetes.apiserver.request.TenantPath;
import io.hypernetes.apiserver.resource.Continuation;
import io.hypernetes.apiserver.resource.ResourceRequest;
import io.hypernetes.apiserver.resource.Resources;
import io.hypernetes.objects.ApiStatus;
import java.io.IOException;
import java.time.Clock;

/// Which part serves which path, for requests that are authorised.
final class Routes {
    private final TenantKinds kinds;
    private final Resources resources;
    private final Discovery discovery;
    private final OpenApiDocuments openApi;
    private final ServerInfo info;
    private final Doors doors;
    private final TokenIssuer issuer;
    private final AuditPage audit;
    private final Backups backups;
    private final TenantRestores restores;
    private final Metrics metrics;
    private final Clock clock;

    Routes(
            TenantKinds kinds,
            Resources resources,
            Discovery discovery,
            OpenApiDocuments openApi,
            ServerInfo info,
            Doors doors,
            TokenIssuer issuer,
            AuditPage audit,
            Backups backups,
            TenantRestores restores,
            Metrics metrics,
            Clock clock) {
        this.kinds = kinds;
        this.resources = resources;
        this.discovery = discovery;
        this.openApi = openApi;
        this.info = info;
        this.doors = doors;
        this.issuer = issuer;
        this.audit = audit;
        this.backups = backups;
        this.restores = restores;
        this.metrics = metrics;
        this.clock = clock;
    }

    void serve(Exchange http, Caller caller, TenantPath tenant, Target target) throws IOException {
        if (target.resource()) {
            begun(http, caller, tenant, target).go();
            return;
        }
        var path = tenant.path();
        if (path.equals("/api") || path.startsWith("/api/") || path.equals("/apis") || path.startsWith("/apis/")) {
            discovery.serve(http, tenant);
            return;
        }
        if (path.equals(TenantRestores.PATH) && http.method().equals("POST")) {
            restores.serve(http, caller, tenant);
            return;
        }
        if (!http.method().equals("GET") && !http.method().equals("HEAD")) {
            throw ApiStatus.methodNotAllowed().asException();
        }
        if (path.equals("/") || path.isEmpty()) {
            discovery.paths(http, tenant);
        } else if (path.equals(Doors.PATH)) {
            doors.serve(http, tenant.tenant());
        } else if (path.equals("/.well-known/openid-configuration")) {
            issuer.configuration(http, tenant);
        } else if (path.equals(AuditPage.PATH)) {
            audit.serve(http, caller, tenant);
        } else if (path.equals(Backups.PATH) && http.method().equals("GET")) {
            backups.serve(http, caller, tenant);
        } else if (path.equals("/openid/v1/jwks")) {
            issuer.keys(http, tenant);
        } else if (path.startsWith("/openapi/")) {
            openApi.serve(http, tenant);
        } else if (path.equals("/version") || path.equals("/version/")) {
            info.version(http);
        } else if (path.startsWith("/livez") || path.startsWith("/readyz") || path.startsWith("/healthz")) {
            info.health(http, path);
        } else if (path.equals("/metrics") && tenant.tenant().equals(Caller.ROOT)) {
            metrics.serve(http);
        } else {
            throw ApiStatus.noSuchResource().asException();
        }
    }

    /// Serves a request as far as its kind is needed: not as long as the request lasts.
    private Continuation begun(Exchange http, Caller caller, TenantPath tenant, Target target) throws IOException {
        try (var use = kinds.use(tenant.tenant(), target.group(), target.version(), target.plural())) {
            if (use == null) {
                throw ApiStatus.noSuchResource().asException();
            }
            return resources.serve(new ResourceRequest(http, caller, tenant, target, use.kind(), clock.instant()));
        }
    }
}
