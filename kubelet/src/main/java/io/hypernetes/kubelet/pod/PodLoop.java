package io.hypernetes.kubelet.pod;

import io.hypernetes.client.ApiException;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.kubelet.cri.CriException;
import io.hypernetes.kubelet.volume.VolumeException;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The virtual thread of one pod's worker: a pass, a pause, the next pass. Somebody may end the pause; what failed is tried again, later each time. Safe for
/// use by many threads.
final class PodLoop {
    static final Duration FIRST_RETRY = Duration.ofMillis(500);
    private static final Logger LOG = LoggerFactory.getLogger(PodLoop.class);
    private static final Duration LONGEST_RETRY = Duration.ofSeconds(30);

    private final ObjectKey key;
    private final String uid;
    private final Supplier<Duration> pass;
    private final Semaphore wake = new Semaphore(0);
    private final Thread thread;
    private volatile boolean closed;
    private volatile boolean ended;
    private Duration retry = FIRST_RETRY;

    /// @param pass returns how long to pause if nobody wakes the loop
    /// @param over called behind the last pass, with whether that ended the loop by itself
    PodLoop(ObjectKey key, String uid, Supplier<Duration> pass, Consumer<Boolean> over) {
        this.key = key;
        this.uid = uid;
        this.pass = pass;
        this.thread = Thread.ofVirtual().name("pod-" + key).unstarted(() -> run(over));
    }

    void start() {
        thread.start();
    }

    /// Has the next pass begin now, or another one behind the present one.
    void wake() {
        if (wake.availablePermits() == 0) {
            wake.release();
        }
    }

    /// Says in a pass that it is the last one.
    void end() {
        ended = true;
    }

    /// Stops, in the middle of a pass if need be.
    void close() {
        closed = true;
        thread.interrupt();
    }

    boolean isClosed() {
        return closed;
    }

    private void run(Consumer<Boolean> over) {
        try {
            while (!closed && !ended) {
                Duration next = passSafely();
                if (!closed && !ended) {
                    wake.tryAcquire(Math.max(1, next.toMillis()), TimeUnit.MILLISECONDS);
                    wake.drainPermits();
                }
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } finally {
            over.accept(ended);
        }
    }

    private Duration passSafely() {
        try {
            Duration next = pass.get();
            retry = FIRST_RETRY;
            return next;
        } catch (CriException | ApiException | VolumeException refused) {
            // One that was interrupted fails in many ways.
            if (!closed) {
                LOG.warn("event=pod-retry pod={} uid={} retryMillis={} reason=\"{}\"", key, uid, retry.toMillis(), refused.getMessage());
            }
        } catch (RuntimeException fault) {
            LOG.error("event=pod-fault pod={} uid={} retryMillis={}", key, uid, retry.toMillis(), fault);
        }
        Duration pause = retry;
        retry = retry.multipliedBy(2).compareTo(LONGEST_RETRY) > 0 ? LONGEST_RETRY : retry.multipliedBy(2);
        return pause;
    }
}
