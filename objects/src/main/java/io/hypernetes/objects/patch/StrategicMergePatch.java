package io.hypernetes.objects.patch;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.schema.Schema;
import io.hypernetes.objects.schema.SchemaField;
import io.hypernetes.objects.schema.SchemaType;
import io.hypernetes.objects.schema.ValueType;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Kubernetes' strategic merge patch: like a merge patch, but lists with a merge key merge item by item.
///
/// Directives: `$patch: replace|delete|merge` in objects and list items, `$retainKeys`, `$setElementOrder/LIST`,
/// `$deleteFromPrimitiveList/LIST`. Thread-safe.
public final class StrategicMergePatch {
    private static final String DIRECTIVE = "$patch";
    private static final String RETAIN = "$retainKeys";
    private static final String ORDER = "$setElementOrder/";
    private static final String DELETE_PRIMITIVES = "$deleteFromPrimitiveList/";

    private final Schema schema;

    public StrategicMergePatch(Schema schema) {
        this.schema = schema;
    }

    /// The target after the patch; neither argument is changed.
    ///
    /// @param schemaType the type of the target, such as `core.v1.Pod`
    /// @throws PatchException when the patch makes no sense for the type
    public ObjectNode apply(ObjectNode target, ObjectNode patch, String schemaType) {
        return object(target.deepCopy(), patch, schema.get(schemaType));
    }

    /// Changes a target that is ours, all of it: a copy at each level would hold the depth times the size at once.
    private ObjectNode object(@Nullable ObjectNode target, ObjectNode patch, @Nullable SchemaType type) {
        JsonNode directive = patch.get(DIRECTIVE);
        if (directive != null) {
            switch (directive.asString("")) {
                case "replace" -> {
                    ObjectNode replaced = patch.deepCopy();
                    replaced.remove(DIRECTIVE);
                    return replaced;
                }
                case "delete" -> {
                    return Json.object();
                }
                case "merge" -> {}
                default -> throw unknownDirective(directive);
            }
        }
        ObjectNode result = target == null ? Json.object() : target;
        retainKeys(result, patch);
        Set<String> ordered = new LinkedHashSet<>();
        for (Map.Entry<String, JsonNode> member : patch.properties()) {
            String name = member.getKey();
            JsonNode value = member.getValue();
            if (name.equals(DIRECTIVE) || name.equals(RETAIN)) {
                continue;
            }
            if (name.startsWith(ORDER)) {
                ordered.add(name.substring(ORDER.length()));
                continue;
            }
            if (name.startsWith(DELETE_PRIMITIVES)) {
                deletePrimitives(result, name.substring(DELETE_PRIMITIVES.length()), list(name, value));
                continue;
            }
            if (value.isNull()) {
                result.remove(name);
                continue;
            }
            result.set(name, value(result.get(name), value, type == null ? null : type.field(name), name));
        }
        for (String list : ordered) {
            order(result, list, list(ORDER + list, patch.path(ORDER + list)), patch.get(list),
                    type == null ? null : type.field(list));
        }
        return result;
    }

    private JsonNode value(@Nullable JsonNode target, JsonNode patch, @Nullable SchemaField field, String name) {
        if (patch instanceof ObjectNode changes) {
            if (field != null && field.patchStrategies().contains("replace")) {
                return clean(changes);
            }
            String refersTo = field == null ? null : field.refersTo();
            if (field != null && field.type() instanceof ValueType.MapOf) {
                return map(target instanceof ObjectNode o ? o : null, changes, refersTo);
            }
            return object(target instanceof ObjectNode o ? o : null, changes, refersTo == null ? null : schema.find(refersTo));
        }
        if (patch instanceof ArrayNode changes) {
            if (field == null || !field.patchStrategies().contains("merge")) {
                return replacedList(changes);
            }
            ArrayNode before = target instanceof ArrayNode array ? array : Json.array();
            return field.mergeKey().isEmpty()
                    ? primitives(before, changes)
                    : objects(before, changes, field, name);
        }
        return patch.deepCopy();
    }

    /// The values of a map from text: objects of one type, or plain values.
    private ObjectNode map(@Nullable ObjectNode target, ObjectNode patch, @Nullable String valueType) {
        SchemaType type = valueType == null ? null : schema.find(valueType);
        if (valueType == null || type == null) {
            return object(target, patch, null);
        }
        Map<String, SchemaField> members = new LinkedHashMap<>();
        for (String name : patch.propertyNames()) {
            members.put(
                    name,
                    new SchemaField(name, new ValueType.Ref(valueType), false, "", List.of(), "", Set.of(), List.of()));
        }
        return object(target, patch, new SchemaType(valueType, members));
    }

    private JsonNode objects(ArrayNode before, ArrayNode changes, SchemaField field, String name) {
        String key = field.mergeKey();
        String refersTo = field.refersTo();
        SchemaType itemType = refersTo == null ? null : schema.find(refersTo);
        for (JsonNode change : changes) {
            if (change instanceof ObjectNode o && "replace".equals(Json.string(o, DIRECTIVE)) && o.get(key) == null) {
                return replacedList(changes);
            }
        }
        KeyedItems result = new KeyedItems(before, key);
        for (JsonNode change : changes) {
            if (!(change instanceof ObjectNode item)) {
                throw PatchException.malformed("the list \"" + name + "\" holds something that is not an object");
            }
            JsonNode id = item.get(key);
            if (id == null || id.isNull()) {
                throw PatchException.inapplicable("map: " + Json.print(item) + " does not contain declared merge key: " + key);
            }
            switch (Json.string(item, DIRECTIVE)) {
                case "delete" -> result.remove(id);
                case "replace" -> {
                    ObjectNode replaced = item.deepCopy();
                    replaced.remove(DIRECTIVE);
                    result.put(id, replaced);
                }
                case "", "merge" -> result.put(id, object(result.find(id), item, itemType));
                default -> throw unknownDirective(item.path(DIRECTIVE));
            }
        }
        return result.toArray();
    }

    private static ArrayNode primitives(ArrayNode before, ArrayNode changes) {
        Set<JsonNode> merged = new LinkedHashSet<>();
        before.forEach(merged::add);
        changes.forEach(merged::add);
        ArrayNode result = Json.array();
        merged.forEach(result::add);
        return result;
    }

    private static void deletePrimitives(ObjectNode target, String name, ArrayNode gone) {
        if (target.get(name) instanceof ArrayNode array) {
            Set<JsonNode> remove = new LinkedHashSet<>();
            gone.forEach(remove::add);
            ArrayNode kept = Json.array();
            array.forEach(item -> {
                if (!remove.contains(item)) {
                    kept.add(item);
                }
            });
            target.set(name, kept);
        }
    }

    /// Members not named by `$retainKeys` go; the patch itself may only touch members that are named.
    private static void retainKeys(ObjectNode result, ObjectNode patch) {
        JsonNode retain = patch.get(RETAIN);
        if (retain == null) {
            return;
        }
        Set<String> keep = new LinkedHashSet<>();
        list(RETAIN, retain).forEach(name -> keep.add(name.asString("")));
        for (Map.Entry<String, JsonNode> member : patch.properties()) {
            String name = member.getKey();
            if (!name.startsWith("$") && !member.getValue().isNull() && !keep.contains(name)) {
                throw PatchException.malformed(RETAIN + " list must contain all fields that are present in the patch: " + name
                        + " is missing");
            }
        }
        List.copyOf(result.propertyNames()).stream().filter(name -> !keep.contains(name)).forEach(result::remove);
    }

    /// Items named by the order stand in that order; others keep their place behind the neighbour they followed.
    private static void order(
            ObjectNode result, String name, ArrayNode wanted, @Nullable JsonNode patched, @Nullable SchemaField field) {
        if (!(result.get(name) instanceof ArrayNode items)) {
            return;
        }
        String key = field == null ? "" : field.mergeKey();
        Map<JsonNode, Integer> rank = new LinkedHashMap<>();
        for (JsonNode entry : wanted) {
            rank.putIfAbsent(id(entry, key), rank.size());
        }
        if (patched instanceof ArrayNode changes) {
            for (JsonNode change : changes) {
                if (Json.string(change, DIRECTIVE).isEmpty() && !rank.containsKey(id(change, key))) {
                    throw PatchException.malformed("The order in patch list:\n" + Json.print(changes)
                            + "\n doesn't match $setElementOrder list:\n" + Json.print(wanted));
                }
            }
        }
        List<JsonNode> named = new ArrayList<>();
        List<JsonNode> others = new ArrayList<>();
        items.forEach(item -> (rank.containsKey(id(item, key)) ? named : others).add(item));
        named.sort((a, b) -> Integer.compare(rank.getOrDefault(id(a, key), 0), rank.getOrDefault(id(b, key), 0)));
        // Server-only items go before the first named item that followed them before the patch.
        Map<JsonNode, Integer> place = new IdentityHashMap<>();
        items.forEach(item -> place.put(item, place.size()));
        List<JsonNode> merged = new ArrayList<>();
        int other = 0;
        for (JsonNode item : named) {
            while (other < others.size() && place.getOrDefault(others.get(other), 0) < place.getOrDefault(item, 0)) {
                merged.add(others.get(other++));
            }
            merged.add(item);
        }
        merged.addAll(others.subList(other, others.size()));
        ArrayNode array = Json.array();
        merged.forEach(array::add);
        result.set(name, array);
    }

    private static JsonNode id(JsonNode item, String key) {
        return key.isEmpty() || !item.isObject() ? item : item.path(key);
    }

    private static ArrayNode replacedList(ArrayNode changes) {
        ArrayNode result = Json.array();
        for (JsonNode item : changes) {
            if (item instanceof ObjectNode object) {
                if (object.get(DIRECTIVE) != null) {
                    if (object.size() > 1) {
                        ObjectNode kept = clean(object);
                        result.add(kept);
                    }
                    continue;
                }
                result.add(clean(object));
            } else {
                result.add(item.deepCopy());
            }
        }
        return result;
    }

    /// Directives mean nothing inside values that are taken whole; they must not reach the object.
    private static ObjectNode clean(ObjectNode patch) {
        ObjectNode copy = Json.object();
        for (Map.Entry<String, JsonNode> member : patch.properties()) {
            String name = member.getKey();
            if (name.equals(DIRECTIVE) || name.equals(RETAIN) || name.startsWith(ORDER) || name.startsWith(DELETE_PRIMITIVES)) {
                continue;
            }
            JsonNode value = member.getValue();
            if (value instanceof ObjectNode object) {
                copy.set(name, clean(object));
            } else if (value instanceof ArrayNode array) {
                copy.set(name, replacedList(array));
            } else if (!value.isNull()) {
                copy.set(name, value.deepCopy());
            }
        }
        return copy;
    }

    private static ArrayNode list(String name, JsonNode value) {
        if (value instanceof ArrayNode array) {
            return array;
        }
        throw PatchException.malformed("the value of " + name + " must be a list");
    }

    private static PatchException unknownDirective(JsonNode directive) {
        return PatchException.malformed("Unknown patch type found: " + directive.asString(""));
    }
}
