package io.hypernetes.apiserver.rbac;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.Follower;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.apiserver.tenant.TenantState;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.selector.LabelSelector;
import io.hypernetes.store.Change;
import io.hypernetes.store.ConflictException;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Writes into each ClusterRole with an aggregation rule the rules of the roles that it selects, in all tenants.
public final class RoleAggregation implements Follower.Listener {
    private static final String RESOURCE = "/" + Policy.GROUP + "/clusterroles/";

    private final Store store;

    /// @param store with the base layer
    public RoleAggregation(Store store) {
        this.store = store;
    }

    @Override
    public void refresh() {
        run(Caller.ROOT);
        for (var entry : store.list(ObjectKey.prefix(Caller.ROOT, "hypernetes.io", "tenants"), "", 0).entries()) {
            run(ObjectKey.parse(entry.key()).name());
        }
    }

    @Override
    public void changed(Change change) {
        var key = change.entry().key();
        int end = key.indexOf('/', 1);
        if (end > 0 && key.startsWith(RESOURCE, end)) {
            run(key.substring(1, end));
        }
    }

    private void run(String tenant) {
        if (store.list("/" + tenant + "/" + Policy.GROUP + "/", "", 1).entries().isEmpty()) {
            // Nothing but the base, which is aggregated already.
            return;
        }
        var entries = store.list(ObjectKey.prefix(tenant, Policy.GROUP, "clusterroles"), "", 0).entries();
        var roles = entries.stream().map(entry -> Json.readObject(entry.value())).toList();
        for (int i = 0; i < roles.size(); i++) {
            if (aggregate(roles.get(i), roles)) {
                var operations = new ArrayList<Operation>();
                operations.add(new Operation.Put(entries.get(i).key(), entries.get(i).revision(), StoredForm.encoder(roles.get(i))));
                if (!tenant.equals(Caller.ROOT)) {
                    var state = TenantState.of(store, tenant);
                    if (state.isEmpty()) {
                        // It went, and nothing is to be left behind.
                        return;
                    }
                    operations.add(state.get().unchanged());
                }
                try {
                    store.commit(operations);
                } catch (ConflictException e) {
                    // Whoever changed it makes another change to hear of.
                }
            }
        }
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
        var rules = new ArrayList<JsonNode>();
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
                        if (!rules.contains(rule)) {
                            rules.add(rule);
                        }
                    }
                }
            }
        }
        var present = new ArrayList<JsonNode>();
        role.path("rules").forEach(present::add);
        if (present.equals(rules)) {
            return false;
        }
        var written = role.putArray("rules");
        rules.forEach(rule -> written.add(rule.deepCopy()));
        return true;
    }
}
