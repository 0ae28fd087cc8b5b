package io.hypernetes.apiserver.rbac;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.Follower;
import io.hypernetes.store.Change;
import io.hypernetes.store.Commit;
import io.hypernetes.store.Store;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// What roles and bindings allow in each tenant. Thread-safe.
///
/// A tenant's objects are compiled when they are first asked for and again after a change, so a request reads nothing. A change made through this
/// server holds before its writer is answered; changes of other servers come by the store's watch. Tenants that have no roles and bindings of
/// their own share one policy.
public final class Policies implements Follower.Listener {
    private static final String GROUP = "/" + Policy.GROUP + "/";
    private static final int MAX = 2_000;

    private record Compiled(Policy policy, long revision) {}

    private final Store store;
    private final Map<String, Compiled> compiled = new ConcurrentHashMap<>();
    /// The revision of the last change to a tenant's roles and bindings.
    private final Map<String, Long> changed = new ConcurrentHashMap<>();
    /// Policies of before this revision may have missed a change.
    private volatile long floor;
    private final Policy base;

    /// @param store with the base layer
    public Policies(Store store) {
        this.store = store;
        // No tenant is named like this, so it has nothing but the base.
        this.base = Policy.read(store, "-");
    }

    /// What allows an attempt in a tenant; empty when nothing does. Only who is at home in the tenant may do anything by its roles. Its masters need none,
    /// or they could delete what lets them in.
    public Optional<String> allows(String tenant, Caller caller, Attempt attempt) {
        if (!caller.tenant().equals(tenant)) {
            return Optional.empty();
        }
        return caller.isTenantMaster() ? Optional.of("a master may do everything in its tenant") : of(tenant).allows(caller, attempt);
    }

    /// Those of some attempts in a tenant that nothing allows, in their order; as [#allows], and for many not much more work than for one.
    public List<Attempt> refused(String tenant, Caller caller, Collection<Attempt> attempts) {
        if (!caller.tenant().equals(tenant)) {
            return List.copyOf(attempts);
        }
        return caller.isTenantMaster() ? List.of() : of(tenant).refused(caller, attempts);
    }

    /// All rules that hold for somebody in a namespace of a tenant (empty: at its cluster scope).
    public List<Rule> rules(String tenant, Caller caller, String namespace) {
        if (caller.isOperator() || caller.isControllerManager()) {
            return Rule.EVERYTHING;
        }
        if (!caller.tenant().equals(tenant)) {
            return List.of();
        }
        return caller.isTenantMaster() ? Rule.EVERYTHING : of(tenant).rules(caller, namespace);
    }

    /// The rules of a role of a tenant; empty when there is none of that name.
    ///
    /// @param kind `ClusterRole` or `Role`
    Optional<List<Rule>> role(String tenant, String kind, String name, String namespace) {
        return of(tenant).rulesOf(kind, name, namespace);
    }

    /// Hears of commits made through this server.
    public void committed(Commit commit) {
        commit.entries().forEach(entry -> note(entry.key(), entry.revision()));
    }

    @Override
    public void refresh() {
        // Not forgotten: a policy that is being compiled just now from an older state must be seen to be old.
        floor = store.tick();
    }

    @Override
    public void changed(Change change) {
        note(change.entry().key(), change.entry().revision());
    }

    private void note(String key, long revision) {
        int end = key.indexOf('/', 1);
        if (end > 0 && key.startsWith(GROUP, end)) {
            changed.merge(key.substring(1, end), revision, Math::max);
        }
    }

    private Policy of(String tenant) {
        var known = compiled.get(tenant);
        if (known != null && known.revision() >= Math.max(floor, changed.getOrDefault(tenant, 0L))) {
            return known.policy();
        }
        if (compiled.size() >= MAX) {
            compiled.clear();
        }
        long revision = store.tick();
        var policy = store.list("/" + tenant + GROUP, "", 1).entries().isEmpty() ? base : Policy.read(store, tenant);
        compiled.put(tenant, new Compiled(policy, revision));
        return policy;
    }
}
