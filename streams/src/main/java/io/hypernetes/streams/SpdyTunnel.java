package io.hypernetes.streams;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;

/// Bytes of SPDY inside binary WebSocket messages, whose borders mean nothing.
final class SpdyTunnel extends ChannelDuplexHandler {

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        context.fireChannelRead(message instanceof WebSocketChunk chunk ? chunk.content() : message);
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        context.write(message instanceof ByteBuf bytes ? WebSocketCodec.message(false, bytes) : message, promise);
    }
}
