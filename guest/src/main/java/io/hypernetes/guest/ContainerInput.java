package io.hypernetes.guest;

import java.io.OutputStream;

/// The standard input of a container. For one writing thread; any thread may close it, which fails a write that waits.
public interface ContainerInput extends AutoCloseable {

    /// Where to write; waits while the container does not read. Closing it ends the container's standard input for good.
    ///
    /// A write that is interrupted while it waits leaves whole what is behind it: the next goes on after the last byte that left.
    OutputStream stream();

    /// False when it was closed or ended here, when the guest has given it up, or when the session has ended.
    boolean isOpen();

    /// Leaves without ending the input; it can be opened again. Idempotent.
    @Override
    void close();
}
