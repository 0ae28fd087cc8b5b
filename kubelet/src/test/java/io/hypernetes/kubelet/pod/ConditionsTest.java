package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodConditionBuilder;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConditionsTest {
    private static PodCondition condition(String type, String message) {
        return new PodConditionBuilder().withType(type).withStatus("True").withMessage(message).build();
    }

    /// As when the status of an evicted pod is written a second time, because its containers have ended meanwhile.
    @Test
    void whatWeSayIsThereOnceAndWhatOthersSayStays() {
        PodCondition ready = condition("Ready", "ours");
        PodCondition evicted = condition("DisruptionTarget", "ours");
        PodCondition gate = condition("example.com/gate", "theirs");
        assertThat(Conditions.merge(List.of(ready, evicted), List.of(condition("Ready", "before"), condition("Initialized", "before"), condition("DisruptionTarget", "before"), gate)))
                .containsExactly(ready, evicted, gate);
        assertThat(Conditions.merge(List.of(ready), List.of(evicted, gate))).containsExactly(ready, evicted, gate);
    }
}
