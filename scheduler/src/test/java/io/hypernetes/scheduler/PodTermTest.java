package io.hypernetes.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.PodAffinityTermBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Keys of labels are merged into the selectors of a new pod by the API server (applyLabelKeysToLabelSelector of upstream's `pkg/registry/core/pod/strategy.go`).
class PodTermTest {
    private static final Map<String, String> OLD = Map.of("hash", "old");
    private static final Map<String, String> NOW = Map.of("hash", "now");

    private static LabelSelector merged(String operator) {
        return new LabelSelectorBuilder().addNewMatchExpression().withKey("hash").withOperator(operator).withValues("old").endMatchExpression().build();
    }

    /// A pod that waits for a node may get other labels.
    @Test
    void whatIsMergedAlreadyStaysWhateverThePodIsCalledNow() {
        var match = new PodAffinityTermBuilder().withTopologyKey("zone").withLabelSelector(merged("In")).withMatchLabelKeys("hash").build();
        assertThat(PodTerm.of(match, "default", NOW, 0).selector()).hasValueSatisfying(selector -> {
            assertThat(selector.matches(OLD)).isTrue();
            assertThat(selector.matches(NOW)).isFalse();
        });
        var mismatch = new PodAffinityTermBuilder().withTopologyKey("zone").withLabelSelector(merged("NotIn")).withMismatchLabelKeys("hash").build();
        assertThat(PodTerm.of(mismatch, "default", NOW, 0).selector()).hasValueSatisfying(selector -> {
            assertThat(selector.matches(OLD)).isFalse();
            assertThat(selector.matches(NOW)).isTrue();
        });
        var pod = new PodBuilder().withNewMetadata().withLabels(NOW).endMetadata()
                .withNewSpec().addNewTopologySpreadConstraint().withTopologyKey("zone").withLabelSelector(merged("In")).withMatchLabelKeys("hash").endTopologySpreadConstraint().endSpec()
                .build();
        assertThat(SpreadRule.of(pod).getFirst().selector()).hasValueSatisfying(selector -> assertThat(selector.matches(OLD)).isTrue());
    }

    /// As those have it that were stored before the API server merged anything.
    @Test
    void whatIsNotMergedYetIsMergedHere() {
        var term = new PodAffinityTermBuilder().withTopologyKey("zone").withNewLabelSelector().endLabelSelector().withMatchLabelKeys("hash").build();
        assertThat(PodTerm.of(term, "default", NOW, 0).selector()).hasValueSatisfying(selector -> {
            assertThat(selector.matches(OLD)).isFalse();
            assertThat(selector.matches(NOW)).isTrue();
        });
    }
}
