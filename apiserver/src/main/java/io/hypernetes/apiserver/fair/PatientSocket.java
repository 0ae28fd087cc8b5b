package io.hypernetes.apiserver.fair;

import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketAddress;

/// A socket to somebody who may be slow: while it waits for the other end, the request that uses it is away from its seat. What is done with the
/// bytes, a TLS handshake above all, is done with the seat.
public final class PatientSocket extends Socket {
    private final long bytes;

    /// @param bytes of memory that is held while there is no answer, beside what the request holds anyway
    public PatientSocket(long bytes) {
        this.bytes = bytes;
    }

    @Override
    public void connect(SocketAddress address, int timeoutMillis) throws IOException {
        Seat.away(bytes, () -> {
            super.connect(address, timeoutMillis);
            return this;
        });
    }

    @Override
    public InputStream getInputStream() throws IOException {
        return new FilterInputStream(super.getInputStream()) {
            @Override
            public int read() throws IOException {
                return Seat.isHeld() && in.available() == 0 ? Seat.away(bytes, in::read) : in.read();
            }

            @Override
            public int read(byte[] into, int offset, int length) throws IOException {
                return Seat.isHeld() && in.available() == 0
                        ? Seat.away(bytes, () -> in.read(into, offset, length))
                        : in.read(into, offset, length);
            }
        };
    }

    @Override
    public OutputStream getOutputStream() throws IOException {
        return new FilterOutputStream(super.getOutputStream()) {
            @Override
            public void write(byte[] from, int offset, int length) throws IOException {
                Seat.away(bytes, () -> {
                    out.write(from, offset, length);
                    return this;
                });
            }
        };
    }
}
