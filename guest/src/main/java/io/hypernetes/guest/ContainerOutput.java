package io.hypernetes.guest;

import java.time.Duration;
import java.util.Optional;

/// One output of a container, from an offset on. The guest keeps every byte until it is acknowledged, over any number of sessions;
/// a container whose output is not acknowledged is stopped by a full pipe sooner or later. For one reading thread;
/// [#acknowledge] and [#close] may come from others.
public interface ContainerOutput extends AutoCloseable {

    /// Waits for bytes.
    ///
    /// @param timeout how long to wait
    /// @return the next bytes, [End] after the last, or empty when the timeout passed first
    /// @throws GuestException when the session is lost
    Optional<Item> read(Duration timeout);

    /// Tells the guest that every byte before `offset` has been put where it must survive: the guest forgets them.
    ///
    /// @param offset at most what has been read
    void acknowledge(long offset);

    /// How many bytes had been acknowledged when this was opened.
    long acknowledgedAtOpen();

    /// Leaves the stream; what is not acknowledged stays in the guest and can be opened again. Idempotent.
    @Override
    void close();

    sealed interface Item {}

    /// @param offset of the first byte, counted from the container's start
    /// @param data at least one byte
    record Bytes(long offset, byte[] data) implements Item {
        /// Offset of the byte behind the last.
        public long end() {
            return offset + data.length;
        }
    }

    /// Nothing comes after `length`.
    ///
    /// @param errno 0 when it ended in the ordinary way
    record End(long length, int errno) implements Item {}
}
