package io.hypernetes.client;

/// The body of a PATCH with its media type. `body` is anything that Jackson writes: a map, a list, a tree or a model object.
public record Patch(String mediaType, Object body) {

    /// RFC 7386: maps are merged, lists replaced, null removes.
    public static Patch merge(Object body) {
        return new Patch("application/merge-patch+json", body);
    }

    /// Kubernetes' own: lists with a merge key are merged by it. Built-in kinds only.
    public static Patch strategic(Object body) {
        return new Patch("application/strategic-merge-patch+json", body);
    }

    /// RFC 6902: a list of operations.
    public static Patch json(Object operations) {
        return new Patch("application/json-patch+json", operations);
    }
}
