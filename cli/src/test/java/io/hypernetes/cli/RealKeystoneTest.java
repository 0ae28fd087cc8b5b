package io.hypernetes.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.hypernetes.apiserver.ApiServer;
import io.hypernetes.apiserver.ApiServerSettings;
import io.hypernetes.apiserver.login.Logins;
import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.identity.Authorities;
import io.hypernetes.identity.CertificateSpec;
import io.hypernetes.identity.Pem;
import io.hypernetes.identity.Tls;
import io.hypernetes.identity.keystone.KeystoneTokens;
import io.hypernetes.objects.Json;
import io.hypernetes.openstack.Keystone;
import io.hypernetes.openstack.KeystoneLogin;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/// A real Keystone stands for people and tenants, asked with the stock kubectl. Not a part of `./test`: starting Keystone takes too long.
/// `-Dkeystone.env=FILE` names what `integration/openstack/keystone up` has written; see CONTRIBUTING.md.
@EnabledIfSystemProperty(named = "keystone.env", matches = ".+")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RealKeystoneTest {
    private static final Duration OUTAGE = Duration.ofMinutes(5);

    @TempDir
    private static Path folder;

    private final Properties secrets = new Properties();
    private final HttpClient http = HttpClient.newHttpClient();
    /// The server's clock can be put forward: what it remembers of Keystone's answers ages by it. Keystone's own goes on as ever.
    private volatile Duration ahead = Duration.ZERO;
    private PersonsMachine machine;
    private Path script;
    private String keystone = "";
    private String admin = "";
    private String red = "";
    private String blue = "";
    private String tenants = "";
    private String alice = "";
    private EmbeddedStore store;
    private ApiServer server;
    private Client operator;
    private String url = "";
    private Path trust;

    @BeforeAll
    void start() throws Exception {
        machine = new PersonsMachine(folder);
        script = Path.of("..", "integration/openstack/keystone").toRealPath();
        try (var reader = Files.newBufferedReader(Path.of(System.getProperty("keystone.env")))) {
            secrets.load(reader);
        }
        keystone = secrets.getProperty("KEYSTONE_URL");
        admin = token("""
                {"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"admin","domain":{"id":"default"},"password":"%s"}}},
                 "scope":{"project":{"name":"admin","domain":{"id":"default"}}}}}""".formatted(secrets.getProperty("ADMIN_PASSWORD")));
        tenants = made("domain", "domains", "name=tenants", "{\"name\":\"tenants\"}");
        red = project("red", tenants);
        blue = project("blue", tenants);
        String service = project("service", "default");
        alice = user("alice", tenants, "ALICE_PASSWORD");
        String bob = user("bob", tenants, "BOB_PASSWORD");
        String ours = user("hypernetes", "default", "SERVICE_PASSWORD");
        call("PUT", "/projects/" + service + "/users/" + ours + "/roles/" + role("service"), null);
        call("PUT", "/projects/" + red + "/users/" + alice + "/roles/" + role("member"), null);
        call("PUT", "/projects/" + blue + "/users/" + alice + "/roles/" + role("admin"), null);
        call("PUT", "/projects/" + blue + "/users/" + bob + "/roles/" + role("member"), null);

        Authorities authorities = Authorities.open(folder.resolve("pki"), Clock.systemUTC(), new SecureRandom());
        trust = Files.writeString(folder.resolve("ca.pem"), Pem.encode(authorities.root().certificate()));
        store = EmbeddedStore.open(folder.resolve("store"), EmbeddedSettings.defaults());
        InstantSource source = () -> Instant.now().plus(ahead);
        server = ApiServer.start(
                ApiServerSettings.at(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0))
                        .withAudit(folder.resolve("audit.log"))
                        .withLogins(new Logins(List.of(), new Logins.KeystoneAccess(URI.create(keystone), null, URI.create(keystone), new KeystoneTokens.Settings(
                                new KeystoneLogin.Password("hypernetes", "Default", secrets.getProperty("SERVICE_PASSWORD")),
                                new Keystone.Scope.ProjectName("service", "Default"), Set.of("admin"), OUTAGE)))),
                store,
                authorities,
                source.withZone(ZoneOffset.UTC));
        url = "https://127.0.0.1:" + server.address().getPort();
        operator = new Client(URI.create(url), Tls.client(authorities.root().certificate(),
                authorities.root().issue(CertificateSpec.client("operator", List.of("system:masters"), Duration.ofHours(1)))), "test");
        tenant("red", red);
        tenant("blue", blue);
    }

    @AfterAll
    void stop() {
        operator.close();
        server.close();
        store.close();
    }

    @Test
    @Order(1)
    void aPasswordLogsInToAProjectAndNothingOfItIsKept() throws Exception {
        Path home = folder.resolve("alice");
        var done = machine.hypernetes(home, secrets.getProperty("ALICE_PASSWORD"), "login", url, "--keystone", "--user", "alice", "--user-domain", "tenants", "--project", "red",
                "--password-stdin", "--certificate-authority", trust.toString());
        assertThat(done.ok()).contains("kubeconfig");
        assertThat(machine.kubectl(home, "auth", "whoami").ok()).contains("keystone:tenants/alice", "keystone:member", "keystone:reader", alice).doesNotContain("system:masters");
        assertThat(machine.kubectl(home, "get", "namespaces").err()).contains("User \"keystone:tenants/alice\" cannot list resource \"namespaces\"");
        String saved = Files.readString(home.resolve("logins/keystone_tenants_alice@hypernetes.json"));
        assertThat(saved).doesNotContain(secrets.getProperty("ALICE_PASSWORD"));
        // The other project's tenant is like one that does not exist.
        assertThat(machine.kubectl(home, "--server", url + "/tenants/blue", "get", "namespaces").err()).contains("the server could not find the requested resource");
        assertThat(machine.hypernetes(home, "wrong-password-of-hers", "login", url, "--keystone", "--user", "alice", "--user-domain", "tenants", "--project", "red",
                        "--password-stdin", "--certificate-authority", trust.toString()).err())
                .contains("requires authentication").doesNotContain("wrong-password-of-hers");
    }

    @Test
    @Order(2)
    void anotherProjectIsAnotherTenantWithOtherRoles() throws Exception {
        Path home = folder.resolve("blue");
        machine.hypernetes(home, Map.of("OS_AUTH_URL", keystone, "OS_USERNAME", "alice", "OS_USER_DOMAIN_NAME", "tenants", "OS_PASSWORD", secrets.getProperty("ALICE_PASSWORD"),
                "OS_PROJECT_NAME", "blue", "OS_PROJECT_DOMAIN_NAME", "tenants"), "", "login", url, "--keystone", "--certificate-authority", trust.toString()).ok();
        assertThat(machine.kubectl(home, "auth", "whoami").ok()).contains("system:masters", "keystone:admin");
        machine.kubectl(home, "get", "namespaces").ok();
    }

    @Test
    @Order(3)
    void anApplicationCredentialLogsInByItselfUntilItIsDeleted() throws Exception {
        String own = token(scoped("alice", "ALICE_PASSWORD", "red"));
        ObjectNode credential = call(own, "POST", "/users/" + alice + "/application_credentials", "{\"application_credential\":{\"name\":\"kube-%d\",\"roles\":[{\"name\":\"reader\"}]}}"
                .formatted(System.nanoTime()));
        String id = Json.string(credential, "application_credential", "id");
        Path home = folder.resolve("credential");
        machine.hypernetes(home, Map.of("OS_AUTH_URL", keystone, "OS_APPLICATION_CREDENTIAL_ID", id, "OS_APPLICATION_CREDENTIAL_SECRET", Json.string(credential, "application_credential", "secret")),
                "", "login", url, "--keystone", "--certificate-authority", trust.toString()).ok();
        assertThat(machine.kubectl(home, "auth", "whoami").ok()).contains("keystone:reader").doesNotContain("keystone:member");
        // The token that is kept is nearly over: the next one comes without anybody being asked.
        Path login = home.resolve("logins/keystone_tenants_alice@hypernetes.json");
        SavedLogin before = SavedLogin.read(login);
        before.with(before.token(), Instant.now().plusSeconds(5), before.more()).save(login);
        machine.kubectl(home, "auth", "whoami").ok();
        assertThat(SavedLogin.read(login).token()).isNotEqualTo(before.token());
        call(own, "DELETE", "/users/" + alice + "/application_credentials/" + id, null);
        ahead = ahead.plusSeconds(11);
        assertThat(machine.kubectl(home, "auth", "whoami").err()).contains("You must be logged in");
    }

    @Test
    @Order(4)
    void whatKeystoneEndsEndsWithinSeconds() throws Exception {
        String token = token(scoped("bob", "BOB_PASSWORD", "blue"));
        assertThat(status(token, "blue")).isEqualTo(200);
        call("PATCH", "/projects/" + blue, "{\"project\":{\"enabled\":false}}");
        ahead = ahead.plusSeconds(11);
        assertThat(status(token, "blue")).isEqualTo(401);
        call("PATCH", "/projects/" + blue, "{\"project\":{\"enabled\":true}}");
        ahead = ahead.plusSeconds(11);
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> status(token, "blue") == 200);
        try (Keystone plain = new Keystone(URI.create(keystone), null, Duration.ofSeconds(10))) {
            plain.revoke(token, token);
        }
        ahead = ahead.plusSeconds(11);
        assertThat(status(token, "blue")).isEqualTo(401);
        assertThat(status("gAAAAA" + "x".repeat(150), "blue")).isEqualTo(401);
        String unscoped = token("{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":\"bob\",\"domain\":{\"name\":\"tenants\"},\"password\":\"%s\"}}}}}"
                .formatted(secrets.getProperty("BOB_PASSWORD")));
        assertThat(status(unscoped, "blue")).as("a token for no project is nobody's here").isEqualTo(401);
    }

    @Test
    @Order(5)
    void aTokenOfOursThatKeystoneForgetsIsReplaced() throws Exception {
        String token = token(scoped("alice", "ALICE_PASSWORD", "red"));
        assertThat(status(token, "red")).isEqualTo(200);
        // A new password of the service user ends its tokens; the same again lets it log in anew.
        String ours = Json.string(Json.objects(call("GET", "/users?name=hypernetes", null), "users").getFirst(), "id");
        call("PATCH", "/users/" + ours, "{\"user\":{\"password\":\"%s\"}}".formatted(secrets.getProperty("SERVICE_PASSWORD")));
        ahead = ahead.plusSeconds(11);
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> status(token, "red") == 200);
    }

    @Test
    @Order(6)
    void whileKeystoneIsAwayWhoWasSeenGoesOn() throws Exception {
        String seen = token(scoped("alice", "ALICE_PASSWORD", "red"));
        String unseen = token(scoped("bob", "BOB_PASSWORD", "blue"));
        // Keystone tells seconds apart and no less: what our new login got may have ended with its old one, and the next has to be waited for.
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> status(seen, "red") == 200);
        String folderOfKeystone = Path.of(System.getProperty("keystone.env")).toAbsolutePath().getParent().toString();
        machine.run(Map.of(), "", script.toString(), "pause", folderOfKeystone).ok();
        try {
            ahead = ahead.plusSeconds(11);
            assertThat(status(seen, "red")).isEqualTo(200);
            HttpResponse<String> refused = asked(unseen, "blue");
            assertThat(refused.statusCode()).isEqualTo(503);
            assertThat(refused.body()).contains("the token cannot be checked: Keystone at " + keystone).doesNotContain(unseen, secrets.getProperty("SERVICE_PASSWORD"));
            ahead = ahead.plus(OUTAGE);
            assertThat(status(seen, "red")).isEqualTo(503);
        } finally {
            machine.run(Map.of(), "", script.toString(), "resume", folderOfKeystone).ok();
        }
        ahead = ahead.plusSeconds(3);
        assertThat(status(seen, "red")).isEqualTo(200);
        String audit = Files.readString(folder.resolve("audit.log"));
        assertThat(audit).contains("keystone:tenants/alice").doesNotContain("gAAAA", secrets.getProperty("ALICE_PASSWORD"));
    }

    @Test
    @Order(7)
    void aTokenThatSomebodyHasLogsInUntilItIsOver() throws Exception {
        String given = token(scoped("alice", "ALICE_PASSWORD", "red"));
        Path home = folder.resolve("token");
        machine.hypernetes(home, Map.of("OS_AUTH_URL", keystone, "OS_TOKEN", given, "OS_PROJECT_NAME", "blue", "OS_PROJECT_DOMAIN_ID", tenants), "",
                "login", url, "--keystone", "--certificate-authority", trust.toString()).ok();
        assertThat(machine.kubectl(home, "auth", "whoami").ok()).contains("keystone:tenants/alice", "keystone:admin");
        Path login = home.resolve("logins/keystone_tenants_alice@hypernetes.json");
        assertThat(Files.readString(login)).doesNotContain(given);
        SavedLogin saved = SavedLogin.read(login);
        saved.with(saved.token(), Instant.now().plusSeconds(5), saved.more()).save(login);
        assertThat(machine.kubectl(home, "auth", "whoami").err()).contains("the token that keystone:tenants/alice logged in with is over; log in again");
        // One that Keystone does not know any more says so, and is not told.
        try (Keystone plain = new Keystone(URI.create(keystone), null, Duration.ofSeconds(10))) {
            plain.revoke(given, given);
        }
        assertThat(machine.hypernetes(home, Map.of("OS_AUTH_URL", keystone, "OS_TOKEN", given, "OS_PROJECT_ID", red), "",
                "login", url, "--keystone", "--certificate-authority", trust.toString()).err()).doesNotContain(given);
    }

    @Test
    @Order(8)
    void domainsMayBeSaidById() throws Exception {
        Path home = folder.resolve("ids");
        machine.hypernetes(home, Map.of("OS_AUTH_URL", keystone, "OS_USERNAME", "alice", "OS_USER_DOMAIN_ID", tenants, "OS_PASSWORD", secrets.getProperty("ALICE_PASSWORD"),
                "OS_PROJECT_NAME", "red"), "", "login", url, "--keystone", "--certificate-authority", trust.toString()).ok();
        assertThat(machine.kubectl(home, "auth", "whoami").ok()).contains("keystone:tenants/alice", "keystone:member");
        // What is said goes before what is in the environment.
        machine.hypernetes(home, Map.of("OS_AUTH_URL", keystone, "OS_USERNAME", "alice", "OS_USER_DOMAIN_ID", "default", "OS_PROJECT_DOMAIN_NAME", "Default",
                "OS_PASSWORD", secrets.getProperty("ALICE_PASSWORD"), "OS_PROJECT_NAME", "blue"), "",
                "login", url, "--keystone", "--user-domain", "tenants", "--project-domain-id", tenants, "--certificate-authority", trust.toString()).ok();
        assertThat(machine.kubectl(home, "auth", "whoami").ok()).contains("keystone:admin");
    }

    /// The last: by the server's clock a day has passed then.
    @Test
    @Order(9)
    void noTokenCountsBeyondItsEnd() throws Exception {
        String token = token(scoped("alice", "ALICE_PASSWORD", "red"));
        assertThat(status(token, "red")).isEqualTo(200);
        ahead = ahead.plus(Duration.ofDays(1));
        assertThat(status(token, "red")).as("although Keystone, whose clock is another, still takes it").isEqualTo(401);
    }

    private String scoped(String user, String password, String project) {
        return """
                {"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"%s","domain":{"name":"tenants"},"password":"%s"}}},
                 "scope":{"project":{"name":"%s","domain":{"name":"tenants"}}}}}""".formatted(user, secrets.getProperty(password), project);
    }

    private String token(String body) throws Exception {
        var response = http.send(HttpRequest.newBuilder(URI.create(keystone + "/auth/tokens")).header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body)).build(), HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(201);
        return response.headers().firstValue("X-Subject-Token").orElseThrow();
    }

    private ObjectNode call(String method, String path, String body) throws Exception {
        return call(admin, method, path, body);
    }

    private ObjectNode call(String token, String method, String path, String body) throws Exception {
        var response = http.send(HttpRequest.newBuilder(URI.create(keystone + path)).header("Content-Type", "application/json").header("X-Auth-Token", token)
                .method(method, body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body)).build(), HttpResponse.BodyHandlers.ofByteArray());
        assertThat(response.statusCode() / 100).as("%s %s: %s", method, path, new String(response.body())).isEqualTo(2);
        return response.body().length == 0 ? Json.object() : Json.readObject(response.body());
    }

    private String made(String kind, String collection, String query, String body) throws Exception {
        var found = Json.objects(call("GET", "/" + collection + "?" + query, null), collection);
        return found.isEmpty() ? Json.string(call("POST", "/" + collection, "{\"" + kind + "\":" + body + "}"), kind, "id") : Json.string(found.getFirst(), "id");
    }

    private String project(String name, String domain) throws Exception {
        return made("project", "projects", "name=" + name + "&domain_id=" + domain, "{\"name\":\"%s\",\"domain_id\":\"%s\"}".formatted(name, domain));
    }

    private String user(String name, String domain, String password) throws Exception {
        return made("user", "users", "name=" + name + "&domain_id=" + domain,
                "{\"name\":\"%s\",\"domain_id\":\"%s\",\"password\":\"%s\"}".formatted(name, domain, secrets.getProperty(password)));
    }

    private String role(String name) throws Exception {
        return made("role", "roles", "name=" + name, "{\"name\":\"" + name + "\"}");
    }

    private void tenant(String name, String project) {
        var tenant = new GenericKubernetesResource();
        tenant.setApiVersion(Kind.TENANT.apiVersion());
        tenant.setKind(Kind.TENANT.kind());
        tenant.setMetadata(new ObjectMetaBuilder().withName(name).build());
        tenant.setAdditionalProperty("spec", Map.of("identity", Map.of("keystone", Map.of("projectID", project))));
        operator.of(Kind.TENANT).create(ObjectKey.ROOT, tenant);
    }

    private HttpResponse<String> asked(String token, String tenant) throws Exception {
        try (HttpClient client = HttpClient.newBuilder().sslContext(Tls.trusting(Files.readString(trust))).build()) {
            return client.send(HttpRequest.newBuilder(URI.create(url + "/tenants/" + tenant + "/apis")).header("Authorization", "Bearer " + token).build(), HttpResponse.BodyHandlers.ofString());
        }
    }

    private int status(String token, String tenant) throws Exception {
        return asked(token, tenant).statusCode();
    }
}
