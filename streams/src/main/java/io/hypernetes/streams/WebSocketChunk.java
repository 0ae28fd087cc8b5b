package io.hypernetes.streams;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.DefaultByteBufHolder;

/// A part of a WebSocket message as it came from the socket, so that a large message is never held whole.
final class WebSocketChunk extends DefaultByteBufHolder {
    private final boolean first;
    private final boolean last;

    /// @param first whether a message begins here
    /// @param last whether it ends here
    WebSocketChunk(ByteBuf payload, boolean first, boolean last) {
        super(payload);
        this.first = first;
        this.last = last;
    }

    boolean isFirst() {
        return first;
    }

    boolean isLast() {
        return last;
    }
}
