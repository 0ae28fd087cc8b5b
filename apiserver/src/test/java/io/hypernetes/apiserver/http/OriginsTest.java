package io.hypernetes.apiserver.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

class OriginsTest {
    private final Origins origins = new Origins(100, 1_000);

    private Origins.Origin enter(Object key) {
        return Objects.requireNonNull(origins.enter(key), "refused");
    }

    @Test
    void onePlaceHasAFifthOfAllConnectionsAndTheNextOfTheRest() {
        assertThat(count("a")).isEqualTo(20);
        assertThat(count("b")).isEqualTo(16);
        assertThat(count("c")).isEqualTo(13);
    }

    private int count(Object key) {
        for (int n = 0; ; n++) {
            if (origins.enter(key) == null) {
                return n;
            }
        }
    }

    @Test
    void whoIsGoneLeavesRoom() {
        var connections = new ArrayList<Origins.Origin>();
        for (int i = 0; i < 20; i++) {
            connections.add(enter("a"));
        }
        connections.forEach(Origins.Origin::leave);
        assertThat(count("a")).isEqualTo(20);
    }

    @Test
    void memoryIsDividedLikewise() {
        var a = enter("a");
        var b = enter("b");
        assertThat(a.take(200)).isTrue();
        assertThat(a.take(1)).isFalse();
        assertThat(b.take(201)).isFalse();
        assertThat(b.take(200)).isTrue();
        assertThat(b.take(1)).isFalse();
        assertThat(enter("a").take(1)).as("another connection of it").isFalse();
        a.giveBack(200);
        assertThat(a.take(150)).isTrue();
        assertThat(origins.takenBytes()).isEqualTo(350);
    }

    /// However many take as much as they get, in whatever order, one that comes finds something, and all together never have more than there is.
    @Test
    void nobodyIsShutOut() {
        var random = new Random(1);
        for (int round = 0; round < 200; round++) {
            var fresh = new Origins(1_000, 1_000_000);
            int places = 1 + random.nextInt(10);
            long taken = 0;
            var all = new ArrayList<Origins.Origin>();
            for (int i = 0; i < places; i++) {
                all.add(Objects.requireNonNull(fresh.enter(i)));
            }
            for (int i = 0; i < 2_000; i++) {
                int bytes = 1 + random.nextInt(10_000);
                if (all.get(random.nextInt(places)).take(bytes)) {
                    taken += bytes;
                }
            }
            assertThat(fresh.takenBytes()).isEqualTo(taken).isLessThan(1_000_000 * 9 / 10);
            long left = 1_000_000 - taken;
            assertThat(Objects.requireNonNull(fresh.enter("new")).take(left / 4)).isTrue();
        }
    }
}
