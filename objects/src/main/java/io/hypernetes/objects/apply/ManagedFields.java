package io.hypernetes.objects.apply;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Who owns which fields of one object: what `metadata.managedFields` says. For one thread.
public final class ManagedFields {
    /// As many Update managers as are kept apart; the oldest beyond are written as one.
    private static final int MOST_UPDATERS = 10;

    private static final String ANCIENT = "ancient-changes";

    /// What belongs to the server or to nobody.
    private static final FieldSet NOBODYS = FieldSet.parse(Json.readObject(
            """
            {"f:apiVersion":{},"f:kind":{},"f:metadata":{".":{},"f:name":{},"f:namespace":{},"f:creationTimestamp":{},
            "f:selfLink":{},"f:uid":{},"f:clusterName":{},"f:generation":{},"f:managedFields":{},"f:resourceVersion":{}}}"""));

    /// One owner.
    ///
    /// @param applies whether it applied its fields; else it wrote them
    /// @param apiVersion the version it wrote in; empty for one that applies, whose version may change
    /// @param subresource empty for the object itself
    public record Manager(String name, boolean applies, String apiVersion, String subresource) {
        static Manager of(String name, boolean applies, String apiVersion, String subresource) {
            return new Manager(name, applies, applies ? "" : apiVersion, subresource);
        }

        /// As conflicts name it.
        String text() {
            String quoted = "\"" + name + "\"" + (subresource.isEmpty() ? "" : " with subresource \"" + subresource + "\"");
            return applies ? quoted : quoted + " using " + apiVersion;
        }
    }

    private record Owned(FieldSet fields, String apiVersion, String time) {}

    private final Map<Manager, Owned> owners = new LinkedHashMap<>();

    /// Reads the list.
    ///
    /// @throws MalformedJsonException when it cannot be understood
    static ManagedFields read(@Nullable JsonNode list) {
        ManagedFields managed = new ManagedFields();
        if (list == null) {
            return managed;
        }
        for (JsonNode entry : list) {
            String operation = Json.string(entry, "operation");
            if (!operation.equals("Apply") && !operation.equals("Update")) {
                throw new MalformedJsonException("managedFields: operation must be Apply or Update, not \"" + operation + "\"");
            }
            String apiVersion = Json.string(entry, "apiVersion");
            managed.put(
                    Manager.of(
                            Json.string(entry, "manager"),
                            operation.equals("Apply"),
                            apiVersion,
                            Json.string(entry, "subresource")),
                    FieldSet.parse(entry.path("fieldsV1")),
                    apiVersion,
                    Json.string(entry, "time"));
        }
        return managed;
    }

    /// As [#read], but what cannot be understood is as if it were not there.
    static ManagedFields readIfPossible(@Nullable JsonNode list) {
        try {
            return read(list);
        } catch (MalformedJsonException e) {
            return new ManagedFields();
        }
    }

    boolean isEmpty() {
        return owners.isEmpty();
    }

    void put(Manager manager, FieldSet fields, String apiVersion, String time) {
        owners.put(manager, new Owned(fields, apiVersion, time));
    }

    FieldSet fieldsOf(Manager manager) {
        Owned owned = owners.get(manager);
        return owned == null ? FieldSet.EMPTY : owned.fields;
    }

    String timeOf(Manager manager) {
        Owned owned = owners.get(manager);
        return owned == null ? "" : owned.time;
    }

    List<Manager> managers() {
        return List.copyOf(owners.keySet());
    }

    /// Takes from every owner but one what was written and what has gone.
    void take(@Nullable Manager except, FieldSet written, FieldSet gone) {
        owners.replaceAll((manager, owned) -> manager.equals(except)
                ? owned
                : new Owned(owned.fields.difference(written).differenceBelow(gone), owned.apiVersion, owned.time));
    }

    /// Notes what an Update wrote: the latest writer owns, alone.
    void wrote(Manager writer, Comparison change, String now) {
        FieldSet written = change.written().difference(NOBODYS);
        take(null, written, change.removed());
        if (!written.isEmpty()) {
            put(writer, fieldsOf(writer).union(written), writer.apiVersion(), now);
        }
    }

    /// The list, owners of nothing left out.
    ArrayNode write() {
        Map<Manager, Owned> kept = new LinkedHashMap<>();
        owners.forEach((manager, owned) -> {
            FieldSet fields = owned.fields.difference(NOBODYS);
            if (!fields.isEmpty()) {
                kept.put(manager, new Owned(fields, owned.apiVersion, owned.time));
            }
        });
        cap(kept);
        ArrayNode list = Json.array();
        List<Map.Entry<Manager, Owned>> sorted = new ArrayList<>(kept.entrySet());
        sorted.sort(ORDER);
        sorted.forEach(entry -> list.add(json(entry.getKey(), entry.getValue())));
        return list;
    }

    private static final Comparator<Map.Entry<Manager, Owned>> ORDER = Comparator
            .<Map.Entry<Manager, Owned>, Boolean>comparing(entry -> !entry.getKey().applies())
            .thenComparing(entry -> entry.getValue().time())
            .thenComparing(entry -> entry.getKey().name())
            .thenComparing(entry -> entry.getValue().apiVersion())
            .thenComparing(entry -> entry.getKey().subresource());

    private static ObjectNode json(Manager manager, Owned owned) {
        ObjectNode entry = Json.object();
        if (!manager.name().isEmpty()) {
            entry.put("manager", manager.name());
        }
        entry.put("operation", manager.applies() ? "Apply" : "Update");
        entry.put("apiVersion", owned.apiVersion);
        if (!owned.time.isEmpty()) {
            entry.put("time", owned.time);
        }
        entry.put("fieldsType", "FieldsV1");
        entry.set("fieldsV1", owned.fields.toJson());
        if (!manager.subresource().isEmpty()) {
            entry.put("subresource", manager.subresource());
        }
        return entry;
    }

    /// Writes the oldest Update managers of a version as one when there are too many, so that an object whose writers change
    /// their names does not grow for ever.
    private static void cap(Map<Manager, Owned> owners) {
        if (owners.size() <= MOST_UPDATERS) {
            return;
        }
        List<Map.Entry<Manager, Owned>> updaters = new ArrayList<>(owners.entrySet().stream()
                .filter(entry -> !entry.getKey().applies())
                .sorted(ORDER)
                .map(entry -> Map.entry(entry.getKey(), entry.getValue()))
                .toList());
        int count = updaters.size();
        Map<String, Manager> firstOfVersion = new HashMap<>();
        for (Map.Entry<Manager, Owned> updater : updaters) {
            if (count <= MOST_UPDATERS) {
                return;
            }
            String version = updater.getValue().apiVersion();
            Manager first = firstOfVersion.putIfAbsent(version, updater.getKey());
            if (first == null) {
                continue;
            }
            Manager bucket = Manager.of(ANCIENT, false, version, "");
            FieldSet merged = updater.getValue().fields();
            for (Manager old : List.of(first, bucket)) {
                Owned gone = owners.remove(old);
                merged = gone == null ? merged : merged.union(gone.fields);
            }
            owners.remove(updater.getKey());
            owners.put(bucket, new Owned(merged, version, updater.getValue().time()));
            firstOfVersion.put(version, bucket);
            count--;
        }
    }
}
