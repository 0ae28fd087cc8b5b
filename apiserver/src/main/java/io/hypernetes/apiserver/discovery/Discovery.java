package io.hypernetes.apiserver.discovery;

import io.hypernetes.apiserver.custom.MadeByWeight;
import io.hypernetes.apiserver.custom.TenantKinds;
import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.apiserver.request.Accepted;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.TenantPath;
import io.hypernetes.apiserver.resource.Answers;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.ResourceType;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.node.ObjectNode;

/// Serves `/api` and `/apis`, in the old form and in the aggregated one. Documents are kept as long as there is room, and have an ETag.
public final class Discovery {
    private static final String AGGREGATED = "APIGroupDiscoveryList";

    private static final List<String> OTHER_PATHS = List.of(
            "/.well-known/openid-configuration", "/apis", "/apis/", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/openapi/v3/", "/openid/v1/jwks", "/readyz", "/version");

    /// Of the heap, for the documents of all tenants that have kinds of their own: one part in so many, of which one may have a quarter.
    private static final int KEPT = 32;
    private static final int OF_A_TENANT = 4;
    /// In bytes, of what is held beside a document.
    private static final int OF_A_DOCUMENT = 1 << 10;
    /// Of a document of all, each with each of its versions: several times what the largest clusters in use have. One takes kilobytes while the document is made, and a few dozen bytes in
    /// its definition.
    static final int MOST_KINDS = 20_000;

    private static final Logger log = LoggerFactory.getLogger(Discovery.class);

    private final TenantKinds kinds;
    /// What tenants have that have defined nothing.
    private final ConcurrentHashMap<String, Document> made = new ConcurrentHashMap<>();
    /// What those have that have defined something.
    private final MadeByWeight<Document> own;
    private final ConcurrentHashMap<String, CompletableFuture<@Nullable Void>> underWay = new ConcurrentHashMap<>();

    public Discovery(TenantKinds kinds) {
        this(kinds, Runtime.getRuntime().maxMemory() / KEPT);
    }

    /// @param most what is kept of the tenants that have kinds of their own, in bytes
    Discovery(TenantKinds kinds, long most) {
        this.kinds = kinds;
        this.own = new MadeByWeight<>(most, most / OF_A_TENANT);
    }

    /// @param edition of what its tenant had defined; empty for nothing
    record Document(byte[] bytes, String tag, String edition) {}

    /// Answers a path of discovery.
    ///
    /// @throws io.hypernetes.objects.ApiException 404 when there is nothing of that name
    public void serve(Exchange http, TenantPath tenant) throws IOException {
        if (!List.of("GET", "HEAD").contains(http.method())) {
            throw ApiStatus.methodNotAllowed().asException();
        }
        var path = tenant.path().replaceAll("/+$", "");
        boolean root = path.equals("/api") || path.equals("/apis");
        var version = root ? aggregatedVersion(http) : "";
        var document = document(tenant.tenant(), path, version);
        http.setHeader("Vary", "Accept");
        http.setHeader("ETag", document.tag());
        // Not for caches that many share: the same URL is another tenant's with another token.
        http.setHeader("Cache-Control", "private");
        if (http.header("If-None-Match").orElse("").equals(document.tag())) {
            http.send(304, "", new byte[0]);
            return;
        }
        var type = version.isEmpty()
                ? "application/json"
                : "application/json;g=apidiscovery.k8s.io;v=" + version + ";as=" + AGGREGATED;
        http.send(200, type, document.bytes());
    }

    /// Answers the paths that there are, as upstream does at `/`.
    public void paths(Exchange http, TenantPath tenant) throws IOException {
        var paths = new TreeSet<>(OTHER_PATHS);
        if (tenant.tenant().equals(Caller.ROOT)) {
            paths.add("/metrics");
        }
        for (var type : kinds.types(tenant.tenant())) {
            var group = type.group();
            var above = group.isEmpty() ? "/api" : "/apis/" + group;
            paths.add(above);
            paths.add(above + "/" + type.version());
        }
        var answer = Json.object();
        var list = answer.putArray("paths");
        paths.forEach(list::add);
        Answers.json(http, 200, answer);
    }

    /// A document as what the tenant has defined is now. Those of one tenant are made one after another, as each may be megabytes.
    ///
    /// @param path without a slash at its end
    /// @param version of the aggregated form; empty for the old form
    Document document(String tenant, String path, String version) {
        boolean operator = kinds.find(tenant, "hypernetes.io", "v1", "tenants") != null;
        var key = operator + version + path;
        while (true) {
            var edition = kinds.edition(tenant);
            var known = edition.isEmpty() ? made.get(key) : own.get(tenant, key, 0);
            if (known != null && known.edition.equals(edition)) {
                return known;
            }
            if (edition.isEmpty()) {
                // What others see as well: nothing that was defined just now. Only paths that exist are kept, so that guesses do not fill the memory.
                var common = make(kinds.builtInTypes(tenant), path, version, edition);
                made.put(key, common);
                return common;
            }
            var done = new CompletableFuture<@Nullable Void>();
            var others = underWay.putIfAbsent(tenant, done);
            if (others != null) {
                // They may have made another, or failed: so look again.
                others.join();
                continue;
            }
            try {
                // Looked up after its edition was: what is newer is made anew.
                var fresh = make(told(tenant, path), path, version, edition);
                own.put(tenant, key, 0, OF_A_DOCUMENT + (long) fresh.bytes.length, fresh);
                return fresh;
            } finally {
                underWay.remove(tenant, done);
                done.complete(null);
            }
        }
    }

    private List<ResourceType> told(String tenant, String path) {
        var types = kinds.types(tenant);
        if (!path.equals("/apis") || types.size() <= MOST_KINDS) {
            return types;
        }
        log.warn(
                "event=discovery-cut tenant={} first={} effect=\"/apis tells nothing of it and of what is behind, which is served all the same\" remedy=\"leave out CustomResourceDefinitions, or versions of them\"",
                tenant, types.get(MOST_KINDS).group() + "/" + types.get(MOST_KINDS).version());
        return types.subList(0, MOST_KINDS);
    }

    private static Document make(List<ResourceType> types, String path, String version, String edition) {
        var json = version.isEmpty()
                ? Legacy.document(types, path)
                : aggregated(types.stream().filter(type -> type.group().isEmpty() == path.equals("/api")).toList(), version);
        var bytes = Json.bytes(json);
        return new Document(bytes, tag(bytes), edition);
    }

    /// The version of the aggregated form that the client prefers to the old form; empty for the old form.
    ///
    /// @throws io.hypernetes.objects.ApiException 406 when it takes neither
    private static String aggregatedVersion(Exchange http) {
        var ranges = Accepted.parse(http.headers("Accept"));
        for (var range : ranges) {
            var parameters = range.parameters();
            if (range.type().equals("application/json")
                    && parameters.getOrDefault("g", "").equals("apidiscovery.k8s.io")
                    && parameters.getOrDefault("as", "").equals(AGGREGATED)
                    && List.of("v2", "v2beta1").contains(parameters.getOrDefault("v", ""))) {
                return parameters.getOrDefault("v", "");
            }
            if (parameters.getOrDefault("as", "").isEmpty() && Accepted.isJson(range)) {
                return "";
            }
        }
        if (ranges.isEmpty()) {
            return "";
        }
        throw ApiStatus.notAcceptable(List.of("application/json")).asException();
    }

    private static ObjectNode aggregated(List<ResourceType> types, String version) {
        var list = Json.object();
        list.put("kind", AGGREGATED);
        list.put("apiVersion", "apidiscovery.k8s.io/" + version);
        list.putObject("metadata");
        var items = list.putArray("items");
        var aliases = new Aliases();
        Legacy.byGroup(types).forEach((group, ofGroup) -> {
            var item = items.addObject();
            item.putObject("metadata").put("name", group);
            var versions = item.putArray("versions");
            Legacy.byVersion(ofGroup).forEach((name, ofVersion) -> {
                var entry = versions.addObject();
                entry.put("version", name);
                var resources = entry.putArray("resources");
                ofVersion.forEach(type -> resources.add(resource(type, aliases)));
                entry.put("freshness", "Current");
            });
        });
        return list;
    }

    private static ObjectNode resource(ResourceType type, Aliases aliases) {
        var resource = Json.object();
        resource.put("resource", type.resource());
        responseKind(resource, type.group(), type.version(), type.kind());
        resource.put("scope", type.namespaced() ? "Namespaced" : "Cluster");
        resource.put("singularResource", type.singular());
        Legacy.words(resource, "verbs", type.verbs());
        aliases.tell(resource, type);
        if (!type.subresources().isEmpty()) {
            var subresources = resource.putArray("subresources");
            for (var part : type.subresources().values()) {
                var entry = subresources.addObject();
                entry.put("subresource", part.name());
                responseKind(entry, part.groupVersion().group(), part.groupVersion().version(), part.kind());
                Legacy.words(entry, "verbs", part.verbs());
            }
        }
        return resource;
    }

    private static void responseKind(ObjectNode target, String group, String version, String kind) {
        var responseKind = target.putObject("responseKind");
        responseKind.put("group", group);
        responseKind.put("version", version);
        responseKind.put("kind", kind);
    }

    static String tag(byte[] bytes) {
        try {
            return "\"" + HexFormat.of().withUpperCase().formatHex(MessageDigest.getInstance("SHA-512").digest(bytes)) + "\"";
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-512 is part of every JDK", e);
        }
    }
}
