package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The verbs of one kind. Every method throws [ApiException] when refused or unreachable. Thread-safe.
public final class Resources<T extends HasMetadata> {
    private static final int PAGE = 500;
    private static final int CONFLICT_TRIES = 8;

    private final Client client;
    private final Kind<T> kind;

    Resources(Client client, Kind<T> kind) {
        this.client = client;
        this.kind = kind;
    }

    public Kind<T> kind() {
        return kind;
    }

    public T get(ObjectKey key) {
        return client.call("GET", path(key), null, kind.mediaType(), null, in -> Json.read(in, kind.type()));
    }

    /// Empty when the object does not exist.
    public Optional<T> find(ObjectKey key) {
        try {
            return Optional.of(get(key));
        } catch (ApiException refused) {
            if (refused.isNotFound()) {
                return Optional.empty();
            }
            throw refused;
        }
    }

    /// All objects in the scope, fetched in pages.
    public ObjectList<T> list(Scope scope, Selection selection) {
        List<T> items = new ArrayList<>();
        String version = list(scope, selection, Json.MAPPER, items::add, leftOut -> {});
        return new ObjectList<>(version, items);
    }

    /// The same, handed over one by one as the pages come, so that nobody need hold them all as they were sent.
    ///
    /// @param mapper reads objects
    /// @param leftOut hears of those that cannot be decoded
    /// @return the resourceVersion of the list
    String list(Scope scope, Selection selection, JsonMapper mapper, Consumer<? super T> each, Consumer<ObjectHead> leftOut) {
        String token = "";
        while (true) {
            String path = collection(scope) + "?limit=" + PAGE + selectors(selection) + parameter("continue", token);
            List<T> items = new ArrayList<>();
            ListPage page = client.call(
                    "GET", path, null, kind.listMediaType(), null,
                    in -> ListPage.read(in, item -> understood(mapper, item, path, leftOut).ifPresent(items::add)));
            items.forEach(each);
            token = page.token();
            if (token.isEmpty()) {
                return page.resourceVersion();
            }
        }
    }

    // One object that does not fit the model, or is no JSON, must not hide all others.
    private Optional<T> understood(JsonMapper mapper, JsonFrames item, String path, Consumer<ObjectHead> leftOut) {
        ObjectHead head = ObjectHead.NONE;
        try {
            JsonCursor cursor = new JsonCursor(item.bytes(), item.offset(), item.offset() + item.length());
            head = Objects.requireNonNullElse(ObjectHead.of(cursor, item.bytes(), false), ObjectHead.NONE);
            return Optional.of(Json.read(mapper, item.bytes(), item.offset(), item.length(), kind.type()));
        } catch (IOException | JacksonException | StackOverflowError misfit) {
            WatchStream.LEFT_OUT.tell(head, "GET " + path, misfit);
            leftOut.accept(head);
            return Optional.empty();
        }
    }

    /// Changes after `resourceVersion`, for at most `timeoutSeconds`; the caller closes the stream.
    public WatchStream<T> watch(Scope scope, Selection selection, String resourceVersion, int timeoutSeconds) {
        return watch(scope, selection, resourceVersion, timeoutSeconds, Json.MAPPER);
    }

    WatchStream<T> watch(Scope scope, Selection selection, String resourceVersion, int timeoutSeconds, JsonMapper mapper) {
        String path = collection(scope) + "?watch=true&allowWatchBookmarks=true&timeoutSeconds=" + timeoutSeconds
                + parameter("resourceVersion", resourceVersion) + selectors(selection);
        return new WatchStream<>(client.open(path, kind.mediaType()), kind.type(), "GET " + path, mapper);
    }

    public T create(String tenant, T object) {
        return client.call("POST", collection(tenant, namespaceOf(object)), null, object, in -> Json.read(in, kind.type()));
    }

    /// Replaces the object; its resourceVersion, when set, must still be current.
    public T update(String tenant, T object) {
        return client.call("PUT", path(ObjectKey.of(tenant, object)), null, object, in -> Json.read(in, kind.type()));
    }

    /// Replaces a subresource such as `status`, `finalize` or `approval`.
    public T update(String tenant, T object, String subresource) {
        String path = path(ObjectKey.of(tenant, object)) + "/" + subresource;
        return client.call("PUT", path, null, object, in -> Json.read(in, kind.type()));
    }

    public T patch(ObjectKey key, Patch patch) {
        return client.call("PATCH", path(key), patch.mediaType(), patch.body(), in -> Json.read(in, kind.type()));
    }

    public T patch(ObjectKey key, String subresource, Patch patch) {
        String path = path(key) + "/" + subresource;
        return client.call("PATCH", path, patch.mediaType(), patch.body(), in -> Json.read(in, kind.type()));
    }

    /// Creates a subresource of an object, such as a pod's `binding`, and returns the answer.
    public JsonNode createSubresource(ObjectKey key, String subresource, Object body) {
        return client.call("POST", path(key) + "/" + subresource, null, body, Json::tree);
    }

    /// Reads, changes and replaces until no other writer is in between, several times at most.
    ///
    /// @param subresource such as `status`; null for the object itself
    /// @param change gets a fresh copy that it may modify; returning null gives up without a write
    /// @return what the server holds now; empty when the object does not exist or `change` gave up
    public Optional<T> change(ObjectKey key, @Nullable String subresource, UnaryOperator<@Nullable T> change) {
        for (int attempt = 1; ; attempt++) {
            Optional<T> current = find(key);
            if (current.isEmpty()) {
                return current;
            }
            T wanted = change.apply(current.get());
            if (wanted == null) {
                return Optional.empty();
            }
            try {
                return Optional.of(subresource == null ? update(key.tenant(), wanted) : update(key.tenant(), wanted, subresource));
            } catch (ApiException refused) {
                if (refused.isNotFound()) {
                    return Optional.empty();
                }
                if (!refused.isConflict() || attempt == CONFLICT_TRIES) {
                    throw refused;
                }
            }
        }
    }

    /// False when there was nothing to delete (it does not exist, or the uid is another one's).
    public boolean delete(ObjectKey key, Deletion deletion) {
        try {
            client.call("DELETE", path(key), null, deletion.body(), in -> in.readNBytes(1 << 20));
            return true;
        } catch (ApiException refused) {
            if (refused.isNotFound() || (refused.isConflict() && deletion.uid() != null)) {
                return false;
            }
            throw refused;
        }
    }

    /// Deletes every object in one namespace of one tenant (or, with an empty namespace, every cluster-scoped one).
    public void deleteAll(Scope scope) {
        client.call("DELETE", collection(scope), null, Deletion.ordinary().body(), in -> in.skip(Long.MAX_VALUE));
    }

    private static String namespaceOf(HasMetadata object) {
        String namespace = object.getMetadata().getNamespace();
        return namespace == null ? "" : namespace;
    }

    private String path(ObjectKey key) {
        return collection(key.tenant(), key.namespace()) + "/" + encode(key.name());
    }

    private String collection(Scope scope) {
        return collection(scope.tenant(), scope.namespace());
    }

    private String collection(String tenant, String namespace) {
        String root = tenantPath(tenant) + (kind.group().isEmpty() ? "/api/" : "/apis/" + kind.group() + "/") + kind.version();
        boolean inNamespace = kind.namespaced() && !namespace.isEmpty();
        return root + (inNamespace ? "/namespaces/" + encode(namespace) : "") + "/" + kind.plural();
    }

    /// The beginning of a path in a tenant, or across all.
    static String tenantPath(String tenant) {
        return "/tenants/" + (tenant.equals(Scope.ALL) ? tenant : encode(tenant));
    }

    private static String selectors(Selection selection) {
        return parameter("labelSelector", selection.labelSelector()) + parameter("fieldSelector", selection.fieldSelector());
    }

    private static String parameter(String name, String value) {
        return value.isEmpty() ? "" : "&" + name + "=" + encode(value);
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
