package io.hypernetes.apiserver.audit;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.Target;
import io.hypernetes.objects.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AuditLogTest {
    @TempDir
    Path folder;

    private static AuditLine line(String tenant, String path, int code) {
        return new AuditLine(
                Instant.parse("2026-05-01T00:00:00Z"),
                "id",
                tenant,
                new Caller(tenant, "alice", List.of()),
                null,
                Target.of("GET", path, false),
                "",
                "GET",
                path,
                code,
                3,
                "192.0.2.1",
                "kubectl");
    }

    @Test
    void linesAreKeptInFilesOfBoundedSizeAndNumber() throws Exception {
        var file = folder.resolve("log/audit.log");
        try (var log = new AuditLog(file, 2_000, 3)) {
            for (int i = 0; i < 100; i++) {
                log.append(line(i % 2 == 0 ? "green" : "blue", "/api/v1/namespaces/default/pods/p" + i, 200));
            }
        }
        assertThat(AuditLog.files(file)).hasSize(3);
        assertThat(Files.size(file.resolveSibling("audit.log.1"))).isBetween(2_000L, 2_500L);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file))).isEqualTo("rw-------");
        var green = AuditReader.last(file, line -> Json.string(line, "tenant").equals("green"), 3, 10);
        assertThat(green.stream().map(line -> Json.string(Json.readObject(line), "name"))).containsExactly("p94", "p96", "p98");
        assertThat(Json.readObject(green.getFirst()).toString()).contains("\"verb\":\"get\"", "\"resource\":\"pods\"", "\"code\":200");
        // A later log goes on where the first ended.
        try (var log = new AuditLog(file, 100_000, 3)) {
            log.append(line("green", "/version", 200));
        }
        assertThat(AuditReader.last(file, line -> true, 1, 1).getFirst()).contains("\"path\":\"/version\"");
    }

    @Test
    void aLineThatACrashCutOffIsPassedOver() throws Exception {
        var file = folder.resolve("audit.log");
        Files.writeString(file, line("green", "/api", 200).text() + "\n{\"tenant\":\"gre");
        assertThat(AuditReader.last(file, line -> true, 10, 1)).hasSize(1);
    }
}
