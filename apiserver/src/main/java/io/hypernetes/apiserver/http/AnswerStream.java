package io.hypernetes.apiserver.http;

import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.LastHttpContent;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// An answer of unknown length. Writes wait while the client is slow; for one thread at a time.
public final class AnswerStream implements AutoCloseable {
    private static final int OFFERED_BYTES = 64 << 10;

    private final Connection connection;
    /// Waits for what comes after it: the last of several goes to the event loop together with the order to send them.
    private @Nullable HttpContent last;
    private final boolean framed;
    private int offered;
    private boolean closed;

    /// @param framed whether the client gets chunks as HTTP/1.1 frames them
    AnswerStream(Connection connection, boolean framed) {
        this.connection = connection;
        this.framed = framed;
    }

    /// Queues bytes; they are not copied and must not change. See [#flush].
    ///
    /// @throws ClientGoneException when the client is gone or takes nothing for too long
    public void write(byte[] bytes) throws IOException {
        write(bytes, 0, bytes.length);
    }

    /// Queues a part of an array that must not change afterwards.
    public void write(byte[] bytes, int offset, int length) throws IOException {
        if (length > 0) {
            var before = last;
            last = new DefaultHttpContent(Unpooled.wrappedBuffer(bytes, offset, length));
            if (before != null) {
                connection.write(before);
            }
        }
    }

    /// Sends what was queued.
    ///
    /// @throws ClientGoneException when the client is gone or takes nothing for too long
    public void flush() throws IOException {
        var pending = last;
        if (pending != null) {
            last = null;
            connection.writeAndFlush(pending);
        }
    }

    /// Queues a chunk as [#write(byte[])] does.
    public void write(Chunk chunk) throws IOException {
        chunk.into(this::write);
    }

    /// The event loop of the connection, for [#offer] and [#sendOffered]: while it uses them nobody may use the rest.
    public EventLoop loop() {
        return connection.channel().eventLoop();
    }

    /// Whether the client takes more without being waited for; on the event loop.
    public boolean ready() {
        return connection.ready();
    }

    /// Queues a chunk without waiting; on the event loop, when everything written before was flushed.
    public void offer(Chunk chunk) {
        offered += chunk.length();
        connection.offer(chunk, framed);
        if (offered >= OFFERED_BYTES) {
            sendOffered();
        }
    }

    /// Sends what was offered; on the event loop.
    public void sendOffered() {
        if (offered > 0) {
            offered = 0;
            connection.flush();
        }
    }

    /// Ends the answer in good order.
    @Override
    public void close() throws IOException {
        if (!closed) {
            closed = true;
            flush();
            connection.finish(LastHttpContent.EMPTY_LAST_CONTENT);
        }
    }

    /// Ends the answer so that the client sees it broken off.
    public void abort() {
        closed = true;
        connection.abort();
    }
}
