package io.hypernetes.apiserver.backup;

import io.hypernetes.apiserver.tenant.TenantState;

/// Which entries of the store are a tenant's.
public final class TenantEntries {
    private TenantEntries() {}

    /// Whether an entry is in a tenant, or is the Tenant itself or what is counted of it.
    public static boolean holds(String tenant, String key) {
        return key.startsWith("/" + tenant + "/") || key.equals(TenantState.key(tenant)) || key.equals(quota(tenant));
    }

    static String quota(String tenant) {
        return "quotas/" + tenant;
    }
}
