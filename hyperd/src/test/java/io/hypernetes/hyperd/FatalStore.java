package io.hypernetes.hyperd;

import io.hypernetes.linux.HostProcess;
import io.hypernetes.store.Commit;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Page;
import io.hypernetes.store.Store;
import io.hypernetes.store.Watch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

/// A store that kills its own process with SIGKILL at a commit that was chosen: just before it, or when it is durable and nobody has been
/// told of it yet.
final class FatalStore implements Store {
    /// On which side of the commit the process dies.
    enum Side {
        BEFORE,
        AFTER
    }

    private static final int MOST_STACKS = 10_000;

    private final Store store;
    private final Path obituary;

    // Guarded by this. By which calls each commit was made since it was listened to; nothing until then, as whoever measures memory would find them.
    private final List<String> stacks = new ArrayList<>();
    private boolean listened;
    private long commits;
    private long fatal = -1;
    private String fatalCall = "";
    private int callsLeft;
    private Side side = Side.BEFORE;

    /// @param obituary a file that tells afterwards by which calls the fatal commit was made
    FatalStore(Store store, Path obituary) {
        this.store = store;
        this.obituary = obituary;
    }

    /// @param after how many commits from now, from 1 on
    synchronized void die(int after, Side at) {
        fatal = commits + after;
        side = at;
    }

    /// @param point as [JournalPoints.Point#toString]
    /// @param occurrence which commit of those made there from now on, from 1 on
    synchronized void dieAt(String point, int occurrence, Side at) {
        fatalCall = point;
        callsLeft = occurrence;
        side = at;
    }

    synchronized long commits() {
        return commits;
    }

    /// Keeps the stacks of commits from now on, and forgets those of earlier ones.
    synchronized void listen() {
        stacks.clear();
        listened = true;
    }

    /// By which calls commits were made since [#listen], in their order: points of [JournalPoints] from the innermost on, a space between them.
    synchronized List<String> stacks() {
        return List.copyOf(stacks);
    }

    @Override
    public Commit commit(List<Operation> operations) {
        String stack = StackWalker.getInstance().walk(frames -> frames
                .filter(frame -> frame.getClassName().startsWith("io.hypernetes."))
                .map(frame -> JournalPoints.Point.of(frame).toString())
                .collect(Collectors.joining(" ")));
        Side now;
        synchronized (this) {
            if (listened && stacks.size() < MOST_STACKS) {
                stacks.add(stack);
            }
            boolean called = !fatalCall.isEmpty() && (" " + stack + " ").contains(" " + fatalCall + " ") && --callsLeft == 0;
            now = ++commits == fatal || called ? side : null;
        }
        if (now == Side.BEFORE) {
            die(stack);
        }
        Commit commit = store.commit(operations);
        if (now == Side.AFTER) {
            die(stack);
        }
        return commit;
    }

    private void die(String stack) {
        try {
            Files.writeString(obituary, stack);
        } catch (IOException failure) {
            throw new java.io.UncheckedIOException(failure);
        }
        HostProcess.find(ProcessHandle.current().pid()).orElseThrow().signal(HostProcess.SIGKILL);
        while (true) {
            LockSupport.park();
        }
    }

    @Override
    public long tick() {
        return store.tick();
    }

    @Override
    public long tick(String prefix) {
        return store.tick(prefix);
    }

    @Override
    public Optional<Entry> get(String key) {
        return store.get(key);
    }

    @Override
    public Page list(String prefix, String afterKey, int limit) {
        return store.list(prefix, afterKey, limit);
    }

    @Override
    public Watch watch(String prefix, long afterRevision) {
        return store.watch(prefix, afterRevision);
    }

    @Override
    public void close() {
        store.close();
    }
}
