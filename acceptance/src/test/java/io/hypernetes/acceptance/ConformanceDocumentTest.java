package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.acceptance.ConformanceDraw.Behaviour;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// `docs/conformance.md` names every behaviour once, with its state; the tests that it names are there, and all of the draw are tested.
class ConformanceDocumentTest {
    private static final Path DOCUMENT = Cluster.checkout().resolve("docs/conformance.md");
    private static final Pattern STATE = Pattern.compile("tested: `(\\w+)\\.(\\w+)`|works, untested|missing: .{10,}|cannot apply: .{10,}");

    private static List<Behaviour> behaviours = List.of();
    private static final Map<Behaviour, String> STATES = new LinkedHashMap<>();
    private static final Map<String, String> TOTALS = new HashMap<>();

    @BeforeAll
    static void read() throws IOException {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                Objects.requireNonNull(ConformanceDocumentTest.class.getResourceAsStream("conformance-1.37.tsv")), StandardCharsets.UTF_8))) {
            behaviours = lines.lines().filter(line -> line.startsWith("test/")).map(line -> line.split("\t"))
                    .map(parts -> Behaviour.of(parts[0], shown(parts[1]))).toList();
        }
        String group = "";
        for (String line : Files.readAllLines(DOCUMENT)) {
            String[] cells = line.replaceAll("^\\| | \\|$", "").split(" \\| ");
            if (line.startsWith("## ")) {
                group = line.substring(3);
            } else if (cells.length == 2 && !cells[0].equals("behaviour")) {
                if (group.isEmpty()) {
                    TOTALS.put(cells[0], cells[1]);
                } else {
                    assertThat(STATES.put(new Behaviour(group, cells[0]), cells[1])).as("twice: " + cells[0]).isNull();
                }
            }
        }
    }

    /// Every name of the suite has these tags.
    private static String shown(String name) {
        return name.replace(" [Conformance]", "").replace(" [NodeConformance]", "");
    }

    @Test
    void everyBehaviourIsNamedOnceWithItsState() {
        assertThat(STATES.keySet()).containsExactlyInAnyOrderElementsOf(behaviours);
        assertThat(STATES).allSatisfy((_, state) -> assertThat(state).matches(STATE));
    }

    @Test
    void theTotalsAreRight() {
        assertThat(TOTALS).containsEntry("behaviours", String.valueOf(behaviours.size()));
        for (String state : List.of("tested", "works, untested", "missing", "cannot apply")) {
            assertThat(TOTALS).containsEntry(state, String.valueOf(STATES.values().stream().filter(each -> each.startsWith(state)).count()));
        }
    }

    @Test
    void allThatWereDrawnAreTested() {
        List<Behaviour> drawn = ConformanceDraw.of(behaviours, each -> !STATES.getOrDefault(each, "").matches("(missing|cannot apply): .*"));
        assertThat(drawn).hasSizeGreaterThanOrEqualTo(60).allSatisfy(each -> assertThat(STATES.get(each)).startsWith("tested: "));
    }

    @Test
    void theTestsThatAreNamedAreThere() throws IOException {
        Map<String, String> sources = new HashMap<>();
        for (Path source : sources()) {
            sources.merge(source.getFileName().toString().replace(".java", ""), Files.readString(source), String::concat);
        }
        STATES.forEach((behaviour, state) -> {
            Matcher test = STATE.matcher(state);
            if (test.matches() && test.group(1) != null) {
                assertThat(sources).as(behaviour.name()).containsKey(test.group(1));
                assertThat(sources.get(test.group(1))).as(behaviour.name()).containsPattern("@Test\\s+(@\\S+\\s+)*void " + test.group(2) + "\\(");
            }
        });
    }

    private static List<Path> sources() throws IOException {
        List<Path> sources = new ArrayList<>();
        try (Stream<Path> modules = Files.list(Cluster.checkout())) {
            for (Path tests : modules.map(module -> module.resolve("src/test/java")).filter(Files::isDirectory).toList()) {
                try (Stream<Path> files = Files.walk(tests)) {
                    files.filter(file -> file.toString().endsWith("Test.java")).forEach(sources::add);
                }
            }
        }
        return sources;
    }
}
