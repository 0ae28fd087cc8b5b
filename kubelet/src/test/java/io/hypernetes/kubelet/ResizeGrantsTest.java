package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Whatever state its containers are in, a pod has no more than its node granted, whatever its spec asks for meanwhile (upstream's pkg/kubelet/allocation).
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ResizeGrantsTest extends KubeletHarness {
    private static final long GRANTED = 64L << 20;

    @Test
    void aContainerThatKeepsEndingBeginsAgainWithWhatWasGranted() {
        crashing("web");
        resize("web", "1000Ti");
        refused("web");
        beginsAgain("web");
        refused("web");
        assertThat(cri.runsOf("main")).allMatch(run -> run.resources().getMemoryLimitInBytes() == GRANTED);
    }

    @Test
    void aKubeletThatWasKilledKnowsWhatWasGrantedToContainersThatDoNotRun() throws Exception {
        crashing("web");
        resize("web", "1000Ti");
        refused("web");
        kubelet.close();
        kubelet = kubelet();
        beginsAgain("web");
        refused("web");
        assertThat(cri.runsOf("main")).allMatch(run -> run.resources().getMemoryLimitInBytes() == GRANTED);
    }

    @Test
    void whatFitsIsGrantedToAContainerThatDoesNotRun() {
        crashing("web");
        resize("web", "96Mi");
        eventually("web", pod -> {
            assertThat(main(pod).getAllocatedResources()).containsEntry("memory", new Quantity("96Mi"));
            assertThat(main(pod).getResources().getLimits()).containsEntry("memory", new Quantity("96Mi"));
            assertThat(pending(pod)).isEmpty();
        });
        beginsAgain("web");
        assertThat(cri.runsOf("main").getLast().resources().getMemoryLimitInBytes()).isEqualTo(96L << 20);
    }

    @Test
    void aContainerThatNeverRanBeginsWithWhatWasGranted() {
        cri.pullFailure = "no such image";
        create(limited("web"));
        eventually("web", pod -> assertThat(main(pod).getState().getWaiting().getReason()).isIn("ErrImagePull", "ImagePullBackOff"));
        resize("web", "1000Ti");
        refused("web");
        cri.pullFailure = "";
        ahead = Duration.ofMinutes(20);
        lookAgain("web");
        running("web");
        refused("web");
        assertThat(cri.runsOf("main").getLast().resources().getMemoryLimitInBytes()).isEqualTo(GRANTED);
    }

    @Test
    void aContainerThatWasGrantedNothingIsNotGivenAllItAsksFor() {
        create(limited("web").edit().editSpec().addNewContainer().withName("b").withImage("app:1").withImagePullPolicy("IfNotPresent").endContainer().endSpec().build());
        running("web");
        change("web", pod -> pod.edit().editSpec().editContainer(1).withResources(memory("1000Ti")).endContainer().endSpec().build());
        eventually("web", pod -> {
            assertThat(pending(pod).orElseThrow().getReason()).isEqualTo("Infeasible");
            ContainerStatus b = pod.getStatus().getContainerStatuses().get(1);
            assertThat(b.getAllocatedResources()).isNullOrEmpty();
            assertThat(b.getResources()).as("what says that nothing was granted").isEqualTo(new ResourceRequirements());
        });
        assertThat(cri.runsOf("b").getLast().updated).isNull();
    }

    @Test
    void aSidecarIsNotGivenAllItAsksFor() {
        create(limited("web").edit().editSpec().addNewInitContainer().withName("side").withImage("app:1").withImagePullPolicy("IfNotPresent")
                .withRestartPolicy("Always").withResources(memory("32Mi")).endInitContainer().endSpec().build());
        running("web");
        change("web", pod -> pod.edit().editSpec().editInitContainer(0).withResources(memory("1000Ti")).endInitContainer().endSpec().build());
        eventually("web", pod -> {
            assertThat(pending(pod).orElseThrow().getReason()).isEqualTo("Infeasible");
            assertThat(pod.getStatus().getInitContainerStatuses().getFirst().getAllocatedResources()).containsEntry("memory", new Quantity("32Mi"));
        });
        assertThat(cri.runsOf("side").getLast().updated).isNull();
    }

    @Test
    void theNextMachineIsMadeForWhatWasGranted() {
        cri.podCidr = "10.88.0.0/24";
        create(limited("web"));
        running("web");
        resize("web", "1000Ti");
        refused("web");
        cri.crashMachines();
        eventually("web", pod -> {
            assertThat(main(pod).getRestartCount()).isEqualTo(1);
            assertThat(main(pod).getState().getRunning()).isNotNull();
        });
        assertThat(cri.sandboxes.values()).extracting(sandbox -> sandbox.config.getMetadata().getAttempt()).contains(1);
        assertThat(cri.sandboxes.values()).allMatch(sandbox -> sandbox.config.getLinux().getResources().getMemoryLimitInBytes() == GRANTED);
        assertThat(cri.runsOf("main").getLast().resources().getMemoryLimitInBytes()).isEqualTo(GRANTED);
    }

    /// What one container got is undone when the runtime cannot give another one its part.
    @Test
    void aResizeThatTheRuntimeRefusesIsUndone() {
        create(limited("web").edit().editSpec().addNewContainer().withName("b").withImage("app:1").withImagePullPolicy("IfNotPresent")
                .withResources(memory("64Mi")).endContainer().endSpec().build());
        running("web");
        cri.updateFailure = "the machine has 128 MiB";
        cri.updateFailureOf = "b";
        change("web", pod -> pod.edit().editSpec().editContainer(0).withResources(memory("32Mi")).endContainer()
                .editContainer(1).withResources(memory("200Mi")).endContainer().endSpec().build());
        eventually("web", pod -> {
            assertThat(pending(pod).orElseThrow().getReason()).isEqualTo("Infeasible");
            assertThat(pod.getStatus().getContainerStatuses()).allMatch(each -> each.getAllocatedResources().get("memory").equals(new Quantity("64Mi")));
            assertThat(cri.runsOf("main").getFirst().resources().getMemoryLimitInBytes()).isEqualTo(GRANTED);
        });
        assertThat(cri.calls()).contains("update main " + (32L << 20), "update main " + GRANTED);
    }

    /// To a runtime an amount of 0 is one that stays.
    @Test
    void aLimitThatAContainerDidNotHaveIsTakenBackToo() {
        create(limitedBeside());
        running("web");
        cri.updateFailure = "the machine has 128 MiB";
        cri.updateFailureOf = "b";
        bothMore();
        eventually("web", pod -> {
            assertThat(pending(pod).orElseThrow().getReason()).isEqualTo("Infeasible");
            assertThat(cri.calls()).filteredOn(call -> call.startsWith("update main ")).hasSizeGreaterThanOrEqualTo(2);
            assertThat(cri.runsOf("main").getFirst().resources().getCpuQuota()).isZero();
        });
        lookAgain("web");
        assertThat(cri.calls()).filteredOn(call -> call.startsWith("update main ")).hasSize(2);
    }

    @Test
    void aRuntimeThatDoesNotDoWhatItSaysIsNotAskedWithoutPause() {
        create(limitedBeside());
        running("web");
        cri.updatesNothing = true;
        bothMore();
        eventually("web", pod -> assertThat(cri.calls()).anyMatch(call -> call.startsWith("update b ")));
        await().during(Duration.ofSeconds(1)).atMost(Duration.ofSeconds(20))
                .until(() -> cri.calls().stream().filter(call -> call.startsWith("update main ")).count() < 10);
    }

    /// Nothing is granted to it meanwhile, and who counts by its status must not take it for one that may get all it asks for.
    @Test
    void aPodThatStandsStillAfterItsKubeletWasKilledStillHasItsResizePending() throws Exception {
        cri.podCidr = "10.88.0.0/24";
        cri.podCalls.cannotCheckpoint = true;
        create(limited("web"));
        running("web");
        resize("web", "1000Ti");
        refused("web");
        kubelet.close();
        suspend("web");
        kubelet = kubelet();
        eventually("web", pod -> assertThat(main(pod).getState().getWaiting().getReason()).isEqualTo("TenantSuspended"));
        assertThat(pending(read("web"))).isPresent();
    }

    private static Pod limitedBeside() {
        return pod("web").editSpec().addNewContainer().withName("b").withImage("app:1").withImagePullPolicy("IfNotPresent")
                .withResources(memory("64Mi")).endContainer().endSpec().build();
    }

    private void bothMore() {
        change("web", pod -> pod.edit().editSpec()
                .editContainer(0).withNewResources().addToLimits("cpu", new Quantity("30m")).addToRequests("cpu", new Quantity("2m")).endResources().endContainer()
                .editContainer(1).withResources(memory("200Mi")).endContainer().endSpec().build());
    }

    private void crashing(String name) {
        create(limited(name));
        running(name);
        cri.exit("main", 1);
        eventually(name, pod -> assertThat(main(pod).getRestartCount()).isEqualTo(1));
        cri.exit("main", 1);
        eventually(name, pod -> assertThat(main(pod).getState().getWaiting().getReason()).isEqualTo("CrashLoopBackOff"));
    }

    private void beginsAgain(String name) {
        ahead = Duration.ofMinutes(20);
        lookAgain(name);
        eventually(name, pod -> assertThat(main(pod).getState().getRunning()).isNotNull());
        assertThat(main(read(name)).getRestartCount()).isEqualTo(2);
    }

    private void refused(String name) {
        eventually(name, pod -> {
            assertThat(pending(pod).orElseThrow().getReason()).isEqualTo("Infeasible");
            assertThat(main(pod).getAllocatedResources()).containsEntry("memory", new Quantity("64Mi"));
            assertThat(main(pod).getResources().getLimits()).containsEntry("memory", new Quantity("64Mi"));
        });
    }

    private static Optional<PodCondition> pending(Pod pod) {
        return pod.getStatus().getConditions().stream().filter(each -> each.getType().equals("PodResizePending")).findFirst();
    }

    private static Pod limited(String name) {
        return pod(name).editSpec().editContainer(0).withResources(memory("64Mi")).endContainer().endSpec().build();
    }

    private static ResourceRequirements memory(String amount) {
        return new ResourceRequirementsBuilder().addToLimits("memory", new Quantity(amount)).addToRequests("memory", new Quantity(amount)).build();
    }

    private void resize(String name, String amount) {
        change(name, pod -> pod.edit().editSpec().editContainer(0).withResources(memory(amount)).endContainer().endSpec().build());
    }
}
