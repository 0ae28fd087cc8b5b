package io.hypernetes.apiserver.http;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.util.AttributeKey;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Cuts off HTTP/1.1 clients that dribble a request or keep an unused connection for too long. Two of them guard a
/// connection: one sees bytes, one sees whole requests; they share the deadline through this object's [Arrival].
final class IdleGuard extends ChannelInboundHandlerAdapter {
    private static final AttributeKey<Boolean> BUSY = AttributeKey.valueOf(IdleGuard.class, "busy");

    private final Duration arrivalLimit;
    private final Duration idleLimit;
    private @Nullable ScheduledFuture<?> arrival;
    private @Nullable ScheduledFuture<?> idle;

    IdleGuard(Duration arrivalLimit, Duration idleLimit) {
        this.arrivalLimit = arrivalLimit;
        this.idleLimit = idleLimit;
    }

    /// Marks whether a request is being served; a served request has no deadline here.
    static void busy(Channel channel, boolean busy) {
        channel.attr(BUSY).set(busy);
        var guard = channel.pipeline().get(IdleGuard.class);
        if (guard != null && !busy) {
            guard.restartIdle(channel);
        }
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        restartIdle(context.channel());
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (arrival == null && !Boolean.TRUE.equals(context.channel().attr(BUSY).get())) {
            arrival = context.executor()
                    .schedule(() -> context.close(), arrivalLimit.toMillis(), TimeUnit.MILLISECONDS);
        }
        context.fireChannelRead(message);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        cancel();
        context.fireChannelInactive();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        cancel();
    }

    /// The handler that sits after the body was collected.
    Arrival whenComplete() {
        return new Arrival();
    }

    private void restartIdle(Channel channel) {
        if (idle != null) {
            idle.cancel(false);
        }
        idle = channel.eventLoop()
                .schedule(
                        () -> {
                            if (!Boolean.TRUE.equals(channel.attr(BUSY).get())) {
                                channel.close();
                            }
                        },
                        idleLimit.toMillis(),
                        TimeUnit.MILLISECONDS);
    }

    private void cancel() {
        if (arrival != null) {
            arrival.cancel(false);
            arrival = null;
        }
        if (idle != null) {
            idle.cancel(false);
            idle = null;
        }
    }

    /// Ends the arrival deadline when a request is whole.
    final class Arrival extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (message instanceof FullHttpRequest && arrival != null) {
                arrival.cancel(false);
                arrival = null;
            }
            context.fireChannelRead(message);
        }
    }
}
