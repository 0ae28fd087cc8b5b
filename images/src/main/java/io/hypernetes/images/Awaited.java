package io.hypernetes.images;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.function.BooleanSupplier;

/// Long work of one thread that its interruption ends at the next look into what it reads, unless others wait for the same: then it is put off until [#close]. For one thread.
final class Awaited implements AutoCloseable {
    private final BooleanSupplier byOthers;
    private boolean interrupted;

    Awaited(BooleanSupplier byOthers) {
        this.byOthers = byOthers;
    }

    /// What the work reads.
    InputStream reading(InputStream in) {
        return new FilterInputStream(in) {
            @Override
            public int read() throws IOException {
                look();
                return in.read();
            }

            @Override
            public int read(byte[] buffer, int from, int length) throws IOException {
                look();
                return in.read(buffer, from, length);
            }
        };
    }

    private void look() throws InterruptedIOException {
        interrupted |= Thread.interrupted();
        if (interrupted && !byOthers.getAsBoolean()) {
            throw new InterruptedIOException("nobody waits for it any more");
        }
    }

    @Override
    public void close() {
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
