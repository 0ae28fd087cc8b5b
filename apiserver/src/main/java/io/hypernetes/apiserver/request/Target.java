package io.hypernetes.apiserver.request;

import io.hypernetes.objects.ApiStatus;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// What a request wants: a resource under `/api` or `/apis`, or any other path.
///
/// @param resource whether this is a resource; otherwise only `verb` and `path` say something
/// @param verb `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; for other paths the HTTP method
///     in lower case
/// @param path the whole path within the tenant
/// @param group empty for core
/// @param namespace empty when there is none
/// @param name empty for a collection
/// @param subresource empty for the object itself
/// @param collection whether the path names a collection
public record Target(
        boolean resource,
        String verb,
        String path,
        String group,
        String version,
        String plural,
        String namespace,
        String name,
        String subresource,
        boolean collection) {
    /// How many segments such a path has, up to and with `proxy`.
    private static final int NODE_PROXY = 5;
    private static final int POD_PROXY = 7;

    /// Reads a path.
    ///
    /// @param path percent-encoded, within the tenant
    /// @param watch whether the query asks for a watch
    public static Target of(String method, String path, boolean watch) {
        var parts = segments(path);
        boolean core = parts.size() >= 3 && parts.get(0).equals("api");
        boolean named = parts.size() >= 4 && parts.get(0).equals("apis");
        if (!core && !named) {
            return other(method, path);
        }
        var group = core ? "" : parts.get(1);
        var version = parts.get(core ? 1 : 2);
        var rest = parts.subList(core ? 2 : 3, parts.size());
        // Deprecated, and served by upstream still (`staging/src/k8s.io/apiserver/pkg/endpoints/request/requestinfo.go`).
        boolean watches = rest.size() > 1 && rest.getFirst().equals("watch");
        if (watches) {
            rest = rest.subList(1, rest.size());
        }
        var namespace = "";
        if (rest.getFirst().equals("namespaces") && core && rest.size() <= 3 && isNamespaceItself(rest)) {
            namespace = rest.size() > 1 ? rest.get(1) : "";
        } else if (rest.getFirst().equals("namespaces") && rest.size() >= 3) {
            namespace = rest.get(1);
            rest = rest.subList(2, rest.size());
        }
        var plural = rest.getFirst();
        var name = rest.size() > 1 ? rest.get(1) : "";
        var subresource = rest.size() > 2 ? String.join("/", rest.subList(2, rest.size())) : "";
        if (plural.equals("namespaces") && group.isEmpty()) {
            namespace = "";
        }
        boolean collection = name.isEmpty();
        var verb =
                switch (method) {
                    case "GET", "HEAD" -> watches || watch && subresource.isEmpty() ? "watch" : collection ? "list" : "get";
                    case "POST" -> "create";
                    case "PUT" -> "update";
                    case "PATCH" -> "patch";
                    case "DELETE" -> collection ? "deletecollection" : "delete";
                    default -> throw ApiStatus.methodNotAllowed().asException();
                };
        if (watches && !verb.equals("watch")) {
            throw ApiStatus.methodNotAllowed().asException();
        }
        return new Target(true, verb, path, group, version, plural, namespace, name, subresource, collection);
    }

    /// The resource with its subresource: `pods/log`.
    public String resourcePath() {
        return subresource.isEmpty() ? plural : plural + "/" + subresource;
    }

    /// Whether anything would change.
    public boolean writes() {
        return switch (verb) {
            case "create", "update", "patch", "delete", "deletecollection" -> true;
            default -> false;
        };
    }

    /// Segments of a path, decoded.
    static List<String> segments(String path) {
        var result = new ArrayList<String>();
        for (var part : path.split("/", 64)) {
            if (!part.isEmpty()) {
                result.add(decode(part));
                if (proxies(result)) {
                    break;
                }
            }
        }
        return result;
    }

    /// Where a path that goes through a pod, service or node leaves this server: from its `proxy` on, nothing is ours to read.
    private static boolean proxies(List<String> parts) {
        if (!parts.getLast().equals("proxy") || !parts.getFirst().equals("api")) {
            return false;
        }
        return parts.size() == NODE_PROXY && parts.get(2).equals("nodes")
                || parts.size() == POD_PROXY && parts.get(2).equals("namespaces") && Set.of("pods", "services").contains(parts.get(4));
    }

    /// What of the path is asked of a proxied pod, service or node: percent-encoded, with its first slash; empty when the path ends
    /// with `proxy`.
    public String proxied() {
        int left = plural.equals("nodes") ? NODE_PROXY : POD_PROXY;
        int at = 0;
        while (left > 0 && at < path.length()) {
            int start = at;
            while (start < path.length() && path.charAt(start) == '/') {
                start++;
            }
            int end = path.indexOf('/', start);
            at = end < 0 ? path.length() : end;
            left--;
        }
        return path.substring(at);
    }

    private static boolean isNamespaceItself(List<String> rest) {
        return rest.size() < 3 || rest.get(2).equals("status") || rest.get(2).equals("finalize");
    }

    private static Target other(String method, String path) {
        return new Target(false, method.toLowerCase(java.util.Locale.ROOT), path, "", "", "", "", "", "", false);
    }

    private static String decode(String part) {
        try {
            var decoded = part.indexOf('%') < 0 ? part : URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8);
            if (decoded.indexOf('/') >= 0 || decoded.indexOf('\0') >= 0) {
                throw ApiStatus.badRequest("a name in the path holds a character that no name can have").asException();
            }
            return decoded;
        } catch (IllegalArgumentException e) {
            throw ApiStatus.badRequest("the path is not correctly percent-encoded").asException();
        }
    }
}
