package io.hypernetes.apiserver.http;

import java.util.List;

/// Cuts a long content of many small arrays into large ones: records of TLS are full then, and nothing on the way handles each array by itself.
final class Pieces {
    /// Eight records of TLS.
    static final int BYTES = 128 << 10;

    private final List<byte[]> chunks;
    private long left;
    private int chunk;
    private int offset;

    /// @param length of all chunks together
    Pieces(List<byte[]> chunks, long length) {
        this.chunks = chunks;
        this.left = length;
    }

    /// The next piece, as long as a piece can be; empty at the end.
    byte[] next() {
        var piece = new byte[(int) Math.min(left, BYTES)];
        int filled = 0;
        while (filled < piece.length) {
            var from = chunks.get(chunk);
            int part = Math.min(from.length - offset, piece.length - filled);
            System.arraycopy(from, offset, piece, filled, part);
            filled += part;
            offset += part;
            if (offset == from.length) {
                chunk++;
                offset = 0;
            }
        }
        left -= filled;
        return piece;
    }
}
