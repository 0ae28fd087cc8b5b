package io.hypernetes.client;

/// One event of a watch.
public sealed interface WatchEvent<T> {

    /// The object came into existence or into the selection.
    record Added<T>(T object) implements WatchEvent<T> {}

    /// The object changed.
    record Modified<T>(T object) implements WatchEvent<T> {}

    /// The object is gone or left the selection; its last state.
    record Deleted<T>(T object) implements WatchEvent<T> {}

    /// Nothing changed up to this resourceVersion.
    record Bookmark<T>(String resourceVersion) implements WatchEvent<T> {}

    /// An object changed in a way that this client cannot decode: whoever knows it goes on with what it knows.
    ///
    /// @param tenant what the annotation of reads across tenants says; empty in a read of one tenant
    /// @param deleted whether it is gone
    record LeftOut<T>(String tenant, String namespace, String name, String resourceVersion, boolean deleted) implements WatchEvent<T> {}
}
