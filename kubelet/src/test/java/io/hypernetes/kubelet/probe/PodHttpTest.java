package io.hypernetes.kubelet.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.hypernetes.kubelet.PodDialer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PodHttpTest {
    private static final Duration SOON = Duration.ofSeconds(5);

    private final HostLookups hosts = new HostLookups(InetAddress::getAllByName);
    private final PodHttp http = new PodHttp(PodDialer.DIRECT, hosts);
    private final BlockingQueue<String> asked = new LinkedBlockingQueue<>();
    private ServerSocket listener;

    @BeforeEach
    void listen() throws IOException {
        listener = new ServerSocket(0, 10, InetAddress.getByName("127.0.0.1"));
    }

    @AfterEach
    void close() throws IOException {
        listener.close();
    }

    private interface Answer {
        void to(Socket client) throws Exception;
    }

    /// Takes one connection, reads its request and answers.
    private URI serving(Answer answer) {
        Thread.ofVirtual().start(() -> {
            try (Socket client = listener.accept()) {
                StringBuilder head = new StringBuilder();
                while (!head.toString().endsWith("\r\n\r\n")) {
                    head.append((char) client.getInputStream().read());
                }
                asked.add(head.toString());
                answer.to(client);
            } catch (Exception gone) {
                asked.add("broken: " + gone);
            }
        });
        return URI.create("http://127.0.0.1:" + listener.getLocalPort() + "/healthz?full=1");
    }

    private static Answer text(String text) {
        return client -> client.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    /// Where plugins make the pods' network, the node's own sockets are used.
    @Test
    void aTenantsProbeDoesNotReachWhatOnlyTheNodeDoes() throws Exception {
        Set<InetAddress> ofNode = Set.of(InetAddress.ofLiteral("192.0.2.1"), InetAddress.ofLiteral("2001:db8::1"));
        PodHttp fenced = new PodHttp(PodDialer.fenced(ofNode::contains), new HostLookups(host -> new InetAddress[] {InetAddress.ofLiteral("127.0.0.1")}));
        URI here = serving(text("HTTP/1.1 200 OK\r\n\r\n"));
        for (String host : List.of("127.0.0.1", "rebound.test", "169.254.169.254", "0.0.0.0", "[::1]", "192.0.2.1", "[2001:db8::1]", "[::ffff:192.0.2.1]")) {
            assertThatThrownBy(() -> fenced.get("acme", URI.create("http://" + host + ":" + here.getPort() + "/"), List.of(), SOON)).as(host)
                    .isInstanceOf(IOException.class).hasMessageContaining("which no pod of a tenant reaches");
        }
        assertThat(asked).isEmpty();
        assertThat(fenced.get("root", here, List.of(), SOON)).isEqualTo(200);
    }

    @Test
    void theStatusIsTheAnswerWhateverFollows() throws Exception {
        assertThat(http.get("acme", serving(text("HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 302 Found\r\nLocation: http://example.org/\r\n\r\n")), List.of(), SOON))
                .isEqualTo(302);
        assertThat(asked.poll(5, TimeUnit.SECONDS))
                .startsWith("GET /healthz?full=1 HTTP/1.1\r\nHost: 127.0.0.1:" + listener.getLocalPort() + "\r\n")
                .contains("\r\nConnection: close\r\n");
        assertThat(http.get("acme", serving(text("HTTP/1.0 503\r\n\r\n")), List.of(Map.entry("Host", "web.example"), Map.entry("X-A", "b")), SOON)).isEqualTo(503);
        assertThat(asked.poll(5, TimeUnit.SECONDS)).contains("\r\nHost: web.example\r\nX-A: b\r\n").doesNotContain("Host: 127");
    }

    @Test
    void whatIsNoAnswerIsAFailureInTime() {
        for (String garbage : List.of("", "SSH-2.0-x\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n")) {
            assertThatThrownBy(() -> http.get("acme", serving(text(garbage)), List.of(), SOON)).as(garbage).isInstanceOf(IOException.class);
        }
        assertThatThrownBy(() -> http.get("acme", serving(text("HTTP/1.1 100 Continue\r\n" + "X: y\r\n".repeat(20_000))), List.of(), SOON))
                .isInstanceOf(IOException.class).hasMessageContaining("longer than");
        long begin = System.nanoTime();
        assertThatThrownBy(() -> http.get("acme", serving(client -> {
                    // A byte now and then, for ever: no single read is late.
                    while (true) {
                        client.getOutputStream().write('H');
                        TimeUnit.MILLISECONDS.sleep(50);
                    }
                }), List.of(), Duration.ofMillis(400)))
                .isInstanceOf(IOException.class).hasMessageContaining("deadline exceeded");
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(4));
        assertThatThrownBy(() -> http.get("acme", URI.create("http://127.0.0.1:1/"), List.of(), SOON)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> http.get("acme", serving(text("")), List.of(Map.entry("A", "b\r\nHost: other")), SOON))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("end of a line");
    }

    /// Connecting and what follows have one timeout together.
    @Test
    void whoConnectsTooLateHasNoTimeLeftToAsk() {
        Duration timeout = Duration.ofMillis(50);
        PodHttp slow = new PodHttp(tenant -> {
            for (long begin = System.nanoTime(); System.nanoTime() - begin <= timeout.toNanos(); ) {
                Thread.onSpinWait();
            }
            return PodDialer.DIRECT.open(tenant);
        }, hosts);
        assertThatThrownBy(() -> slow.get("acme", serving(text("HTTP/1.1 200 OK\r\n\r\n")), List.of(), timeout))
                .isInstanceOf(IOException.class).hasMessageContaining("deadline exceeded");
    }

    @Test
    void socketsAreOpenedWhereTheTenantsPodsAre() {
        PodHttp nowhere = new PodHttp(tenant -> {
            throw new IOException("tenant " + tenant + " has no pod on this node");
        }, hosts);
        assertThatThrownBy(() -> nowhere.get("acme", URI.create("http://127.0.0.1:80/"), List.of(), SOON)).hasMessage("tenant acme has no pod on this node");
    }

    /// What a name server does not answer is a failure in time, too, and many who ask for the same name wait together.
    @Test
    void aHostWhoseAddressNobodyTellsIsAFailureInTime() throws Exception {
        CountDownLatch answered = new CountDownLatch(1);
        AtomicInteger lookups = new AtomicInteger();
        PodHttp waiting = new PodHttp(PodDialer.DIRECT, new HostLookups(host -> {
            lookups.incrementAndGet();
            try {
                answered.await();
            } catch (InterruptedException never) {
                throw new AssertionError(never);
            }
            return new InetAddress[] {InetAddress.getLoopbackAddress()};
        }));
        URI named = URI.create("http://nowhere.test:" + listener.getLocalPort() + "/");
        Duration timeout = Duration.ofMillis(50);
        assertThatThrownBy(() -> waiting.get("acme", named, List.of(), timeout)).isInstanceOf(IOException.class).hasMessageContaining("deadline exceeded");
        assertThatThrownBy(() -> waiting.connect("acme", named.getHost(), named.getPort(), Deadline.in(timeout))).isInstanceOf(SocketTimeoutException.class);
        // On a thread of its own, which may come to it later.
        await().untilAsserted(() -> assertThat(lookups).hasValue(1));
        serving(text("HTTP/1.1 200 OK\r\n\r\n"));
        answered.countDown();
        assertThat(waiting.get("acme", named, List.of(), SOON)).isEqualTo(200);
        assertThat(lookups).as("the first two together, and perhaps the last").hasValueLessThanOrEqualTo(2);
    }

    @Test
    void aHostThatIsNotThereIsAFailure() {
        PodHttp lost = new PodHttp(PodDialer.DIRECT, new HostLookups(host -> {
            throw new UnknownHostException(host);
        }));
        assertThatThrownBy(() -> lost.get("acme", URI.create("http://nowhere.test/"), List.of(), SOON)).hasMessage("dial tcp: lookup nowhere.test: no such host");
    }
}
