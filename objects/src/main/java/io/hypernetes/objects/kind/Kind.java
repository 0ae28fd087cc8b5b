package io.hypernetes.objects.kind;

import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.apply.Ownership;
import io.hypernetes.objects.Repeats;
import io.hypernetes.objects.schema.Decoder;
import io.hypernetes.objects.selector.FieldSelector;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// One kind that is served, with all that is particular to it.
///
/// The order on the write path: decode ([io.hypernetes.objects.schema.Decoder]), [#setDefaults], [#prepareCreate] or
/// [#prepareUpdate], for new objects [#completed], [#validateCreate] or [#validateUpdate], commit. Methods that change an object say so; everything is
/// thread-safe as long as one tree is not shared.
public final class Kind {
    /// The groups whose kinds upstream judges by what apimachinery says of metadata alone, beside custom ones.
    private static final Set<String> ANY_FINALIZER =
            Set.of("apiextensions.k8s.io", "apiregistration.k8s.io", "admissionregistration.k8s.io", "coordination.k8s.io", "policy");

    private final ResourceType type;
    private final KindRules rules;
    private final Ownership ownership;
    private final Object identity;
    private final List<Kind> versions;
    private final @Nullable Kind inTenants;

    Kind(ResourceType type, KindRules rules, Ownership ownership) {
        this(type, rules, ownership, new Object(), List.of());
    }

    /// @param identity see [#identity]
    /// @param versions see [#versions]
    Kind(ResourceType type, KindRules rules, Ownership ownership, Object identity, List<Kind> versions) {
        this.identity = identity;
        this.versions = versions;
        this.type = type;
        this.rules = rules;
        this.ownership = ownership;
        // What tenants read only is a kind of its own, and in no tenant of a tenant.
        this.inTenants = !type.rootOnly() ? this : type.shared() && !type.readOnly() ? new Kind(type.forReading(), rules, ownership) : null;
    }

    /// Where it lives in the API.
    public ResourceType type() {
        return type;
    }

    /// What is equal for kinds that see objects alike, such as the same version of a custom kind compiled twice. Who keeps it keeps nothing of the kind.
    public Object identity() {
        return identity;
    }

    /// All served versions of the definition that a custom kind was compiled of, with this one; one list, which each of them holds, so whoever holds one holds all.
    /// Empty for a built-in kind.
    public List<Kind> versions() {
        return versions;
    }

    /// Whose the fields of its objects are.
    public Ownership ownership() {
        return ownership;
    }

    /// Whether a tenant's definition declares it; such a kind has no strategic merge and no protobuf form.
    public boolean isCustom() {
        return rules.isCustom();
    }

    /// Brings what a client sent (which is changed) into the shape of this kind.
    ///
    /// @param decoder knows the built-in types
    /// @param repeats the members that occurred more than once
    /// @throws io.hypernetes.objects.MalformedJsonException when a value is of a type that cannot be accepted
    public Decoder.Decoded decode(Decoder decoder, ObjectNode object, Repeats repeats) {
        return rules.decode(decoder, type, object, repeats);
    }

    /// Whether a PUT makes an object that is missing.
    public boolean createsOnUpdate() {
        return !rules.isCustom() && Updates.create(type);
    }

    /// Whether a PUT may leave open which state of the object its client has seen, by saying no resourceVersion.
    public boolean updatesUnconditionally() {
        return !rules.isCustom() && Updates.areUnconditional(type);
    }

    /// The schema that OpenAPI publishes for a custom kind; null for a built-in one, which the table of types describes.
    public @Nullable ObjectNode publishedSchema() {
        return rules.publishedSchema();
    }

    /// What clients are to be warned of whenever they use this kind; empty for nothing.
    public String deprecation() {
        return rules.deprecation();
    }

    /// Fills in the defaults, changing `object`. Applying it twice changes nothing more.
    public void setDefaults(ObjectNode object) {
        rules.defaults(object);
    }

    /// Makes a decoded object new, changing it: what only the server may say is removed or set (status, generation,
    /// deletion marks). Name, namespace, creationTimestamp and resourceVersion are the caller's to set, and before this the uid. To be called once more when
    /// somebody changed the object afterwards.
    public void prepareCreate(ObjectNode object) {
        if (type.hasStatus() && !rules.keepsStatusOnCreate()) {
            object.remove("status");
        }
        ObjectNode meta = Json.child(object, "metadata");
        meta.remove(List.of("deletionTimestamp", "deletionGracePeriodSeconds", "generation", "selfLink"));
        if (rules.countsGeneration()) {
            meta.put("generation", 1);
        }
        rules.prepareCreate(object);
    }

    /// A new object with what follows from all the rest of it. To be called when mutation is done, before [#validateCreate], and once for each try: what is
    /// complete is not to be completed again. The argument is not changed; it is what is returned when there is nothing to add.
    public ObjectNode completed(ObjectNode object) {
        return rules.completed(object);
    }

    /// Completes a new object with what follows from its name, changing it. To be called when the name is known, again for each new try of a name.
    public void named(ObjectNode object) {
        rules.named(object);
    }

    /// Whether stored objects may lack what this kind fills in: a custom kind's definition came to fill in more after they were stored.
    public boolean completesStored() {
        return rules.completesStored();
    }

    /// An object in the form of this kind, of its stored form; the argument is given away. The same object when it is stored in that form.
    ///
    /// @throws io.hypernetes.objects.ApiException when a custom kind's conversion fails
    public ObjectNode fromStored(ObjectNode stored) {
        return fromStored(List.of(stored)).getFirst();
    }

    /// As the other, for many at once, in their order: a conversion that asks somebody asks once.
    public List<ObjectNode> fromStored(List<ObjectNode> stored) {
        // A custom kind's objects are stored in whatever version was the stored one when they were written.
        if (type.isStored() && !rules.isCustom()) {
            return stored;
        }
        List<ObjectNode> objects = rules.fromStored(stored);
        for (ObjectNode object : objects) {
            object.put("apiVersion", type.apiVersion());
            object.put("kind", type.kind());
        }
        return objects;
    }

    /// The form in which an object of this kind is stored; the argument is not changed.
    ///
    /// @throws io.hypernetes.objects.ApiException when a custom kind's conversion fails
    public ObjectNode toStored(ObjectNode object) {
        if (type.isStored()) {
            return object;
        }
        ObjectNode stored = rules.toStored(object.deepCopy());
        stored.put("apiVersion", type.storedVersion().apiVersion());
        stored.put("kind", type.kind());
        return stored;
    }

    /// The kind as tenants have it: itself, a part for reading only of one that is shared, or null when tenants have none.
    public @Nullable Kind inTenants() {
        return inTenants;
    }

    /// What a tenant sees of an object of the operator's; the argument is not changed.
    public ObjectNode projected(ObjectNode object) {
        return rules.projected(object);
    }

    /// How objects are scaled; null when the kind has no subresource `scale`.
    public @Nullable Scaling scaling() {
        return rules.scaling();
    }

    /// Restores in `updated` what this write may not touch, changing it: identity in the metadata; the status on a write to
    /// the object itself; everything but the status on a write to `status`. Fills in defaults and raises `metadata.generation` when the spec changed. To be called
    /// once more when somebody changed the object afterwards.
    ///
    /// @param subresource the subresource written to, or null for the object itself
    public void prepareUpdate(ObjectNode updated, ObjectNode old, @Nullable String subresource) {
        ObjectNode meta = Json.child(updated, "metadata");
        ObjectNode oldMeta = Json.child(old, "metadata");
        for (String kept : List.of("generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink")) {
            Json.restore(meta, oldMeta, kept);
        }
        for (String filled : List.of("uid", "name", "namespace", "generateName")) {
            if (Json.string(meta, filled).isEmpty()) {
                Json.restore(meta, oldMeta, filled);
            }
        }
        rules.defaults(updated);
        if (type.hasStatus()) {
            if (subresource == null) {
                Json.restore(updated, old, "status");
            } else if (subresource.equals("status")) {
                for (String name : List.copyOf(updated.propertyNames())) {
                    if (!Set.of("metadata", "status", "apiVersion", "kind").contains(name)) {
                        Json.restore(updated, old, name);
                    }
                }
                for (String name : List.copyOf(old.propertyNames())) {
                    if (!Set.of("metadata", "status").contains(name)) {
                        Json.restore(updated, old, name);
                    }
                }
                // Ownership and lifetime are not matters of state.
                Json.restore(meta, oldMeta, "ownerReferences");
                Json.restore(meta, oldMeta, "finalizers");
            }
        }
        rules.prepareUpdate(updated, old, subresource);
        if (rules.countsGeneration() && !specOf(updated).equals(specOf(old))) {
            // The rules may have put the whole object into another state, its metadata too.
            Json.child(updated, "metadata").set("generation", Json.integer(Json.number(oldMeta, 0, "generation") + 1));
        }
    }

    /// What is wrong with a new object; empty when nothing is.
    public List<FieldError> validateCreate(ObjectNode object) {
        return validateCreate(object, _ -> {});
    }

    /// As the other.
    ///
    /// @param warn takes what is wrong and let be
    public List<FieldError> validateCreate(ObjectNode object, Consumer<String> warn) {
        Errors errors = new Errors(warn);
        MetadataValidation.validate(object, type.namespaced(), takesAnyFinalizer(), rules::checkName, errors);
        rules.validate(object, errors);
        rules.validateNew(object, errors);
        return errors.list();
    }

    /// What is wrong with a change; empty when nothing is.
    public List<FieldError> validateUpdate(ObjectNode updated, ObjectNode old, @Nullable String subresource) {
        return validateUpdate(updated, old, subresource, _ -> {});
    }

    /// As the other.
    ///
    /// @param warn takes what is wrong and let be, since it was so before
    public List<FieldError> validateUpdate(ObjectNode updated, ObjectNode old, @Nullable String subresource, Consumer<String> warn) {
        Errors errors = new Errors(warn);
        MetadataValidation.validate(updated, type.namespaced(), takesAnyFinalizer(), rules::checkName, errors);
        MetadataValidation.validateUpdate(updated, old, errors);
        if (subresource == null && !rules.isCustom()) {
            // What was stored when rules were fewer may stay as it is, or nobody could take its finalizers away.
            boolean touched = !specOf(updated).equals(specOf(old))
                    || !updated.path("metadata").path("annotations").equals(old.path("metadata").path("annotations"));
            boolean wasFaulty = errors.addNew(now -> rules.validate(updated, now), before -> rules.validate(old, before), touched);
            if (wasFaulty) {
                rules.validateBehind(updated, old, errors);
            }
        }
        rules.validateUpdate(updated, old, subresource, errors);
        if ("status".equals(subresource)) {
            rules.validateStatus(updated, old, errors);
        }
        return errors.list();
    }

    private boolean takesAnyFinalizer() {
        return rules.isCustom() || ANY_FINALIZER.contains(type.group());
    }

    /// What is wrong with the labels or annotations of an object.
    ///
    /// @param member `labels` or `annotations`
    public static List<FieldError> metadataErrors(String member, ObjectNode map) {
        Errors errors = new Errors();
        if (member.equals("labels")) {
            MetadataValidation.labels(map, "metadata.labels", errors);
        } else {
            MetadataValidation.annotations(map, "metadata.annotations", errors);
        }
        return errors.list();
    }

    /// The Status of reason Invalid for these errors.
    public ApiStatus invalid(ObjectNode object, List<FieldError> errors) {
        return ApiStatus.invalid(type.group(), type.kind(), Json.string(object, "metadata", "name"), errors);
    }

    /// Reads a `fieldSelector` for this kind; old spellings become the present ones.
    ///
    /// @throws io.hypernetes.objects.ApiException 400 when it is malformed or names a field that cannot be selected
    public FieldSelector fieldSelector(String text) {
        try {
            return FieldSelector.parse(text).mapFields(field -> {
                String canonical = rules.fieldAliases().getOrDefault(field, field);
                if (!selectableFieldNames().contains(canonical)) {
                    throw new IllegalArgumentException("field label not supported: " + field);
                }
                return canonical;
            });
        } catch (IllegalArgumentException e) {
            throw ApiStatus.badRequest("Unable to find \"" + type.apiVersion() + ", Resource=" + type.resource()
                            + "\" that match field selector \"" + text + "\": " + Objects.toString(e.getMessage(), "")
                            + knownFields(e))
                    .asException();
        }
    }

    private String knownFields(IllegalArgumentException e) {
        String message = Objects.toString(e.getMessage(), "");
        return message.startsWith("field label")
                ? " (fields of " + type.kind() + " that can be selected: " + String.join(", ", selectableFieldNames()) + ")"
                : "";
    }

    /// The fields that a field selector may name.
    public Set<String> selectableFieldNames() {
        return new TreeSet<>(selectableFields(Json.object()).keySet());
    }

    /// The values of those fields; absent ones are empty text.
    public Map<String, String> selectableFields(ObjectNode object) {
        Map<String, String> fields = new LinkedHashMap<>();
        fields.put("metadata.name", Json.string(object, "metadata", "name"));
        fields.put("metadata.namespace", Json.string(object, "metadata", "namespace"));
        fields.putAll(rules.selectableFields(object));
        return fields;
    }

    /// What of a stored object [#selectableFields] and labels do not come from, by the name of a member the names within it. Of the kinds that are stored
    /// as they are shown.
    public Map<String, Set<String>> unselectable() {
        return rules.unselectable();
    }

    /// The printer columns.
    public List<Column> columns() {
        return rules.columns();
    }

    /// One row: a cell for each column.
    public List<JsonNode> cells(ObjectNode object, Instant now) {
        return rules.cells(object, now);
    }

    /// The rows of one table, one after the other: what they take together is bounded.
    Function<ObjectNode, List<JsonNode>> rows(Instant now) {
        return rules.rows(now);
    }

    List<ObjectNode> rowConditions(ObjectNode object) {
        return rules.rowConditions(object);
    }

    private static ObjectNode specOf(ObjectNode object) {
        ObjectNode copy = Json.object();
        object.properties().forEach(member -> {
            if (!Set.of("metadata", "status", "apiVersion", "kind").contains(member.getKey())) {
                copy.set(member.getKey(), member.getValue());
            }
        });
        return copy;
    }

    @Override
    public String toString() {
        return type.kind() + "." + type.apiVersion();
    }
}
