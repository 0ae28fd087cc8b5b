package io.hypernetes.apiserver.access;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.TenantPath;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.store.Store;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;

/// Finds the tenant of a request: the one named by the path prefix `/tenants/NAME`, else the caller's home.
///
/// Whoever may not work in a tenant gets the answer of a tenant that does not exist, to the letter.
public final class TenantResolution {
    private static final String PREFIX = "/tenants/";

    private final Store store;

    public TenantResolution(Store store) {
        this.store = store;
    }

    /// @param path as sent, percent-encoded
    /// @throws io.hypernetes.objects.ApiException 404 when there is no such tenant for this caller
    public TenantPath resolve(Caller caller, String path) {
        if (!path.startsWith(PREFIX)) {
            if (!caller.isAnonymous() && !exists(caller.tenant())) {
                // Its credentials outlived it.
                throw absent(caller.tenant());
            }
            return new TenantPath(caller.tenant(), "", path);
        }
        int end = path.indexOf('/', PREFIX.length());
        var encoded = path.substring(PREFIX.length(), end < 0 ? path.length() : end);
        var rest = end < 0 ? "/" : path.substring(end);
        var prefix = PREFIX + encoded;
        var tenant = decode(encoded);
        if (caller.isAnonymous()) {
            // Nobody in particular learns nothing about tenants, not even here: authorisation refuses what follows.
            return new TenantPath(Caller.ROOT, prefix, rest);
        }
        if (tenant.equals(TenantPath.ALL)) {
            if (!caller.crossesTenants()) {
                throw absent(tenant);
            }
            return new TenantPath(tenant, prefix, rest);
        }
        boolean own = tenant.equals(caller.tenant());
        if (!own && !caller.crossesTenants()) {
            throw absent(tenant);
        }
        if (!tenant.equals(Caller.ROOT) && !exists(tenant)) {
            throw absent(tenant);
        }
        return new TenantPath(tenant, prefix, rest);
    }

    /// Whether there is such a tenant, `root` among them.
    public boolean exists(String tenant) {
        return tenant.equals(Caller.ROOT)
                || store.get(new ObjectKey(Caller.ROOT, "hypernetes.io", "tenants", "", tenant).text())
                        .isPresent();
    }

    private static RuntimeException absent(String tenant) {
        return ApiStatus.notFound("hypernetes.io", "tenants", tenant).asException();
    }

    private static String decode(String text) {
        try {
            return text.indexOf('%') < 0 ? text : URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw ApiStatus.badRequest("the path is not correctly percent-encoded").asException();
        }
    }
}
