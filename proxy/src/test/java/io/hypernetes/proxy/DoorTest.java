package io.hypernetes.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Pods at a door, behind which is one who leads in everybody and says again what each says.
class DoorTest {
    @TempDir
    Path folder;

    private final AtomicInteger led = new AtomicInteger();
    private final List<Socket> pods = new ArrayList<>();
    private SSLServerSocket server;
    private Door door;

    @BeforeEach
    void open() throws Exception {
        SSLContext tls = tls();
        server = (SSLServerSocket) tls.getServerSocketFactory().createServerSocket(0, 300, InetAddress.ofLiteral("127.0.0.1"));
        Thread.ofVirtual().start(() -> {
            try {
                while (true) {
                    Socket node = server.accept();
                    Thread.ofVirtual().start(() -> echo(node));
                }
            } catch (IOException closed) {
                // The test has ended.
            }
        });
        door = new Door(
                new ProxySettings("here", "10.96.0.0/12", "10.96.0.1", "10.96.0.10", "cluster.local", URI.create("https://127.0.0.1:" + server.getLocalPort()), () -> tls),
                new LoopbackGateway());
    }

    @AfterEach
    void close() throws IOException {
        for (Socket pod : pods) {
            pod.close();
        }
        door.close();
        server.close();
    }

    private SSLContext tls() throws Exception {
        Path store = folder.resolve("keys");
        Process keytool = new ProcessBuilder(
                System.getProperty("java.home") + "/bin/keytool", "-genkeypair", "-keystore", store.toString(), "-storepass", "password", "-alias", "it", "-keyalg", "EC",
                "-dname", "CN=it", "-ext", "san=ip:127.0.0.1").redirectErrorStream(true).start();
        assertThat(keytool.waitFor()).as(new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8)).isZero();
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, "password".toCharArray());
        }
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, "password".toCharArray());
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("it", keys.getCertificate("it"));
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(managers.getKeyManagers(), trust.getTrustManagers(), null);
        return tls;
    }

    private void echo(Socket node) {
        try (node) {
            StringBuilder head = new StringBuilder();
            while (!head.toString().endsWith("\r\n\r\n")) {
                head.append((char) node.getInputStream().read());
            }
            assertThat(head).startsWith("GET /tenants/acme/door HTTP/1.1\r\n");
            led.incrementAndGet();
            node.getOutputStream().write("HTTP/1.1 101 Switching Protocols\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            node.getInputStream().transferTo(node.getOutputStream());
        } catch (IOException ended) {
            // Its pod has gone.
        }
    }

    private Socket pod(String address) throws IOException {
        Socket pod = new Socket(InetAddress.ofLiteral("127.0.0.1"), door.port(), InetAddress.ofLiteral(address), 0);
        pods.add(pod);
        pod.setSoTimeout(20_000);
        return pod;
    }

    private static void isLed(Socket pod) throws IOException {
        pod.getOutputStream().write('?');
        assertThat(pod.getInputStream().read()).isEqualTo('?');
    }

    private static boolean isRefused(Socket pod) {
        try {
            return pod.getInputStream().read() < 0;
        } catch (java.net.SocketTimeoutException open) {
            return false;
        } catch (IOException reset) {
            return true;
        }
    }

    @Test
    void whatEachSaysIsPassedOnToItsEnd() throws Exception {
        byte[] said = new byte[3 << 20];
        new Random(1).nextBytes(said);
        Socket pod = pod("127.0.0.2");
        Thread.ofVirtual().start(() -> {
            try {
                pod.getOutputStream().write(said);
                pod.shutdownOutput();
            } catch (IOException failed) {
                throw new IllegalStateException(failed);
            }
        });
        assertThat(pod.getInputStream().readAllBytes()).isEqualTo(said);
    }

    @Test
    void oneThatSaysNothingCostsNoSession() throws Exception {
        pod("127.0.0.2");
        pod("127.0.0.2");
        isLed(pod("127.0.0.3"));
        isLed(pod("127.0.0.3"));
        assertThat(led).hasValue(2);
    }

    @Test
    void aPodHasSoManyAndHarmsNoOther() throws Exception {
        List<Socket> first = new ArrayList<>();
        for (int i = 0; i < 128; i++) {
            first.add(pod("127.0.0.2"));
        }
        Socket tooMany = pod("127.0.0.2");
        tooMany.setSoTimeout(5_000);
        assertThat(isRefused(tooMany)).isTrue();
        isLed(pod("127.0.0.3"));
        isLed(first.getFirst());
        isLed(first.getLast());
    }
}
