package io.hypernetes.hyperd.docker;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/// Standard output and error on one connection: frames of a kind byte, three zeros, a length of four bytes, content. With a terminal
/// there are no frames. Safe for use by two threads.
final class Multiplexed {
    private final OutputStream out;
    private final boolean raw;

    Multiplexed(OutputStream out, boolean raw) {
        this.out = out;
        this.raw = raw;
    }

    static String contentType(boolean raw) {
        return raw ? "application/vnd.docker.raw-stream" : "application/vnd.docker.multiplexed-stream";
    }

    /// @param kind 1 output, 2 error
    synchronized void write(int kind, byte[] data, int offset, int length) throws IOException {
        if (length == 0) {
            return;
        }
        if (raw) {
            out.write(data, offset, length);
        } else {
            ByteBuffer frame = ByteBuffer.allocate(8 + length).put((byte) kind).put(new byte[3]).putInt(length).put(data, offset, length);
            out.write(frame.array());
        }
        out.flush();
    }
}
