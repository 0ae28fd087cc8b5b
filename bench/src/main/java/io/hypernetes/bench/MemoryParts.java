package io.hypernetes.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// What the resident memory of a process with a Java virtual machine is made of, by what is mapped: the heap, files by their names, and what else it has of its own
/// (malloc's, compiled code, descriptions of classes, stacks).
final class MemoryParts {
    private static final Pattern MAPPING = Pattern.compile("([0-9a-f]+)-([0-9a-f]+) \\S+ \\S+ \\S+ \\S+ *(.*)");
    private static final Pattern GENERATION = Pattern.compile("\\[0x([0-9a-f]+), 0x([0-9a-f]+), 0x([0-9a-f]+)\\)");
    private static final String HEAP = "the heap of Java";
    private static final String OWN = "anonymous, not the heap";
    private static final String SMALL_FILES = "files below 1 MB";
    private static final long SMALL = 1_000_000;

    private MemoryParts() {}

    /// Resident bytes by part.
    ///
    /// @param heapInfo what `jcmd PID GC.heap_info` printed
    static Map<String, Long> of(long pid, String heapInfo) throws IOException {
        long from = Long.MAX_VALUE;
        long to = 0;
        var generations = GENERATION.matcher(heapInfo);
        while (generations.find()) {
            from = Math.min(from, Long.parseLong(generations.group(1), 16));
            to = Math.max(to, Long.parseLong(generations.group(3), 16));
        }
        Map<String, Long> bytes = new TreeMap<>();
        String part = OWN;
        for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/smaps"))) {
            var mapping = MAPPING.matcher(line);
            if (mapping.matches()) {
                long begin = Long.parseUnsignedLong(mapping.group(1), 16);
                String name = mapping.group(3);
                boolean heap = begin >= from && begin < to;
                part = heap ? HEAP : name.startsWith("/") ? Path.of(name).getFileName().toString() : OWN;
            } else if (line.startsWith("Rss:")) {
                bytes.merge(part, Long.parseLong(line.replaceAll("[^0-9]", "")) << 10, Long::sum);
            }
        }
        Map<String, Long> told = new TreeMap<>();
        bytes.forEach((name, size) -> told.merge(size < SMALL ? SMALL_FILES : name, size, Long::sum));
        return told;
    }
}
