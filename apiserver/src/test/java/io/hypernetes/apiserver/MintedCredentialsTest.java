package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.identity.local.LocalToken;
import io.hypernetes.identity.local.LocalUser;
import io.hypernetes.identity.local.PasswordHash;
import io.hypernetes.objects.Json;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The administrator of a tenant mints credentials: those that are objects of the operator's cluster are nothing but objects in a tenant.
class MintedCredentialsTest extends ClusterTest {
    private static final String SECRETS = "/api/v1/namespaces/kube-system/secrets";
    private static final List<String> ANYWHERE =
            List.of("", "/tenants/root", "/tenants/prey", "/tenants/prowler", "/tenants/*", "/tenants/nobody");

    private Cluster.Client prowler;
    private String preyUid;

    @BeforeAll
    void tenants() {
        for (var name : List.of("prey", "prowler")) {
            admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant(name)).expect(201);
        }
        preyUid = admin.get("/apis/hypernetes.io/v1/tenants/prey").expect(200).at("metadata", "uid");
        prowler = cluster.client("prowler", "mallory", "system:masters");
    }

    private static String secret(String name, String type, Map<String, String> data) {
        var secret = Json.object().put("apiVersion", "v1").put("kind", "Secret").put("type", type);
        secret.putObject("metadata").put("name", name);
        var texts = secret.putObject("stringData");
        data.forEach(texts::put);
        return Json.print(secret);
    }

    private Cluster.Reply with(String authorization, String method, String path) {
        var nobody = cluster.anonymous();
        return nobody.send(nobody.request(path).header("Authorization", authorization).method(method, HttpRequest.BodyPublishers.noBody()).build());
    }

    private void opensNothing(String token) {
        for (var tenant : ANYWHERE) {
            for (var path : List.of("/api/v1/namespaces", "/api/v1/secrets", "/apis/certificates.k8s.io/v1/certificatesigningrequests", "/version")) {
                with("Bearer " + token, "GET", tenant + path).expect(401);
            }
        }
        with("Bearer " + token, "POST", "/apis/certificates.k8s.io/v1/certificatesigningrequests").expect(401);
        with("Bearer " + token, "GET", "/login/self").expect(401);
        with("Bearer " + token, "POST", "/login/renew").expect(401);
        // Nor is it known to be anybody's.
        var review = "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenReview\",\"spec\":{\"token\":\"" + token + "\"}}";
        for (var tenant : List.of("root", "prey", "prowler")) {
            var answer = admin.post("/tenants/" + tenant + "/apis/authentication.k8s.io/v1/tokenreviews", review).expect(201);
            assertThat(answer.json().path("status").path("authenticated").asBoolean(false)).as(tenant).isFalse();
        }
    }

    @Test
    void bootstrapTokensOfATenantLetNobodyJoin() {
        prowler.post(SECRETS, secret("bootstrap-token-bbbbbb", "bootstrap.kubernetes.io/token", Map.of(
                        "token-id", "bbbbbb",
                        "token-secret", "0123456789abcdef",
                        "usage-bootstrap-authentication", "true",
                        "usage-bootstrap-signing", "true",
                        "auth-extra-groups", "system:bootstrappers:masters",
                        "expiration", "2999-01-01T00:00:00Z"))).expect(201);
        opensNothing("bbbbbb.0123456789abcdef");
    }

    @Test
    void usersOfATenantCannotLogIn() {
        var password = "correct horse";
        var hash = PasswordHash.of(password.toCharArray(), new SecureRandom());
        var user = new LocalUser("olga", hash, "g1", false, Map.of())
                .in("root", "", List.of("system:masters"))
                .in("prey", preyUid, List.of("system:masters"))
                .in("prowler", "", List.of("system:masters"));
        prowler.post(SECRETS, secret(LocalUser.secretOf("olga"), LocalUser.TYPE, user.data())).expect(201);
        var basic = "Basic " + Base64.getEncoder().encodeToString(("olga:" + password).getBytes(StandardCharsets.UTF_8));
        for (var tenant : ANYWHERE) {
            with(basic, "GET", tenant + "/api/v1/namespaces").expect(401);
        }
        var body = "{\"user\":\"olga\",\"password\":\"" + password + "\"}";
        cluster.anonymous().post("/login", body).expect(401);
        for (var tenant : ANYWHERE.subList(1, ANYWHERE.size())) {
            assertThat(cluster.anonymous().post(tenant + "/login", body).code()).as(tenant).isBetween(400, 404);
        }
        // Who is the operator's is another of that name.
        admin.post(SECRETS, secret(LocalUser.secretOf("olga"), LocalUser.TYPE, new LocalUser("olga", PasswordHash.of("another one".toCharArray(), new SecureRandom()), "g1", false, Map.of())
                .in("prey", preyUid, List.of()).data())).expect(201);
        cluster.anonymous().post("/login", body).expect(401);
        cluster.anonymous().post("/login", body.replace(password, "another one")).expect(200);
    }

    @Test
    void tokensOfATenantAreNobodys() {
        var theirs = admin.post(SECRETS, secret(LocalUser.secretOf("oscar"), LocalUser.TYPE, new LocalUser("oscar", "none", "g1", false, Map.of())
                .in("root", "", List.of("system:masters"))
                .in("prey", preyUid, List.of("system:masters")).data())).expect(201).at("metadata", "uid");
        var end = Instant.ofEpochSecond(Instant.now().getEpochSecond() + 3600);
        for (boolean session : List.of(true, false)) {
            var text = LocalToken.Text.generate("oscar", new SecureRandom());
            var token = new LocalToken("oscar", theirs, text.id(), text.hash(), session, "g1", end, end, "");
            prowler.post(SECRETS, secret(LocalToken.secretOf("oscar", text.id()), LocalToken.TYPE, token.data())).expect(201);
            opensNothing(text.text());
        }
    }

    /// Its tokens for service accounts it mints as it likes, also for names of the operator's: they are of its own tenant.
    @Test
    void tokensOfServiceAccountsWithNamesOfTheOperatorsStayAtHome() {
        prowler.post("/api/v1/namespaces/kube-system/serviceaccounts", "{\"metadata\":{\"name\":\"kube-controller-manager\"}}").expect(201);
        prowler.post("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", """
                {"metadata":{"name":"all"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},
                 "subjects":[{"kind":"Group","apiGroup":"rbac.authorization.k8s.io","name":"system:serviceaccounts"}]}""").expect(201);
        for (var audiences : List.of("", "\"audiences\":[\"https://kubernetes.default.svc\"]")) {
            var answer = prowler.post("/api/v1/namespaces/kube-system/serviceaccounts/kube-controller-manager/token", "{\"spec\":{" + audiences + "}}").expect(201);
            var bearer = "Bearer " + answer.at("status", "token");
            for (var tenant : List.of("/tenants/root", "/tenants/prey", "/tenants/*", "/tenants/nobody")) {
                assertThat(with(bearer, "GET", tenant + "/api/v1/secrets").code()).as(tenant).isIn(401, 404);
            }
        }
    }
}
