package io.hypernetes.hyperd;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.linux.Cgroups;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// What the host shows of the pods of one engine, found without asking it.
///
/// @param machines process ids of hypervisors and jailers
/// @param rules elements of the packet filter that name a tap
record Footprint(
        List<String> machines, List<String> taps, List<String> rules, List<String> disks, List<String> folders, List<String> cgroups, List<String> mounts) {

    /// Begins the names of machines that are no pods'.
    private static final String TEMPLATE = "template-";

    static Footprint of(Path root) throws Exception {
        String bridge = LabNode.bridge(root);
        Pattern tap = Pattern.compile(bridge + "[0-9a-f]+");
        List<String> cgroups = new ArrayList<>();
        for (Path folder : Cgroups.discover().folders(LabNode.cgroup(root))) {
            pods(folder).filter(name -> Files.isDirectory(folder.resolve(name)) && !cgroups.contains(name)).forEach(cgroups::add);
        }
        return new Footprint(
                machines(root),
                names(Path.of("/sys/class/net")).filter(name -> tap.matcher(name).matches()).toList(),
                tap.matcher(printed("nft", "list", "table", "bridge", bridge)).results().map(MatchResult::group).distinct().sorted().toList(),
                pods(root.resolve("state/scratch")).toList(),
                pods(root.resolve("run/machines")).toList(),
                List.copyOf(cgroups),
                Files.readAllLines(Path.of("/proc/self/mountinfo")).stream().filter(line -> line.contains(root.toString())).toList());
    }

    /// What there is of templates: the names in the folders of machines and in each cgroup hierarchy, each name once.
    static List<String> templates(Path root) throws Exception {
        Stream<Path> places = Stream.concat(Stream.of(root.resolve("run/machines")), Cgroups.discover().folders(LabNode.cgroup(root)).stream());
        return places.flatMap(Footprint::names).filter(name -> name.startsWith(TEMPLATE)).distinct().sorted().toList();
    }

    /// How many there are of each kind.
    Map<String, Integer> counts() {
        return new TreeMap<>(Map.of(
                "machines", machines.size(), "taps", taps.size(), "rules", rules.size(), "disks", disks.size(), "folders", folders.size(),
                "cgroups", cgroups.size(), "mounts", mounts.size()));
    }

    /// Says that there is exactly one of everything for each of so many pods.
    void isOf(int pods, String when) {
        Map<String, Integer> wanted = counts();
        wanted.replaceAll((what, seen) -> what.equals("mounts") ? 0 : pods);
        assertThat(counts()).as("%s: %s", when, this).isEqualTo(wanted);
    }

    private static List<String> machines(Path root) throws IOException {
        String group = "/" + LabNode.cgroup(root) + "/";
        return names(Path.of("/proc"))
                .filter(name -> name.matches("[0-9]+"))
                .filter(pid -> !read("/proc/" + pid + "/cgroup").contains(group + TEMPLATE))
                .filter(pid -> read("/proc/" + pid + "/cgroup").contains(group) || isJailer(read("/proc/" + pid + "/cmdline"), root))
                // One that has ended and was not reaped yet.
                .filter(pid -> !read("/proc/" + pid + "/cmdline").isEmpty())
                .toList();
    }

    private static boolean isJailer(String line, Path root) {
        return line.contains("/jailer\0") && line.contains(root.toString()) && !line.contains("java\0");
    }

    private static String read(String file) {
        try {
            return Files.readString(Path.of(file), StandardCharsets.ISO_8859_1);
        } catch (IOException ended) {
            return "";
        }
    }

    private static Stream<String> pods(Path folder) {
        return names(folder).filter(name -> !name.startsWith(TEMPLATE));
    }

    private static Stream<String> names(Path folder) {
        if (!Files.isDirectory(folder)) {
            return Stream.empty();
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.map(entry -> String.valueOf(entry.getFileName())).sorted().toList().stream();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static String printed(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return printed;
    }
}
