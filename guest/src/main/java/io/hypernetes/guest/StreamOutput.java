package io.hypernetes.guest;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.Objects;

/// What is written to a stream. Closing ends that direction alone.
final class StreamOutput extends OutputStream {
    private final GuestStream stream;
    private final String name;

    StreamOutput(GuestStream stream, String name) {
        this.stream = stream;
        this.name = name;
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        try {
            stream.write(bytes, offset, length);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while writing " + name);
        } catch (GuestException failure) {
            throw new IOException(failure.getMessage(), failure);
        }
    }

    @Override
    public void close() throws IOException {
        try {
            stream.finish();
        } catch (GuestException sessionEnded) {
            throw new IOException(sessionEnded.getMessage(), sessionEnded);
        }
    }
}
