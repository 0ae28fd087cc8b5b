package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.kubelet.eviction.Eviction;
import io.hypernetes.kubelet.eviction.Signals;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EvictionTest extends KubeletHarness {

    @Test
    void whenMemoryIsShortTheCostliestPodEndsAtOnceAndTheOthersStay() {
        create(pod("small").build());
        create(pod("large").build());
        running("small");
        running("large");
        cri.pssBytes.put("small", 40L << 20);
        cri.pssBytes.put("large", 400L << 20);
        AtomicLong available = new AtomicLong(50L << 20);
        Signals signals = new Signals() {
            @Override
            public long availableMemoryBytes() {
                // What a pod used is there again when it is gone.
                return cri.sandboxes.values().stream().anyMatch(each -> each.config.getMetadata().getName().equals("large")
                        && each.state == io.hypernetes.cri.v1.PodSandboxState.SANDBOX_READY) ? available.get() : 450L << 20;
            }

            @Override
            public long diskBytes() {
                return 1L << 40;
            }

            @Override
            public double diskFree() {
                return 0.5;
            }
        };
        try (Eviction eviction = new Eviction(signals, kubelet.runtime(), kubelet.pods(), Duration.ofMillis(50)).start()) {
            assertThat(eviction).isNotNull();
            eventually("large", pod -> {
                assertThat(pod.getStatus().getPhase()).isEqualTo("Failed");
                assertThat(pod.getStatus().getReason()).isEqualTo("Evicted");
                assertThat(pod.getStatus().getMessage()).contains("The node was low on resource: memory. Threshold quantity: 100Mi. ", "409600Ki").doesNotContain("available");
                assertThat(pod.getStatus().getContainerStatuses().getFirst().getState().getTerminated()).isNotNull();
                assertThat(disruptions(pod)).singleElement().satisfies(condition -> {
                    assertThat(condition.getStatus()).isEqualTo("True");
                    assertThat(condition.getReason()).isEqualTo("TerminationByKubelet");
                    assertThat(condition.getMessage()).isEqualTo(pod.getStatus().getMessage());
                });
            });
            assertThat(events()).anyMatch(event -> event.getReason().equals("Evicted") && event.getInvolvedObject().getName().equals("large"));
            assertThat(cri.calls()).contains("stop main 2");
        }
        assertThat(read("small").getStatus().getPhase()).isEqualTo("Running");
    }

    private static List<PodCondition> disruptions(Pod pod) {
        return pod.getStatus().getConditions().stream().filter(condition -> condition.getType().equals("DisruptionTarget")).toList();
    }

    /// For whoever counts how pods end, as the controller of Jobs does.
    @Test
    void whatOthersSayOfTheEndOfAPodStaysWhenItHasEnded() {
        create(pod("web").editMetadata().withFinalizers("batch.kubernetes.io/job-tracking").endMetadata().build());
        running("web");
        client.of(Kind.POD).change(key("web"), "status", pod -> pod.edit().editStatus().addNewCondition()
                .withType("DisruptionTarget").withStatus("True").withReason("EvictionByEvictionAPI").withMessage("Eviction API: evicting")
                .endCondition().endStatus().build());
        client.of(Kind.POD).delete(key("web"), Deletion.ordinary());
        eventually("web", pod -> {
            assertThat(pod.getStatus().getPhase()).isIn("Failed", "Succeeded");
            assertThat(disruptions(pod)).singleElement().satisfies(condition -> assertThat(condition.getReason()).isEqualTo("EvictionByEvictionAPI"));
        });
    }
}
