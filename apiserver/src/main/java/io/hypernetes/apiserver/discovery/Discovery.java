package io.hypernetes.apiserver.discovery;

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
import java.util.concurrent.ConcurrentHashMap;
import tools.jackson.databind.node.ObjectNode;

/// Serves `/api` and `/apis`, in the old form and in the aggregated one. Documents are made once and have an ETag.
public final class Discovery {
    private static final String AGGREGATED = "APIGroupDiscoveryList";

    private static final List<String> OTHER_PATHS = List.of(
            "/.well-known/openid-configuration", "/apis", "/apis/", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/openapi/v3/", "/openid/v1/jwks", "/readyz", "/version");
    private static final int MOST_EDITIONS = 1000;

    private final TenantKinds kinds;
    private final ConcurrentHashMap<String, Document> made = new ConcurrentHashMap<>();
    /// The documents of tenants that have kinds of their own, by tenant.
    private final ConcurrentHashMap<String, Edition> editions = new ConcurrentHashMap<>();

    public Discovery(TenantKinds kinds) {
        this.kinds = kinds;
    }

    private record Document(byte[] bytes, String tag) {}

    /// What was made while a tenant had a certain set of kinds.
    private record Edition(String name, ConcurrentHashMap<String, Document> made) {}

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
        boolean operator = kinds.find(tenant.tenant(), "hypernetes.io", "v1", "tenants") != null;
        var made = edition(tenant.tenant());
        var document = made.get(operator + version + path);
        if (document == null) {
            // Only paths that exist are kept, so that guesses do not fill the memory.
            var mine = kinds.types(tenant.tenant());
            var json = version.isEmpty()
                    ? Legacy.document(mine, path)
                    : aggregated(mine.stream().filter(type -> type.group().isEmpty() == path.equals("/api")).toList(), version);
            var bytes = Json.bytes(json);
            document = new Document(bytes, tag(bytes));
            made.put(operator + version + path, document);
        }
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

    private ConcurrentHashMap<String, Document> edition(String tenant) {
        var name = kinds.edition(tenant);
        if (name.isEmpty()) {
            editions.remove(tenant);
            return made;
        }
        if (editions.size() >= MOST_EDITIONS) {
            editions.clear();
        }
        return editions.compute(tenant, (_, known) -> known != null && known.name.equals(name)
                        ? known
                        : new Edition(name, new ConcurrentHashMap<>()))
                .made;
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
        for (var group : Legacy.groups(types)) {
            var item = items.addObject();
            item.putObject("metadata").put("name", group);
            var versions = item.putArray("versions");
            for (var name : Legacy.versions(types, group)) {
                var entry = versions.addObject();
                entry.put("version", name);
                var resources = entry.putArray("resources");
                types.stream()
                        .filter(type -> type.group().equals(group) && type.version().equals(name))
                        .forEach(type -> resources.add(resource(type)));
                entry.put("freshness", "Current");
            }
        }
        return list;
    }

    private static ObjectNode resource(ResourceType type) {
        var resource = Json.object();
        resource.put("resource", type.resource());
        responseKind(resource, type.group(), type.version(), type.kind());
        resource.put("scope", type.namespaced() ? "Namespaced" : "Cluster");
        resource.put("singularResource", type.singular());
        Legacy.words(resource, "verbs", type.verbs());
        Legacy.words(resource, "shortNames", type.shortNames());
        Legacy.words(resource, "categories", type.categories());
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
