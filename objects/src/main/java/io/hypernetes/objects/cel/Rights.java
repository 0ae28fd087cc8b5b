package io.hypernetes.objects.cel;

/// What somebody may do: asked by the expressions of admission through `authorizer`. Thread-safe.
public interface Rights {
    /// An answer, and the reason for it, which may be empty.
    record Decision(boolean allowed, String reason) {}

    /// The rights of a service account of the same tenant.
    Rights of(String namespace, String serviceAccount);

    /// Whether a verb is allowed on a resource.
    ///
    /// @param group empty for core
    /// @param subresource empty for the object itself
    /// @param namespace empty for all of them
    /// @param name empty for all
    Decision onResource(String verb, String group, String resource, String subresource, String namespace, String name);

    /// Whether a verb, such as `get`, is allowed on a path that is no resource.
    Decision onPath(String verb, String path);
}
