package io.hypernetes.apiserver.discovery;

import io.hypernetes.apiserver.custom.MadeByWeight;
import io.hypernetes.apiserver.custom.TenantKinds;
import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.apiserver.request.Accepted;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.TenantPath;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.openapi.OpenApi;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Serves `/openapi/v3` as JSON, and `/openapi/v2` as JSON and as protobuf.
public final class OpenApiDocuments {
    private static final String INDEX = "/openapi/v3";

    /// Of the heap, for the documents of all tenants: one part in so many, of which one may have half.
    private static final int KEPT = 16;
    /// In bytes, of what is held beside the documents.
    private static final int OF_AN_EDITION = 1 << 10;

    private final TenantKinds kinds;
    private final Supplier<OpenApi> root;
    private final Supplier<OpenApi> tenants;
    /// The documents of the kinds that tenants have defined.
    private final MadeByWeight<Edition> editions;
    /// Those of one tenant at a time are made: the kinds of one may be a good part of the memory meanwhile.
    private final Semaphore turn = new Semaphore(1, true);
    private final ConcurrentHashMap<String, CompletableFuture<@Nullable Void>> underWay = new ConcurrentHashMap<>();

    /// @param documents of its own kinds
    /// @param everything of all kinds, for the one document of v2
    private record Edition(String name, OpenApi documents, OpenApi everything) {
        private OpenApi of(boolean v2) {
            return v2 ? everything : documents;
        }

        private long bytes() {
            return OF_AN_EDITION + documents.bytes() + everything.bytes();
        }
    }

    public OpenApiDocuments(TenantKinds kinds) {
        this(kinds, Runtime.getRuntime().maxMemory() / KEPT);
    }

    /// @param most what is kept of all tenants, in bytes
    OpenApiDocuments(TenantKinds kinds, long most) {
        this.kinds = kinds;
        this.editions = new MadeByWeight<>(most, most / 2);
        this.root = once(() -> OpenApi.of(kinds.builtIn(), true));
        this.tenants = once(() -> OpenApi.of(kinds.builtIn(), false));
    }

    public void serve(Exchange http, TenantPath tenant) throws IOException {
        var path = tenant.path();
        var openApi = tenant.tenant().equals(Caller.ROOT) || tenant.everywhere() ? root.get() : tenants.get();
        var document = document(openApi, tenant);
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

    private OpenApi.@Nullable Document document(OpenApi builtIn, TenantPath tenant) {
        var path = tenant.path();
        if (path.equals("/openapi/v2")) {
            var own = own(tenant.tenant(), true);
            return (own == null ? builtIn : own).swagger();
        }
        if (path.equals(INDEX)) {
            return builtIn.index(tenant.prefix(), own(tenant.tenant(), false));
        }
        if (!path.startsWith(INDEX + "/")) {
            return null;
        }
        var named = path.substring(INDEX.length() + 1);
        var document = builtIn.document(named);
        var own = document == null ? own(tenant.tenant(), false) : null;
        return own == null ? document : own.document(named);
    }

    /// The documents of what a tenant has defined, made; null when it has defined nothing. Those of one tenant are made by one, for whom others wait.
    ///
    /// @param v2 whether of all its kinds, with the one document of v2
    @Nullable OpenApi own(String tenant, boolean v2) {
        while (true) {
            var edition = edition(tenant);
            if (edition == null || edition.of(v2).isMade(v2)) {
                return edition == null ? null : edition.of(v2);
            }
            var done = new CompletableFuture<@Nullable Void>();
            var others = underWay.putIfAbsent(tenant, done);
            if (others != null) {
                // They may have made others, or failed: so look again.
                others.join();
                continue;
            }
            turn.acquireUninterruptibly();
            try {
                // What is defined may have changed meanwhile.
                var now = edition(tenant);
                if (now != null) {
                    now.of(v2).make(v2);
                    editions.put(tenant, "", 0, now.bytes(), now);
                }
                return now == null ? null : now.of(v2);
            } finally {
                turn.release();
                underWay.remove(tenant, done);
                done.complete(null);
            }
        }
    }

    /// The present edition of a tenant, perhaps to be made; null when it has defined nothing.
    private @Nullable Edition edition(String tenant) {
        var name = kinds.edition(tenant);
        if (name.isEmpty()) {
            editions.remove(tenant, "");
            return null;
        }
        var known = editions.get(tenant, "", 0);
        return known != null && known.name.equals(name)
                ? known
                : new Edition(name, OpenApi.of(kinds.schema(), () -> kinds.own(tenant)), OpenApi.of(kinds.schema(), () -> kinds.all(tenant)));
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
