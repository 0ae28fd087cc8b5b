package io.hypernetes.apiserver.request;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;

/// The tenant that a request is about and the path within it.
///
/// @param tenant a name, or `*` for a read across all tenants
/// @param prefix what was taken off the path: `/tenants/NAME`, or empty
/// @param path the rest, beginning with `/`
public record TenantPath(String tenant, String prefix, String path) {
    /// Stands for every tenant.
    public static final String ALL = "*";

    private static final String PREFIX = "/tenants/";

    /// The tenant that a path names, before anyone looks whether there is one; empty when it names none.
    ///
    /// @param path as sent, percent-encoded
    public static String named(String path) {
        if (!path.startsWith(PREFIX)) {
            return "";
        }
        int end = path.indexOf('/', PREFIX.length());
        var encoded = path.substring(PREFIX.length(), end < 0 ? path.length() : end);
        try {
            return encoded.indexOf('%') < 0 ? encoded : URLDecoder.decode(encoded.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return "";
        }
    }

    public boolean everywhere() {
        return tenant.equals(ALL);
    }
}
