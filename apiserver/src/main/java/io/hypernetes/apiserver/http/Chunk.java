package io.hypernetes.apiserver.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/// A piece of an answer of unknown length, which many clients get: the frame that HTTP/1.1 puts around it is made once with it.
public final class Chunk {
    private static final byte[] END = {'\r', '\n'};

    private final byte[] framed;
    private final int offset;
    private final int length;

    private Chunk(byte[] framed, int offset, int length) {
        this.framed = framed;
        this.offset = offset;
        this.length = length;
    }

    /// One of the bytes of some arrays, which are copied; not of none.
    public static Chunk of(byte[]... parts) {
        int length = 0;
        for (var part : parts) {
            length += part.length;
        }
        byte[] head = (Integer.toHexString(length) + "\r\n").getBytes(StandardCharsets.US_ASCII);
        var framed = new byte[head.length + length + END.length];
        System.arraycopy(head, 0, framed, 0, head.length);
        int end = head.length;
        for (var part : parts) {
            System.arraycopy(part, 0, framed, end, part.length);
            end += part.length;
        }
        System.arraycopy(END, 0, framed, end, END.length);
        return new Chunk(framed, head.length, length);
    }

    /// How many bytes it has without its frame.
    public int length() {
        return length;
    }

    /// Takes bytes of an array, which must not change.
    public interface Sink {
        void take(byte[] array, int offset, int length) throws IOException;
    }

    /// Gives its bytes without the frame.
    public void into(Sink sink) throws IOException {
        sink.take(framed, offset, length);
    }

    ByteBuf framed() {
        return Unpooled.wrappedBuffer(framed);
    }

    ByteBuf content() {
        return Unpooled.wrappedBuffer(framed, offset, length);
    }
}
