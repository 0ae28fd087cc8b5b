package io.hypernetes.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import java.util.Collections;
import org.junit.jupiter.api.Test;

class SharedPartsTest {
    private final SharedParts parts = new SharedParts();

    private static PodSpec spec(String name, int tiny) {
        return new PodSpecBuilder().withNodeName(name).withImagePullSecrets(Collections.nCopies(tiny, new LocalObjectReference())).build();
    }

    @Test
    void equalPartsAreOne() {
        PodSpec first = parts.one(PodSpec.class, spec("a", 2));
        assertThat(parts.one(PodSpec.class, spec("a", 2))).isSameAs(first);
        assertThat(parts.one(PodSpec.class, spec("b", 2))).isNotSameAs(first);
    }

    @Test
    void howMuchItHoldsIsNobodysChoice() {
        for (int n = 0; n < 5_000; n++) {
            parts.one(PodSpec.class, spec("hostile-" + n, 600));
            assertThat(parts.held()).isLessThanOrEqualTo(SharedParts.MOST_BYTES);
        }
        assertThat(parts.held()).as("it goes on remembering").isGreaterThan(SharedParts.MOST_BYTES / 2);
        PodSpec good = parts.one(PodSpec.class, spec("good", 1));
        assertThat(parts.one(PodSpec.class, spec("good", 1))).isSameAs(good);
        // What is replaced is no longer counted.
        SharedParts others = new SharedParts();
        for (int n = 0; n < 100_000; n++) {
            others.one(PodSpec.class, spec(Integer.toString(n), 0));
        }
        assertThat(others.held()).isBetween(1L, SharedParts.MOST_BYTES / 4);
    }
}
