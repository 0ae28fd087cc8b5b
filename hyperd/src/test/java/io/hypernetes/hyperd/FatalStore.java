package io.hypernetes.hyperd;

import io.hypernetes.linux.HostProcess;
import io.hypernetes.store.Commit;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Page;
import io.hypernetes.store.Store;
import io.hypernetes.store.Watch;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/// A store that kills its own process with SIGKILL at a commit that was chosen: just before it, or when it is durable and nobody has been
/// told of it yet.
final class FatalStore implements Store {
    /// On which side of the commit the process dies.
    enum Side {
        BEFORE,
        AFTER
    }

    private final Store store;

    // Guarded by this.
    private long commits;
    private long fatal = -1;
    private Side side = Side.BEFORE;

    FatalStore(Store store) {
        this.store = store;
    }

    /// @param after how many commits from now, from 1 on
    synchronized void die(int after, Side at) {
        fatal = commits + after;
        side = at;
    }

    synchronized long commits() {
        return commits;
    }

    @Override
    public Commit commit(List<Operation> operations) {
        Side now;
        synchronized (this) {
            now = ++commits == fatal ? side : null;
        }
        if (now == Side.BEFORE) {
            die();
        }
        Commit commit = store.commit(operations);
        if (now == Side.AFTER) {
            die();
        }
        return commit;
    }

    private static void die() {
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
