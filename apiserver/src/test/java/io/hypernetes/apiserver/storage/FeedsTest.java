package io.hypernetes.apiserver.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.store.CompactedException;
import io.hypernetes.store.Operation;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FeedsTest {
    private static final List<String> RESOURCES = List.of("pods", "configmaps");
    private static final int COMMITS = 400;

    @TempDir
    Path folder;

    private record Written(String resource, String key, long revision) {}

    /// Takes most changes on one of two loops, and leaves some to the reader.
    private record Lent(ScheduledExecutorService loop, Random random, List<String> seen) implements ChangeCursor.Taker {
        @Override
        public boolean take(ObjectChange change) {
            boolean takes = random.nextInt(5) > 0;
            if (takes) {
                seen.add(change.key());
            }
            return takes;
        }

        @Override
        public void taken() {}
    }

    /// Readers that begin anywhere, while there are writes, get every change of their resource after their revision, once and in order; so do those whose
    /// changes an event loop takes while they wait.
    @Test
    void everyReaderGetsWhatCameAfterItsRevision() throws Exception {
        long seed = Long.getLong("feeds.seed", System.nanoTime());
        System.out.println("feeds.seed=" + seed);
        var random = new Random(seed);
        try (var store = EmbeddedStore.open(folder, EmbeddedSettings.defaults());
                var feeds = new Feeds(store);
                var threads = Executors.newVirtualThreadPerTaskExecutor();
                var oneLoop = Executors.newSingleThreadScheduledExecutor();
                var otherLoop = Executors.newSingleThreadScheduledExecutor()) {
            var written = new CopyOnWriteArrayList<Written>();
            var readers = new ArrayList<Future<?>>();
            long begin = store.tick();
            for (int i = 0; i < COMMITS; i++) {
                var operations = new ArrayList<Operation>();
                for (int n = random.nextInt(3); n >= 0; n--) {
                    var key = new ObjectKey(
                            random.nextBoolean() ? "red" : "blue", "", RESOURCES.get(random.nextInt(2)), "default", "o" + i + "-" + n);
                    operations.add(new Operation.Put(key.text(), Operation.ABSENT, revision -> "{}".getBytes(StandardCharsets.UTF_8)));
                }
                var commit = store.commit(operations);
                commit.entries().forEach(entry -> written.add(new Written(ObjectKey.parse(entry.key()).resource(), entry.key(), entry.revision())));
                if (random.nextInt(10) == 0) {
                    var resource = RESOURCES.get(random.nextInt(2));
                    long from = switch (random.nextInt(3)) {
                        case 0 -> begin;
                        case 1 -> written.get(random.nextInt(written.size())).revision();
                        default -> store.tick();
                    };
                    var loop = random.nextBoolean() ? oneLoop : otherLoop;
                    long draw = random.nextLong();
                    readers.add(threads.submit(() -> read(feeds, resource, from, written)));
                    readers.add(threads.submit(() -> lend(feeds, resource, from, written, new Lent(loop, new Random(draw), new ArrayList<>()))));
                }
            }
            for (var resource : RESOURCES) {
                var last = new ObjectKey("red", "", resource, "default", "last");
                var commit = store.commit(List.of(new Operation.Put(last.text(), Operation.ABSENT, revision -> "{}".getBytes(StandardCharsets.UTF_8))));
                written.add(new Written(resource, last.text(), commit.entries().getFirst().revision()));
            }
            for (var reader : readers) {
                reader.get();
            }
        }
    }

    private static Void read(Feeds feeds, String resource, long from, List<Written> written) throws Exception {
        var seen = new ArrayList<String>();
        try (var cursor = feeds.followEverywhere("", resource, from)) {
            while (seen.isEmpty() || !seen.getLast().endsWith("/last")) {
                var change = cursor.next(Duration.ofSeconds(20));
                assertThat(change).as("a change after " + seen.size()).isNotNull();
                seen.add(change.key());
                assertThat(cursor.progress()).isGreaterThanOrEqualTo(from);
            }
        }
        assertSeen(seen, resource, from, written);
        return null;
    }

    private static Void lend(Feeds feeds, String resource, long from, List<Written> written, Lent lent) throws Exception {
        var seen = lent.seen;
        try (var cursor = feeds.followEverywhere("", resource, from)) {
            long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
            while (seen.isEmpty() || !seen.getLast().endsWith("/last")) {
                // Too short to wait for all: the place comes back and is lent again.
                var change = cursor.next(Duration.ofMillis(lent.random.nextInt(20)), lent);
                if (change != null) {
                    seen.add(change.key());
                }
                assertThat(cursor.progress()).isGreaterThanOrEqualTo(from);
                assertThat(System.nanoTime()).as("a change after " + seen.size()).isLessThan(end);
            }
        }
        assertSeen(seen, resource, from, written);
        return null;
    }

    private static void assertSeen(List<String> seen, String resource, long from, List<Written> written) {
        // The writer notes its last writes just behind the commit.
        org.awaitility.Awaitility.await().untilAsserted(() -> assertThat(seen).containsExactlyElementsOf(written.stream()
                .filter(each -> each.resource().equals(resource) && each.revision() > from)
                .map(Written::key)
                .toList()));
    }

    /// One who writes large objects again and again, while somebody does not read: it is told so, and a new reader begins where something is kept.
    @Test
    void whoFallsBehindLargeChangesHasToListAgain() throws Exception {
        try (var store = EmbeddedStore.open(folder, EmbeddedSettings.defaults());
                var feeds = new Feeds(store);
                var slow = feeds.follow("red", "", "configmaps", store.tick());
                var fast = feeds.follow("red", "", "configmaps", store.tick());
                var slowEverywhere = feeds.followEverywhere("", "configmaps", store.tick());
                var other = feeds.follow("blue", "", "configmaps", store.tick())) {
            long begin = store.tick();
            var blue = new ObjectKey("blue", "", "configmaps", "default", "small").text();
            store.commit(List.of(new Operation.Put(blue, Operation.ABSENT, revision -> "{}".getBytes(StandardCharsets.UTF_8))));
            var key = new ObjectKey("red", "", "configmaps", "default", "large").text();
            for (int i = 0; i < 40; i++) {
                store.commit(List.of(new Operation.Put(key, Operation.ANY, revision -> new byte[1_400_000])));
                assertThat(fast.next(Duration.ofSeconds(20))).isNotNull();
            }
            for (var behind : List.of(slow, slowEverywhere)) {
                long seen = behind.progress();
                // The trunk brings it a moment later.
                org.awaitility.Awaitility.await().untilAsserted(() -> assertThatThrownBy(() -> readAll(behind)).isInstanceOf(CompactedException.class));
                assertThat(behind.progress()).isGreaterThanOrEqualTo(seen);
                assertThat(behind.ended()).isFalse();
            }
            assertThat(other.next(Duration.ofSeconds(20))).as("of another tenant").isNotNull().extracting(ObjectChange::key).isEqualTo(blue);
            try (var again = feeds.follow("blue", "", "configmaps", begin)) {
                assertThat(again.next(Duration.ofSeconds(20))).isNotNull();
            }
        }
    }

    /// A tenant that opens watches of ever older revisions, each of which makes a feed, takes nothing from others: neither from those who read across tenants nor
    /// from another tenant.
    @Test
    void manyFeedsOfOneTenantTakeNothingFromOthers() throws Exception {
        try (var store = EmbeddedStore.open(folder, EmbeddedSettings.defaults());
                var feeds = new Feeds(store);
                var everywhere = feeds.followEverywhere("", "pods", store.tick());
                var other = feeds.follow("blue", "", "configmaps", store.tick())) {
            for (int i = 0; i < 14; i++) {
                put(store, "green", "pods", i);
            }
            for (int i = 0; i < 7; i++) {
                put(store, "blue", "configmaps", i);
            }
            var revisions = new ArrayList<Long>();
            for (int i = 0; i < 20; i++) {
                revisions.add(put(store, "red", "configmaps", i) - 1);
            }
            var hostile = new ArrayList<ChangeCursor>();
            for (var revision : revisions.reversed()) {
                // It may be told that it has to list again.
                try {
                    hostile.add(feeds.follow("red", "", "configmaps", revision));
                    while (hostile.getLast().next(Duration.ofSeconds(20)).revision() < revisions.getLast()) {
                        // To the end.
                    }
                } catch (CompactedException e) {
                    // On.
                }
            }
            for (int i = 0; i < 14; i++) {
                assertThat(everywhere.next(Duration.ofSeconds(20))).as("across tenants").isNotNull().extracting(ObjectChange::key).asString().endsWith("/o" + i);
            }
            for (int i = 0; i < 7; i++) {
                assertThat(other.next(Duration.ofSeconds(20))).as("of another tenant").isNotNull().extracting(ObjectChange::key).asString().endsWith("/o" + i);
            }
            hostile.forEach(ChangeCursor::close);
        }
    }

    private static long put(EmbeddedStore store, String tenant, String resource, int number) {
        var key = new ObjectKey(tenant, "", resource, "default", "o" + number).text();
        return store.commit(List.of(new Operation.Put(key, Operation.ANY, revision -> new byte[1_400_000]))).entries().getFirst().revision();
    }

    /// A server that rests after it had much to do gives its memory back, and holds nothing for readers that are long past it.
    @Test
    void whatWasWorkedOutForReadersIsLetGoOfWhenNothingHappens() throws Exception {
        try (var store = EmbeddedStore.open(folder, EmbeddedSettings.defaults());
                var feeds = new Feeds(store);
                var others = new Feeds(store);
                var cursor = feeds.follow("red", "", "pods", store.tick());
                var everywhere = others.followEverywhere("", "pods", store.tick())) {
            put(store, "red", "pods", 0);
            for (var reader : List.of(cursor, everywhere)) {
                var change = reader.next(Duration.ofSeconds(20));
                assertThat(change).isNotNull();
                var made = new AtomicInteger();
                change.once("form", made::incrementAndGet);
                org.awaitility.Awaitility.await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> {
                    change.once("form", made::incrementAndGet);
                    assertThat(made.get()).as("made anew").isGreaterThan(1);
                });
            }
        }
    }

    private static void readAll(ChangeCursor cursor) throws InterruptedException {
        while (cursor.next(Duration.ZERO) != null) {
            // On.
        }
    }

    /// Whoever has lent its place is back when it is told to leave, when nothing comes in time, and when the loop is there no more.
    @Test
    void aLentPlaceComesBack() throws Exception {
        try (var store = EmbeddedStore.open(folder, EmbeddedSettings.defaults());
                var feeds = new Feeds(store);
                var threads = Executors.newVirtualThreadPerTaskExecutor();
                var loop = Executors.newSingleThreadScheduledExecutor()) {
            var lent = new Lent(loop, new Random(), new ArrayList<>());
            var cursor = feeds.follow("red", "", "pods", store.tick());
            assertThat(cursor.next(Duration.ofMillis(5), lent)).isNull();
            assertThat(cursor.ended()).isFalse();

            var waiting = threads.submit(() -> cursor.next(Duration.ofSeconds(20), lent));
            cursor.wake();
            assertThat(waiting.get(10, TimeUnit.SECONDS)).isNull();
            assertThat(cursor.ended()).isTrue();

            var other = feeds.follow("red", "", "pods", store.tick());
            loop.shutdown();
            assertThat(other.next(Duration.ofSeconds(20), lent)).isNull();

            var last = feeds.follow("red", "", "pods", store.tick());
            try (var another = Executors.newSingleThreadScheduledExecutor()) {
                var closing = threads.submit(() -> last.next(Duration.ofSeconds(20), new Lent(another, new Random(), new ArrayList<>())));
                feeds.close();
                assertThat(closing.get(10, TimeUnit.SECONDS)).isNull();
            }
        }
    }

    /// Many readers wait at once: a change reaches each, the next one too, and who is told to leave does.
    @Test
    void everyWaitingReaderIsWoken() throws Exception {
        try (var store = EmbeddedStore.open(folder, EmbeddedSettings.defaults());
                var feeds = new Feeds(store);
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            long begin = store.tick();
            var cursors = new ArrayList<ChangeCursor>();
            for (int i = 0; i < 300; i++) {
                cursors.add(feeds.follow("red", "", "pods", begin));
            }
            for (int i = 0; i < 20; i++) {
                var name = "o" + i;
                var waiting = cursors.stream().map(cursor -> threads.submit(() -> cursor.next(Duration.ofSeconds(20)))).toList();
                store.commit(List.of(new Operation.Put(
                        new ObjectKey("red", "", "pods", "default", name).text(), Operation.ABSENT, revision -> "{}".getBytes(StandardCharsets.UTF_8))));
                for (var reader : waiting) {
                    assertThat(reader.get()).isNotNull().extracting(ObjectChange::key).asString().endsWith("/" + name);
                }
            }
            var waiting = cursors.stream().map(cursor -> threads.submit(() -> cursor.next(Duration.ofSeconds(20)))).toList();
            cursors.forEach(ChangeCursor::wake);
            for (int i = 0; i < waiting.size(); i++) {
                assertThat(waiting.get(i).get()).isNull();
                assertThat(cursors.get(i).ended()).isTrue();
                cursors.get(i).close();
            }
        }
    }
}
