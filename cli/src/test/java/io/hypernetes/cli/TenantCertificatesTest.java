package io.hypernetes.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.identity.Authorities;
import io.hypernetes.identity.CertificateAuthority;
import io.hypernetes.identity.CertificateSpec;
import io.hypernetes.identity.KeyedCertificate;
import io.hypernetes.identity.Pem;
import io.hypernetes.identity.SigningRequest;
import io.hypernetes.identity.Tls;
import io.hypernetes.objects.Json;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// A tenant's administrator asks a whole master, its controllers too, for certificates and approves them: none opens a way out of the tenant.
class TenantCertificatesTest {
    private static final String REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
    private static final String PERSON = "kubernetes.io/kube-apiserver-client";
    private static final SecureRandom RANDOM = new SecureRandom();

    private static Path root;
    private static MasterProcess master;
    private static URI server;
    private static Authorities authorities;
    private static Someone operator;
    private static Someone mallory;

    /// One identity's way to the server.
    private record Someone(HttpClient http, String token) implements AutoCloseable {
        static Someone certified(KeyedCertificate certificate) {
            return new Someone(HttpClient.newBuilder().sslContext(Tls.client(authorities.root().certificate(), certificate)).build(), "");
        }

        static Someone with(String token) {
            return new Someone(HttpClient.newBuilder().sslContext(Tls.client(authorities.root().certificate(), null)).build(), token);
        }

        HttpResponse<String> send(String method, String path, String body) throws IOException, InterruptedException {
            var request = HttpRequest.newBuilder(server.resolve(path))
                    .timeout(Duration.ofSeconds(30))
                    .header("Content-Type", "application/json")
                    .method(method, body.isEmpty() ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
            if (!token.isEmpty()) {
                request.header("Authorization", "Bearer " + token);
            }
            return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        }

        int code(String path) throws IOException, InterruptedException {
            return send("GET", path, "").statusCode();
        }

        ObjectNode expect(int code, String method, String path, String body) throws IOException, InterruptedException {
            var answer = send(method, path, body);
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(code);
            return Json.readObject(answer.body().getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public void close() {
            http.shutdownNow();
        }
    }

    @BeforeAll
    static void start() throws Exception {
        root = Files.createTempDirectory("hypernetes-certificates-");
        var places = Places.below(root);
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        var settings = Settings.read(root.resolve("none"), List.of(
                "api-address=127.0.0.1", "advertise-address=127.0.0.1", "api-port=" + port, "metrics-address="));
        master = new MasterProcess(places, settings);
        server = OperatorAccess.local(settings);
        authorities = Authorities.lookAt(places.pki(), Clock.systemUTC(), RANDOM);
        operator = Someone.certified(authorities.root().issue(CertificateSpec.client("operator", List.of("system:masters"), Duration.ofHours(1))));
        for (var tenant : List.of("acme", "prey")) {
            operator.expect(201, "POST", "/apis/hypernetes.io/v1/tenants", "{\"apiVersion\":\"hypernetes.io/v1\",\"kind\":\"Tenant\",\"metadata\":{\"name\":\"" + tenant + "\"}}");
        }
        await().until(() -> authorities.find("acme") != null);
        mallory = Someone.certified(authorities.find("acme").issue(CertificateSpec.client("mallory", List.of("system:masters"), Duration.ofHours(1))));
    }

    @AfterAll
    static void stop() throws Exception {
        mallory.close();
        operator.close();
        master.close();
        try (var files = Files.walk(root)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }

    private record Asked(KeyPair pair, HttpResponse<String> answer) {
        String name() {
            return Json.string(Json.readObject(answer.body().getBytes(StandardCharsets.UTF_8)), "metadata", "name");
        }
    }

    private static Asked ask(Someone who, String signer, String name, String... groups) throws IOException, InterruptedException {
        var pair = CertificateAuthority.newKeyPair(RANDOM);
        var encoded = Base64.getEncoder().encodeToString(SigningRequest.create(pair, name, List.of(groups)).getBytes(StandardCharsets.US_ASCII));
        return new Asked(pair, who.send("POST", REQUESTS, """
                {"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"generateName":"out-"},
                 "spec":{"request":"%s","signerName":"%s","usages":["%s"]}}""".formatted(encoded, signer, signer.endsWith("serving") ? "server auth" : "client auth")));
    }

    private static void approve(Asked asked) throws IOException, InterruptedException {
        assertThat(asked.answer.statusCode()).as(asked.answer.body()).isEqualTo(201);
        var request = mallory.expect(200, "GET", REQUESTS + "/" + asked.name(), "");
        request.withObject("status").putArray("conditions").addObject().put("type", "Approved").put("status", "True").put("reason", "mine").put("message", "");
        mallory.expect(200, "PUT", REQUESTS + "/" + asked.name() + "/approval", Json.print(request));
    }

    private static KeyedCertificate signed(Someone who, Asked asked) {
        String text = await().atMost(Duration.ofSeconds(20)).until(
                () -> Json.string(who.expect(200, "GET", REQUESTS + "/" + asked.name(), ""), "status", "certificate"), certificate -> !certificate.isEmpty());
        List<X509Certificate> chain = new ArrayList<>(Pem.certificates(new String(Base64.getDecoder().decode(text), StandardCharsets.US_ASCII)));
        return new KeyedCertificate(asked.pair.getPrivate(), chain);
    }

    @ParameterizedTest
    @CsvSource({
        "system:node:n1, system:nodes",
        "system:kube-controller-manager, devs",
        "system:kube-scheduler, devs",
        "system:bootstrap:abcdef, system:bootstrappers",
        "operator, devs",
        "alice, prey",
        "alice, system:serviceaccounts",
    })
    void whatIsSignedForAPersonIsOfItsTenantWhateverItSays(String name, String group) throws Exception {
        var asked = ask(mallory, PERSON, name, group);
        approve(asked);
        var certificate = signed(mallory, asked);
        certificate.certificate().verify(authorities.find("acme").certificate().getPublicKey());
        try (var disguised = Someone.certified(certificate)) {
            for (var tenant : List.of("/tenants/root", "/tenants/prey", "/tenants/nobody", "/tenants/*")) {
                for (var path : List.of("/api/v1/secrets", "/api/v1/namespaces", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn1", "/api/v1/nodes", REQUESTS)) {
                    assertThat(disguised.code(tenant + path)).as(tenant + path).isEqualTo(404);
                }
            }
            // At home it has what the tenant's own roles give to whoever is called so.
            assertThat(disguised.code("/api/v1/secrets")).isEqualTo(name.equals("system:kube-controller-manager") ? 200 : 403);
            assertThat(disguised.code("/tenants/acme/api/v1/secrets")).isEqualTo(disguised.code("/api/v1/secrets"));
            disguised.expect(404, "POST", "/tenants/root/api/v1/nodes", "{\"metadata\":{\"name\":\"n1\"}}");
            assertThat(disguised.send("POST", "/api/v1/nodes", "{\"metadata\":{\"name\":\"n1\"}}").statusCode()).isEqualTo(403);
        }
    }

    @Test
    void administratorsAreNotAskedFor() throws Exception {
        for (var groups : List.of(List.of("system:masters"), List.of("devs", "system:masters"))) {
            assertThat(ask(mallory, PERSON, "eve", groups.toArray(String[]::new)).answer.statusCode()).isEqualTo(403);
        }
    }

    /// What kubelets ask for, in the operator's cluster alone, is decided by who asks there; in a tenant nobody signs it, whoever approves.
    @Test
    void nobodySignsForKubeletsInATenant() throws Exception {
        List<Asked> all = new ArrayList<>();
        for (var signer : List.of("kubernetes.io/kube-apiserver-client-kubelet", "kubernetes.io/kubelet-serving", "example.com/own")) {
            for (var group : List.of("system:nodes", "system:masters")) {
                all.add(ask(mallory, signer, "system:node:n1", group));
            }
        }
        // Not to be had in this version of the API: ValidateCertificateSigningRequestCreate of upstream's pkg/apis/certificates/validation/validation.go.
        assertThat(ask(mallory, "kubernetes.io/legacy-unknown", "system:node:n1", "system:nodes").answer.statusCode()).isEqualTo(422);
        for (var asked : all) {
            approve(asked);
        }
        // One that asks later, in the operator's cluster and with a token of the operator's, has its answer; so have they.
        operator.expect(201, "POST", "/api/v1/namespaces/kube-system/secrets", """
                {"metadata":{"name":"bootstrap-token-abcdef"},"type":"bootstrap.kubernetes.io/token",
                 "stringData":{"token-id":"abcdef","token-secret":"0123456789abcdef","usage-bootstrap-authentication":"true"}}""");
        try (var machine = Someone.with("abcdef.0123456789abcdef")) {
            var node = signed(machine, ask(machine, "kubernetes.io/kube-apiserver-client-kubelet", "system:node:n7", "system:nodes"));
            try (var joined = Someone.certified(node)) {
                joined.expect(200, "GET", "/api/v1/nodes", "");
                for (var asked : all) {
                    assertThat(joined.code(REQUESTS + "/" + asked.name())).isEqualTo(404);
                }
            }
        }
        var last = ask(mallory, PERSON, "last", "devs");
        approve(last);
        signed(mallory, last);
        for (var asked : all) {
            var now = mallory.expect(200, "GET", REQUESTS + "/" + asked.name(), "");
            assertThat(Json.string(now, "status", "certificate")).as(asked.answer.body()).isEmpty();
        }
    }

    /// Nor does it help to write a certificate into the request oneself: only what an authority of the cluster signed is believed.
    @ParameterizedTest
    @ValueSource(strings = {"kubernetes.io/kube-apiserver-client-kubelet", "example.com/own"})
    void aCertificateOfOnesOwnAuthorityIsBelievedByNobody(String signer) throws Exception {
        var asked = ask(mallory, signer, "system:node:n1", "system:nodes");
        approve(asked);
        var own = CertificateAuthority.openOrCreate(root.resolve("own-" + signer.replace('/', '-')), "root", Clock.systemUTC(), RANDOM)
                .issue(CertificateSpec.client("system:node:n1", List.of("system:nodes"), Duration.ofHours(1)));
        var request = mallory.expect(200, "GET", REQUESTS + "/" + asked.name(), "");
        request.withObject("status").put("certificate", Base64.getEncoder().encodeToString(Pem.encode(own.certificate()).getBytes(StandardCharsets.US_ASCII)));
        mallory.expect(200, "PUT", REQUESTS + "/" + asked.name() + "/status", Json.print(request));
        try (var forged = Someone.certified(own)) {
            for (var path : List.of("/api/v1/nodes", "/tenants/acme/api/v1/namespaces", "/tenants/prey/api/v1/secrets")) {
                assertThat(forged.code(path)).as(path).isEqualTo(401);
            }
        }
    }
}
