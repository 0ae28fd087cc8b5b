package io.hypernetes.hyperd.docker;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/// What happened to containers, images and volumes: the last ones, and for those who follow what comes. A follower that does not fetch loses the
/// newest. Safe for use by many threads.
final class DockerEvents {
    private static final int KEPT = 256;
    private static final int MOST_WAITING = 10_000;
    private static final Event LEFT = new Event("", "", "", Map.of(), 0);

    private final Deque<Event> recent = new ArrayDeque<>();
    private final Set<Follower> followers = ConcurrentHashMap.newKeySet();

    /// @param type `container`, `image`, `volume` or `network`
    record Event(String type, String action, String id, Map<String, String> attributes, long nanos) {}

    synchronized void publish(Event event) {
        recent.addLast(event);
        if (recent.size() > KEPT) {
            recent.removeFirst();
        }
        followers.forEach(follower -> follower.queue.offer(event));
    }

    synchronized Follower follow() {
        Follower follower = new Follower();
        followers.add(follower);
        return follower;
    }

    /// Somebody who is told of each event. One thread asks; any thread may leave for it.
    final class Follower {
        private final BlockingQueue<Event> queue = new LinkedBlockingQueue<>(MOST_WAITING);

        /// Waits for the next; empty when the time is over or somebody left.
        Optional<Event> next(Duration most) throws InterruptedException {
            Event event = queue.poll(Math.max(0, most.toMillis()), TimeUnit.MILLISECONDS);
            return event == null || event == LEFT ? Optional.empty() : Optional.of(event);
        }

        /// That one is known already.
        void skip(Event event) {
            queue.remove(event);
        }

        /// Nothing comes any more. Idempotent.
        void leave() {
            followers.remove(this);
            // Whoever waits learns of it; one with a full queue does not wait and finds it there the next time.
            while (!queue.offer(LEFT)) {
                queue.poll();
            }
        }
    }

    synchronized List<Event> since(long nanos) {
        return new ArrayList<>(recent.stream().filter(event -> event.nanos() >= nanos).toList());
    }
}
