package io.hypernetes.streams;

import java.io.InputStream;
import java.io.OutputStream;

/// One connection to a port of the pod. Each direction is for one thread at a time.
public interface ForwardedConnection extends AutoCloseable {

    /// 1 to 65,535.
    int port();

    /// From the client. Ends at the client's half-close; fails with IOException when the client has gone or reset it.
    InputStream input();

    /// To the client; a write waits while the client does not read. Closing it is the half-close where the protocol has one, and ends
    /// both directions where it has none (WebSocket channels).
    OutputStream output();

    /// Tells the client why the port cannot be reached, and closes.
    ///
    /// @param message shown to the user: what was tried, on what, why it failed
    void fail(String message);

    /// Ends both directions. Idempotent.
    @Override
    void close();
}
