package io.hypernetes.streams;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The little JSON that streams carry: strings in a status, two numbers in a terminal size.
final class Json {
    private static final Pattern WIDTH = Pattern.compile("\"[Ww]idth\"\\s*:\\s*(\\d{1,5})");
    private static final Pattern HEIGHT = Pattern.compile("\"[Hh]eight\"\\s*:\\s*(\\d{1,5})");

    private Json() {}

    static String quote(String text) {
        StringBuilder quoted = new StringBuilder(text.length() + 16).append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> quoted.append("\\\"");
                case '\\' -> quoted.append("\\\\");
                case '\n' -> quoted.append("\\n");
                case '\r' -> quoted.append("\\r");
                case '\t' -> quoted.append("\\t");
                default -> {
                    if (c < 0x20 || Character.isSurrogate(c)) {
                        quoted.append(String.format("\\u%04x", (int) c));
                    } else {
                        quoted.append(c);
                    }
                }
            }
        }
        return quoted.append('"').toString();
    }

    /// Reads `{"Width":80,"Height":24}`; null when it is no such object.
    static @Nullable TerminalSize terminalSize(String object) {
        Matcher width = WIDTH.matcher(object);
        Matcher height = HEIGHT.matcher(object);
        if (!width.find() || !height.find()) {
            return null;
        }
        int columns = Integer.parseInt(width.group(1));
        int rows = Integer.parseInt(height.group(1));
        return columns > 65535 || rows > 65535 ? null : new TerminalSize(columns, rows);
    }
}
