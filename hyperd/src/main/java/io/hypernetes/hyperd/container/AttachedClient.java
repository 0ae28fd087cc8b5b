package io.hypernetes.hyperd.container;

import io.hypernetes.hyperd.log.LogStream;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// One client attached to a container's output: it gets every byte from the moment of attaching on. A client that does not read holds
/// the container's output back for a while and is then cut off. One thread reads; any thread may close.
public final class AttachedClient implements AutoCloseable {
    private static final int MOST_WAITING = 64;
    private static final long PATIENCE_SECONDS = 10;
    private static final Chunk CLOSED = new Chunk(null, new byte[0]);

    private final ArrayBlockingQueue<Chunk> queue = new ArrayBlockingQueue<>(MOST_WAITING);
    private final int streams;
    private volatile boolean closed;

    /// @param streams how many streams of output there are: each ends once
    AttachedClient(int streams) {
        this.streams = streams;
    }

    /// How many streams of output there are: each ends once.
    public int streams() {
        return streams;
    }

    /// Output; [#stream] null is the end of it.
    ///
    /// @param stream where it came from; null when nothing comes any more
    public record Chunk(@Nullable LogStream stream, byte[] data) {}

    /// The next output, waiting at most `millis`, and no longer than it is open.
    public Optional<Chunk> next(long millis) throws InterruptedException {
        Chunk chunk = closed ? null : queue.poll(millis, TimeUnit.MILLISECONDS);
        return chunk == CLOSED ? Optional.empty() : Optional.ofNullable(chunk);
    }

    /// False when it was closed or cut off.
    public boolean isOpen() {
        return !closed;
    }

    @Override
    public void close() {
        closed = true;
        queue.clear();
        // Wakes who waits; when it is full again, nobody does.
        queue.offer(CLOSED);
    }

    // Returns false when this client is to be forgotten.
    boolean give(Chunk chunk) {
        try {
            if (!closed && queue.offer(chunk, PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                return true;
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        closed = true;
        return false;
    }
}
