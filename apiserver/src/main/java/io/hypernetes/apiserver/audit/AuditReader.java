package io.hypernetes.apiserver.audit;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
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

    /// The newest lines that are wanted, the oldest of them first. What is no text, as where a crash cut off a character, spoils its own line alone.
    ///
    /// @param file of the newest lines
    /// @param limit how many at most
    /// @param characters how many of the lines together at most; older lines that there is no room for are left out
    /// @param files how many files are read at most, the newest first
    public static List<String> last(Path file, Predicate<ObjectNode> wanted, int limit, long characters, int files) throws IOException {
        var found = new ArrayDeque<String>();
        long left = characters;
        for (var one : AuditLog.files(file).stream().limit(files).toList()) {
            var lines = new ArrayDeque<String>();
            boolean full = false;
            try (var in = new BufferedReader(new InputStreamReader(Files.newInputStream(one), StandardCharsets.UTF_8))) {
                for (var line = in.readLine(); line != null; line = in.readLine()) {
                    if (isWanted(line, wanted)) {
                        lines.addLast(line);
                        left -= line.length();
                        while (!lines.isEmpty() && (left < 0 || lines.size() > limit - found.size())) {
                            left += lines.removeFirst().length();
                            full = true;
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
            if (full || found.size() >= limit) {
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
