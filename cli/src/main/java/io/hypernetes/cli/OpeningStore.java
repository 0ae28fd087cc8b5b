package io.hypernetes.cli;

import io.hypernetes.store.StoreUnavailableException;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;

/// A store that a thread of its own opens, beside the rest of a start that needs none yet. Whoever asks for it waits. Thread-safe.
final class OpeningStore implements Supplier<EmbeddedStore>, AutoCloseable {
    private final FutureTask<EmbeddedStore> opening;

    OpeningStore(Callable<EmbeddedStore> open) {
        opening = new FutureTask<>(open);
        Thread.ofPlatform().daemon().name("store-start").start(opening);
    }

    /// The open store; throws what opening it threw.
    @Override
    public EmbeddedStore get() {
        try {
            return opening.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException refused -> throw refused;
                case Error fault -> throw fault;
                case null, default -> throw new IllegalStateException("opening the store failed", e);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreUnavailableException("interrupted while the store was being opened");
        }
    }

    /// Closes the store, when it did open.
    @Override
    public void close() {
        boolean interrupted = false;
        while (true) {
            try {
                opening.get().close();
                break;
            } catch (ExecutionException e) {
                // Nothing is open; whoever wanted the store was told.
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
