package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import io.fabric8.kubernetes.api.model.storage.StorageClassBuilder;
import io.hypernetes.client.Kind;
import io.hypernetes.client.LocalVolume;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class StatefulSetsTest {
    private static Workbench bench;

    @BeforeAll
    static void start() throws Exception {
        bench = new Workbench(2);
        bench.client.of(Kind.STORAGE_CLASS).create(Workbench.TENANT, new StorageClassBuilder()
                .withNewMetadata().withName("local").endMetadata()
                .withProvisioner(LocalVolume.PROVISIONER).withVolumeBindingMode("WaitForFirstConsumer").withReclaimPolicy("Delete")
                .build());
    }

    @AfterAll
    static void stop() throws Exception {
        bench.close();
    }

    private static StatefulSet set(String name, int replicas, String management) {
        return new StatefulSetBuilder()
                .withNewMetadata().withName(name).endMetadata()
                .withNewSpec()
                .withReplicas(replicas)
                .withServiceName(name)
                .withPodManagementPolicy(management)
                .withSelector(new LabelSelectorBuilder().addToMatchLabels("app", name).build())
                .withTemplate(Workbench.template(name, "a"))
                .withNewUpdateStrategy().withType("RollingUpdate").withNewRollingUpdate().withPartition(0).endRollingUpdate().endUpdateStrategy()
                .endSpec()
                .build();
    }

    private static List<Pod> podsOf(String app) {
        return bench.activePods().stream().filter(pod -> app.equals(pod.getMetadata().getLabels().get("app"))).toList();
    }

    private static void image(String name, String image, int partition) {
        bench.change(Kind.STATEFUL_SET, name, now -> new StatefulSetBuilder(now).editSpec()
                .editTemplate().editSpec().editFirstContainer().withImage(image).endContainer().endSpec().endTemplate()
                .editUpdateStrategy().editRollingUpdate().withPartition(partition).endRollingUpdate().endUpdateStrategy()
                .endSpec().build());
    }

    private static void awaitRolledOut(String name, int replicas) {
        await().untilAsserted(() -> {
            StatefulSet now = bench.get(Kind.STATEFUL_SET, name);
            assertThat(now.getStatus().getObservedGeneration()).isEqualTo(now.getMetadata().getGeneration());
            assertThat(now.getStatus().getReadyReplicas()).isEqualTo(replicas);
            assertThat(now.getStatus().getUpdatedReplicas()).isEqualTo(replicas);
            assertThat(now.getStatus().getCurrentRevision()).isEqualTo(now.getStatus().getUpdateRevision());
        });
    }

    private static List<String> images(String name) {
        return podsOf(name).stream().map(pod -> pod.getSpec().getContainers().getFirst().getImage()).toList();
    }

    @Test
    void podsHaveNamesOfTheirOwnAndComeOneAfterTheOther() {
        StatefulSet db = set("db", 3, "OrderedReady");
        db.getSpec().setVolumeClaimTemplates(List.of(new PersistentVolumeClaimBuilder()
                .withNewMetadata().withName("data").endMetadata()
                .withNewSpec().withAccessModes("ReadWriteOnce").withStorageClassName("local")
                .withNewResources().addToRequests("storage", new Quantity("1Gi")).endResources().endSpec()
                .build()));
        bench.create(Kind.STATEFUL_SET, db);
        awaitRolledOut("db", 3);
        assertThat(podsOf("db")).extracting(pod -> pod.getMetadata().getName()).containsExactly("db-0", "db-1", "db-2");
        Pod second = podsOf("db").get(1);
        assertThat(second.getSpec().getHostname()).isEqualTo("db-1");
        assertThat(second.getSpec().getSubdomain()).isEqualTo("db");
        assertThat(second.getMetadata().getLabels())
                .containsEntry("statefulset.kubernetes.io/pod-name", "db-1").containsEntry("apps.kubernetes.io/pod-index", "1");
        assertThat(second.getSpec().getVolumes().getFirst().getPersistentVolumeClaim().getClaimName()).isEqualTo("data-db-1");
        assertThat(bench.list(Kind.PERSISTENT_VOLUME_CLAIM)).extracting(claim -> claim.getMetadata().getName())
                .contains("data-db-0", "data-db-1", "data-db-2");
        assertThat(bench.get(Kind.POD, "db-0").getStatus().getStartTime())
                .isLessThanOrEqualTo(bench.get(Kind.POD, "db-2").getStatus().getStartTime());

        bench.change(Kind.STATEFUL_SET, "db", now -> new StatefulSetBuilder(now).editSpec().withReplicas(1).endSpec().build());
        await().untilAsserted(() -> assertThat(podsOf("db")).extracting(pod -> pod.getMetadata().getName()).containsExactly("db-0"));
        assertThat(bench.list(Kind.PERSISTENT_VOLUME_CLAIM)).extracting(claim -> claim.getMetadata().getName()).contains("data-db-2");
        await().untilAsserted(() -> assertThat(bench.events("db", "SuccessfulDelete"))
                .contains("delete Pod db-2 in StatefulSet db successful"));
    }

    private static StatefulSet withClaims(String name, String whenDeleted, String whenScaled) {
        StatefulSet set = set(name, 2, "Parallel");
        set.getSpec().setVolumeClaimTemplates(List.of(new PersistentVolumeClaimBuilder()
                .withNewMetadata().withName("data").endMetadata()
                .withNewSpec().withAccessModes("ReadWriteOnce").withStorageClassName("local")
                .withNewResources().addToRequests("storage", new Quantity("1Gi")).endResources().endSpec()
                .build()));
        return new StatefulSetBuilder(set).editSpec()
                .withNewPersistentVolumeClaimRetentionPolicy().withWhenDeleted(whenDeleted).withWhenScaled(whenScaled).endPersistentVolumeClaimRetentionPolicy().endSpec().build();
    }

    private static void policy(String name, String whenDeleted, String whenScaled) {
        bench.change(Kind.STATEFUL_SET, name, now -> new StatefulSetBuilder(now).editSpec()
                .withNewPersistentVolumeClaimRetentionPolicy().withWhenDeleted(whenDeleted).withWhenScaled(whenScaled).endPersistentVolumeClaimRetentionPolicy().endSpec().build());
    }

    private static List<String> owners(String claim) {
        return bench.get(Kind.PERSISTENT_VOLUME_CLAIM, claim).getMetadata().getOwnerReferences().stream()
                .map(owner -> owner.getKind() + "/" + owner.getName() + "/" + owner.getController()).toList();
    }

    /// `updateClaimOwnerRefForSetAndPod` and `hasUnexpectedController` in upstream's pkg/controller/statefulset/stateful_set_utils.go.
    @Test
    void claimsBelongToWhomThePolicySaysAlsoWhenItChanges() {
        bench.create(Kind.STATEFUL_SET, withClaims("keeper", "Retain", "Retain"));
        awaitRolledOut("keeper", 2);
        assertThat(owners("data-keeper-0")).isEmpty();
        // Others may have a share in it.
        bench.change(Kind.PERSISTENT_VOLUME_CLAIM, "data-keeper-0", claim -> new PersistentVolumeClaimBuilder(claim).editMetadata()
                .addNewOwnerReference().withApiVersion("v1").withKind("Pod").withName("keeper-1").withUid(bench.get(Kind.POD, "keeper-1").getMetadata().getUid()).endOwnerReference()
                .endMetadata().build());
        policy("keeper", "Delete", "Retain");
        await().untilAsserted(() -> assertThat(owners("data-keeper-0")).containsExactly("Pod/keeper-1/null", "StatefulSet/keeper/true"));
        await().untilAsserted(() -> assertThat(owners("data-keeper-1")).containsExactly("StatefulSet/keeper/true"));
        policy("keeper", "Retain", "Retain");
        await().untilAsserted(() -> assertThat(owners("data-keeper-1")).isEmpty());
        bench.change(Kind.PERSISTENT_VOLUME_CLAIM, "data-keeper-1", claim -> new PersistentVolumeClaimBuilder(claim).editMetadata()
                .addNewOwnerReference().withApiVersion("apps/v1").withKind("StatefulSet").withName("keeper").withUid("former").withController(true).endOwnerReference()
                // Or what collects those without an owner would take it.
                .addToFinalizers("example.com/stays")
                .endMetadata().build());
        policy("keeper", "Delete", "Delete");
        await().untilAsserted(() -> assertThat(owners("data-keeper-0")).contains("StatefulSet/keeper/true"));
        for (String whenDeleted : List.of("Retain", "Delete")) {
            policy("keeper", whenDeleted, "Delete");
            // The claims of pods are settled in one look, the first one first.
            await().untilAsserted(() -> assertThat(owners("data-keeper-0").contains("StatefulSet/keeper/true")).isEqualTo(whenDeleted.equals("Delete")));
            assertThat(bench.get(Kind.PERSISTENT_VOLUME_CLAIM, "data-keeper-1").getMetadata().getOwnerReferences())
                    .as("not touched").singleElement().satisfies(owner -> assertThat(owner.getUid()).isEqualTo("former"));
        }
        // Another controller beside the set: the policy steps back.
        bench.change(Kind.PERSISTENT_VOLUME_CLAIM, "data-keeper-0", claim -> new PersistentVolumeClaimBuilder(claim).editMetadata().withOwnerReferences(
                claim.getMetadata().getOwnerReferences().stream().map(owner -> new OwnerReferenceBuilder(owner).withController(owner.getKind().equals("Pod")).build()).toList())
                .endMetadata().build());
        await().untilAsserted(() -> assertThat(bench.events("keeper", "ConflictingController")).contains("PersistentVolumeClaim data-keeper-0"
                + " has a conflicting OwnerReference that acts as a managing controller, the retention policy is ignored for this claim"));
        await().untilAsserted(() -> assertThat(owners("data-keeper-0")).containsExactly("Pod/keeper-1/true"));
        bench.change(Kind.PERSISTENT_VOLUME_CLAIM, "data-keeper-1", claim -> new PersistentVolumeClaimBuilder(claim).editMetadata()
                .removeFromFinalizers("example.com/stays").endMetadata().build());
    }

    /// `PodClaimIsStale` in upstream's pkg/controller/statefulset/stateful_pod_control.go.
    @Test
    void claimsThatAreKeptWhenPodsGoHoldUpNoNewPod() {
        bench.create(Kind.STATEFUL_SET, withClaims("reuser", "Retain", "Retain"));
        awaitRolledOut("reuser", 2);
        bench.change(Kind.PERSISTENT_VOLUME_CLAIM, "data-reuser-1", claim -> new PersistentVolumeClaimBuilder(claim).editMetadata().addToFinalizers("example.com/stays")
                .addNewOwnerReference().withApiVersion("v1").withKind("Pod").withName("reuser-1").withUid("former").endOwnerReference()
                .endMetadata().build());
        String before = bench.get(Kind.POD, "reuser-1").getMetadata().getUid();
        bench.delete(Kind.POD, "reuser-1");
        await().untilAsserted(() -> assertThat(bench.get(Kind.POD, "reuser-1").getMetadata().getUid()).isNotEqualTo(before));
        bench.change(Kind.PERSISTENT_VOLUME_CLAIM, "data-reuser-1", claim -> new PersistentVolumeClaimBuilder(claim).editMetadata()
                .removeFromFinalizers("example.com/stays").endMetadata().build());
    }

    @Test
    void claimsOfPodsThatAreScaledAwayGoAndComeAnew() {
        bench.create(Kind.STATEFUL_SET, withClaims("shrinker", "Retain", "Delete"));
        awaitRolledOut("shrinker", 2);
        String first = bench.get(Kind.PERSISTENT_VOLUME_CLAIM, "data-shrinker-1").getMetadata().getUid();
        bench.change(Kind.STATEFUL_SET, "shrinker", now -> new StatefulSetBuilder(now).editSpec().withReplicas(1).endSpec().build());
        await().untilAsserted(() -> assertThat(podsOf("shrinker")).hasSize(1));
        bench.change(Kind.STATEFUL_SET, "shrinker", now -> new StatefulSetBuilder(now).editSpec().withReplicas(2).endSpec().build());
        awaitRolledOut("shrinker", 2);
        assertThat(bench.get(Kind.PERSISTENT_VOLUME_CLAIM, "data-shrinker-1").getMetadata().getUid()).isNotEqualTo(first);
        assertThat(owners("data-shrinker-1")).isEmpty();
    }

    @Test
    void aNewTemplateGoesDownToThePartitionAndBackByRevision() {
        bench.create(Kind.STATEFUL_SET, set("part", 3, "Parallel"));
        awaitRolledOut("part", 3);
        image("part", "b", 2);
        await().untilAsserted(() -> assertThat(images("part")).containsExactly("a", "a", "b"));
        await().untilAsserted(() -> assertThat(bench.get(Kind.STATEFUL_SET, "part").getStatus().getUpdatedReplicas()).isEqualTo(1));
        bench.delete(Kind.POD, "part-0");
        await().untilAsserted(() -> assertThat(images("part")).containsExactly("a", "a", "b"));
        image("part", "b", 0);
        awaitRolledOut("part", 3);
        assertThat(images("part")).containsExactly("b", "b", "b");
        assertThat(bench.list(Kind.CONTROLLER_REVISION).stream().filter(revision -> revision.getMetadata().getName().startsWith("part-")))
                .hasSize(2);
        image("part", "a", 0);
        awaitRolledOut("part", 3);
        assertThat(bench.list(Kind.CONTROLLER_REVISION).stream()
                .filter(revision -> revision.getMetadata().getName().startsWith("part-"))
                .map(revision -> revision.getRevision()))
                .containsExactlyInAnyOrder(2L, 3L);
    }

    /// One more ordinal there is none.
    @Test
    void theLastOrdinalsAreThere() {
        StatefulSet edge = set("edge", 3, "Parallel");
        bench.create(Kind.STATEFUL_SET, new StatefulSetBuilder(edge).editSpec().withNewOrdinals().withStart(Integer.MAX_VALUE - 2).endOrdinals().endSpec().build());
        await().untilAsserted(() -> assertThat(podsOf("edge")).extracting(pod -> pod.getMetadata().getName()).containsExactly("edge-2147483645", "edge-2147483646"));
        await().untilAsserted(() -> assertThat(bench.get(Kind.STATEFUL_SET, "edge").getStatus().getReadyReplicas()).isEqualTo(2));
        assertThat(bench.events("edge", "SuccessfulDelete")).isEmpty();
    }

    private static StatefulSet neverReady(String name, String management) {
        return new StatefulSetBuilder(set(name, 3, management)).editSpec()
                .withTemplate(Workbench.template(name, "a", Map.of("simulate.hypernetes.io/ready-after", "never"))).endSpec().build();
    }

    @Test
    void anUnhealthyPodHoldsUpTheNextUnlessAllComeAtOnce() {
        bench.create(Kind.STATEFUL_SET, neverReady("halting", "OrderedReady"));
        bench.create(Kind.STATEFUL_SET, neverReady("burst", "Parallel"));
        await().untilAsserted(() -> assertThat(podsOf("burst")).filteredOn(pod -> "Running".equals(pod.getStatus().getPhase())).hasSize(3));
        await().untilAsserted(() -> assertThat(podsOf("halting")).filteredOn(pod -> "Running".equals(pod.getStatus().getPhase())).hasSize(1));
        assertThat(podsOf("halting")).extracting(pod -> pod.getMetadata().getName()).containsExactly("halting-0");
        bench.change(Kind.POD, "halting-0", pod -> new PodBuilder(pod).editMetadata().addToAnnotations("simulate.hypernetes.io/ready-after", "0s").endMetadata().build());
        await().untilAsserted(() -> assertThat(podsOf("halting")).extracting(pod -> pod.getMetadata().getName()).containsExactly("halting-0", "halting-1"));
        for (String name : List.of("halting", "burst")) {
            bench.change(Kind.STATEFUL_SET, name, now -> new StatefulSetBuilder(now).editSpec().withReplicas(0).endSpec().build());
            await().untilAsserted(() -> assertThat(podsOf(name)).isEmpty());
        }
    }

    @Test
    void podsThatAreNotThereYetCountAsUnavailableWhileOthersAreRenewed() {
        for (int most : List.of(1, 2)) {
            String name = "budget-" + most;
            StatefulSet parallel = set(name, 4, "Parallel");
            parallel.getSpec().getUpdateStrategy().getRollingUpdate().setMaxUnavailable(new IntOrString(most));
            bench.create(Kind.STATEFUL_SET, parallel);
            awaitRolledOut(name, 4);
            bench.change(Kind.STATEFUL_SET, name, now -> new StatefulSetBuilder(now).editSpec()
                    .withTemplate(Workbench.template(name, "b", Map.of("simulate.hypernetes.io/ready-after", "never"))).endSpec().build());
            // Whoever makes a pod deletes the next in the same step, if at all, and writes the status after both.
            await().untilAsserted(() -> assertThat(bench.get(Kind.STATEFUL_SET, name).getStatus().getUpdatedReplicas()).isEqualTo(most));
            assertThat(images(name)).isEqualTo(most == 1 ? List.of("a", "a", "a", "b") : List.of("a", "a", "b", "b"));

            // What serves nobody is renewed all the same: a rollout that went wrong can be mended.
            bench.change(Kind.STATEFUL_SET, name, now -> new StatefulSetBuilder(now).editSpec().withTemplate(Workbench.template(name, "c")).endSpec().build());
            awaitRolledOut(name, 4);
            assertThat(images(name)).containsOnly("c");
        }
    }

    @Test
    void aPodThatFailedIsMadeAgainWithItsName() {
        bench.create(Kind.STATEFUL_SET, set("again", 1, "OrderedReady"));
        awaitRolledOut("again", 1);
        String uid = bench.get(Kind.POD, "again-0").getMetadata().getUid();
        bench.client.of(Kind.POD).change(bench.key("again-0"), "status", pod -> new PodBuilder(pod).editStatus().withPhase("Failed").withReason("Evicted").endStatus().build());
        await().untilAsserted(() -> assertThat(bench.get(Kind.POD, "again-0").getMetadata().getUid()).isNotEqualTo(uid));
        awaitRolledOut("again", 1);
    }
}
