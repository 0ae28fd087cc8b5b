package io.hypernetes.store.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.store.Change;
import io.hypernetes.store.Entry;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class WatchQueueTest {
    private final AtomicLong tick = new AtomicLong(5);
    private final WatchQueue queue = new WatchQueue("/", 5, 10, tick::get, closed -> {});

    @Test
    void aReaderBetweenTwoChangesOfOneCommitGetsBoth() throws Exception {
        queue.offer(change("/a", 7));
        assertThat(queue.next(Duration.ZERO).orElseThrow().entry().key()).isEqualTo("/a");
        queue.offer(change("/b", 7));
        tick.set(7);
        assertThat(queue.progress()).as("the commit is not done with").isLessThan(7);
        assertThat(queue.next(Duration.ZERO).orElseThrow().entry().key()).isEqualTo("/b");
        assertThat(queue.progress()).isEqualTo(7);
    }

    @Test
    void whatIsOlderThanTheBeginningIsNotDelivered() throws Exception {
        queue.offer(change("/a", 5));
        assertThat(queue.next(Duration.ZERO)).isEmpty();
    }

    private static Change change(String key, long revision) {
        return new Change(new Entry(key, new byte[0], revision, revision), null, false);
    }
}
