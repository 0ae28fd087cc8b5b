package io.hypernetes.images;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/// The HTTP client of pulls: one request a connection.
///
/// It is not the JDK's, because that one looks names up by itself: here the addresses that [Destinations] permitted are the ones that are connected to. It follows no
/// redirect, keeps no connection, and asks no proxy. Safe for use by many threads, which may be interrupted.
final class RegistryHttp implements AutoCloseable {
    private final Duration connectTimeout;
    private final HostLookup lookup;
    private final RegistryTrust trust = new RegistryTrust();
    private final Set<SocketChannel> open = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /// @param connectTimeout longest wait for a connection, and for an answer's beginning three times that
    RegistryHttp(Duration connectTimeout) {
        this(connectTimeout, HostLookup.SYSTEM);
    }

    /// @param lookup finds hosts, for [Destinations] too
    RegistryHttp(Duration connectTimeout, HostLookup lookup) {
        this.connectTimeout = connectTimeout;
        this.lookup = lookup;
    }

    HostLookup lookup() {
        return lookup;
    }

    /// Asks, and returns once the head of the answer is there.
    ///
    /// @param registry says whom to trust
    /// @throws ImageException when whom it goes to may not be spoken to
    /// @throws IOException when there is no answer
    HttpAnswer send(HttpQuestion question, Destinations destinations, ImageSettings.Registry registry) throws IOException {
        List<InetAddress> addresses = destinations.permitted(question.address());
        byte[] text = question.text();
        int port = question.port();
        long until = System.nanoTime() + connectTimeout.multipliedBy(3).toNanos();
        SocketChannel channel = connect(addresses, port, until);
        Closeable line = () -> {
            open.remove(channel);
            channel.close();
        };
        AtomicBoolean late = new AtomicBoolean();
        // A peer that sends a byte now and then would outlast the timeout of each read.
        CompletableFuture<Void> deadline = CompletableFuture.runAsync(
                () -> {
                    late.set(true);
                    closeQuietly(line);
                },
                CompletableFuture.delayedExecutor(Math.max(0, until - System.nanoTime()), TimeUnit.NANOSECONDS));
        try {
            Socket socket = question.isSecure() ? secured(channel.socket(), question.address(), port, registry) : channel.socket();
            socket.getOutputStream().write(text);
            socket.getOutputStream().flush();
            return HttpAnswer.read(new BufferedInputStream(socket.getInputStream(), 1 << 16), line);
        } catch (IOException | RuntimeException failure) {
            closeQuietly(line);
            if (late.get()) {
                throw late(failure);
            }
            throw failure;
        } finally {
            deadline.cancel(false);
        }
    }

    private SocketTimeoutException late(@Nullable Exception cause) {
        return (SocketTimeoutException) new SocketTimeoutException("no answer began in " + connectTimeout.multipliedBy(3).toSeconds() + " s").initCause(cause);
    }

    /// The first address that answers.
    private SocketChannel connect(List<InetAddress> addresses, int port, long until) throws IOException {
        IOException failure = null;
        for (InetAddress address : addresses) {
            long left = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
            if (Thread.currentThread().isInterrupted() || left <= 0) {
                break;
            }
            SocketChannel channel = SocketChannel.open();
            open.add(channel);
            try {
                if (closed) {
                    throw new IOException("no more is pulled, as the store is closing");
                }
                channel.socket().connect(new InetSocketAddress(address, port), (int) Math.min(left, Math.max(1, connectTimeout.toMillis())));
                return channel;
            } catch (IOException | RuntimeException e) {
                open.remove(channel);
                channel.close();
                if (!(e instanceof IOException next)) {
                    throw e;
                }
                failure = next;
            }
        }
        if (Thread.currentThread().isInterrupted()) {
            throw new IOException("interrupted", failure);
        }
        throw failure != null ? failure : late(null);
    }

    private SSLSocket secured(Socket socket, URI address, int port, ImageSettings.Registry registry) throws IOException {
        String host = address.getHost().replaceAll("[\\[\\]]", "");
        SSLSocket secure = (SSLSocket) trust.sockets(registry).createSocket(socket, host, port, true);
        SSLParameters parameters = secure.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        if (!isLiteral(host)) {
            try {
                parameters.setServerNames(List.of(new SNIHostName(host)));
            } catch (IllegalArgumentException noName) {
                throw new IOException(Text.shortened(host) + " is no name of a host", noName);
            }
        }
        secure.setSSLParameters(parameters);
        secure.startHandshake();
        return secure;
    }

    private static boolean isLiteral(String host) {
        try {
            InetAddress.ofLiteral(host);
            return true;
        } catch (IllegalArgumentException aName) {
            return false;
        }
    }

    private static void closeQuietly(Closeable line) {
        try {
            line.close();
        } catch (IOException e) {
            // It is closed all the same.
        }
    }

    /// Ends what is under way.
    @Override
    public void close() {
        closed = true;
        open.forEach(RegistryHttp::closeQuietly);
    }
}
