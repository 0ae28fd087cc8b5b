package io.hypernetes.hyperd.event;

/// Something happened to a container, or to the sandbox itself (then the container id is the sandbox id).
///
/// @param atNanos since 1970
public record ContainerEvent(String sandboxId, String containerId, Kind kind, long atNanos) {

    /// What happened.
    public enum Kind {
        CREATED,
        STARTED,
        STOPPED,
        DELETED
    }
}
