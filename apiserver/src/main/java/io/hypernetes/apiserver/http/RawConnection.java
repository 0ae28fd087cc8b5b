package io.hypernetes.apiserver.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// A connection after HTTP was left: two byte streams. One thread may read while another writes. What was received and not
/// yet read is bounded: the client is then not read from.
public final class RawConnection implements AutoCloseable {
    private static final int RECEIVE_HIGH = 512 * 1024;
    private static final int RECEIVE_LOW = 128 * 1024;

    private final ChannelConnection connection;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrived = lock.newCondition();
    private final ArrayDeque<ByteBuf> received = new ArrayDeque<>();
    private int receivedBytes;
    private boolean paused;
    private boolean ended;
    // Nobody reads any more: what still comes is released at once.
    private boolean closed;

    RawConnection(ChannelConnection connection) {
        this.connection = connection;
    }

    /// Reads at least one byte, waiting for it; -1 when the client will send no more.
    public int read(byte[] into) throws IOException {
        boolean resume = false;
        int count;
        lock.lock();
        try {
            while (received.isEmpty()) {
                if (ended) {
                    return -1;
                }
                arrived.await();
            }
            count = 0;
            while (count < into.length && !received.isEmpty()) {
                var head = received.getFirst();
                int part = Math.min(head.readableBytes(), into.length - count);
                head.readBytes(into, count, part);
                count += part;
                if (!head.isReadable()) {
                    received.removeFirst().release();
                }
            }
            receivedBytes -= count;
            if (paused && receivedBytes <= RECEIVE_LOW) {
                paused = false;
                resume = true;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ClientGoneException("interrupted while reading");
        } finally {
            lock.unlock();
        }
        if (resume) {
            connection.channel().config().setAutoRead(true);
        }
        return count;
    }

    /// Sends bytes, waiting while the client is slow; the array may be reused afterwards.
    public void write(byte[] bytes, int offset, int length) throws IOException {
        connection.write(Unpooled.copiedBuffer(bytes, offset, length));
        connection.flush();
    }

    /// Tells the client that no more bytes will come; reading goes on.
    public void shutdownOutput() {
        var channel = connection.channel();
        var tls = HttpEdge.tlsOf(channel);
        channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(flushed -> {
            if (tls != null) {
                tls.closeOutbound();
            }
        });
    }

    /// Sends what was written and closes.
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            ended = true;
            received.forEach(ByteBuf::release);
            received.clear();
            receivedBytes = 0;
            arrived.signalAll();
        } finally {
            lock.unlock();
        }
        connection.channel().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(flushed -> connection.channel().close());
    }

    /// Runs on the event loop: swaps the HTTP handlers for plain bytes.
    void takeOver(byte[] head) {
        var pipeline = connection.channel().pipeline();
        pipeline.addLast("raw", new Receiver());
        for (var name : pipeline.names()) {
            if (HttpEdge.isHttpStage(name)) {
                pipeline.remove(name);
            }
        }
        connection.channel().writeAndFlush(Unpooled.wrappedBuffer(head));
    }

    private void end() {
        lock.lock();
        try {
            ended = true;
            arrived.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private final class Receiver extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (!(message instanceof ByteBuf bytes)) {
                io.netty.util.ReferenceCountUtil.release(message);
                return;
            }
            lock.lock();
            try {
                received.add(bytes);
                receivedBytes += bytes.readableBytes();
                if (closed || !bytes.isReadable()) {
                    received.removeLast().release();
                    receivedBytes = closed ? 0 : receivedBytes;
                    return;
                }
                if (!paused && receivedBytes >= RECEIVE_HIGH) {
                    paused = true;
                    context.channel().config().setAutoRead(false);
                }
                arrived.signalAll();
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext context) {
            connection.changed();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof ChannelInputShutdownEvent || event instanceof SslCloseCompletionEvent) {
                end();
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            end();
            connection.changed();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.close();
        }
    }
}
