package io.hypernetes.store.embedded;

import io.hypernetes.store.Entry;
import io.hypernetes.store.StoreUnavailableException;
import io.hypernetes.store.keys.KeyRing;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Opens sealed rows beside the thread that reads them, on all processors and in their order. For one thread.
final class RowOpening implements AutoCloseable {
    private static final int ROWS = 512;
    /// Sealed rows wait, and are in memory beside what they open to: so much in a part, or one row.
    private static final int PART_BYTES = 1 << 20;

    /// Makes an entry of a row.
    interface RowEntry {
        Entry of(byte[] key, byte[] row);
    }

    /// Gives a thread its own way of opening rows.
    interface Form {
        RowEntry with(KeyRing.Opener opener);
    }

    private record Row(byte[] key, byte[] value) {}

    private final Form form;
    private final KeyRing ring;
    private final int parts = Math.max(1, Runtime.getRuntime().availableProcessors());
    private final ExecutorService threads = Executors.newFixedThreadPool(parts, Thread.ofPlatform().daemon().name("store-opening-", 0).factory());
    private final Deque<Future<List<Entry>>> open = new ArrayDeque<>();
    private final List<Entry> entries = new ArrayList<>();
    private List<Row> next = new ArrayList<>(ROWS);
    private long nextBytes;

    RowOpening(Form form, KeyRing ring) {
        this.form = form;
        this.ring = ring;
    }

    /// Takes the next row; waits where opening is slower than reading.
    void add(byte[] key, byte[] value) {
        next.add(new Row(key, value));
        nextBytes += value.length;
        if (next.size() == ROWS || nextBytes >= PART_BYTES) {
            submit();
            if (open.size() > 2 * parts) {
                take();
            }
        }
    }

    /// All that was added, in its order.
    ///
    /// @throws StoreUnavailableException when a row does not open
    List<Entry> entries() {
        submit();
        while (!open.isEmpty()) {
            take();
        }
        return entries;
    }

    private void submit() {
        List<Row> rows = next;
        next = new ArrayList<>(ROWS);
        nextBytes = 0;
        open.add(threads.submit(() -> {
            RowEntry entry = form.with(ring.opener());
            return rows.stream().map(row -> entry.of(row.key, row.value)).toList();
        }));
    }

    private void take() {
        try {
            entries.addAll(open.remove().get());
        } catch (ExecutionException e) {
            if (e.getCause() instanceof StoreUnavailableException refused) {
                throw refused;
            }
            throw new IllegalStateException("a row of the store could not be read", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreUnavailableException("reading the store was interrupted");
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
