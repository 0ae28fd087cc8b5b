package io.hypernetes.hyperd.journal;

/// Something long that was begun with a sandbox as a whole, kept until it is over: what a starting engine must finish or undo.
///
/// @param kind what was begun
/// @param checkpoint name of the checkpoint
/// @param paused whether the sandbox was paused before
public record Intent(Kind kind, String checkpoint, boolean paused) {

    /// The closed set of them.
    public enum Kind {
        /// The machine is written to a checkpoint and stands still meanwhile. After a crash it goes on.
        SAVE,
        /// The machine is being replaced by one from a checkpoint. After a crash the sandbox is removed; the checkpoint stays.
        RESTORE
    }
}
