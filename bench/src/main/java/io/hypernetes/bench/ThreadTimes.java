package io.hypernetes.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/// Processor time that the threads of a Java process have used up to now, in nanoseconds, by what they are for. Threads that have ended are in the
/// whole alone.
///
/// @param parts by name: numbers of threads of one kind are taken off
/// @param whole of the process
record ThreadTimes(Map<String, Long> parts, long whole) {
    static ThreadTimes of(ProcessHandle process) throws IOException {
        Map<String, Long> parts = new TreeMap<>();
        try (Stream<Path> threads = Files.list(Path.of("/proc", Long.toString(process.pid()), "task"))) {
            for (Path thread : (Iterable<Path>) threads::iterator) {
                try {
                    String said = Files.readString(thread.resolve("schedstat"));
                    parts.merge(part(Files.readString(thread.resolve("comm"))), Long.parseLong(said.substring(0, said.indexOf(' '))), Long::sum);
                } catch (IOException ended) {
                    // Between the list and the look.
                }
            }
        }
        return new ThreadTimes(parts, process.info().totalCpuDuration().orElseThrow().toNanos());
    }

    private static String part(String thread) {
        return thread.strip().replaceAll("[-# ]*[0-9]+$", "");
    }

    /// Prints what was used since, of each of some requests, largest first.
    void print(ThreadTimes since, int requests) {
        parts.entrySet().stream()
                .map(part -> Map.entry(part.getKey(), part.getValue() - since.parts.getOrDefault(part.getKey(), 0L)))
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .filter(part -> part.getValue() >= (whole - since.whole) / 200)
                .forEach(part -> System.out.printf("      %-20s %8.0f us%n", part.getKey(), part.getValue() / 1e3 / requests));
    }
}
