package io.hypernetes.apiserver.discovery;

import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.apiserver.request.Accepted;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.TenantPath;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.objects.openapi.OpenApi;
import java.io.IOException;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Serves `/openapi/v3`, and `/openapi/v2` as JSON: its protobuf form does not exist, and whoever asks for nothing else is told so.
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
        if (path.equals("/openapi/v2")) {
            acceptJson(http);
        }
        var document = path.equals("/openapi/v2") ? openApi.swagger() : path.equals(INDEX)
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

    /// @throws io.hypernetes.objects.ApiException 406
    private static void acceptJson(Exchange http) {
        var ranges = Accepted.parse(http.headers("Accept"));
        if (!ranges.isEmpty() && ranges.stream().noneMatch(range -> List.of("application/json", "application/*", "*/*").contains(range.type()))) {
            throw ApiStatus.notAcceptable(List.of("application/json")).asException();
        }
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
