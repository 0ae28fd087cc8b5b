package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/// An operator's work with users, on the command line, and what stock kubectl says to those users the moment after.
@ExtendWith(SharedCluster.class)
class UsersTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String GUILD = "guild", ORDER = "order", FIRST = "first of her passwords", SECOND = "second of her passwords";

    @TempDir
    static Path folder;

    @BeforeAll
    static void make(Cluster cluster) {
        for (String tenant : List.of(GUILD, ORDER)) {
            cluster.apply("{apiVersion: hypernetes.io/v1, kind: Tenant, metadata: {name: " + tenant + "}}");
            cluster.kubectlOf(tenant, "create", "clusterrolebinding", "readers", "--clusterrole=view", "--group=readers").ok();
        }
    }

    @AfterAll
    static void remove(Cluster cluster) {
        cluster.kubectl("delete", "tenant", GUILD, ORDER, "--timeout=60s");
    }

    @Test
    void whatAUserWasGivenEndsAtOnce(Cluster cluster) throws IOException {
        withPassword(cluster, FIRST, "user", "add", "erin", "--admin-of", GUILD).ok();
        cluster.hypernetes("user", "join", "erin", ORDER, "--group", "readers").ok();
        Path certificate = folder.resolve("erin.yaml");
        assertThat(cluster.hypernetes("user", "certificate", "erin", "--tenant", GUILD, "--to", certificate.toString()).ok()).isEqualTo(certificate + "\n");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(certificate))).isEqualTo("rw-------");
        assertThat(cluster.hypernetes("user", "certificate", "erin", "--tenant", "elsewhere", "--to", certificate.toString()).err()).contains("does not belong to tenant 'elsewhere'");
        Config asGuild = new Config(server(certificate), authority(certificate)), asOrder = asGuild.at(ORDER);
        assertThat(kubectl(certificate, "auth", "whoami").ok()).contains("erin", "system:masters");

        String token = cluster.hypernetes("user", "token", "create", "erin", "--ttl", "1h", "--description", "her build server").ok().trim();
        String kept = cluster.hypernetes("user", "token", "create", "erin", "--description", "another").ok().trim();
        String listed = cluster.hypernetes("user", "token", "list", "erin", "-o", "json").ok();
        assertThat(listed).contains("her build server", "another").doesNotContain(token, kept);
        assertThat(asGuild.kubectl(token, "create", "configmap", "made").ok()).contains("configmap/made created");
        assertThat(asOrder.kubectl(token, "get", "pods").err()).contains("No resources found");
        assertThat(asOrder.kubectl(token, "create", "configmap", "made").err()).contains("User \"erin\" cannot create resource \"configmaps\"");

        cluster.hypernetes("user", "token", "revoke", "erin", idOf(listed, "her build server")).ok();
        assertThat(asGuild.kubectl(token, "get", "pods").err()).contains("You must be logged in to the server");
        assertThat(asOrder.kubectl(token, "get", "pods").err()).contains("You must be logged in to the server");
        assertThat(asGuild.kubectl(kept, "get", "pods").err()).as("only that token").contains("No resources found");
        assertThat(cluster.hypernetes("user", "token", "list", "erin").ok()).contains("another").doesNotContain("her build server");

        // She loses a right in a tenant, then the tenant, which is then to her as one that does not exist.
        assertThat(cluster.hypernetes("user", "join", "erin", ORDER).ok()).contains("belongs to " + ORDER);
        assertThat(asOrder.kubectl(kept, "get", "pods").err()).contains("Error from server (Forbidden): pods is forbidden: User \"erin\" cannot list resource \"pods\"");
        cluster.hypernetes("user", "leave", "erin", ORDER).ok();
        Run left = asOrder.kubectl(kept, "get", "--raw", "/tenants/" + ORDER + "/api/v1/pods");
        Run never = asGuild.at("nobody").kubectl(kept, "get", "--raw", "/tenants/nobody/api/v1/pods");
        assertThat(left.exitCode()).isNotZero();
        assertThat(left.err().replace(ORDER, "nobody")).isEqualTo(never.err()).contains("(NotFound)");
        assertThat(asGuild.kubectl(kept, "get", "pods").err()).as("only that tenant").contains("No resources found");
        assertThat(cluster.hypernetes("user", "show", "erin").ok()).contains(GUILD).doesNotContain(ORDER);
        assertThat(cluster.hypernetes("user", "leave", "erin", ORDER).err()).contains("does not belong to " + ORDER);

        anotherPassword(cluster, certificate, asGuild, kept);
        cluster.hypernetes("user", "delete", "erin").ok();
        assertThat(asGuild.kubectl(kept, "get", "pods").err()).contains("You must be logged in to the server");
    }

    /// It ends logins and certificates, but no tokens.
    private static void anotherPassword(Cluster cluster, Path certificate, Config asGuild, String token) {
        String config = login(cluster, FIRST).ok().trim();
        assertThat(kubectl(Path.of(config), "get", "pods").err()).contains("No resources found");
        withPassword(cluster, SECOND, "user", "passwd", "erin").ok();
        assertThat(login(cluster, FIRST).exitCode()).as("the old password").isNotZero();
        assertThat(kubectl(Path.of(config), "get", "pods").err()).as("the earlier login").contains("You must be logged in to the server");
        assertThat(kubectl(certificate, "get", "pods").err()).as("the earlier certificate").contains("You must be logged in to the server");
        assertThat(asGuild.kubectl(token, "get", "pods").err()).contains("No resources found");
        assertThat(kubectl(Path.of(login(cluster, SECOND).ok().trim()), "auth", "whoami").ok()).contains("erin");
    }

    @Test
    void theAuditLogTellsWhoDidWhatAndNoSecret(Cluster cluster) throws IOException {
        String value = "value-that-nobody-logs", patched = "another-that-nobody-logs";
        withPassword(cluster, FIRST, "user", "add", "fay", "--admin-of", GUILD).ok();
        String token = cluster.hypernetes("user", "token", "create", "fay").ok().trim();
        String server = server(Path.of(cluster.kubeconfigOf(GUILD)));
        Config asGuild = new Config(server, authority(Path.of(cluster.kubeconfigOf(GUILD))));
        asGuild.kubectl(token, "create", "secret", "generic", "sealed", "--from-literal=key=" + value).ok();
        asGuild.kubectl(token, "patch", "secret", "sealed", "--type=merge", "-p", "{\"stringData\":{\"key\":\"" + patched + "\"}}").ok();
        asGuild.kubectl(token, "get", "secret", "sealed", "-o", "yaml").ok();
        asGuild.at(ORDER).kubectl(token, "get", "secrets", "--chunk-size=0").exitCode();
        cluster.kubectlOf(ORDER, "create", "secret", "generic", "sealed-too", "--from-literal=key=" + value).ok();

        String log = cluster.hypernetes("audit", "--tenant", GUILD, "-o", "json", "--limit", "1000").ok();
        assertThat(log.lines()).isNotEmpty().allSatisfy(line -> assertThat(line).startsWith("{").contains("\"hypernetes.io/tenant\":\"" + GUILD + "\""));
        for (String verb : List.of("create", "patch", "get")) {
            assertThat(log.lines()).as(verb).anySatisfy(line -> assertThat(line).contains(
                    "\"username\":\"fay\"", "\"verb\":\"" + verb + "\"", "\"resource\":\"secrets\"", "\"namespace\":\"default\"", "\"name\":\"sealed\"", "\"code\":20"));
        }
        assertThat(log).doesNotContain("sealed-too", ORDER);
        String others = cluster.hypernetes("audit", "--tenant", ORDER, "-o", "json", "--limit", "1000").ok();
        assertThat(others).contains("sealed-too").doesNotContain("\"name\":\"sealed\"");
        assertThat(cluster.hypernetes("audit", "--tenant", GUILD, "--user", "fay").ok()).containsPattern("fay +201 +create +secrets/default");

        // Nor does any other log of the machine's.
        String base64 = java.util.Base64.getEncoder().encodeToString(value.getBytes(StandardCharsets.UTF_8));
        try (Stream<Path> files = Files.walk(cluster.root.resolve("log"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                assertThat(Files.readString(file, StandardCharsets.ISO_8859_1)).as(file.toString()).doesNotContain(value, patched, base64, token, FIRST);
            }
        }
        cluster.hypernetes("user", "delete", "fay").ok();
    }

    private static Run withPassword(Cluster cluster, String password, String... arguments) {
        List<String> command = new ArrayList<>(cluster.hypernetesCommand(arguments));
        command.add("--password-stdin");
        return Run.of(LIMIT, Map.of("HYPERNETES_HOME", folder.resolve("home").toString()), (password + "\n").getBytes(StandardCharsets.UTF_8), command);
    }

    private static Run login(Cluster cluster, String password) {
        return withPassword(cluster, password, "login", "--user", "erin");
    }

    private static String idOf(String listed, String description) {
        int at = listed.indexOf(description);
        String before = listed.substring(listed.lastIndexOf("\"id\"", at), at);
        return before.replaceFirst("(?s)\"id\"\\s*:\\s*\"([^\"]+)\".*", "$1");
    }

    private static Run kubectl(Path config, String... arguments) {
        List<String> command = new ArrayList<>(List.of("kubectl", "--kubeconfig", config.toString()));
        command.addAll(List.of(arguments));
        return Run.of(LIMIT, Map.of("HOME", folder.toString()), new byte[0], command);
    }

    private static String server(Path config) {
        return kubectl(config, "config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}").ok();
    }

    /// What signs the server's certificate, in a file of its own.
    private static Path authority(Path config) throws IOException {
        String data = kubectl(config, "config", "view", "--minify", "--raw", "-o", "jsonpath={.clusters[0].cluster.certificate-authority-data}").ok();
        return Files.write(folder.resolve("authority.crt"), java.util.Base64.getDecoder().decode(data));
    }

    /// How a program that has a token and nothing else reaches a tenant.
    private record Config(String server, Path authority) {
        Config at(String tenant) {
            return new Config(server.replaceFirst("/tenants/.*", "/tenants/" + tenant), authority);
        }

        Run kubectl(String token, String... arguments) {
            List<String> command = new ArrayList<>(List.of("kubectl", "--kubeconfig", "/dev/null", "--server", server, "--certificate-authority", authority.toString(), "--token", token));
            command.addAll(List.of(arguments));
            return Run.of(LIMIT, Map.of("HOME", folder.toString()), new byte[0], command);
        }
    }
}
