package io.hypernetes.apiserver.http;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpContent;
import io.netty.util.ReferenceCountUtil;

/// Takes memory from what its origin may have as a body arrives; it is given back when the request is answered or the channel ends. Sits
/// before the handler that collects bodies; used by the channel's event loop alone.
final class BodyReservation extends ChannelInboundHandlerAdapter {
    private final Origins.Origin origin;
    private long held;
    private boolean refused;

    BodyReservation(Origins.Origin origin) {
        this.origin = origin;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (refused) {
            ReferenceCountUtil.release(message);
            return;
        }
        if (message instanceof HttpContent content) {
            int bytes = content.content().readableBytes();
            if (bytes > 0 && !origin.take(bytes)) {
                refused = true;
                ReferenceCountUtil.release(message);
                Refusal.BUSY.send(context);
                return;
            }
            held += bytes;
        }
        context.fireChannelRead(message);
    }

    /// Gives back what one request took.
    void answered(long bytes) {
        long part = Math.min(bytes, held);
        held -= part;
        origin.giveBack(part);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        answered(held);
        context.fireChannelInactive();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        answered(held);
    }
}
