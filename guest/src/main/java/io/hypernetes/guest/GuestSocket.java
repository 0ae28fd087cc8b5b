package io.hypernetes.guest;

import java.io.InputStream;
import java.io.OutputStream;

/// A TCP connection made inside the guest. Each direction is for one thread at a time.
public interface GuestSocket extends AutoCloseable {

    /// What the peer sends; ends when the peer has closed its side.
    InputStream input();

    /// What is sent to the peer. Closing it closes our sending side only.
    OutputStream output();

    /// Gives up both directions. Idempotent.
    @Override
    void close();
}
