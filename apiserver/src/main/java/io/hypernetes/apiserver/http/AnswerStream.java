package io.hypernetes.apiserver.http;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.LastHttpContent;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// An answer of unknown length. Writes wait while the client is slow; for one thread at a time.
public final class AnswerStream implements AutoCloseable {
    private final Connection connection;
    /// Waits for what comes after it: the last of several goes to the event loop together with the order to send them.
    private @Nullable HttpContent last;
    private boolean closed;

    AnswerStream(Connection connection) {
        this.connection = connection;
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
