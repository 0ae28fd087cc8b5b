package io.hypernetes.hyperd.spec;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/// `docs/cri.md` names a test or a reason for every spec, and the tests that it names are there.
class CriDocumentTest {
    private static final int SPECS = 148;

    private static List<String[]> rows() throws Exception {
        return Files.readAllLines(Path.of("../docs/cri.md")).stream()
                .filter(line -> line.startsWith("| ") && !line.startsWith("| context |"))
                .map(line -> line.split(" \\| "))
                .toList();
    }

    @Test
    void everySpecIsAccountedFor() throws Exception {
        assertThat(rows()).hasSize(SPECS).allMatch(row -> row.length == 3 && row[2].length() > 5);
    }

    @Test
    void everyTestThatIsNamedIsThere() throws Exception {
        for (String[] row : rows()) {
            if (row[2].startsWith("`")) {
                String[] named = row[2].substring(1, row[2].indexOf('`', 1)).split("\\.");
                Class<?> specs = Class.forName(getClass().getPackageName() + "." + named[0]);
                assertThat(Arrays.stream(specs.getDeclaredMethods())
                                .filter(method -> method.isAnnotationPresent(Test.class))
                                .map(java.lang.reflect.Method::getName))
                        .as(row[1])
                        .contains(named[1]);
            }
        }
    }
}
