package io.hypernetes.apiserver.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RoundTest {
    private final ScheduledExecutorService loop = Executors.newSingleThreadScheduledExecutor();
    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1);
    private final Round round = new Round(loop, nanos::get);
    private final List<String> seen = new ArrayList<>();

    @AfterEach
    void stop() {
        loop.close();
    }

    /// Takes a fifth of a turn for each change.
    private final class Reader implements Round.Member {
        private final String name;
        private final Round.Outcome outcome;
        private int changes;

        Reader(String name, Round.Outcome outcome) {
            this.name = name;
            this.outcome = outcome;
        }

        @Override
        public Round.Outcome serve(long until) {
            while (changes > 0) {
                seen.add(name);
                changes--;
                if (nanos.addAndGet(Round.TURN_NANOS / 5) - until >= 0 && changes > 0) {
                    return Round.Outcome.HAS_MORE;
                }
            }
            return outcome;
        }

        @Override
        public void giveBack() {
            seen.add(name + " is back");
        }
    }

    private void onLoop(Runnable what) throws Exception {
        loop.submit(what).get(10, TimeUnit.SECONDS);
    }

    private List<Reader> readers(int count, Round.Outcome outcome) throws Exception {
        var readers = new ArrayList<Reader>();
        onLoop(() -> {
            for (int i = 0; i < count; i++) {
                var reader = new Reader("r", outcome);
                readers.add(reader);
                round.admit(reader);
            }
        });
        return readers;
    }

    /// However many readers there are: what else the loop has to do waits for one turn.
    @Test
    void betweenTurnsTheLoopDoesItsOtherWork() throws Exception {
        var readers = readers(12, Round.Outcome.WAITS);
        onLoop(() -> {
            readers.forEach(reader -> reader.changes = 1);
            round.begin();
            loop.execute(() -> seen.add("other"));
        });
        for (int turns = 0; turns < 4; turns++) {
            onLoop(() -> {});
        }
        onLoop(() -> assertThat(seen).containsExactly("r", "r", "r", "r", "r", "other", "r", "r", "r", "r", "r", "r", "r"));
    }

    /// One that has much to take does not hold up the others of its round.
    @Test
    void whoHasMoreComesAgainBehindTheOthers() throws Exception {
        var one = new Reader("one", Round.Outcome.WAITS);
        var two = new Reader("two", Round.Outcome.WAITS);
        onLoop(() -> {
            round.admit(one);
            round.admit(two);
            one.changes = 7;
            two.changes = 1;
            round.begin();
        });
        for (int turns = 0; turns < 4; turns++) {
            onLoop(() -> {});
        }
        onLoop(() -> assertThat(seen).containsExactly("one", "one", "one", "one", "one", "two", "one", "one"));
    }

    /// Changes that come while some are served reach those too that had their turn before.
    @Test
    void whoWasServedBeforeTheNextChangeIsServedAgain() throws Exception {
        var readers = readers(6, Round.Outcome.WAITS);
        onLoop(() -> {
            readers.forEach(reader -> reader.changes = 1);
            round.begin();
        });
        onLoop(() -> {
            readers.forEach(reader -> reader.changes = 1);
            round.begin();
            round.begin();
        });
        for (int turns = 0; turns < 8; turns++) {
            onLoop(() -> {});
        }
        onLoop(() -> assertThat(readers).allMatch(reader -> reader.changes == 0));
    }

    /// Who leaves, or is told to, has its place again once and is served no more.
    @Test
    void whoLeavesIsServedNoMore() throws Exception {
        var leaves = new Reader("leaves", Round.Outcome.LEAVES);
        var dismissed = new Reader("dismissed", Round.Outcome.WAITS);
        onLoop(() -> {
            round.admit(leaves);
            round.admit(dismissed);
            round.dismiss(dismissed);
            round.dismiss(dismissed);
            leaves.changes = 1;
            dismissed.changes = 1;
            round.begin();
        });
        onLoop(() -> assertThat(seen).containsExactly("leaves is back", "dismissed is back"));
    }
}
