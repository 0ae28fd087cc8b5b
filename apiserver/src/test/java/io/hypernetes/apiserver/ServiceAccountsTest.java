package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.objects.Json;
import java.math.BigInteger;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.security.AlgorithmParameters;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.util.Base64;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

class ServiceAccountsTest extends ClusterTest {
    private static final String ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts";
    private static final String REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews";
    private static final String SELF = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    private static final String PLACE = "/var/run/secrets/kubernetes.io/serviceaccount";

    private Cluster.Client green;
    private Cluster.Client blue;

    @BeforeAll
    void tenants() {
        for (var name : new String[] {"green", "blue"}) {
            admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant(name)).expect(201);
        }
        green = cluster.client("green", "gina", "system:masters");
        blue = cluster.client("blue", "bert", "system:masters");
    }

    @Test
    void everyNamespaceHasItsAccountAndCertificateFromTheFirstMomentAndGetsThemBack() {
        green.get(ACCOUNTS + "/default").expect(200);
        green.post("/api/v1/namespaces", "{\"metadata\":{\"generateName\":\"fresh-\"}}").expect(201);
        var name = ObjectsTest.names(green.get("/api/v1/namespaces").json()).stream()
                .filter(namespace -> namespace.startsWith("fresh-"))
                .findFirst()
                .orElseThrow();
        var accounts = "/api/v1/namespaces/" + name + "/serviceaccounts";
        var first = green.get(accounts + "/default").expect(200).at("metadata", "uid");
        var certificate = configMaps(name) + "/kube-root-ca.crt";
        assertThat(green.get(certificate).expect(200).at("data", "ca.crt")).startsWith("-----BEGIN CERTIFICATE-----");

        green.delete(accounts + "/default").expect(200);
        await().untilAsserted(() ->
                assertThat(green.get(accounts + "/default").expect(200).at("metadata", "uid")).isNotEqualTo(first));
        green.patch(certificate, "application/merge-patch+json", "{\"data\":{\"ca.crt\":\"mine\",\"more\":\"x\"}}").expect(200);
        await().untilAsserted(() -> assertThat(green.get(certificate).json().path("data").size()).isEqualTo(1));
        assertThat(green.get(certificate).at("data", "ca.crt")).startsWith("-----BEGIN CERTIFICATE-----");
    }

    @Test
    void aPodFindsItsTokenUnlessItOrItsAccountWantsNone() {
        green.post(ACCOUNTS, """
                {"metadata":{"name":"silent"},"automountServiceAccountToken":false,"imagePullSecrets":[{"name":"pull"}]}""")
                .expect(201);
        var plain = green.post(pods("default"), Cluster.pod("plain")).expect(201).json();
        var volume = Json.objects(plain.path("spec"), "volumes").getFirst();
        assertThat(Json.string(volume, "name")).matches("kube-api-access-[a-z0-9]{5}");
        assertThat(volume.path("projected").path("sources").size()).isEqualTo(3);
        var mount = Json.objects(Json.objects(plain.path("spec"), "containers").getFirst(), "volumeMounts").getFirst();
        assertThat(Json.string(mount, "mountPath")).isEqualTo(PLACE);
        assertThat(Json.string(mount, "name")).isEqualTo(Json.string(volume, "name"));
        assertThat(Json.flag(mount, "readOnly")).isTrue();

        var silent = green.post(pods("default"), Cluster.pod("silent").replace("\"spec\":{", "\"spec\":{\"serviceAccountName\":\"silent\","))
                .expect(201).json();
        assertThat(silent.path("spec").path("volumes").size()).isZero();
        assertThat(Json.objects(silent.path("spec"), "imagePullSecrets")).hasSize(1);
        var loud = green.post(pods("default"), Cluster.pod("loud").replace(
                        "\"spec\":{", "\"spec\":{\"serviceAccountName\":\"silent\",\"automountServiceAccountToken\":true,"))
                .expect(201).json();
        assertThat(loud.path("spec").path("volumes").size()).isEqualTo(1);
        assertThat(green.post(pods("default"), Cluster.pod("lost").replace("\"spec\":{", "\"spec\":{\"serviceAccountName\":\"none\","))
                        .expect(403).at("message"))
                .isEqualTo("pods \"lost\" is forbidden: error looking up service account default/none: serviceaccount \"none\" not found");
    }

    @Test
    void aTokenSaysWhoseItIsAndAnybodyCanCheckIt() throws Exception {
        var token = token(green, "default", "{}");
        var claims = claims(token);
        assertThat(Json.string(claims, "sub")).isEqualTo("system:serviceaccount:default:default");
        assertThat(Json.string(claims, "iss")).isEqualTo("https://kubernetes.default.svc.cluster.local/tenants/green");
        assertThat(Json.number(claims, 0, "exp") - Json.number(claims, 0, "iat")).isEqualTo(3600);

        var who = self(token, 201).json().path("status").path("userInfo");
        assertThat(Json.string(who, "username")).isEqualTo("system:serviceaccount:default:default");
        assertThat(Json.string(who, "uid")).isEqualTo(green.get(ACCOUNTS + "/default").at("metadata", "uid"));
        assertThat(who.path("groups").toString())
                .isEqualTo("[\"system:serviceaccounts\",\"system:serviceaccounts:default\",\"system:authenticated\"]");

        var configuration = green.get("/.well-known/openid-configuration").expect(200);
        assertThat(configuration.at("issuer")).isEqualTo(Json.string(claims, "iss"));
        assertThat(configuration.at("jwks_uri")).isEqualTo(Json.string(claims, "iss") + "/openid/v1/jwks");
        var key = green.get("/openid/v1/jwks").expect(200).json().path("keys").path(0);
        assertThat(signedBy((ObjectNode) key, token)).isTrue();
        assertThat(signedBy((ObjectNode) blue.get("/openid/v1/jwks").json().path("keys").path(0), token)).isFalse();
    }

    @Test
    void aTokenOfOneTenantIsNothingInAnother() {
        var token = token(green, "default", "{}");
        bearer("/tenants/green/api", token).expect(200);
        assertThat(bearer("/tenants/blue/api", token).expect(404).text())
                .isEqualTo(bearer("/tenants/none/api", token).expect(404).text().replace("none", "blue"));
        bearer("/tenants/*/api/v1/pods", token).expect(404);
        assertThat(Json.flag(review(green, token, ""), "authenticated")).isTrue();
        assertThat(Json.flag(review(blue, token, ""), "authenticated")).isFalse();
        assertThat(Json.flag(review(admin, token, ""), "authenticated")).isFalse();

        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("brief")).expect(201);
        var brief = cluster.client("brief", "bo", "system:masters");
        var orphan = token(brief, "default", "{}");
        self(orphan, 201);
        admin.patch("/apis/hypernetes.io/v1/tenants/brief", "application/merge-patch+json", "{\"metadata\":{\"finalizers\":null}}").expect(200);
        admin.delete("/apis/hypernetes.io/v1/tenants/brief").expect(200);
        self(orphan, 401);
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("brief")).expect(201);
        self(orphan, 401);
    }

    @Test
    void aTokenIsForItsAudience() {
        var vault = token(green, "default", "{\"audiences\":[\"vault\",\"other\"]}");
        self(vault, 401);
        assertThat(Json.flag(review(green, vault, ""), "authenticated")).isFalse();
        var good = review(green, vault, "\"vault\",\"third\"");
        assertThat(Json.flag(good, "authenticated")).isTrue();
        assertThat(good.path("audiences").toString()).isEqualTo("[\"vault\"]");
    }

    @Test
    void whoTampersIsNobody() {
        var parts = token(green, "default", "{}").split("\\.");
        var claims = Json.readObject(Base64.getUrlDecoder().decode(parts[1]));
        claims.put("sub", "system:serviceaccount:kube-system:default");
        var other = encode(Json.print(claims));
        self(parts[0] + "." + other + "." + parts[2], 401);
        self(encode("{\"alg\":\"none\"}") + "." + parts[1] + ".", 401);
        self(encode("{\"alg\":\"none\",\"kid\":\"" + Json.string(Json.readObject(Base64.getUrlDecoder().decode(parts[0])), "kid") + "\"}")
                + "." + parts[1] + "." + parts[2], 401);
        self(parts[0] + "." + parts[1] + "." + encode("x".repeat(64)), 401);
        self("a.b.c", 401);
        self("x".repeat(20_000) + ".b.c", 401);
    }

    @Test
    void aTokenDiesWithWhatItIsBoundTo() {
        green.post(ACCOUNTS, "{\"metadata\":{\"name\":\"mortal\"}}").expect(201);
        var pod = green.post(pods("default"), Cluster.pod("bound").replace("\"spec\":{", "\"spec\":{\"serviceAccountName\":\"mortal\","))
                .expect(201).at("metadata", "uid");
        var reference = "{\"boundObjectRef\":{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"bound\",\"uid\":\"%s\"}}";
        var account = token(green, "mortal", "{}");
        var bound = token(green, "mortal", reference.formatted(pod));
        assertThat(self(bound, 201).json().path("status").path("userInfo").path("extra").path("authentication.kubernetes.io/pod-name").toString())
                .isEqualTo("[\"bound\"]");
        assertThat(request(green, "mortal", reference.formatted("another")).expect(409).at("reason")).isEqualTo("Conflict");
        assertThat(request(green, "default", reference.formatted(pod)).expect(400).at("message")).contains("different serviceaccount name");
        request(green, "mortal", "{\"boundObjectRef\":{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"absent\"}}").expect(404);
        request(green, "absent", "{}").expect(404);
        assertThat(request(green, "mortal", "{\"expirationSeconds\":599}").expect(422).at("message"))
                .contains("may not specify a duration less than 10 minutes");

        green.delete(pods("default") + "/bound").expect(200);
        self(bound, 401);
        self(account, 201);
        green.delete(ACCOUNTS + "/mortal").expect(200);
        self(account, 401);
        green.post(ACCOUNTS, "{\"metadata\":{\"name\":\"mortal\"}}").expect(201);
        self(account, 401);
    }

    @Test
    void aSecretMayHoldATokenThatEndsWithIt() {
        var secrets = "/api/v1/namespaces/default/secrets";
        var secret = "{\"metadata\":{\"name\":\"kept\",\"annotations\":{\"kubernetes.io/service-account.name\":\"%s\"}},\"type\":\"kubernetes.io/service-account-token\"}";
        var made = green.post(secrets, secret.formatted("default")).expect(201);
        var token = new String(Base64.getDecoder().decode(made.at("data", "token")), StandardCharsets.UTF_8);
        assertThat(new String(Base64.getDecoder().decode(made.at("data", "namespace")), StandardCharsets.UTF_8)).isEqualTo("default");
        self(token, 201);
        green.delete(secrets + "/kept").expect(200);
        self(token, 401);
        green.post(secrets, secret.formatted("default")).expect(201);
        self(token, 401);
    }

    @Test
    void aSecretWhoseAccountIsNotThereHasNoTokenUntilItComes() {
        var secrets = "/api/v1/namespaces/default/secrets";
        var secret = "{\"metadata\":{\"name\":\"early\",\"annotations\":{\"kubernetes.io/service-account.name\":\"late\"%s}},\"type\":\"kubernetes.io/service-account-token\"}";
        assertThat(green.post(secrets, secret.formatted("")).expect(201).json().has("data")).isFalse();
        var uid = green.post(ACCOUNTS, "{\"metadata\":{\"name\":\"late\"}}").expect(201).at("metadata", "uid");
        var filled = green.put(secrets + "/early", secret.formatted("")).expect(200);
        assertThat(filled.at("metadata", "annotations", "kubernetes.io/service-account.uid")).isEqualTo(uid);
        self(new String(Base64.getDecoder().decode(filled.at("data", "token")), StandardCharsets.UTF_8), 201);
        assertThat(green.put(secrets + "/early", filled.text()).expect(200).at("data", "token")).isEqualTo(filled.at("data", "token"));
        var another = secret.formatted(",\"kubernetes.io/service-account.uid\":\"another\"").replace("early", "other");
        assertThat(green.post(secrets, another).expect(201).json().has("data")).isFalse();
    }

    @Test
    void aNodeGetsTokensForItsPodsOnly() {
        for (var name : new String[] {"n1", "n2"}) {
            admin.post("/api/v1/nodes", "{\"metadata\":{\"name\":\"" + name + "\"}}").expect(201);
        }
        green.post(pods("default"), Cluster.pod("here")).expect(201);
        var scheduler = cluster.client("root", "system:kube-scheduler");
        scheduler.post("/tenants/green" + pods("default") + "/here/binding",
                "{\"metadata\":{\"name\":\"here\"},\"target\":{\"kind\":\"Node\",\"name\":\"n1\"}}").expect(201);
        var reference = "{\"audiences\":[%s],\"boundObjectRef\":{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"here\"}}";
        var mine = cluster.client("root", "system:node:n1", "system:nodes").in("green");
        var other = cluster.client("root", "system:node:n2", "system:nodes").in("green");
        var token = request(mine, "default", reference.formatted("")).expect(201).at("status", "token");
        assertThat(Json.string(claims(token), "kubernetes.io", "node", "name")).isEqualTo("n1");
        self(token, 201);
        request(other, "default", reference.formatted("")).expect(403);
        request(mine, "default", "{}").expect(403);
        request(mine, "absent", "{}").expect(403);
        request(mine, "default", reference.formatted("\"vault\"")).expect(403);
        mine.get(ACCOUNTS).expect(403);
    }

    private static Cluster.Reply request(Cluster.Client client, String account, String spec) {
        return client.post(
                ACCOUNTS + "/" + account + "/token",
                "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenRequest\",\"spec\":" + spec + "}");
    }

    private static String token(Cluster.Client client, String account, String spec) {
        return request(client, account, spec).expect(201).at("status", "token");
    }

    private Cluster.Reply bearer(String path, String token) {
        var nobody = cluster.anonymous();
        return nobody.send(nobody.request(path).header("Authorization", "Bearer " + token).GET().build());
    }

    private Cluster.Reply self(String token, int code) {
        var nobody = cluster.anonymous();
        return nobody.send(nobody.request(SELF)
                        .header("Authorization", "Bearer " + token)
                        .POST(HttpRequest.BodyPublishers.ofString("{}"))
                        .build())
                .expect(code);
    }

    private static ObjectNode review(Cluster.Client client, String token, String audiences) {
        return (ObjectNode) client.post(REVIEWS, "{\"spec\":{\"token\":\"" + token + "\",\"audiences\":[" + audiences + "]}}")
                .expect(201).json().get("status");
    }

    private static ObjectNode claims(String token) {
        return Json.readObject(Base64.getUrlDecoder().decode(token.split("\\.")[1]));
    }

    private static String encode(String text) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private static boolean signedBy(ObjectNode key, String token) throws Exception {
        var parameters = AlgorithmParameters.getInstance("EC");
        parameters.init(new ECGenParameterSpec("secp256r1"));
        var point = new ECPoint(number(key, "x"), number(key, "y"));
        var signature = Signature.getInstance("SHA256withECDSAinP1363Format");
        signature.initVerify(KeyFactory.getInstance("EC")
                .generatePublic(new ECPublicKeySpec(point, parameters.getParameterSpec(ECParameterSpec.class))));
        signature.update(token.substring(0, token.lastIndexOf('.')).getBytes(StandardCharsets.US_ASCII));
        return signature.verify(Base64.getUrlDecoder().decode(token.substring(token.lastIndexOf('.') + 1)));
    }

    private static BigInteger number(ObjectNode key, String name) {
        return new BigInteger(1, Base64.getUrlDecoder().decode(Json.string(key, name)));
    }
}
