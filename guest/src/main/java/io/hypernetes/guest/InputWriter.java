package io.hypernetes.guest;

import java.io.OutputStream;

/// A container's standard input joined in a session.
final class InputWriter implements ContainerInput {
    private final GuestStream stream;
    private final OutputStream output;
    private final Runnable forget;

    InputWriter(GuestStream stream, String name, Runnable forget) {
        this.stream = stream;
        this.output = new StreamOutput(stream, name);
        this.forget = forget;
    }

    @Override
    public OutputStream stream() {
        return output;
    }

    @Override
    public boolean isOpen() {
        return stream.isWritable();
    }

    @Override
    public void close() {
        stream.close();
        forget.run();
    }
}
