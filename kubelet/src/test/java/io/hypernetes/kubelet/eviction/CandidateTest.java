package io.hypernetes.kubelet.eviction;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.kubelet.cri.ObservedPod;
import io.hypernetes.kubelet.pod.PodView;
import java.util.ArrayList;
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
        Candidate dns = candidate("dns", 2_000_000_000, 0, 500);
        assertThat(sorted(dns, candidate("web", 1_000_000_000, 0, 100))).containsExactly("web");
        assertThat(sorted(dns, of("red", candidate("self-important", 2_000_000_000, 0, 100)))).as("what a tenant calls critical").containsExactly("self-important");
    }

    /// Priorities are each tenant's own.
    @Test
    void theTenantWithMostInExcessGoesFirstWhateverItsPriorities() {
        Candidate hog = of("red", candidate("hog", 1_000_000_000, 100, 900));
        Candidate decoy = of("red", candidate("decoy", -1, 100, 101));
        Candidate spare = of("red", candidate("spare", 0, 100, 300));
        Candidate modest = of("blue", candidate("modest", 0, 100, 200));
        Candidate within = of("blue", candidate("within", 0, 900, 900));
        assertThat(sorted(within, modest, decoy, hog, spare)).as("what would free next to nothing goes in nobody's place")
                .containsExactly("spare", "hog", "modest", "decoy", "within");
    }

    @Test
    void whereNobodyHasMoreThanPromisedTheTenantNearestToItsPromiseGoesFirst() {
        Candidate idle = of("red", candidate("idle", 0, 900, 100));
        Candidate busy = of("blue", candidate("busy", 5, 500, 450));
        Candidate other = of("blue", candidate("other", 0, 500, 400));
        assertThat(sorted(idle, busy, other)).containsExactly("other", "busy", "idle");
    }

    private static Candidate of(String tenant, Candidate candidate) {
        return new Candidate(candidate.pod().edit().editMetadata().addToAnnotations(ObjectKey.TENANT_ANNOTATION, tenant).endMetadata().build(),
                candidate.usedBytes(), candidate.requestedBytes());
    }

    /// In the order in which they go.
    private static List<String> sorted(Candidate... candidates) {
        List<Candidate> left = new ArrayList<>(List.of(candidates));
        List<String> gone = new ArrayList<>();
        for (var next = Candidate.firstToGo(left); next.isPresent(); next = Candidate.firstToGo(left)) {
            left.remove(next.get());
            gone.add(next.get().pod().getMetadata().getName());
        }
        return gone;
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
