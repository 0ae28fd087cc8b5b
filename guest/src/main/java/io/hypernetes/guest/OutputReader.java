package io.hypernetes.guest;

import java.time.Duration;
import java.util.Optional;

/// A container's output joined in a session.
final class OutputReader implements ContainerOutput {
    private static final int LARGEST_PIECE = 64 << 10;

    private final GuestStream stream;
    private final String name;
    private final long acknowledgedAtOpen;
    private final Runnable forget;

    OutputReader(GuestStream stream, String name, long acknowledgedAtOpen, Runnable forget) {
        this.stream = stream;
        this.name = name;
        this.acknowledgedAtOpen = acknowledgedAtOpen;
        this.forget = forget;
    }

    @Override
    public Optional<Item> read(Duration timeout) {
        try {
            return switch (stream.await(Deadline.nanos(timeout))) {
                case TIMEOUT -> Optional.empty();
                case END -> Optional.of(new End(stream.consumed(), stream.endErrno()));
                case BYTES -> Optional.of(takeBytes());
            };
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw GuestException.interrupted("reading " + name);
        }
    }

    private Item takeBytes() {
        long offset = stream.consumed();
        byte[] bytes = new byte[Math.min(stream.available(), LARGEST_PIECE)];
        stream.take(bytes, 0, bytes.length, false);
        return new Bytes(offset, bytes);
    }

    @Override
    public void acknowledge(long offset) {
        stream.acknowledge(offset);
    }

    @Override
    public long acknowledgedAtOpen() {
        return acknowledgedAtOpen;
    }

    @Override
    public void close() {
        stream.close();
        forget.run();
    }
}
