package io.hypernetes.images;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class RegistryHttpTest {
    private static final ImageSettings.Registry USUAL = new ImageSettings.Registry(List.of(), false, false, false, null);

    @TempDir
    Path folder;

    private final CountDownLatch over = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);
    private final AtomicInteger taken = new AtomicInteger();
    private final LinkedBlockingQueue<String> asked = new LinkedBlockingQueue<>();
    private ServerSocket listener;
    private RegistryHttp http = http(Duration.ofSeconds(20), "127.0.0.1");

    private static RegistryHttp http(Duration timeout, String... addresses) {
        return new RegistryHttp(timeout, new HostLookup(host -> {
            InetAddress[] all = new InetAddress[addresses.length];
            for (int i = 0; i < all.length; i++) {
                all[i] = InetAddress.ofLiteral(addresses[i]);
            }
            return all;
        }, Duration.ofSeconds(20)));
    }

    @AfterEach
    void close() throws IOException {
        over.countDown();
        http.close();
        if (listener != null) {
            listener.close();
        }
    }

    private interface Answer {
        void to(OutputStream out) throws Exception;
    }

    private void serve(ServerSocket on, Answer answer) {
        listener = on;
        Thread.ofVirtual().start(() -> {
            while (!on.isClosed()) {
                try {
                    Socket client = on.accept();
                    taken.incrementAndGet();
                    Thread.ofVirtual().start(() -> serve(client, answer));
                } catch (IOException closed) {
                    return;
                }
            }
        });
    }

    private void serve(Socket client, Answer answer) {
        try (client) {
            while (true) {
                StringBuilder head = new StringBuilder();
                while (!head.toString().endsWith("\r\n\r\n")) {
                    int next = client.getInputStream().read();
                    if (next < 0) {
                        return;
                    }
                    head.append((char) next);
                    if (client instanceof SSLSocket tls && head.length() == 1) {
                        for (SNIServerName name : ((ExtendedSSLSession) tls.getSession()).getRequestedServerNames()) {
                            asked.add(name.toString());
                        }
                    }
                }
                asked.add(head.toString());
                answer.to(client.getOutputStream());
            }
        } catch (Exception gone) {
            ended.countDown();
        }
    }

    private static ServerSocket listening() throws IOException {
        return new ServerSocket(0, 10, InetAddress.ofLiteral("127.0.0.1"));
    }

    private HttpAnswer get(String scheme, ImageSettings.Registry registry) throws IOException {
        return get(connections(scheme, registry), scheme);
    }

    private HttpAnswer get(RegistryConnections connections, String scheme) throws IOException {
        return connections.send(address(scheme, "registry.test"), Map.of("Accept", "x/y"), null);
    }

    private URI address(String scheme, String host) {
        return URI.create(scheme + "://" + host + ":" + listener.getLocalPort() + "/v2/\u00e4?a=%20b");
    }

    private RegistryConnections connections(String scheme, ImageSettings.Registry registry) {
        return http.connections(new Destinations(address(scheme, "registry.test"), Requester.OPERATOR, OperatorAddresses.known(_ -> false), http.lookup()), registry);
    }

    private void assertAnswer(RegistryConnections connections, String body) throws IOException {
        try (HttpAnswer answer = get(connections, "http")) {
            assertThat(answer.body().readAllBytes()).asString(UTF_8).isEqualTo(body);
        }
    }

    private static void text(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(US_ASCII));
        out.flush();
    }

    @Test
    void theFirstAddressThatAnswersIsAsked() throws Exception {
        http = http(Duration.ofSeconds(20), "127.0.0.9", "127.0.0.1");
        serve(listening(), out -> text(out, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
        try (HttpAnswer answer = get("http", USUAL)) {
            assertThat(answer.body().readAllBytes()).asString(UTF_8).isEqualTo("ok");
        }
        String head = asked.poll(20, TimeUnit.SECONDS);
        assertThat(head).startsWith("GET /v2/%C3%A4?a=%20b HTTP/1.1\r\n");
        assertThat(head.lines().skip(1)).containsExactlyInAnyOrder("Host: registry.test:" + listener.getLocalPort(), "User-Agent: hypernetes", "Connection: keep-alive", "Accept: x/y", "");
    }

    @Test
    void anAddressMayBeOneOfIPv6() throws Exception {
        serve(new ServerSocket(0, 10, InetAddress.ofLiteral("::1")), out -> text(out, "HTTP/1.1 204 Nothing\r\n\r\n"));
        connections("http", USUAL).send(address("http", "me@[::1]"), Map.of(), "a=b").close();
        assertThat(asked.poll(20, TimeUnit.SECONDS)).startsWith("POST ").contains("Host: [::1]:" + listener.getLocalPort() + "\r\n", "Content-Type: application/x-www-form-urlencoded\r\n", "Content-Length: 3\r\n");
    }

    @Test
    void aConnectionServesItsPullAgainButNoOther() throws Exception {
        serve(listening(), out -> text(out, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"));
        RegistryConnections pull = connections("http", USUAL);
        assertAnswer(pull, "ok");
        assertAnswer(pull, "ok");
        assertThat(taken).hasValue(1);
        assertAnswer(connections("http", USUAL), "ok");
        assertThat(taken).hasValue(2);
        pull.close();
        assertThatThrownBy(() -> get(pull, "http")).isInstanceOf(IOException.class);
    }

    @Test
    void whatComesIsNotUnpacked() throws Exception {
        serve(listening(), out -> text(out, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\nok"));
        RegistryConnections pull = connections("http", USUAL);
        assertAnswer(pull, "ok");
        assertAnswer(pull, "ok");
        assertThat(asked).noneMatch(head -> head.contains("Cookie") || head.contains("Encoding"));
    }

    @Test
    void whatBreaksOffIsNoAnswer() throws Exception {
        for (String answer : List.of("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")) {
            serve(listening(), out -> {
                text(out, answer);
                out.close();
            });
            try (HttpAnswer begun = get("http", USUAL)) {
                assertThatThrownBy(() -> begun.body().readAllBytes()).isInstanceOf(IOException.class);
            }
            listener.close();
        }
    }

    @Test
    void aHeadIsBounded() throws Exception {
        for (String endless : List.of("x", "X: y\r\n")) {
            serve(listening(), out -> {
                text(out, "HTTP/1.1 200 OK\r\n");
                while (true) {
                    text(out, endless.repeat(1000));
                }
            });
            assertThatThrownBy(() -> get("http", USUAL)).isInstanceOf(IOException.class).hasMessageContaining("exceeded");
            listener.close();
        }
    }

    @Test
    void closingAnAnswerDoesNotWaitForItsEnd() throws Exception {
        serve(listening(), out -> {
            text(out, "HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n");
            while (true) {
                text(out, "x".repeat(1000));
            }
        });
        get("http", USUAL).close();
        assertThat(ended.await(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void whatNoHeaderCanCarryIsNotSentAndNotTold() throws Exception {
        listener = listening();
        assertThatThrownBy(() -> connections("http", USUAL).send(address("http", "registry.test"), Map.of("Authorization", "Bearer secret\r\nX: y"), null))
                .isInstanceOf(IOException.class).hasMessageContaining("Authorization").hasMessageNotContaining("secret");
    }

    @Test
    void aHeadThatComesByteForByteIsNotWaitedFor() throws Exception {
        http = http(Duration.ofMillis(200), "127.0.0.1");
        serve(listening(), out -> {
            while (!over.await(20, TimeUnit.MILLISECONDS)) {
                text(out, "H");
            }
        });
        assertThatThrownBy(() -> get("http", USUAL)).isInstanceOf(SocketTimeoutException.class).hasMessageContaining("no answer began");
    }

    @Test
    void whoWaitsCanBeInterrupted() throws Exception {
        serve(listening(), out -> over.await());
        for (Thread.Builder kind : List.of(Thread.ofVirtual(), Thread.ofPlatform())) {
            CompletableFuture<Throwable> end = new CompletableFuture<>();
            Thread asking = kind.start(() -> {
                try {
                    get("http", USUAL).close();
                    end.complete(new AssertionError("answered"));
                } catch (IOException interrupted) {
                    end.complete(interrupted);
                }
            });
            asking.interrupt();
            assertThat(end).succeedsWithin(Duration.ofSeconds(10)).isInstanceOf(IOException.class);
        }
    }

    @Test
    void closingEndsWhatIsUnderWay() throws Exception {
        serve(listening(), out -> {
            text(out, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
            over.await();
        });
        InputStream body = get("http", USUAL).body();
        assertThat(body.read()).isEqualTo('o');
        CompletableFuture<Void> end = new CompletableFuture<>();
        Thread reading = Thread.ofVirtual().start(() -> {
            try {
                body.read();
            } catch (IOException closed) {
                end.complete(null);
            }
        });
        await().until(() -> reading.getState() == Thread.State.WAITING || reading.getState() == Thread.State.TIMED_WAITING);
        http.close();
        assertThat(end).succeedsWithin(Duration.ofSeconds(10));
        assertThatThrownBy(() -> get("http", USUAL)).isInstanceOf(IOException.class).hasMessageContaining("closing");
    }

    @Test
    void aCertificateMustBeForTheNameAndFromAnAuthorityThatIsTrusted() throws Exception {
        Path right = certificate("right", "registry.test");
        serve(secure("right"), out -> text(out, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
        assertThatThrownBy(() -> get("https", USUAL)).isInstanceOf(SSLHandshakeException.class);
        assertThat(asked).isEmpty();
        try (HttpAnswer answer = get("https", new ImageSettings.Registry(List.of(), false, false, false, right))) {
            assertThat(answer.body().readAllBytes()).asString(UTF_8).isEqualTo("ok");
        }
        assertThat(asked.poll(20, TimeUnit.SECONDS)).contains("registry.test");
        listener.close();
        Path wrong = certificate("wrong", "other.test");
        serve(secure("wrong"), out -> text(out, "HTTP/1.1 200 OK\r\n\r\n"));
        asked.clear();
        assertThatThrownBy(() -> get("https", new ImageSettings.Registry(List.of(), false, false, false, wrong))).isInstanceOf(SSLHandshakeException.class);
        assertThat(asked).isEmpty();
        get("https", new ImageSettings.Registry(List.of(), false, false, true, null)).close();
        assertThat(asked).isNotEmpty();
    }

    private Path certificate(String alias, String name) throws Exception {
        String keytool = System.getProperty("java.home") + "/bin/keytool";
        Shell.run(keytool, "-genkeypair", "-keystore", folder.resolve(alias).toString(), "-storepass", "password", "-alias", alias, "-keyalg", "EC", "-dname", "CN=" + alias, "-ext", "san=dns:" + name);
        Path file = folder.resolve(alias + ".pem");
        Shell.run(keytool, "-exportcert", "-rfc", "-keystore", folder.resolve(alias).toString(), "-storepass", "password", "-alias", alias, "-file", file.toString());
        return file;
    }

    private ServerSocket secure(String alias) throws Exception {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(folder.resolve(alias))) {
            keys.load(in, "password".toCharArray());
        }
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, "password".toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        return (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0, 10, InetAddress.ofLiteral("127.0.0.1"));
    }
}
