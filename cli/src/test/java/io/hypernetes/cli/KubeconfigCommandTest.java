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

    /// What the last command said beside the path.
    private String hints = "";

    private Path kubeconfig(String... more) {
        List<String> line = new ArrayList<>(List.of("kubeconfig", "--root", root.toString()));
        line.addAll(List.of(more));
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        PrintStream before = System.out;
        PrintStream errBefore = System.err;
        try (var said = new PrintStream(out, true, UTF_8); var hinted = new PrintStream(err, true, UTF_8)) {
            System.setOut(said);
            System.setErr(hinted);
            assertThat(Hypernetes.line().execute(line.toArray(String[]::new))).isZero();
        } finally {
            System.setOut(before);
            System.setErr(errBefore);
        }
        hints = err.toString(UTF_8);
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
    }

    /// The file that users have stays good over a stop of the master, and nobody takes an address for one that is served.
    @Test
    void aMasterThatHasEndedIsSaidNotToRunAndIsLookedForWhereItWas() throws Exception {
        Places places = Places.below(root);
        Authorities.open(places.pki(), Clock.systemUTC(), new SecureRandom()).root();
        assertThat(kubeconfig("--set", "advertise-address=192.0.2.7")).as("it never ran").content().contains("https://192.0.2.7:6443");
        assertThat(hints).contains("The master is not running; the kubeconfig names https://192.0.2.7:6443, where it is expected. `./hypernetes up --root");
        Settings given = Settings.read(places.config(), List.of("api-port=7443", "advertise-address=192.0.2.7"));
        try (ProcessLock master = ProcessLock.take(places.lockOf("master"), "master", OperatorAccess.reached(given))) {
            assertThat(kubeconfig()).content().contains("https://192.0.2.7:7443");
            assertThat(hints).isEmpty();
        }
        assertThat(kubeconfig()).content().contains("https://192.0.2.7:7443");
        assertThat(hints).contains("The master is not running; the kubeconfig names https://192.0.2.7:7443, where it is expected");
        Settings.remember(places.config(), List.of("api-port=8443"));
        assertThat(kubeconfig()).as("the next start is by the file").content().contains("https://192.0.2.7:8443");
    }
}
