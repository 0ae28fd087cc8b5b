package io.hypernetes.apiserver.tenant;

import java.util.Set;

/// The part of identity that follows a tenant's life. Both calls may be repeated.
public interface TenantAuthorities {

    /// Makes what vouches for the clients of a tenant.
    void create(String tenant);

    /// Destroys it: nothing it vouched for is believed any more.
    void destroy(String tenant);

    /// The tenants that have one, `root` not among them.
    Set<String> tenants();
}
