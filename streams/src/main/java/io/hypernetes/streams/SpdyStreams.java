package io.hypernetes.streams;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.spdy.DefaultSpdyDataFrame;
import io.netty.handler.codec.spdy.DefaultSpdyGoAwayFrame;
import io.netty.handler.codec.spdy.DefaultSpdyRstStreamFrame;
import io.netty.handler.codec.spdy.DefaultSpdySynReplyFrame;
import io.netty.handler.codec.spdy.SpdyDataFrame;
import io.netty.handler.codec.spdy.SpdyFrameCodec;
import io.netty.handler.codec.spdy.SpdyPingFrame;
import io.netty.handler.codec.spdy.SpdyRstStreamFrame;
import io.netty.handler.codec.spdy.SpdyStreamStatus;
import io.netty.handler.codec.spdy.SpdySynStreamFrame;
import io.netty.handler.codec.spdy.SpdyVersion;
import io.netty.util.ReferenceCountUtil;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Streams of SPDY/3.1 as Kubernetes clients use it: the client opens all of them, and nobody keeps to windows (the clients neither
/// grant nor ask for any), so that the connection itself is all the flow control there is.
final class SpdyStreams extends ChannelInboundHandlerAdapter implements Wire {
    private static final int MAX_CHUNK = 16 << 10;
    private static final int MAX_HEADERS = 16 << 10;

    private final StreamEvents events;
    private final @Nullable WebSocketCodec tunnel;
    private @Nullable ChannelHandlerContext context;
    private @Nullable Link link;
    private int lastStream;

    /// @param tunnel the WebSocket that SPDY runs in; null when it runs alone
    SpdyStreams(StreamEvents events, @Nullable WebSocketCodec tunnel) {
        this.events = events;
        this.tunnel = tunnel;
    }

    static SpdyFrameCodec codec() {
        return new SpdyFrameCodec(SpdyVersion.SPDY_3_1, MAX_CHUNK, MAX_HEADERS, 6, 15, 8);
    }

    void join(Link link) {
        this.link = link;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        this.context = context;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        try {
            switch (message) {
                case SpdyDataFrame data -> data(data);
                case SpdySynStreamFrame opening -> opened(context, opening);
                case SpdyRstStreamFrame reset -> events.reset(reset.streamId());
                // Even numbers are answers to pings of ours, of which there are none.
                case SpdyPingFrame ping when (ping.id() & 1) != 0 -> answer(context, ping);
                default -> {
                    // Settings, windows and the client's goodbye ask for nothing.
                }
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    private void data(SpdyDataFrame data) {
        events.data(data.streamId(), data.content());
        if (data.isLast()) {
            events.ended(data.streamId());
        }
    }

    private void opened(ChannelHandlerContext context, SpdySynStreamFrame opening) {
        int stream = opening.streamId();
        if (opening.isInvalid() || opening.isTruncated() || (stream & 1) == 0 || stream <= lastStream) {
            answer(context, new DefaultSpdyRstStreamFrame(stream, SpdyStreamStatus.PROTOCOL_ERROR));
            return;
        }
        lastStream = stream;
        if (!events.opened(stream, opening.headers())) {
            answer(context, new DefaultSpdyRstStreamFrame(stream, SpdyStreamStatus.REFUSED_STREAM));
            return;
        }
        if (opening.isLast()) {
            events.ended(stream);
        }
    }

    /// Tells the client that its stream is accepted. On the event loop, from within [StreamEvents#opened].
    void reply(int stream) {
        ChannelHandlerContext it = context;
        if (it != null) {
            DefaultSpdySynReplyFrame reply = new DefaultSpdySynReplyFrame(stream);
            // Netty leaves out the whole header block of a reply without headers, and Go's client then waits for it for ever.
            reply.headers().set("stream", "accepted");
            answer(it, reply);
        }
    }

    private void answer(ChannelHandlerContext context, Object frame) {
        Link to = link;
        if (to != null && !to.isFlooded()) {
            context.writeAndFlush(frame, context.voidPromise());
        }
    }

    @Override
    public Object data(int stream, byte[] bytes, int offset, int length) {
        return new DefaultSpdyDataFrame(stream, Unpooled.wrappedBuffer(Arrays.copyOfRange(bytes, offset, offset + length)));
    }

    @Override
    public Object end(int stream) {
        return new DefaultSpdyDataFrame(stream).setLast(true);
    }

    @Override
    public void farewell(ChannelPromise said) {
        ChannelHandlerContext it = context;
        WebSocketCodec around = tunnel;
        if (it == null) {
            said.trySuccess();
        } else if (around == null) {
            it.writeAndFlush(new DefaultSpdyGoAwayFrame(lastStream, 0), said);
        } else {
            it.writeAndFlush(new DefaultSpdyGoAwayFrame(lastStream, 0), it.voidPromise());
            around.close(WebSocketCodec.CLOSE_NORMAL, "", said);
        }
    }

    @Override
    public void heartbeat() {
        WebSocketCodec around = tunnel;
        if (around != null) {
            around.heartbeat();
        }
    }
}
