package io.hypernetes.guest;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/// One connection to a machine's byte stream, as a [Guest] uses it: one thread reads, one thread writes, any thread closes.
public interface GuestConnection {

    /// Waits for bytes; -1 when the connection has ended.
    int read(byte[] into, int offset, int length) throws IOException;

    /// Writes all the bytes.
    void write(byte[] bytes, int offset, int length) throws IOException;

    /// Ends the connection; a blocked read or write fails.
    void close() throws IOException;

    /// A connected socket in blocking mode; it is closed with the session.
    static GuestConnection of(SocketChannel channel) {
        return new GuestConnection() {
            @Override
            public int read(byte[] into, int offset, int length) throws IOException {
                return channel.read(ByteBuffer.wrap(into, offset, length));
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                ByteBuffer rest = ByteBuffer.wrap(bytes, offset, length);
                while (rest.hasRemaining()) {
                    channel.write(rest);
                }
            }

            @Override
            public void close() throws IOException {
                channel.close();
            }
        };
    }

    /// A pair of streams; both are closed with the session.
    static GuestConnection of(InputStream input, OutputStream output) {
        return new GuestConnection() {
            @Override
            public int read(byte[] into, int offset, int length) throws IOException {
                return input.read(into, offset, length);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                output.write(bytes, offset, length);
                output.flush();
            }

            @Override
            public void close() throws IOException {
                try (input) {
                    output.close();
                }
            }
        };
    }
}
