package io.hypernetes.streams;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The border between an event loop and blocking threads, one a connection: writers wait here for a slow client, reading stops while
/// what a client sent is not taken, and the end of the connection is told once. The last handler of its pipeline.
final class Link extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(Link.class);
    private static final int LOW_WATER_BYTES = 64 << 10;
    private static final int HIGH_WATER_BYTES = 256 << 10;
    /// Answers that a client provokes and does not read may pile up to here.
    private static final long FLOOD_BYTES = 1 << 20;
    private static final long HEARTBEAT_SECONDS = 10;
    /// How long a client may take to close its end after our goodbye. To close at once, with input unread, would be a reset
    /// and could cost the client the last output and its status.
    private static final long LINGER_SECONDS = 30;
    /// How long a client may take to read what was sent before the goodbye.
    private static final long DRAIN_SECONDS = 600;

    private final Channel channel;
    private final Wire wire;
    private final StreamEvents events;
    private final ReentrantLock lock = new ReentrantLock(true);
    private final Condition changed = lock.newCondition();
    private boolean ending;
    private @Nullable String closedFor;

    // On the event loop.
    private int full;
    private @Nullable ScheduledFuture<?> heartbeat;

    Link(Channel channel, Wire wire, StreamEvents events) {
        this.channel = channel;
        this.wire = wire;
        this.events = events;
        channel.config().setWriteBufferWaterMark(new WriteBufferWaterMark(LOW_WATER_BYTES, HIGH_WATER_BYTES));
    }

    /// Sends bytes of a stream, waiting while the client is slow.
    void send(int stream, byte[] bytes, int offset, int length) throws IOException {
        send(() -> wire.data(stream, bytes, offset, length));
    }

    /// Ends our direction of a stream, in order behind what was sent.
    void end(int stream) throws IOException {
        lock.lock();
        try {
            Object message = ending || closedFor != null ? null : wire.end(stream);
            if (message != null) {
                channel.writeAndFlush(message, channel.voidPromise());
            }
        } finally {
            lock.unlock();
        }
    }

    private void send(Supplier<Object> message) throws IOException {
        try {
            lock.lockInterruptibly();
        } catch (InterruptedException interrupted) {
            throw interrupted();
        }
        try {
            while (!ending && closedFor == null && !channel.isWritable()) {
                changed.await();
            }
            if (closedFor != null) {
                throw new IOException(closedFor);
            }
            if (ending) {
                throw new IOException("the stream session has ended");
            }
            channel.writeAndFlush(message.get(), channel.voidPromise());
        } catch (InterruptedException interrupted) {
            throw interrupted();
        } finally {
            lock.unlock();
        }
    }

    private static IOException interrupted() {
        Thread.currentThread().interrupt();
        return new InterruptedIOException("interrupted while waiting for a client to read");
    }

    /// Ends the connection in order: last messages, goodbye, and then it is the client's turn to close. Only the first call counts.
    void finish(List<Object> last) {
        lock.lock();
        try {
            if (ending || closedFor != null) {
                last.forEach(ReferenceCountUtil::release);
                return;
            }
            ending = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        channel.eventLoop().execute(() -> {
            readWhateverComes();
            last.forEach(channel::write);
            ChannelPromise said = channel.newPromise();
            said.addListener(done -> closeAfter(LINGER_SECONDS));
            wire.farewell(said);
            closeAfter(DRAIN_SECONDS);
        });
    }

    /// Ends the connection at once.
    void abort(String reason) {
        LOG.debug("event=stream-aborted client={} reason=\"{}\"", channel.remoteAddress(), reason);
        closed(reason);
        channel.close();
    }

    boolean isOpen() {
        lock.lock();
        try {
            return !ending && closedFor == null;
        } finally {
            lock.unlock();
        }
    }

    void awaitEnd() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (!ending && closedFor == null) {
                changed.await();
            }
        } finally {
            lock.unlock();
        }
    }

    /// An input of this connection has become too full, or has room again. From any thread.
    void fullness(int change) {
        if (channel.eventLoop().inEventLoop()) {
            adjustReading(change);
        } else {
            channel.eventLoop().execute(() -> adjustReading(change));
        }
    }

    private void adjustReading(int change) {
        full += change;
        boolean read = full == 0 || !isOpen();
        if (read == channel.config().isAutoRead()) {
            return;
        }
        channel.config().setAutoRead(read);
        if (heartbeat != null) {
            heartbeat.cancel(false);
            heartbeat = null;
        }
        if (!read) {
            heartbeat = channel.eventLoop()
                    .scheduleAtFixedRate(wire::heartbeat, HEARTBEAT_SECONDS, HEARTBEAT_SECONDS, TimeUnit.SECONDS);
        }
    }

    private void readWhateverComes() {
        adjustReading(0);
        channel.config().setAutoRead(true);
    }

    private void closeAfter(long seconds) {
        ScheduledFuture<?> close = channel.eventLoop().schedule(() -> channel.close(), seconds, TimeUnit.SECONDS);
        channel.closeFuture().addListener(done -> close.cancel(false));
    }

    /// A client that makes us answer and does not read the answers is cut off. On the event loop, before such an answer.
    boolean isFlooded() {
        if (channel.bytesBeforeWritable() > FLOOD_BYTES) {
            abort("the client reads none of the answers that it provokes");
            return true;
        }
        return false;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        // What is left of the HTTP request, or comes after the end.
        ReferenceCountUtil.release(message);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (heartbeat != null) {
            heartbeat.cancel(false);
            heartbeat = null;
        }
        closed("the client has closed the connection");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
        abort("the connection of the client failed: " + failure.getMessage());
    }

    private void closed(String reason) {
        lock.lock();
        try {
            if (closedFor != null) {
                return;
            }
            closedFor = reason;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        events.closed(reason);
    }
}
