package io.hypernetes.objects.kind;

import io.hypernetes.objects.GroupVersion;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.apply.Ownership;
import io.hypernetes.objects.apply.SchemaShapes;
import io.hypernetes.objects.apply.Shape;
import io.hypernetes.objects.crd.CustomVersion;
import io.hypernetes.objects.kind.ResourceType.Subresource;
import io.hypernetes.objects.schema.Schema;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Makes kinds of CustomResourceDefinitions. Thread-safe.
public final class CustomKinds {
    private static final List<String> VERBS =
            List.of("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch");
    private static final List<String> PART_VERBS = List.of("get", "patch", "update");

    /// What a version says of its objects alone.
    private static final Set<String> OF_OBJECTS = Set.of("schema", "additionalPrinterColumns", "selectableFields");

    /// Marks the schema types that no table has.
    static final String TYPE_PREFIX = "custom:";

    private final Shape metadata;

    private record Identity(Object edition, String version) {}

    public CustomKinds(Schema schema) {
        this.metadata = new SchemaShapes(schema).of("meta.v1.ObjectMeta");
    }

    /// The kinds that a definition declares, one for each version that is served.
    ///
    /// @param conversion between the versions
    public List<Kind> of(ObjectNode definition, Conversion conversion) {
        return of(definition, conversion, new Object());
    }

    /// As the other.
    ///
    /// @param edition equal for the same state of the same definition; it is held for as long as anybody holds an identity of a kind
    public List<Kind> of(ObjectNode definition, Conversion conversion, Object edition) {
        JsonNode spec = definition.path("spec");
        List<CustomVersion> versions =
                Json.objects(spec, "versions").stream().map(CustomVersion::of).toList();
        String group = Json.string(spec, "group");
        CustomVersion storage = versions.stream().filter(CustomVersion::stored).findFirst().orElse(null);
        GroupVersion stored = new GroupVersion(group, storage == null ? "" : storage.name());
        boolean changed = Json.number(definition, 1, "metadata", "generation") > 1;
        List<Kind> kinds = new ArrayList<>();
        List<Kind> all = Collections.unmodifiableList(kinds);
        Names names = Names.of(definition);
        for (CustomVersion version : versions) {
            if (version.served()) {
                ResourceType type = type(definition, names, version, new GroupVersion(group, version.name()), stored);
                kinds.add(new Kind(
                        type,
                        new CustomRules(type, version, storage == null ? version : storage, conversion, changed),
                        Ownership.custom(version.shape(metadata)),
                        identity(edition, version.name()),
                        all));
            }
        }
        return all;
    }

    /// The identity of the kind that a version of a definition is compiled to; see [Kind#identity].
    public static Object identity(Object edition, String version) {
        return new Identity(edition, version);
    }

    /// Where the kinds of [#of] live in the API: nothing is compiled for it.
    public static List<ResourceType> types(ObjectNode definition) {
        List<CustomVersion> versions = new ArrayList<>();
        for (ObjectNode version : Json.objects(definition.path("spec"), "versions")) {
            ObjectNode bare = Json.object();
            version.properties().forEach(member -> {
                if (!OF_OBJECTS.contains(member.getKey())) {
                    bare.set(member.getKey(), member.getValue());
                }
            });
            versions.add(CustomVersion.of(bare));
        }
        String group = Json.string(definition, "spec", "group");
        String stored = versions.stream().filter(CustomVersion::stored).map(CustomVersion::name).findFirst().orElse("");
        Names names = Names.of(definition);
        return versions.stream()
                .filter(CustomVersion::served)
                .map(version -> type(definition, names, version, new GroupVersion(group, version.name()), new GroupVersion(group, stored)))
                .toList();
    }

    /// The names that a definition got; those that it asks for where nobody has given it any. All versions have the same lists: thousands of versions and
    /// of names would be more than any memory.
    private record Names(String plural, String singular, String kind, List<String> shortNames, List<String> categories) {
        private static Names of(ObjectNode definition) {
            JsonNode accepted = definition.path("status").path("acceptedNames");
            JsonNode names = Json.string(accepted, "plural").isEmpty() ? definition.path("spec").path("names") : accepted;
            return new Names(
                    Json.string(names, "plural"),
                    Json.string(names, "singular"),
                    Json.string(names, "kind"),
                    texts(names.path("shortNames")),
                    texts(names.path("categories")));
        }
    }

    private static ResourceType type(ObjectNode definition, Names names, CustomVersion version, GroupVersion groupVersion, GroupVersion stored) {
        String kind = names.kind;
        Map<String, Subresource> parts = new TreeMap<>();
        if (version.hasStatus()) {
            parts.put("status", new Subresource("status", PART_VERBS, groupVersion, kind));
        }
        if (!version.scalePaths().isEmpty()) {
            parts.put("scale", new Subresource("scale", PART_VERBS, new GroupVersion("autoscaling", "v1"), "Scale"));
        }
        List<String> reversed = Arrays.asList(groupVersion.group().split("\\."));
        Collections.reverse(reversed);
        return new ResourceType(
                groupVersion,
                names.plural,
                names.singular,
                kind,
                Json.string(definition, "spec", "scope").equals("Namespaced"),
                names.shortNames,
                names.categories,
                VERBS,
                Collections.unmodifiableMap(parts),
                TYPE_PREFIX + String.join(".", reversed) + "." + groupVersion.version() + "." + kind,
                false,
                false,
                stored);
    }

    private static List<String> texts(JsonNode list) {
        List<String> texts = new ArrayList<>();
        list.forEach(text -> texts.add(text.asString("")));
        return List.copyOf(texts);
    }
}
