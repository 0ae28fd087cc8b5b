package io.hypernetes.store.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.store.Change;
import io.hypernetes.store.CompactedException;
import io.hypernetes.store.Entry;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class WatchQueueTest {
    private final AtomicLong tick = new AtomicLong(5);
    private final WatchQueue queue = new WatchQueue("/", 5, 10, 10_000, tick::get, closed -> {});

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

    @Test
    void aReaderThatIsFarBehindInBytesMustListAgain() throws Exception {
        queue.start(List.of(change("/past", 6, 50_000)));
        queue.offer(change("/a", 7, 6_000));
        assertThat(queue.next(Duration.ZERO).orElseThrow().entry().key()).isEqualTo("/past");
        assertThat(queue.next(Duration.ZERO).orElseThrow().entry().key()).isEqualTo("/a");
        queue.offer(change("/large", 8, 20_000));
        assertThat(queue.next(Duration.ZERO).orElseThrow().entry().key()).as("one always fits").isEqualTo("/large");
        queue.offer(change("/b", 9, 6_000));
        queue.offer(change("/c", 10, 6_000));
        assertThatThrownBy(() -> queue.next(Duration.ZERO)).isInstanceOf(CompactedException.class).hasMessageContaining("list again");
    }

    @Test
    void historyIsBoundedByBytes() {
        History history = new History(1_000, 10_000, Duration.ofDays(365), new DurableLog.Content(List.of(), 5, 5));
        for (int i = 6; i < 20; i++) {
            history.add(List.of(change("/k" + i, i, 2_000)), i);
        }
        assertThat(history.oldest("/", 20)).isEqualTo(15);
        assertThat(history.since(history.oldest("/", 20), "/")).extracting(change -> change.entry().revision()).containsExactly(16L, 17L, 18L, 19L);
        history.add(List.of(change("/huge", 20, 50_000)), 20);
        assertThat(history.oldest("/", 20)).isEqualTo(20);
        assertThat(history.since(20, "/")).isEmpty();
    }

    private static Change change(String key, long revision) {
        return change(key, revision, 0);
    }

    private static Change change(String key, long revision, int bytes) {
        return new Change(new Entry(key, new byte[bytes], revision, revision), null, false);
    }
}
