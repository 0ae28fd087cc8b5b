package io.hypernetes.objects.openapi;

import io.hypernetes.objects.GroupVersion;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.objects.schema.Schema;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// The OpenAPI v3 documents of an API: one for each group-version and an index of them; and the one document of v2. Thread-safe.
///
/// They are made once, when first asked for: that takes tenths of a second which the start of a server need not wait for.
public final class OpenApi {
    private final Schema schema;
    /// Asked once: kinds are many times their documents, so they are not held.
    private final Supplier<List<Kind>> kinds;
    private volatile @Nullable Map<String, Document> made;
    private volatile @Nullable Document swagger;

    /// One document.
    ///
    /// @param json its bytes; shared, not to be changed
    /// @param hash 128 hexadecimal digits over the bytes: for the index and as ETag
    public record Document(byte[] json, String hash) {}

    private OpenApi(Schema schema, Supplier<List<Kind>> kinds) {
        this.schema = schema;
        this.kinds = kinds;
    }

    /// The documents for the kinds; root-only kinds are in when `root` is true.
    public static OpenApi of(Kinds kinds, boolean root) {
        return new OpenApi(
                kinds.schema(),
                () -> kinds.all().stream().map(kind -> root ? kind : kind.inTenants()).filter(Objects::nonNull).toList());
    }

    /// The documents for kinds that are not in the table.
    ///
    /// @param kinds asked when the first document is
    public static OpenApi of(Schema schema, Supplier<List<Kind>> kinds) {
        return new OpenApi(schema, kinds);
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
        Map<GroupVersion, List<Kind>> byVersion = new LinkedHashMap<>();
        kinds.get().forEach(kind -> byVersion.computeIfAbsent(kind.type().groupVersion(), _ -> new ArrayList<>()).add(kind));
        byVersion.forEach((groupVersion, each) -> {
            ObjectNode document = new GroupVersionDocument(schema, descriptions, groupVersion, each).build();
            documents.put(groupVersion.path(), document(Json.bytes(document)));
        });
        return documents;
    }

    /// Makes what is not made yet: the document of v2 alone, with those that it is made of, or those of v3.
    public void make(boolean v2) {
        if (v2) {
            swagger();
        } else {
            documents();
        }
    }

    /// Whether the document of v2 is made, or those of v3.
    public boolean isMade(boolean v2) {
        return v2 ? swagger != null : made != null;
    }

    /// What is made takes so many bytes.
    public long bytes() {
        Map<String, Document> documents = made;
        Document all = swagger;
        return (documents == null ? 0 : documents.values().stream().mapToLong(document -> document.json.length).sum()) + (all == null ? 0 : all.json.length);
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
            return Objects.requireNonNull(swagger);
        }
    }

    /// The index at `/openapi/v3`; `prefix` is what stands before `/openapi` in the client's URL, such as `/tenants/blue`.
    public Document index(String prefix) {
        return index(prefix, null);
    }

    /// As the other, with further documents beside.
    public Document index(String prefix, @Nullable OpenApi more) {
        ObjectNode index = Json.object();
        ObjectNode paths = index.putObject("paths");
        Map<String, Document> all = new LinkedHashMap<>(documents());
        if (more != null) {
            more.documents().forEach(all::putIfAbsent);
        }
        all.forEach((path, document) -> paths.putObject(path)
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
}
