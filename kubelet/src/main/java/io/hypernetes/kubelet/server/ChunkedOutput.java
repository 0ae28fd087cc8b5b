package io.hypernetes.kubelet.server;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/// A body in HTTP's chunked coding; closing writes the last chunk and leaves the connection open.
final class ChunkedOutput extends OutputStream {
    private final OutputStream out;
    private final byte[] buffer = new byte[32 << 10];
    private int filled;

    ChunkedOutput(OutputStream out) {
        this.out = out;
    }

    @Override
    public void write(int one) throws IOException {
        if (filled == buffer.length) {
            chunk();
        }
        buffer[filled++] = (byte) one;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        int at = offset;
        int rest = length;
        while (rest > 0) {
            if (filled == buffer.length) {
                chunk();
            }
            int some = Math.min(rest, buffer.length - filled);
            System.arraycopy(bytes, at, buffer, filled, some);
            filled += some;
            at += some;
            rest -= some;
        }
    }

    @Override
    public void flush() throws IOException {
        chunk();
        out.flush();
    }

    @Override
    public void close() throws IOException {
        chunk();
        out.write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        out.flush();
    }

    private void chunk() throws IOException {
        if (filled > 0) {
            out.write((Integer.toHexString(filled) + "\r\n").getBytes(StandardCharsets.US_ASCII));
            out.write(buffer, 0, filled);
            out.write("\r\n".getBytes(StandardCharsets.US_ASCII));
            filled = 0;
        }
    }
}
