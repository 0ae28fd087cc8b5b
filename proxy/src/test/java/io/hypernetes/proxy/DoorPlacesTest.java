package io.hypernetes.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class DoorPlacesTest {
    private final AtomicLong now = new AtomicLong();
    private final DoorPlaces places = new DoorPlaces(6, 4, now::incrementAndGet);
    private final List<String> left = new ArrayList<>();

    private Optional<DoorPlaces.Place> take(String tenant, int pod) {
        String name = tenant + pod;
        return places.take(tenant, InetAddress.ofLiteral("10.88.0." + pod), () -> left.add(name));
    }

    @Test
    void aPodHasAsManyAsItMay() {
        for (int i = 0; i < 3; i++) {
            assertThat(take("red", 2)).isPresent();
        }
        DoorPlaces.Place last = take("red", 2).orElseThrow();
        assertThat(take("red", 2)).isEmpty();
        assertThat(take("red", 3)).isPresent();
        assertThat(take("blue", 2)).as("the same address at another tenant's door").isPresent();
        last.close();
        last.close();
        assertThat(take("red", 2)).isPresent();
        assertThat(take("red", 2)).isEmpty();
        assertThat(left).isEmpty();
    }

    @Test
    void theTenantWithTheMostMakesRoomUntilAllHaveTheSame() {
        for (int pod = 2; pod <= 4; pod++) {
            take("red", pod);
            take("red", pod);
        }
        assertThat(take("red", 5)).as("of its own pods none has two more").isPresent();
        assertThat(take("red", 5)).isEmpty();
        left.clear();
        for (int i = 0; i < 3; i++) {
            assertThat(take("blue", 2)).isPresent();
        }
        assertThat(left).hasSize(3).allMatch(one -> one.startsWith("red"));
        assertThat(take("blue", 2)).as("both have three").isEmpty();
        assertThat(take("green", 2)).isPresent();
    }

    @Test
    void theOneThatHasBeenSilentForTheLongestGoes() {
        DoorPlaces.Place first = take("red", 2).orElseThrow();
        for (int i = 0; i < 3; i++) {
            take("red", 2);
        }
        take("red", 3);
        take("red", 4);
        first.use();
        assertThat(take("blue", 2)).isPresent();
        assertThat(left).containsExactly("red2");
        assertThat(first.silentNanos()).isPositive();
        first.close();
        assertThat(take("blue", 3)).as("there is room again").isPresent();
        assertThat(left).hasSize(1);
    }

    @Test
    void thereAreAsManyAsTheHeapHasRoomFor() {
        assertThat(DoorPlaces.within(1L << 30)).isEqualTo(1024);
        assertThat(DoorPlaces.within(1L << 20)).isEqualTo(128);
        assertThat(DoorPlaces.within(Long.MAX_VALUE)).isEqualTo(65536);
    }
}
