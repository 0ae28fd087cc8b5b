package io.hypernetes.apiserver.resource;

import io.hypernetes.objects.ApiStatus;

/// What of a pod or service is meant by the name in a path to its proxy: `NAME`, `NAME:PORT` or `SCHEME:NAME:PORT`.
///
/// @param https whether TLS is spoken to it
/// @param port a number or a name; empty for the default
record ProxyName(boolean https, String name, String port) {

    /// @param kind for the words of a refusal
    /// @throws io.hypernetes.objects.ApiException 400 when it is none of the three
    static ProxyName parse(String kind, String text) {
        var parts = text.split(":", -1);
        if (parts.length == 1 && !text.isEmpty()) {
            return new ProxyName(false, text, "");
        }
        if (parts.length == 2 && !parts[0].isEmpty()) {
            return new ProxyName(false, parts[0], parts[1]);
        }
        if (parts.length == 3 && !parts[1].isEmpty() && (parts[0].isEmpty() || parts[0].equals("http") || parts[0].equals("https"))) {
            return new ProxyName(parts[0].equals("https"), parts[1], parts[2]);
        }
        throw ApiStatus.badRequest("invalid " + kind + " request \"" + text + "\"").asException();
    }
}
