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
            while (true) {
                try (Socket client = on.accept()) {
                    StringBuilder head = new StringBuilder();
                    while (!head.toString().endsWith("\r\n\r\n")) {
                        head.append((char) client.getInputStream().read());
                        if (client instanceof SSLSocket tls && head.length() == 1) {
                            for (SNIServerName name : ((ExtendedSSLSession) tls.getSession()).getRequestedServerNames()) {
                                asked.add(name.toString());
                            }
                        }
                    }
                    asked.add(head.toString());
                    answer.to(client.getOutputStream());
                } catch (Exception gone) {
                    if (on.isClosed()) {
                        return;
                    }
                }
            }
        });
    }

    private static ServerSocket listening() throws IOException {
        return new ServerSocket(0, 10, InetAddress.ofLiteral("127.0.0.1"));
    }

    private HttpAnswer get(String scheme, ImageSettings.Registry registry) throws IOException {
        URI address = URI.create(scheme + "://registry.test:" + listener.getLocalPort() + "/v2/\u00e4?a=%20b");
        return http.send(new HttpQuestion(address, Map.of("Accept", "x/y"), null), new Destinations(address, Requester.OPERATOR, OperatorAddresses.known(_ -> false), http.lookup()), registry);
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
        assertThat(asked.poll(20, TimeUnit.SECONDS))
                .isEqualTo("GET /v2/%C3%A4?a=%20b HTTP/1.1\r\nHost: registry.test:" + listener.getLocalPort() + "\r\nUser-Agent: hypernetes\r\nConnection: close\r\nAccept: x/y\r\n\r\n");
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
