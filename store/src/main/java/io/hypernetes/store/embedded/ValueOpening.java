package io.hypernetes.store.embedded;

import io.hypernetes.store.Entry;
import io.hypernetes.store.StoreUnavailableException;
import java.util.List;
import java.util.function.Consumer;

/// Opens the values of a store that has just been opened, behind those who need some of them at once: so all of them were looked at soon after a start,
/// and one that was tampered with is found without being asked for.
final class ValueOpening implements AutoCloseable {
    private final Thread thread;
    private volatile boolean closed;

    /// @param entries of the store
    /// @param damage hears of a value that does not open; the others are left alone then
    ValueOpening(List<Entry> entries, Consumer<StoreUnavailableException> damage) {
        thread = Thread.ofPlatform().daemon().name("store-opening").start(() -> {
            try {
                for (Entry entry : entries) {
                    if (closed) {
                        return;
                    }
                    entry.value();
                }
            } catch (StoreUnavailableException e) {
                damage.accept(e);
            }
        });
    }

    @Override
    public void close() {
        closed = true;
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
