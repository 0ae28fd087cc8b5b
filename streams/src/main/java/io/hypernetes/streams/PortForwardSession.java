package io.hypernetes.streams;

import java.util.Optional;

/// One port-forward connection of a client, which holds any number of forwarded TCP connections. Methods block and are safe for use by
/// many threads.
public interface PortForwardSession extends AutoCloseable {

    /// Waits for the next connection that the client wants forwarded; empty when the client has gone.
    Optional<ForwardedConnection> accept() throws InterruptedException;

    /// Ends all. Idempotent.
    @Override
    void close();
}
