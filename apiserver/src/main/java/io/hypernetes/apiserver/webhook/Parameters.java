package io.hypernetes.apiserver.webhook;

import io.hypernetes.apiserver.custom.KindUse;
import io.hypernetes.apiserver.custom.TenantKinds;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.GroupVersion;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.kind.ResourceType;
import io.hypernetes.objects.selector.LabelSelector;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Store;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The objects with which bound policies are evaluated in one request. One is held at a time, since one of 1.4 MB may be a hundred where it is read, and how many are
/// looked at for all bindings together, and how many bytes of them are read, is bounded. One kind of them is in use at a time, until this is closed. For one thread.
final class Parameters implements AutoCloseable {
    /// Those that a selector does not want count too.
    static final int MOST = 10_000;

    /// In bytes as stored.
    static final long MOST_READ = 32 << 20;

    private static final String TOO_MUCH = "one request looks at no more than " + MOST + " parameters and " + (MOST_READ >> 20)
            + " MiB of them for all bindings of policies together: bind fewer policies, or let paramRef name the object";

    private final Store store;
    private final TenantKinds kinds;
    private final Attempt attempt;
    private int left = MOST;
    private long leftToRead = MOST_READ;
    /// What was read last, which the next binding often wants as well.
    private @Nullable Read last;
    private @Nullable KindUse using;

    /// @param kind its [io.hypernetes.objects.kind.Kind#identity]
    private record Read(Entry entry, Object kind, ObjectNode object) {}

    Parameters(Store store, TenantKinds kinds, Attempt attempt) {
        this.store = store;
        this.kinds = kinds;
        this.attempt = attempt;
    }

    /// Those with which a policy is to be evaluated by one of its bindings, one after the other; a single null when it takes none.
    ///
    /// @param policy its spec
    /// @param binding its spec
    Each of(JsonNode policy, JsonNode binding) {
        return new Each(policy.path("paramKind"), binding.path("paramRef"));
    }

    /// Those of what cannot be evaluated.
    Each none() {
        var none = new Each(Json.object(), Json.object());
        none.begun = true;
        return none;
    }

    /// Those of one binding.
    final class Each {
        private final JsonNode wanted;
        private final JsonNode reference;
        private boolean begun;
        private boolean found;
        private @Nullable ResourceType type;
        private @Nullable LabelSelector selector;
        private Iterator<Entry> entries = List.<Entry>of().iterator();
        private @Nullable ObjectNode value;
        private @Nullable String fault;

        private Each(JsonNode wanted, JsonNode reference) {
            this.wanted = wanted;
            this.reference = reference;
        }

        /// Goes to the next; false when there is none, or none can be had.
        boolean next() {
            value = null;
            if (fault != null) {
                return false;
            }
            try {
                return advance();
            } catch (ApiException e) {
                fault = "failed to configure binding: " + e.status().message();
                return false;
            }
        }

        /// What [#next] went to.
        @Nullable ObjectNode value() {
            return value;
        }

        /// Why there are no more though there should be; null when that is not so.
        @Nullable String fault() {
            return fault;
        }

        private boolean advance() {
            if (!begun) {
                begun = true;
                if (!wanted.isObject() || !reference.isObject()) {
                    return true;
                }
                begin();
            }
            while (type != null && entries.hasNext()) {
                var object = read(entries.next(), type);
                if (selector == null || selector.matches(LabelSelector.labelsOf(object))) {
                    found = true;
                    value = object;
                    return true;
                }
            }
            if (type != null && !found && !Json.string(reference, "parameterNotFoundAction").equals("Allow")) {
                throw ApiStatus.badRequest("no params found for policy binding with `Deny` parameterNotFoundAction").asException();
            }
            return false;
        }

        private void begin() {
            var type = type(wanted);
            this.type = type;
            var namespace = namespace(type.namespaced(), Json.string(reference, "namespace"));
            var name = Json.string(reference, "name");
            if (left <= 0) {
                throw tooMuch();
            }
            if (!name.isEmpty()) {
                entries = store.get(new ObjectKey(attempt.tenant(), type.storedVersion().group(), type.resource(), namespace, name).text()).stream().iterator();
            } else {
                selector = LabelSelector.of(reference.path("selector"));
                var prefix = ObjectKey.prefix(attempt.tenant(), type.storedVersion().group(), type.resource(), namespace.isEmpty() ? "_" : namespace);
                entries = store.list(prefix, "", left + 1).entries().iterator();
            }
        }
    }

    private ObjectNode read(Entry entry, ResourceType type) {
        if (--left < 0) {
            throw tooMuch();
        }
        var kind = kind(type);
        var known = last;
        if (known != null && known.entry.equals(entry) && known.kind.equals(kind.identity())) {
            return known.object;
        }
        // Not held while the next is read.
        last = null;
        leftToRead -= entry.knownLength();
        if (leftToRead < 0) {
            throw tooMuch();
        }
        var object = kind.fromStored(Json.readObject(entry.value()));
        last = new Read(entry, kind.identity(), object);
        return object;
    }

    private Kind kind(ResourceType type) {
        var known = using;
        if (known == null || !known.kind().type().groupVersion().equals(type.groupVersion()) || !known.kind().type().resource().equals(type.resource())) {
            close();
            known = kinds.use(attempt.tenant(), type.group(), type.version(), type.resource());
            using = known;
        }
        if (known == null) {
            throw notFound(type.apiVersion(), type.kind());
        }
        return known.kind();
    }

    @Override
    public void close() {
        if (using != null) {
            using.close();
            using = null;
        }
    }

    private static ApiException tooMuch() {
        return ApiStatus.badRequest(TOO_MUCH).asException();
    }

    private ResourceType type(JsonNode wanted) {
        var version = GroupVersion.parse(Json.string(wanted, "apiVersion"));
        var kindName = Json.string(wanted, "kind");
        return kinds.types(attempt.tenant()).stream()
                .filter(type -> type.groupVersion().equals(version) && type.kind().equals(kindName))
                .findFirst()
                .orElseThrow(() -> notFound(version.apiVersion(), kindName));
    }

    private static ApiException notFound(String apiVersion, String kind) {
        return ApiStatus.badRequest("failed to find resource referenced by paramKind: '" + apiVersion + ", Kind=" + kind + "'").asException();
    }

    private String namespace(boolean namespaced, String named) {
        if (!namespaced) {
            if (!named.isEmpty()) {
                throw ApiStatus.badRequest("paramRef.namespace must not be provided for a cluster-scoped `paramKind`").asException();
            }
            return "";
        }
        var namespace = named.isEmpty() ? attempt.namespace() : named;
        if (namespace.isEmpty()) {
            throw ApiStatus.badRequest("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources").asException();
        }
        return namespace;
    }
}
