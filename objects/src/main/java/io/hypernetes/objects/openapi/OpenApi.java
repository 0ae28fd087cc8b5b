package io.hypernetes.objects.openapi;

import io.hypernetes.objects.GroupVersion;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.Kinds;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// The OpenAPI v3 documents of an API: one for each group-version and an index of them; and the one document of v2. Thread-safe.
///
/// They are made once, when first asked for: that takes tenths of a second which the start of a server need not wait for.
public final class OpenApi {
    private final Kinds kinds;
    private final boolean root;
    private volatile @Nullable Map<String, Document> made;
    private volatile @Nullable Document swagger;

    /// One document.
    ///
    /// @param json its bytes; shared, not to be changed
    /// @param hash 128 hexadecimal digits over the bytes: for the index and as ETag
    public record Document(byte[] json, String hash) {}

    private OpenApi(Kinds kinds, boolean root) {
        this.kinds = kinds;
        this.root = root;
    }

    /// The documents for the kinds; root-only kinds are in when `root` is true.
    public static OpenApi of(Kinds kinds, boolean root) {
        return new OpenApi(kinds, root);
    }

    private Map<String, Document> documents() {
        Map<String, Document> known = made;
        if (known != null) {
            return known;
        }
        synchronized (this) {
            Map<String, Document> documents = made;
            if (documents == null) {
                documents = make();
                made = documents;
            }
            return documents;
        }
    }

    private Map<String, Document> make() {
        Map<String, Document> documents = new LinkedHashMap<>();
        Descriptions descriptions = Descriptions.load();
        for (GroupVersion groupVersion : kinds.groupVersions()) {
            var visible = kinds.in(groupVersion).stream()
                    .map(k -> root ? k : k.inTenants())
                    .filter(java.util.Objects::nonNull)
                    .toList();
            if (!visible.isEmpty()) {
                ObjectNode document = new GroupVersionDocument(kinds.schema(), descriptions, groupVersion, visible).build();
                documents.put(groupVersion.path(), document(Json.bytes(document)));
            }
        }
        return documents;
    }

    /// The document at `/openapi/v3/{path}`, such as `api/v1` or `apis/apps/v1`, or null.
    public @Nullable Document document(String path) {
        return documents().get(path);
    }

    /// The one document of OpenAPI v2, made when first asked for and then kept.
    public Document swagger() {
        Document known = swagger;
        if (known != null) {
            return known;
        }
        synchronized (this) {
            if (swagger == null) {
                Swagger all = new Swagger();
                documents().values().forEach(document -> all.add(Json.readObject(document.json())));
                swagger = document(Json.bytes(all.build()));
            }
            return java.util.Objects.requireNonNull(swagger);
        }
    }

    /// The index at `/openapi/v3`; `prefix` is what stands before `/openapi` in the client's URL, such as `/tenants/blue`.
    public Document index(String prefix) {
        ObjectNode index = Json.object();
        ObjectNode paths = index.putObject("paths");
        documents().forEach((path, document) -> paths.putObject(path)
                .put("serverRelativeURL", prefix + "/openapi/v3/" + path + "?hash=" + document.hash()));
        return document(Json.bytes(index));
    }

    private static Document document(byte[] json) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-512").digest(json);
            return new Document(json, HexFormat.of().withUpperCase().formatHex(digest));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this JDK has no SHA-512", e);
        }
    }

    @Override
    public String toString() {
        return "OpenApi[root=" + root + "]";
    }
}
