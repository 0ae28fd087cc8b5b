package io.hypernetes.apiserver.access;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.Follower;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.identity.keystone.KeystoneTokens;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Change;
import io.hypernetes.store.Store;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Which tenants each project of Keystone stands for, as their `spec.identity.keystone` says. Thread-safe.
public final class ProjectTenants implements KeystoneTokens.Projects, Follower.Listener {
    private static final String PREFIX = ObjectKey.prefix(Caller.ROOT, "hypernetes.io", "tenants");

    private final Store store;
    private final Map<String, Project> projects = new ConcurrentHashMap<>();

    /// @param domain the id of the domain that the project must be in; empty for any
    private record Project(String id, String domain) {}

    public ProjectTenants(Store store) {
        this.store = store;
        refresh();
    }

    @Override
    public List<String> tenantsOf(String projectId, String domainId) {
        // Few tenants have a project, and an answer of Keystone is asked about once in seconds.
        return projects.entrySet().stream()
                .filter(entry -> entry.getValue().id.equals(projectId) && (entry.getValue().domain.isEmpty() || entry.getValue().domain.equals(domainId)))
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
    }

    @Override
    public void refresh() {
        var entries = store.list(PREFIX, "", 0).entries();
        projects.keySet().retainAll(entries.stream().map(entry -> ObjectKey.parse(entry.key()).name()).toList());
        entries.forEach(entry -> put(entry.key(), entry.value()));
    }

    @Override
    public void changed(Change change) {
        if (!change.entry().key().startsWith(PREFIX)) {
            return;
        }
        if (change.deleted()) {
            projects.remove(ObjectKey.parse(change.entry().key()).name());
        } else {
            put(change.entry().key(), change.entry().value());
        }
    }

    private void put(String key, byte[] value) {
        var name = ObjectKey.parse(key).name();
        var tenant = Json.readObject(value);
        var id = Json.string(tenant, "spec", "identity", "keystone", "projectID");
        if (id.isEmpty()) {
            projects.remove(name);
        } else {
            projects.put(name, new Project(id, Json.string(tenant, "spec", "identity", "keystone", "domainID")));
        }
    }
}
