package io.hypernetes.streams;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class StreamPlacesTest {
    private final StreamPlaces places = new StreamPlaces(100, 20, 2);

    private List<StreamPlaces.Place> all(String tenant) {
        List<StreamPlaces.Place> taken = new ArrayList<>();
        for (var next = places.take(tenant); next.isPresent(); next = places.take(tenant)) {
            taken.add(next.get());
        }
        return taken;
    }

    @Test
    void aTenantHasSoManyAndNoMore() {
        List<StreamPlaces.Place> red = all("red");
        assertThat(red).hasSize(20);
        red.getFirst().close();
        red.getFirst().close();
        assertThat(all("red")).hasSize(1);
    }

    @Test
    void whoeverComesFindsPlacesHoweverMuchOthersWant() {
        assertThat(all("red")).hasSize(20);
        assertThat(all("blue")).hasSize(20);
        assertThat(all("green")).hasSize(20);
        assertThat(all("late")).hasSize(13);
        assertThat(all("later")).hasSize(9);
        for (int i = 0; i < 4; i++) {
            assertThat(all("last-" + i)).as("tenant %d", i).hasSizeGreaterThanOrEqualTo(2);
        }
        assertThat(all("red")).isEmpty();
    }

    @Test
    void nothingIsKeptOfWhoHasGone() {
        for (int i = 0; i < 1000; i++) {
            assertThat(places.take("tenant-" + i)).hasValueSatisfying(StreamPlaces.Place::close);
        }
        assertThat(all("red")).hasSize(20);
    }
}
