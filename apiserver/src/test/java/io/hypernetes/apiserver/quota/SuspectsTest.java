package io.hypernetes.apiserver.quota;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.store.Change;
import io.hypernetes.store.Entry;
import org.junit.jupiter.api.Test;

class SuspectsTest {
    private final Suspects suspects = new Suspects(800);

    private static Entry pod(String name, int length, long revision) {
        return new Entry("/blue/core/pods/default/" + name, new byte[length], 1, revision);
    }

    private static Change change(String name, int length, long revision) {
        return new Change(pod(name, length, revision), pod(name, length, revision - 1), false);
    }

    @Test
    void ofManyWritesOfAnObjectTheFirstFormAndTheLastAreHeld() {
        for (int revision = 2; revision < 100; revision++) {
            assertThat(suspects.add("blue", "default", change("p", 50, revision))).isTrue();
        }
        var taken = suspects.take("blue", "default");
        assertThat(taken).containsExactly(new Suspects.Suspect(pod("p", 50, 98 + 1), pod("p", 50, 1)));
        assertThat(suspects.take("blue", "default")).isEmpty();
    }

    @Test
    void whatHasNoRoomIsForgottenWithAllOfItsNamespace() {
        assertThat(suspects.add("blue", "default", change("p", 40, 2))).isTrue();
        assertThat(suspects.add("blue", "default", change("q", 40, 3))).isFalse();
        assertThat(suspects.take("blue", "default")).isEmpty();
        for (int i = 0; i < 8; i++) {
            assertThat(suspects.add("t" + i, "default", change("p", 50, 4))).isTrue();
        }
        assertThat(suspects.add("green", "default", change("p", 1, 5))).isFalse();
        assertThat(suspects.take("t0", "default")).hasSize(1);
        assertThat(suspects.add("green", "default", change("p", 1, 6))).isTrue();
    }

    @Test
    void aTenantHasItsShareHoweverManyNamespacesItHas() {
        assertThat(suspects.add("blue", "one", change("p", 25, 2))).isTrue();
        assertThat(suspects.add("blue", "two", change("p", 25, 3))).isTrue();
        assertThat(suspects.add("blue", "three", change("p", 1, 4))).isFalse();
        assertThat(suspects.add("green", "one", change("p", 50, 5))).isTrue();
        assertThat(suspects.take("blue", "one")).hasSize(1);
        assertThat(suspects.add("blue", "three", change("p", 25, 6))).isTrue();
    }
}
