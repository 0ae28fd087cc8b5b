package io.hypernetes.kubelet.usage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class NodeUsageTest {
    @TempDir
    Path proc;

    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2026-01-01T00:00:00Z"));

    @BeforeEach
    void machine() throws IOException {
        Files.writeString(proc.resolve("uptime"), "100.00 180.00\n");
        Files.writeString(proc.resolve("meminfo"), "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    600 kB\n");
        stat(2000, 500);
    }

    private void stat(long user, long system) throws IOException {
        Files.writeString(proc.resolve("stat"), "cpu  " + user + " 0 " + system + " 9000 77 0 0 5 0 0\ncpu0 1 1 1 1\n");
    }

    private JsonNode ask(NodeUsage usage) {
        return JsonMapper.shared().readTree(usage.now());
    }

    @Test
    void theFirstAnswerIsSinceBootLaterOnesSinceTheLast() throws IOException {
        NodeUsage usage = new NodeUsage(proc, now::get);
        JsonNode first = ask(usage);
        // 25 s of work in 100 s.
        assertThat(first.path("usage").path("cpu").asString()).isEqualTo("250000000n");
        assertThat(first.path("usage").path("memory").asString()).isEqualTo("400Ki");
        assertThat(first.path("window").asString()).isEqualTo("100.000s");

        now.set(now.get().plusSeconds(10));
        stat(3000, 1000);
        JsonNode second = ask(usage);
        assertThat(second.path("usage").path("cpu").asString()).isEqualTo("1500000000n");
        assertThat(second.path("window").asString()).isEqualTo("10.000s");

        // Asked again at once: the window does not shrink to nothing for the next one.
        now.set(now.get().plusMillis(500));
        stat(3050, 1000);
        ask(usage);
        now.set(now.get().plusMillis(4500));
        stat(3500, 1000);
        JsonNode third = ask(usage);
        assertThat(third.path("window").asString()).isEqualTo("5.000s");
        assertThat(third.path("usage").path("cpu").asString()).isEqualTo("1000000000n");
    }
}
