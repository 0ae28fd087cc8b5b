package io.hypernetes.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.identity.Authorities;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KubeconfigCommandTest {
    @TempDir
    private Path root;

    private Path kubeconfig(String... more) {
        List<String> line = new ArrayList<>(List.of("kubeconfig", "--root", root.toString()));
        line.addAll(List.of(more));
        var out = new ByteArrayOutputStream();
        PrintStream before = System.out;
        try (var said = new PrintStream(out, true, UTF_8)) {
            System.setOut(said);
            assertThat(Hypernetes.line().execute(line.toArray(String[]::new))).isZero();
        } finally {
            System.setOut(before);
        }
        return Path.of(out.toString(UTF_8).strip());
    }

    /// The master may have been started with flags that nobody types again.
    @Test
    void theRunningMasterSaysWhereItIsReached() throws Exception {
        Places places = Places.below(root);
        Authorities.open(places.pki(), Clock.systemUTC(), new SecureRandom()).root();
        Settings given = Settings.read(places.config(), List.of("api-port=7443", "advertise-address=192.0.2.7"));
        try (ProcessLock master = ProcessLock.take(places.lockOf("master"), "master", OperatorAccess.reached(given))) {
            Path file = kubeconfig("--set", "api-port=7443", "--set", "advertise-address=192.0.2.7");
            String written = Files.readString(file);
            assertThat(written).contains("https://192.0.2.7:7443");
            assertThat(kubeconfig()).isEqualTo(file);
            assertThat(Files.readString(file)).isEqualTo(written);
            assertThat(kubeconfig("--set", "api-port=8443")).content().as("what is typed counts").contains("https://192.0.2.7:8443");
        }
        assertThat(ProcessLock.told(places.lockOf("master"))).as("of one that has ended").isEmpty();
        assertThat(kubeconfig("--set", "advertise-address=192.0.2.7")).content().contains("https://192.0.2.7:6443");
    }
}
