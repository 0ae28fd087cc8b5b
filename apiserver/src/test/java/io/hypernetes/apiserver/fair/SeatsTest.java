package io.hypernetes.apiserver.fair;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.hypernetes.objects.ApiException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class SeatsTest {
    private record Rest(long nanos, Runnable end) {}

    private final AtomicLong clock = new AtomicLong();
    private final List<Rest> rests = new CopyOnWriteArrayList<>();
    private final List<String> seated = new CopyOnWriteArrayList<>();

    private Seats seats(int total, int alone, int shared, Duration patience) {
        return seats(total, alone, shared, 1, patience);
    }

    private Seats seats(int total, int alone, int shared, int least, Duration patience) {
        return new Seats(new Seats.Limits(total, alone, shared, least, 3, 6, patience, new Absent.Limits(4, 2, 100, Long.MAX_VALUE)), clock::get, (nanos, action) -> {
            if (nanos == 0) {
                action.run();
            } else {
                rests.add(new Rest(nanos, action));
            }
        });
    }

    private Thread comes(Seats seats, String tenant, String user) {
        return Thread.startVirtualThread(() -> {
            try {
                seats.enter(tenant, user);
                seated.add(tenant + "/" + user);
            } catch (ApiException e) {
                // Nobody gave a seat back before the test was over.
            }
        });
    }

    /// Starts one that has to wait, and returns when it does.
    private void waits(Seats seats, String tenant, String user) {
        var thread = comes(seats, tenant, user);
        await().until(() -> thread.getState() == Thread.State.TIMED_WAITING);
    }

    @Test
    void aTenantAloneMayUseManyAndIsHeldToItsShareWhenAnotherIsAbout() {
        var seats = seats(10, 4, 4, Duration.ofSeconds(30));
        for (int i = 0; i < 4; i++) {
            seats.enter("flood", "u");
        }
        waits(seats, "flood", "u");
        // The other needs not wait for the flood.
        seats.enter("calm", "v");
        seats.leave("flood", clock.get());
        seats.leave("flood", clock.get());
        assertThat(seated).isEmpty();
        seats.leave("flood", clock.get());
        await().until(() -> seated.size() == 1);
        seats.leave("calm", clock.get());
        // A while later it is alone again.
        clock.addAndGet(Duration.ofSeconds(2).toNanos());
        seats.enter("flood", "u");
        assertThatThrownBy(() -> seats(1, 1, 1, Duration.ofMillis(1)).leave("nobody", 0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void whatTenantsShareIsDividedByThoseWhoAreServedAndEachHasOneAtLeast() {
        var seats = seats(10, 8, 4, Duration.ofSeconds(30));
        seats.enter("a", "x");
        seats.enter("b", "x");
        seats.enter("a", "x");
        seats.enter("b", "x");
        waits(seats, "a", "x");
        seats.enter("c", "x");
        seats.enter("d", "x");
        seats.enter("e", "x");
        waits(seats, "e", "x");
        assertThat(seated).isEmpty();
        // With three of them left each may have one, with two of them two.
        seats.leave("c", clock.get());
        seats.leave("d", clock.get());
        assertThat(seated).isEmpty();
        seats.leave("b", clock.get());
        seats.leave("b", clock.get());
        await().untilAsserted(() -> assertThat(seated).containsExactly("e/x"));
    }

    @Test
    void eachMayUseTheFloorHoweverManyAreAbout() {
        var seats = seats(10, 8, 2, 2, Duration.ofSeconds(30));
        for (var tenant : List.of("a", "b", "c")) {
            seats.enter(tenant, "x");
            seats.enter(tenant, "x");
        }
        waits(seats, "c", "x");
        assertThat(seated).isEmpty();
    }

    @Test
    void aSeatOfTheOnlyTenantWhoseRequestsWaitRestsAsLongAsItWasUsed() {
        var seats = seats(10, 4, 4, Duration.ofSeconds(30));
        seats.enter("calm", "v");
        long since = seats.enter("flood", "u");
        seats.enter("flood", "u");
        waits(seats, "flood", "u");
        clock.addAndGet(7_000);
        seats.leave("flood", since);
        assertThat(rests).extracting(Rest::nanos).containsExactly(7_000L);
        assertThat(seated).isEmpty();
        // The other finds seats meanwhile.
        seats.enter("calm", "v");
        rests.getFirst().end().run();
        await().until(() -> seated.size() == 1);
        // Nobody waits, so nothing rests.
        seats.leave("flood", since);
        assertThat(rests).hasSize(1);
    }

    @Test
    void tenantsAndTheirUsersTakeTurns() {
        var seats = seats(1, 1, 1, Duration.ofSeconds(30));
        seats.enter("a", "x");
        waits(seats, "a", "x");
        waits(seats, "a", "x");
        waits(seats, "a", "y");
        waits(seats, "b", "z");
        for (int i = 1; i <= 4; i++) {
            int number = i;
            seats.leave(i == 1 ? "a" : seated.getLast().substring(0, 1), clock.get());
            await().until(() -> seated.size() == number);
        }
        assertThat(seated.indexOf("b/z")).isLessThan(2);
        assertThat(seated.indexOf("a/y")).isLessThan(seated.lastIndexOf("a/x"));
    }

    @Test
    void queuesAreBoundedInLengthAndTime() {
        var seats = seats(1, 1, 1, Duration.ofSeconds(30));
        seats.enter("a", "x");
        for (int i = 0; i < 3; i++) {
            waits(seats, "a", "x");
        }
        assertThatThrownBy(() -> seats.enter("a", "x"))
                .isInstanceOfSatisfying(ApiException.class, e -> {
                    assertThat(e.status().code()).isEqualTo(429);
                    assertThat(e.status().details().retryAfterSeconds()).isEqualTo(1);
                });
        for (int i = 0; i < 3; i++) {
            waits(seats, "a", "y");
        }
        assertThatThrownBy(() -> seats.enter("a", "z")).isInstanceOf(ApiException.class);
        waits(seats, "b", "z");

        var hasty = seats(1, 1, 1, Duration.ofMillis(20));
        hasty.enter("a", "x");
        assertThatThrownBy(() -> hasty.enter("a", "x")).isInstanceOf(ApiException.class);
        hasty.leave("a", clock.get());
        hasty.enter("a", "x");
    }

    @Test
    void whoIsAwayLeavesItsSeatToOthersAndComesBackBeforeThem() {
        var seats = seats(1, 1, 1, Duration.ofSeconds(30));
        long since = seats.enter("a", "x");
        assertThat(seats.goAway("a", "x", since, 10)).isTrue();
        long other = seats.enter("a", "y");
        waits(seats, "a", "y");
        var back = Thread.startVirtualThread(() -> {
            seats.comeBack("a", "x", 10);
            seated.add("back");
        });
        await().until(() -> back.getState() == Thread.State.TIMED_WAITING);
        seats.leave("a", other);
        await().untilAsserted(() -> assertThat(seated).containsExactly("back"));
        seats.leave("a", clock.get());
        await().untilAsserted(() -> assertThat(seated).containsExactly("back", "a/y"));
    }

    @Test
    void whoComesBackWaitsASecondAtMost() {
        var seats = seats(1, 1, 1, Duration.ofSeconds(30));
        assertThat(seats.goAway("a", "x", seats.enter("a", "x"), 0)).isTrue();
        seats.enter("a", "y");
        seats.comeBack("a", "x", 0);
        // Both have one now, and both give it back.
        seats.leave("a", clock.get());
        seats.leave("a", clock.get());
        seats.enter("a", "x");
    }

    @Test
    void whoComesBackWhereThereIsNoSeatTakesNoneFromOtherTenants() throws Exception {
        var seats = seats(3, 2, 2, Duration.ofMillis(20));
        for (int i = 0; i < 2; i++) {
            assertThat(seats.goAway("a", "x", seats.enter("a", "x"), 0)).isTrue();
        }
        seats.enter("a", "y");
        seats.enter("a", "y");
        var back = List.of(
                Thread.startVirtualThread(() -> seats.comeBack("a", "x", 0)), Thread.startVirtualThread(() -> seats.comeBack("a", "x", 0)));
        for (var thread : back) {
            assertThat(thread.join(Duration.ofSeconds(30))).isTrue();
        }
        // The tenant has four of three seats, of which two were its own: the third is still another's.
        seats.enter("b", "x");
        for (int i = 0; i < 3; i++) {
            seats.leave("a", clock.get());
            assertThatThrownBy(() -> seats.enter("b", "x")).as("one at most while the other is about").isInstanceOf(ApiException.class);
        }
        seats.leave("a", clock.get());
        // None is lost and none was added.
        seats.enter("c", "x");
        seats.enter("d", "x");
        assertThatThrownBy(() -> seats.enter("e", "x")).isInstanceOf(ApiException.class);
    }

    @Test
    void ofAUserWithManyAwayNoMoreAreSeatedButOthersOfItsTenantAre() {
        var seats = seats(10, 4, 6, Duration.ofSeconds(30));
        for (int i = 0; i < 2; i++) {
            assertThat(seats.goAway("a", "x", seats.enter("a", "x"), 0)).isTrue();
        }
        waits(seats, "a", "x");
        seats.enter("a", "y");
        seats.enter("b", "x");
        assertThat(seated).isEmpty();
        seats.comeBack("a", "x", 0);
        await().untilAsserted(() -> assertThat(seated).containsExactly("a/x"));
    }

    @Test
    void whoseTenantHoldsMuchMemoryAlreadyKeepsItsSeat() {
        var seats = seats(10, 4, 4, Duration.ofSeconds(30));
        assertThat(seats.goAway("a", "x", seats.enter("a", "x"), 60)).isTrue();
        long since = seats.enter("a", "y");
        assertThat(seats.goAway("a", "y", since, 41)).isFalse();
        assertThat(seats.goAway("b", "y", seats.enter("b", "y"), 1000)).as("one that is too large by itself").isTrue();
        assertThat(seats.goAway("a", "y", since, 40)).isTrue();
    }
}
