package io.hypernetes.apiserver.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.hypernetes.store.Change;
import io.hypernetes.store.CompactedException;
import io.hypernetes.store.Entry;
import io.hypernetes.store.StoreUnavailableException;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class FeedRoomTest {
    private final Encodings encodings = new Encodings();

    private Feed feed(FeedRoom room) {
        return new Feed(room, 0, () -> 0, () -> {});
    }

    private static ChangeCursor reader(Feed feed, long from) {
        return Objects.requireNonNull(feed.open(from));
    }

    private ObjectChange change(long revision, int bytes) {
        return new ObjectChange(new Change(new Entry("/t/core/pods/d/p", new byte[bytes], revision, revision), null, false), encodings);
    }

    @Test
    void theLargestGivesUpItsOldestFirst() throws Exception {
        var room = new FeedRoom(100_000, 80_000);
        var small = feed(room);
        var large = feed(room);
        var ofSmall = reader(small, 0);
        var behind = reader(large, 0);
        for (int i = 1; i <= 20; i++) {
            small.append(change(2 * i - 1, 1_000));
        }
        for (int i = 1; i <= 200; i++) {
            large.append(change(100 + i, 5_000));
            assertThat(room.bytes()).isLessThanOrEqualTo(100_000);
        }
        for (int i = 1; i <= 20; i++) {
            assertThat(ofSmall.next(Duration.ZERO)).isNotNull().extracting(ObjectChange::revision).isEqualTo(2L * i - 1);
        }
        assertThat(ofSmall.next(Duration.ZERO)).isNull();
        assertThatThrownBy(() -> behind.next(Duration.ofSeconds(20))).isInstanceOf(CompactedException.class);
        assertThat(large.open(150)).as("before what is kept").isNull();
        var late = reader(large, 290);
        assertThat(late.next(Duration.ZERO)).isNotNull().extracting(ObjectChange::revision).isEqualTo(291L);
        small.close();
        large.fail(new StoreUnavailableException("the end"));
        assertThat(room.bytes()).isZero();
        assertThatThrownBy(() -> late.next(Duration.ZERO)).isInstanceOf(StoreUnavailableException.class);
        assertThat(ofSmall.ended()).isTrue();
    }

    @Test
    void oneThatIsTooLargeByItselfIsNotKept() {
        var room = new FeedRoom(100_000, 10_000);
        var feed = feed(room);
        var cursor = reader(feed, 0);
        feed.append(change(1, 20_000));
        assertThat(room.bytes()).isZero();
        assertThatThrownBy(() -> cursor.next(Duration.ofSeconds(20))).isInstanceOf(CompactedException.class);
        assertThat(feed.open(1)).isNotNull();
    }

    /// A client that reads nothing any more holds nothing of what came since, nor of what was given up.
    @Test
    void aReaderThatStandsStillHoldsNoChanges() throws Exception {
        var room = new FeedRoom(10_000, 10_000);
        var feed = feed(room);
        var cursors = new ArrayList<ChangeCursor>();
        var given = new ArrayList<WeakReference<ObjectChange>>();
        for (int i = 1; i <= 50; i++) {
            var cursor = reader(feed, Math.max(0, i - 1));
            var change = change(i, 1_000);
            given.add(new WeakReference<>(change));
            feed.append(change);
            assertThat(cursor.next(Duration.ofSeconds(20))).isNotNull();
            cursors.add(cursor);
        }
        await().untilAsserted(() -> {
            System.gc();
            assertThat(given.stream().filter(change -> change.get() != null).count()).isLessThanOrEqualTo(10);
        });
        assertThatThrownBy(() -> cursors.getFirst().next(Duration.ZERO)).isInstanceOf(CompactedException.class);
        assertThat(cursors.getLast().next(Duration.ZERO)).isNull();
    }

    /// Whoever writes and reads at once: each reader gets all there is in order, or hears that it lost something; and no room is lost.
    @Test
    void roomIsGivenBackWhoeverComesBetween() throws Exception {
        long seed = Long.getLong("feedroom.seed", System.nanoTime());
        var room = new FeedRoom(60_000, 40_000);
        var feeds = new ArrayList<Feed>();
        var running = new ArrayList<Future<Void>>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int f = 0; f < 4; f++) {
                var feed = feed(room);
                feeds.add(feed);
                var random = new Random(seed + f);
                for (int r = 0; r < 3; r++) {
                    var cursor = reader(feed, 0);
                    running.add(threads.submit(() -> read(cursor)));
                }
                running.add(threads.submit(() -> {
                    for (int i = 1; i <= 2_000; i++) {
                        feed.append(change(i, random.nextInt(5_000)));
                    }
                    return null;
                }));
            }
            for (var one : running) {
                one.get();
            }
        }
        assertThat(room.bytes()).isLessThanOrEqualTo(60_000);
        for (var feed : feeds) {
            assertThat(feed.open(2_000)).as("feedroom.seed=%d", seed).isNotNull();
            feed.close();
        }
        assertThat(room.bytes()).as("feedroom.seed=%d", seed).isZero();
    }

    private static Void read(ChangeCursor cursor) throws InterruptedException {
        long last = 0;
        try {
            while (last < 2_000) {
                var change = cursor.next(Duration.ofSeconds(20));
                if (change == null || change.revision() != last + 1) {
                    throw new AssertionError("after " + last + " comes " + change);
                }
                last = change.revision();
            }
        } catch (CompactedException e) {
            // It was too slow.
        }
        return null;
    }
}
