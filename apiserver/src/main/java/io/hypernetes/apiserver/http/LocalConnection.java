package io.hypernetes.apiserver.http;

import io.netty.handler.codec.http.HttpHeaders;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import javax.net.ssl.SSLContext;

/// The way of one request's answer to another part of this process.
final class LocalConnection implements Connection {
    private static final SocketAddress HERE = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    private final String component;
    private final CompletableFuture<Integer> head = new CompletableFuture<>();
    private final LocalBody body;
    private final List<Runnable> onDisconnect = new ArrayList<>();
    private boolean gone;

    LocalConnection(String component, Duration slowWrite) {
        this.component = component;
        this.body = new LocalBody(slowWrite, this::left);
    }

    /// The status, as soon as the answer begins; an IOException when there will be none.
    Future<Integer> head() {
        return head;
    }

    LocalBody body() {
        return body;
    }

    @Override
    public SocketAddress remoteAddress() {
        return HERE;
    }

    @Override
    public List<X509Certificate> clientCertificates() {
        return List.of();
    }

    @Override
    public String door() {
        return "";
    }

    @Override
    public String component() {
        return component;
    }

    @Override
    public boolean upgradable() {
        return false;
    }

    @Override
    public void onDisconnect(Runnable action) {
        synchronized (onDisconnect) {
            if (!gone) {
                onDisconnect.add(action);
                return;
            }
        }
        action.run();
    }

    @Override
    public void send(int status, HttpHeaders headers, List<Part> parts, boolean headOnly) throws IOException {
        head.complete(status);
        long left = 0;
        for (var part : parts) {
            left += part.length();
        }
        if (!headOnly) {
            for (var part : parts) {
                left -= part.length();
                body.put(part.array(), 0, part.length(), left);
            }
        }
        body.end();
    }

    @Override
    public AnswerStream stream(int status, HttpHeaders headers, boolean headOnly) {
        head.complete(status);
        return new LocalStream(body, headOnly);
    }

    @Override
    public RawConnection upgrade(byte[] head) {
        throw new IllegalStateException("HTTP cannot be left within the process");
    }

    @Override
    public void leadIn(String tenant, SSLContext tls, byte[] head) {
        throw new IllegalStateException("HTTP cannot be left within the process");
    }

    @Override
    public void abort() {
        head.completeExceptionally(new IOException("the server broke off before its answer"));
        body.breakOff();
    }

    private void left() {
        List<Runnable> actions;
        synchronized (onDisconnect) {
            gone = true;
            actions = List.copyOf(onDisconnect);
            onDisconnect.clear();
        }
        actions.forEach(Runnable::run);
    }
}
