package io.hypernetes.streams;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.spdy.SpdyHeaders;

/// What a client does to the logical streams of its connection. Called on the event loop; must not wait.
interface StreamEvents {

    /// The client opens a stream (SPDY alone; channels of WebSocket are there from the beginning).
    ///
    /// @return false to refuse it
    boolean opened(int stream, SpdyHeaders headers);

    /// Bytes; the buffer is the caller's.
    void data(int stream, ByteBuf bytes);

    /// The client's half-close.
    void ended(int stream);

    /// The client gave the stream up (SPDY alone).
    void reset(int stream);

    /// The connection has ended.
    void closed(String reason);
}
