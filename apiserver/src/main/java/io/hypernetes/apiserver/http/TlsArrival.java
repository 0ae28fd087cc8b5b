package io.hypernetes.apiserver.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/// Stands before a TLS handler whose costly steps are done by other threads, and stops reading when a client has sent much while one of them waits:
/// the handler would keep all of it, of whoever connects. What is sent early is not refused, as clients may send their requests right behind their
/// handshake. Little is let through, so that it is seen when a client goes meanwhile.
///
/// Belongs to one connection and, but for the steps themselves, to its event loop.
final class TlsArrival extends ChannelDuplexHandler {
    /// Bytes that a client may send while a step waits.
    static final int AHEAD = 64 * 1024;

    private final Executor threads;
    private @Nullable ChannelHandlerContext context;
    private int steps;
    private long ahead;
    private boolean held;
    private boolean wasReading;

    /// @param threads do the costly steps
    TlsArrival(Executor threads) {
        this.threads = threads;
    }

    /// Has a step of the handshake done; for the TLS handler, on the event loop.
    void execute(Runnable step) {
        steps++;
        threads.execute(() -> {
            try {
                step.run();
            } finally {
                var at = context;
                if (at != null) {
                    // Behind the continuation of the handshake, which the step has just handed to the loop.
                    at.executor().execute(this::done);
                }
            }
        });
    }

    private void done() {
        steps--;
        var at = context;
        if (steps > 0 || at == null) {
            return;
        }
        ahead = 0;
        if (held) {
            held = false;
            if (wasReading) {
                at.channel().config().setAutoRead(true);
            }
            at.read();
        }
    }

    @Override
    public void handlerAdded(ChannelHandlerContext added) {
        context = added;
    }

    @Override
    public void channelRead(ChannelHandlerContext at, Object message) {
        if (steps > 0 && message instanceof ByteBuf bytes) {
            ahead += bytes.readableBytes();
            if (ahead > AHEAD && !held) {
                held = true;
                wasReading = at.channel().config().isAutoRead();
                at.channel().config().setAutoRead(false);
            }
        }
        at.fireChannelRead(message);
    }

    /// Without this the TLS handler would go on by itself: until its handshake is done it asks for more at each end of a read.
    @Override
    public void read(ChannelHandlerContext at) {
        if (!held) {
            at.read();
        }
    }
}
