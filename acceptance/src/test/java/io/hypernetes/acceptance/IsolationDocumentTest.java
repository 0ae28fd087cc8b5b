package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// `docs/isolation.md` has each check of the multi-tenancy benchmark with its verdict and a test that bears the id; and the tests that it names are there.
class IsolationDocumentTest {
    private static final Pattern ROW = Pattern.compile("\\| ((?:MTB-|multi-tenancy#)\\S+) \\| [^|]+ \\| ([^|]+) \\| [^|]+ \\| `(\\w+)\\.(\\w+)` \\|");
    private static final Pattern TAGGED = Pattern.compile("@Tag\\(\"((?:MTB-|multi-tenancy#)[^\"]+)\"\\)\\s+(?:@\\S+\\s+)*(?:static )?void (\\w+)\\(");
    private static final Pattern NAMED = Pattern.compile("`(\\w+Test)\\b");
    /// All that the SIG wrote, with the id that it gave twice, and planned.
    private static final List<String> CHECKS = List.of(
            "MTB-PL1-CC-CPI-1", "MTB-PL1-BC-CPI-2", "MTB-PL1-BC-CPI-3", "MTB-PL1-BC-CPI-4", "MTB-PL1-BC-CPI-5", "MTB-PL1-BC-CPI-6", "MTB-PL1-CC-TI-1", "MTB-PL1-CC-TI-2",
            "MTB-PL2-CC-TI-1", "MTB-PL1-BC-HI-1", "MTB-PL1-BC-HI-1", "MTB-PL1-BC-HI-3", "MTB-PL1-BC-HI-4", "MTB-PL1-BC-HI-5", "MTB-PL1-CC-FNS-1", "MTB-PL1-CC-FNS-2",
            "MTB-PL1-CC-DI-1", "MTB-PL2-BC-OPS-3", "MTB-PL2-BC-OPS-4", "multi-tenancy#1198", "multi-tenancy#1199", "multi-tenancy#1200", "multi-tenancy#1201");

    private static final Map<String, String> SOURCES = new TreeMap<>();
    private static String document = "";

    @BeforeAll
    static void read() throws IOException {
        document = Files.readString(Cluster.checkout().resolve("docs/isolation.md"));
        try (Stream<Path> modules = Files.list(Cluster.checkout())) {
            for (Path tests : modules.map(module -> module.resolve("src/test/java")).filter(Files::isDirectory).toList()) {
                try (Stream<Path> files = Files.walk(tests)) {
                    for (Path file : files.filter(each -> each.toString().endsWith("Test.java")).toList()) {
                        SOURCES.merge(file.getFileName().toString().replace(".java", ""), Files.readString(file), String::concat);
                    }
                }
            }
        }
    }

    @Test
    void everyCheckHasAVerdictAndATest() {
        assertThat(ROW.matcher(document).results().map(row -> row.group(1))).containsExactlyElementsOf(CHECKS);
        assertThat(ROW.matcher(document).results().map(row -> row.group(2)).collect(Collectors.toSet())).containsExactlyInAnyOrder("holds", "turned round", "moved", "the tenant's choice");
    }

    @Test
    void theTestsAreThoseThatBearTheIds() {
        List<String> tagged = new ArrayList<>();
        SOURCES.forEach((name, source) -> TAGGED.matcher(source).results().forEach(test -> tagged.add(test.group(1) + " " + name + "." + test.group(2))));
        assertThat(ROW.matcher(document).results().map(row -> row.group(1) + " " + row.group(3) + "." + row.group(4))).containsExactlyInAnyOrderElementsOf(tagged);
    }

    @Test
    void theTestsThatAreNamedAreThere() {
        assertThat(SOURCES.keySet()).containsAll(NAMED.matcher(document).results().map(named -> named.group(1)).toList());
    }
}
