package io.hypernetes.apiserver.rbac;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.Follower;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.apiserver.tenant.TenantState;
import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.selector.LabelSelector;
import io.hypernetes.store.Change;
import io.hypernetes.store.ConflictException;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import io.hypernetes.store.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Writes into each ClusterRole with an aggregation rule the rules of the roles that it selects, in all tenants.
///
/// That takes as long as a tenant likes, who may have many large roles, or roles that select each other in a ring and so are never done. So each tenant whose roles
/// changed has a thread for it until nothing is left to write, which waits longer each time that there was; nobody else waits. Thread-safe.
public final class RoleAggregation implements Follower.Listener, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(RoleAggregation.class);
    private static final String RESOURCE = "/" + Policy.GROUP + "/clusterroles/";
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100), LONGEST_PAUSE = Duration.ofMinutes(1);
    /// How often roles that select others that select others are gone through before what there is is written.
    private static final int PASSES = 8;
    /// How many rules a role is given at most: whoever is asked about goes through all of them.
    private static final int MOST_RULES = 5000;

    private final Store store;
    /// Tenants that have a thread, and whether their roles changed since it began to read them.
    private final Map<String, Boolean> due = new HashMap<>();
    private volatile boolean closed;

    /// @param store with the base layer
    public RoleAggregation(Store store) {
        this.store = store;
    }

    @Override
    public void refresh() {
        later(Caller.ROOT);
        for (var entry : store.list(ObjectKey.prefix(Caller.ROOT, "hypernetes.io", "tenants"), "", 0).entries()) {
            var tenant = ObjectKey.parse(entry.key()).name();
            if (hasOwn(tenant)) {
                later(tenant);
            }
        }
    }

    @Override
    public void changed(Change change) {
        var key = change.entry().key();
        int end = key.indexOf('/', 1);
        if (end > 0 && key.startsWith(RESOURCE, end)) {
            later(key.substring(1, end));
        }
    }

    @Override
    public void close() {
        closed = true;
    }

    private void later(String tenant) {
        synchronized (due) {
            if (due.put(tenant, true) != null) {
                return;
            }
        }
        Thread.ofVirtual().name("role-aggregation").start(() -> settle(tenant));
    }

    private void settle(String tenant) {
        var pause = FIRST_PAUSE;
        boolean wrote = true;
        while (!closed) {
            synchronized (due) {
                if (!wrote && !Boolean.TRUE.equals(due.get(tenant))) {
                    due.remove(tenant);
                    return;
                }
                due.put(tenant, false);
            }
            try {
                wrote = run(tenant);
            } catch (StoreException e) {
                log.debug("event=roles-not-aggregated tenant={} cause={}", tenant, e.getMessage());
                wrote = true;
            } catch (RuntimeException | Error e) {
                log.error("event=roles-not-aggregated tenant={}", tenant, e);
                wrote = true;
            }
            if (wrote) {
                try {
                    Thread.sleep(pause);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    synchronized (due) {
                        due.remove(tenant);
                    }
                    return;
                }
            }
            var twice = pause.multipliedBy(2);
            pause = !wrote ? FIRST_PAUSE : twice.compareTo(LONGEST_PAUSE) < 0 ? twice : LONGEST_PAUSE;
        }
    }

    private boolean hasOwn(String tenant) {
        return !store.list("/" + tenant + "/" + Policy.GROUP + "/", "", 1).entries().isEmpty();
    }

    /// @return whether something was written, or somebody else was faster: then it is looked at once more
    private boolean run(String tenant) {
        if (!hasOwn(tenant)) {
            // Nothing but the base, which is aggregated already.
            return false;
        }
        var entries = store.list(ObjectKey.prefix(tenant, Policy.GROUP, "clusterroles"), "", 0).entries();
        var roles = entries.stream().map(entry -> Json.readObject(entry.value())).toList();
        var changed = new TreeSet<Integer>();
        boolean more = true;
        for (int pass = 0; more && pass < PASSES; pass++) {
            more = false;
            for (int i = 0; i < roles.size(); i++) {
                if (aggregate(roles.get(i), roles)) {
                    changed.add(i);
                    more = true;
                }
            }
        }
        boolean wrote = false;
        for (int i : changed) {
            try {
                var operations = new ArrayList<Operation>();
                operations.add(new Operation.Put(entries.get(i).key(), entries.get(i).revision(), StoredForm.encoder(roles.get(i))));
                if (!tenant.equals(Caller.ROOT)) {
                    var state = TenantState.of(store, tenant);
                    if (state.isEmpty()) {
                        // It went, and nothing is to be left behind.
                        return false;
                    }
                    operations.add(state.get().unchanged());
                }
                wrote = true;
                store.commit(operations);
            } catch (ConflictException e) {
                // Whoever changed it makes another change to hear of.
            } catch (ApiException e) {
                log.warn("event=role-not-aggregated tenant={} role={} cause=\"{}\"", tenant, Json.string(roles.get(i), "metadata", "name"), e.getMessage());
            }
        }
        return wrote;
    }

    /// Brings the rules of a role up to date with those that it selects among all roles.
    ///
    /// @return whether that changed it
    static boolean aggregate(ObjectNode role, List<ObjectNode> all) {
        var selectors = role.path("aggregationRule").path("clusterRoleSelectors");
        if (selectors.isEmpty()) {
            return false;
        }
        var own = Json.string(role, "metadata", "name");
        var sorted = new ArrayList<>(all);
        sorted.sort(Comparator.comparing(other -> Json.string(other, "metadata", "name")));
        var rules = new LinkedHashSet<JsonNode>();
        for (var selector : selectors) {
            LabelSelector wanted;
            try {
                wanted = LabelSelector.of(selector);
            } catch (IllegalArgumentException e) {
                continue;
            }
            for (var other : sorted) {
                if (!Json.string(other, "metadata", "name").equals(own) && wanted.matches(LabelSelector.labelsOf(other))) {
                    for (var rule : other.path("rules")) {
                        if (rules.size() < MOST_RULES) {
                            rules.add(rule);
                        }
                    }
                }
            }
        }
        var present = new ArrayList<JsonNode>();
        role.path("rules").forEach(present::add);
        if (present.equals(List.copyOf(rules))) {
            return false;
        }
        var written = role.putArray("rules");
        rules.forEach(rule -> written.add(rule.deepCopy()));
        return true;
    }
}
