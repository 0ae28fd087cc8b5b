package io.hypernetes.apiserver.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Cuts a long content of many small parts into large ones: records of TLS are full then, and nothing on the way handles each part by itself.
final class Pieces {
    /// Eight records of TLS.
    static final int BYTES = 128 << 10;

    private final List<Part> parts;
    private long left;
    private int part;
    /// Of the part that did not fit into the last piece; null while there is none.
    private byte @Nullable [] cut;
    private int offset;

    /// @param length of all parts together
    Pieces(List<Part> parts, long length) {
        this.parts = parts;
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
            var next = parts.get(part);
            if (cut == null && next.length() <= piece.writableBytes()) {
                next.copyInto(piece.array(), piece.arrayOffset() + piece.writerIndex());
                piece.writerIndex(piece.writerIndex() + next.length());
                part++;
                continue;
            }
            byte[] from = cut == null ? next.array() : cut;
            int fits = Math.min(from.length - offset, piece.writableBytes());
            piece.writeBytes(from, offset, fits);
            offset += fits;
            boolean over = offset == from.length;
            cut = over ? null : from;
            offset = over ? 0 : offset;
            part += over ? 1 : 0;
        }
        left -= length;
        return piece;
    }
}
