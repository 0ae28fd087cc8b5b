package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.ReplicationController;
import io.fabric8.kubernetes.api.model.ReplicationControllerBuilder;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetBuilder;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ReplicasTest {
    private static Workbench bench;

    @BeforeAll
    static void start() throws Exception {
        bench = new Workbench(3);
    }

    @AfterAll
    static void stop() throws Exception {
        bench.close();
    }

    private static ReplicaSet set(String name, int replicas) {
        return new ReplicaSetBuilder()
                .withNewMetadata().withName(name).endMetadata()
                .withNewSpec().withReplicas(replicas)
                .withSelector(new LabelSelectorBuilder().addToMatchLabels("app", name).build())
                .withTemplate(Workbench.template(name, "a"))
                .endSpec()
                .build();
    }

    private static List<Pod> podsOf(String app) {
        return bench.activePods().stream().filter(pod -> app.equals(pod.getMetadata().getLabels().get("app"))).toList();
    }

    @Test
    void aReplicaSetKeepsItsNumberThroughScalingAndLoss() {
        bench.create(Kind.REPLICA_SET, set("keep", 5));
        await().untilAsserted(() -> assertThat(bench.get(Kind.REPLICA_SET, "keep").getStatus().getAvailableReplicas()).isEqualTo(5));
        assertThat(podsOf("keep")).hasSize(5).allSatisfy(pod -> {
            assertThat(pod.getMetadata().getName()).startsWith("keep-");
            assertThat(pod.getMetadata().getOwnerReferences()).hasSize(1);
        });
        assertThat(bench.get(Kind.REPLICA_SET, "keep").getStatus().getFullyLabeledReplicas()).isEqualTo(5);
        bench.delete(Kind.POD, podsOf("keep").getFirst().getMetadata().getName());
        await().untilAsserted(() -> assertThat(podsOf("keep")).hasSize(5));
        bench.change(Kind.REPLICA_SET, "keep", now -> new ReplicaSetBuilder(now).editSpec().withReplicas(2).endSpec().build());
        await().untilAsserted(() -> assertThat(bench.get(Kind.REPLICA_SET, "keep").getStatus().getReplicas()).isEqualTo(2));
        assertThat(podsOf("keep")).hasSize(2);
        await().untilAsserted(() -> assertThat(bench.events("keep", "SuccessfulCreate")).hasSize(6).allMatch(text -> text.startsWith("Created pod: keep-")));
        await().untilAsserted(() -> assertThat(bench.events("keep", "SuccessfulDelete")).hasSize(3));
    }

    @Test
    void podsElsewhereThatNameItTheirControllerAreNotCounted() {
        bench.create(Kind.REPLICA_SET, set("true", 2));
        await().untilAsserted(() -> assertThat(bench.get(Kind.REPLICA_SET, "true").getStatus().getReplicas()).isEqualTo(2));
        Pod own = podsOf("true").getFirst();
        for (int i = 0; i < 4; i++) {
            Pod stranger = new PodBuilder().withNewMetadata().withName("stranger-" + i).withNamespace("default").addToLabels("app", "true")
                    .withOwnerReferences(own.getMetadata().getOwnerReferences()).endMetadata()
                    .withSpec(Workbench.template("true", "a").getSpec()).build();
            bench.client.of(Kind.POD).create("stranger", stranger);
        }
        bench.change(Kind.REPLICA_SET, "true", now -> new ReplicaSetBuilder(now).editSpec().withReplicas(3).endSpec().build());
        await().untilAsserted(() -> assertThat(bench.get(Kind.REPLICA_SET, "true").getStatus().getReplicas()).isEqualTo(3));
        assertThat(podsOf("true")).hasSize(3);
    }

    @Test
    void matchingOrphansAreAdoptedAndStrangersReleased() {
        Pod orphan = new PodBuilder().withNewMetadata().withName("orphan").addToLabels("app", "adopt").endMetadata()
                .withSpec(Workbench.template("adopt", "a").getSpec()).build();
        bench.create(Kind.POD, orphan);
        bench.create(Kind.REPLICA_SET, set("adopt", 2));
        await().untilAsserted(() -> assertThat(bench.get(Kind.REPLICA_SET, "adopt").getStatus().getReplicas()).isEqualTo(2));
        assertThat(podsOf("adopt")).hasSize(2).anyMatch(pod -> pod.getMetadata().getName().equals("orphan"));
        assertThat(bench.get(Kind.POD, "orphan").getMetadata().getOwnerReferences()).hasSize(1);
        bench.change(Kind.POD, "orphan", pod -> new PodBuilder(pod).editMetadata().addToLabels("app", "free").endMetadata().build());
        await().untilAsserted(() -> assertThat(bench.get(Kind.POD, "orphan").getMetadata().getOwnerReferences()).isEmpty());
        await().untilAsserted(() -> assertThat(podsOf("adopt")).hasSize(2));
    }

    @Test
    void whatIsRefusedIsToldAndTriedAgain() {
        bench.api.failNext("POST /tenants/red/api/v1/namespaces/default/pods", 403, 1);
        bench.create(Kind.REPLICA_SET, set("refused", 1));
        await().untilAsserted(() -> assertThat(bench.events("refused", "FailedCreate")).isNotEmpty());
        await().untilAsserted(() -> assertThat(bench.get(Kind.REPLICA_SET, "refused").getStatus().getAvailableReplicas()).isEqualTo(1));
        await().untilAsserted(() -> assertThat(bench.get(Kind.REPLICA_SET, "refused").getStatus().getConditions()).isEmpty());
    }

    @Test
    void aReplicationControllerDoesTheSame() {
        ReplicationController controller = new ReplicationControllerBuilder()
                .withNewMetadata().withName("rc").endMetadata()
                .withNewSpec().withReplicas(3).addToSelector("app", "rc").withTemplate(Workbench.template("rc", "a")).endSpec()
                .build();
        bench.create(Kind.REPLICATION_CONTROLLER, controller);
        await().untilAsserted(() -> assertThat(bench.get(Kind.REPLICATION_CONTROLLER, "rc").getStatus().getReadyReplicas()).isEqualTo(3));
        assertThat(ObjectKey.of("red", podsOf("rc").getFirst()).namespace()).isEqualTo("default");
    }
}
