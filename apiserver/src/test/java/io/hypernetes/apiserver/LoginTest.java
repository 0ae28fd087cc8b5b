package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.identity.CertificateSpec;
import io.hypernetes.identity.local.LocalToken;
import io.hypernetes.identity.local.LocalUser;
import io.hypernetes.identity.local.PasswordHash;
import io.hypernetes.objects.Json;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// People whom the operator keeps: how they log in, where they are at home, and how all of that ends.
class LoginTest extends ClusterTest {
    private static final String SECRETS = "/api/v1/namespaces/kube-system/secrets";
    private static final String PASSWORD = "correct horse";
    private static final String HASH = PasswordHash.of(PASSWORD.toCharArray(), new SecureRandom());
    private static final String WHOAMI = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    private static final String ASK = "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"SelfSubjectReview\"}";

    @BeforeAll
    void tenants() {
        for (var name : List.of("acme", "blue", "cyan")) {
            admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant(name)).expect(201);
        }
    }

    @Test
    void onePersonWorksInSeveralTenantsWithOneLogin() {
        user("alice", "acme", List.of("developers"), "blue", List.of("system:masters"));
        var token = login("alice", PASSWORD).expect(200);
        assertThat(token.json().path("tenants").toString()).isEqualTo("[\"acme\",\"blue\"]");
        assertThat(token.http().headers().firstValue("Cache-Control")).contains("no-store");
        var alice = bearer(token.at("token"));
        var home = alice.post(WHOAMI, ASK).expect(201);
        assertThat(Json.string(home.json(), "status", "userInfo", "username")).isEqualTo("alice");
        assertThat(home.json().path("status").path("userInfo").path("groups").toString()).isEqualTo("[\"developers\",\"system:authenticated\"]");
        alice.get("/api/v1/namespaces").expect(403);
        alice.get("/tenants/blue/api/v1/namespaces").expect(200);
        assertThat(alice.get("/tenants/cyan/api/v1/namespaces").expect(404).text().replace("cyan", "none"))
                .isEqualTo(alice.get("/tenants/none/api/v1/namespaces").expect(404).text());
        alice.get("/tenants/root/api/v1/nodes").expect(404);
        alice.get("/tenants/*/api/v1/pods").expect(404);
        var review = "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenReview\",\"spec\":{\"token\":\"" + token.at("token") + "\"}}";
        var reviews = "/apis/authentication.k8s.io/v1/tokenreviews";
        var known = admin.post("/tenants/acme" + reviews, review).expect(201);
        assertThat(known.json().path("status").path("authenticated").asBoolean()).isTrue();
        assertThat(known.at("status", "user", "username")).isEqualTo("alice");
        assertThat(admin.post("/tenants/cyan" + reviews, review).expect(201).text()).contains("invalid bearer token").doesNotContain("alice\"");
        assertThat(alice.get("/login/self").expect(200).json().path("tenants").toString()).isEqualTo("[\"acme\",\"blue\"]");
    }

    @Test
    void anOperatorMayBeAUser() {
        user("olga", "root", List.of("system:masters"), "acme", List.of());
        var olga = bearer(login("olga", PASSWORD).expect(200).at("token"));
        olga.get("/api/v1/nodes").expect(200);
        olga.get("/tenants/acme/api/v1/namespaces").expect(200);
    }

    @Test
    void aLoginEndsAtOnce() throws Exception {
        user("bob", "blue", List.of("system:masters"));
        var first = bearer(login("bob", PASSWORD).expect(200).at("token"));
        var second = bearer(login("bob", PASSWORD).expect(200).at("token"));
        first.get("/api/v1/namespaces").expect(200);
        first.post("/login/end", "").expect(200);
        first.get("/api/v1/namespaces").expect(401);
        second.get("/api/v1/namespaces").expect(200);
        var renewed = second.post("/login/renew", "").expect(200).at("token");
        bearer(renewed).get("/api/v1/namespaces").expect(200);
        change("bob", user -> user.withPassword(HASH, "g2"));
        bearer(renewed).get("/api/v1/namespaces").expect(401);
        second.post("/login/renew", "").expect(401);
        var third = bearer(login("bob", PASSWORD).expect(200).at("token"));
        change("bob", user -> user.withDisabled(true));
        third.get("/api/v1/namespaces").expect(401);
        login("bob", PASSWORD).expect(401);
        change("bob", user -> user.withDisabled(false));
        third.get("/api/v1/namespaces").expect(200);
        admin.delete(SECRETS + "/user-bob").expect(200);
        third.get("/api/v1/namespaces").expect(401);
        user("bob", "blue", List.of("system:masters"));
        third.get("/api/v1/namespaces").expect(401);
        cluster.restart();
    }

    @Test
    void aTokenOfAnOperatorEndsWhenItsTimeIsOverAndCannotBeRenewed() {
        var uid = user("robot", "acme", List.of("system:masters"));
        var good = token("robot", uid, Instant.now().plusSeconds(60));
        bearer(good).get("/api/v1/namespaces").expect(200);
        bearer(good).post("/login/renew", "").expect(401);
        bearer(token("robot", uid, Instant.now().minusSeconds(1))).get("/api/v1/namespaces").expect(401);
        bearer(good.substring(0, good.length() - 1) + (good.endsWith("A") ? "B" : "A")).get("/api/v1/namespaces").expect(401);
    }

    @Test
    void aTenantMadeAnewIsAnother() {
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("again")).expect(201);
        var uid = user("erin", "again", List.of("system:masters"), "acme", List.of());
        var erin = bearer(login("erin", PASSWORD).expect(200).at("token"));
        var certificate = CertificateSpec.client("erin", List.of(), Duration.ofHours(1)).withUid(uid + "/g1");
        erin.get("/tenants/again/api/v1/namespaces").expect(200);
        admin.delete("/apis/hypernetes.io/v1/tenants/again");
        admin.patch("/apis/hypernetes.io/v1/tenants/again", "application/merge-patch+json", "{\"metadata\":{\"finalizers\":null}}").expect(200);
        erin.get("/tenants/again/api/v1/namespaces").expect(404);
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("again")).expect(201);
        erin.get("/tenants/again/api/v1/namespaces").expect(404);
        assertThat(erin.get("/login/self").json().path("tenants").toString()).isEqualTo("[\"acme\"]");
        certified("again", certificate).get("/api/v1/namespaces").expect(401);
    }

    @Test
    void aCertificateOfAUserCountsAsLongAsTheUserDoes() {
        var uid = user("carol", "acme", List.of("system:masters"), "blue", List.of());
        var spec = CertificateSpec.client("carol", List.of("forged"), Duration.ofHours(1));
        var carol = certified("acme", spec.withUid(uid + "/g1"));
        carol.get("/api/v1/namespaces").expect(200);
        certified("blue", spec.withUid(uid + "/g1")).get("/api/v1/namespaces").expect(403);
        certified("cyan", spec.withUid(uid + "/g1")).get("/api/v1/namespaces").expect(401);
        certified("acme", spec.withUid("other/g1")).get("/api/v1/namespaces").expect(401);
        change("carol", user -> user.withPassword(HASH, "g2"));
        carol.get("/api/v1/namespaces").expect(401);
    }

    @Test
    void wrongPasswordsTellNothingAndAreSlowedDown() throws Exception {
        user("dave", "acme", List.of());
        var wrong = login("dave", "wrong password").expect(401);
        assertThat(wrong.text()).isEqualTo(login("nobody", "wrong password").expect(401).text()).doesNotContain("wrong password");
        int code = 0;
        for (int i = 0; i < 8 && code != 429; i++) {
            code = login("dave", "wrong password").code();
        }
        assertThat(code).isEqualTo(429);
        var slowed = login("dave", PASSWORD).expect(429);
        assertThat(slowed.http().headers().firstValueAsLong("Retry-After").orElse(0)).isBetween(1L, 10L);
        login("x", "\u0000").expect(401);
        cluster.anonymous().post("/login", "{\"user\":\"dave\",\"password\":\"secret horse").expect(400);
        cluster.anonymous().post("/login", "{\"user\":\"dave\",\"password\":\"" + "x".repeat(20_000) + "\"}").expect(413);
        cluster.anonymous().get("/login/other").expect(404);
        assertThat(cluster.anonymous().get("/login").expect(200).text()).contains("\"local\"");
        var audit = Files.readString(cluster.folder.resolve("audit.log"));
        assertThat(audit).contains("\"/login\"").doesNotContain("horse", "wrong password", HASH);
    }

    private Cluster.Reply login(String user, String password) {
        return cluster.anonymous().post("/login", Json.print(Json.object().put("user", user).put("password", password)));
    }

    private Cluster.Client bearer(String token) {
        return cluster.new Client(null, HttpClient.Version.HTTP_1_1) {
            @Override
            HttpRequest.Builder request(String path) {
                return super.request(path).header("Authorization", "Bearer " + token);
            }
        };
    }

    private Cluster.Client certified(String tenant, CertificateSpec spec) {
        return cluster.new Client(cluster.authorities.tenant(tenant).issue(spec), HttpClient.Version.HTTP_1_1);
    }

    private String user(String name, Object... memberships) {
        var user = new LocalUser(name, HASH, "g1", false, Map.of());
        for (int i = 0; i < memberships.length; i += 2) {
            var tenant = String.valueOf(memberships[i]);
            var uid = tenant.equals("root") ? "" : admin.get("/apis/hypernetes.io/v1/tenants/" + tenant).expect(200).at("metadata", "uid");
            user = user.in(tenant, uid, ((List<?>) memberships[i + 1]).stream().map(String::valueOf).toList());
        }
        return admin.post(SECRETS, secret(LocalUser.secretOf(name), LocalUser.TYPE, user.data())).expect(201).at("metadata", "uid");
    }

    private void change(String name, java.util.function.UnaryOperator<LocalUser> change) {
        var stored = admin.get(SECRETS + "/" + LocalUser.secretOf(name)).expect(200).json();
        var data = new LinkedHashMap<String, String>();
        stored.path("data").properties().forEach(field -> data.put(field.getKey(), new String(java.util.Base64.getDecoder().decode(field.getValue().asString()))));
        admin.put(SECRETS + "/" + LocalUser.secretOf(name), secret(LocalUser.secretOf(name), LocalUser.TYPE, change.apply(LocalUser.of(data)).data())).expect(200);
    }

    private String token(String user, String uid, Instant expires) {
        var text = LocalToken.Text.generate(user, new SecureRandom());
        var whole = Instant.ofEpochSecond(expires.getEpochSecond());
        var token = new LocalToken(user, uid, text.id(), text.hash(), false, "g1", whole, whole, "");
        admin.post(SECRETS, secret(LocalToken.secretOf(user, text.id()), LocalToken.TYPE, token.data())).expect(201);
        return text.text();
    }

    private static String secret(String name, String type, Map<String, String> data) {
        var secret = Json.object().put("apiVersion", "v1").put("kind", "Secret").put("type", type);
        secret.putObject("metadata").put("name", name);
        var texts = secret.putObject("stringData");
        data.forEach(texts::put);
        return Json.print(secret);
    }
}
