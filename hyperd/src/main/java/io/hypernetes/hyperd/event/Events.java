package io.hypernetes.hyperd.event;

import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/// Hands events to everyone who follows. A follower that falls far behind is cut off: it must list and follow anew.
/// Safe for use by many threads.
public final class Events {
    private static final int MOST_WAITING = 10_000;

    private final Set<Follower> followers = ConcurrentHashMap.newKeySet();

    public void publish(ContainerEvent event) {
        for (Follower follower : followers) {
            if (!follower.queue.offer(event)) {
                follower.cut = true;
                followers.remove(follower);
            }
        }
    }

    /// Follows from now on.
    public Follower follow() {
        Follower follower = new Follower();
        followers.add(follower);
        return follower;
    }

    /// One follower; [#next] is for one thread.
    public final class Follower implements AutoCloseable {
        private final LinkedBlockingQueue<ContainerEvent> queue = new LinkedBlockingQueue<>(MOST_WAITING);
        private volatile boolean cut;

        private Follower() {}

        /// The next event, waiting at most `millis`; empty when none came.
        ///
        /// @throws IllegalStateException when this follower was cut off
        public Optional<ContainerEvent> next(long millis) throws InterruptedException {
            ContainerEvent event = queue.poll(millis, TimeUnit.MILLISECONDS);
            if (event == null && cut) {
                throw new IllegalStateException(
                        "More than " + MOST_WAITING + " events were not fetched in time; list the containers and follow again.");
            }
            return Optional.ofNullable(event);
        }

        @Override
        public void close() {
            followers.remove(this);
        }
    }
}
