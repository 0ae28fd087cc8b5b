package io.hypernetes.apiserver.http;

import java.io.IOException;
import java.util.Optional;

/// An answer of unknown length. Writes wait while the client is slow; for one thread at a time.
public sealed interface AnswerStream extends AutoCloseable permits LoopStream, LocalStream {

    /// Queues a part of an array; it is not copied and must not change afterwards. See [#flush].
    ///
    /// @throws ClientGoneException when the client is gone or takes nothing for too long
    void write(byte[] bytes, int offset, int length) throws IOException;

    /// Queues bytes; they are not copied and must not change. See [#flush].
    ///
    /// @throws ClientGoneException when the client is gone or takes nothing for too long
    default void write(byte[] bytes) throws IOException {
        write(bytes, 0, bytes.length);
    }

    /// Queues a chunk as [#write(byte[])] does.
    default void write(Chunk chunk) throws IOException {
        chunk.into(this::write);
    }

    /// Sends what was queued.
    ///
    /// @throws ClientGoneException when the client is gone or takes nothing for too long
    void flush() throws IOException;

    /// The same stream for an event loop that may go on with it while its writer sleeps; empty where there is none.
    Optional<LoopStream> byLoop();

    /// Ends the answer in good order.
    @Override
    void close() throws IOException;

    /// Ends the answer so that the client sees it broken off.
    void abort();
}
