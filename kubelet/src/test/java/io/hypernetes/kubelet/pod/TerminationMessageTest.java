package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.kubelet.cri.Labels;
import io.hypernetes.kubelet.cri.ObservedContainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TerminationMessageTest {
    @TempDir
    Path folder;

    private ObservedContainer ended(int exitCode, String policy) {
        return new ObservedContainer("c", "s", "main", 0, ObservedContainer.State.EXITED, Instant.EPOCH, Instant.EPOCH, Instant.EPOCH, exitCode, "", "of the runtime", "i",
                Map.of(Labels.MESSAGE_FILE, folder.resolve("pod/message").toString(), Labels.MESSAGE_POLICY, policy), folder.resolve("0.log").toString(), null, "");
    }

    private void log(String... entries) throws IOException {
        Files.writeString(folder.resolve("0.log"), java.util.Arrays.stream(entries).map(entry -> "2026-01-02T03:04:05.000000006Z stdout " + entry + "\n").collect(Collectors.joining()));
    }

    private void said(String text) throws IOException {
        Files.writeString(Files.createDirectories(folder.resolve("pod")).resolve("message"), text);
    }

    private String message(int exitCode, String policy) {
        return TerminationMessage.of(ended(exitCode, policy), folder.resolve("pod"));
    }

    @Test
    void theEndOfTheLogStandsInForAFileThatSaysNothing() throws IOException {
        log("F begin", "P DO", "P NE");
        said("");
        assertThat(message(1, "FallbackToLogsOnError")).isEqualTo("begin\nDONE");
        assertThat(message(0, "FallbackToLogsOnError")).as("it ended well").isEqualTo("of the runtime");
        assertThat(message(1, "File")).isEqualTo("of the runtime");
        said("OK");
        assertThat(message(1, "FallbackToLogsOnError")).isEqualTo("OK");
    }

    @Test
    void itIsBoundedInLinesAndBytes() throws IOException {
        log(IntStream.range(0, 5000).mapToObj(i -> "F line " + i).toArray(String[]::new));
        assertThat(message(1, "FallbackToLogsOnError").lines()).hasSize(80).endsWith("line 4999");
        log("F " + "x".repeat(9000));
        assertThat(message(1, "FallbackToLogsOnError")).hasSize(2048).endsWith("x\n");
        log("F " + "x".repeat(90_000), "F short");
        assertThat(message(1, "FallbackToLogsOnError")).isEqualTo("short\n");
    }

    @Test
    void withoutALogTheRuntimesWordCounts() {
        assertThat(message(1, "FallbackToLogsOnError")).isEqualTo("of the runtime");
    }
}
