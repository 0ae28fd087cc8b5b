package io.hypernetes.apiserver.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.store.Change;
import io.hypernetes.store.Entry;
import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ObjectChangeTest {
    private static final int MORE_THAN_KEPT = 1_000;

    /// However often readers are slow and have things made again, only the last few changes hold any.
    @Test
    void whatIsMadeAgainForSlowReadersIsLetGoOfAgain() {
        var encodings = new Encodings(MORE_THAN_KEPT / 2, 1 << 20);
        var changes = new ArrayList<ObjectChange>();
        for (int i = 0; i < MORE_THAN_KEPT; i++) {
            changes.add(new ObjectChange(new Change(new Entry("/t//pods/d/p" + i, new byte[0], 1, 1), null, false), encodings));
        }
        for (int round = 0; round < 3; round++) {
            var made = new AtomicInteger();
            for (var change : changes) {
                for (int reader = 0; reader < 5; reader++) {
                    change.once("form", made::incrementAndGet);
                }
            }
            assertThat(made).as("each once a round: it was let go of in the last").hasValue(MORE_THAN_KEPT);
        }
        assertThat(holding(changes)).isBetween(100, MORE_THAN_KEPT / 2);
    }

    /// Readers of large objects, each of which asks for them in another form.
    @Test
    void whatIsWorkedOutIsBoundedByBytesToo() {
        var encodings = new Encodings(MORE_THAN_KEPT, 10_000);
        var changes = new ArrayList<ObjectChange>();
        for (int i = 0; i < 100; i++) {
            var change = new ObjectChange(new Change(new Entry("/t//pods/d/p" + i, new byte[0], 1, 1), null, false), encodings);
            changes.add(change);
            change.once("form", () -> 1, each -> 1_000);
            change.once("other form", () -> 1, each -> 1_000);
        }
        assertThat(holding(changes)).isBetween(1, 5);
        var large = changes.getLast();
        large.once("too large", () -> 1, each -> 100_000);
        var made = new AtomicInteger();
        large.once("too large", made::incrementAndGet);
        assertThat(made).hasValue(1);
    }

    /// A server that had much to do and then rests would hold it for nobody.
    @Test
    void whatIsWorkedOutIsLetGoOfAfterAWhile() {
        var encodings = new Encodings(MORE_THAN_KEPT, 1 << 20);
        var made = new AtomicInteger();
        var change = new ObjectChange(new Change(new Entry("/t//pods/d/p", new byte[0], 1, 1), null, false), encodings);
        long begin = System.nanoTime();
        change.once("form", made::incrementAndGet);
        encodings.dropOld(begin + Encodings.KEPT_FOR.toNanos() / 2);
        change.once("form", made::incrementAndGet);
        assertThat(made).as("still held").hasValue(1);
        encodings.dropOld(System.nanoTime() + Encodings.KEPT_FOR.toNanos());
        change.once("form", made::incrementAndGet);
        assertThat(made).as("made anew").hasValue(2);
        encodings.dropOld(System.nanoTime() + Encodings.KEPT_FOR.toNanos() * 2);
        change.once("form", made::incrementAndGet);
        assertThat(made).as("and let go of again").hasValue(3);
    }

    /// Watches that do not match have little worked out of a large object: that must not keep the object.
    @Test
    void whatIsWorkedOutDoesNotKeepTheChange() {
        var encodings = new Encodings();
        var change = new ObjectChange(new Change(new Entry("/t//pods/d/p", new byte[1_400_000], 1, 1), null, false), encodings);
        change.once("form", () -> 1);
        var gone = new WeakReference<>(change);
        change = null;
        await().untilAsserted(() -> {
            System.gc();
            assertThat(gone.get() == null).as("let go of").isTrue();
        });
        Reference.reachabilityFence(encodings);
    }

    /// A client that opens watches with a selector each makes no change as large as they are many.
    @Test
    void whatIsWorkedOutInVeryManyWaysIsNotKeptInAll() {
        var change = new ObjectChange(new Change(new Entry("/t//pods/d/p", new byte[0], 1, 1), null, false), new Encodings());
        var made = new AtomicInteger();
        for (int round = 0; round < 2; round++) {
            for (int way = 0; way < MORE_THAN_KEPT; way++) {
                int asked = way;
                assertThat(change.once(way, () -> {
                            made.incrementAndGet();
                            return asked;
                        }))
                        .isEqualTo(way);
            }
        }
        assertThat(made.get()).as("made anew in the second round").isBetween(MORE_THAN_KEPT * 2 - 100, MORE_THAN_KEPT * 2 - 1);
    }

    private static int holding(List<ObjectChange> changes) {
        int held = 0;
        for (var change : changes.reversed()) {
            var made = new AtomicInteger();
            change.once("form", made::incrementAndGet);
            if (made.get() > 0) {
                break;
            }
            held++;
        }
        return held;
    }
}
