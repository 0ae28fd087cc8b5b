package io.hypernetes.client;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;

/// Cuts a stream of JSON objects, or the parts of one, however they are laid out, into the bytes of each, by its braces alone. What is between them need not be
/// JSON. For one reader.
final class JsonFrames {
    private static final int USUAL_BYTES = 8 << 10;

    private final InputStream in;
    private final int mostBytes;
    private byte[] buffer = new byte[USUAL_BYTES];
    private int begin;
    private int end;
    private int filled;

    /// An object is longer than it may be.
    static final class TooLong extends IOException {
        private static final long serialVersionUID = 1L;

        private TooLong(int mostBytes) {
            super("an object of more than " + (mostBytes >> 20) + " MiB");
        }
    }

    /// @param mostBytes the length of the longest object that is read, in whole MiB
    JsonFrames(InputStream in, int mostBytes) {
        this.in = in;
        this.mostBytes = mostBytes;
    }

    /// Blocks for the next object; false when the stream ended behind the last.
    ///
    /// @throws EOFException when it ends within an object
    /// @throws TooLong instead of holding more than is allowed
    boolean next() throws IOException {
        begin = end;
        if (!skipSpace()) {
            return false;
        }
        if (buffer[begin] != '{') {
            throw new IOException("an object was expected and not '" + (char) (buffer[begin] & 0xff) + "'");
        }
        nested('{', '}');
        return true;
    }

    /// Blocks for the next value of whatever kind, which is then held as an object is.
    ///
    /// @throws EOFException when the stream ends before its end
    /// @throws TooLong instead of holding more than is allowed
    void value() throws IOException {
        switch (peek()) {
            case '{' -> nested('{', '}');
            case '[' -> nested('[', ']');
            case '"' -> {
                int length = 1;
                for (byte sign = at(length++); sign != '"'; sign = at(length++)) {
                    length += sign == '\\' ? 1 : 0;
                }
                end = begin + length;
            }
            default -> {
                int length = 0;
                while (!JsonCursor.endsScalar(at(length))) {
                    length++;
                }
                if (length == 0) {
                    throw new IOException("a value was expected and not '" + (char) (buffer[begin] & 0xff) + "'");
                }
                end = begin + length;
            }
        }
    }

    /// Blocks for the next sign that is no space, which is not passed.
    ///
    /// @throws EOFException when there is none
    byte peek() throws IOException {
        begin = end;
        if (!skipSpace()) {
            throw new EOFException("the stream ended too early");
        }
        end = begin;
        return buffer[begin];
    }

    void pass(char sign) throws IOException {
        if (!passes(sign)) {
            throw new IOException("'" + sign + "' was expected and not '" + (char) (buffer[begin] & 0xff) + "'");
        }
    }

    /// Passes a sign if it is the next.
    boolean passes(char sign) throws IOException {
        if (peek() != sign) {
            return false;
        }
        end = begin + 1;
        return true;
    }

    /// The byte so far behind the beginning of what is held.
    private byte at(int length) throws IOException {
        while (begin + length >= filled) {
            more();
        }
        return buffer[begin + length];
    }

    private void more() throws IOException {
        if (!fill()) {
            throw new EOFException("the stream ended within a value");
        }
    }

    /// Cuts what begins here with one sign and ends with the other that belongs to it.
    private void nested(char opening, char closing) throws IOException {
        int at = begin;
        int depth = 0;
        boolean quoted = false;
        while (true) {
            while (at < filled) {
                byte sign = buffer[at++];
                if (quoted) {
                    if (sign == '\\') {
                        // Whatever follows is no end; it may have to be read yet.
                        at++;
                    } else if (sign == '"') {
                        quoted = false;
                    }
                } else if (sign == '"') {
                    quoted = true;
                } else if (sign == opening) {
                    depth++;
                } else if (sign == closing && --depth == 0) {
                    end = at;
                    return;
                }
            }
            int before = begin;
            more();
            at -= before - begin;
        }
    }

    /// Where the bytes of the object are, from [#offset] on, until the next is asked for; they may be changed.
    byte[] bytes() {
        return buffer;
    }

    int offset() {
        return begin;
    }

    int length() {
        return end - begin;
    }

    private boolean skipSpace() throws IOException {
        while (true) {
            while (begin < filled) {
                byte sign = buffer[begin];
                if (sign != '\n' && sign != '\r' && sign != ' ' && sign != '\t') {
                    return true;
                }
                begin++;
            }
            if (buffer.length > USUAL_BYTES) {
                // One long object is no reason to keep as much for ever.
                buffer = new byte[USUAL_BYTES];
            }
            begin = 0;
            filled = 0;
            end = 0;
            if (!fill()) {
                return false;
            }
        }
    }

    private boolean fill() throws IOException {
        if (filled == buffer.length) {
            int held = filled - begin;
            if (held >= mostBytes) {
                throw new TooLong(mostBytes);
            }
            byte[] into = held > buffer.length / 2 ? new byte[Math.min(2 * buffer.length, mostBytes)] : buffer;
            System.arraycopy(buffer, begin, into, 0, held);
            buffer = into;
            begin = 0;
            filled = held;
        }
        int read = in.read(buffer, filled, buffer.length - filled);
        if (read < 0) {
            return false;
        }
        filled += read;
        return true;
    }
}
