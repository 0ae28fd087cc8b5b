package io.hypernetes.kubelet.eviction;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.hypernetes.kubelet.cri.ObservedPod;
import io.hypernetes.kubelet.pod.PodView;
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
        assertThat(candidate(pod, 130).overdraws()).isFalse();
        assertThat(candidate(pod, 150).overdraws()).isTrue();
    }

    @Test
    void sidecarsArePromisedTheirsTooAndSoIsTheHungriestInitContainer() {
        Pod beside = with(pod("web", 0, "100Mi"), "Always", "50Mi");
        assertThat(candidate(beside, 140).overdraws()).isFalse();
        assertThat(candidate(beside, 160).overdraws()).isTrue();
        assertThat(candidate(with(pod("web", 0, "100Mi"), null, "150Mi"), 140).overdraws()).isFalse();
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
        return candidate(pod(name, priority, requestMib + "Mi"), usedMib);
    }

    private static Candidate candidate(Pod pod, long usedMib) {
        return new Candidate(pod, usedMib << 20, new PodView(pod, ObservedPod.NOTHING, pod).promised("memory"));
    }

    private static Pod with(Pod pod, String policy, String request) {
        return pod.edit().editSpec().addNewInitContainer().withName("init").withRestartPolicy(policy)
                .withNewResources().withRequests(Map.of("memory", new Quantity(request))).endResources().endInitContainer().endSpec().build();
    }

    private static Pod pod(String name, int priority, String request) {
        return new PodBuilder()
                .withNewMetadata().withName(name).endMetadata()
                .withNewSpec().withPriority(priority).addNewContainer().withName("main")
                .withNewResources().withRequests(Map.of("memory", new Quantity(request))).endResources().endContainer().endSpec()
                .build();
    }
}
