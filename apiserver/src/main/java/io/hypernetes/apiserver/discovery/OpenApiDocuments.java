package io.hypernetes.apiserver.discovery;

import io.hypernetes.apiserver.custom.TenantKinds;
import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.apiserver.request.Accepted;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.TenantPath;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.openapi.OpenApi;
import java.io.IOException;
import java.lang.ref.SoftReference;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Serves `/openapi/v3` as JSON, and `/openapi/v2` as JSON and as protobuf.
public final class OpenApiDocuments {
    private static final String INDEX = "/openapi/v3";

    private static final int MOST_EDITIONS = 1000;

    private final TenantKinds kinds;
    private final Supplier<OpenApi> root;
    private final Supplier<OpenApi> tenants;
    /// The documents of the kinds that tenants have defined, by tenant: they can be made again, so they go before memory is short.
    private final ConcurrentHashMap<String, SoftReference<Edition>> editions = new ConcurrentHashMap<>();

    /// @param documents of its own kinds
    /// @param everything of all kinds, for the one document of v2
    private record Edition(String name, OpenApi documents, OpenApi everything) {}

    public OpenApiDocuments(TenantKinds kinds) {
        this.kinds = kinds;
        this.root = once(() -> OpenApi.of(kinds.builtIn(), true));
        this.tenants = once(() -> OpenApi.of(kinds.builtIn(), false));
    }

    public void serve(Exchange http, TenantPath tenant) throws IOException {
        var path = tenant.path();
        var openApi = tenant.tenant().equals(Caller.ROOT) || tenant.everywhere() ? root.get() : tenants.get();
        var own = own(tenant.tenant());
        var document = path.equals("/openapi/v2")
                ? (own == null ? openApi : own.everything).swagger()
                : path.equals(INDEX)
                        ? openApi.index(tenant.prefix(), own == null ? null : own.documents)
                        : path.startsWith(INDEX + "/") ? find(openApi, own, path.substring(INDEX.length() + 1)) : null;
        if (document == null) {
            throw ApiStatus.noSuchResource().asException();
        }
        boolean protobuf = isProtobuf(http, path.equals("/openapi/v2"));
        var hash = http.query("hash");
        if (!hash.isEmpty() && !hash.equals(document.hash()) && path.startsWith(INDEX + "/")) {
            // What is kept for ever under an address is what the address says (kube-openapi's pkg/handler3/handler.go).
            http.setHeader("Cache-Control", "no-cache, private");
            http.setHeader("Location", tenant.prefix() + path + "?hash=" + document.hash());
            http.send(301, "", new byte[0]);
            return;
        }
        var tag = "\"" + document.hash() + (protobuf ? "-protobuf" : "") + "\"";
        http.setHeader("ETag", tag);
        http.setHeader("Vary", "Accept");
        http.setHeader("Cache-Control", hash.isEmpty() ? "no-cache" : "private, immutable");
        if (http.header("If-None-Match").orElse("").equals(tag)) {
            http.send(304, "", new byte[0]);
        } else if (protobuf) {
            // Clients keep it: made for each that does not have it, it need not take the room of another document here.
            http.send(200, SwaggerProtobuf.TYPE, SwaggerProtobuf.of(document.json()));
        } else {
            http.send(200, "application/json", document.json());
        }
    }

    /// Whether the client prefers protobuf to JSON.
    ///
    /// @param offered whether the document has that form
    /// @throws io.hypernetes.objects.ApiException 406 when it takes neither
    private static boolean isProtobuf(Exchange http, boolean offered) {
        var ranges = Accepted.parse(http.headers("Accept"));
        for (var range : ranges) {
            if (Accepted.isJson(range)) {
                return false;
            }
            if (offered && SwaggerProtobuf.TYPES.contains(range.type())) {
                return true;
            }
        }
        if (ranges.isEmpty()) {
            return false;
        }
        throw ApiStatus.notAcceptable(offered ? List.of("application/json", SwaggerProtobuf.TYPE) : List.of("application/json")).asException();
    }

    private static OpenApi.@Nullable Document find(OpenApi builtIn, @Nullable Edition own, String path) {
        var document = builtIn.document(path);
        return document == null && own != null ? own.documents.document(path) : document;
    }

    /// The documents of what a tenant has defined; null when it has defined nothing.
    private @Nullable Edition own(String tenant) {
        var name = kinds.edition(tenant);
        if (name.isEmpty()) {
            editions.remove(tenant);
            return null;
        }
        if (editions.size() >= MOST_EDITIONS) {
            editions.clear();
        }
        Edition edition = null;
        while (edition == null) {
            edition = editions.compute(tenant, (_, held) -> isOf(name, held) ? held : new SoftReference<>(new Edition(
                            name, OpenApi.of(kinds.schema(), () -> kinds.own(tenant)), OpenApi.of(kinds.schema(), () -> kinds.all(tenant)))))
                    .get();
        }
        return edition;
    }

    private static boolean isOf(String name, @Nullable SoftReference<Edition> held) {
        var edition = held == null ? null : held.get();
        return edition != null && edition.name.equals(name);
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
