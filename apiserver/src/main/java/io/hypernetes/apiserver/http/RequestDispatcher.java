package io.hypernetes.apiserver.http;

import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Turns whole requests into exchanges, one at a time on an HTTP/1.1 connection, and gives each its virtual thread.
final class RequestDispatcher extends ChannelInboundHandlerAdapter {
    private static final Logger log = LoggerFactory.getLogger(RequestDispatcher.class);
    private static final int MAX_PIPELINED = 16;

    private final boolean http2;
    private final EdgeSettings settings;
    private final ExchangeHandler handler;
    private final Executor threads;
    private final ArrayDeque<FullHttpRequest> waiting = new ArrayDeque<>();
    private @Nullable ChannelConnection current;

    RequestDispatcher(boolean http2, EdgeSettings settings, ExchangeHandler handler, Executor threads) {
        this.http2 = http2;
        this.settings = settings;
        this.handler = handler;
        this.threads = threads;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (!(message instanceof FullHttpRequest request)) {
            ReferenceCountUtil.release(message);
            return;
        }
        if (request.decoderResult().isFailure()) {
            request.release();
            Refusal.BAD_REQUEST.send(context);
            return;
        }
        if (current != null) {
            waiting.add(request);
            if (waiting.size() >= MAX_PIPELINED) {
                context.channel().config().setAutoRead(false);
            }
            return;
        }
        begin(context, request);
    }

    private void begin(ChannelHandlerContext context, FullHttpRequest request) {
        byte[] body = ByteBufUtil.getBytes(request.content());
        request.release();
        var channel = context.channel();
        var connection = new ChannelConnection(
                channel, HttpUtil.isKeepAlive(request), http2, settings.slowWrite(), () -> answered(context, body.length));
        current = connection;
        IdleGuard.busy(channel, true);
        var exchange = new Exchange(connection, request.method().name(), request.uri(), request.headers(), body);
        threads.execute(() -> exchange.serveBy(handler));
    }

    private void answered(ChannelHandlerContext context, int bodyBytes) {
        current = null;
        var reservation = context.pipeline().get(BodyReservation.class);
        if (reservation != null) {
            reservation.answered(bodyBytes);
        }
        if (context.isRemoved() || http2) {
            return;
        }
        IdleGuard.busy(context.channel(), false);
        var next = waiting.poll();
        if (next != null) {
            begin(context, next);
        } else if (!context.channel().config().isAutoRead()) {
            context.channel().config().setAutoRead(true);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        wake();
        context.fireChannelWritabilityChanged();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        wake();
        waiting.forEach(ReferenceCountUtil::release);
        waiting.clear();
        context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        log.debug("event=connection-failed remote={} cause={}", context.channel().remoteAddress(), cause.toString());
        context.close();
    }

    private void wake() {
        var connection = current;
        if (connection != null) {
            connection.changed();
        }
    }
}
