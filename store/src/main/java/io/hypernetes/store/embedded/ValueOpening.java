package io.hypernetes.store.embedded;

import io.hypernetes.store.Entry;
import io.hypernetes.store.StoreUnavailableException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Opens the values of a store that has just been opened, behind those who need some of them at once: so all of them were looked at soon after a start,
/// and one that was tampered with is found without being asked for. What was opened is packed at once.
final class ValueOpening implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ValueOpening.class);

    private final Thread thread;
    private volatile boolean closed;

    /// @param entries of the store
    /// @param packing of the store; null when it packs nothing
    /// @param damage hears of a value that does not open; the others are left alone then
    ValueOpening(List<Entry> entries, @Nullable Packing packing, Consumer<StoreUnavailableException> damage) {
        // A thread keeps what it ran for as long as it is kept itself; what was stored at the start must not live as long as the store.
        AtomicReference<@Nullable List<Entry>> given = new AtomicReference<>(entries);
        thread = Thread.ofPlatform().daemon().name("store-opening").unstarted(() -> {
            try {
                for (Entry entry : Objects.requireNonNull(given.getAndSet(null))) {
                    if (closed) {
                        return;
                    }
                    entry.value();
                    if (packing != null) {
                        packing.found(entry);
                    }
                }
            } catch (StoreUnavailableException e) {
                damage.accept(e);
            } catch (RuntimeException e) {
                LOG.error("event=store-opening-failed effect=\"values that nobody asked for yet were not looked at\"", e);
            }
        });
    }

    /// Begins, once. Nothing is done before.
    synchronized void begin() {
        if (!closed && thread.getState() == Thread.State.NEW) {
            thread.start();
        }
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
        }
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
