package io.hypernetes.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
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

    @Test
    void aPlainLineIsReadWithoutTheTableAsTheTableReadsIt() {
        Common plain = Common.plain(List.of("--set", "api-port=7443", "--root", "/tmp/one", "--set", "a=b=c")).orElseThrow();
        assertThat(plain.places()).isEqualTo(Places.below(Path.of("/tmp/one")));
        assertThat(plain.flags()).containsExactly("--root", "/tmp/one", "--set", "api-port=7443", "--set", "a=b=c");
        assertThat(Common.plain(List.of()).orElseThrow().places()).isEqualTo(Places.ofMachine());
        for (String line : List.of("--help", "-h", "--root", "--set", "--root=/tmp/one", "--root --set", "--root a --root b", "more", "--root a more", "--join token", "--root a --set")) {
            assertThat(Common.plain(List.of(line.split(" ")))).as(line).isEmpty();
        }
    }

    private static void reach(CommandLine line, Set<Class<?>> reached) {
        reached.add(line.getCommandSpec().userObject().getClass());
        line.getSubcommands().values().forEach(below -> reach(below, reached));
    }
}
