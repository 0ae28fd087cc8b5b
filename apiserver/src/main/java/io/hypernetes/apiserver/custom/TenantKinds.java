package io.hypernetes.apiserver.custom;

import io.hypernetes.apiserver.fair.InUse;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import io.hypernetes.objects.crd.SchemaSizes;
import io.hypernetes.objects.kind.CustomKinds;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.objects.kind.ResourceType;
import io.hypernetes.objects.schema.Schema;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.node.ObjectNode;

/// The kinds of each tenant. Thread-safe.
///
/// Nothing is followed: the definition of a custom kind is looked up by its name in the store's memory at each request, and only its
/// compiled form is kept, with the revision it was made of. So a definition counts from the moment its creator is answered.
public final class TenantKinds {
    private static final Logger log = LoggerFactory.getLogger(TenantKinds.class);

    static final String GROUP = "apiextensions.k8s.io";
    static final String RESOURCE = "customresourcedefinitions";

    /// Of the heap, for what is kept compiled: one part in so many. A tenant has all of it while others do not want it: who goes through all its kinds again and again, and has
    /// room for some of them, would find none.
    private static final int COMPILED = 16;
    /// The same for where kinds live in the API.
    private static final int PLACES = 64;
    /// The same for what is compiled at once for one tenant.
    private static final int AT_ONCE = 8;
    /// The same for what requests use at once, of which a tenant may have half, and for what is kept apart for those who use little, by tenant at most so many bytes.
    private static final int IN_USE = 8;
    private static final int LITTLE_IN_USE = 16;
    private static final long LITTLE = 2 << 20;
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    /// In bytes, of what is held of each version beside its names.
    private static final int OF_A_PLACE = 1 << 10;
    private static final Pattern VERSION = Pattern.compile("v(\\d{1,9})(?:(alpha|beta)(\\d{1,9}))?");

    private static final String OPERATOR_GROUP = "hypernetes.io";

    private final Kinds builtIn;
    private final Set<String> ownGroups;
    private final CustomKinds custom;
    private final Store store;
    private final Conversions conversions;
    /// Each definition that is accepted has room.
    private final CompiledKinds compiled = new CompiledKinds(room(COMPILED, SchemaSizes.MOST_MEMORY));
    private final InUse<CompiledKinds.Edition> inUse;
    private final MadeByWeight<Places> places = room(PLACES, 0);
    private final DefinitionEnds ends = new DefinitionEnds(this);

    public TenantKinds(Kinds builtIn, Store store, Conversions conversions) {
        this(builtIn, store, conversions, inUse());
    }

    /// @param inUse for what requests use at once
    TenantKinds(Kinds builtIn, Store store, Conversions conversions, InUse.Room inUse) {
        this.conversions = conversions;
        this.inUse = new InUse<>(inUse, "the definitions of custom resources", "define less in one CustomResourceDefinition");
        this.builtIn = builtIn;
        this.ownGroups = builtIn.all().stream().map(kind -> kind.type().group()).collect(Collectors.toUnmodifiableSet());
        this.custom = new CustomKinds(builtIn.schema());
        this.store = store;
    }

    /// Where the kinds of a definition live.
    ///
    /// @param weight of what it is compiled to, in bytes
    private record Places(CompiledKinds.Edition edition, List<ResourceType> types, long weight) {
        private boolean serve(String version) {
            return types.stream().anyMatch(type -> type.version().equals(version));
        }
    }

    /// Of a kind and of what its webhooks want to see of a second one there is room for each definition that is accepted.
    private static InUse.Room inUse() {
        long heap = Runtime.getRuntime().maxMemory();
        long ofATenant = Math.max(2 * SchemaSizes.MOST_MEMORY, heap / IN_USE / 2);
        return new InUse.Room(Math.max(2 * ofATenant, heap / IN_USE), ofATenant, heap / LITTLE_IN_USE, LITTLE, PATIENCE);
    }

    /// @param least in bytes, that there is in any case
    private static <T> MadeByWeight<T> room(int part, long least) {
        long most = Math.max(least, Runtime.getRuntime().maxMemory() / part);
        return new MadeByWeight<>(most, most);
    }

    /// As much may be compiled at once for one tenant.
    private static long mostAtOnce() {
        return Runtime.getRuntime().maxMemory() / AT_ONCE;
    }

    /// Who waits for the end of what a tenant has defined.
    public DefinitionEnds ends() {
        return ends;
    }

    /// The kinds that every tenant has.
    public Kinds builtIn() {
        return builtIn;
    }

    /// The shapes of the built-in types.
    public Schema schema() {
        return builtIn.schema();
    }

    /// The kind at a place of the API of a tenant, to be closed when it is used no more; null when the tenant has none there.
    ///
    /// @param tenant `*` for what is the same in all
    /// @throws io.hypernetes.objects.ApiException 429 when others use so much that there is no room for it in time
    public @Nullable KindUse use(String tenant, String group, String version, String resource) {
        var entry = definition(tenant, group, resource);
        return entry == null ? builtInUse(tenant, group, version, resource) : use(tenant, entry, version, true);
    }

    /// As the other, and null too when there is no room for the kind at once.
    public @Nullable KindUse useAtOnce(String tenant, String group, String version, String resource) {
        var entry = definition(tenant, group, resource);
        return entry == null ? builtInUse(tenant, group, version, resource) : use(tenant, entry, version, false);
    }

    private @Nullable KindUse use(String tenant, Entry entry, String version, boolean waits) {
        var kept = useKept(tenant, entry, version);
        return kept == null ? useCompiled(tenant, entry, version, waits) : kept;
    }

    private @Nullable KindUse builtInUse(String tenant, String group, String version, String resource) {
        var kind = builtIn.find(group, version, resource);
        var seen = kind == null ? null : as(tenant, kind);
        return seen == null ? null : KindUse.of(seen);
    }

    /// One that is kept, if there is room for it at once: who waits holds nothing.
    private @Nullable KindUse useKept(String tenant, Entry entry, String version) {
        var known = compiled.known(entry);
        var kind = known == null ? null : of(known, version);
        var taken = known == null || kind == null ? null : inUse.takeAtOnce(tenant, known.edition(), known.weight());
        return kind == null || taken == null ? null : KindUse.of(kind, taken);
    }

    private @Nullable KindUse useCompiled(String tenant, Entry entry, String version, boolean waits) {
        var places = places(tenant, entry);
        if (!places.serve(version)) {
            return null;
        }
        var taken = waits ? inUse.take(tenant, places.edition, places.weight) : inUse.takeAtOnce(tenant, places.edition, places.weight);
        if (taken == null) {
            return null;
        }
        KindUse use = null;
        try {
            var kind = of(compiled(entry), version);
            use = kind == null ? null : KindUse.of(kind, taken);
            return use;
        } finally {
            if (use == null) {
                taken.close();
            }
        }
    }

    private static @Nullable Kind of(CompiledKinds.Compiled compiled, String version) {
        for (var each : compiled.kinds()) {
            if (each.type().version().equals(version)) {
                return each;
            }
        }
        return null;
    }

    /// The other served versions of the definition that a custom kind is of, as it was when that was found, in the order of [#all]: who uses one uses them all.
    public static List<Kind> others(Kind custom) {
        return custom.versions().stream().filter(each -> each != custom).sorted(Comparator.comparing(Kind::type, BY_PLACE)).toList();
    }

    /// The definition of what lives at a place; null when there is none.
    private @Nullable Entry definition(String tenant, String group, String resource) {
        if (!mayDefine(tenant, group, resource)) {
            return null;
        }
        var key = key(tenant, resource + "." + group);
        var entry = store.get(key).orElse(null);
        if (entry == null) {
            compiled.forget(tenant, key);
            places.remove(tenant, key);
        }
        return entry;
    }

    /// As [#use], for who does nothing with it that takes long.
    public @Nullable Kind find(String tenant, String group, String version, String resource) {
        var kind = builtIn.find(group, version, resource);
        if (kind != null) {
            return as(tenant, kind);
        }
        var entry = definition(tenant, group, resource);
        return entry == null ? null : of(compiled(entry), version);
    }

    /// The identity of a custom kind as its definition is now; null when it is not served. Nothing is compiled for it.
    @Nullable Object identity(String tenant, ResourceType type) {
        if (!mayDefine(tenant, type.group(), type.resource())) {
            return null;
        }
        var entry = store.get(key(tenant, type.resource() + "." + type.group()));
        if (entry.isEmpty()) {
            return null;
        }
        var places = places(tenant, entry.get());
        return places.serve(type.version()) ? CustomKinds.identity(places.edition, type.version()) : null;
    }

    private boolean mayDefine(String tenant, String group, String resource) {
        return !tenant.equals("*") && group.contains(".") && !isOwn(group) && isName(group) && isName(resource);
    }

    /// Whether a group is the server's own, in which nobody else has kinds: their objects would lie among those that the server itself believes.
    public boolean isOwn(String group) {
        return ownGroups.contains(group) || group.equals(OPERATOR_GROUP) || group.endsWith("." + OPERATOR_GROUP);
    }

    /// Whether what lies under the group and plural of a stored definition is of its kind: not so where the server keeps something itself, nor under a name that is
    /// another definition's.
    boolean owns(String tenant, String key, ObjectNode definition) {
        var group = Json.string(definition, "spec", "group");
        var plural = Json.string(definition, "spec", "names", "plural");
        boolean kept = group.equals(OPERATOR_GROUP)
                || builtIn.all().stream().anyMatch(kind -> kind.type().is(group, plural));
        return !kept && isName(group) && isName(plural) && key.equals(key(tenant, plural + "." + group));
    }

    /// Everything in the API of a tenant: the built-in kinds, then its own by group, version and name.
    public List<Kind> all(String tenant) {
        var all = new ArrayList<Kind>();
        for (var kind : builtIn.all()) {
            var seen = as(tenant, kind);
            if (seen != null) {
                all.add(seen);
            }
        }
        all.addAll(own(tenant));
        return all;
    }

    /// Where everything in the API of a tenant lives, in the order of [#all]. Nothing is compiled for it: all kinds of one tenant may be more than there is memory for.
    public List<ResourceType> types(String tenant) {
        var types = builtInTypes(tenant);
        definitions(tenant).stream().flatMap(entry -> places(tenant, entry).types.stream()).sorted(BY_PLACE).forEach(types::add);
        return types;
    }

    /// Of these, what a tenant has not defined itself, and has in common with others.
    public List<ResourceType> builtInTypes(String tenant) {
        var types = new ArrayList<ResourceType>();
        for (var kind : builtIn.all()) {
            var seen = as(tenant, kind);
            if (seen != null) {
                types.add(seen.type());
            }
        }
        return types;
    }

    /// The kinds that a tenant has defined, compiled, by the names of their definitions as far as there is room for them together.
    public List<Kind> own(String tenant) {
        var own = new ArrayList<Kind>();
        long left = mostAtOnce();
        for (var entry : definitions(tenant)) {
            var each = compiled(entry);
            left -= each.weight();
            if (left < 0) {
                log.warn(
                        "event=definitions-not-published tenant={} first={} effect=\"OpenAPI tells nothing of its kind and of those behind, which are served all the same\"",
                        tenant, entry.key());
                break;
            }
            own.addAll(each.kinds());
        }
        own.sort(Comparator.comparing(Kind::type, BY_PLACE));
        return own;
    }

    /// Text that changes whenever what a tenant has defined changes; empty for a tenant that has defined nothing.
    public String edition(String tenant) {
        var entries = definitions(tenant);
        long newest = 0;
        for (var entry : entries) {
            newest = Math.max(newest, entry.revision());
        }
        return entries.isEmpty() ? "" : newest + "/" + entries.size();
    }

    /// What the commit of a new object of a custom kind must check: that its definition is still the one it was made by.
    ///
    /// @return empty when the definition is there no more, or is being deleted
    public Optional<Operation> guard(String tenant, Kind kind) {
        return store.get(key(tenant, kind.type().resource() + "." + kind.type().group()))
                .filter(entry -> !isDeleted(Json.readObject(entry.value())))
                .map(entry -> new Operation.Check(entry.key(), entry.revision()));
    }

    /// A built-in kind as a tenant has it; null when it has none of it.
    private static @Nullable Kind as(String tenant, Kind kind) {
        return tenant.equals(Caller.ROOT) || tenant.equals("*") ? kind : kind.inTenants();
    }

    List<Entry> definitions(String tenant) {
        return tenant.equals("*") ? List.of() : store.list(ObjectKey.prefix(tenant, GROUP, RESOURCE), "", 0).entries();
    }

    static String key(String tenant, String name) {
        return new ObjectKey(tenant, GROUP, RESOURCE, "", name).text();
    }

    static boolean isDeleted(ObjectNode object) {
        return !Json.string(object, "metadata", "deletionTimestamp").isEmpty();
    }

    private CompiledKinds.Compiled compiled(Entry entry) {
        return compiled.of(entry, () -> places(ObjectKey.tenantOf(entry.key()), entry).edition, edition -> {
            var definition = read(entry);
            var made = definition.isEmpty()
                    ? List.<Kind>of()
                    : custom.of(definition, conversions.of(ObjectKey.tenantOf(entry.key()), definition), edition);
            // All versions live at one place.
            var served = made.isEmpty() || !isAt(entry, made.getFirst().type()) ? List.<Kind>of() : made;
            return new CompiledKinds.Compiled(edition, served, SchemaSizes.memory(definition));
        });
    }

    private Places places(String tenant, Entry entry) {
        var known = places.get(tenant, entry.key(), entry.revision());
        if (known != null) {
            return known;
        }
        var definition = read(entry);
        var types = CustomKinds.types(definition).stream().filter(type -> isAt(entry, type)).toList();
        var made = new Places(CompiledKinds.Edition.of(entry.key(), definition), types, SchemaSizes.memory(definition));
        long names = types.stream().mapToLong(type -> type.shortNames().size() + type.categories().size()).sum();
        places.put(tenant, entry.key(), entry.revision(), (types.size() + 1L) * OF_A_PLACE + names * (OF_A_PLACE / 8), made);
        return made;
    }

    private static boolean isAt(Entry entry, ResourceType type) {
        return entry.key().equals(key(ObjectKey.tenantOf(entry.key()), type.resource() + "." + type.group()));
    }

    /// A definition; empty when its kind is not served.
    private ObjectNode read(Entry entry) {
        try {
            var definition = Json.readObject(entry.value());
            return Definitions.isEstablished(definition) && !isOwn(Json.string(definition, "spec", "group")) ? definition : Json.object();
        } catch (MalformedJsonException e) {
            // The tenant's other kinds are there none the less.
            log.warn("event=definition-not-read key={} cause={} effect=\"its kind is not served\"", entry.key(), e.getMessage());
            return Json.object();
        }
    }

    /// Whether text can be a part of a definition's name; anything else must not become a part of a key.
    private static boolean isName(String text) {
        return !text.isEmpty() && text.length() <= 253 && text.chars().allMatch(c -> c == '.' || c == '-' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'));
    }

    /// Stable versions before beta before alpha, later ones first.
    static final Comparator<String> BY_PRIORITY = TenantKinds::byPriority;

    private static final Comparator<ResourceType> BY_PLACE =
            Comparator.comparing(ResourceType::group).thenComparing(ResourceType::version, BY_PRIORITY).thenComparing(ResourceType::resource);

    private static int byPriority(String one, String other) {
        int order = Integer.compare(stability(one), stability(other));
        for (int part = 1; order == 0 && part <= 3; part += 2) {
            order = Long.compare(number(other, part), number(one, part));
        }
        return order == 0 ? one.compareTo(other) : order;
    }

    private static int stability(String version) {
        var matcher = VERSION.matcher(version);
        return !matcher.matches() ? 3 : matcher.group(2) == null ? 0 : matcher.group(2).equals("beta") ? 1 : 2;
    }

    private static long number(String version, int group) {
        var matcher = VERSION.matcher(version);
        return matcher.matches() && matcher.group(group) != null ? Long.parseLong(matcher.group(group)) : 0;
    }
}
