package io.hypernetes.apiserver.request;

/// The tenant that a request is about and the path within it.
///
/// @param tenant a name, or `*` for a read across all tenants
/// @param prefix what was taken off the path: `/tenants/NAME`, or empty
/// @param path the rest, beginning with `/`
public record TenantPath(String tenant, String prefix, String path) {
    /// Stands for every tenant.
    public static final String ALL = "*";

    public boolean everywhere() {
        return tenant.equals(ALL);
    }
}
