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

@Timeout(value = 20, unit = TimeUnit.SECONDS)
class PseudoTerminalTest {

    @Test
    void aProgramHasItAsItsControllingTerminal() throws Exception {
        try (PseudoTerminal terminal = PseudoTerminal.open()) {
            terminal.resize(33, 101);
            HostProcess shell = terminal.start(
                    Spawn.of(List.of("sh", "-c", "trap 'echo interrupted; exit 5' INT; stty size; tty; read line < /dev/tty")));
            BufferedReader output = new BufferedReader(new InputStreamReader(terminal.output(), StandardCharsets.UTF_8));
            assertThat(output.readLine()).isEqualTo("33 101");
            assertThat(output.readLine()).isEqualTo(terminal.path());
            terminal.input().write(3);
            String rest = output.readLine();
            assertThat(rest).endsWith("interrupted");
            assertThat(output.readLine()).isNull();
            assertThat(shell.awaitExit(Duration.ofSeconds(60))).contains(new ExitStatus.Code(5));
            shell.close();
        }
    }
}
