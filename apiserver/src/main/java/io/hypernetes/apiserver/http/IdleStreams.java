package io.hypernetes.apiserver.http;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Closes an HTTP/2 connection that has had no stream for too long, in the manner of HTTP/2 (RFC 9113, section 6.8). Belongs to one connection and its
/// event loop.
final class IdleStreams extends ChannelInboundHandlerAdapter {
    private final Duration limit;
    private int streams;
    private @Nullable ScheduledFuture<?> end;

    IdleStreams(Duration limit) {
        this.limit = limit;
    }

    /// A stream has come; it counts until it is closed.
    void opened(Channel stream) {
        streams++;
        cancel();
        var connection = stream.parent();
        stream.closeFuture().addListener(closed -> {
            if (--streams == 0 && connection.isActive()) {
                restart(connection);
            }
        });
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        restart(context.channel());
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        cancel();
        context.fireChannelInactive();
    }

    private void restart(Channel connection) {
        cancel();
        end = connection.eventLoop().schedule(() -> connection.close(), limit.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void cancel() {
        if (end != null) {
            end.cancel(false);
            end = null;
        }
    }
}
