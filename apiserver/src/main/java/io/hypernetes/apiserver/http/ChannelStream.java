package io.hypernetes.apiserver.http;

import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.LastHttpContent;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// An answer of unknown length over a network connection.
final class ChannelStream implements LoopStream {
    private static final int OFFERED_BYTES = 64 << 10;

    private final ChannelConnection connection;
    /// Waits for what comes after it: the last of several goes to the event loop together with the order to send them.
    private @Nullable HttpContent last;
    private final boolean framed;
    private int offered;
    private boolean closed;

    /// @param framed whether the client gets chunks as HTTP/1.1 frames them
    ChannelStream(ChannelConnection connection, boolean framed) {
        this.connection = connection;
        this.framed = framed;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        if (length > 0) {
            var before = last;
            last = new DefaultHttpContent(Unpooled.wrappedBuffer(bytes, offset, length));
            if (before != null) {
                connection.write(before);
            }
        }
    }

    @Override
    public void flush() throws IOException {
        var pending = last;
        if (pending != null) {
            last = null;
            connection.writeAndFlush(pending);
        }
    }

    @Override
    public EventLoop loop() {
        return connection.channel().eventLoop();
    }

    @Override
    public boolean ready() {
        return connection.ready();
    }

    @Override
    public void offer(Chunk chunk) {
        offered += chunk.length();
        connection.offer(chunk, framed);
        if (offered >= OFFERED_BYTES) {
            sendOffered();
        }
    }

    @Override
    public void sendOffered() {
        if (offered > 0) {
            offered = 0;
            connection.flush();
        }
    }

    @Override
    public void close() throws IOException {
        if (!closed) {
            closed = true;
            flush();
            connection.finish(LastHttpContent.EMPTY_LAST_CONTENT);
        }
    }

    @Override
    public void abort() {
        closed = true;
        connection.abort();
    }
}
