package io.hypernetes.guest;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.Objects;

/// What a stream brings, acknowledged as it is read.
final class StreamInput extends InputStream {
    private final GuestStream stream;
    private final String name;

    StreamInput(GuestStream stream, String name) {
        this.stream = stream;
        this.name = name;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, into.length);
        if (length == 0) {
            return 0;
        }
        try {
            return stream.await(Long.MAX_VALUE) == GuestStream.Arrival.END ? atEnd() : stream.take(into, offset, length, true);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while reading " + name);
        } catch (GuestException failure) {
            throw new IOException(failure.getMessage(), failure);
        }
    }

    private int atEnd() throws IOException {
        int errno = stream.endErrno();
        if (errno != 0) {
            throw new IOException(name + " ended with " + Errno.name(errno));
        }
        return -1;
    }

    @Override
    public int available() {
        return stream.available();
    }
}
