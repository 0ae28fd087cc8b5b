package io.hypernetes.controllers.garbage;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;

class PlacesTest {
    private final Places<String> places = new Places<>(3, 5);

    @Test
    void aTenantHasNoMoreThanItMay() {
        for (int i = 0; i < 5; i++) {
            assertThat(places.add("red", "r" + i).begins().isPresent()).isEqualTo(i < 3);
        }
        assertThat(places.having("red")).containsExactly("r0", "r1", "r2");
        assertThat(places.add("red", "r4")).isEqualTo(places.add("red", "r0"));
        assertThat(places.remove("red", "r3").begins()).isEmpty();
        assertThat(places.remove("red", "r1").begins()).contains("r4");
        assertThat(places.having("red")).containsExactly("r0", "r2", "r4");
    }

    @Test
    void whoHasFewestTakesFromWhoHasMost() {
        places.add("red", "r0");
        places.add("red", "r1");
        places.add("red", "r2");
        places.add("blue", "b0");
        places.add("blue", "b1");
        assertThat(places.add("green", "g0")).isEqualTo(new Places.Change<>(Optional.of("g0"), Optional.of("r2")));
        // Nobody has so much more that a place would be better with another.
        assertThat(places.add("green", "g1").begins()).isEmpty();
        assertThat(places.add("blue", "b2").begins()).isEmpty();
    }

    @Test
    void aPlaceThatIsGivenBackGoesToWhoHasFewest() {
        for (String key : new String[] {"r0", "r1", "r2", "r3"}) {
            places.add("red", key);
        }
        places.add("blue", "b0");
        places.add("blue", "b1");
        places.add("green", "g0");
        places.add("green", "g1");
        assertThat(places.having("red")).containsExactly("r0", "r1");
        assertThat(places.having("green")).containsExactly("g0");
        assertThat(places.remove("blue", "b0").begins()).contains("g1");
        assertThat(places.remove("blue", "b1").begins()).contains("r3");
        assertThat(places.having("red")).containsExactly("r0", "r1", "r3");
        assertThat(places.remove("nobody", "n").begins()).isEmpty();
    }
}
