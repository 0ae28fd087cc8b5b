package io.hypernetes.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;

class CommandsTest {

    @Test
    void everyCommandThatIsWrittenCanBeTyped() throws Exception {
        Set<Class<?>> reached = new HashSet<>();
        reach(Hypernetes.line(), reached);
        Set<String> lost = new TreeSet<>();
        Path classes = Path.of(Hypernetes.class.getProtectionDomain().getCodeSource().getLocation().toURI()).resolve("io/hypernetes/cli");
        try (Stream<Path> files = Files.list(classes)) {
            for (Path file : files.filter(name -> name.toString().endsWith(".class") && !name.endsWith("package-info.class")).toList()) {
                Class<?> found = Class.forName("io.hypernetes.cli." + file.getFileName().toString().replace(".class", ""), false, getClass().getClassLoader());
                if (found.isAnnotationPresent(Command.class) && !reached.contains(found)) {
                    lost.add(found.getName());
                }
            }
        }
        assertThat(reached).hasSizeGreaterThan(30);
        assertThat(lost).isEmpty();
    }

    @Test
    void aLineThatBeginsWithACommandReadsTheDescriptionOfNoOther() {
        Set<String> names = Hypernetes.line().getSubcommands().keySet();
        assertThat(names).contains("up", "help");
        for (String name : names) {
            assertThat(Hypernetes.line(name).getSubcommands().keySet()).as(name).isEqualTo(name.equals("help") ? names : Set.of(name));
        }
        assertThat(Hypernetes.line("--help").getSubcommands().keySet()).isEqualTo(names);
        assertThat(Hypernetes.line("statsu").getSubcommands().keySet()).as("one who mistypes is told what is like it").isEqualTo(names);
    }

    private static void reach(CommandLine line, Set<Class<?>> reached) {
        reached.add(line.getCommandSpec().userObject().getClass());
        line.getSubcommands().values().forEach(below -> reach(below, reached));
    }
}
