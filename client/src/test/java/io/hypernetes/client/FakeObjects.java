package io.hypernetes.client;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The objects of a [FakeApi], their revisions and who watches them. Safe for use by many threads.
final class FakeObjects {
    private final Map<String, ObjectNode> objects = new TreeMap<>();
    private final List<Change> history = new ArrayList<>();
    private final List<String> invalid = new ArrayList<>();
    private final Set<BlockingQueue<Change>> watchers = new HashSet<>();
    private long revision = 100;
    private long oldest;

    /// What became of an object.
    ///
    /// @param type a watch event's; empty for the end of the watch
    /// @param key of the object
    record Change(long revision, String type, String key, ObjectNode object, @Nullable ObjectNode before) {
        private static final Change END = new Change(0, "", "", Json.MAPPER.createObjectNode(), null);

        boolean isEnd() {
            return type.isEmpty();
        }
    }

    /// What the API does not do.
    static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1L;

        final int code;
        final String reason;

        Refused(int code, String reason, String message) {
            super(message);
            this.code = code;
            this.reason = reason;
        }
    }

    synchronized ObjectNode get(FakePath path) {
        ObjectNode found = objects.get(path.key());
        if (found == null) {
            throw new Refused(404, "NotFound", path.plural() + " \"" + path.name() + "\" not found");
        }
        return found;
    }

    /// Shows every object of a collection with its key.
    ///
    /// @return the revision of all that
    synchronized long list(FakePath path, BiConsumer<String, ObjectNode> each) {
        objects.forEach((key, object) -> {
            if (path.holds(key)) {
                each.accept(key, object);
            }
        });
        return revision;
    }

    /// All changes behind a revision; to be given to [#endWatch] at last.
    synchronized BlockingQueue<Change> watch(long from) {
        if (from < oldest) {
            throw new Refused(410, "Expired", "too old resource version: " + from);
        }
        BlockingQueue<Change> changes = new LinkedBlockingQueue<>();
        history.stream().filter(change -> change.revision > from).forEach(changes::add);
        watchers.add(changes);
        return changes;
    }

    synchronized void endWatch(BlockingQueue<Change> changes) {
        watchers.remove(changes);
    }

    /// Every watch ends in order.
    synchronized void breakWatches() {
        watchers.forEach(changes -> changes.add(Change.END));
    }

    /// Forgets history and ends the watches.
    synchronized void compact() {
        oldest = revision;
        history.clear();
        breakWatches();
    }

    synchronized void create(FakePath collection, ObjectNode body) {
        ObjectNode meta = body.withObject("metadata");
        if (!meta.has("name")) {
            meta.put("name", meta.path("generateName").asString("") + UUID.randomUUID().toString().substring(0, 5));
        }
        FakePath path = collection.named(meta.path("name").asString());
        if (objects.containsKey(path.key())) {
            throw new Refused(409, "AlreadyExists", path.name() + " already exists");
        }
        if (!path.namespace().isEmpty()) {
            meta.put("namespace", path.namespace());
        }
        meta.put("generation", 1);
        meta.put("uid", UUID.randomUUID().toString());
        meta.put("creationTimestamp", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        store(path, body, null);
    }

    /// A pod gets a node.
    synchronized void bind(FakePath path, String node) {
        ObjectNode pod = get(path);
        ObjectNode bound = pod.deepCopy();
        if (bound.path("spec").has("nodeName")) {
            throw new Refused(409, "Conflict", "pod is already assigned to node");
        }
        bound.withObject("spec").put("nodeName", node);
        store(path, bound, pod);
    }

    synchronized ObjectNode replace(FakePath path, ObjectNode body) {
        ObjectNode current = get(path);
        String version = meta(body, "resourceVersion");
        if (!version.isEmpty() && !version.equals(meta(current, "resourceVersion"))) {
            throw new Refused(409, "Conflict", "the object has been modified");
        }
        ObjectNode stored = body.deepCopy();
        if (path.subresource().equals("status") || path.subresource().equals("approval")) {
            JsonNode status = stored.path("status");
            stored = current.deepCopy();
            stored.set("status", status.deepCopy());
        }
        checkStatus(path, stored, current);
        store(path, stored, current);
        return stored;
    }

    synchronized ObjectNode merge(FakePath path, ObjectNode patch) {
        ObjectNode current = get(path);
        ObjectNode stored = current.deepCopy();
        mergeInto(stored, patch);
        checkStatus(path, stored, current);
        store(path, stored, current);
        return stored;
    }

    private void checkStatus(FakePath path, ObjectNode updated, ObjectNode old) {
        if (path.subresource().equals("status")) {
            try {
                FakeRules.checkStatus(path, updated, old);
            } catch (Refused wrong) {
                invalid.add(String.valueOf(wrong.getMessage()));
                throw wrong;
            }
        }
    }

    /// Why statuses were refused.
    synchronized List<String> invalid() {
        return List.copyOf(invalid);
    }

    private static void mergeInto(ObjectNode target, ObjectNode patch) {
        for (Map.Entry<String, JsonNode> entry : patch.properties()) {
            if (entry.getValue().isNull()) {
                target.remove(entry.getKey());
            } else if (entry.getValue() instanceof ObjectNode inner) {
                mergeInto(target.path(entry.getKey()) instanceof ObjectNode there ? there : target.putObject(entry.getKey()), inner);
            } else {
                target.set(entry.getKey(), entry.getValue());
            }
        }
    }

    /// One object, or a whole collection.
    synchronized void delete(FakePath path, ObjectNode options) {
        String uid = options.path("preconditions").path("uid").asString("");
        if (!uid.isEmpty() && !uid.equals(meta(get(path), "uid"))) {
            throw new Refused(409, "Conflict", "uid precondition failed");
        }
        end(path, options);
    }

    /// One of a collection, which may have gone meanwhile.
    synchronized void deleteOne(FakePath path, String key, ObjectNode options) {
        if (objects.containsKey(key)) {
            end(path.at(key), options);
        }
    }

    /// Without grace and whoever has a finalizer; nothing when there is none.
    synchronized void remove(FakePath path) {
        ObjectNode gone = objects.remove(path.key());
        if (gone != null) {
            publish("DELETED", path.key(), gone, gone);
        }
    }

    private void end(FakePath path, ObjectNode options) {
        ObjectNode current = get(path);
        ObjectNode now = current.deepCopy();
        boolean runs = path.plural().equals("pods") && current.path("spec").has("nodeName")
                && !List.of("Succeeded", "Failed").contains(current.path("status").path("phase").asString(""));
        long grace = runs ? options.path("gracePeriodSeconds").asLong(current.path("spec").path("terminationGracePeriodSeconds").asLong(30)) : 0;
        boolean finalized = !current.path("metadata").path("finalizers").isEmpty() || !current.path("spec").path("finalizers").isEmpty();
        if (grace > 0 || finalized) {
            if (!now.path("metadata").has("deletionTimestamp") || grace < now.path("metadata").path("deletionGracePeriodSeconds").asLong(0)) {
                now.withObject("metadata").put("deletionTimestamp", Instant.now().plusSeconds(grace).truncatedTo(ChronoUnit.SECONDS).toString());
                now.withObject("metadata").put("deletionGracePeriodSeconds", grace);
                if (path.plural().equals("namespaces")) {
                    now.withObject("status").put("phase", "Terminating");
                }
                store(path, now, current);
            }
            return;
        }
        objects.remove(path.key());
        publish("DELETED", path.key(), now, current);
    }

    private void store(FakePath path, ObjectNode object, @Nullable ObjectNode before) {
        boolean ended = object.path("metadata").has("deletionTimestamp")
                && object.path("metadata").path("finalizers").isEmpty()
                && object.path("spec").path("finalizers").isEmpty()
                && (!path.plural().equals("pods") || object.path("metadata").path("deletionGracePeriodSeconds").asLong(0) == 0);
        if (ended) {
            objects.remove(path.key());
            publish("DELETED", path.key(), object, before);
            return;
        }
        if (object.path("metadata").path("annotations") instanceof ObjectNode annotations) {
            annotations.remove(ObjectKey.TENANT_ANNOTATION);
        }
        if (before != null && !before.path("spec").equals(object.path("spec"))) {
            object.withObject("metadata").put("generation", before.path("metadata").path("generation").asLong(0) + 1);
        } else if (before != null) {
            object.withObject("metadata").set("generation", before.path("metadata").path("generation"));
        }
        objects.put(path.key(), object);
        publish(before == null ? "ADDED" : "MODIFIED", path.key(), object, before);
    }

    private void publish(String type, String key, ObjectNode object, @Nullable ObjectNode before) {
        object.withObject("metadata").put("resourceVersion", String.valueOf(++revision));
        Change change = new Change(revision, type, key, object.deepCopy(), before == null ? null : before.deepCopy());
        history.add(change);
        watchers.forEach(changes -> changes.add(change));
    }

    private static String meta(ObjectNode object, String field) {
        return object.path("metadata").path(field).asString("");
    }
}
