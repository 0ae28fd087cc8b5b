package io.hypernetes.kubelet.join;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.hypernetes.client.Client;
import io.hypernetes.client.FakeApi;
import io.hypernetes.identity.BootstrapToken;
import io.hypernetes.identity.CertificateAuthority;
import io.hypernetes.identity.CertificateSpec;
import io.hypernetes.identity.JoinToken;
import io.hypernetes.identity.Tls;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A machine becomes a node with a token, or tells why not and stays none. The API server is one in memory behind TLS, which knows one token.
class NodeBootstrapTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Duration VALIDITY = Duration.ofDays(10);

    @TempDir
    Path folder;

    private final SecureRandom random = new SecureRandom();
    private final FakeApi api = new FakeApi();
    private final Client client = api.client();
    private final HttpClient behind = HttpClient.newHttpClient();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final BootstrapToken known = BootstrapToken.generate(random);
    private final Queue<String> tokensSeen = new ConcurrentLinkedQueue<>();
    private CertificateAuthority authority;
    private HttpsServer server;
    private URI url;
    private NodeBootstrap bootstrap;

    @BeforeEach
    void start() throws IOException {
        authority = authority("ca");
        var loopback = InetAddress.ofLiteral("127.0.0.1");
        server = HttpsServer.create(new InetSocketAddress(loopback, 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(Tls.server(authority.issue(
                CertificateSpec.peer("kube-apiserver", List.of(), List.of("localhost"), List.of(loopback), VALIDITY)))));
        server.setExecutor(threads);
        server.createContext("/", this::relay);
        server.start();
        url = URI.create("https://127.0.0.1:" + server.getAddress().getPort());
        bootstrap = new NodeBootstrap(folder.resolve("node"), "n1", random);
    }

    @AfterEach
    void stop() {
        server.stop(0);
        threads.close();
        behind.close();
        client.close();
        api.close();
    }

    private CertificateAuthority authority(String name) {
        return CertificateAuthority.openOrCreate(folder.resolve(name), "root", Clock.systemUTC(), random);
    }

    private void relay(HttpExchange http) throws IOException {
        try (http) {
            var token = String.valueOf(http.getRequestHeaders().getFirst("Authorization"));
            tokensSeen.add(token);
            var body = http.getRequestBody().readAllBytes();
            if (!token.equals("Bearer " + known.text())) {
                var refusal = "{\"kind\":\"Status\",\"status\":\"Failure\",\"reason\":\"Unauthorized\",\"message\":\"Unauthorized\",\"code\":401}".getBytes(UTF_8);
                http.sendResponseHeaders(401, refusal.length);
                http.getResponseBody().write(refusal);
                return;
            }
            var request = HttpRequest.newBuilder(api.uri().resolve(http.getRequestURI())).header("Content-Type", "application/json")
                    .method(http.getRequestMethod(), body.length == 0 ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofByteArray(body)).build();
            var answer = behind.send(request, HttpResponse.BodyHandlers.ofByteArray());
            http.sendResponseHeaders(answer.statusCode(), answer.body().length);
            http.getResponseBody().write(answer.body());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private JoinToken token() {
        return JoinToken.of(url, authority.certificate(), known);
    }

    private void refused(JoinToken token, String... why) {
        assertThatThrownBy(() -> bootstrap.join(token, LIMIT)).isInstanceOf(JoinException.class).hasMessageContainingAll(why)
                .hasMessageNotContainingAny(token.token().secret());
        assertThat(bootstrap.isJoined()).isFalse();
        assertThatThrownBy(() -> bootstrap.identity(Clock.systemUTC())).isInstanceOf(JoinException.class).hasMessageContaining("hypernetes token create");
    }

    @Test
    void aTokenMakesANodeAndIsNotNeededAnyMore() throws Exception {
        try (var signer = new Signer(client, authority, "n1", VALIDITY)) {
            bootstrap.join(token(), LIMIT);
        }
        assertThat(bootstrap.isJoined()).isTrue();
        var files = new NodeFolder(folder.resolve("node"));
        assertThat(files.server()).isEqualTo(url);
        assertThat(files.authority()).isEqualTo(authority.certificate());
        var certificate = files.client().certificate();
        certificate.verify(authority.certificate().getPublicKey());
        assertThat(certificate.getSubjectX500Principal().getName()).contains("CN=system:node:n1", "O=system:nodes");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("node/kubelet-client.pem")))).isEqualTo("rw-------");
        try (var all = Files.list(folder.resolve("node"))) {
            for (var file : all.toList()) {
                assertThat(Files.readString(file)).as("%s", file).doesNotContain(known.secret());
            }
        }
        // At a later start it is one without a token.
        var later = new NodeBootstrap(folder.resolve("node"), "n1", random);
        assertThat(later.isJoined()).isTrue();
        try (var identity = later.identity(Clock.systemUTC())) {
            assertThat(identity.server()).isEqualTo(url);
        }
    }

    @Test
    void aServerThatIsNotTheTokensIsToldNothing() {
        refused(JoinToken.of(url, authority("another").certificate(), known), "does not hold the authority that the join token names", "make a new token on the master");
        assertThat(tokensSeen).as("its secret goes to nobody else").isEmpty();
    }

    @Test
    void aServerThatIsNotThereIsSaidToBe() {
        server.stop(0);
        refused(token(), "cannot be reached", "is it running");
    }

    @Test
    void aTokenThatHasEndedIsSaidToHave() {
        refused(JoinToken.of(url, authority.certificate(), BootstrapToken.generate(random)), "the token has ended or is another's", "hypernetes token create");
    }

    @Test
    void whatTheServerCannotDoIsTold() {
        api.failNext("POST /tenants/root/apis/certificates.k8s.io", 507, 1);
        refused(token(), "did not take the request of this machine");
    }

    @Test
    void aRequestThatIsRefusedMakesNoNodeAndTheNextOneDoes() throws Exception {
        try (var signer = new Signer(client, authority, "n1", VALIDITY)) {
            signer.refusals.add("not this machine");
            refused(token(), "was refused: not this machine");
            bootstrap.join(token(), LIMIT);
        }
        assertThat(bootstrap.isJoined()).isTrue();
    }

    @Test
    void whereNobodySignsItIsSaidWhoShould() {
        assertThatThrownBy(() -> bootstrap.join(token(), Duration.ofMillis(500))).isInstanceOf(JoinException.class)
                .hasMessageContainingAll("nobody signed the certificate request", "is the master's controller running?");
        assertThat(bootstrap.isJoined()).isFalse();
    }
}
