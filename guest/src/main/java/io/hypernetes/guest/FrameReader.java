package io.hypernetes.guest;

import java.io.EOFException;
import java.io.IOException;
import java.util.Arrays;

/// Cuts the bytes of a connection into frames. Holds one buffer of the largest frame's size, whatever the guest sends. For one thread.
final class FrameReader {
    private final GuestConnection connection;
    private final byte[] buffer = new byte[65_536];
    private int start;
    private int end;

    FrameReader(GuestConnection connection) {
        this.connection = connection;
    }

    /// Throws bytes away until `mark` has gone by whole.
    void skipPast(byte[] mark) throws IOException {
        int[] fallback = fallbacks(mark);
        int matched = 0;
        while (matched < mark.length) {
            need(1);
            byte next = buffer[start++];
            while (matched > 0 && next != mark[matched]) {
                matched = fallback[matched];
            }
            if (next == mark[matched]) {
                matched++;
            }
        }
    }

    /// Waits for the next frame.
    ///
    /// @throws GuestException when the bytes are no frame
    /// @throws EOFException when the connection has ended, be it within a frame
    Frame next() throws IOException {
        need(4);
        int length = Bytes.u32(buffer, start);
        if (length < Frame.MIN_LENGTH || length > Frame.MAX_LENGTH) {
            throw GuestException.protocol("a frame of length " + Integer.toUnsignedString(length));
        }
        need(4 + length);
        int flags = Bytes.u16(buffer, start + 10);
        int last = start + 4 + length;
        if (buffer[last - 1] != Frame.TRAILER) {
            throw GuestException.protocol("a frame without its trailer");
        }
        if ((flags & ~Frame.FLAG_MORE) != 0) {
            throw GuestException.protocol("a frame with unknown flags " + flags);
        }
        Frame frame = new Frame(
                Bytes.u32(buffer, start + 4),
                Bytes.u16(buffer, start + 8),
                flags == Frame.FLAG_MORE,
                Bytes.u32(buffer, start + 12),
                Arrays.copyOfRange(buffer, start + Frame.HEADER, last - 1));
        start = last;
        return frame;
    }

    private void need(int bytes) throws IOException {
        while (end - start < bytes) {
            if (start > 0 && start + bytes > buffer.length || start == end) {
                System.arraycopy(buffer, start, buffer, 0, end - start);
                end -= start;
                start = 0;
            }
            int read = connection.read(buffer, end, buffer.length - end);
            if (read < 0) {
                throw new EOFException("the connection has ended");
            }
            end += read;
        }
    }

    /// For each length of a partial match, the longest shorter one that the same bytes also are (Knuth, Morris, Pratt).
    private static int[] fallbacks(byte[] mark) {
        int[] fallback = new int[mark.length + 1];
        int matched = 0;
        for (int i = 1; i < mark.length; i++) {
            while (matched > 0 && mark[i] != mark[matched]) {
                matched = fallback[matched];
            }
            if (mark[i] == mark[matched]) {
                matched++;
            }
            fallback[i + 1] = matched;
        }
        return fallback;
    }
}
