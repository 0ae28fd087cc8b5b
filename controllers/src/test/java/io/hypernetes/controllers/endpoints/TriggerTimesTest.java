package io.hypernetes.controllers.endpoints;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.hypernetes.client.ObjectKey;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// As upstream's staging/src/k8s.io/endpointslice/util/trigger_time_tracker.go.
class TriggerTimesTest {
    private static final ObjectKey KEY = new ObjectKey("red", "default", "web");
    private static final String ANNOTATION = "endpoints.kubernetes.io/last-change-trigger-time";

    private final TriggerTimes times = new TriggerTimes();

    private static Service service(int second) {
        return new ServiceBuilder().withNewMetadata().withName("web").withCreationTimestamp(at(second).toString()).endMetadata().build();
    }

    private static Pod pod(String name, int second) {
        return new PodBuilder().withNewMetadata().withName(name).endMetadata()
                .withNewStatus().addNewCondition().withType("Ready").withStatus("True").withLastTransitionTime(at(second).toString()).endCondition().endStatus().build();
    }

    private static Instant at(int second) {
        return Instant.parse("2026-01-01T00:00:00Z").plusSeconds(second);
    }

    /// Looks, and all that is due is written.
    private Instant look(Service service, List<Pod> pods) {
        Instant due = times.look(KEY, service, pods);
        times.written(KEY);
        return due;
    }

    @Test
    void whatWasRefusedIsDueSinceThenStill() {
        assertThat(times.look(KEY, service(1), List.of())).isEqualTo(at(1));
        assertThat(times.look(KEY, service(1), List.of(pod("a", 5)))).as("not even the first was written").isEqualTo(at(1));
        times.written(KEY);
        assertThat(times.look(KEY, service(1), List.of(pod("a", 6)))).isEqualTo(at(6));
        assertThat(times.look(KEY, service(1), List.of(pod("a", 6)))).isEqualTo(at(6));
        assertThat(times.look(KEY, service(1), List.of(pod("a", 9)))).as("though it is something else since").isEqualTo(at(6));
        times.written(KEY);
        assertThat(times.look(KEY, service(1), List.of(pod("a", 9)))).isNull();
    }

    @Test
    void theFirstOfWhatChangedIsTold() {
        Pod unready = new PodBuilder().withNewMetadata().withName("new").endMetadata().build();
        assertThat(look(service(1), List.of(pod("a", 5), pod("b", 6), unready))).as("at first the Service's creation").isEqualTo(at(1));
        assertThat(look(service(1), List.of(pod("a", 5), pod("b", 6)))).isNull();
        assertThat(look(service(1), List.of(pod("a", 9), pod("b", 8), pod("c", 7)))).isEqualTo(at(7));
        assertThat(look(service(1), List.of(pod("a", 9)))).as("who is gone says not when").isNull();
        assertThat(look(service(1), List.of(pod("a", 9), pod("b", 8)))).as("as if new").isEqualTo(at(8));
        assertThat(look(service(20), List.of(pod("a", 9), pod("b", 8)))).as("another of its name").isEqualTo(at(20));
        times.forget(KEY);
        assertThat(look(service(20), List.of(pod("a", 30)))).isEqualTo(at(20));
    }

    @Test
    void aTimeIsNotedUntilSomethingIsWrittenThatHasNone() {
        Map<String, String> noted = TriggerTimes.noted(Map.of("mine", "x"), at(7));
        assertThat(noted).isEqualTo(Map.of("mine", "x", ANNOTATION, "2026-01-01T00:00:07Z"));
        assertThat(TriggerTimes.noted(noted, null)).isEqualTo(Map.of("mine", "x"));
        assertThat(TriggerTimes.noted(null, null)).isEmpty();
    }
}
