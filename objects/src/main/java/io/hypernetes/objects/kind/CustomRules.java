package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import io.hypernetes.objects.crd.CustomVersion;
import io.hypernetes.objects.Repeats;
import io.hypernetes.objects.schema.Decoder;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What a definition says of the objects of one version of a custom kind.
final class CustomRules implements KindRules {
    private static final String METADATA = "meta.v1.ObjectMeta";
    private static final List<String> OWN_METADATA = List.of("managedFields", "resourceVersion");
    private static final Set<String> STANDARD_FINALIZERS = Set.of("orphan", "foregroundDeletion", "kubernetes");
    private static final int MOST_WARNINGS = 20;
    /// What is told of the metadata of all objects inside one.
    private static final int MOST_PROBLEMS = 100;

    private final ResourceType type;
    private final CustomVersion version;
    private final CustomVersion storage;
    private final Conversion conversion;
    private final boolean changed;
    private final @Nullable Scaling scaling;

    /// @param storage the version in whose form objects are stored
    /// @param changed whether its definition is not the first: objects may have been stored under another
    CustomRules(ResourceType type, CustomVersion version, CustomVersion storage, Conversion conversion, boolean changed) {
        this.type = type;
        this.version = version;
        this.storage = storage;
        this.conversion = conversion;
        this.changed = changed;
        Map<String, List<String>> paths = version.scalePaths();
        List<String> wanted = paths.get("specReplicasPath");
        List<String> present = paths.get("statusReplicasPath");
        this.scaling = wanted == null || present == null
                ? null
                : new Scaling(wanted, present, paths.getOrDefault("labelSelectorPath", List.of()));
    }

    @Override
    public boolean isCustom() {
        return true;
    }

    @Override
    public Decoder.Decoded decode(Decoder decoder, ResourceType type, ObjectNode object, Repeats repeats) {
        // In upstream's order: what is there twice, the metadata, what is pruned by its path, the metadata of embedded objects (`Decode` and `apply` of
        // apiextensions-apiserver's customresource_handler.go).
        List<String> problems = new ArrayList<>(repeats.first());
        List<String> own = new ArrayList<>();
        List<String> embedded = new ArrayList<>();
        JsonNode metadata = object.get("metadata");
        if (metadata instanceof ObjectNode given) {
            metadata(decoder, "metadata", given, own);
            problems.addAll(own);
        } else if (metadata != null && !metadata.isNull()) {
            throw new MalformedJsonException("json: cannot unmarshal " + Json.typeName(metadata) + " into the metadata of an object");
        }
        version.prune(object, (path, given) -> metadata(decoder, path, given, embedded)).stream().sorted().forEach(path -> problems.add("unknown field \"" + path + "\""));
        problems.addAll(embedded);
        return new Decoder.Decoded(object, problems);
    }

    private static void metadata(Decoder decoder, String path, ObjectNode metadata, List<String> problems) {
        decoder.decode(metadata, METADATA, Repeats.NONE).problems().stream()
                .limit(Math.max(0, MOST_PROBLEMS - problems.size()))
                .forEach(problem -> problems.add(problem.replaceFirst("\"", "\"" + Matcher.quoteReplacement(path) + ".")));
    }

    @Override
    public ObjectNode publishedSchema() {
        ObjectNode schema = version.schema().source().deepCopy();
        ObjectNode properties = Json.child(schema, "properties");
        properties.set("apiVersion", Json.object()
                .put("type", "string")
                .put("description", "The version of the form of this object, such as `v1` or `apps/v1`."));
        properties.set("kind", Json.object().put("type", "string").put("description", "What kind of object this is."));
        return schema;
    }

    @Override
    public String deprecation() {
        return version.deprecation(type.apiVersion() + " " + type.kind());
    }

    @Override
    public void defaults(ObjectNode object) {
        version.setDefaults(object);
    }

    @Override
    public boolean countsGeneration() {
        return true;
    }

    @Override
    public void prepareUpdate(ObjectNode updated, ObjectNode old, @Nullable String subresource) {
        if (subresource == null || !subresource.equals("status")) {
            return;
        }
        ObjectNode before = Json.child(old, "metadata").deepCopy();
        for (String own : OWN_METADATA) {
            JsonNode value = updated.path("metadata").get(own);
            before.remove(own);
            if (value != null) {
                before.set(own, value);
            }
        }
        updated.set("metadata", before);
    }

    @Override
    public void validate(ObjectNode object, Errors errors) {
        finalizers(object, Set.of(), errors);
        version.validate(object, null, errors::warn).forEach(errors::add);
    }

    @Override
    public void validateUpdate(ObjectNode updated, ObjectNode old, @Nullable String subresource, Errors errors) {
        finalizers(updated, Set.copyOf(MetadataValidation.finalizerNames(old.path("metadata"))), errors);
        List<FieldError> found =
                "status".equals(subresource) ? version.validateStatus(updated, old, errors::warn) : version.validate(updated, old, errors::warn);
        found.forEach(errors::add);
    }

    /// A finalizer without a path is taken, Argo CD's for example (`validateKubeFinalizerName` of apiextensions-apiserver).
    private static void finalizers(ObjectNode object, Set<String> known, Errors errors) {
        MetadataValidation.finalizerNames(object.path("metadata")).stream()
                .filter(finalizer -> !finalizer.contains("/") && !STANDARD_FINALIZERS.contains(finalizer) && !known.contains(finalizer))
                .sorted()
                .limit(MOST_WARNINGS)
                .forEach(finalizer -> errors.warn("metadata.finalizers: \"" + finalizer
                        + "\": prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers"));
    }

    @Override
    public Map<String, String> selectableFields(ObjectNode object) {
        return version.selectableFields(object);
    }

    @Override
    public List<Column> columns() {
        List<Column> columns = new ArrayList<>();
        columns.add(Column.name("Name must be unique within a namespace."));
        version.columns().forEach(column -> columns.add(
                new Column(column.name(), column.type(), column.format(), column.description(), column.priority())));
        return columns;
    }

    @Override
    public List<JsonNode> cells(ObjectNode object, Instant now) {
        return rows(now).apply(object);
    }

    @Override
    public Function<ObjectNode, List<JsonNode>> rows(Instant now) {
        Function<ObjectNode, List<JsonNode>> rows = version.rows(now);
        return object -> {
            List<JsonNode> cells = new ArrayList<>();
            cells.add(Json.text(Json.string(object, "metadata", "name")));
            cells.addAll(rows.apply(object));
            return cells;
        };
    }

    @Override
    public @Nullable Scaling scaling() {
        return scaling;
    }

    /// What is filled in now, objects of an earlier definition lack; what the schema says of a status that nobody has written yet, all lack. As
    /// upstream does, that is filled in whenever the object is read: it is not judged when the object is made, and nobody owns it.
    @Override
    public boolean completesStored() {
        return changed && version.hasDefaults() || version.beginsWithStatus();
    }

    /// What was stored in the form of this very version is taken as it is, but for what its definition fills in since; else what this version does not know is left out.
    @Override
    public List<ObjectNode> fromStored(List<ObjectNode> stored) {
        BitSet foreign = new BitSet();
        List<ObjectNode> toConvert = new ArrayList<>();
        for (int i = 0; i < stored.size(); i++) {
            if (!Json.string(stored.get(i), "apiVersion").equals(type.apiVersion())) {
                foreign.set(i);
                toConvert.add(stored.get(i));
            }
        }
        if (completesStored()) {
            stored.forEach(object -> {
                if (Json.string(object, "apiVersion").equals(type.apiVersion())) {
                    version.complete(object);
                }
            });
        }
        if (toConvert.isEmpty()) {
            return stored;
        }
        Iterator<ObjectNode> converted = conversion.convert(toConvert, type.apiVersion()).iterator();
        List<ObjectNode> all = new ArrayList<>(stored.size());
        for (int i = 0; i < stored.size(); i++) {
            ObjectNode object = foreign.get(i) ? converted.next() : stored.get(i);
            if (foreign.get(i)) {
                version.prune(object);
                version.complete(object);
            }
            all.add(object);
        }
        return all;
    }

    @Override
    public ObjectNode toStored(ObjectNode object) {
        ObjectNode stored = conversion.convert(List.of(object), type.storedVersion().apiVersion()).getFirst();
        storage.prune(stored);
        return stored;
    }
}
