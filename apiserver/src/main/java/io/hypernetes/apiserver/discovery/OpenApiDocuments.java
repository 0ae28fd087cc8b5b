package io.hypernetes.apiserver.discovery;

import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.TenantPath;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.objects.openapi.OpenApi;
import java.io.IOException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Serves `/openapi/v3`. The older `/openapi/v2` does not exist; clients that know v3 do not ask for it.
public final class OpenApiDocuments {
    private static final String INDEX = "/openapi/v3";

    private final Supplier<OpenApi> root;
    private final Supplier<OpenApi> tenants;

    public OpenApiDocuments(Kinds kinds) {
        this.root = once(() -> OpenApi.of(kinds, true));
        this.tenants = once(() -> OpenApi.of(kinds, false));
    }

    public void serve(Exchange http, TenantPath tenant) throws IOException {
        var path = tenant.path();
        var openApi = tenant.tenant().equals(Caller.ROOT) || tenant.everywhere() ? root.get() : tenants.get();
        var document = path.equals(INDEX)
                ? openApi.index(tenant.prefix())
                : path.startsWith(INDEX + "/") ? openApi.document(path.substring(INDEX.length() + 1)) : null;
        if (document == null) {
            throw ApiStatus.noSuchResource().asException();
        }
        var tag = "\"" + document.hash() + "\"";
        http.setHeader("ETag", tag);
        http.setHeader("Vary", "Accept");
        http.setHeader("Cache-Control", http.query("hash").isEmpty() ? "no-cache" : "public, immutable");
        if (http.header("If-None-Match").orElse("").equals(tag)) {
            http.send(304, "", new byte[0]);
            return;
        }
        http.send(200, "application/json", document.json());
    }

    private static Supplier<OpenApi> once(Supplier<OpenApi> make) {
        return new Supplier<>() {
            private @Nullable OpenApi made;

            @Override
            public synchronized OpenApi get() {
                var known = made;
                if (known == null) {
                    known = make.get();
                    made = known;
                }
                return known;
            }
        };
    }
}
