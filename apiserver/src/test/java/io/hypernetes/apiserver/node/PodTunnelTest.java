package io.hypernetes.apiserver.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.hypernetes.identity.Authorities;
import io.hypernetes.identity.CertificateSpec;
import io.hypernetes.identity.Tls;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PodTunnelTest {
    private static final Duration DAY = Duration.ofDays(1);

    @TempDir
    Path folder;

    private final SecureRandom random = new SecureRandom();
    private final CountDownLatch end = new CountDownLatch(1);
    private SSLServerSocket listener;
    private SSLContext client;

    /// A node that opens every tunnel and then reads nothing.
    @BeforeEach
    void listen() throws Exception {
        var authorities = Authorities.open(folder.resolve("pki"), Clock.systemUTC(), random);
        var here = InetAddress.ofLiteral("127.0.0.1");
        client = Tls.client(authorities.root().certificate(), authorities.root().issue(CertificateSpec.client("api", List.of(), DAY)));
        listener = (SSLServerSocket) Tls.server(authorities.root()
                        .issue(CertificateSpec.peer("system:node:n1", List.of("system:nodes"), List.of("n1"), List.of(here), DAY)))
                .getServerSocketFactory()
                .createServerSocket(0, 50, here);
        Thread.startVirtualThread(() -> {
            try (var node = (SSLSocket) listener.accept()) {
                var in = node.getInputStream();
                var head = new StringBuilder();
                while (head.indexOf("\r\n\r\n") < 0) {
                    head.append((char) in.read());
                }
                node.getOutputStream().write("HTTP/1.1 101 Switching Protocols\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                end.await();
            } catch (IOException | InterruptedException over) {
                // The end.
            }
        });
    }

    @AfterEach
    void close() throws IOException {
        end.countDown();
        listener.close();
    }

    @Test
    void closingDoesNotWaitForAWriteThatAPodWhichDoesNotReadHoldsUp() throws Exception {
        var tunnel = new NodeRelay(() -> client)
                .tunnel(new NodeAddress("n1", "127.0.0.1", listener.getLocalPort()), "/portForward/a/b?ports=443", Duration.ofSeconds(30));
        var written = new AtomicLong();
        var writing = new FutureTask<Void>(() -> {
            while (true) {
                tunnel.getOutputStream().write(new byte[64 << 10]);
                written.addAndGet(64 << 10);
            }
        });
        Thread.startVirtualThread(writing);
        // What was written stays the same once all buffers on the way are full.
        await().during(Duration.ofMillis(500)).atMost(Duration.ofSeconds(60)).until(new java.util.concurrent.Callable<>() {
            private long before;

            @Override
            public Boolean call() {
                long now = written.get();
                boolean same = now > 0 && now == before;
                before = now;
                return same;
            }
        });
        var closing = new FutureTask<Void>(() -> {
            tunnel.close();
            return null;
        });
        Thread.startVirtualThread(closing);
        closing.get(20, TimeUnit.SECONDS);
        assertThatThrownBy(() -> writing.get(20, TimeUnit.SECONDS)).hasCauseInstanceOf(IOException.class);
        assertThat(tunnel.isClosed()).isTrue();
    }
}
