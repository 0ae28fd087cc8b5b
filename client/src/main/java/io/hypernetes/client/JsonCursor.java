package io.hypernetes.client;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

/// Goes through JSON text by its quotes and brackets alone: however deep it is and whatever its numbers and names are like, there is a way past each value.
/// What is within values need not be JSON. For one reader.
final class JsonCursor {
    private final byte[] bytes;
    private final int end;
    private int at;
    private int textBegin;
    private int textEnd;
    private boolean escaped;

    JsonCursor(byte[] bytes, int offset, int end) {
        this.bytes = bytes;
        this.at = offset;
        this.end = end;
    }

    /// Where the next value or sign begins.
    int position() throws IOException {
        peek();
        return at;
    }

    /// Behind what was passed last.
    int passed() {
        return at;
    }

    /// The next sign that is no space, which is not passed.
    byte peek() throws IOException {
        while (at < end) {
            byte sign = bytes[at];
            if (sign != ' ' && sign != '\n' && sign != '\r' && sign != '\t') {
                return sign;
            }
            at++;
        }
        throw new IOException("JSON that ends too early");
    }

    void pass(char sign) throws IOException {
        if (!passes(sign)) {
            throw new IOException("'" + sign + "' was expected and not '" + (char) (bytes[at] & 0xff) + "'");
        }
    }

    /// Passes a sign if it is the next.
    boolean passes(char sign) throws IOException {
        if (peek() != sign) {
            return false;
        }
        at++;
        return true;
    }

    /// Goes to the value of the next member of the object whose brace was passed, and past its name, which is then what [#is] is asked of; past the
    /// object when it has no more.
    ///
    /// @param first whether it is the object's first
    boolean member(boolean first) throws IOException {
        if (passes('}')) {
            return false;
        }
        if (!first) {
            pass(',');
        }
        text();
        pass(':');
        return true;
    }

    /// Passes a text.
    void text() throws IOException {
        pass('"');
        textBegin = at;
        escaped = false;
        while (at < end) {
            byte sign = bytes[at++];
            if (sign == '\\') {
                escaped = true;
                at++;
            } else if (sign == '"') {
                textEnd = at - 1;
                return;
            }
        }
        throw new IOException("a text without an end");
    }

    /// Whether the text that was passed last is this one, as it is written.
    boolean is(String text) {
        if (textEnd - textBegin != text.length()) {
            return false;
        }
        for (int i = 0; i < text.length(); i++) {
            if (bytes[textBegin + i] != text.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /// Passes a value and says what it is, when it is a text; else nothing.
    ///
    /// @throws tools.jackson.core.JacksonException when it has escapes that are none
    String textIfAny() throws IOException {
        if (peek() != '"') {
            skip();
            return "";
        }
        text();
        return escaped
                ? Json.read(bytes, textBegin - 1, textEnd + 1 - (textBegin - 1), String.class)
                : new String(bytes, textBegin, textEnd - textBegin, StandardCharsets.UTF_8);
    }

    /// Passes a value of any kind.
    void skip() throws IOException {
        switch (peek()) {
            case '"' -> text();
            case '{', '[' -> nested();
            default -> {
                int begin = at;
                while (at < end && !endsScalar(bytes[at])) {
                    at++;
                }
                if (at == begin) {
                    throw new IOException("a value was expected and not '" + (char) (bytes[at] & 0xff) + "'");
                }
            }
        }
    }

    static boolean endsScalar(byte sign) {
        return sign == ',' || sign == '}' || sign == ']' || sign == ':' || sign <= ' ' && sign >= 0;
    }

    private void nested() throws IOException {
        int depth = 0;
        do {
            switch (peek()) {
                case '"' -> text();
                case '{', '[' -> {
                    depth++;
                    at++;
                }
                case '}', ']' -> {
                    depth--;
                    at++;
                }
                default -> at++;
            }
        } while (depth > 0);
    }
}
