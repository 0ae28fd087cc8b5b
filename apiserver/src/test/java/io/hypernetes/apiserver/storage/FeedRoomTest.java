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

    private int owners;

    /// Of an owner of its own.
    private Feed feed(FeedRoom room) {
        return feed(room, "owner" + owners++);
    }

    private static Feed feed(FeedRoom room, String owner) {
        return new Feed(room, owner, 0, () -> 0, () -> {});
    }

    private static ChangeCursor reader(Feed feed, long from) {
        return Objects.requireNonNull(feed.open(from));
    }

    private ObjectChange change(long revision, int bytes) {
        return new ObjectChange(new Change(new Entry("/t/core/pods/d/p", new byte[bytes], revision, revision), null, false), encodings);
    }

    @Test
    void theLargestGivesUpItsOldestFirst() throws Exception {
        var room = new FeedRoom(100_000);
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

    /// Whoever opens many feeds has no more room than who has one, and of his the largest gives up first.
    @Test
    void allFeedsOfAnOwnerCountAsOne() throws Exception {
        var room = new FeedRoom(100_000);
        var alone = feed(room, "blue");
        var ofAlone = reader(alone, 0);
        for (int i = 1; i <= 30; i++) {
            alone.append(change(i, 1_000));
        }
        var ofMany = new ArrayList<Feed>();
        var small = feed(room, "red");
        var ofSmall = reader(small, 0);
        small.append(change(1, 1_000));
        for (int f = 0; f < 50; f++) {
            var feed = feed(room, "red");
            ofMany.add(feed);
            for (int i = 1; i <= 10; i++) {
                feed.append(change(i, 1_000));
            }
        }
        assertThat(room.bytes()).isBetween(90_000L, 100_000L);
        for (int i = 1; i <= 30; i++) {
            assertThat(ofAlone.next(Duration.ZERO)).isNotNull().extracting(ObjectChange::revision).isEqualTo((long) i);
        }
        assertThat(ofSmall.next(Duration.ZERO)).isNotNull();
        ofMany.forEach(Feed::close);
        small.close();
        alone.close();
        assertThat(room.bytes()).isZero();
    }

    /// What nobody needs is in nobody's way for ever.
    @Test
    void whatEveryReaderHasReadIsGivenUpAfterAWhile() throws Exception {
        var room = new FeedRoom(100_000);
        var feed = feed(room);
        var fast = reader(feed, 0);
        var slow = reader(feed, 0);
        for (int i = 1; i <= 10; i++) {
            feed.append(change(i, 1_000));
            assertThat(fast.next(Duration.ZERO)).isNotNull();
        }
        for (int i = 1; i <= 4; i++) {
            assertThat(slow.next(Duration.ZERO)).isNotNull();
        }
        long all = room.bytes();
        feed.dropUnneeded(System.nanoTime() + 1);
        assertThat(room.bytes()).as("for newcomers").isEqualTo(all);
        long later = System.nanoTime() + Feed.KEPT_UNNEEDED.toNanos();
        feed.dropUnneeded(later);
        assertThat(room.bytes()).as("for the slow one").isEqualTo(all / 10 * 6);
        assertThat(feed.open(3)).as("before what is kept").isNull();
        for (int i = 5; i <= 10; i++) {
            assertThat(slow.next(Duration.ZERO)).isNotNull().extracting(ObjectChange::revision).isEqualTo((long) i);
        }
        feed.dropUnneeded(later + Duration.ofSeconds(2).toNanos());
        assertThat(room.bytes()).isZero();
        assertThat(feed.open(9)).isNull();
        var newcomer = reader(feed, 10);
        feed.append(change(11, 1_000));
        for (var each : new ChangeCursor[] {fast, slow, newcomer}) {
            assertThat(each.next(Duration.ZERO)).isNotNull().extracting(ObjectChange::revision).isEqualTo(11L);
        }
    }

    /// Who reads slowly and leaves keeps nothing, and where nobody may begin nothing is kept for newcomers.
    @Test
    void whatOnlyNewcomersWouldReadIsGivenUpWhereNobodyBegins() throws Exception {
        var room = new FeedRoom(100_000);
        var feed = feed(room);
        var reads = reader(feed, 0);
        var leaves = reader(feed, 0);
        feed.append(change(1, 1_000));
        feed.append(change(2, 1_000));
        long all = room.bytes();
        assertThat(reads.next(Duration.ZERO)).isNotNull();
        feed.retire();
        long now = System.nanoTime() + Duration.ofSeconds(2).toNanos();
        feed.dropUnneeded(now);
        assertThat(room.bytes()).isEqualTo(all);
        leaves.close();
        feed.dropUnneeded(now + Duration.ofSeconds(2).toNanos());
        assertThat(room.bytes()).isEqualTo(all / 2);
        assertThat(reads.next(Duration.ZERO)).isNotNull().extracting(ObjectChange::revision).isEqualTo(2L);
    }

    @Test
    void oneThatIsTooLargeByItselfIsNotKept() {
        var room = new FeedRoom(10_000);
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
        var room = new FeedRoom(10_000);
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
        var room = new FeedRoom(60_000);
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
                        feed.dropUnneeded(System.nanoTime() + Feed.KEPT_UNNEEDED.toNanos() + i * Duration.ofSeconds(2).toNanos());
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
