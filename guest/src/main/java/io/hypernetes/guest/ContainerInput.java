package io.hypernetes.guest;

import java.io.OutputStream;

/// The standard input of a container. For one writing thread.
public interface ContainerInput extends AutoCloseable {

    /// Where to write; waits while the container does not read. Closing it ends the container's standard input for good.
    OutputStream stream();

    /// Leaves without ending the input; it can be opened again. Idempotent.
    @Override
    void close();
}
