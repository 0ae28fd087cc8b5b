package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.apiserver.http.Part;
import java.io.ByteArrayOutputStream;
import java.util.List;

/// JSON in lines, for people who look at answers with `curl` or a browser, or ask for it with `pretty` (isPrettyPrint of apiserver's
/// endpoints/handlers/negotiation/negotiate.go).
final class Indented {
    /// What is longer nobody reads, and it would take the room of several answers.
    private static final int LONGEST = 2 << 20;

    /// What is deep has more spaces than text: a thousand objects within each other, which are allowed, would make a thousand times as much of it.
    private static final int LONGEST_INDENTED = 4 * LONGEST;

    private static final List<String> AGENTS = List.of("curl", "Wget", "Mozilla/5.0");

    private Indented() {}

    /// The parts of an answer as the client wants to see them; as they are when they are too much for that.
    static List<Part> of(Exchange http, String contentType, List<Part> parts) {
        if (!contentType.startsWith("application/json") || !isWanted(http)) {
            return parts;
        }
        return lines(parts);
    }

    static List<Part> lines(List<Part> parts) {
        long length = 0;
        for (var part : parts) {
            length += part.length();
        }
        if (length > LONGEST) {
            return parts;
        }
        var out = new ByteArrayOutputStream((int) length * 2);
        var lines = new Lines(out);
        for (var part : parts) {
            for (byte b : part.array()) {
                lines.add(b);
                if (lines.tooLong) {
                    return parts;
                }
            }
        }
        return List.of(Part.of(out.toByteArray()));
    }

    private static boolean isWanted(Exchange http) {
        var said = http.query("pretty");
        if (!said.isEmpty()) {
            return List.of("1", "t", "T", "true", "TRUE", "True").contains(said);
        }
        var agent = http.header("User-Agent").orElse("");
        return AGENTS.stream().anyMatch(agent::startsWith);
    }

    /// Puts the members of JSON without spaces into lines of their own.
    private static final class Lines {
        private final ByteArrayOutputStream out;
        private int depth;
        private boolean text;
        private boolean escaped;
        /// An object or array that has begun and has nothing in it so far.
        private boolean begun;
        private boolean tooLong;

        Lines(ByteArrayOutputStream out) {
            this.out = out;
        }

        void add(byte b) {
            if (text) {
                out.write(b);
                text = escaped || b != '"';
                escaped = !escaped && b == '\\';
                return;
            }
            if (b == '}' || b == ']') {
                depth--;
                if (!begun) {
                    line();
                }
                begun = false;
                out.write(b);
                return;
            }
            if (begun) {
                line();
                begun = false;
            }
            out.write(b);
            switch (b) {
                case '{', '[' -> {
                    depth++;
                    begun = true;
                }
                case ',' -> line();
                case ':' -> out.write(' ');
                case '"' -> text = true;
                default -> {}
            }
        }

        private void line() {
            out.write('\n');
            for (int i = 0; i < depth; i++) {
                out.write(' ');
                out.write(' ');
            }
            tooLong = out.size() > LONGEST_INDENTED;
        }
    }
}
