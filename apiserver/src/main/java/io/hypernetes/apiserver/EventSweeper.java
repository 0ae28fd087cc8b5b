package io.hypernetes.apiserver;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.OneByOne;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.store.ConflictException;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import io.hypernetes.store.StoreException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Removes events that nobody changed for their lifetime. A revision is a time in microseconds, so nothing is read to know.
final class EventSweeper implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(EventSweeper.class);
    private static final int BATCH = 200;

    private final Store store;
    private final Clock clock;
    private final Duration lifetime;
    private final ScheduledExecutorService timer;

    EventSweeper(Store store, Clock clock, Duration lifetime) {
        this.store = store;
        this.clock = clock;
        this.lifetime = lifetime;
        this.timer = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("event-sweeper").factory());
        timer.scheduleWithFixedDelay(this::sweepAndLog, 60, 60, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }

    /// Removes what is too old now.
    int sweep() {
        long oldest = (clock.millis() - lifetime.toMillis()) * 1000;
        var tenants = new ArrayList<String>();
        tenants.add(Caller.ROOT);
        store.list(ObjectKey.prefix(Caller.ROOT, "hypernetes.io", "tenants"), "", 0).entries().forEach(entry -> tenants.add(ObjectKey.parse(entry.key()).name()));
        var removed = new AtomicInteger();
        OneByOne.each(tenants, "events-swept", tenant -> tenant, tenant -> removed.addAndGet(sweep(tenant, oldest)));
        return removed.get();
    }

    private void sweepAndLog() {
        try {
            int removed = sweep();
            if (removed > 0) {
                log.debug("event=events-expired count={}", removed);
            }
        } catch (StoreException e) {
            log.warn("event=event-sweep-failed cause={}", e.getMessage());
        } catch (RuntimeException e) {
            // Whatever it was: a timer whose task fails never comes back.
            log.error("event=event-sweep-failed", e);
        }
    }

    private int sweep(String tenant, long oldest) {
        var batch = new ArrayList<Operation>();
        int removed = 0;
        for (Entry entry : store.list(ObjectKey.prefix(tenant, "", "events"), "", 0).entries()) {
            if (entry.revision() < oldest) {
                batch.add(new Operation.Delete(
                        entry.key(),
                        entry.revision(),
                        revision -> StoredForm.withRevision(entry.value(), revision)));
            }
            if (batch.size() == BATCH) {
                removed += commit(batch);
            }
        }
        return removed + commit(batch);
    }

    private int commit(List<Operation> batch) {
        if (batch.isEmpty()) {
            return 0;
        }
        int count = batch.size();
        try {
            store.commit(batch);
        } catch (ConflictException e) {
            // One of them was written again meanwhile: the next sweep sees what is left.
            count = 0;
        }
        batch.clear();
        return count;
    }
}
