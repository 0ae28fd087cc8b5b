package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A tenant that is resumed, or a pod that is deleted, before all that is done for a suspension is done.
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SuspensionTakenBackTest extends KubeletHarness {
    private static final Duration SOON = Duration.ofSeconds(20);

    /// One whose main container is asked to end and does not yet, so that its sidecar never was.
    private void suspendAndResume() {
        cri.podCalls.cannotCheckpoint = true;
        cri.ignoreTerm = true;
        create(withSidecar());
        running("web");
        suspend("web");
        await().atMost(SOON).until(() -> secondsToEnd().size() == 1 && cri.execs.contains("farewell"));
        resume("web");
        await().atMost(SOON).until(() -> kubelet.pods().pods().stream().noneMatch(pod -> pod.getMetadata().getAnnotations().containsKey("hypernetes.io/suspended")));
        // The second look begins when the first is over.
        lookAgain("web");
        lookAgain("web");
    }

    private static Pod withSidecar() {
        return pod("web").editSpec().withTerminationGracePeriodSeconds(600L)
                .addToInitContainers(new ContainerBuilder().withName("proxy").withImage("app:1").withImagePullPolicy("IfNotPresent").withRestartPolicy("Always")
                        .withNewLifecycle().withNewPreStop().withNewExec().withCommand("farewell").endExec().endPreStop().endLifecycle()
                        .withNewLivenessProbe().withNewExec().withCommand("alive").endExec().withPeriodSeconds(1).withFailureThreshold(1).endLivenessProbe()
                        .build())
                .endSpec().build();
    }

    /// How long the main container had to end by itself, each time.
    private List<Long> secondsToEnd() {
        return cri.calls().stream().filter(call -> call.startsWith("stop main ")).map(call -> Long.parseLong(call.split(" ")[2])).toList();
    }

    @Test
    void aPodThatIsDeletedLaterHasAllItsGrace() {
        suspendAndResume();
        ahead = Duration.ofDays(1);
        cri.exit("main", 0);
        await().atMost(SOON).until(() -> cri.calls().stream().filter("start main"::equals).count() == 2);
        client.of(Kind.POD).delete(key("web"), Deletion.ordinary());
        await().atMost(SOON).until(() -> secondsToEnd().size() == 2);
        assertThat(secondsToEnd()).allSatisfy(seconds -> assertThat(seconds).isBetween(500L, 600L));
        await().atMost(SOON).untilAsserted(() -> assertThat(cri.execs).filteredOn("farewell"::equals).as("its hook runs again").hasSize(2));
    }

    @Test
    void whatGoesOnIsAskedWhetherItLives() {
        suspendAndResume();
        cri.execExitCodes.put("alive", 1);
        await().atMost(SOON).until(() -> cri.calls().stream().anyMatch(call -> call.startsWith("stop proxy ")));
        assertThat(read("web").getStatus().getInitContainerStatuses().getFirst().getStarted()).isTrue();
    }

    @Test
    void theMemoryThatCouldNotBeKeptAtFirstIsKeptWhenTheTenantIsSuspendedAgain() {
        suspendAndResume();
        cri.podCalls.cannotCheckpoint = false;
        suspend("web");
        await().atMost(SOON).until(() -> cri.calls().contains("checkpoint"));
    }

    private void suspendWhileItsMemoryIsWritten() {
        cri.podCalls.checkpointsHang = true;
        create(pod("web").build());
        running("web");
        suspend("web");
        await().atMost(SOON).until(() -> cri.calls().contains("checkpoint hangs"));
    }

    @Test
    void aPodThatIsDeletedWhileItsMemoryIsWrittenEnds() {
        suspendWhileItsMemoryIsWritten();
        client.of(Kind.POD).delete(key("web"), Deletion.ordinary());
        await().atMost(SOON).until(() -> client.of(Kind.POD).find(key("web")).isEmpty());
        assertThat(events()).extracting(Event::getReason).doesNotContain("MemoryNotKept");
    }

    /// Nothing ends in a machine that stands still.
    @ParameterizedTest
    @ValueSource(longs = {0, 1})
    void aPodThatIsDeletedWithoutGraceMeanwhileDoesNotWaitForIt(long graceSeconds) {
        suspendWhileItsMemoryIsWritten();
        cri.deathless = true;
        client.of(Kind.POD).delete(key("web"), new Deletion(graceSeconds, null));
        await().atMost(SOON).until(() -> cri.calls().contains("remove-sandbox"));
        await().atMost(SOON).until(() -> client.of(Kind.POD).find(key("web")).isEmpty());
    }

    /// Which knows of the writing only what the runtime says.
    @Test
    void norDoesOneThatIsDeletedWhileNoKubeletRuns() throws Exception {
        suspendWhileItsMemoryIsWritten();
        kubelet.close();
        cri.deathless = true;
        client.of(Kind.POD).delete(key("web"), new Deletion(1L, null));
        kubelet = kubelet();
        await().atMost(SOON).until(() -> client.of(Kind.POD).find(key("web")).isEmpty());
    }

    /// The runtime begins with the second kubelet's wish when the first one's is done.
    @Test
    void aPodThatAnEarlierKubeletHadWrittenIsNotSaidToBeLost() throws Exception {
        suspendWhileItsMemoryIsWritten();
        kubelet.close();
        kubelet = kubelet();
        await().atMost(SOON).until(() -> cri.calls().stream().filter("checkpoint hangs"::equals).count() == 2);
        cri.podCalls.finishWriting();
        eventually("web", pod -> assertThat(main(pod).getState().getWaiting().getReason()).isEqualTo("TenantSuspended"));
        assertThat(events()).extracting(Event::getReason).doesNotContain("MemoryNotKept");
        assertThat(cri.podCalls.checkpoints).hasSize(1);
        resume("web");
        running("web");
        assertThat(broughtBack()).isEqualTo(1);
    }

    /// It may be written while the second kubelet looks at it.
    @Test
    void whatAnEarlierKubeletHadWrittenIsNotRemovedForAnotherTry() throws Exception {
        suspendWhileItsMemoryIsWritten();
        kubelet.close();
        cri.podCalls.beforeRemoval = cri.podCalls::finishWriting;
        cri.beforeVerboseStatus = cri.podCalls::finishWriting;
        kubelet = kubelet();
        eventually("web", pod -> assertThat(main(pod).getState().getWaiting().getReason()).isEqualTo("TenantSuspended"));
        assertThat(cri.podCalls.checkpoints).hasSize(1);
    }

    /// The first kubelet is killed before it can remove anything, and the machine ends by itself just before it is to be written again.
    @Test
    void aPodDoesNotGoBackToAnEarlierSuspension() throws Exception {
        cri.podCidr = "10.88.0.0/24";
        standsStill();
        cri.podCalls.beforeRemoval = () -> {
            throw new IllegalStateException("nobody removes it");
        };
        resume("web");
        await().atMost(SOON).until(() -> broughtBack() == 1);
        kubelet.close();
        cri.podCalls.beforeRemoval = () -> {};
        AtomicBoolean crashed = new AtomicBoolean();
        cri.beforeVerboseStatus = () -> {
            if (crashed.compareAndSet(false, true)) {
                cri.crashMachines();
            }
        };
        suspend("web");
        kubelet = kubelet();
        await().atMost(SOON).until(crashed::get);
        eventually("web", pod -> assertThat(main(pod).getState().getWaiting().getReason()).isEqualTo("TenantSuspended"));
        resume("web");
        running("web");
        assertThat(broughtBack()).isEqualTo(1);
        assertThat(cri.calls()).filteredOn("start main"::equals).hasSize(2);
    }

    @Test
    void whatIsKeptOfAnEarlierSuspensionMakesWay() {
        standsStill();
        resume("web");
        running("web");
        cri.podCalls.checkpoints.put("suspended-" + read("web").getMetadata().getUid(), "of before");
        suspend("web");
        eventually("web", pod -> assertThat(main(pod).getState().getWaiting().getReason()).isEqualTo("TenantSuspended"));
        assertThat(cri.podCalls.checkpoints).doesNotContainValue("of before").hasSize(1);
        assertThat(events()).extracting(Event::getReason).doesNotContain("MemoryNotKept");
    }

    /// The machine goes on, and the runtime has all the time that it has else.
    @Test
    void aPodThatIsDeletedJustBeforeItsMemoryIsWrittenEndsAsAnyOther() {
        create(pod("web").build());
        running("web");
        cri.deathless = true;
        AtomicBoolean deleted = new AtomicBoolean();
        cri.beforeVerboseStatus = () -> {
            if (read("web").getMetadata().getAnnotations().containsKey("hypernetes.io/suspended") && deleted.compareAndSet(false, true)) {
                client.of(Kind.POD).delete(key("web"), new Deletion(1L, null));
                await().atMost(SOON).until(() -> kubelet.pods().pods().stream().anyMatch(pod -> pod.getMetadata().getDeletionTimestamp() != null));
            }
        };
        suspend("web");
        await().atMost(SOON).until(() -> !secondsToEnd().isEmpty());
        ahead = Duration.ofSeconds(10);
        lookAgain("web");
        lookAgain("web");
        assertThat(cri.calls()).doesNotContain("stop-sandbox");
        cri.exit("main", 137);
        await().atMost(SOON).until(() -> client.of(Kind.POD).find(key("web")).isEmpty());
        assertThat(events()).extracting(Event::getReason).doesNotContain("ExceededGracePeriod");
    }

    @Test
    void aPodThatIsDeletedWhileItIsBroughtBackEnds() {
        create(pod("web").build());
        running("web");
        suspend("web");
        eventually("web", pod -> assertThat(main(pod).getState().getWaiting().getReason()).isEqualTo("TenantSuspended"));
        cri.podCalls.restoresHang = true;
        resume("web");
        await().atMost(SOON).until(() -> cri.calls().contains("restore hangs"));
        client.of(Kind.POD).delete(key("web"), Deletion.ordinary());
        await().atMost(SOON).until(() -> client.of(Kind.POD).find(key("web")).isEmpty());
        assertThat(cri.podCalls.checkpoints).isEmpty();
        assertThat(events()).extracting(Event::getReason).doesNotContain("MemoryNotRestored");
    }

    /// The runtime may still be at it.
    @Test
    void aPodThatIsEvictedWhileItIsBroughtBackHasItsMachineEnded() {
        standsStill();
        cri.podCalls.restoresHang = true;
        resume("web");
        await().atMost(SOON).until(() -> cri.calls().contains("restore hangs"));
        long before = machinesEnded();
        kubelet.pods().evict(read("web").getMetadata().getUid(), "the node is short of memory");
        await().atMost(SOON).untilAsserted(() -> assertThat(machinesEnded()).isGreaterThan(before));
        eventually("web", pod -> assertThat(pod.getStatus().getReason()).isEqualTo("Evicted"));
    }

    private long machinesEnded() {
        return cri.calls().stream().filter("stop-sandbox"::equals).count();
    }

    private void standsStill() {
        create(pod("web").build());
        running("web");
        suspend("web");
        eventually("web", pod -> assertThat(main(pod).getState().getWaiting().getReason()).isEqualTo("TenantSuspended"));
    }

    private long broughtBack() {
        return cri.calls().stream().filter("restore"::equals).count();
    }

    /// What it was is not what it is to go back to, whatever becomes of its machine later.
    @Test
    void aPodThatWasBroughtBackWhenNobodyWaitedForItBeginsAnewWhenItsMachineEnds() {
        cri.podCidr = "10.88.0.0/24";
        standsStill();
        cri.podCalls.restoresAreNotTold = true;
        resume("web");
        await().atMost(SOON).until(() -> broughtBack() == 1);
        running("web");
        await().atMost(SOON).until(() -> cri.podCalls.checkpoints.isEmpty());
        cri.crashMachines();
        eventually("web", pod -> {
            assertThat(main(pod).getRestartCount()).isEqualTo(1);
            assertThat(main(pod).getState().getRunning()).isNotNull();
        });
        assertThat(broughtBack()).isEqualTo(1);
    }

    @Test
    void whatIsKeptOfAPodThatRunsIsGoneAlsoWhenAnEarlierKubeletAskedForIt() throws Exception {
        standsStill();
        kubelet.close();
        resume("web");
        cri.podCalls.checkpoints.keySet().forEach(cri.podCalls::bringBack);
        kubelet = kubelet();
        running("web");
        await().atMost(SOON).until(() -> cri.podCalls.checkpoints.isEmpty());
        assertThat(main(read("web")).getRestartCount()).isZero();
    }

    /// What a runtime began and did not end it undoes, so that nothing of the pod is left but what is kept of it.
    @Test
    void aPodIsBroughtBackThoughTheRuntimeDiedAtTheFirstTry() {
        standsStill();
        cri.podCalls.diesWhileRestoring = true;
        resume("web");
        running("web");
        assertThat(broughtBack()).isEqualTo(1);
        assertThat(cri.calls()).filteredOn("run-sandbox"::equals).as("sandboxes made").hasSize(1);
        assertThat(main(read("web")).getRestartCount()).isZero();
        await().atMost(SOON).until(() -> cri.podCalls.checkpoints.isEmpty());
    }

    @Test
    void aPodOfWhichOnlyItsMemoryIsLeftIsBroughtBackByTheNextKubelet() throws Exception {
        standsStill();
        kubelet.close();
        resume("web");
        synchronized (cri) {
            cri.sandboxes.clear();
            cri.runs.clear();
        }
        kubelet = kubelet();
        running("web");
        assertThat(broughtBack()).isEqualTo(1);
        assertThat(cri.calls()).filteredOn("run-sandbox"::equals).as("sandboxes made").hasSize(1);
    }
}
