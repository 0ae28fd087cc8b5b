package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.apps.DeploymentCondition;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.hypernetes.client.Kind;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class DeploymentsTest {
    private static Workbench bench;

    @BeforeAll
    static void start() throws Exception {
        bench = new Workbench(3);
    }

    @AfterAll
    static void stop() throws Exception {
        bench.close();
    }

    private static Deployment deployment(String name, int replicas, String strategy) {
        return new DeploymentBuilder()
                .withNewMetadata().withName(name).endMetadata()
                .withNewSpec()
                .withReplicas(replicas)
                .withRevisionHistoryLimit(10)
                .withProgressDeadlineSeconds(600)
                .withSelector(new LabelSelectorBuilder().addToMatchLabels("app", name).build())
                .withNewStrategy().withType(strategy).endStrategy()
                .withTemplate(Workbench.template(name, "a"))
                .endSpec()
                .build();
    }

    private static void image(String name, String image) {
        bench.change(Kind.DEPLOYMENT, name, now -> new DeploymentBuilder(now)
                .editSpec().editTemplate().editSpec().editFirstContainer().withImage(image).endContainer().endSpec().endTemplate().endSpec().build());
    }

    private static List<ReplicaSet> sets(String name) {
        return bench.list(Kind.REPLICA_SET).stream().filter(set -> name.equals(set.getMetadata().getLabels().get("app"))).toList();
    }

    private static ReplicaSet setOf(String name, String image) {
        return sets(name).stream()
                .filter(set -> set.getSpec().getTemplate().getSpec().getContainers().getFirst().getImage().equals(image))
                .findFirst().orElseThrow();
    }

    private static void awaitRolledOut(String name, int replicas) {
        await().untilAsserted(() -> {
            Deployment now = bench.get(Kind.DEPLOYMENT, name);
            assertThat(now.getStatus().getObservedGeneration()).isEqualTo(now.getMetadata().getGeneration());
            assertThat(now.getStatus().getUpdatedReplicas()).isEqualTo(replicas);
            assertThat(now.getStatus().getReplicas()).isEqualTo(replicas);
            assertThat(now.getStatus().getAvailableReplicas()).isEqualTo(replicas);
            assertThat(condition(name, "Progressing").getReason()).isEqualTo("NewReplicaSetAvailable");
        });
    }

    private static DeploymentCondition condition(String name, String type) {
        return bench.get(Kind.DEPLOYMENT, name).getStatus().getConditions().stream()
                .filter(condition -> condition.getType().equals(type)).findFirst().orElseThrow();
    }

    @Test
    void aNewTemplateRollsOutAndTheOldOneComesBack() {
        bench.create(Kind.DEPLOYMENT, deployment("web", 4, "RollingUpdate"));
        awaitRolledOut("web", 4);
        assertThat(condition("web", "Available").getMessage()).isEqualTo("Deployment has minimum availability.");
        assertThat(bench.get(Kind.DEPLOYMENT, "web").getMetadata().getAnnotations()).containsEntry("deployment.kubernetes.io/revision", "1");
        String hash = sets("web").getFirst().getMetadata().getLabels().get("pod-template-hash");
        assertThat(sets("web").getFirst().getMetadata().getName()).isEqualTo("web-" + hash);

        image("web", "b");
        awaitRolledOut("web", 4);
        assertThat(sets("web")).hasSize(2);
        assertThat(setOf("web", "a").getSpec().getReplicas()).isZero();
        assertThat(bench.get(Kind.DEPLOYMENT, "web").getMetadata().getAnnotations()).containsEntry("deployment.kubernetes.io/revision", "2");

        image("web", "a");
        awaitRolledOut("web", 4);
        assertThat(sets("web")).hasSize(2);
        assertThat(setOf("web", "b").getSpec().getReplicas()).isZero();
        assertThat(setOf("web", "a").getMetadata().getAnnotations())
                .containsEntry("deployment.kubernetes.io/revision", "3")
                .containsEntry("deployment.kubernetes.io/revision-history", "1");
        await().untilAsserted(() -> assertThat(bench.events("web", "ScalingReplicaSet"))
                .contains("Scaled up replica set web-" + hash + " from 0 to 4"));

        bench.change(Kind.DEPLOYMENT, "web", now -> new DeploymentBuilder(now).editSpec().withReplicas(6).endSpec().build());
        awaitRolledOut("web", 6);
        assertThat(setOf("web", "a").getMetadata().getAnnotations())
                .containsEntry("deployment.kubernetes.io/desired-replicas", "6")
                .containsEntry("deployment.kubernetes.io/max-replicas", "8");
    }

    @Test
    void recreateEndsAllOldPodsFirst() {
        bench.create(Kind.DEPLOYMENT, deployment("again", 3, "Recreate"));
        awaitRolledOut("again", 3);
        image("again", "b");
        awaitRolledOut("again", 3);
        assertThat(setOf("again", "a").getSpec().getReplicas()).isZero();
    }

    @Test
    void aPausedDeploymentTakesNoNewTemplateButScales() {
        bench.create(Kind.DEPLOYMENT, deployment("still", 2, "RollingUpdate"));
        awaitRolledOut("still", 2);
        bench.change(Kind.DEPLOYMENT, "still", now -> new DeploymentBuilder(now).editSpec().withPaused(true).endSpec().build());
        await().untilAsserted(() -> assertThat(condition("still", "Progressing").getReason()).isEqualTo("DeploymentPaused"));
        image("still", "b");
        bench.change(Kind.DEPLOYMENT, "still", now -> new DeploymentBuilder(now).editSpec().withReplicas(3).endSpec().build());
        await().untilAsserted(() -> assertThat(setOf("still", "a").getSpec().getReplicas()).isEqualTo(3));
        assertThat(sets("still")).hasSize(1);
        bench.change(Kind.DEPLOYMENT, "still", now -> new DeploymentBuilder(now).editSpec().withPaused(null).endSpec().build());
        awaitRolledOut("still", 3);
        assertThat(setOf("still", "b").getSpec().getReplicas()).isEqualTo(3);
    }

    @Test
    void aRolloutThatStandsStillMissesItsDeadlineAndKeepsWhatServes() {
        Deployment slow = deployment("stuck", 3, "RollingUpdate");
        slow.getSpec().setProgressDeadlineSeconds(1);
        slow.getSpec().getStrategy().setRollingUpdate(new io.fabric8.kubernetes.api.model.apps.RollingUpdateDeploymentBuilder()
                .withMaxSurge(new IntOrString(1)).withMaxUnavailable(new IntOrString("0%")).build());
        bench.create(Kind.DEPLOYMENT, slow);
        awaitRolledOut("stuck", 3);
        bench.change(Kind.DEPLOYMENT, "stuck", now -> new DeploymentBuilder(now)
                .editSpec().withTemplate(Workbench.template("stuck", "b", Map.of("simulate.hypernetes.io/ready-after", "never"))).endSpec().build());
        await().untilAsserted(() -> {
            assertThat(condition("stuck", "Progressing").getStatus()).isEqualTo("False");
            assertThat(condition("stuck", "Progressing").getReason()).isEqualTo("ProgressDeadlineExceeded");
        });
        assertThat(condition("stuck", "Progressing").getMessage())
                .isEqualTo("ReplicaSet \"" + setOf("stuck", "b").getMetadata().getName() + "\" has timed out progressing.");
        assertThat(setOf("stuck", "a").getSpec().getReplicas()).isEqualTo(3);
        assertThat(setOf("stuck", "b").getSpec().getReplicas()).isEqualTo(1);
    }

    @Test
    void historyBeyondItsLimitIsDeleted() {
        Deployment short_ = deployment("short", 1, "RollingUpdate");
        short_.getSpec().setRevisionHistoryLimit(1);
        bench.create(Kind.DEPLOYMENT, short_);
        awaitRolledOut("short", 1);
        for (String image : List.of("b", "c", "d")) {
            image("short", image);
            awaitRolledOut("short", 1);
        }
        await().untilAsserted(() -> assertThat(sets("short")).hasSize(2));
        assertThat(setOf("short", "c").getMetadata().getAnnotations()).containsEntry("deployment.kubernetes.io/revision", "3");
    }

    @Test
    void scalingInTheMiddleOfARolloutIsShared() {
        Deployment wide = deployment("wide", 10, "RollingUpdate");
        wide.getSpec().getStrategy().setRollingUpdate(new io.fabric8.kubernetes.api.model.apps.RollingUpdateDeploymentBuilder()
                .withMaxSurge(new IntOrString(3)).withMaxUnavailable(new IntOrString(2)).build());
        bench.create(Kind.DEPLOYMENT, wide);
        awaitRolledOut("wide", 10);
        bench.change(Kind.DEPLOYMENT, "wide", now -> new DeploymentBuilder(now)
                .editSpec().withTemplate(Workbench.template("wide", "b", Map.of("simulate.hypernetes.io/ready-after", "never"))).endSpec().build());
        await().untilAsserted(() -> assertThat(List.of(setOf("wide", "a").getSpec().getReplicas(), setOf("wide", "b").getSpec().getReplicas())).containsExactly(8, 5));
        await().untilAsserted(() -> assertThat(bench.get(Kind.DEPLOYMENT, "wide").getStatus().getReplicas()).isEqualTo(13));
        bench.change(Kind.DEPLOYMENT, "wide", now -> new DeploymentBuilder(now).editSpec().withReplicas(30).endSpec().build());
        // 20 more for 13: to each in proportion to what it has.
        await().untilAsserted(() -> assertThat(List.of(setOf("wide", "a").getSpec().getReplicas(), setOf("wide", "b").getSpec().getReplicas())).containsExactly(20, 13));
    }
}
