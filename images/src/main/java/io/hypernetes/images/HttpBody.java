package io.hypernetes.images;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;

/// The body of an answer, up to where its head or the chunks themselves say that it ends; what ends before is a failure. For one reader; others may close it.
final class HttpBody extends InputStream {
    /// A length that each chunk tells of itself.
    static final long CHUNKED = -1;
    /// A length that the end of the connection tells.
    static final long TO_THE_END = -2;

    private static final int LONGEST_LINE = 4 << 10;
    private static final int MOST_TRAILERS = 100;

    private final InputStream in;
    private final Closeable line;
    private final long length;
    private long left; // of the body, or of the chunk
    private boolean over;

    /// @param in buffered
    /// @param line what to close in the end
    /// @param length bytes, or one of the marks above
    HttpBody(InputStream in, Closeable line, long length) {
        this.in = in;
        this.line = line;
        this.length = length;
        this.left = length == TO_THE_END ? Long.MAX_VALUE : Math.max(0, length);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] into, int at, int most) throws IOException {
        if (most == 0) {
            return 0;
        }
        if (left == 0 && !over) {
            if (length == CHUNKED) {
                nextChunk();
            } else {
                over = true;
            }
        }
        if (over) {
            return -1;
        }
        int read = in.read(into, at, (int) Math.min(most, left));
        if (read < 0) {
            if (length != TO_THE_END) {
                throw new EOFException("the answer breaks off");
            }
            over = true;
            return -1;
        }
        left -= length == TO_THE_END ? 0 : read;
        if (left == 0 && length == CHUNKED && !HttpAnswer.line(in, LONGEST_LINE).isEmpty()) {
            throw new IOException("the chunks of the answer do not end as they say");
        }
        return read;
    }

    private void nextChunk() throws IOException {
        String head = HttpAnswer.line(in, LONGEST_LINE);
        int end = head.indexOf(';');
        String size = (end < 0 ? head : head.substring(0, end)).strip();
        if (!size.matches("[0-9a-fA-F]{1,15}")) {
            throw new IOException("the answer does not come in chunks as its head says");
        }
        left = Long.parseLong(size, 16);
        if (left == 0) {
            over = true;
            for (int trailers = 0; !HttpAnswer.line(in, LONGEST_LINE).isEmpty(); trailers++) {
                if (trailers == MOST_TRAILERS) {
                    throw new IOException("the answer has too many headers behind it");
                }
            }
        }
    }

    @Override
    public void close() throws IOException {
        line.close();
    }
}
