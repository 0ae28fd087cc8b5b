package io.hypernetes.apiserver.rbac;

import io.hypernetes.apiserver.request.Target;

/// What somebody wants to do, as rules speak of it. Immutable.
///
/// @param path of what is no resource, else empty
/// @param resource with its subresource, such as `pods/log`; empty for a path
/// @param namespace empty at the cluster scope
/// @param name empty when it is not one object
public record Attempt(String verb, String group, String resource, String namespace, String name, String path) {

    /// An attempt at a resource.
    public static Attempt at(String verb, String group, String resource, String namespace, String name) {
        return new Attempt(verb, group, resource, namespace, name, "");
    }

    /// An attempt at a path that is no resource.
    public static Attempt path(String verb, String path) {
        return new Attempt(verb, "", "", "", "", path);
    }

    /// What a request attempts.
    ///
    /// @param named the name that its field selector demands; empty when it demands none
    public static Attempt of(Target target, String named) {
        if (!target.resource()) {
            return path(target.verb().equals("head") ? "get" : target.verb(), target.path());
        }
        // A namespace is asked for in itself, so that a role of the namespace may allow to see it.
        boolean namespaceItself = target.group().isEmpty() && target.plural().equals("namespaces");
        return at(
                target.verb(),
                target.group(),
                target.resourcePath(),
                namespaceItself ? target.name() : target.namespace(),
                target.name().isEmpty() && !target.verb().equals("create") ? named : target.name());
    }

    boolean isResource() {
        return path.isEmpty();
    }

    /// The part behind the slash; empty for an object itself.
    String subresource() {
        int slash = resource.indexOf('/');
        return slash < 0 ? "" : resource.substring(slash + 1);
    }
}
