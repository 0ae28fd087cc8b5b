package io.hypernetes.objects.kind;

import java.util.Base64;
import org.jspecify.annotations.Nullable;

/// A block of the PEM form, found as Go's `encoding/pem` finds it: blanks may end a line, headers stand before the data, and what is no block is passed over.
///
/// @param isHeaded whether it has headers
/// @param end where the text after it begins
record PemBlock(String type, boolean isHeaded, byte[] bytes, int end) {
    private static final String BEGIN = "-----BEGIN ";
    private static final String END = "-----END ";
    private static final String DASHES = "-----";
    private static final int NONE = Integer.MAX_VALUE;

    /// A line without the blanks that end it.
    private record Line(String text, int next) {
        static Line at(String text, int start) {
            int newline = text.indexOf('\n', start);
            int stop = newline < 0 ? text.length() : newline;
            if (newline > start && text.charAt(stop - 1) == '\r') {
                stop--;
            }
            while (stop > start && isBlank(text.charAt(stop - 1))) {
                stop--;
            }
            return new Line(text.substring(start, stop), newline < 0 ? text.length() : newline + 1);
        }
    }

    /// The first block that begins at a place of the text or behind it; null when there is none. Each part of the text is looked at a few times at most, whatever
    /// it says.
    static @Nullable PemBlock next(String text, int from) {
        int at = from;
        int ending = -1;
        while (true) {
            if (!text.startsWith(BEGIN, at)) {
                int newline = text.indexOf("\n" + BEGIN, at);
                if (newline < 0) {
                    return null;
                }
                at = newline + 1;
            }
            Line first = Line.at(text, at + BEGIN.length());
            at = first.next;
            if (!first.text.endsWith(DASHES)) {
                continue;
            }
            boolean headed = false;
            Line header = Line.at(text, at);
            while (at < text.length() && header.text.contains(":")) {
                headed = true;
                at = header.next;
                header = Line.at(text, at);
            }
            if (at >= text.length()) {
                return null;
            }
            boolean isEmpty = !headed && text.startsWith(END, at);
            if (ending < at) {
                int newline = text.indexOf("\n" + END, at);
                ending = newline < 0 ? NONE : newline;
            }
            if (!isEmpty && ending == NONE) {
                continue;
            }
            byte[] bytes = isEmpty ? new byte[0] : data(text, at, ending);
            int name = isEmpty ? at + END.length() : ending + 1 + END.length();
            if (bytes == null || !text.startsWith(first.text, name)) {
                continue;
            }
            Line rest = Line.at(text, name + first.text.length());
            if (rest.text.isEmpty()) {
                return new PemBlock(first.text.substring(0, first.text.length() - DASHES.length()), headed, bytes, rest.next);
            }
        }
    }

    /// Null when it is not well-formed, of which no more is read than is right.
    private static byte @Nullable [] data(String text, int start, int end) {
        StringBuilder data = new StringBuilder();
        for (int i = start; i < end; i++) {
            char each = text.charAt(i);
            if (each >= 'A' && each <= 'Z' || each >= 'a' && each <= 'z' || each >= '0' && each <= '9' || each == '+' || each == '/' || each == '=') {
                data.append(each);
            } else if (!isBlank(each) && each != '\r' && each != '\n') {
                return null;
            }
        }
        try {
            return data.length() % 4 == 0 ? Base64.getDecoder().decode(data.toString()) : null;
        } catch (IllegalArgumentException malformed) {
            return null;
        }
    }

    private static boolean isBlank(char each) {
        return each == ' ' || each == '\t';
    }
}
