package io.hypernetes.kubelet.eviction;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CandidateTest {

    @Test
    void whoUsesMoreThanPromisedGoesFirstThenTheLessImportantThenTheGreediest() {
        Candidate withinPromise = candidate("within", 0, 400, 300);
        Candidate important = candidate("important", 1000, 100, 900);
        Candidate greedy = candidate("greedy", 0, 100, 500);
        Candidate modest = candidate("modest", 0, 100, 200);
        assertThat(sorted(withinPromise, important, modest, greedy)).containsExactly("greedy", "modest", "important", "within");
    }

    @Test
    void theMachineCountsOnBothSides() {
        Pod pod = pod("web", 0, "100Mi").edit().editSpec().withOverhead(Map.of("memory", new Quantity("40Mi"))).endSpec().build();
        assertThat(Candidate.of(pod, "memory", 130L << 20).overdraws()).isFalse();
        assertThat(Candidate.of(pod, "memory", 150L << 20).overdraws()).isTrue();
    }

    @Test
    void whatBelongsToTheSystemStays() {
        assertThat(candidate("dns", 2_000_000_000, 0, 500).mayGo()).isFalse();
        assertThat(candidate("web", 1_000_000_000, 0, 500).mayGo()).isTrue();
    }

    private static List<String> sorted(Candidate... candidates) {
        return Arrays.stream(candidates).sorted(Candidate.FIRST_TO_GO).map(each -> each.pod().getMetadata().getName()).toList();
    }

    private static Candidate candidate(String name, int priority, long requestMib, long usedMib) {
        return Candidate.of(pod(name, priority, requestMib + "Mi"), "memory", usedMib << 20);
    }

    private static Pod pod(String name, int priority, String request) {
        return new PodBuilder()
                .withNewMetadata().withName(name).endMetadata()
                .withNewSpec().withPriority(priority).addNewContainer().withName("main")
                .withNewResources().withRequests(Map.of("memory", new Quantity(request))).endResources().endContainer().endSpec()
                .build();
    }
}
