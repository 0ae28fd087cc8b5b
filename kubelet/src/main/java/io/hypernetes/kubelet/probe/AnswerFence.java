package io.hypernetes.kubelet.probe;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.util.function.Consumer;

/// Stands before the HTTP/2 of a connection that is for one answer, and ends the connection when more comes than such an answer can be. A server may
/// send frames that are to be acknowledged (SETTINGS, PING) for as long as the connection lasts, and when it does not read, the acknowledgements wait here.
final class AnswerFence extends ChannelInboundHandlerAdapter {
    private static final int MOST_BYTES = 64 << 10;
    private static final int MOST_FRAMES = 100;
    private static final int HEADER = 9;
    private static final int LENGTH = 3;

    private int bytes;
    private int frames;
    private int headerRead;
    private int length;
    private int payloadLeft;
    private boolean closed;
    private final Consumer<IOException> told;

    /// @param told of the end of the connection, before it ends
    AnswerFence(Consumer<IOException> told) {
        this.told = told;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (!closed && within((ByteBuf) message)) {
            context.fireChannelRead(message);
            return;
        }
        ReferenceCountUtil.release(message);
        if (!closed) {
            closed = true;
            told.accept(new IOException("more than " + MOST_FRAMES + " frames or " + (MOST_BYTES >> 10) + " KiB came for one answer"));
            context.close();
        }
    }

    /// Counts before anybody else sees any of it: one read may bring thousands of frames.
    private boolean within(ByteBuf read) {
        if (read.readableBytes() > MOST_BYTES - bytes) {
            return false;
        }
        bytes += read.readableBytes();
        int at = read.readerIndex();
        while (at < read.writerIndex()) {
            if (payloadLeft > 0) {
                int step = Math.min(payloadLeft, read.writerIndex() - at);
                payloadLeft -= step;
                at += step;
                continue;
            }
            if (headerRead < LENGTH) {
                length = length << 8 | read.getUnsignedByte(at);
            }
            at++;
            headerRead++;
            if (headerRead == HEADER) {
                frames++;
                payloadLeft = length;
                length = 0;
                headerRead = 0;
            }
        }
        return frames <= MOST_FRAMES;
    }
}
