package io.hypernetes.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TlsTest {
    private static final Duration DAY = Duration.ofDays(1);
    private static final String NOBODY = "nobody";

    @TempDir
    Path folder;

    private final SecureRandom random = new SecureRandom();
    private final BlockingQueue<String> seen = new LinkedBlockingQueue<>();
    private Authorities authorities;
    private SSLServerSocket listener;

    @BeforeEach
    void serve() throws Exception {
        authorities = Authorities.open(folder.resolve("pki"), Clock.systemUTC(), random);
        var authenticator = new CertificateAuthenticator(authorities, Clock.systemUTC());
        InetAddress here = InetAddress.getLoopbackAddress();
        KeyedCertificate identity =
                authorities.root().issue(CertificateSpec.server("api", List.of("localhost"), List.of(here), DAY));
        listener = (SSLServerSocket) Tls.server(identity).getServerSocketFactory().createServerSocket(0, 50, here);
        listener.setWantClientAuth(true);
        Thread.ofVirtual().start(() -> {
            while (!listener.isClosed()) {
                try (SSLSocket socket = (SSLSocket) listener.accept()) {
                    socket.setSoTimeout(10_000);
                    socket.startHandshake();
                    String who;
                    try {
                        who = authenticator
                                .authenticate((X509Certificate) socket.getSession().getPeerCertificates()[0])
                                .toString();
                    } catch (SSLPeerUnverifiedException e) {
                        who = NOBODY;
                    } catch (NotAuthenticatedException e) {
                        who = "refused";
                    }
                    seen.add(who);
                    socket.getOutputStream().write(1);
                } catch (IOException e) {
                    // The client went away or the test is over.
                }
            }
        });
    }

    @AfterEach
    void stop() throws IOException {
        listener.close();
    }

    @Test
    void aClientMayShowACertificateOrNone() throws Exception {
        X509Certificate trusted = authorities.root().certificate();
        connect(Tls.client(trusted, null));
        assertThat(seen.poll(60, TimeUnit.SECONDS)).isEqualTo(NOBODY);

        connect(Tls.client(trusted, authorities.tenant("blue").issue(CertificateSpec.client("ann", List.of(), DAY))));
        assertThat(seen.poll(60, TimeUnit.SECONDS)).contains("tenant=blue").contains("ann");

        var stranger = CertificateAuthority.openOrCreate(folder.resolve("x"), "x", Clock.systemUTC(), random);
        connect(Tls.client(trusted, stranger.issue(CertificateSpec.client("ann", List.of(), DAY))));
        assertThat(seen.poll(60, TimeUnit.SECONDS)).isEqualTo("refused");
    }

    @Test
    void aClientTrustsItsAuthorityAlone() {
        X509Certificate tenants = authorities.tenant("blue").certificate();
        assertThatThrownBy(() -> connect(Tls.client(tenants, null))).isInstanceOf(SSLException.class);
    }

    @Test
    void joiningFindsTheAuthority() throws Exception {
        URI server = URI.create("https://127.0.0.1:" + listener.getLocalPort());
        JoinToken token = JoinToken.of(server, authorities.root().certificate(), BootstrapToken.generate(random));
        X509Certificate found = token.authorityIn(Tls.presentedBy(server, Duration.ofSeconds(60)));
        connect(Tls.client(found, null));
        assertThat(found).isEqualTo(authorities.root().certificate());
    }

    @Test
    void noAuthorityIsNamedToClients() {
        assertThat(Tls.anyClient().getAcceptedIssuers()).isEmpty();
    }

    private void connect(SSLContext context) throws IOException {
        try (SSLSocket socket = (SSLSocket)
                context.getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), listener.getLocalPort())) {
            socket.setSoTimeout(10_000);
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            socket.setSSLParameters(parameters);
            socket.startHandshake();
            assertThat(socket.getInputStream().read()).isEqualTo(1);
        }
    }
}
