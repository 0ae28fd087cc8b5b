package io.hypernetes.hyperd;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.spdy.DefaultSpdyDataFrame;
import io.netty.handler.codec.spdy.DefaultSpdySynStreamFrame;
import io.netty.handler.codec.spdy.SpdyDataFrame;
import io.netty.handler.codec.spdy.SpdyFrameCodec;
import io.netty.handler.codec.spdy.SpdyRstStreamFrame;
import io.netty.handler.codec.spdy.SpdySynReplyFrame;
import io.netty.handler.codec.spdy.SpdySynStreamFrame;
import io.netty.handler.codec.spdy.SpdyVersion;
import io.netty.util.ReferenceCountUtil;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/// A client of the streaming server that speaks SPDY/3.1 as client-go does, which most tools for CRI are made with.
public final class SpdyClient implements AutoCloseable {
    private static final int SECONDS = 60;

    private final Socket socket;
    private final Map<Integer, Stream> streams = new ConcurrentHashMap<>();
    // Guarded by itself: it encodes and decodes, and is no channel at all.
    private final EmbeddedChannel codec = new EmbeddedChannel(new SpdyFrameCodec(SpdyVersion.SPDY_3_1));
    private int next = 1;

    /// @param protocol for `X-Stream-Protocol-Version`
    public SpdyClient(String address, String protocol) throws IOException {
        URI uri = URI.create(address);
        socket = new Socket(uri.getHost(), uri.getPort());
        socket.setSoTimeout(SECONDS * 1000);
        socket.getOutputStream().write(("POST " + uri.getRawPath() + " HTTP/1.1\r\nHost: " + uri.getAuthority()
                + "\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: " + protocol + "\r\nContent-Length: 0\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        String head = head();
        if (!head.startsWith("HTTP/1.1 101 ") || !head.toLowerCase(java.util.Locale.ROOT).contains("x-stream-protocol-version: " + protocol)) {
            throw new IOException("no upgrade: " + head);
        }
        Thread.ofVirtual().start(this::read);
    }

    /// A stream of the connection.
    public final class Stream {
        private final int id;
        private final ByteArrayOutputStream received = new ByteArrayOutputStream();
        private final CompletableFuture<Void> accepted = new CompletableFuture<>();
        private final CompletableFuture<Void> ended = new CompletableFuture<>();

        private Stream(int id) {
            this.id = id;
        }

        public void send(String text) throws IOException {
            write(new DefaultSpdyDataFrame(id, Unpooled.copiedBuffer(text, StandardCharsets.UTF_8)));
        }

        /// No more is sent.
        public void end() throws IOException {
            write(new DefaultSpdyDataFrame(id).setLast(true));
        }

        public String text() {
            synchronized (received) {
                return received.toString(StandardCharsets.UTF_8);
            }
        }

        /// Waits until the server sends no more, and tells all that it sent.
        public String whole() throws Exception {
            ended.get(SECONDS, TimeUnit.SECONDS);
            return text();
        }
    }

    /// Opens a stream and waits until it is accepted.
    ///
    /// @param headers names and values in turn
    public Stream open(String... headers) throws Exception {
        Stream stream = new Stream(next);
        next += 2;
        streams.put(stream.id, stream);
        SpdySynStreamFrame opening = new DefaultSpdySynStreamFrame(stream.id, 0, (byte) 0);
        for (int i = 0; i < headers.length; i += 2) {
            opening.headers().add(headers[i], headers[i + 1]);
        }
        write(opening);
        stream.accepted.get(SECONDS, TimeUnit.SECONDS);
        return stream;
    }

    private String head() throws IOException {
        InputStream in = socket.getInputStream();
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int c = in.read();
            if (c < 0) {
                throw new IOException("the server ended the connection after: " + head);
            }
            head.append((char) c);
        }
        return head.toString();
    }

    private void write(Object frame) throws IOException {
        synchronized (codec) {
            codec.writeOutbound(frame);
            for (ByteBuf bytes = codec.readOutbound(); bytes != null; bytes = codec.readOutbound()) {
                bytes.readBytes(socket.getOutputStream(), bytes.readableBytes());
                bytes.release();
            }
        }
    }

    private void read() {
        byte[] buffer = new byte[1 << 14];
        try {
            InputStream in = socket.getInputStream();
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                synchronized (codec) {
                    codec.writeInbound(Unpooled.copiedBuffer(buffer, 0, count));
                    for (Object frame = codec.readInbound(); frame != null; frame = codec.readInbound()) {
                        took(frame);
                        ReferenceCountUtil.release(frame);
                    }
                }
            }
            streams.values().forEach(stream -> stream.ended.complete(null));
        } catch (IOException broken) {
            streams.values().forEach(stream -> stream.ended.completeExceptionally(broken));
        }
    }

    private void took(Object frame) {
        switch (frame) {
            case SpdySynReplyFrame reply -> streams.get(reply.streamId()).accepted.complete(null);
            case SpdyDataFrame data -> {
                Stream stream = streams.get(data.streamId());
                synchronized (stream.received) {
                    byte[] bytes = new byte[data.content().readableBytes()];
                    data.content().readBytes(bytes);
                    stream.received.writeBytes(bytes);
                }
                if (data.isLast()) {
                    stream.ended.complete(null);
                }
            }
            case SpdyRstStreamFrame reset -> {
                IOException why = new IOException("stream " + reset.streamId() + " was reset: " + reset.status());
                streams.get(reset.streamId()).accepted.completeExceptionally(why);
                streams.get(reset.streamId()).ended.completeExceptionally(why);
            }
            default -> {
                // Goodbyes, windows and pings.
            }
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
