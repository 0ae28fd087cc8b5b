package io.hypernetes.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class PseudoTerminalTest {

    @Test
    void aProgramHasItAsItsControllingTerminal() throws Exception {
        try (PseudoTerminal terminal = PseudoTerminal.open()) {
            terminal.resize(33, 101);
            HostProcess shell = terminal.start(
                    // Without a trap: a shell that is interrupted just before it reads forgets to look whether it was.
                    Spawn.of(List.of("sh", "-c", "stty size; tty; exec < /dev/tty; echo opened; read line")));
            BufferedReader output = new BufferedReader(new InputStreamReader(terminal.output(), StandardCharsets.UTF_8));
            assertThat(output.readLine()).isEqualTo("33 101");
            assertThat(output.readLine()).isEqualTo(terminal.path());
            assertThat(output.readLine()).isEqualTo("opened");
            terminal.input().write(3);
            assertThat(output.readAllAsString()).as("its echo, unless the program was gone before").isIn("^C", "");
            assertThat(shell.awaitExit(Duration.ofSeconds(30))).contains(new ExitStatus.Signal(HostProcess.SIGINT));
            shell.close();
        }
    }
}
