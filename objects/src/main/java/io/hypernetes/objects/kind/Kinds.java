package io.hypernetes.objects.kind;

import io.hypernetes.objects.GroupVersion;
import io.hypernetes.objects.apply.Ownership;
import io.hypernetes.objects.apply.SchemaShapes;
import io.hypernetes.objects.kind.ResourceType.Subresource;
import io.hypernetes.objects.schema.Decoder;
import io.hypernetes.objects.schema.Schema;
import io.hypernetes.objects.table.FactTable;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// The table of kinds that are served. Immutable. A kind that is not here does not exist for clients.
public final class Kinds {
    private static final GroupVersion AUTOSCALING = new GroupVersion("autoscaling", "v1");
    private static final ResourceType SCALE = new ResourceType(
            AUTOSCALING, "scales", "scale", "Scale", true, List.of(), List.of(), List.of(), Map.of(), "autoscaling.v1.Scale", false, false, AUTOSCALING);
    private static final GroupVersion POLICY = new GroupVersion("policy", "v1");
    private static final ResourceType EVICTION = new ResourceType(
            POLICY, "evictions", "eviction", "Eviction", true, List.of(), List.of(), List.of(), Map.of(), "policy.v1.Eviction", false, false, POLICY);

    private final Schema schema;
    private final Decoder decoder;
    private final Kind scale;
    private final Kind eviction;
    private final List<Kind> all;
    private final Map<String, Kind> byResource;
    private final Map<String, Kind> byKind;

    private Kinds(Schema schema, Kind scale, Kind eviction, List<Kind> all) {
        this.schema = schema;
        this.scale = scale;
        this.eviction = eviction;
        this.decoder = new Decoder(schema);
        this.all = List.copyOf(all);
        Map<String, Kind> resources = new LinkedHashMap<>();
        Map<String, Kind> kinds = new LinkedHashMap<>();
        for (Kind kind : all) {
            ResourceType type = kind.type();
            resources.put(type.apiVersion() + "/" + type.resource(), kind);
            kinds.put(type.apiVersion() + "/" + type.kind(), kind);
        }
        this.byResource = Collections.unmodifiableMap(resources);
        this.byKind = Collections.unmodifiableMap(kinds);
    }

    /// Reads the tables on the class path, with the system's clock.
    public static Kinds load() {
        return load(InstantSource.system());
    }

    /// Reads the tables on the class path. Takes tens of milliseconds: once a process.
    public static Kinds load(InstantSource clock) {
        Map<String, KindRules> rules = Rules.byKind(clock);
        List<Kind> kinds = new ArrayList<>();
        Schema schema = Schema.load();
        SchemaShapes shapes = new SchemaShapes(schema);
        for (ResourceType type : types()) {
            KindRules own = rules.get(type.kind() + "." + type.group() + "/" + type.version());
            if (own == null) {
                own = rules.get(type.kind() + "." + type.group());
            }
            Ownership ownership = Ownership.builtIn(shapes.of(type.schemaType()));
            kinds.add(new Kind(type, own == null ? new KindRules() {} : own, ownership));
        }
        return new Kinds(schema, part(SCALE, shapes), part(EVICTION, shapes), kinds);
    }

    private static Kind part(ResourceType type, SchemaShapes shapes) {
        return new Kind(type, new KindRules() {}, Ownership.builtIn(shapes.of(type.schemaType())));
    }

    /// What kinds are served, for those who need no schema of them: a small part of the work of [#load]. In its order.
    public static List<ResourceType> types() {
        return Types.SERVED;
    }

    /// Read when it is first asked for.
    private static final class Types {
        private static final List<ResourceType> SERVED = read();

        private static List<ResourceType> read() {
            Map<String, List<Map<String, String>>> facts = new LinkedHashMap<>();
            for (String table : List.of("resources.tsv", "hypernetes-resources.tsv")) {
                for (Map<String, String> row : FactTable.read(table)) {
                    facts.computeIfAbsent(path(row), _ -> new ArrayList<>()).add(row);
                }
            }
            return FactTable.read("served.tsv").stream().map(row -> type(row, facts)).toList();
        }
    }

    /// The kind served at this group, version and plural, or null.
    public @Nullable Kind find(String group, String version, String resource) {
        return byResource.get(new GroupVersion(group, version).apiVersion() + "/" + resource);
    }

    /// The kind with this `apiVersion` and `kind`, or null.
    public @Nullable Kind findKind(String apiVersion, String kind) {
        return byKind.get(apiVersion + "/" + kind);
    }

    /// The kind with this `apiVersion` and `kind`.
    ///
    /// @throws IllegalArgumentException when it is not served
    public Kind get(String apiVersion, String kind) {
        Kind found = findKind(apiVersion, kind);
        if (found == null) {
            throw new IllegalArgumentException("no kind " + kind + " in " + apiVersion + " is served");
        }
        return found;
    }

    /// What is exchanged by the subresource `scale` of any kind. It is served nowhere by itself.
    public Kind scale() {
        return scale;
    }

    /// What is sent to the subresource `eviction` of pods. It is served nowhere by itself.
    public Kind eviction() {
        return eviction;
    }

    /// Every kind, the core group first, then by group, version and resource.
    public List<Kind> all() {
        return all;
    }

    /// Every group-version that is served, the core group first.
    public List<GroupVersion> groupVersions() {
        return all.stream().map(k -> k.type().groupVersion()).distinct().toList();
    }

    /// The kinds of a group-version.
    public List<Kind> in(GroupVersion groupVersion) {
        return all.stream().filter(k -> k.type().groupVersion().equals(groupVersion)).toList();
    }

    /// The shapes of all types.
    public Schema schema() {
        return schema;
    }

    /// A decoder over [#schema].
    public Decoder decoder() {
        return decoder;
    }

    private static ResourceType type(Map<String, String> row, Map<String, List<Map<String, String>>> facts) {
        GroupVersion groupVersion = groupVersion(row);
        String path = path(row);
        Map<String, Subresource> subresources = new TreeMap<>();
        for (String name : words(cell(row, "subresources"))) {
            Map<String, String> fact = fact(facts, path + "/" + name);
            subresources.put(
                    name,
                    new Subresource(
                            name, verbs(cell(fact, "actions")), kindGroupVersion(fact), cell(fact, "kind")));
        }
        Map<String, String> fact = fact(facts, path);
        return new ResourceType(
                groupVersion,
                cell(row, "resource"),
                cell(row, "singular"),
                cell(row, "kind"),
                cell(fact, "namespaced").equals("true"),
                words(cell(row, "short_names")),
                words(cell(row, "categories")),
                verbs(cell(fact, "actions")),
                Collections.unmodifiableMap(subresources),
                cell(row, "schema"),
                !cell(row, "scope").isEmpty(),
                cell(row, "scope").equals("shared"),
                cell(row, "stored").isEmpty() ? groupVersion : GroupVersion.parse(cell(row, "stored")));
    }

    private static Map<String, String> fact(Map<String, List<Map<String, String>>> facts, String path) {
        List<Map<String, String>> found = facts.get(path);
        if (found == null) {
            throw new IllegalStateException("served.tsv names " + path + ", which no table of resources has");
        }
        return found.getFirst();
    }

    private static List<String> verbs(String actions) {
        TreeSet<String> verbs = new TreeSet<>();
        for (String action : words(actions)) {
            switch (action) {
                case "post" -> verbs.add("create");
                case "put" -> verbs.add("update");
                case "list" -> verbs.addAll(List.of("list", "watch"));
                // Of what is made for each answer there is nothing to watch.
                case "list-once" -> verbs.add("list");
                case "connect" -> verbs.addAll(List.of("create", "get"));
                case "connect-any" -> verbs.addAll(List.of("create", "delete", "get", "patch", "update"));
                default -> verbs.add(action);
            }
        }
        return List.copyOf(verbs);
    }

    private static String path(Map<String, String> row) {
        return groupVersion(row).apiVersion() + "/" + cell(row, "resource");
    }

    private static GroupVersion groupVersion(Map<String, String> row) {
        String group = cell(row, "group");
        return new GroupVersion(group.equals("core") ? "" : group, cell(row, "version"));
    }

    private static GroupVersion kindGroupVersion(Map<String, String> fact) {
        String text = cell(fact, "kind_group_version");
        return GroupVersion.parse(text.startsWith("/") ? text.substring(1) : text);
    }

    private static String cell(Map<String, String> row, String column) {
        return row.getOrDefault(column, "");
    }

    private static List<String> words(String cell) {
        return cell.isEmpty() ? List.of() : List.of(cell.split(","));
    }
}
