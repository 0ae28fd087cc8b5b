package io.hypernetes.hyperd.log;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// The files of a log that are written no longer, called `LOG.TIME` as a kubelet calls them, which so clears them away with its own.
final class LogParts {
    /// As names sort, so do times.
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HHmmss.nnnnnnnnn'Z'").withZone(ZoneOffset.UTC);

    private LogParts() {}

    /// A name that no part of this log has.
    static Path unused(Path log, Instant now) {
        String name = log.getFileName() + "." + TIME.format(now);
        Path part = log.resolveSibling(name);
        for (int i = 1; Files.exists(part, LinkOption.NOFOLLOW_LINKS); i++) {
            part = log.resolveSibling(name + "-" + i);
        }
        return part;
    }

    /// Removes older parts: the newest stays, and as many of those before it as come to no more than so many bytes with it.
    static void prune(Path log, long mostBytes) throws IOException {
        String prefix = log.getFileName() + ".";
        List<Path> parts = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(log.resolveSibling(""), each -> String.valueOf(each.getFileName()).startsWith(prefix))) {
            entries.forEach(parts::add);
        }
        parts.sort(Comparator.reverseOrder());
        long bytes = 0;
        for (int i = 0; i < parts.size(); i++) {
            bytes += Files.size(parts.get(i));
            if (i > 0 && bytes > mostBytes) {
                Files.deleteIfExists(parts.get(i));
            }
        }
    }
}
