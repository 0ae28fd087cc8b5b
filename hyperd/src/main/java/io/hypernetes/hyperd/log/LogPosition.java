package io.hypernetes.hyperd.log;

/// Where a log stands, for the journal: how much content lies in files before the current one, and which file the current one is.
///
/// @param inode inode number of the current file; 0 when there is none yet
/// @param stdoutBase bytes of standard output that lie in earlier files
/// @param stderrBase bytes of standard error that lie in earlier files
public record LogPosition(long inode, long stdoutBase, long stderrBase) {

    /// A container that has not logged anything.
    public static final LogPosition START = new LogPosition(0, 0, 0);

    /// Content bytes of `stream` in earlier files.
    public long base(LogStream stream) {
        return stream == LogStream.STDOUT ? stdoutBase : stderrBase;
    }
}
