package io.hypernetes.kubelet.join;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequest;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequestStatus;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequestStatusBuilder;
import io.hypernetes.client.Client;
import io.hypernetes.client.FakeApi;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ManualClock;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.identity.CertificateAuthority;
import io.hypernetes.identity.CertificateSpec;
import io.hypernetes.identity.KeyedCertificate;
import io.hypernetes.identity.Pem;
import io.hypernetes.identity.SigningRequest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
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
    private static final String NODE = "system:node:n1";

    @TempDir
    Path folder;

    private final FakeApi api = new FakeApi();
    private final Client client = api.client();
    private final SecureRandom random = new SecureRandom();
    // Certificates of that time are old by now, and still good.
    private final ManualClock clock = new ManualClock(Instant.now().minus(VALIDITY.multipliedBy(17).dividedBy(20)));
    private final Queue<String> refusals = new ConcurrentLinkedQueue<>();
    private CertificateAuthority authority;
    private NodeFolder files;
    private KeyedCertificate firstClient;
    private KeyedCertificate firstServing;
    private Informer<CertificateSigningRequest> signer;

    @BeforeEach
    void join() {
        authority = CertificateAuthority.openOrCreate(folder.resolve("ca"), "root", clock, random);
        files = new NodeFolder(folder.resolve("node"));
        firstClient = authority.issue(spec(SigningConversation.CLIENT));
        firstServing = authority.issue(spec(SigningConversation.SERVING));
        files.keepServer(URI.create("https://127.0.0.1:1"), authority.certificate());
        files.keepClient(firstClient);
        signer = new Informer<>(client, Kind.CERTIFICATE_SIGNING_REQUEST, Scope.tenant(ObjectKey.ROOT), Selection.everything()).handler(new Informer.Handler<>() {
            @Override
            public void added(CertificateSigningRequest request) {
                answer(request);
            }

            @Override
            public void updated(CertificateSigningRequest before, CertificateSigningRequest now) {}

            @Override
            public void deleted(CertificateSigningRequest last) {}
        });
        signer.start();
    }

    @AfterEach
    void stop() {
        signer.close();
        client.close();
        api.close();
    }

    private static CertificateSpec spec(String purpose) {
        var usage = purpose.equals(SigningConversation.CLIENT) ? CertificateSpec.Usage.CLIENT : CertificateSpec.Usage.SERVER;
        return new CertificateSpec(NODE, List.of("system:nodes"), "", List.of("n1"), List.of(), Set.of(usage), VALIDITY);
    }

    /// Signs as the master does, or refuses when it is to.
    private void answer(CertificateSigningRequest request) {
        byte[] pem = Base64.getDecoder().decode(request.getSpec().getRequest());
        var asked = SigningRequest.parse(pem);
        assertThat(asked.commonName()).isEqualTo(NODE);
        assertThat(asked.organisations()).containsExactly("system:nodes");
        String why = refusals.poll();
        String signed = Pem.encode(authority.sign(asked, spec(request.getSpec().getSignerName())));
        CertificateSigningRequestStatus status = why == null
                ? new CertificateSigningRequestStatusBuilder().withCertificate(Base64.getEncoder().encodeToString(signed.getBytes(StandardCharsets.US_ASCII))).build()
                : new CertificateSigningRequestStatusBuilder().addNewCondition().withType("Denied").withStatus("True").withMessage(why).endCondition().build();
        client.of(Kind.CERTIFICATE_SIGNING_REQUEST).change(ObjectKey.of(request), "status", current -> {
            current.setStatus(status);
            return current;
        });
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
        refusals.add("not now");
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
