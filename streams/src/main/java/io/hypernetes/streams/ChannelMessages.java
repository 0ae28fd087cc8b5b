package io.hypernetes.streams;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/// Streams as channels of WebSocket messages: the first byte of each message is the number of its channel, in the base64 dialects as a
/// digit. Version 5 has the channel 255, whose one byte is the number of the channel that the client ends.
final class ChannelMessages extends ChannelInboundHandlerAdapter implements Wire {
    private static final int CLOSE_CHANNEL = 255;

    private final WebSocketCodec codec;
    private final StreamEvents events;
    private final boolean base64;
    private final boolean halfClose;
    private int channel = -1;
    /// Characters of a message in base64 that make no whole group yet.
    private String rest = "";

    ChannelMessages(WebSocketCodec codec, StreamEvents events, boolean base64, boolean halfClose) {
        this.codec = codec;
        this.events = events;
        this.base64 = base64;
        this.halfClose = halfClose;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (!(message instanceof WebSocketChunk chunk)) {
            context.fireChannelRead(message);
            return;
        }
        try {
            part(chunk);
        } catch (IllegalArgumentException noBase64) {
            ChannelPromise said = context.newPromise();
            said.addListener(ChannelFutureListener.CLOSE);
            codec.close(WebSocketCodec.CLOSE_INVALID_PAYLOAD, "the payload is no base64", said);
        } finally {
            chunk.release();
        }
    }

    private void part(WebSocketChunk chunk) {
        ByteBuf payload = chunk.content();
        if (chunk.isFirst()) {
            channel = -1;
            rest = "";
        }
        if (channel < 0 && payload.isReadable()) {
            int first = payload.readUnsignedByte();
            channel = base64 ? first - '0' : first;
        }
        if (channel < 0) {
            return;
        }
        if (halfClose && channel == CLOSE_CHANNEL) {
            if (payload.isReadable()) {
                events.ended(payload.readUnsignedByte());
                payload.skipBytes(payload.readableBytes());
            }
        } else if (base64) {
            decoded(payload, chunk.isLast());
        } else if (payload.isReadable()) {
            events.data(channel, payload);
        }
    }

    private void decoded(ByteBuf payload, boolean last) {
        String text = rest + payload.readString(payload.readableBytes(), StandardCharsets.US_ASCII);
        int whole = last ? text.length() : text.length() - text.length() % 4;
        rest = text.substring(whole);
        if (whole > 0) {
            events.data(channel, Unpooled.wrappedBuffer(Base64.getDecoder().decode(text.substring(0, whole))));
        }
    }

    @Override
    public Object data(int stream, byte[] bytes, int offset, int length) {
        if (!base64) {
            byte[] payload = new byte[1 + length];
            payload[0] = (byte) stream;
            System.arraycopy(bytes, offset, payload, 1, length);
            return WebSocketCodec.message(false, Unpooled.wrappedBuffer(payload));
        }
        byte[] part = new byte[length];
        System.arraycopy(bytes, offset, part, 0, length);
        return WebSocketCodec.message(
                true, Unpooled.wrappedBuffer(new byte[] {(byte) ('0' + stream)}, Base64.getEncoder().encode(part)));
    }

    @Override
    public @Nullable Object end(int stream) {
        return null;
    }

    @Override
    public void farewell(ChannelPromise said) {
        codec.close(WebSocketCodec.CLOSE_NORMAL, "", said);
    }

    @Override
    public void heartbeat() {
        codec.heartbeat();
    }
}
