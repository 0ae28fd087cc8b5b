package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.configMap;
import static io.hypernetes.apiserver.Cluster.tenant;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.hypernetes.objects.Json;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// What the administrator of a tenant makes the server do towards others, and what strangers learn from how it answers. Silence alone would prove nothing, so there is
/// somebody listening wherever nothing may come.
class AdversaryOutwardTest extends ClusterTest {
    private Cluster.Client prowler;

    @BeforeAll
    void tenants() {
        for (var name : List.of("prey", "prowler")) {
            admin.post("/apis/hypernetes.io/v1/tenants", tenant(name)).expect(201);
        }
        prowler = cluster.client("prowler", "mallory", "system:masters");
    }

    /// Somebody who counts who comes.
    private static final class Listener implements AutoCloseable {
        private final ServerSocket socket;
        private final AtomicInteger came = new AtomicInteger();

        Listener(String address) throws IOException {
            socket = new ServerSocket(0, 50, InetAddress.ofLiteral(address));
            Thread.ofVirtual().start(() -> {
                try {
                    while (true) {
                        socket.accept().close();
                        came.incrementAndGet();
                    }
                } catch (IOException closed) {
                    // The test is over.
                }
            });
        }

        String url() {
            return "https://" + socket.getInetAddress().getHostAddress() + ":" + socket.getLocalPort();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    @Test
    void aWebhookWhereTenantsMayNotGoIsNotEvenConnectedTo() throws IOException {
        try (var permitted = new Listener("127.0.0.1"); var denied = new Listener("127.0.0.2")) {
            assertThat(called(permitted.url())).contains("failed calling webhook").doesNotContain("may not reach");
            await().untilAsserted(() -> assertThat(permitted.came.get()).isEqualTo(1));
            assertThat(called(denied.url())).contains("failed calling webhook", "127.0.0.2, which tenants may not reach from here");
            for (var url : List.of("https://169.254.169.254/", "https://10.96.0.1/", "https://[::1]/", "https://192.168.1.1/", "https://[::ffff:127.0.0.2]/", "https://2130706434/")) {
                assertThat(called(url)).as(url).containsAnyOf("which tenants may not reach from here", "no such host");
            }
            assertThat(denied.came.get()).isZero();
        }
    }

    private String called(String url) {
        prowler.post("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", """
                {"metadata":{"name":"hook"},"webhooks":[{"name":"a.example.com","clientConfig":{"url":"%s"},"sideEffects":"None","admissionReviewVersions":["v1"],"timeoutSeconds":3,
                 "failurePolicy":"Fail","rules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["limitranges"]}]}]}""".formatted(url)).expect(201);
        var refused = prowler.post("/api/v1/namespaces/default/limitranges", "{\"metadata\":{\"name\":\"l\"},\"spec\":{\"limits\":[]}}").expect(500);
        prowler.delete("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/hook").expect(200);
        return refused.text();
    }

    @Test
    void anIssuerWhereTenantsMayNotGoIsNotEvenConnectedToAndItsTroubleTellsStrangersNothing() throws Exception {
        try (var permitted = new Listener("127.0.0.1"); var denied = new Listener("127.0.0.2")) {
            prowler.post(configMaps("kube-system"), Json.print(Json.object()
                    .<tools.jackson.databind.node.ObjectNode>set("metadata", Json.object().put("name", "authentication"))
                    .set("data", Json.object().put("authentication.yaml", """
                            apiVersion: apiserver.config.k8s.io/v1
                            kind: AuthenticationConfiguration
                            jwt:
                            - issuer: {url: "%s", audiences: [k]}
                              claimMappings: {username: {claim: sub, prefix: "o:"}}
                            - issuer: {url: "%s", audiences: [k]}
                              claimMappings: {username: {claim: sub, prefix: "o:"}}
                            """.formatted(permitted.url(), denied.url()))))).expect(201);
            for (var issuer : List.of(permitted, denied)) {
                var token = token(issuer.url());
                var there = asked("/tenants/prowler/api/v1/namespaces", token);
                var nowhere = asked("/tenants/nobody/api/v1/namespaces", token);
                assertThat(there.code()).isEqualTo(401);
                assertThat(there.text()).isEqualTo(nowhere.text());
                assertThat(nowhere.code()).isEqualTo(401);
            }
            await().untilAsserted(() -> assertThat(permitted.came.get()).isPositive());
            assertThat(denied.came.get()).isZero();
        }
    }

    private static String token(String issuer) throws Exception {
        var jwt = new SignedJWT(new JWSHeader(JWSAlgorithm.ES256), new JWTClaimsSet.Builder()
                .issuer(issuer).audience("k").subject("mallory").expirationTime(Date.from(Instant.now().plusSeconds(300))).build());
        jwt.sign(new ECDSASigner(new ECKeyGenerator(Curve.P_256).generate()));
        return jwt.serialize();
    }

    private Cluster.Reply asked(String path, String token) {
        var stranger = cluster.anonymous();
        return stranger.send(stranger.request(path).header("Authorization", "Bearer " + token).GET().build());
    }

    @Test
    void theAuditLogOfATenantHoldsNothingOfAnother() {
        var prey = cluster.client("prey", "alice-of-prey", "system:masters");
        prey.post(configMaps("default"), configMap("audited-of-prey", "1")).expect(201);
        prowler.get("/tenants/prey/api/v1/configmaps").expect(404);
        prowler.post(configMaps("default"), configMap("audited-own", "1")).expect(201);
        await().untilAsserted(() -> assertThat(prowler.get("/audit?limit=10000").expect(200).text()).contains("audited-own"));
        await().untilAsserted(() -> assertThat(admin.get("/audit?limit=10000").expect(200).text()).contains("audited-of-prey"));
        for (var path : List.of("/audit?limit=10000", "/audit?limit=10000&user=alice-of-prey", "/tenants/prowler/audit?limit=10000")) {
            var lines = prowler.get(path).expect(200).text();
            assertThat(lines).doesNotContain("audited-of-prey", "alice-of-prey\"");
            lines.lines().forEach(line -> assertThat(Json.string(Json.readObject(line), "annotations", "hypernetes.io/tenant")).isEqualTo("prowler"));
        }
        prowler.get("/tenants/prey/audit").expect(404);
        prowler.get("/tenants/*/audit").expect(404);
    }
}
