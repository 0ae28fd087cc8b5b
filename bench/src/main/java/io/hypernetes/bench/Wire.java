package io.hypernetes.bench;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLException;

/// One TLS connection as lean as Java has it: a load generator shares the machine with what it measures, and what it costs itself is
/// missing there. Blocking until [#channel] is told otherwise; for one thread.
final class Wire implements AutoCloseable {
    private final SocketChannel channel;
    private final SSLEngine engine;
    /// What has come and is not decrypted yet, ready to be read.
    private final ByteBuffer came;
    private final ByteBuffer sealed;

    /// Connects and shakes hands.
    Wire(SSLContext tls, InetSocketAddress address) throws IOException {
        channel = SocketChannel.open(address);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        engine = tls.createSSLEngine();
        engine.setUseClientMode(true);
        int packet = engine.getSession().getPacketBufferSize();
        came = ByteBuffer.allocate(4 * packet).flip();
        sealed = ByteBuffer.allocate(packet);
        shakeHands();
    }

    SocketChannel channel() {
        return channel;
    }

    private void shakeHands() throws IOException {
        engine.beginHandshake();
        ByteBuffer nothing = ByteBuffer.allocate(0);
        ByteBuffer plain = ByteBuffer.allocate(engine.getSession().getApplicationBufferSize());
        while (true) {
            switch (engine.getHandshakeStatus()) {
                case NEED_WRAP -> seal(nothing);
                case NEED_TASK -> engine.getDelegatedTask().run();
                case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
                    if (engine.unwrap(came, plain).getStatus() == SSLEngineResult.Status.BUFFER_UNDERFLOW && fill() < 0) {
                        throw new EOFException("the server ended the handshake");
                    }
                }
                case FINISHED, NOT_HANDSHAKING -> {
                    return;
                }
            }
        }
    }

    /// Sends a request whole; it must be short enough for the socket's buffer.
    void send(ByteBuffer request) throws IOException {
        while (request.hasRemaining()) {
            seal(request);
        }
    }

    private void seal(ByteBuffer plain) throws IOException {
        sealed.clear();
        engine.wrap(plain, sealed);
        sealed.flip();
        while (sealed.hasRemaining()) {
            channel.write(sealed);
        }
    }

    /// Reads from the socket once.
    ///
    /// @return bytes, -1 at the end
    int fill() throws IOException {
        came.compact();
        int read = channel.read(came);
        came.flip();
        return read;
    }

    /// Decrypts one record of what has come.
    ///
    /// @param plain takes it; has room for a record
    /// @return whether there was a whole one
    boolean open(ByteBuffer plain) throws SSLException {
        SSLEngineResult.Status status = engine.unwrap(came, plain).getStatus();
        if (status == SSLEngineResult.Status.BUFFER_OVERFLOW) {
            throw new IllegalArgumentException("no room for a record: " + plain.remaining());
        }
        return status == SSLEngineResult.Status.OK;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
