package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogFilesTest {
    @TempDir
    Path folder;

    private Path log;

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(each -> each.getFileName().toString()).sorted().toList();
        }
    }

    private void part(String name, long bytes) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve(name).toFile(), "rw")) {
            file.setLength(bytes);
        }
    }

    @Test
    void fourPartsAreKept() throws Exception {
        log = Files.createFile(folder.resolve("3.log"));
        for (int second = 0; second < 9; second++) {
            Files.createFile(LogFiles.part(log, Instant.ofEpochSecond(second)));
        }
        LogFiles.prune(log);
        assertThat(names()).containsExactly("3.log", "3.log.1970-01-01T000005.000000000Z", "3.log.1970-01-01T000006.000000000Z",
                "3.log.1970-01-01T000007.000000000Z", "3.log.1970-01-01T000008.000000000Z");
    }

    @Test
    void fewerLongPartsAreKeptAndTheNewestHoweverLong() throws Exception {
        log = Files.createFile(folder.resolve("3.log"));
        part("3.log.1", 30L << 20);
        part("3.log.2", 30L << 20);
        part("3.log.3", 15L << 20);
        LogFiles.prune(log);
        assertThat(names()).containsExactly("3.log", "3.log.2", "3.log.3");
        part("3.log.4", 1L << 30);
        LogFiles.prune(log);
        assertThat(names()).containsExactly("3.log", "3.log.4");
    }

    @Test
    void allFilesOfForgottenRunsGo() throws Exception {
        for (String name : List.of("0.log", "0.log.2026", "0.log.2027", "10.log", "10.log.2026", "2.log", "2.log.2026", "2.message", "1.message", "1.log.gz", "notes")) {
            Files.createFile(folder.resolve(name));
        }
        LogFiles.forget(folder, run -> run == 2 || run == 10);
        assertThat(names()).containsExactly("10.log", "10.log.2026", "2.log", "2.log.2026", "2.message", "notes");
        LogFiles.forget(folder.resolve("none"), _ -> true);
    }
}
