package io.hypernetes.apiserver.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
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

    /// The next piece, as long as a piece can be; empty at the end. Its memory comes from the allocator's pool and goes back there once it is sent:
    /// long answers would else be most of what a busy server's collector has to do.
    ByteBuf next(ByteBufAllocator allocator) {
        int length = (int) Math.min(left, BYTES);
        if (length == 0) {
            return Unpooled.EMPTY_BUFFER;
        }
        var piece = allocator.heapBuffer(length, length);
        while (piece.isWritable()) {
            var from = chunks.get(chunk);
            int part = Math.min(from.length - offset, piece.writableBytes());
            piece.writeBytes(from, offset, part);
            offset += part;
            if (offset == from.length) {
                chunk++;
                offset = 0;
            }
        }
        left -= length;
        return piece;
    }
}
