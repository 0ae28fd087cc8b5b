package io.hypernetes.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AuditCommandTest {
    @TempDir
    Path root;

    private List<String> audit(String... options) {
        var arguments = new ArrayList<>(List.of("audit", "--root", root.toString()));
        arguments.addAll(List.of(options));
        var out = new ByteArrayOutputStream();
        var before = System.out;
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            assertThat(Hypernetes.line("audit").execute(arguments.toArray(String[]::new))).isZero();
        } finally {
            System.setOut(before);
        }
        return out.toString(StandardCharsets.UTF_8).lines().toList();
    }

    private void write(String... lines) throws Exception {
        var file = Places.below(root).auditLog();
        Files.createDirectories(file.getParent());
        Files.write(file, List.of(lines));
    }

    private static String event(String user, String name) {
        var line = Json.object().put("kind", "Event").put("stageTimestamp", "2026-05-01T00:00:00.000000Z").put("verb", "get");
        line.putObject("user").put("username", user);
        line.putObject("objectRef").put("resource", "pods").put("name", name);
        line.putObject("responseStatus").put("code", 404);
        line.putObject("annotations").put("hypernetes.io/tenant", "green");
        return Json.print(line);
    }

    /// A name in a path may hold `%0A` and `%1B`.
    @Test
    void namesForgeNoLinesAndTellTheTerminalNothing() throws Exception {
        write(event("alice", "p\n2026-05-01T00:00:00.000000Z  green  root\r\u001b[2J\u009b\u202e\u2028end"), event("bob\n", "q"));
        assertThat(audit()).hasSize(2).first().asString()
                .endsWith("pods/p\ufffd2026-05-01T00:00:00.000000Z  green  root\ufffd\ufffd[2J\ufffd\ufffd\ufffdend");
        // JSON has its own way to write them.
        assertThat(audit("-o", "json")).hasSize(2);
    }

    @Test
    void linesOfTheFormerFormAreShown() throws Exception {
        write(
                """
                {"time":"2026-01-01T00:00:00Z","auditID":"x","tenant":"green","user":"alice","impersonator":"root","verb":"get","apiGroup":"","resource":"pods","namespace":"default","name":"p","path":"/x","code":403,"ms":7,"source":"192.0.2.1","agent":"kubectl"}""",
                event("alice", "q"),
                event("bob", "r"));
        var shown = audit("--tenant", "green", "--user", "alice", "-o", "wide");
        assertThat(shown).hasSize(2);
        assertThat(shown.getFirst()).startsWith("2026-01-01T00:00:00Z  green").contains("alice (root)", " 403 ", "pods/default/p", "192.0.2.1", "7ms");
        assertThat(audit("--tenant", "blue")).isEmpty();
    }
}
