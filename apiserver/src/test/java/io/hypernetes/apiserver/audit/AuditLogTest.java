package io.hypernetes.apiserver.audit;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.Target;
import io.hypernetes.objects.Json;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
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
        var green = AuditReader.last(file, line -> AuditLine.tenant(line).equals("green"), 3, 1_000_000, 10);
        assertThat(green.stream().map(line -> Json.string(Json.readObject(line), "objectRef", "name"))).containsExactly("p94", "p96", "p98");
        assertThat(Json.readObject(green.getFirst()).toString()).contains("\"verb\":\"get\"", "\"resource\":\"pods\"", "\"code\":200");
        // A later log goes on where the first ended.
        try (var log = new AuditLog(file, 100_000, 3)) {
            log.append(line("green", "/version", 200));
        }
        assertThat(AuditReader.last(file, line -> true, 1, 1_000_000, 1).getFirst()).contains("\"requestURI\":\"/version\"");
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
        assertThat(AuditReader.last(file, line -> true, 10, 1_000_000, 1)).hasSize(1);
    }

    private static AuditLine line(String path, Caller caller, Map<String, String> annotations) {
        return new AuditLine(
                Stage.RESPONSE_COMPLETE, Instant.EPOCH, Instant.EPOCH, "id", "green", caller, caller, Target.of("GET", path, false), "", "GET", path, 200,
                new Sources(List.of(), "192.0.2.1"), "kubectl", annotations);
    }

    /// Whoever could spoil the writing of one line would erase those that others are written about with it.
    @Test
    void halfCharactersSpoilNoLine() throws Exception {
        var file = folder.resolve("audit.log");
        var half = "half \ud83d";
        try (var log = new AuditLog(file, 100_000, 3)) {
            log.append(line("blue", "/before", 200));
            log.append(line("green", "/" + "p".repeat(510) + "\ud83d\ude00 and more", 404));
            log.append(line("/" + half, new Caller("green", half, List.of(half), half, Map.of(half, List.of(half))), Map.of("a/" + half, half)));
            log.append(line("blue", "/after", 200));
        }
        var lines = AuditReader.last(file, line -> true, 10, 1_000_000, 1);
        assertThat(lines.stream().map(line -> Json.string(Json.readObject(line), "requestURI")))
                .containsExactly("/before", "/" + "p".repeat(510) + "…", "/half \ufffd", "/after");
        assertThat(lines.get(2)).contains("\"extra\":{\"half \ufffd\":[\"half \ufffd\"]}");
    }

    /// Half a character, at the end of a file that a crash cut off, and a line that goes on after it.
    @Test
    void aFileThatWasCutWithinACharacterIsReadAndGoneOnWith() throws Exception {
        var file = folder.resolve("audit.log");
        Files.write(file, (line("green", "/api", 200).text() + "\n{\"kind\":\"Eve").getBytes(StandardCharsets.UTF_8));
        Files.write(file, new byte[] {(byte) 0xf0, (byte) 0x9f}, StandardOpenOption.APPEND);
        assertThat(AuditReader.last(file, line -> true, 10, 1_000_000, 1)).hasSize(1);
        try (var log = new AuditLog(file, 100_000, 3)) {
            log.append(line("green", "/apis", 200));
        }
        assertThat(AuditReader.last(file, line -> true, 10, 1_000_000, 1)).hasSize(2);
    }

    /// The size of files is that of their bytes.
    @Test
    void filesAreMeasuredInBytes() throws Exception {
        var file = folder.resolve("audit.log");
        try (var log = new AuditLog(file, 2_000, 3)) {
            for (int i = 0; i < 20; i++) {
                log.append(line("green", "/" + "語".repeat(100), 200));
            }
        }
        assertThat(Files.size(file.resolveSibling("audit.log.1"))).isBetween(2_000L, 3_000L);
    }

    /// Whoever could make lines long would soon have everybody's gone with the oldest file.
    @Test
    void aLineIsShortWhateverItTellsOf() {
        var many = new TreeMap<String, List<String>>();
        for (int i = 0; i < 40; i++) {
            many.put("key" + i, Collections.nCopies(40, "\u0001".repeat(600)));
        }
        var name = "%01".repeat(600);
        var caller = new Caller("green", "\u0001".repeat(600), Collections.nCopies(40, "\u0001".repeat(600)), "\u0001".repeat(600), many);
        var notes = new TreeMap<String, String>();
        for (int i = 0; i < 64; i++) {
            notes.put("a" + i + "/b", "\u0001".repeat(600));
        }
        notes.put("pod-security.kubernetes.io/audit-violations", "\"".repeat(3000));
        notes.put("pod-security.kubernetes.io/enforce-policy", "baseline:latest");
        var path = "/apis/%s/%s/namespaces/%s/%s/%s/%s".formatted(name, name, name, name, name, name);
        var text = new AuditLine(
                Stage.RESPONSE_COMPLETE, Instant.EPOCH, Instant.EPOCH, "\"".repeat(64), "green", caller, caller, Target.of("GET", path, false), "", "GET", path, 404,
                new Sources(List.of(), "192.0.2.1"), "\t".repeat(600), notes).text();
        assertThat(text.getBytes(StandardCharsets.UTF_8)).hasSizeBetween(8 << 10, 16 << 10);
        var line = Json.readObject(text);
        assertThat(AuditLine.tenant(line)).isEqualTo("green");
        var told = line.path("annotations");
        // What the server itself says comes before what others have it say.
        assertThat(told.path("pod-security.kubernetes.io/enforce-policy").asString()).isEqualTo("baseline:latest");
        assertThat(told.path("pod-security.kubernetes.io/audit-violations").asString()).startsWith("\"".repeat(500)).endsWith("…");
        assertThat(Integer.parseInt(told.path("hypernetes.io/left-out").asString())).isBetween(3_000, 3_500);
        assertThat(line.path("user").path("groups")).isNotEmpty();
    }

    /// Who asks for many holds no more of the memory than what is allowed; the newest are told.
    @Test
    void noMoreIsReadThanThereIsRoomFor() throws Exception {
        var file = folder.resolve("audit.log");
        try (var log = new AuditLog(file, 2_000, 5)) {
            for (int i = 0; i < 10; i++) {
                log.append(line("green", "/" + i, 200));
            }
        }
        int length = line("green", "/0", 200).text().length();
        for (int count : List.of(1, 3, 8)) {
            var lines = AuditReader.last(file, line -> true, 100, (count + 1L) * length - 1, 10);
            assertThat(lines).hasSize(count).last().asString().contains("\"/9\"");
        }
        assertThat(AuditReader.last(file, line -> true, 100, length - 1, 10)).isEmpty();
    }

    /// A disk that stands still is a pipe that nobody reads.
    @Test
    void longLinesOfOneTenantNeitherFillTheMemoryNorCostOthersTheirs() throws Exception {
        var file = folder.resolve("audit.log");
        assertThat(new ProcessBuilder("mkfifo", file.toString()).start().waitFor()).isZero();
        var path = "/" + "p".repeat(60_000);
        var waited = new CountDownLatch(1);
        var ended = new AtomicBoolean();
        FutureTask<List<String>> written = new FutureTask<>(() -> Files.readAllLines(file));
        try (var log = new AuditLog(file, Long.MAX_VALUE, 1)) {
            var flood = Thread.ofVirtual().start(() -> {
                while (!ended.get()) {
                    long begin = System.nanoTime();
                    log.append(line("green", path, 404));
                    if (System.nanoTime() - begin > TimeUnit.SECONDS.toNanos(1)) {
                        waited.countDown();
                    }
                }
            });
            assertThat(waited.await(1, TimeUnit.MINUTES)).isTrue();
            log.append(line("blue", "/blue", 200));
            ended.set(true);
            flood.join();
            Thread.ofPlatform().daemon().start(written);
        } finally {
            ended.set(true);
        }
        var lines = written.get(1, TimeUnit.MINUTES);
        assertThat(lines).last().asString().contains("/blue");
        assertThat(lines).hasSizeLessThan((32 << 20) / path.length());
    }

    @Test
    void linesOfTheFormerFormAreFound() {
        var line = Json.readObject("{\"time\":\"2026-01-01T00:00:00Z\",\"auditID\":\"x\",\"tenant\":\"green\",\"user\":\"alice\",\"verb\":\"get\",\"path\":\"/api\",\"code\":200}");
        assertThat(AuditLine.tenant(line)).isEqualTo("green");
        assertThat(AuditLine.user(line)).isEqualTo("alice");
    }
}
