package io.hypernetes.streams;

import io.netty.channel.ChannelPromise;
import org.jspecify.annotations.Nullable;

/// Puts logical streams onto a connection.
interface Wire {
    /// What to write to the channel for some bytes of a stream.
    Object data(int stream, byte[] bytes, int offset, int length);

    /// What to write to end our direction of a stream; null where that cannot be said.
    @Nullable Object end(int stream);

    /// Says goodbye. On the event loop.
    void farewell(ChannelPromise said);

    /// Tells a client that waits for our answers that we live, while nothing of it is read. On the event loop.
    void heartbeat();
}
