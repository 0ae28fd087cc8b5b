package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import io.fabric8.kubernetes.api.model.storage.StorageClassBuilder;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.client.LocalVolume;
import io.hypernetes.client.ObjectKey;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Claims, volumes and the pods that wait for them, with simulated nodes: what a node does with its disks is not seen here.
class VolumesTest {
    private static Workbench bench;

    @BeforeAll
    static void start() throws Exception {
        bench = new Workbench(2);
        type(ObjectKey.ROOT, "local", "WaitForFirstConsumer", "Delete", LocalVolume.PROVISIONER);
        type(Workbench.TENANT, "now", "Immediate", "Retain", LocalVolume.PROVISIONER);
        type(Workbench.TENANT, "manual", "WaitForFirstConsumer", "Retain", "kubernetes.io/no-provisioner");
    }

    @AfterAll
    static void stop() throws Exception {
        bench.close();
    }

    private static void type(String tenant, String name, String mode, String reclaim, String provisioner) {
        StorageClass type = new StorageClassBuilder()
                .withNewMetadata().withName(name).endMetadata()
                .withProvisioner(provisioner)
                .withVolumeBindingMode(mode)
                .withReclaimPolicy(reclaim)
                .withAllowVolumeExpansion(true)
                .build();
        bench.client.of(Kind.STORAGE_CLASS).create(tenant, type);
    }

    private static void claim(String name, String type, String mode) {
        bench.create(Kind.PERSISTENT_VOLUME_CLAIM, new PersistentVolumeClaimBuilder()
                .withNewMetadata().withName(name).endMetadata()
                .withNewSpec()
                .withAccessModes(mode)
                .withStorageClassName(type)
                .withNewResources().addToRequests("storage", new Quantity("1Gi")).endResources()
                .endSpec()
                .build());
    }

    private static void pod(String name, String claim) {
        bench.create(Kind.POD, new PodBuilder()
                .withNewMetadata().withName(name).endMetadata()
                .withNewSpec()
                .withTerminationGracePeriodSeconds(1L)
                .addNewContainer().withName("c").withImage("i").endContainer()
                .addNewVolume().withName("v").withNewPersistentVolumeClaim(claim, false).endVolume()
                .endSpec()
                .build());
    }

    private static PersistentVolumeClaim claim(String name) {
        return bench.get(Kind.PERSISTENT_VOLUME_CLAIM, name);
    }

    private static Optional<PersistentVolume> volume(String name) {
        return bench.client.of(Kind.PERSISTENT_VOLUME).find(new ObjectKey(Workbench.TENANT, "", name));
    }

    private static PersistentVolume volumeOf(String claim) {
        return volume(claim(claim).getSpec().getVolumeName()).orElseThrow();
    }

    private static void awaitPhase(String claim, String phase) {
        await().untilAsserted(() -> assertThat(claim(claim).getStatus().getPhase()).isEqualTo(phase));
    }

    private static void awaitUnschedulable(String pod, String why) {
        await().untilAsserted(() -> assertThat(bench.events(pod, "FailedScheduling")).anyMatch(message -> message.contains(why)));
    }

    @Test
    void aClaimThatWaitsGetsADiskOfTheNodeOfItsFirstPod() {
        claim("first", "local", "ReadWriteOnce");
        await().untilAsserted(() -> assertThat(bench.events("first", "WaitForFirstConsumer")).contains("waiting for first consumer to be created before binding"));
        pod("uses-first", "first");
        awaitPhase("first", "Bound");
        await().untilAsserted(() -> assertThat(bench.get(Kind.POD, "uses-first").getSpec().getNodeName()).isNotNull());
        Pod pod = bench.get(Kind.POD, "uses-first");
        PersistentVolume made = volumeOf("first");
        assertThat(LocalVolume.of(made)).contains(new LocalVolume(pod.getSpec().getNodeName(), "pvc-" + claim("first").getMetadata().getUid(), 1L << 30, false, ""));
        assertThat(made.getStatus().getPhase()).isEqualTo("Bound");
        assertThat(made.getSpec().getStorageClassName()).isEqualTo("local");
        assertThat(claim("first").getStatus().getCapacity()).containsEntry("storage", new Quantity("1Gi"));
        await().untilAsserted(() -> assertThat(bench.events("first", "ProvisioningSucceeded")).hasSize(1));
        await().untilAsserted(() -> assertThat(volumeOf("first").getMetadata().getAnnotations()).containsEntry(LocalVolume.USED, "true"));

        // Deleted while a pod uses it, it stays; then it goes, and its volume as soon as the node has removed the disk.
        bench.delete(Kind.PERSISTENT_VOLUME_CLAIM, "first");
        pod("late", "first");
        awaitUnschedulable("late", "persistentvolumeclaim \"first\" is being deleted");
        assertThat(claim("first").getMetadata().getFinalizers()).contains("kubernetes.io/pvc-protection");
        bench.delete(Kind.POD, "uses-first");
        await().untilAsserted(() -> assertThat(bench.list(Kind.PERSISTENT_VOLUME_CLAIM)).noneMatch(claim -> claim.getMetadata().getName().equals("first")));
        await().untilAsserted(() -> {
            PersistentVolume left = volume(made.getMetadata().getName()).orElseThrow();
            assertThat(left.getMetadata().getDeletionTimestamp()).isNotNull();
            assertThat(left.getMetadata().getFinalizers()).containsExactly(LocalVolume.FINALIZER);
            assertThat(left.getStatus().getPhase()).isEqualTo("Released");
        });
    }

    @Test
    void anImmediateClaimIsBoundAtOnceAndWhatIsRetainedStays() {
        claim("quick", "now", "ReadWriteOnce");
        awaitPhase("quick", "Bound");
        PersistentVolume made = volumeOf("quick");
        bench.delete(Kind.PERSISTENT_VOLUME_CLAIM, "quick");
        await().untilAsserted(() -> assertThat(volume(made.getMetadata().getName()).orElseThrow().getStatus().getPhase()).isEqualTo("Released"));
        assertThat(volume(made.getMetadata().getName()).orElseThrow().getMetadata().getDeletionTimestamp()).isNull();

        // Its owner gives it to whoever asks next.
        bench.client.of(Kind.PERSISTENT_VOLUME).change(ObjectKey.of(Workbench.TENANT, made), null, now -> {
            now.getSpec().setClaimRef(null);
            return now;
        });
        await().untilAsserted(() -> assertThat(volume(made.getMetadata().getName()).orElseThrow().getStatus().getPhase()).isEqualTo("Available"));
        claim("next", "now", "ReadWriteOnce");
        awaitPhase("next", "Bound");
        assertThat(claim("next").getSpec().getVolumeName()).isEqualTo(made.getMetadata().getName());
    }

    @Test
    void aVolumeThatSomebodyMadeIsFoundWhereThePodCanBe() {
        String node = bench.client.of(Kind.NODE).list(io.hypernetes.client.Scope.tenant(ObjectKey.ROOT), io.hypernetes.client.Selection.everything())
                .items().getLast().getMetadata().getName();
        claim("by-hand", "manual", "ReadWriteOnce");
        pod("uses-by-hand", "by-hand");
        awaitUnschedulable("uses-by-hand", "2 node(s) didn't find available persistent volumes to bind");
        bench.client.of(Kind.PERSISTENT_VOLUME).create(Workbench.TENANT, new PersistentVolumeBuilder()
                .withNewMetadata().withName("made-by-hand").endMetadata()
                .withNewSpec()
                .addToCapacity("storage", new Quantity("2Gi"))
                .withAccessModes("ReadWriteOnce")
                .withStorageClassName("manual")
                .withPersistentVolumeReclaimPolicy("Retain")
                .withNewCsi().withDriver(LocalVolume.DRIVER).withVolumeHandle("mine").addToVolumeAttributes(LocalVolume.NODE, node).endCsi()
                .withNewNodeAffinity().withNewRequired().addNewNodeSelectorTerm()
                .addNewMatchField().withKey("metadata.name").withOperator("In").withValues(node).endMatchField()
                .endNodeSelectorTerm().endRequired().endNodeAffinity()
                .endSpec()
                .build());
        awaitPhase("by-hand", "Bound");
        await().untilAsserted(() -> assertThat(bench.get(Kind.POD, "uses-by-hand").getSpec().getNodeName()).isEqualTo(node));
        assertThat(claim("by-hand").getStatus().getCapacity()).containsEntry("storage", new Quantity("2Gi"));

        bench.api.remove(Kind.PERSISTENT_VOLUME, new ObjectKey(Workbench.TENANT, "", "made-by-hand"));
        bench.change(Kind.PERSISTENT_VOLUME_CLAIM, "by-hand", now -> {
            now.getMetadata().getAnnotations().put("looked", "at");
            return now;
        });
        awaitPhase("by-hand", "Lost");
        assertThat(bench.events("by-hand", "ClaimLost")).contains("Bound claim has lost its PersistentVolume. Data on the volume is lost!");
    }

    @Test
    void whatCannotBeHadIsTold() {
        pod("nothing", "not-there");
        awaitUnschedulable("nothing", "0/2 nodes are available: persistentvolumeclaim \"not-there\" not found.");
        claim("no-class", "", "ReadWriteOnce");
        pod("uses-no-class", "no-class");
        awaitUnschedulable("uses-no-class", "pod has unbound immediate PersistentVolumeClaims");
        await().untilAsserted(() -> assertThat(bench.events("no-class", "FailedBinding"))
                .contains("no persistent volumes available for this claim and no storage class is set"));
        claim("shared", "now", "ReadWriteMany");
        await().untilAsserted(() -> assertThat(bench.events("shared", "ProvisioningFailed")).anyMatch(message -> message.contains("ReadWriteMany cannot be had")));
        claim("odd", "odd", "ReadWriteOnce");
        await().untilAsserted(() -> assertThat(bench.events("odd", "ProvisioningFailed")).contains("storageclass.storage.k8s.io \"odd\" not found"));
        // As soon as there is one it is looked at again.
        type(Workbench.TENANT, "odd", "Immediate", "Delete", LocalVolume.PROVISIONER);
        awaitPhase("odd", "Bound");
    }

    @Test
    void aClaimThatAsksForMoreGetsIt() {
        claim("grows", "now", "ReadWriteOnce");
        awaitPhase("grows", "Bound");
        pod("uses-grows", "grows");
        await().untilAsserted(() -> assertThat(bench.get(Kind.POD, "uses-grows").getSpec().getNodeName()).isNotNull());
        bench.change(Kind.PERSISTENT_VOLUME_CLAIM, "grows", now -> {
            now.getSpec().getResources().getRequests().put("storage", new Quantity("3Gi"));
            return now;
        });
        await().untilAsserted(() -> assertThat(volumeOf("grows").getSpec().getCapacity()).containsEntry("storage", new Quantity("3Gi")));
        await().untilAsserted(() -> assertThat(claim("grows").getStatus().getConditions()).extracting("type").containsExactly("FileSystemResizePending"));
        assertThat(claim("grows").getStatus().getCapacity()).containsEntry("storage", new Quantity("1Gi"));
        bench.client.of(Kind.POD).delete(bench.key("uses-grows"), Deletion.ordinary());
        await().untilAsserted(() -> assertThat(claim("grows").getStatus().getCapacity()).containsEntry("storage", new Quantity("3Gi")));
        assertThat(claim("grows").getStatus().getConditions()).isEmpty();
    }

    @Test
    void anEphemeralVolumeComesAndGoesWithItsPod() {
        bench.create(Kind.POD, new PodBuilder()
                .withNewMetadata().withName("passing").endMetadata()
                .withNewSpec()
                .withTerminationGracePeriodSeconds(1L)
                .addNewContainer().withName("c").withImage("i").endContainer()
                .addNewVolume().withName("v").withNewEphemeral().withNewVolumeClaimTemplate().withNewSpec()
                .withAccessModes("ReadWriteOnce").withStorageClassName("local")
                .withNewResources().addToRequests("storage", new Quantity("1Gi")).endResources()
                .endSpec().endVolumeClaimTemplate().endEphemeral().endVolume()
                .endSpec()
                .build());
        awaitPhase("passing-v", "Bound");
        await().untilAsserted(() -> assertThat(bench.get(Kind.POD, "passing").getSpec().getNodeName()).isNotNull());
        assertThat(claim("passing-v").getMetadata().getOwnerReferences()).extracting("name").isEqualTo(List.of("passing"));
    }
}
