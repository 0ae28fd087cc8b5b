package io.hypernetes.kubelet.pod;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The files of a container's runs: `N.log` of the run that was the Nth to follow another, `N.log.TIME` for what it wrote before that, `N.message` for its last words.
final class LogFiles {
    /// As much of what one run wrote before its present file is kept, and so long the runtime lets that become: what upstream's kubelet keeps of a container
    /// (five files of 10 MiB).
    static final long MOST_BYTES = 50L << 20;
    private static final int MOST_PARTS = 4;
    private static final Pattern RUN = Pattern.compile("([0-9]{1,9})\\.(?:log(?:\\..*)?|message)");
    /// As names sort, so do times.
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HHmmss.nnnnnnnnn'Z'").withZone(ZoneOffset.UTC);

    private LogFiles() {}

    /// What a log is called that is written no longer.
    static Path part(Path log, Instant now) {
        return log.resolveSibling(log.getFileName() + "." + TIME.format(now));
    }

    /// Removes the older parts of a log; the newest stays.
    static void prune(Path log) throws IOException {
        String prefix = log.getFileName() + ".";
        List<Path> parts = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(log.resolveSibling(""), each -> String.valueOf(each.getFileName()).startsWith(prefix))) {
            entries.forEach(parts::add);
        }
        parts.sort(Comparator.reverseOrder());
        long bytes = 0;
        for (int i = 0; i < parts.size(); i++) {
            bytes += Files.size(parts.get(i));
            if (i >= MOST_PARTS || (i > 0 && bytes > MOST_BYTES)) {
                Files.deleteIfExists(parts.get(i));
            }
        }
    }

    /// Removes all files of runs that are not to be kept. The runtime may have forgotten these runs, as it does with a machine that has ended.
    static void forget(Path folder, IntPredicate kept) throws IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            for (Path entry : entries) {
                Matcher run = RUN.matcher(String.valueOf(entry.getFileName()));
                if (run.matches() && !kept.test(Integer.parseInt(run.group(1)))) {
                    Files.deleteIfExists(entry);
                }
            }
        }
    }
}
