package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.TaintBuilder;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.apps.DaemonSetBuilder;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class DaemonSetsTest {
    private static Workbench bench;

    @BeforeAll
    static void start() throws Exception {
        bench = new Workbench(4);
    }

    @AfterAll
    static void stop() throws Exception {
        bench.close();
    }

    private static DaemonSet set(String name) {
        return new DaemonSetBuilder()
                .withNewMetadata().withName(name).endMetadata()
                .withNewSpec()
                .withSelector(new LabelSelectorBuilder().addToMatchLabels("app", name).build())
                .withTemplate(Workbench.template(name, "a"))
                .endSpec()
                .build();
    }

    private static List<Pod> podsOf(String app) {
        return bench.activePods().stream().filter(pod -> app.equals(pod.getMetadata().getLabels().get("app"))).toList();
    }

    private static void awaitRolledOut(String name, int nodes) {
        await().untilAsserted(() -> {
            DaemonSet now = bench.get(Kind.DAEMON_SET, name);
            assertThat(now.getStatus().getObservedGeneration()).isEqualTo(now.getMetadata().getGeneration());
            assertThat(now.getStatus().getDesiredNumberScheduled()).isEqualTo(nodes);
            assertThat(now.getStatus().getUpdatedNumberScheduled()).isEqualTo(nodes);
            assertThat(now.getStatus().getNumberAvailable()).isEqualTo(nodes);
        });
    }

    private static void roll(String name) {
        bench.change(Kind.DAEMON_SET, name, now -> new DaemonSetBuilder(now).editSpec()
                .editTemplate().editSpec().editFirstContainer().withImage("b").endContainer().endSpec().endTemplate().endSpec().build());
    }

    @Test
    void everyNodeThatToleratesItHasOnePodAndANewTemplateReachesAll() {
        bench.create(Kind.DAEMON_SET, set("agent"));
        awaitRolledOut("agent", 4);
        assertThat(podsOf("agent")).extracting(pod -> pod.getSpec().getNodeName())
                .containsExactlyInAnyOrder("simulated-0", "simulated-1", "simulated-2", "simulated-3");
        roll("agent");
        awaitRolledOut("agent", 4);
        assertThat(podsOf("agent")).hasSize(4).allMatch(pod -> pod.getSpec().getContainers().getFirst().getImage().equals("b"));
        assertThat(bench.list(Kind.CONTROLLER_REVISION)).anyMatch(revision -> revision.getMetadata().getName().startsWith("agent-"));

        bench.client.of(Kind.NODE).change(ObjectKey.root("simulated-3"), null, node -> new NodeBuilder(node).editOrNewSpec()
                .withTaints(new TaintBuilder().withKey("only").withValue("gpu").withEffect("NoExecute").build()).endSpec().build());
        awaitRolledOut("agent", 3);
        await().untilAsserted(() -> assertThat(podsOf("agent")).hasSize(3));
        bench.client.of(Kind.NODE).change(ObjectKey.root("simulated-3"), null, node -> new NodeBuilder(node).editOrNewSpec()
                .withTaints(List.of()).endSpec().build());
        awaitRolledOut("agent", 4);
    }

    @Test
    void withSurgeTheOldPodGoesWhenTheNewOneIsThere() {
        DaemonSet surge = set("surge");
        surge.getSpec().setUpdateStrategy(new io.fabric8.kubernetes.api.model.apps.DaemonSetUpdateStrategyBuilder()
                .withType("RollingUpdate").withNewRollingUpdate().withMaxSurge(new IntOrString("50%")).withMaxUnavailable(new IntOrString(0)).endRollingUpdate()
                .build());
        surge.getSpec().getTemplate().getSpec().setNodeSelector(java.util.Map.of("topology.kubernetes.io/zone", "zone-0"));
        bench.create(Kind.DAEMON_SET, surge);
        awaitRolledOut("surge", 2);
        roll("surge");
        awaitRolledOut("surge", 2);
        await().untilAsserted(() -> assertThat(podsOf("surge")).hasSize(2)
                .allMatch(pod -> pod.getSpec().getContainers().getFirst().getImage().equals("b")));
    }

    @Test
    void aPodThatFailedIsMadeAgain() {
        bench.create(Kind.DAEMON_SET, set("again"));
        awaitRolledOut("again", 4);
        Pod failed = podsOf("again").getFirst();
        bench.client.of(Kind.POD).change(bench.key(failed.getMetadata().getName()), "status",
                pod -> new io.fabric8.kubernetes.api.model.PodBuilder(pod).editStatus().withPhase("Failed").endStatus().build());
        await().untilAsserted(() -> assertThat(bench.client.of(Kind.POD).find(bench.key(failed.getMetadata().getName()))).isEmpty());
        awaitRolledOut("again", 4);
        assertThat(podsOf("again")).hasSize(4).anyMatch(pod -> pod.getSpec().getNodeName().equals(failed.getSpec().getNodeName()));
        await().untilAsserted(() -> assertThat(bench.events("again", "FailedDaemonPod")).isNotEmpty());
    }

    @Test
    void aRollbackRestartsNoPodThatIsRight() {
        bench.create(Kind.DAEMON_SET, set("back"));
        awaitRolledOut("back", 4);
        List<String> before = podsOf("back").stream().map(pod -> pod.getMetadata().getUid()).toList();
        bench.change(Kind.DAEMON_SET, "back", now -> new DaemonSetBuilder(now).editSpec()
                .withTemplate(Workbench.template("back", "broken", java.util.Map.of("simulate.hypernetes.io/ready-after", "never"))).endSpec().build());
        await().untilAsserted(() -> assertThat(podsOf("back")).filteredOn(pod -> pod.getSpec().getContainers().getFirst().getImage().equals("broken")).hasSize(1));
        bench.change(Kind.DAEMON_SET, "back", now -> new DaemonSetBuilder(now).editSpec().withTemplate(Workbench.template("back", "a")).endSpec().build());
        awaitRolledOut("back", 4);
        assertThat(podsOf("back")).hasSize(4).filteredOn(pod -> before.contains(pod.getMetadata().getUid())).hasSize(3);
    }
}
