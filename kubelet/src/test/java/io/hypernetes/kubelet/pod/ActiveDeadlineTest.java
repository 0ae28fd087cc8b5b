package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ActiveDeadlineTest {
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
    private static final Duration PAUSE = Duration.ofSeconds(60);
    private static final Pod BOUNDED = new PodBuilder().withNewSpec().withActiveDeadlineSeconds(90L).endSpec().withNewStatus().withStartTime(START.toString()).endStatus().build();

    @Test
    void itIsPastWhenTheTimeIsOver() {
        assertThat(ActiveDeadline.isPast(BOUNDED, START.plusSeconds(90))).isFalse();
        assertThat(ActiveDeadline.isPast(BOUNDED, START.plusSeconds(91))).isTrue();
    }

    @Test
    void noPauseLastsLonger() {
        assertThat(ActiveDeadline.cut(PAUSE, BOUNDED, START.plusSeconds(20))).isEqualTo(PAUSE);
        assertThat(ActiveDeadline.cut(PAUSE, BOUNDED, START.plusSeconds(80))).isEqualTo(Duration.ofMillis(10_001));
        assertThat(ActiveDeadline.cut(PAUSE, BOUNDED, START.plusSeconds(200))).isEqualTo(Duration.ofMillis(1));
    }

    @Test
    void aPodThatHasNotBegunOrMayGoOnForEverHasNone() {
        for (Pod pod : new Pod[] {
            new PodBuilder(BOUNDED).withStatus(null).build(), new PodBuilder(BOUNDED).editSpec().withActiveDeadlineSeconds(null).endSpec().build(),
            new PodBuilder(BOUNDED).editStatus().withStartTime("+1000000000-12-31T23:59:59Z").endStatus().build()
        }) {
            assertThat(ActiveDeadline.isPast(pod, START.plusSeconds(1000))).isFalse();
            assertThat(ActiveDeadline.cut(PAUSE, pod, START.plusSeconds(1000))).isEqualTo(PAUSE);
        }
    }
}
