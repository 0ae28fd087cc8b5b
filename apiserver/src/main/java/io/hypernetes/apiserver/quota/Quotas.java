package io.hypernetes.apiserver.quota;

import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Quantity;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.store.ConflictException;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Charges new objects to the quotas of their namespace. Thread-safe.
///
/// The quota's `status.used` is written in the commit that makes or changes the object, on the condition that nobody else wrote it meanwhile: so however many
/// create at once, a limit is never passed, and no crash leaves a charge without its object. Writers of one namespace that has a quota take
/// turns, as all but one of them would only be refused and try again.
public final class Quotas {
    private static final int ATTEMPTS = 20;
    /// What may use more after a change than before it.
    private static final Set<String> CHANGING = Set.of("pods", "services", "persistentvolumeclaims", "persistentvolumes");
    private static final Set<String> COMPUTE = Set.of("cpu", "memory", "ephemeral-storage");

    /// How the names of what disks are counted by begin: volumes and claims.
    private static final String DISKS = "persistentvolume";

    private final Store store;
    private final Kinds kinds;
    private final TenantQuotas whole;
    private final DefinedCounts defined;
    private final ReentrantLock[] turns = new ReentrantLock[256];

    public Quotas(Store store, Kinds kinds) {
        this.store = store;
        this.kinds = kinds;
        this.defined = new DefinedCounts(store, kinds);
        this.whole = new TenantQuotas(store, kinds, defined);
        java.util.Arrays.setAll(turns, _ -> new ReentrantLock());
    }

    /// A turn of one writer in one namespace; close it when the commit is made or given up.
    public static final class Charge implements AutoCloseable {
        private static final Charge NONE = new Charge(List.of(), List.of());

        private final List<Operation> operations;
        private final List<ReentrantLock> turns;

        private Charge(List<Operation> operations, List<ReentrantLock> turns) {
            this.operations = List.copyOf(operations);
            this.turns = List.copyOf(turns);
        }

        /// What belongs into the commit.
        public List<Operation> operations() {
            return operations;
        }

        @Override
        public void close() {
            turns.stream().filter(ReentrantLock::isHeldByCurrentThread).forEach(ReentrantLock::unlock);
        }
    }

    /// Charges a new object, complete and valid.
    ///
    /// @throws io.hypernetes.objects.ApiException 403 when a quota does not allow it
    public Charge charge(String tenant, String namespace, Kind kind, ObjectNode object) {
        var type = kind.type();
        return charge(tenant, namespace, kind, object, null, () -> Usage.of(type.group(), type.resource(), object), _ -> true, true);
    }

    /// Charges what an object uses more, or less, after a change; for most kinds that is nothing. What somebody asks for may be refused, never what a node says that
    /// it gave. A quota into whose scopes the object has moved is charged with all of it, as upstream's (`CheckRequest` of apiserver's
    /// `pkg/admission/plugin/resourcequota/controller.go`), and one that it has left no longer.
    ///
    /// @param reported whether the change says what is, and asks for nothing
    /// @throws io.hypernetes.objects.ApiException 403 when a quota does not allow it
    public Charge charge(String tenant, String namespace, Kind kind, ObjectNode object, ObjectNode old, boolean reported) {
        var type = kind.type();
        if (!type.group().isEmpty() || !CHANGING.contains(type.resource())) {
            return Charge.NONE;
        }
        boolean pod = type.resource().equals("pods");
        // Nearly all that is written of a pod is of its state.
        boolean moved = QuotaScopes.mayHaveMoved(type.group(), type.resource(), object, old);
        if (pod && !moved && PodResources.countsAs(object, old)) {
            return Charge.NONE;
        }
        var limits = whole.limits(tenant);
        if (limits.isEmpty() && !has(tenant, namespace)) {
            return Charge.NONE;
        }
        var change = difference(Usage.of("", type.resource(), object), Usage.of("", type.resource(), old));
        boolean more = pod && change.values().stream().anyMatch(each -> each.signum() > 0);
        var asked = more ? difference(Usage.asked("", type.resource(), object), Usage.asked("", type.resource(), old)) : Map.<String, Quantity>of();
        boolean disks = type.resource().startsWith(DISKS) && DiskSpace.isLimited(limits);
        return change.isEmpty() && !disks && !moved
                ? Charge.NONE
                : charge(
                        tenant,
                        namespace,
                        kind,
                        object,
                        old,
                        () -> change,
                        resource -> !reported && (!pod || asked.getOrDefault(resource, Quantity.ZERO).signum() > 0),
                        !reported);
    }

    /// What is used more now than before, or less.
    static Map<String, Quantity> difference(Map<String, Quantity> now, Map<String, Quantity> before) {
        var change = new TreeMap<>(now);
        before.forEach((resource, less) -> change.merge(resource, less.negated(), Quantity::plus));
        change.values().removeIf(Quantity::isZero);
        return change;
    }

    private ReentrantLock turn(String tenant, String namespace) {
        return turns[Math.floorMod((tenant + "/" + namespace).hashCode(), turns.length)];
    }

    /// A namespace's turn is always taken before its tenant's.
    ///
    /// @param old null for a new object
    /// @param usage what is charged; asked where somebody counts it only, which few do
    /// @param asked of which resources more is asked for
    /// @param entering whether a quota that counts the object only now may refuse it
    private Charge charge(
            String tenant,
            String namespace,
            Kind kind,
            ObjectNode object,
            @Nullable ObjectNode old,
            Supplier<Map<String, Quantity>> usage,
            Predicate<String> asked,
            boolean entering) {
        boolean made = old == null;
        var held = new ArrayList<ReentrantLock>(2);
        var operations = new ArrayList<Operation>();
        try {
            if (has(tenant, namespace)) {
                held.add(turn(tenant, namespace));
                held.getLast().lock();
                operations.addAll(operations(tenant, namespace, kind, object, old, usage.get(), asked, entering));
            }
            var limits = whole.limits(tenant);
            if (!limits.isEmpty()) {
                held.add(whole.turn(tenant));
                held.getLast().lock();
                if (made && kind.type().is("", "pods")) {
                    requireResources("of the tenant", limits, object, Json.string(object, "metadata", "name"));
                }
                var charged = new TreeMap<>(usage.get());
                if (kind.type().group().isEmpty() && kind.type().resource().startsWith(DISKS) && DiskSpace.isLimited(limits)) {
                    var disks = new DiskSpace(store, tenant, DiskSpace.classes(store));
                    disks.change(kind.type().resource(), object, old).forEach((resource, more) -> charged.merge(resource, more, Quantity::plus));
                    charged.values().removeIf(Quantity::isZero);
                    operations.addAll(disks.seen());
                }
                operations.addAll(whole.charge(tenant, limits, kind, object, charged, asked));
            }
            return held.isEmpty() ? Charge.NONE : new Charge(operations, held);
        } catch (RuntimeException e) {
            held.stream().filter(ReentrantLock::isHeldByCurrentThread).forEach(ReentrantLock::unlock);
            throw e;
        }
    }

    /// The quotas over tenants as a whole.
    TenantQuotas whole() {
        return whole;
    }

    /// Whether a namespace has a quota.
    boolean has(String tenant, String namespace) {
        return !namespace.isEmpty() && !store.list(prefix(tenant, namespace), "", 1).entries().isEmpty();
    }

    /// The entries of a namespace's quotas.
    List<Entry> of(String tenant, String namespace) {
        return store.list(prefix(tenant, namespace), "", 0).entries();
    }

    private List<Operation> operations(
            String tenant,
            String namespace,
            Kind kind,
            ObjectNode object,
            @Nullable ObjectNode old,
            Map<String, Quantity> usage,
            Predicate<String> asked,
            boolean entering) {
        var type = kind.type();
        var name = Json.string(object, "metadata", "name");
        var operations = new ArrayList<Operation>();
        for (var entry : of(tenant, namespace)) {
            var quota = Json.readObject(entry.value());
            boolean now = QuotaScopes.matches(quota, type.group(), type.resource(), object);
            boolean before = old != null && QuotaScopes.matches(quota, type.group(), type.resource(), old);
            if (!now && !before) {
                continue;
            }
            boolean entered = now && !before && entering;
            var hard = quota.path("spec").path("hard");
            var charged = new TreeMap<>(old == null || now == before ? usage : moved(type.group(), type.resource(), now ? object : old, now));
            charged.keySet().removeIf(resource -> !hard.has(resource));
            boolean pod = type.group().isEmpty() && type.resource().equals("pods");
            if (pod && entered) {
                requireResources(Json.string(quota, "metadata", "name"), hard, object, name);
            }
            if (charged.isEmpty()) {
                continue;
            }
            if (!quota.path("status").path("hard").equals(hard)) {
                // Made or changed a moment ago and not counted yet.
                count(tenant, namespace, quota);
            }
            var used = Json.child(Json.child(quota, "status"), "used");
            var exceeded = new TreeSet<String>();
            charged.forEach((resource, more) -> {
                var sum = PodResources.quantity(used.path(resource)).plus(more);
                if (more.signum() > 0 && (entered || asked.test(resource)) && sum.compareTo(PodResources.quantity(hard.path(resource))) > 0) {
                    exceeded.add(resource);
                }
            });
            if (!exceeded.isEmpty()) {
                throw ApiStatus.forbidden(
                                type.group(),
                                type.resource(),
                                name,
                                "exceeded quota: %s, requested: %s, used: %s, limited: %s"
                                        .formatted(
                                                Json.string(quota, "metadata", "name"),
                                                text(exceeded, charged),
                                                text(exceeded, used),
                                                text(exceeded, hard)))
                        .asException();
            }
            charged.forEach((resource, more) ->
                    used.put(resource, PodResources.quantity(used.path(resource)).plus(more).toString()));
            operations.add(new Operation.Put(entry.key(), entry.revision(), StoredForm.encoder(quota)));
        }
        return operations;
    }

    /// What a quota counts more, or less, because an object has come into its scopes, or left them.
    private static Map<String, Quantity> moved(String group, String resource, ObjectNode object, boolean in) {
        var usage = Usage.of(group, resource, object);
        return in ? usage : difference(Map.of(), usage);
    }

    /// A limit on what is asked for means that everybody says how much they ask for.
    private static void requireResources(String quota, JsonNode hard, ObjectNode pod, String name) {
        var missing = new ArrayList<String>();
        for (var resource : new TreeSet<>(hard.propertyNames())) {
            var part = resource.startsWith("limits.") ? "limits" : "requests";
            var own = resource.startsWith(part + ".") ? resource.substring(part.length() + 1) : resource;
            if (COMPUTE.contains(own)) {
                var without = new LinkedHashSet<>(PodResources.without(pod, part, own));
                if (!without.isEmpty()) {
                    missing.add(resource + " for: " + String.join(",", without));
                }
            }
        }
        if (!missing.isEmpty() && Usage.runs(pod)) {
            throw ApiStatus.forbidden(
                            "",
                            "pods",
                            name,
                            "failed quota: %s: must specify %s"
                                    .formatted(quota, String.join("; ", missing)))
                    .asException();
        }
    }

    /// Counts anew what a namespace uses and writes it into its quotas.
    void recount(String tenant, String namespace) {
        recount(tenant, namespace, () -> of(tenant, namespace));
    }

    /// Counts anew what one quota counts, and writes it into it.
    public void recount(String tenant, String namespace, String quota) {
        var key = new ObjectKey(tenant, "", "resourcequotas", namespace, quota).text();
        recount(tenant, namespace, () -> store.get(key).stream().toList());
    }

    private void recount(String tenant, String namespace, Supplier<List<Entry>> counted) {
        var turn = turn(tenant, namespace);
        turn.lock();
        try {
            for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
                try {
                    for (var entry : counted.get()) {
                        var quota = Json.readObject(entry.value());
                        var before = quota.deepCopy();
                        count(tenant, namespace, quota);
                        if (!quota.equals(before)) {
                            store.commit(List.of(new Operation.Put(entry.key(), entry.revision(), StoredForm.encoder(quota))));
                        }
                    }
                    return;
                } catch (ConflictException e) {
                    // Somebody changed or removed the quota: look again.
                }
            }
        } finally {
            turn.unlock();
        }
    }

    /// Sets a quota's status to what is used now.
    private void count(String tenant, String namespace, ObjectNode quota) {
        var hard = quota.path("spec").path("hard");
        var sums = new TreeMap<String, Quantity>();
        hard.propertyNames().forEach(resource -> sums.put(resource, Quantity.ZERO));
        for (var kind : kinds.all()) {
            var type = kind.type();
            if (!type.namespaced() || !counts(hard, type.group(), type.resource()) || !type.verbs().contains("create")) {
                continue;
            }
            for (var entry : store.list(ObjectKey.prefix(tenant, type.group(), type.resource(), namespace), "", 0).entries()) {
                var object = Json.readObject(entry.value());
                if (QuotaScopes.matches(quota, type.group(), type.resource(), object)) {
                    Usage.of(type.group(), type.resource(), object)
                            .forEach((resource, more) -> sums.computeIfPresent(resource, (_, sum) -> sum.plus(more)));
                }
            }
        }
        defined.count(sums, (group, resource) -> QuotaScopes.matches(quota, group, resource, Json.object())
                ? ObjectKey.prefix(tenant, group, resource, namespace) : "");
        var status = Json.child(quota, "status");
        status.set("hard", hard.deepCopy());
        var used = status.putObject("used");
        sums.forEach((resource, sum) -> used.put(resource, sum.toString()));
    }

    /// Whether a quota may count objects of a kind at all.
    static boolean counts(JsonNode hard, String group, String resource) {
        if (hard.has("count/" + resource + (group.isEmpty() ? "" : "." + group))) {
            return true;
        }
        return group.isEmpty()
                && switch (resource) {
                    case "configmaps", "secrets", "replicationcontrollers", "resourcequotas" -> hard.has(resource);
                    case "services" -> hard.has("services") || hard.has("services.loadbalancers") || hard.has("services.nodeports");
                    case "pods", "persistentvolumeclaims" -> true;
                    case "persistentvolumes" -> DiskSpace.isLimited(hard);
                    default -> false;
                };
    }

    static String text(Set<String> names, Map<String, Quantity> quantities) {
        return names.stream().map(name -> name + "=" + quantities.get(name)).collect(Collectors.joining(","));
    }

    static String text(Set<String> names, JsonNode quantities) {
        return names.stream().map(name -> name + "=" + PodResources.quantity(quantities.path(name))).collect(Collectors.joining(","));
    }

    private static String prefix(String tenant, String namespace) {
        return ObjectKey.prefix(tenant, "", "resourcequotas", namespace);
    }
}
