package io.hypernetes.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessLockTest {
    @TempDir
    private Path folder;

    @Test
    void theHolderIsFoundAsLongAsItHolds() {
        Path file = folder.resolve("run/master.lock");
        assertThat(ProcessLock.holder(file)).isEmpty();
        try (ProcessLock held = ProcessLock.take(file, "master")) {
            assertThat(ProcessLock.holder(file)).contains(ProcessHandle.current());
        }
        assertThat(ProcessLock.holder(file)).isEmpty();
    }

    @Test
    void aFileWithoutItsProcessHoldsNothing() throws Exception {
        Path file = folder.resolve("node.lock");
        Files.writeString(file, Long.toString(ProcessHandle.current().pid()));
        assertThat(ProcessLock.holder(file)).isEmpty();
    }

    @Test
    void twoHoldersAreOneTooMany() {
        Path file = folder.resolve("node.lock");
        try (ProcessLock held = ProcessLock.take(file, "node")) {
            assertThatThrownBy(() -> ProcessLock.take(file, "node")).isInstanceOf(RuntimeException.class);
        }
    }
}
