package io.hypernetes.apiserver.fair;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;

class SeatTest {
    private final Seats seats = new Seats(
            new Seats.Limits(1, 1, 1, 1, 0, 0, Duration.ZERO, new Absent.Limits(10, 10, 100, Long.MAX_VALUE)), System::nanoTime, null);

    private Seat seat(long bytes) {
        return new Seat(seats, "a", "x", bytes, seats.enter("a", "x"));
    }

    /// Whether the only seat is free.
    private boolean isFree() {
        try {
            seats.leave("b", seats.enter("b", "y"));
            return true;
        } catch (io.hypernetes.objects.ApiException e) {
            return false;
        }
    }

    @Test
    void itIsFreeWhileItsRequestIsAwayAndHeldBeforeAndAfter() throws Exception {
        var free = new ArrayList<Boolean>();
        try (var seat = seat(0)) {
            seat.during(() -> {
                free.add(isFree());
                free.add(Seat.away(0, this::isFree));
                free.add(isFree());
                // Away already, which is no less away.
                free.add(Seat.away(0, () -> Seat.away(0, this::isFree) && isFree()));
                free.add(isFree());
                return seat;
            });
            seat.close();
            free.add(isFree());
        }
        assertThat(free).containsExactly(false, true, false, true, false, true);
    }

    @Test
    void itIsHeldAgainWhenWhatWasWaitedForFails() {
        var seat = seat(0);
        assertThatThrownBy(() -> seat.during(() -> Seat.away(0, () -> {
                    throw new IOException("no answer");
                })))
                .hasMessage("no answer");
        assertThat(isFree()).isFalse();
        seat.close();
        assertThat(isFree()).isTrue();
    }

    @Test
    void anotherThreadOfARequestHasASeatOfItsOwn() throws Exception {
        var free = new ArrayList<Boolean>();
        try (var seat = seat(0)) {
            seat.during(() -> {
                var thread = Thread.ofVirtual().start(Seat.beside(() -> {
                    free.add(isFree());
                    free.add(Seat.away(0, this::isFree));
                }));
                return Seat.away(0, () -> thread.join(Duration.ofSeconds(30)));
            });
        }
        assertThat(free).containsExactly(false, true);
        assertThat(isFree()).isTrue();
    }

    @Test
    void elsewhereEverythingRunsAsItIs() throws Exception {
        assertThat(Seat.away(1000, () -> "done")).isEqualTo("done");
        var ran = new ArrayList<String>();
        Seat.beside(() -> ran.add("done")).run();
        Seat.NONE.during(() -> Seat.away(0, () -> ran.add("none")));
        Seat.NONE.close();
        assertThat(ran).containsExactly("done", "none");
    }
}
