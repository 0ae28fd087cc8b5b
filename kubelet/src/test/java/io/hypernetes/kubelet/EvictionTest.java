package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.PersistentVolumeBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.Quantity;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.LocalVolume;
import io.hypernetes.kubelet.eviction.Eviction;
import io.hypernetes.kubelet.eviction.Signals;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EvictionTest extends KubeletHarness {
    private static final ObjectKey SMALL = new ObjectKey("blue", "default", "small");

    @Test
    void whenMemoryIsShortTheCostliestPodEndsAtOnceAndTheOthersStay() {
        create(pod("small").build());
        create(pod("large").build());
        running("small");
        running("large");
        cri.pssBytes.put("small", 40L << 20);
        cri.pssBytes.put("large", 400L << 20);
        // What a pod used is there again when it is gone.
        Signals signals = signals(() -> isReady("large") ? 50L << 20 : 450L << 20, () -> 0.5);
        try (Eviction eviction = eviction(signals)) {
            assertThat(eviction).isNotNull();
            eventually("large", pod -> {
                assertThat(pod.getStatus().getPhase()).isEqualTo("Failed");
                assertThat(pod.getStatus().getReason()).isEqualTo("Evicted");
                assertThat(pod.getStatus().getMessage()).contains("The node was low on resource: memory. Threshold quantity: 100Mi. ", "409600Ki").doesNotContain("available");
                assertThat(pod.getStatus().getContainerStatuses().getFirst().getState().getTerminated()).isNotNull();
                assertThat(disruptions(pod)).singleElement().satisfies(condition -> {
                    assertThat(condition.getStatus()).isEqualTo("True");
                    assertThat(condition.getReason()).isEqualTo("TerminationByKubelet");
                    assertThat(condition.getMessage()).isEqualTo(pod.getStatus().getMessage());
                });
            });
            assertThat(events()).anyMatch(event -> event.getReason().equals("Evicted") && event.getInvolvedObject().getName().equals("large"));
            assertThat(cri.calls()).contains("stop main 2");
        }
        assertThat(read("small").getStatus().getPhase()).isEqualTo("Running");
    }

    /// Each tenant makes priorities for itself.
    @Test
    void aPodWithAHighPriorityOfItsTenantsStaysInThePlaceOfNobodyElses() {
        create(pod("large").editSpec().withPriority(1_000_000_000).endSpec().build());
        client.of(Kind.POD).create("blue", pod("small").build());
        running("large");
        await().until(() -> isRunning(SMALL));
        cri.pssBytes.put("large", 400L << 20);
        cri.pssBytes.put("small", 40L << 20);
        try (Eviction eviction = eviction(signals(() -> isReady("large") ? 50L << 20 : 450L << 20, () -> 0.5))) {
            assertThat(eviction).isNotNull();
            eventually("large", pod -> assertThat(pod.getStatus().getReason()).isEqualTo("Evicted"));
        }
        assertThat(isRunning(SMALL)).isTrue();
    }

    /// A guest that hides what it has written, or is said to have none of it, as with an emptyDir, takes it from the host nevertheless; and so do logs.
    @Test
    void whenTheDiskIsShortPodsGoByWhatTheHostHasOfThem() throws Exception {
        for (String name : List.of("talker", "liar", "honest")) {
            create(pod(name).build());
            running(name);
        }
        cri.saidWritten.putAll(Map.of("talker", 0L, "liar", 0L, "honest", 3L << 20));
        cri.scratchBytes.putAll(Map.of("talker", 1L << 20, "liar", 50L << 20, "honest", 3L << 20));
        Path log = folder.resolve("log/pods/red_default_talker_" + read("talker").getMetadata().getUid() + "/main/0.log.1");
        Files.createDirectories(log.getParent());
        Files.write(log, new byte[8 << 20]);
        try (Eviction eviction = eviction(signals(() -> 450L << 20, () -> isReady("liar") || isReady("talker") ? 0.05 : 0.5))) {
            assertThat(eviction).isNotNull();
            eventually("liar", pod -> assertThat(pod.getStatus().getMessage()).contains("low on resource: ephemeral-storage", "51200Ki"));
            eventually("talker", pod -> assertThat(pod.getStatus().getMessage()).contains("9216Ki"));
        }
        assertThat(read("honest").getStatus().getPhase()).isEqualTo("Running");
    }

    /// Its disk stays when it goes, but then nobody writes on. A disk that has been large for long fills nothing.
    @Test
    void whoFillsTheDiskByAVolumeGoesBeforeOthersWhoHaveALittleMoreThanPromised() {
        AtomicReference<Double> free = new AtomicReference<>(0.5);
        podWithDisk("filler", "red");
        podWithDisk("archive", "blue");
        client.of(Kind.POD).create("green", pod("modest").build());
        await().until(() -> isReady("filler") && isReady("archive") && isReady("modest"));
        cri.scratchBytes.putAll(Map.of("filler", 1L << 20, "archive", 1L << 20, "modest", 30L << 20));
        cri.volumeBytes.putAll(Map.of("filler", Map.of("red/filler", 1L << 20), "archive", Map.of("blue/archive", 500L << 30)));
        AtomicInteger looks = new AtomicInteger();
        Signals signals = signals(() -> 450L << 20, () -> {
            looks.incrementAndGet();
            return isReady("filler") ? free.get() : 0.5;
        });
        try (Eviction eviction = eviction(signals)) {
            assertThat(eviction).isNotNull();
            free.set(0.2);
            int before = looks.get();
            await().until(() -> looks.get() > before + 4);
            cri.volumeBytes.put("filler", Map.of("red/filler", 100L << 30));
            free.set(0.05);
            await().untilAsserted(() -> assertThat(client.of(Kind.POD).get(new ObjectKey("red", "default", "filler")).getStatus().getReason()).isEqualTo("Evicted"));
        }
        assertThat(isRunning(new ObjectKey("green", "default", "modest"))).isTrue();
        assertThat(isRunning(new ObjectKey("blue", "default", "archive"))).isTrue();
    }

    private void podWithDisk(String name, String tenant) {
        PersistentVolumeClaim claim = client.of(Kind.PERSISTENT_VOLUME_CLAIM).create(tenant, new PersistentVolumeClaimBuilder()
                .withNewMetadata().withNamespace("default").withName(name).endMetadata()
                .withNewSpec().withAccessModes("ReadWriteOnce").withVolumeName("pv").endSpec()
                .withNewStatus().withPhase("Bound").addToCapacity("storage", new Quantity("1Ti")).endStatus()
                .build());
        client.of(Kind.PERSISTENT_VOLUME).create(tenant, new PersistentVolumeBuilder()
                .withNewMetadata().withName("pv").endMetadata()
                .withNewSpec().withAccessModes("ReadWriteOnce").addToCapacity("storage", new Quantity("1Ti"))
                .withNewClaimRef().withNamespace("default").withName(name).withUid(claim.getMetadata().getUid()).endClaimRef()
                .withNewCsi().withDriver(LocalVolume.DRIVER).withVolumeHandle("h").addToVolumeAttributes(LocalVolume.NODE, "n1").endCsi()
                .endSpec()
                .build());
        client.of(Kind.POD).create(tenant, pod(name).editSpec()
                .addNewVolume().withName("data").withNewPersistentVolumeClaim().withClaimName(name).endPersistentVolumeClaim().endVolume()
                .endSpec().build());
    }

    private Eviction eviction(Signals signals) {
        return new Eviction(signals, kubelet.runtime(), kubelet.pods(), settings(), Duration.ofMillis(50)).start();
    }

    private boolean isReady(String name) {
        return cri.sandboxes.values().stream().anyMatch(each -> each.config.getMetadata().getName().equals(name)
                && each.state == io.hypernetes.cri.v1.PodSandboxState.SANDBOX_READY);
    }

    private boolean isRunning(ObjectKey key) {
        Pod pod = client.of(Kind.POD).get(key);
        return pod.getStatus() != null && "Running".equals(pod.getStatus().getPhase());
    }

    private static Signals signals(LongSupplier memory, DoubleSupplier disk) {
        return new Signals() {
            @Override
            public long availableMemoryBytes() {
                return memory.getAsLong();
            }

            @Override
            public long diskBytes() {
                return 1L << 40;
            }

            @Override
            public double diskFree() {
                return disk.getAsDouble();
            }
        };
    }

    private static List<PodCondition> disruptions(Pod pod) {
        return pod.getStatus().getConditions().stream().filter(condition -> condition.getType().equals("DisruptionTarget")).toList();
    }

    /// For whoever counts how pods end, as the controller of Jobs does.
    @Test
    void whatOthersSayOfTheEndOfAPodStaysWhenItHasEnded() {
        create(pod("web").editMetadata().withFinalizers("batch.kubernetes.io/job-tracking").endMetadata().build());
        running("web");
        client.of(Kind.POD).change(key("web"), "status", pod -> pod.edit().editStatus().addNewCondition()
                .withType("DisruptionTarget").withStatus("True").withReason("EvictionByEvictionAPI").withMessage("Eviction API: evicting")
                .endCondition().endStatus().build());
        client.of(Kind.POD).delete(key("web"), Deletion.ordinary());
        eventually("web", pod -> {
            assertThat(pod.getStatus().getPhase()).isIn("Failed", "Succeeded");
            assertThat(disruptions(pod)).singleElement().satisfies(condition -> assertThat(condition.getReason()).isEqualTo("EvictionByEvictionAPI"));
        });
    }
}
