package io.hypernetes.apiserver.http;

import io.netty.channel.EventLoop;
import java.util.Optional;

/// An answer whose connection belongs to an event loop. While the loop uses [#offer] and [#sendOffered], nobody may use the rest.
public sealed interface LoopStream extends AnswerStream permits ChannelStream {

    /// The event loop of the connection.
    EventLoop loop();

    /// Whether the client takes more without being waited for; on the event loop.
    boolean ready();

    /// Queues a chunk without waiting; on the event loop, when everything written before was flushed.
    void offer(Chunk chunk);

    /// Sends what was offered; on the event loop.
    void sendOffered();

    @Override
    default Optional<LoopStream> byLoop() {
        return Optional.of(this);
    }
}
