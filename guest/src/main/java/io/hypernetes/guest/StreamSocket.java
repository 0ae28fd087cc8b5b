package io.hypernetes.guest;

import java.io.InputStream;
import java.io.OutputStream;

/// A TCP connection made by CONNECT.
final class StreamSocket implements GuestSocket {
    private final GuestStream stream;
    private final InputStream input;
    private final OutputStream output;
    private final Runnable forget;

    StreamSocket(GuestStream stream, String name, Runnable forget) {
        this.stream = stream;
        this.input = new StreamInput(stream, name);
        this.output = new StreamOutput(stream, name);
        this.forget = forget;
    }

    @Override
    public InputStream input() {
        return input;
    }

    @Override
    public OutputStream output() {
        return output;
    }

    @Override
    public void close() {
        stream.close();
        forget.run();
    }
}
