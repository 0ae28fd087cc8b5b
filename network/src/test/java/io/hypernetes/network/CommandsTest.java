package io.hypernetes.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class CommandsTest {
    @Test
    void aToolReadsItsBatchAndWhatItPrintsIsReturned() {
        String batch = "x".repeat(1 << 20) + "\n";
        assertThat(Commands.run(List.of("cat"), batch)).isEqualTo(batch.strip());
        assertThat(Commands.run(List.of("true"), batch)).isEmpty();
    }

    @Test
    void aToolThatFailsIsToldWithItsComplaintAndItsBatch() {
        assertThatThrownBy(() -> Commands.run(List.of("sh", "-c", "echo bad >&2; exit 3"), "one\ntwo\n"))
                .isInstanceOf(NetworkException.class)
                .hasMessage("sh -c echo bad >&2; exit 3 failed: bad; it was given: one; two");
        assertThatThrownBy(() -> Commands.run(List.of("sh", "-c", "kill -9 $$"), "")).isInstanceOf(NetworkException.class);
        assertThatThrownBy(() -> Commands.run(List.of("no-such-tool"), ""))
                .isInstanceOf(NetworkException.class)
                .hasMessageContaining("cannot run no-such-tool");
    }

    /// A batch may be as long as what a tenant has makes it, and the message is logged.
    @Test
    void aMessageHoldsTheBeginningsOfALongComplaintAndOfALongBatch() {
        String batch = "add\n" + "x".repeat(1 << 20) + "\n";
        assertThat(catchThrowable(() -> Commands.run(List.of("sh", "-c", "cat; exit 3"), batch)).getMessage())
                .startsWith("sh -c cat; exit 3 failed: add\nxxx")
                .contains("; it was given: add; xxx")
                .endsWith("x... (" + (batch.length() - 1) + " characters)")
                .hasSizeLessThan(2 * 1024 + 200);
    }

    /// Whoever ends all pods of a node has two minutes, of which one tool must not take all.
    @Test
    @Timeout(60)
    void aToolThatHangsIsKilled() {
        assertThatThrownBy(() -> Commands.run(List.of("sleep", "infinity"), "", Duration.ofMillis(50)))
                .isInstanceOf(NetworkException.class)
                .hasMessageStartingWith("sleep infinity failed: it did not end within 50 ms and was killed");
        String said = "";
        // However long the shell takes to say which process it is.
        for (Duration patience = Duration.ofMillis(50); !said.matches("(?s).*was killed; [0-9]+; .*"); patience = patience.multipliedBy(2)) {
            Duration atMost = patience;
            said = catchThrowable(() -> Commands.run(List.of("sh", "-c", "echo $$; exec sleep infinity"), "", atMost)).getMessage();
        }
        assertThat(Path.of("/proc", said.replaceAll("(?s).*killed; ([0-9]+).*", "$1"))).doesNotExist();
    }

    @Test
    void whatHasBegunIsFinishedThoughSomebodyInterrupts() {
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> Commands.run(List.of("true"), "")).isInstanceOf(NetworkException.class).hasMessageContaining("interrupted");
        assertThat(Thread.interrupted()).isTrue();
    }
}
