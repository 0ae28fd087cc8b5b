package io.hypernetes.hyperd.docker;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;

/// What happened to containers and images: the last ones, and for those who follow what comes. A follower that does not fetch loses the
/// newest. Safe for use by many threads.
final class DockerEvents {
    private static final int KEPT = 256;
    private static final int MOST_WAITING = 10_000;

    private final Deque<Event> recent = new ArrayDeque<>();
    private final Set<BlockingQueue<Event>> followers = ConcurrentHashMap.newKeySet();

    /// @param type `container` or `image`
    record Event(String type, String action, String id, Map<String, String> attributes, long nanos) {}

    synchronized void publish(Event event) {
        recent.addLast(event);
        if (recent.size() > KEPT) {
            recent.removeFirst();
        }
        followers.forEach(follower -> follower.offer(event));
    }

    synchronized BlockingQueue<Event> follow() {
        BlockingQueue<Event> queue = new LinkedBlockingQueue<>(MOST_WAITING);
        followers.add(queue);
        return queue;
    }

    void leave(BlockingQueue<Event> queue) {
        followers.remove(queue);
    }

    synchronized List<Event> since(long nanos) {
        return new ArrayList<>(recent.stream().filter(event -> event.nanos() >= nanos).toList());
    }
}
