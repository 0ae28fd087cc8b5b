package io.hypernetes.hyperd.docker.http;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/// The body of a request, whether it comes in chunks or with a length. For one thread.
final class BodyInput extends InputStream {
    private static final int MOST_CHUNK_LINE = 256;

    private final Wire wire;
    private final Duration patience;
    private final boolean chunked;
    private boolean continueAsked;
    private boolean firstChunk = true;
    private long left;
    private boolean over;

    /// @param length as [RequestHead#bodyLength]
    /// @param continueAsked whether the client waits to be told that its body is wanted
    BodyInput(Wire wire, long length, boolean continueAsked, Duration patience) {
        this.wire = wire;
        this.patience = patience;
        this.continueAsked = continueAsked;
        chunked = length < 0;
        left = Math.max(0, length);
        over = length == 0;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
        if (over || length == 0) {
            return over ? -1 : 0;
        }
        if (continueAsked) {
            continueAsked = false;
            wire.write(ByteBuffer.wrap("HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
        }
        if (left == 0 && (!chunked || !nextChunk())) {
            over = true;
            return -1;
        }
        int count = wire.read(to, offset, (int) Math.min(length, left), patience);
        if (count < 0) {
            throw new EOFException("the client went away before its request was complete");
        }
        left -= count;
        over = !chunked && left == 0;
        return count;
    }

    /// Reads away what is left; false when that is more than `most` bytes.
    boolean drain(int most) throws IOException {
        if (over) {
            return true;
        }
        if (continueAsked) {
            return false;
        }
        byte[] waste = new byte[8192];
        int total = 0;
        for (int count = read(waste); count >= 0; count = read(waste)) {
            total += count;
            if (total > most) {
                return false;
            }
        }
        return true;
    }

    private boolean nextChunk() throws IOException {
        if (!firstChunk && !line().isEmpty()) {
            throw new HttpRefusal(400, "a chunk of the body is longer than it says");
        }
        firstChunk = false;
        String size = line().split(";", 2)[0].strip();
        if (!size.matches("[0-9a-fA-F]{1,15}")) {
            throw new HttpRefusal(400, "a chunk of the body does not say its length");
        }
        left = Long.parseLong(size, 16);
        if (left > 0) {
            return true;
        }
        for (int trailers = 0; !line().isEmpty(); trailers++) {
            if (trailers > 20) {
                throw new HttpRefusal(431, "there are too many lines behind the body");
            }
        }
        return false;
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = wire.read(patience); c != '\n'; c = wire.read(patience)) {
            if (c < 0) {
                throw new EOFException("the client went away before its request was complete");
            }
            if (line.length() > MOST_CHUNK_LINE) {
                throw new HttpRefusal(400, "a line in the body is too long");
            }
            line.append((char) c);
        }
        return line.toString().strip();
    }
}
