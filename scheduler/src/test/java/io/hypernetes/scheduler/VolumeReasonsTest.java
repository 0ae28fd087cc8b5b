package io.hypernetes.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.storage.StorageClassBuilder;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.FakeApi;
import io.hypernetes.client.Informers;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.VolumeMatch;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What users read of pods whose volumes keep them from a node: word for word what kube-scheduler says.
class VolumeReasonsTest {
    private final FakeApi api = new FakeApi();
    private final Client client = api.client();
    private final Informers informers = new Informers(client);
    private final Scheduler scheduler = new Scheduler(client, informers, "here", InstantSource.system(), new Random(1));

    @BeforeEach
    void start() {
        node("n1", "a");
        node("n2", "b");
        for (String mode : List.of("Immediate", "WaitForFirstConsumer")) {
            client.of(Kind.STORAGE_CLASS).create("red", new StorageClassBuilder()
                    .withNewMetadata().withName(mode.toLowerCase(Locale.ROOT)).endMetadata()
                    .withProvisioner("kubernetes.io/no-provisioner").withVolumeBindingMode(mode).build());
        }
        scheduler.start();
        informers.start();
    }

    @AfterEach
    void stop() {
        scheduler.close();
        informers.close();
        client.close();
        api.close();
    }

    private void node(String name, String zone) {
        Node node = ChoiceTest.node(name, "2", "4Gi");
        node.getMetadata().getLabels().put("zone", zone);
        client.of(Kind.NODE).create("root", node);
    }

    private static PersistentVolumeClaimBuilder claim(String name, String type) {
        return new PersistentVolumeClaimBuilder()
                .withNewMetadata().withName(name).withNamespace("default").endMetadata()
                .withNewSpec().withAccessModes("ReadWriteOnce").withStorageClassName(type)
                .withNewResources().addToRequests("storage", new Quantity("1Gi")).endResources().endSpec();
    }

    private static PersistentVolumeClaimBuilder bound(String name, String volume) {
        return claim(name, "waitforfirstconsumer").editMetadata().addToAnnotations(VolumeMatch.BIND_COMPLETED, "yes").endMetadata()
                .editSpec().withVolumeName(volume).endSpec();
    }

    private void create(PersistentVolumeClaimBuilder claim) {
        client.of(Kind.PERSISTENT_VOLUME_CLAIM).create("red", claim.build());
    }

    private void volume(String name, String zone) {
        client.of(Kind.PERSISTENT_VOLUME).create("red", new PersistentVolumeBuilder()
                .withNewMetadata().withName(name).endMetadata()
                .withNewSpec().withAccessModes("ReadWriteOnce").addToCapacity("storage", new Quantity("1Gi")).withNewNodeAffinity().withNewRequired()
                .addNewNodeSelectorTerm().addNewMatchExpression().withKey("zone").withOperator("In").withValues(zone).endMatchExpression().endNodeSelectorTerm()
                .endRequired().endNodeAffinity().endSpec().build());
    }

    private static Volume of(String claim) {
        return new VolumeBuilder().withName(claim).withNewPersistentVolumeClaim(claim, false).build();
    }

    /// Condition and event of a pod with some volumes: the same words, and that nobody's going would help.
    private void refused(String pod, String why, Volume... volumes) {
        client.of(Kind.POD).create("red", new PodBuilder(ChoiceTest.pod(pod, "1m", "1Mi")).editSpec().withVolumes(volumes).endSpec().build());
        told(pod, why);
    }

    private void told(String pod, String why) {
        String message = "0/2 nodes are available: " + why + ". preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.";
        await().untilAsserted(() -> {
            PodCondition condition = SchedulerTest.scheduled(client, pod);
            assertThat(condition.getMessage()).isEqualTo(message);
            assertThat(condition.getReason()).isEqualTo("Unschedulable");
            assertThat(SchedulerTest.failures(client, pod)).contains(message);
        });
    }

    @Test
    void claimsThatAreNotReady() {
        refused("missing", "persistentvolumeclaim \"gone\" not found", of("gone"));
        refused("fresh", "waiting for ephemeral volume controller to create the persistentvolumeclaim \"fresh-scratch\"", ephemeral());
        create(claim("stranger-scratch", "immediate"));
        refused("stranger", "PVC default/stranger-scratch was not created for pod default/stranger (pod is not owner)", ephemeral());
        create(claim("unbound", "immediate"));
        refused("waiting", "pod has unbound immediate PersistentVolumeClaims", of("unbound"));
        create(bound("lost", "pv"));
        lose("lost");
        refused("lonely", "persistentvolumeclaim \"lost\" bound to non-existent persistentvolume \"pv\"", of("lost"));
        create(claim("leaving", "immediate").withMetadata(new ObjectMetaBuilder().withName("leaving").withNamespace("default").withFinalizers("example.com/stay").build()));
        client.of(Kind.PERSISTENT_VOLUME_CLAIM).delete(new ObjectKey("red", "default", "leaving"), Deletion.ordinary());
        refused("late", "persistentvolumeclaim \"leaving\" is being deleted", of("leaving"));
    }

    /// Long before the scheduler would look again on its own.
    @Test
    void whatBecomesOfAClaimIsToldToPodsThatWait() {
        create(bound("claim", "pv"));
        refused("early", "2 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)", of("claim"));
        lose("claim");
        told("early", "persistentvolumeclaim \"claim\" bound to non-existent persistentvolume \"pv\"");
        create(claim("kept", "immediate").withMetadata(new ObjectMetaBuilder().withName("kept").withNamespace("default").withFinalizers("example.com/stay").build()));
        refused("patient", "pod has unbound immediate PersistentVolumeClaims", of("kept"));
        client.of(Kind.PERSISTENT_VOLUME_CLAIM).delete(new ObjectKey("red", "default", "kept"), Deletion.ordinary());
        told("patient", "persistentvolumeclaim \"kept\" is being deleted");
    }

    private void lose(String claim) {
        client.of(Kind.PERSISTENT_VOLUME_CLAIM).change(new ObjectKey("red", "default", claim), "status",
                now -> new PersistentVolumeClaimBuilder(now).withNewStatus().withPhase("Lost").endStatus().build());
    }

    private static Volume ephemeral() {
        return new VolumeBuilder().withName("scratch").withNewEphemeral().withVolumeClaimTemplate(null).endEphemeral().build();
    }

    @Test
    void volumesThatAreElsewhere() {
        create(bound("nowhere", "not-there"));
        refused("lonely", "2 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)", of("nowhere"));
        volume("far", "c");
        create(bound("away", "far"));
        refused("far", "2 node(s) didn't match PersistentVolume's node affinity", of("away"));
        create(claim("wish", "waitforfirstconsumer"));
        refused("wishing", "2 node(s) didn't find available persistent volumes to bind", of("wish"));
        volume("near", "a");
        create(bound("here", "near"));
        refused("torn", "1 node(s) didn't match PersistentVolume's node affinity, 2 node(s) didn't find available persistent volumes to bind", of("here"), of("wish"));
        refused("split", "2 node(s) didn't match PersistentVolume's node affinity", of("here"), of("away"));
    }
}
