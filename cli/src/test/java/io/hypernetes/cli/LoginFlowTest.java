package io.hypernetes.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.hypernetes.apiserver.ApiServer;
import io.hypernetes.apiserver.ApiServerSettings;
import io.hypernetes.apiserver.access.TenantIssuers;
import io.hypernetes.apiserver.login.Logins;
import io.hypernetes.apiserver.webhook.Destinations;
import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.identity.Authorities;
import io.hypernetes.identity.CertificateSpec;
import io.hypernetes.identity.Pem;
import io.hypernetes.identity.Tls;
import io.hypernetes.identity.local.LocalUser;
import io.hypernetes.identity.local.PasswordHash;
import io.hypernetes.identity.oidc.Issuer;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
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
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// How people come in, from `hypernetes login` to the stock kubectl: with a password, and at a real OpenID Connect issuer, `oidc-provider` of npm.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LoginFlowTest {
    private static final Path JUDGE = Path.of("src/test/oidc-provider").toAbsolutePath();
    private static final String PASSWORD = "correct horse battery";

    @TempDir
    private static Path folder;

    private PersonsMachine machine;
    private Authorities authorities;
    private EmbeddedStore store;
    private ApiServer server;
    private Client operator;
    private Process provider;
    private String issuer = "";
    private String url = "";
    private Path trust;

    @BeforeAll
    void start() throws Exception {
        machine = new PersonsMachine(folder);
        authorities = Authorities.open(folder.resolve("pki"), Clock.systemUTC(), new SecureRandom());
        trust = Files.writeString(folder.resolve("ca.pem"), Pem.encode(authorities.root().certificate()));
        var certificate = authorities.root().issue(CertificateSpec.server("issuer", List.of(), List.of(InetAddress.ofLiteral("127.0.0.1")), Duration.ofHours(2)));
        Files.writeString(folder.resolve("issuer.pem"), Pem.encode(certificate.certificate()));
        Files.writeString(folder.resolve("issuer.key"), Pem.encode(certificate.key()));
        if (!Files.exists(JUDGE.resolve("node_modules/.package-lock.json"))) {
            assertThat(machine.run(Map.of(), "", "npm", "ci", "--prefix", JUDGE.toString(), "--no-audit", "--no-fund", "--loglevel=error").code()).isZero();
        }
        provide(0);
        store = EmbeddedStore.open(folder.resolve("store"), EmbeddedSettings.defaults());
        var issuers = Issuer.parse(TenantIssuers.read("""
                apiVersion: apiserver.config.k8s.io/v1
                kind: AuthenticationConfiguration
                jwt:
                - issuer: {url: "%s", audiences: [kubernetes], certificateAuthority: "%s"}
                  claimMappings:
                    username: {claim: sub, prefix: "oidc:"}
                    groups: {claim: groups, prefix: "oidc:"}
                    tenants: {claim: tenants}
                """.formatted(issuer, Files.readString(trust).replace("\n", "\\n"))), null);
        server = ApiServer.start(
                ApiServerSettings.at(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0))
                        .withDestinations(new Destinations(Destinations.PRIVATE, List.of("127.0.0.1/32")))
                        .withLogins(new Logins(issuers, null)),
                store,
                authorities,
                Clock.systemUTC());
        url = "https://127.0.0.1:" + server.address().getPort();
        operator = new Client(URI.create(url), Tls.client(authorities.root().certificate(),
                authorities.root().issue(CertificateSpec.client("operator", List.of("system:masters"), Duration.ofHours(1)))), "test");
        for (String name : List.of("acme", "blue", "cyan")) {
            var tenant = new GenericKubernetesResource();
            tenant.setApiVersion(Kind.TENANT.apiVersion());
            tenant.setKind(Kind.TENANT.kind());
            tenant.setMetadata(new ObjectMetaBuilder().withName(name).build());
            operator.of(Kind.TENANT).create(ObjectKey.ROOT, tenant);
        }
    }

    @AfterAll
    void stop() {
        provider.destroy();
        operator.close();
        server.close();
        store.close();
    }

    private void provide(int port) throws IOException {
        provider = new ProcessBuilder("node", JUDGE.resolve("provider.mjs").toString(), folder.resolve("issuer.pem").toString(), folder.resolve("issuer.key").toString(), "" + port)
                .redirectError(folder.resolve("issuer.log").toFile())
                .start();
        String said = provider.inputReader().readLine();
        assertThat(said).as(Files.readString(folder.resolve("issuer.log"))).startsWith("https://");
        issuer = said;
    }

    @Test
    void aLocalUserGoesFromTenantToTenant() throws Exception {
        Users users = new Users(operator);
        users.add(new LocalUser("alice", PasswordHash.of(PASSWORD.toCharArray(), new SecureRandom()), "g1", false, Map.of())
                .in("acme", users.uidOfTenant("acme"), List.of("system:masters")).in("blue", users.uidOfTenant("blue"), List.of("developers")));
        Path home = folder.resolve("local");
        var wrong = machine.hypernetes(home, "wrong password", "login", url, "--user", "alice", "--password-stdin", "--certificate-authority", trust.toString());
        assertThat(wrong.code()).isEqualTo(77);
        assertThat(wrong.err()).contains("the user name or the password is wrong").doesNotContain("wrong password\n");
        var done = machine.hypernetes(home, PASSWORD, "login", url, "--user", "alice", "--password-stdin", "--certificate-authority", trust.toString());
        Path config = Path.of(done.ok().trim());
        assertThat(config).isEqualTo(home.resolve("kubeconfig"));
        Path login = home.resolve("logins/alice@hypernetes.json");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(login))).isEqualTo("rw-------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(config))).isEqualTo("rw-------");
        assertThat(Files.readString(config)).doesNotContain("hn1.");
        assertThat(machine.kubectl(home, "auth", "whoami").ok()).contains("alice", "system:masters");
        machine.hypernetes(home, "", "tenant", "use", "blue").ok();
        assertThat(machine.kubectl(home, "auth", "whoami").ok()).contains("developers").doesNotContain("system:masters");
        assertThat(machine.hypernetes(home, "", "tenant", "use", "cyan").err()).contains("do not belong to a tenant cyan").contains("acme, blue");
        users.change("alice", user -> user.in("cyan", users.uidOfTenant("cyan"), List.of("new")));
        machine.hypernetes(home, "", "tenant", "use", "cyan").ok();
        assertThat(machine.kubectl(home, "auth", "whoami").ok()).contains("new");
        String token = SavedLogin.read(login).token();
        machine.hypernetes(home, "", "logout").ok();
        assertThat(login).doesNotExist();
        assertThat(machine.run(Map.of(), "", "kubectl", "--server", url + "/tenants/acme", "--certificate-authority", trust.toString(), "--token", token, "get", "namespaces").err())
                .contains("You must be logged in to the server");
    }

    @Test
    void anIssuerLogsInThroughTheBrowserAndRefreshes() throws Exception {
        Path home = folder.resolve("oidc");
        var started = machine.begin(home, "login", url, "--oidc", "--no-browser", "--certificate-authority", trust.toString());
        String address = started.await("Log in in your browser: (https://\\S+)");
        assertThat(address).contains("code_challenge_method=S256", "response_type=code", "scope=openid+offline_access");
        int port = Integer.parseInt(found(address, "127\\.0\\.0\\.1%3A(\\d+)%2Fcallback"));
        // Another page of this machine guesses.
        var guess = HttpClient.newHttpClient().send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/callback?code=evil&state=evil")).build(), HttpResponse.BodyHandlers.ofString());
        assertThat(guess.statusCode()).isEqualTo(404);
        assertThat(browser("alice").open(address)).contains("You are logged in");
        assertThat(started.end().ok().trim()).isEqualTo(home.resolve("kubeconfig").toString());
        Path login = home.resolve("logins/oidc_alice@hypernetes.json");
        String first = SavedLogin.read(login).token();
        var whoami = machine.kubectl(home, "auth", "whoami").ok();
        assertThat(whoami).contains("oidc:alice", "oidc:developers").doesNotContain(" system:masters");
        assertThat(SavedLogin.read(login).token()).as("the token is nearly over, so it is refreshed").isNotEqualTo(first);
        assertThat(machine.kubectl(home, "get", "nodes").err()).contains("User \"oidc:alice\" cannot list resource \"nodes\"");
        assertThat(machine.hypernetes(home, "", "tenant", "use", "blue").ok()).contains("oidc:alice@hypernetes-blue");
        assertThat(machine.hypernetes(home, "", "tenant", "use", "root").err()).contains("do not belong to a tenant root");
        // The same issuer with other keys and no memory.
        provider.destroy();
        provider.waitFor();
        int same = URI.create(issuer).getPort();
        provide(same);
        assertThat(machine.kubectl(home, "auth", "whoami").err()).contains("log in again with `hypernetes login " + url);
    }

    @Test
    void anIssuerLogsInByACodeOnAnotherDevice() throws Exception {
        Path home = folder.resolve("device");
        var started = machine.begin(home, "login", url, "--oidc", "--device", "--certificate-authority", trust.toString());
        String address = started.await("Open (https://\\S+) on any device");
        assertThat(browser("alice").open(address)).containsIgnoringCase("success");
        started.end().ok();
        assertThat(machine.kubectl(home, "auth", "whoami").ok()).contains("oidc:alice");
    }

    @Test
    void whoBelongsNowhereIsTold() throws Exception {
        var started = machine.begin(folder.resolve("nowhere"), "login", url, "--oidc", "--no-browser", "--certificate-authority", trust.toString());
        browser("bob").open(started.await("Log in in your browser: (https://\\S+)"));
        assertThat(started.end().err()).contains("you are oidc:bob and belong to no tenant");
        assertThat(folder.resolve("nowhere/kubeconfig")).doesNotExist();
    }

    @Test
    void aTenantNamesAnIssuerOfItsOwn() throws Exception {
        operator.of(Kind.CONFIG_MAP).create("cyan", new ConfigMapBuilder()
                .withMetadata(new ObjectMetaBuilder().withName("authentication").withNamespace("kube-system").build())
                .withData(Map.of("authentication.yaml", """
                        apiVersion: apiserver.config.k8s.io/v1
                        kind: AuthenticationConfiguration
                        jwt:
                        - issuer: {url: "%s", audiences: [cyan-people], certificateAuthority: "%s"}
                          claimMappings: {username: {claim: sub, prefix: "cyan:"}, groups: {claim: groups, prefix: "system:"}}
                        """.formatted(issuer, Files.readString(trust).replace("\n", "\\n"))))
                .build());
        Path home = folder.resolve("own");
        var started = machine.begin(home, "login", url, "--oidc", "--no-browser", "--issuer", issuer, "--client-id", "cyan-people", "--tenant", "cyan",
                "--certificate-authority", trust.toString());
        browser("alice").open(started.await("Log in in your browser: (https://\\S+)"));
        started.end().ok();
        assertThat(machine.kubectl(home, "auth", "whoami").ok()).contains("cyan:alice").doesNotContain("system:masters", "system:developers");
        String token = SavedLogin.read(home.resolve("logins/cyan_alice@hypernetes.json")).token();
        for (String elsewhere : List.of("/tenants/blue", "/tenants/none", "")) {
            assertThat(machine.run(Map.of(), "", "kubectl", "--kubeconfig", "/dev/null", "--server", url + elsewhere, "--certificate-authority", trust.toString(), "--token", token, "get", "pods").err())
                    .contains("You must be logged in to the server");
        }
    }

    private TinyBrowser browser(String person) {
        return new TinyBrowser(Tls.client(authorities.root().certificate(), null), Map.of("login", person, "password", "any"));
    }

    private static String found(String text, String pattern) {
        var matcher = Pattern.compile(pattern).matcher(text);
        assertThat(matcher.find()).as(text).isTrue();
        return matcher.group(1);
    }
}
