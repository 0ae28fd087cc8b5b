package io.hypernetes.apiserver.fair;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.apiserver.fair.InUse.Room;
import io.hypernetes.objects.ApiException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class InUseTest {
    private static final Duration LONG = Duration.ofMinutes(1);

    private final InUse<String> inUse = new InUse<>(new Room(100, 50, 10, 2, LONG), "the things", "make them smaller");

    private static String thing(String tenant, String name) {
        return "/" + tenant + "/" + name;
    }

    private InUse<String>.@Nullable Taken atOnce(String tenant, String name, long weight) {
        return inUse.takeAtOnce(tenant, thing(tenant, name), weight);
    }

    /// On a thread of its own, which waits when this returns.
    private CompletableFuture<InUse<String>.Taken> waiting(String tenant, String name, long weight) {
        var taken = new CompletableFuture<InUse<String>.Taken>();
        var thread = Thread.ofPlatform().daemon().start(() -> taken.complete(inUse.take(tenant, thing(tenant, name), weight)));
        while (thread.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
        return taken;
    }

    private static void close(InUse<String>.@Nullable Taken taken) {
        Objects.requireNonNull(taken).close();
    }

    @Test
    void whatManyUseCountsOnce() {
        var first = atOnce("blue", "a", 40);
        for (int i = 0; i < 1000; i++) {
            assertThat(atOnce("blue", "a", 40)).isNotNull();
        }
        assertThat(atOnce("blue", "b", 11)).as("a tenant has half of the room").isNull();
        assertThat(atOnce("blue", "b", 10)).isNotNull();
        close(first);
        assertThat(atOnce("blue", "c", 40)).as("others use it still").isNull();
    }

    @Test
    void thereIsRoomAgainWhenNobodyUsesItAnyMore() {
        var one = atOnce("blue", "a", 40);
        var other = atOnce("blue", "a", 40);
        close(one);
        assertThat(atOnce("blue", "b", 40)).isNull();
        close(other);
        assertThat(atOnce("blue", "b", 40)).isNotNull();
    }

    @Test
    void whoWaitsIsCalledWhenThereIsRoom() throws Exception {
        var blue = atOnce("blue", "a", 50);
        var red = atOnce("red", "a", 50);
        var green = waiting("green", "a", 30);
        assertThat(green).isNotDone();
        close(red);
        var taken = green.get();
        close(blue);
        assertThat(atOnce("yellow", "a", 50)).isNotNull();
        assertThat(atOnce("white", "a", 50)).as("50 and 30 are in use").isNull();
        taken.close();
        assertThat(atOnce("white", "a", 50)).isNotNull();
    }

    @Test
    void whoUsesLeastComesFirst() throws Exception {
        var one = atOnce("blue", "a", 20);
        var two = atOnce("blue", "b", 20);
        var red = atOnce("red", "a", 50);
        var order = new ConcurrentLinkedQueue<String>();
        var yellow = waiting("yellow", "a", 40).thenAccept(_ -> order.add("yellow"));
        assertThat(atOnce("blue", "c", 5)).as("there is room, but another waits who uses nothing").isNull();
        assertThat(atOnce("blue", "b", 20)).as("what is in use anyway needs none").isNotNull();
        var more = waiting("blue", "c", 10).thenAccept(_ -> order.add("blue"));
        close(one);
        assertThat(order).as("yellow has no room yet, and blue passes it not").isEmpty();
        close(red);
        yellow.get();
        more.get();
        assertThat(order).containsExactlyInAnyOrder("yellow", "blue");
        assertThat(two).isNotNull();
    }

    @Test
    void whatIsMadeOfItIsOneForAllWhoUseIt() {
        var one = Objects.requireNonNull(atOnce("blue", "a", 40));
        var other = Objects.requireNonNull(atOnce("blue", "a", 40));
        var made = one.once(Object::new);
        assertThat(other.<Object>once(Object::new)).isSameAs(made);
        one.close();
        other.close();
        assertThat(Objects.requireNonNull(atOnce("blue", "a", 40)).<Object>once(Object::new)).as("it is held by nobody").isNotSameAs(made);
    }

    @Test
    void whoUsesLittleFindsRoomHoweverMuchOthersUse() {
        assertThat(atOnce("blue", "a", 50)).isNotNull();
        assertThat(atOnce("red", "a", 50)).isNotNull();
        assertThat(atOnce("green", "a", 1)).isNotNull();
        assertThat(atOnce("green", "b", 1)).isNotNull();
        assertThat(atOnce("green", "c", 1)).as("more than little").isNull();
        for (int i = 0; i < 4; i++) {
            assertThat(atOnce("little" + i, "a", 2)).isNotNull();
        }
        assertThat(atOnce("yellow", "a", 2)).as("that room is bounded too").isNull();
    }

    @Test
    void whatIsHeavierThanTheRoomIsUsedByItself() {
        var small = atOnce("blue", "a", 20);
        assertThat(atOnce("red", "a", 200)).isNull();
        close(small);
        var large = atOnce("red", "a", 200);
        assertThat(atOnce("blue", "a", 20)).isNull();
        close(large);
        assertThat(atOnce("blue", "a", 20)).isNotNull();
    }

    @Test
    void whoFindsNoneInTimeIsToldToComeAgain() {
        var short_ = new InUse<String>(new Room(100, 50, 0, 0, Duration.ofMillis(1)), "the things", "make them smaller");
        assertThat(short_.takeAtOnce("blue", thing("blue", "a"), 50)).isNotNull();
        assertThatThrownBy(() -> short_.take("blue", thing("blue", "b"), 10))
                .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.status().code()).isEqualTo(429))
                .hasMessageContaining("the things that requests to tenant blue use take too much memory together while webhooks and clients are waited for; try again later, or make them smaller");
        assertThat(short_.takeAtOnce("red", thing("red", "a"), 50)).as("who has gone is in nobody's way").isNotNull();
    }
}
