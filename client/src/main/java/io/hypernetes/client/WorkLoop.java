package io.hypernetes.client;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Virtual threads that take keys from a queue and bring each to its wanted state. A failure puts the key back with a pause.
public final class WorkLoop<K> implements AutoCloseable {

    /// Brings one key to its wanted state; called by one thread at a time for one key.
    @FunctionalInterface
    public interface Reconciler<K> {
        /// @return after which time to look again, when something is only a matter of time; it may be sooner
        /// @throws RuntimeException to be called again after a pause
        Optional<Duration> reconcile(K key) throws InterruptedException;
    }

    private static final Logger LOG = LoggerFactory.getLogger(WorkLoop.class);

    private final String name;
    private final WorkQueue<K> queue;
    private final Reconciler<K> reconciler;
    private final List<Thread> threads = new ArrayList<>();

    /// @param workers how many keys are worked on at a time, of one tenant half as many; where the queue tells tenants apart it takes two at least
    public WorkLoop(String name, WorkQueue<K> queue, int workers, Reconciler<K> reconciler) {
        this.name = name;
        this.queue = queue;
        this.reconciler = reconciler;
        queue.workers(workers);
        for (int i = 0; i < workers; i++) {
            threads.add(Thread.ofVirtual().name(name + "-" + i).unstarted(this::run));
        }
    }

    public WorkLoop<K> start() {
        threads.forEach(Thread::start);
        return this;
    }

    /// Stops taking keys and interrupts the work in hand.
    @Override
    public void close() {
        queue.close();
        threads.forEach(Thread::interrupt);
    }

    private void run() {
        try {
            for (Optional<K> key = queue.take(); key.isPresent(); key = queue.take()) {
                work(key.get());
            }
        } catch (InterruptedException stopped) {
            // close() ends the loop
        }
    }

    private void work(K key) throws InterruptedException {
        try {
            Optional<Duration> again = reconciler.reconcile(key);
            queue.forget(key);
            again.ifPresent(delay -> queue.addAfter(key, delay));
        } catch (ApiException refused) {
            Duration pause = queue.retry(key);
            // A conflict only means that the cache lags behind; the next event brings the new state.
            if (refused.isConflict()) {
                LOG.debug("event=conflict loop={} key={} reason=\"{}\"", name, key, refused.getMessage());
            } else {
                LOG.warn("event=reconcile-failed loop={} key={} retryMillis={} reason=\"{}\"",
                        name, key, pause.toMillis(), refused.getMessage());
            }
        } catch (RuntimeException | Error fault) {
            // One key that overflows the stack must not take a worker from all the others; a machine that is broken is another matter.
            if (fault instanceof VirtualMachineError broken && !(broken instanceof StackOverflowError)) {
                throw broken;
            }
            Duration pause = queue.retry(key);
            LOG.error("event=reconcile-fault loop={} key={} retryMillis={}", name, key, pause.toMillis(), fault);
        } finally {
            queue.done(key);
        }
    }
}
