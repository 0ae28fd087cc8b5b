package io.hypernetes.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Patch;
import io.hypernetes.objects.Json;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `hypernetes tenant`, from its making to its end.
class TenantCommandTest {
    @TempDir
    Path root;

    private final List<String> settings = new ArrayList<>();

    private record Said(int code, String out, String err) {}

    private Said tenant(String... words) {
        List<String> line = new ArrayList<>(List.of("tenant"));
        line.addAll(List.of(words));
        line.addAll(List.of("--root", root.toString()));
        settings.forEach(setting -> line.addAll(List.of("--set", setting)));
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        PrintStream before = System.out;
        PrintStream errors = System.err;
        try (var first = new PrintStream(out, true, UTF_8); var second = new PrintStream(err, true, UTF_8)) {
            System.setOut(first);
            System.setErr(second);
            int code = Hypernetes.line().execute(line.toArray(String[]::new));
            return new Said(code, out.toString(UTF_8), err.toString(UTF_8));
        } finally {
            System.setOut(before);
            System.setErr(errors);
        }
    }

    private String done(String... words) {
        Said said = tenant(words);
        assertThat(said.code()).as("%s: %s", List.of(words), said.err()).isZero();
        return said.out();
    }

    @Test
    void aTenantIsMadeShownStoppedAndEnded() throws Exception {
        try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress()); var other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            settings.addAll(List.of("api-address=127.0.0.1", "api-port=" + free.getLocalPort(), "master-metrics-port=" + other.getLocalPort()));
        }
        Places places = Places.below(root);
        Settings known = Settings.read(places.config(), settings);
        try (MasterProcess master = new MasterProcess(places, known); Client client = OperatorAccess.open(places, known).client()) {
            done("create", "acme", "--display-name", "Acme Inc.");
            assertThat(done("list")).containsPattern("acme +Acme Inc\\.");
            assertThat(Json.readObject(("{\"items\":" + done("list", "-o", "json") + "}").getBytes(UTF_8)).path("items").get(0).path("metadata").path("name").asString())
                    .isEqualTo("acme");
            assertThat(Json.readObject(done("show", "acme", "-o", "json").getBytes(UTF_8)).path("spec").path("displayName").asString()).isEqualTo("Acme Inc.");
            assertThat(tenant("show", "acme", "-o", "xml").err()).contains("-o xml: this command prints text or json");
            assertThat(tenant("show", "nobody", "-o", "json").err()).contains("nobody");
            assertThat(Path.of(done("kubeconfig", "acme").strip())).isRegularFile().content().contains("/tenants/acme");

            done("suspend", "acme");
            assertThat(done("show", "acme")).containsIgnoringCase("suspended");
            done("resume", "acme");

            var maps = client.of(Kind.CONFIG_MAP);
            var key = new ObjectKey("acme", "default", "held");
            maps.create("acme", new ConfigMapBuilder().withNewMetadata().withName("held").withNamespace("default").withFinalizers("example.com/held").endMetadata().build());
            Said waits = tenant("delete", "acme", "--timeout", "3s");
            assertThat(waits.code()).isNotZero();
            assertThat(waits.out()).as("what holds it up").contains("example.com/held");
            assertThat(waits.err()).contains("is being deleted and not empty yet", "tenant show acme");
            maps.patch(key, Patch.merge(Map.of("metadata", Map.of("finalizers", List.of()))));
            assertThat(done("delete", "acme")).contains("tenant acme deleted");
            assertThat(done("list", "-o", "json").strip()).isEqualTo("[ ]");
            assertThat(tenant("delete", "acme").err()).contains("there is no tenant 'acme'");
        }
        assertThat(Files.exists(places.pki().resolve("tenants/acme"))).isFalse();
    }
}
