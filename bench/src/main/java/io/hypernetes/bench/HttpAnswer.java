package io.hypernetes.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/// Finds the end of an answer of known length, and little else.
final class HttpAnswer {
    private static final byte[] LENGTH = "\r\ncontent-length: ".getBytes(StandardCharsets.US_ASCII);
    private final byte[] head = new byte[4096];
    private int kept;
    private int headEnd = -1;
    private long length;
    private long came;

    /// Forgets the last one.
    void begin() {
        kept = 0;
        headEnd = -1;
        came = 0;
    }

    /// Takes the next bytes.
    ///
    /// @return whether the answer is whole now
    boolean take(ByteBuffer bytes) throws IOException {
        int count = bytes.remaining();
        came += count;
        int more = Math.min(count, head.length - kept);
        bytes.get(head, kept, more);
        kept += more;
        if (headEnd < 0) {
            readHead();
        }
        return headEnd >= 0 && came >= headEnd + length;
    }

    private void readHead() throws IOException {
        for (int i = 0; i + 4 <= kept; i++) {
            if (head[i] == '\r' && head[i + 1] == '\n' && head[i + 2] == '\r' && head[i + 3] == '\n') {
                headEnd = i + 4;
                length = contentLength();
                return;
            }
        }
        if (kept == head.length) {
            throw new IOException("an answer's head is too long");
        }
    }

    private long contentLength() throws IOException {
        for (int i = 0; i + LENGTH.length < headEnd; i++) {
            int same = 0;
            while (same < LENGTH.length && (head[i + same] | 0x20) == (LENGTH[same] | 0x20)) {
                same++;
            }
            if (same == LENGTH.length) {
                long number = 0;
                for (int at = i + same; head[at] >= '0' && head[at] <= '9'; at++) {
                    number = number * 10 + head[at] - '0';
                }
                return number;
            }
        }
        throw new IOException("an answer without a length: " + begin(200));
    }

    int status() {
        return (head[9] - '0') * 100 + (head[10] - '0') * 10 + head[11] - '0';
    }

    /// Bytes of the body, once the head has come.
    long length() {
        return length;
    }

    /// The beginning of the answer, for people.
    String begin(int most) {
        return new String(head, 0, Math.min(most, kept), StandardCharsets.UTF_8);
    }
}
