package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.hypernetes.client.ObjectKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class NewcomersTest {
    private final Map<String, Standing> standing = new HashMap<>();
    private final Allocations allocations = new Allocations(
            () -> Map.of("cpu", new Quantity("4"), "memory", new Quantity("1Gi"), "pods", new Quantity("10"), "ephemeral-storage", new Quantity("1Gi")),
            uid -> standing.getOrDefault(uid, Standing.STAYS), () -> {});
    private final List<String> told = new ArrayList<>();
    private final Newcomers newcomers = new Newcomers(allocations, new PodEvents() {
        @Override
        public void normal(Pod pod, String reason, String message) {
            told.add(pod.getMetadata().getUid() + " " + reason);
        }

        @Override
        public void warning(Pod pod, String reason, String message) {}

        @Override
        public void normal(Pod pod, Container container, String reason, String message) {}

        @Override
        public void warning(Pod pod, Container container, String reason, String message) {}
    });

    private static Pod pod(String uid, String tenant, String cpu, int second) {
        return new PodBuilder().withNewMetadata().withUid(uid).addToAnnotations(ObjectKey.TENANT_ANNOTATION, tenant).withCreationTimestamp("2026-01-01T00:00:0" + second + "Z").endMetadata()
                .withNewSpec().addNewContainer().withName("main").withNewResources().addToRequests("cpu", new Quantity(cpu)).endResources().endContainer().endSpec().build();
    }

    private List<String> judge() {
        List<String> said = new ArrayList<>();
        newcomers.judge(Optional.empty(), Set.of(), (pod, why) -> said.add(pod.getMetadata().getUid() + (why == null ? " in" : " " + why.reason())));
        return said;
    }

    private List<String> comes(Pod pod) {
        newcomers.hold(pod);
        return judge();
    }

    private void someLeave() {
        allocations.admit(pod("leaving", "alpha", "3", 0));
        standing.put("leaving", Standing.LEAVES);
    }

    /// Or a tenant could have another one's pod turned away for good.
    @Test
    void whoAsksForMoreWhileItWaitsCostsNobodyElse() {
        someLeave();
        assertThat(comes(pod("p", "alpha", "1.5", 1))).isEmpty();
        assertThat(comes(pod("q", "beta", "1.2", 2))).isEmpty();
        assertThat(told).containsExactly("p WaitingForRoom", "q WaitingForRoom");
        assertThat(comes(pod("q", "beta", "3", 2))).containsExactly("q OutOfcpu");
        standing.put("leaving", Standing.LEFT);
        assertThat(judge()).containsExactly("p in");
    }

    @Test
    void whoWasToldToWaitFirstIsLetInFirstThoughItIsYounger() {
        someLeave();
        assertThat(comes(pod("young", "alpha", "1.5", 2))).isEmpty();
        assertThat(comes(pod("old", "beta", "1.2", 1))).isEmpty();
        // Beside it there is no more room for both.
        allocations.admit(pod("static", ObjectKey.ROOT, "1.5", 3));
        assertThat(judge()).isEmpty();
        standing.put("leaving", Standing.LEFT);
        assertThat(judge()).containsExactly("young in", "old OutOfcpu");
    }

    @Test
    void whoWaitsOnIsLetInWhenOneBeforeItDoesNotCome() {
        someLeave();
        assertThat(comes(pod("p", "alpha", "1.5", 1))).isEmpty();
        assertThat(comes(pod("q", "beta", "1.2", 2))).isEmpty();
        allocations.admit(pod("static", ObjectKey.ROOT, "1.5", 3));
        standing.put("leaving", Standing.LEFT);
        newcomers.release("p");
        assertThat(judge()).containsExactly("q in");
    }
}
