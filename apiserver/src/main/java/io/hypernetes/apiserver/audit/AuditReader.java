package io.hypernetes.apiserver.audit;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.List;
import java.util.function.Predicate;
import tools.jackson.databind.node.ObjectNode;

/// Reads audit files back.
public final class AuditReader {
    private AuditReader() {}

    /// The newest lines that are wanted, the oldest of them first.
    ///
    /// @param file of the newest lines
    /// @param limit how many at most
    /// @param files how many files are read at most, the newest first
    public static List<String> last(Path file, Predicate<ObjectNode> wanted, int limit, int files) throws IOException {
        var found = new ArrayDeque<String>();
        for (var one : AuditLog.files(file).stream().limit(files).toList()) {
            var lines = new ArrayDeque<String>();
            try (var in = Files.newBufferedReader(one, StandardCharsets.UTF_8)) {
                for (var line = in.readLine(); line != null; line = in.readLine()) {
                    if (isWanted(line, wanted)) {
                        lines.addLast(line);
                        if (lines.size() > limit - found.size()) {
                            lines.removeFirst();
                        }
                    }
                }
            } catch (NoSuchFileException e) {
                // Renamed while it was looked for: its lines are those of the next.
                continue;
            }
            while (!lines.isEmpty()) {
                found.addFirst(lines.removeLast());
            }
            if (found.size() >= limit) {
                break;
            }
        }
        return List.copyOf(found);
    }

    private static boolean isWanted(String line, Predicate<ObjectNode> wanted) {
        try {
            return wanted.test(Json.readObject(line));
        } catch (MalformedJsonException e) {
            // The end of a line that a crash cut off.
            return false;
        }
    }
}
