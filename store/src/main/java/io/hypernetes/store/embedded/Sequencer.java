package io.hypernetes.store.embedded;

import io.hypernetes.store.Change;
import io.hypernetes.store.Commit;
import io.hypernetes.store.ConflictException;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.StoreUnavailableException;
import io.hypernetes.store.keys.KeyRing;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The one thread that numbers, validates and writes commits. All that waits when it comes round is written with one flush.
///
/// After a failed write nobody knows what reached the disk, so no further write is accepted: only opening the store anew,
/// which reads the disk, can tell.
final class Sequencer {
    private static final Logger LOG = LoggerFactory.getLogger(Sequencer.class);
    private static final int MOST_COMMITS = 1024;
    private static final long MOST_BYTES = 8 << 20;

    private final String name;
    private final EmbeddedSettings settings;
    private final DurableLog log;
    private final VisibleState visible;
    private final @Nullable Packing packing;
    private final LinkedBlockingQueue<Request> queue = new LinkedBlockingQueue<>();
    private final Request stop = new Request(List.of());
    private final Object gate = new Object();
    private final Thread thread;
    private @Nullable StoreUnavailableException refusal; // guarded by gate
    private @Nullable StoreUnavailableException broken; // the sequencer thread's own

    Sequencer(String name, EmbeddedSettings settings, DurableLog log, VisibleState visible, @Nullable Packing packing) {
        this.name = name;
        this.settings = settings;
        this.log = log;
        this.visible = visible;
        this.packing = packing;
        this.thread = Thread.ofPlatform().daemon().name("store-" + name).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /// Commits `operations`; without any it only makes room for further ticks.
    Commit commit(List<Operation> operations) {
        checkShape(operations);
        Request request = new Request(operations);
        synchronized (gate) {
            if (refusal != null) {
                throw new StoreUnavailableException(String.valueOf(refusal.getMessage()), refusal);
            }
            queue.add(request);
        }
        try {
            return request.done.join();
        } catch (CompletionException e) {
            throw rethrown(e.getCause());
        }
    }

    /// Finishes what was accepted, accepts nothing more.
    void stop() {
        refuse(new StoreUnavailableException("store " + name + " is closed"), stop);
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

    /// Accepts nothing more, for the reason given; from any thread.
    void refuse(StoreUnavailableException reason) {
        refuse(reason, null);
    }

    private void refuse(StoreUnavailableException reason, @Nullable Request last) {
        synchronized (gate) {
            if (refusal == null) {
                refusal = reason;
            }
            if (last != null) {
                queue.add(last);
            }
        }
    }

    private void run() {
        List<Request> taken = new ArrayList<>();
        boolean stopping = false;
        while (!stopping) {
            try {
                taken.add(queue.take());
            } catch (InterruptedException e) {
                continue; // nobody but stop() ends this thread
            }
            queue.drainTo(taken, MOST_COMMITS - 1);
            stopping = taken.remove(stop);
            try {
                for (int from = 0; from < taken.size(); ) {
                    from = writeBatch(taken, from);
                }
            } catch (RuntimeException | Error fault) {
                giveUp(fault, taken);
            }
            taken.clear();
        }
    }

    /// After a fault nobody knows what is on the disk: no writer waits for ever, and none writes any more.
    private void giveUp(Throwable fault, List<Request> taken) {
        LOG.error("event=store-fault store={}", name, fault);
        StoreUnavailableException reason = new StoreUnavailableException(
                "store " + name + " writes no more after a fault (" + fault + "); start the process again", fault);
        broken = reason;
        visible.freeze();
        refuse(reason, null);
        taken.forEach(request -> request.finish(reason));
    }

    /// Writes the requests from `from` on as far as one batch holds them; returns the first that it left.
    private int writeBatch(List<Request> requests, int from) {
        Batch batch = new Batch(visible.tree(), broken == null ? visible.beginBatch(parts(requests.subList(from, requests.size()))) : 0);
        int to = from;
        boolean extend = false;
        String refused = log.refusal();
        do {
            Request request = requests.get(to++);
            extend |= request.operations.isEmpty();
            // Room for ticks takes a few bytes, which is what the reserve is for: readers go on when space is short.
            if (refused.isEmpty() || request.operations.isEmpty()) {
                batch.apply(request);
            } else {
                request.failure = new StoreUnavailableException("store " + name + " refused to write: " + refused);
            }
                    // What comes after an owner's last entry went belongs to another of that name, and must not share a write with it.
        } while (to < requests.size() && batch.bytes < MOST_BYTES && batch.emptied.isEmpty());

        StoreUnavailableException failure = broken;
        if (failure == null) {
            failure = makeDurable(batch, extend);
        }
        for (Request request : requests.subList(from, to)) {
            request.finish(failure);
        }
        return to;
    }

    /// What the requests may change: some may turn out to change nothing, or be left to the next batch.
    private static Set<String> parts(List<Request> requests) {
        Set<String> parts = new HashSet<>();
        for (Request request : requests) {
            for (Operation operation : request.operations) {
                if (!(operation instanceof Operation.Check)) {
                    parts.add(RevisionClock.part(operation.key()));
                }
            }
        }
        return parts;
    }

    /// Writes the batch and shows it to readers; returns why it could not.
    private @Nullable StoreUnavailableException makeDurable(Batch batch, boolean extend) {
        long lastRevision = batch.revision - 1;
        long ceiling = visible.ceiling();
        if (!batch.changes.isEmpty() || extend) {
            ceiling = visible.ceilingFor(lastRevision);
            try {
                log.write(batch.changes, batch.lastChange, ceiling);
                batch.emptied.forEach(log::forget);
            } catch (StoreUnavailableException e) {
                LOG.error("event=store-write-failed store={} error=\"{}\"", name, e.getMessage());
                broken = e;
                visible.freeze();
                refuse(e, null);
                // The batch stays under way for ever: what it may have left on the disk is newer than anything told to readers of it.
                return e;
            }
        }
        // What nothing was written for ends at the ceiling at most: a later start may give what is above it again.
        visible.publish(batch.tree, batch.changes, Math.min(lastRevision, ceiling), ceiling);
        if (packing != null) {
            packing.written(batch.changes, batch.emptied);
        }
        return null;
    }

    private void checkShape(List<Operation> operations) {
        Set<String> written = new HashSet<>();
        for (Operation operation : operations) {
            String key = operation.key();
            if (key.isEmpty() || key.length() > 4096 || !Utf8Order.isWellFormed(key)) {
                throw new IllegalArgumentException(
                        "key must have 1 to 4096 characters and a UTF-8 form: '" + key + "'");
            }
            if (!(operation instanceof Operation.Check) && !written.add(key)) {
                throw new IllegalArgumentException("one commit writes key '" + key + "' twice");
            }
        }
    }

    /// Whether every write so far succeeded; meaningful after [#stop].
    boolean isSound() {
        return broken == null;
    }

    private static RuntimeException rethrown(@Nullable Throwable cause) {
        return switch (cause) {
            // A stack trace of the caller says more than that of the sequencer.
            case ConflictException e -> new ConflictException(e.key(), e.revision(), String.valueOf(e.getMessage()));
            case StoreUnavailableException e -> new StoreUnavailableException(String.valueOf(e.getMessage()), e);
            case RuntimeException e -> e;
            case Error e -> throw e;
            case null, default -> new IllegalStateException(cause);
        };
    }

    private static final class Request {
        final List<Operation> operations;
        final CompletableFuture<Commit> done = new CompletableFuture<>();
        @Nullable Commit result;
        @Nullable Throwable failure;

        Request(List<Operation> operations) {
            this.operations = List.copyOf(operations);
        }

        /// Only now, when all that it may have been judged by is durable, does the writer learn the outcome.
        void finish(@Nullable StoreUnavailableException writeFailure) {
            Throwable reason = writeFailure != null ? writeFailure : failure;
            if (reason != null) {
                done.completeExceptionally(reason);
            } else {
                done.complete(result);
            }
        }
    }

    /// What one flush will make durable, judged and numbered commit by commit.
    private final class Batch {
        EntryTree tree;
        long revision;
        long lastChange;
        long bytes;
        final List<Change> changes = new ArrayList<>();
        final Set<String> emptied = new HashSet<>();

        Batch(EntryTree tree, long firstRevision) {
            this.tree = tree;
            this.revision = firstRevision;
        }

        void apply(Request request) {
            EntryTree next = tree;
            List<Change> made = new ArrayList<>(request.operations.size());
            List<Entry> entries = new ArrayList<>(request.operations.size());
            try {
                for (Operation operation : request.operations) {
                    require(operation);
                }
                for (Operation operation : request.operations) {
                    Change change = change(operation);
                    if (change != null) {
                        Entry entry = change.entry();
                        next = change.deleted() ? next.without(entry.key()) : next.with(entry);
                        made.add(change);
                        entries.add(entry);
                    }
                }
            } catch (Throwable e) { // the caller's value functions may throw anything
                request.failure = e;
                return;
            }
            request.result = new Commit(revision, entries);
            tree = next;
            if (!made.isEmpty()) {
                lastChange = revision;
            }
            changes.addAll(made);
            if (log.forgets() || settings.packs()) {
                noteEmptied(made);
            }
            for (Change change : made) {
                bytes += change.entry().length() + change.entry().key().length() + 64L;
            }
            revision++;
        }

        /// Notes the owners whose last entry these changes removed.
        private void noteEmptied(List<Change> made) {
            Set<String> owners = new HashSet<>();
            for (Change change : made) {
                if (change.deleted()) {
                    owners.add(KeyRing.owner(change.entry().key()));
                }
            }
            for (String owner : owners) {
                String prefix = "/" + owner + "/";
                int before = tree.count(key -> Utf8Order.compare(key, prefix) < 0);
                int through = tree.count(key -> key.startsWith(prefix) || Utf8Order.compare(key, prefix) < 0);
                if (through == before) {
                    emptied.add(owner);
                }
            }
        }

        private void require(Operation operation) {
            Entry current = tree.get(operation.key());
            long actual = current == null ? Operation.ABSENT : current.revision();
            long expected = operation.expectedRevision();
            if (expected != Operation.ANY && expected != actual) {
                throw new ConflictException(operation.key(), actual, "key '" + operation.key() + "': expected "
                        + (expected == Operation.ABSENT ? "that it does not exist" : "revision " + expected)
                        + " but it " + (actual == Operation.ABSENT ? "does not exist" : "has revision " + actual));
            }
            if (operation instanceof Operation.Delete && current == null) {
                throw new ConflictException(
                        operation.key(), 0, "key '" + operation.key() + "' does not exist, so it cannot be removed");
            }
        }

        private @Nullable Change change(Operation operation) {
            Entry current = tree.get(operation.key());
            if (current != null) {
                // One that does not open fails this commit, and not what comes after the write.
                current.length();
            }
            return switch (operation) {
                case Operation.Put put -> new Change(
                        new Entry(
                                put.key(),
                                bounded(put.key(), put.value().apply(revision)),
                                current == null ? revision : current.createRevision(),
                                revision),
                        current,
                        false);
                case Operation.Delete delete -> new Change(
                        new Entry(
                                delete.key(),
                                bounded(delete.key(), delete.lastState().apply(revision)),
                                current == null ? revision : current.createRevision(),
                                revision),
                        current,
                        true);
                case Operation.Check _ -> null;
            };
        }

        private byte[] bounded(String key, byte[] value) {
            if (value.length > settings.maxValueBytes()) {
                throw new IllegalArgumentException("value of key '" + key + "' has " + value.length
                        + " bytes, the store takes " + settings.maxValueBytes() + " at most");
            }
            return value;
        }
    }
}
