package io.hypernetes.apiserver.http;

import io.hypernetes.apiserver.fair.Seat;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.io.IOException;
import java.net.SocketAddress;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLPeerUnverifiedException;

/// One HTTP/1.1 connection or one HTTP/2 stream.
final class ChannelConnection implements Connection {
    /// Longer than the event loops of a busy server leave a line full.
    private static final long QUICK_NANOS = Duration.ofMillis(50).toNanos();

    private final Channel channel;
    private final boolean keepAlive;
    private final boolean http2;
    private final Duration slowWrite;
    private final Runnable answered;
    private final List<X509Certificate> certificates;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    /// What is still to be sent of a long answer.
    private long unsent;

    ChannelConnection(Channel channel, boolean keepAlive, boolean http2, Duration slowWrite, Runnable answered) {
        this.channel = channel;
        this.keepAlive = keepAlive;
        this.http2 = http2;
        this.slowWrite = slowWrite;
        this.answered = answered;
        this.certificates = certificates(channel);
    }

    Channel channel() {
        return channel;
    }

    @Override
    public SocketAddress remoteAddress() {
        var parent = channel.parent();
        var address = http2 && parent != null ? parent.remoteAddress() : channel.remoteAddress();
        return address == null ? new SocketAddress() {} : address;
    }

    @Override
    public List<X509Certificate> clientCertificates() {
        return certificates;
    }

    @Override
    public boolean upgradable() {
        return !http2;
    }

    @Override
    public String door() {
        return HttpEdge.doorOf(channel);
    }

    @Override
    public String component() {
        return "";
    }

    @Override
    public void onDisconnect(Runnable action) {
        channel.closeFuture().addListener(future -> action.run());
    }

    /// Called on the event loop when the channel became writable or inactive.
    void changed() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void send(int status, HttpHeaders headers, List<Part> parts, boolean headOnly) throws IOException {
        long length = 0;
        for (var part : parts) {
            length += part.length();
        }
        if (status != 304 && status != 204) {
            headers.set(HttpHeaderNames.CONTENT_LENGTH, Long.toString(length));
        }
        connectionHeader(headers);
        if (headOnly || length <= Pieces.BYTES) {
            var content = headOnly || length == 0
                    ? Unpooled.EMPTY_BUFFER
                    : Unpooled.wrappedBuffer(parts.size(), parts.stream().map(Part::array).toArray(byte[][]::new));
            finish(new DefaultFullHttpResponse(
                    HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status), content, headers, new DefaultHttpHeaders()));
            return;
        }
        write(new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status), headers));
        var pieces = new Pieces(parts, length);
        unsent = length;
        for (var piece = pieces.next(channel.alloc()); piece.isReadable(); piece = pieces.next(channel.alloc())) {
            unsent -= piece.readableBytes();
            writeAndFlush(new DefaultHttpContent(piece));
        }
        finish(LastHttpContent.EMPTY_LAST_CONTENT);
    }

    @Override
    public AnswerStream stream(int status, HttpHeaders headers, boolean headOnly) throws IOException {
        headers.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
        connectionHeader(headers);
        write(new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status), headers));
        flush();
        return new ChannelStream(this, !http2 && !headOnly);
    }

    @Override
    public RawConnection upgrade(byte[] head) throws IOException {
        var raw = new RawConnection(this);
        var done = channel.eventLoop().submit(() -> raw.takeOver(head));
        try {
            done.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ClientGoneException("interrupted while upgrading the connection");
        } catch (java.util.concurrent.ExecutionException e) {
            throw new IOException("upgrading the connection of " + remoteAddress() + " failed", e.getCause());
        }
        return raw;
    }

    @Override
    public void leadIn(String tenant, SSLContext tls, byte[] head) {
        channel.eventLoop().execute(() -> HttpEdge.admitByDoor(channel, tenant, tls, head));
    }

    void write(Object message) throws IOException {
        waitFor(message);
        channel.write(message, channel.voidPromise());
    }

    /// Waits until a message may be written, or lets go of it.
    private void waitFor(Object message) throws IOException {
        try {
            awaitWritable();
        } catch (IOException e) {
            io.netty.util.ReferenceCountUtil.release(message);
            throw e;
        }
    }

    void flush() {
        channel.flush();
    }

    /// Both at once, which is one way to the event loop instead of two.
    void writeAndFlush(Object message) throws IOException {
        waitFor(message);
        channel.writeAndFlush(message, channel.voidPromise());
    }

    /// Writes without waiting; on the event loop.
    ///
    /// @param framed whether it goes as it is framed already: past the codec, which would do to each what was done once for all
    void offer(Chunk chunk, boolean framed) {
        var codec = framed ? channel.pipeline().context(HttpServerCodec.class) : null;
        if (codec != null) {
            codec.write(chunk.framed(), channel.voidPromise());
        } else {
            channel.write(new DefaultHttpContent(chunk.content()), channel.voidPromise());
        }
    }

    void finish(Object last) throws IOException {
        var written = channel.writeAndFlush(last);
        if (!keepAlive && !http2) {
            written.addListener(ChannelFutureListener.CLOSE);
        }
        channel.eventLoop().execute(answered);
    }

    @Override
    public void abort() {
        channel.close();
    }

    private void connectionHeader(HttpHeaders headers) {
        if (!keepAlive && !http2) {
            headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        }
    }

    boolean ready() {
        return channel.isActive() && channel.isWritable();
    }

    /// A reader that is as fast as this server fills its line is waited for with the request's seat, as what it waits for is this server's own work.
    private void awaitWritable() throws IOException {
        if (ready()) {
            return;
        }
        channel.flush();
        long whole = slowWrite.toNanos();
        long slow = Math.max(0, whole - QUICK_NANOS);
        long left = awaitWritable(whole, slow);
        if (left <= slow) {
            left = Seat.away(unsent, () -> awaitWritable(slow, 0));
        }
        if (!channel.isActive()) {
            throw new ClientGoneException("client closed the connection");
        }
        // By what the wait ended with: one that took something may be full again by now.
        if (left <= 0) {
            channel.close();
            throw new ClientGoneException("client %s took nothing of its answer for %d s".formatted(remoteAddress(), slowWrite.toSeconds()));
        }
    }

    /// Waits until the channel takes more or ends, or until less than `until` is left of a time.
    ///
    /// @return what is left, in nanoseconds
    private long awaitWritable(long left, long until) throws ClientGoneException {
        lock.lock();
        try {
            while (channel.isActive() && !channel.isWritable() && left > until) {
                left = until + changed.awaitNanos(left - until);
            }
            return channel.isActive() && !channel.isWritable() ? left : Long.MAX_VALUE;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ClientGoneException("interrupted while sending to " + remoteAddress());
        } finally {
            lock.unlock();
        }
    }

    private static List<X509Certificate> certificates(Channel channel) {
        var parent = channel.parent();
        var tls = HttpEdge.tlsOf(channel);
        if (tls == null && parent != null) {
            tls = HttpEdge.tlsOf(parent);
        }
        if (tls == null) {
            return List.of();
        }
        try {
            var chain = new ArrayList<X509Certificate>();
            for (var certificate : tls.engine().getSession().getPeerCertificates()) {
                if (certificate instanceof X509Certificate x509) {
                    chain.add(x509);
                }
            }
            return List.copyOf(chain);
        } catch (SSLPeerUnverifiedException e) {
            return List.of();
        }
    }
}
