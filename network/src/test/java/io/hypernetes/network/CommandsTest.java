package io.hypernetes.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

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

    @Test
    void whatHasBegunIsFinishedThoughSomebodyInterrupts() {
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> Commands.run(List.of("true"), "")).isInstanceOf(NetworkException.class).hasMessageContaining("interrupted");
        assertThat(Thread.interrupted()).isTrue();
    }
}
