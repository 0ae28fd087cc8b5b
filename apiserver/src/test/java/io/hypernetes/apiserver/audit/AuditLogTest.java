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
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AuditLogTest {
    @TempDir
    Path folder;

    private static AuditLine line(String tenant, String path, int code) {
        return new AuditLine(
                Stage.RESPONSE_COMPLETE,
                Instant.parse("2026-05-01T00:00:00Z"),
                Instant.parse("2026-05-01T00:00:00.003Z"),
                "id",
                tenant,
                new Caller(tenant, "alice", List.of()),
                null,
                Target.of("GET", path, false),
                "",
                "GET",
                path,
                code,
                new Sources(List.of("198.51.100.7, nonsense", "2001:db8::1"), "192.0.2.1"),
                "kubectl",
                Map.of("authorization.k8s.io/decision", "allow"));
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
        var green = AuditReader.last(file, line -> AuditLine.tenant(line).equals("green"), 3, 10);
        assertThat(green.stream().map(line -> Json.string(Json.readObject(line), "objectRef", "name"))).containsExactly("p94", "p96", "p98");
        assertThat(Json.readObject(green.getFirst()).toString()).contains("\"verb\":\"get\"", "\"resource\":\"pods\"", "\"code\":200");
        // A later log goes on where the first ended.
        try (var log = new AuditLog(file, 100_000, 3)) {
            log.append(line("green", "/version", 200));
        }
        assertThat(AuditReader.last(file, line -> true, 1, 1).getFirst()).contains("\"requestURI\":\"/version\"");
    }

    /// The members of upstream's `Event` of `audit.k8s.io/v1`, by which others read it.
    @Test
    void aLineIsAnEvent() {
        assertThat(line("green", "/api/v1/namespaces/default/pods/p/log", 403).text()).isEqualTo(
                "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"level\":\"Metadata\",\"auditID\":\"id\",\"stage\":\"ResponseComplete\","
                        + "\"requestURI\":\"/api/v1/namespaces/default/pods/p/log\",\"verb\":\"get\",\"user\":{\"username\":\"alice\",\"groups\":[]},"
                        + "\"sourceIPs\":[\"198.51.100.7\",\"2001:db8::1\",\"192.0.2.1\"],\"userAgent\":\"kubectl\","
                        + "\"objectRef\":{\"resource\":\"pods\",\"namespace\":\"default\",\"name\":\"p\",\"apiVersion\":\"v1\",\"subresource\":\"log\"},"
                        + "\"responseStatus\":{\"metadata\":{},\"status\":\"Failure\",\"code\":403},"
                        + "\"requestReceivedTimestamp\":\"2026-05-01T00:00:00.000000Z\",\"stageTimestamp\":\"2026-05-01T00:00:00.003000Z\","
                        + "\"annotations\":{\"authorization.k8s.io/decision\":\"allow\",\"hypernetes.io/tenant\":\"green\"}}");
    }

    @Test
    void aLineThatACrashCutOffIsPassedOver() throws Exception {
        var file = folder.resolve("audit.log");
        Files.writeString(file, line("green", "/api", 200).text() + "\n{\"kind\":\"Eve");
        assertThat(AuditReader.last(file, line -> true, 10, 1)).hasSize(1);
    }
}
