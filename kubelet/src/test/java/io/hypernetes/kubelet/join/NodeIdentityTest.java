package io.hypernetes.kubelet.join;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.hypernetes.client.Client;
import io.hypernetes.client.FakeApi;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ManualClock;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.identity.CertificateAuthority;
import io.hypernetes.identity.KeyedCertificate;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeIdentityTest {
    private static final Duration VALIDITY = Duration.ofDays(10);

    @TempDir
    Path folder;

    private final FakeApi api = new FakeApi();
    private final Client client = api.client();
    private final SecureRandom random = new SecureRandom();
    // Certificates of that time are old by now, and still good.
    private final ManualClock clock = new ManualClock(Instant.now().minus(VALIDITY.multipliedBy(17).dividedBy(20)));
    private CertificateAuthority authority;
    private NodeFolder files;
    private KeyedCertificate firstClient;
    private KeyedCertificate firstServing;
    private Signer signer;

    @BeforeEach
    void join() {
        authority = CertificateAuthority.openOrCreate(folder.resolve("ca"), "root", clock, random);
        files = new NodeFolder(folder.resolve("node"));
        firstClient = authority.issue(Signer.spec("n1", SigningConversation.CLIENT, VALIDITY));
        firstServing = authority.issue(Signer.spec("n1", SigningConversation.SERVING, VALIDITY));
        files.keepServer(URI.create("https://127.0.0.1:1"), authority.certificate());
        files.keepClient(firstClient);
        signer = new Signer(client, authority, "n1", VALIDITY);
    }

    @AfterEach
    void stop() {
        signer.close();
        client.close();
        api.close();
    }

    private List<String> asked() {
        return client.of(Kind.CERTIFICATE_SIGNING_REQUEST).list(Scope.tenant(ObjectKey.ROOT), Selection.everything()).items().stream()
                .map(request -> request.getSpec().getSignerName())
                .sorted()
                .toList();
    }

    private void goTo(Instant then) {
        clock.advance(Duration.between(clock.instant(), then));
    }

    private static Instant due(KeyedCertificate certificate) {
        Instant begin = certificate.certificate().getNotBefore().toInstant();
        return begin.plus(Duration.between(begin, certificate.certificate().getNotAfter().toInstant()).multipliedBy(4).dividedBy(5));
    }

    private NodeIdentity identity() {
        return new NodeBootstrap(files.path(), "n1", random).identity(clock);
    }

    private record Shown(Certificate client, Certificate server) {}

    /// What the two ends of a new connection show each other.
    private static Shown handshake(SSLContext client, SSLContext server) throws IOException {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor();
                var listening = (SSLServerSocket) server.getServerSocketFactory().createServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            listening.setNeedClientAuth(true);
            var seen = CompletableFuture.supplyAsync(() -> {
                try (var accepted = (SSLSocket) listening.accept()) {
                    accepted.startHandshake();
                    return accepted.getSession().getPeerCertificates()[0];
                } catch (IOException broken) {
                    throw new java.io.UncheckedIOException(broken);
                }
            }, threads);
            try (var socket = (SSLSocket) client.getSocketFactory().createSocket(listening.getInetAddress(), listening.getLocalPort())) {
                socket.startHandshake();
                return new Shown(seen.join(), socket.getSession().getPeerCertificates()[0]);
            }
        }
    }

    @Test
    void pastFourFifthsOfTheirLivesBothAreRenewedAndUsedWithoutARestart() throws IOException {
        files.keepServing(firstServing);
        // By its seconds the certificate is due a little earlier or later than the moment it was made at says.
        goTo(due(firstClient).minusMillis(10));
        try (var identity = identity()) {
            var towardsTheServer = identity.clientTls();
            var before = handshake(towardsTheServer, identity.servingTls().get());
            assertThat(before.client()).isEqualTo(firstClient.certificate());
            assertThat(before.server()).isEqualTo(firstServing.certificate());
            identity.start(client);
            clock.advance(Duration.ofSeconds(5));
            await().untilAsserted(() -> {
                var after = handshake(towardsTheServer, identity.servingTls().get());
                assertThat(after.client()).isNotEqualTo(firstClient.certificate()).isEqualTo(files.client().certificate());
                assertThat(after.server()).isNotEqualTo(firstServing.certificate()).isEqualTo(files.serving().orElseThrow().certificate());
            });
            assertThat(asked()).containsExactly(SigningConversation.CLIENT, SigningConversation.SERVING);
            // Each time with a new key.
            assertThat(files.client().certificate().getPublicKey()).isNotEqualTo(firstClient.certificate().getPublicKey());
        }
        // A later start goes on with them.
        try (var later = identity()) {
            assertThat(handshake(later.clientTls(), later.servingTls().get()).client()).isEqualTo(files.client().certificate());
        }
    }

    @Test
    void beforeThatOnlyWhatIsMissingIsAskedFor() throws IOException {
        goTo(due(firstClient).minus(Duration.ofHours(2)));
        try (var identity = identity()) {
            assertThatThrownBy(() -> identity.servingTls().get()).isInstanceOf(JoinException.class).hasMessageContaining("no serving certificate yet");
            identity.start(client);
            await().until(() -> files.serving().isPresent());
            await().ignoreException(JoinException.class).untilAsserted(() -> assertThat(handshake(identity.clientTls(), identity.servingTls().get()))
                    .isEqualTo(new Shown(firstClient.certificate(), files.serving().orElseThrow().certificate())));
            assertThat(asked()).containsExactly(SigningConversation.SERVING);
        }
    }

    @Test
    void whatWasRefusedIsAskedForAgainAndTheOldOneServesMeanwhile() throws IOException {
        files.keepServing(firstServing);
        goTo(due(firstClient).plusSeconds(1));
        signer.refusals.add("not now");
        try (var identity = identity()) {
            identity.start(client);
            await().until(() -> asked().size() == 1);
            // The time after that the API server refuses to hear of it.
            api.failNext("POST /tenants/root/apis/certificates.k8s.io", 403, 1);
            assertThat(handshake(identity.clientTls(), identity.servingTls().get())).isEqualTo(new Shown(firstClient.certificate(), firstServing.certificate()));
            await().untilAsserted(() -> assertThat(asked()).containsExactly(SigningConversation.CLIENT, SigningConversation.CLIENT, SigningConversation.SERVING));
            await().untilAsserted(() -> assertThat(handshake(identity.clientTls(), identity.servingTls().get()).server()).isEqualTo(files.serving().orElseThrow().certificate()));
            assertThat(files.client()).isNotEqualTo(firstClient);
        }
    }
}
