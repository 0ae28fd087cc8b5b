package io.hypernetes.hypervisor.qemu;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.hypervisor.HypervisorException;
import io.hypernetes.linux.Descriptors;
import io.hypernetes.linux.UnixSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What is done about a fork server that does not answer. One that does is in [ForkTest] and in `jailer/test/forks.c`.
@Timeout(60)
class ForkServerTest {
    @Test
    void anAnswerThatComesLateIsNotTakenForThatToTheNextRequest() {
        UnixSocket.Pair pair = UnixSocket.pair("a template");
        try (ForkServer server = new ForkServer("template-1", pair.ours(), Duration.ofMillis(50))) {
            refused(server, "one", "sent nothing for 50 ms");
            refused(server, "two", "it did not answer an earlier request");
        } finally {
            Descriptors.close(pair.theirs());
        }
    }

    @Test
    void aServerThatHasEndedIsNamed() {
        UnixSocket.Pair pair = UnixSocket.pair("a template");
        Descriptors.close(pair.theirs());
        try (ForkServer server = new ForkServer("template-1", pair.ours())) {
            refused(server, "one", "forking template-1 for machine one: ");
            refused(server, "two", "it did not answer an earlier request");
        }
    }

    private static void refused(ForkServer server, String name, String why) {
        int file = Descriptors.openForReading(Path.of("/dev/null"));
        try {
            assertThatThrownBy(() -> server.fork(new ForkServer.Copy(UUID.randomUUID(), name, 1, List.of(), file, file, file, file)))
                    .isInstanceOf(HypervisorException.class).hasMessageContaining(why);
        } finally {
            Descriptors.close(file);
        }
    }
}
