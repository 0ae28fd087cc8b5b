package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.PartialObjectMetadata;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
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
    /// Deleted at once, each perhaps after a tenant's webhooks were asked: longer than one of them may take, so that what it says comes back.
    private static final int DELETED_AT_ONCE = 100;
    private static final Duration DELETION_LIMIT = Duration.ofMinutes(2);
    /// Asks for lists of nothing but metadata.
    static final String METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
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

    /// The same, handed over one by one as they come, so that nobody need hold a page of them as they were sent: what of an object is let go of at once may be most
    /// of it. When this fails some have been handed over.
    ///
    /// @param mapper reads objects
    /// @param leftOut hears of those that cannot be decoded
    /// @return the resourceVersion of the list
    String list(Scope scope, Selection selection, JsonMapper mapper, Consumer<? super T> each, Consumer<ObjectHead> leftOut) {
        String token = "";
        while (true) {
            String path = collection(scope) + "?limit=" + PAGE + selectors(selection) + parameter("continue", token);
            ListPage page = client.call(
                    "GET", path, null, kind.listMediaType(), null,
                    in -> ListPage.read(in, item -> understood(mapper, item, path, leftOut).ifPresent(each)));
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

    /// Whether there is no object in the scope.
    public boolean isEmpty(Scope scope) {
        boolean[] some = {false};
        client.call("GET", collection(scope) + "?limit=1", null, METADATA, null, in -> ListPage.read(in, item -> some[0] = true));
        return !some[0];
    }

    /// Hands over every object in the scope by its name, uid, mark of deletion and finalizers alone, each as it is read: all that a tenant says in the metadata of
    /// its objects, held at once, is more than there is memory for. One that cannot be understood has nothing but a name, if that.
    ///
    /// @param each is quick and asks nothing of the server: the answer waits for it
    public void each(Scope scope, Consumer<? super ObjectMeta> each) {
        String token = "";
        do {
            String path = collection(scope) + "?limit=" + PAGE + parameter("continue", token);
            token = client.call("GET", path, null, METADATA, null, in -> ListPage.read(in, item -> each.accept(lean(item, path)))).token();
        } while (!token.isEmpty());
    }

    private static ObjectMeta lean(JsonFrames item, String path) {
        ObjectHead head = ObjectHead.NONE;
        try {
            JsonCursor cursor = new JsonCursor(item.bytes(), item.offset(), item.offset() + item.length());
            head = Objects.requireNonNullElse(ObjectHead.of(cursor, item.bytes(), false), ObjectHead.NONE);
            ObjectMeta meta = Json.read(LeanMetadata.MAPPER, item.bytes(), item.offset(), item.length(), PartialObjectMetadata.class).getMetadata();
            if (meta != null) {
                return meta;
            }
        } catch (IOException | JacksonException | StackOverflowError misfit) {
            WatchStream.LEFT_OUT.tell(head, "GET " + path, misfit);
        }
        return new ObjectMetaBuilder().withName(head.name()).build();
    }

    /// Deletes every object in one namespace of one tenant (or, with an empty namespace, every cluster-scoped one), a page at a time: a hundred thousand take
    /// longer than a server is waited for. When what was listed first is forgotten meanwhile, the rest stays for another time.
    ///
    /// @param dependents what becomes of what the objects own
    public void deleteAll(Scope scope, Deletion.Propagation dependents) {
        Object body = new Deletion(null, null, dependents).body();
        String token = "";
        do {
            try {
                token = deleteSome(collection(scope) + "?limit=" + DELETED_AT_ONCE + parameter("continue", token), body);
            } catch (ApiException refused) {
                if (!token.isEmpty() && refused.isGone()) {
                    return;
                }
                if (refused.code() < 500) {
                    throw refused;
                }
                // The page may be deleted and its answer impossible to make, of objects that cannot be converted; and without it nobody knows where the next begins.
                token = deleteSome(collection(scope), body);
            }
        } while (!token.isEmpty());
    }

    private String deleteSome(String path, Object body) {
        return client.call("DELETE", path, null, METADATA, body, DELETION_LIMIT, in -> ListPage.read(in, item -> {})).token();
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
