package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.hypernetes.kubelet.cri.ObservedContainer;
import io.hypernetes.kubelet.cri.ObservedContainer.State;
import io.hypernetes.kubelet.cri.ObservedPod;
import io.hypernetes.kubelet.cri.ObservedSandbox;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StatusOfTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:10:00Z");

    private static Pod pod(String policy, String... containers) {
        PodBuilder pod = new PodBuilder().withNewMetadata().withName("p").withNamespace("n").withUid("u").endMetadata()
                .withNewSpec().withRestartPolicy(policy).endSpec();
        for (String name : containers) {
            pod.editSpec().addNewContainer().withName(name).withImage("i").endContainer().endSpec();
        }
        return pod.build();
    }

    private static ObservedContainer container(String name, int attempt, State state, int code) {
        return new ObservedContainer(name + attempt, "s", name, attempt, state, NOW.minusSeconds(60 - attempt), NOW.minusSeconds(50),
                state == State.EXITED ? NOW.minusSeconds(10) : null, code, "", "", "sha256:x", Map.of(), "", null, "");
    }

    private static ObservedPod seen(ObservedContainer... containers) {
        return new ObservedPod(List.of(new ObservedSandbox("s", 0, true, NOW, List.of("10.0.0.2"), Map.of(), Map.of())), List.of(containers));
    }

    private static PodStatus status(Pod pod, ObservedPod seen, Map<String, Waiting> waits, boolean ending, PodStatus last) {
        Readiness all = new Readiness() {
            @Override
            public boolean started(Container container, ObservedContainer running) {
                return true;
            }

            @Override
            public boolean ready(Container container, ObservedContainer running) {
                return true;
            }
        };
        return new StatusOf(pod, seen, last, waits, all, ending, "192.0.2.1", NOW, ended -> "").build();
    }

    /// Upstream's status_manager.go, TerminatePod.
    @Test
    void whatNeverBeganHasFailedWhenItsPodHasComeToItsEnd() {
        Map<String, Waiting> waits = Map.of("b", new Waiting("ImagePullBackOff", "Back-off pulling image"));
        PodStatus status = status(pod("Always", "a", "b"), seen(container("a", 0, State.EXITED, 0)), waits, true, new PodStatus());
        assertThat(status.getPhase()).isEqualTo("Failed");
        assertThat(status.getContainerStatuses().getFirst().getState().getTerminated().getReason()).isEqualTo("Completed");
        assertThat(status.getContainerStatuses().get(1).getState().getWaiting()).isNull();
        assertThat(status.getContainerStatuses().get(1).getState().getTerminated()).satisfies(end -> {
            assertThat(end.getReason()).isEqualTo("ContainerStatusUnknown");
            assertThat(end.getExitCode()).isEqualTo(137);
            assertThat(end.getMessage()).isEqualTo("The container could not be located when the pod was terminated");
        });
    }

    @Test
    void whatWaitsBehindAnInitialisationThatWasNeverDoneSaysSoStill() {
        Pod pod = pod("Always", "a").edit().editSpec().addNewInitContainer().withName("x").withImage("i").endInitContainer()
                .addNewInitContainer().withName("y").withImage("i").endInitContainer().endSpec().build();
        PodStatus status = status(pod, seen(), Map.of("x", new Waiting("ErrImagePull", "")), true, new PodStatus());
        assertThat(status.getPhase()).isEqualTo("Failed");
        assertThat(status.getInitContainerStatuses().getFirst().getState().getTerminated().getReason()).isEqualTo("ContainerStatusUnknown");
        assertThat(status.getInitContainerStatuses().get(1).getState().getWaiting().getReason()).isEqualTo("PodInitializing");
        assertThat(status.getContainerStatuses().getFirst().getState().getWaiting().getReason()).isEqualTo("PodInitializing");
    }

    /// a and b: r running, 0 or 1 ended with that code, - never started, w ended with 1 and waiting for its restart.
    @ParameterizedTest
    @CsvSource({
        "Always,    r, r, false, Running",
        "Always,    r, -, false, Pending",
        "Always,    -, -, false, Pending",
        "Always,    0, 0, false, Running",
        "Always,    1, r, false, Running",
        "Always,    w, w, false, Running",
        "Always,    0, 0, true,  Succeeded",
        "Always,    0, 1, true,  Failed",
        "OnFailure, 0, 0, false, Succeeded",
        "OnFailure, 0, 1, false, Running",
        "OnFailure, 0, r, false, Running",
        "OnFailure, 0, w, false, Running",
        "OnFailure, 1, 0, true,  Failed",
        "Never,     0, 0, false, Succeeded",
        "Never,     0, 1, false, Failed",
        "Never,     1, r, false, Running",
        "Never,     1, -, false, Pending",
        "Never,     -, -, true,  Failed",
    })
    void phases(String policy, char a, char b, boolean ending, String phase) {
        List<ObservedContainer> runs = new java.util.ArrayList<>();
        Map<String, Waiting> waits = new java.util.HashMap<>();
        for (String name : List.of("a", "b")) {
            char state = name.equals("a") ? a : b;
            if (state == 'r') {
                runs.add(container(name, 0, State.RUNNING, 0));
            } else if (state != '-') {
                runs.add(container(name, 0, State.EXITED, state == '0' ? 0 : 1));
            }
            if (state == 'w') {
                waits.put(name, new Waiting("CrashLoopBackOff", "back-off"));
            }
        }
        PodStatus status = status(pod(policy, "a", "b"), seen(runs.toArray(ObservedContainer[]::new)), waits, ending, new PodStatus());
        assertThat(status.getPhase()).isEqualTo(phase);
    }

    @Test
    void aWaitingRestartShowsTheLastRunAsLastState() {
        PodStatus status = status(pod("Always", "a"), seen(container("a", 2, State.EXITED, 3), container("a", 1, State.EXITED, 4)),
                Map.of("a", new Waiting("CrashLoopBackOff", "back-off 40s")), false, new PodStatus());
        ContainerStatus a = status.getContainerStatuses().getFirst();
        assertThat(a.getState().getWaiting().getReason()).isEqualTo("CrashLoopBackOff");
        assertThat(a.getLastState().getTerminated().getExitCode()).isEqualTo(3);
        assertThat(a.getRestartCount()).isEqualTo(2);
        assertThat(a.getReady()).isFalse();
    }

    /// The API refuses that what ended well and is not always started again be anything but ended (`ValidateContainerStateTransition` of
    /// pkg/apis/core/validation/validation.go); a pod that lost its machine runs its init containers once more.
    @Test
    void aRepeatedInitializationIsToldAsDoneUntilItFails() {
        Pod pod = pod("OnFailure", "main");
        pod.getSpec().setInitContainers(List.of(new ContainerBuilder().withName("prepare").withImage("i").build()));
        PodStatus done = status(pod, seen(container("prepare", 0, State.EXITED, 0), container("main", 0, State.RUNNING, 0)), Map.of(), false, new PodStatus());
        ContainerStatus first = done.getInitContainerStatuses().getFirst();
        assertThat(first.getState().getTerminated().getExitCode()).isZero();

        assertThat(status(pod, seen(), Map.of("prepare", new Waiting("ContainerCreating", "")), false, done).getInitContainerStatuses()).containsExactly(first);
        assertThat(status(pod, seen(container("prepare", 1, State.RUNNING, 0)), Map.of(), false, done).getInitContainerStatuses()).containsExactly(first);
        Map<String, Waiting> backOff = Map.of("prepare", new Waiting("CrashLoopBackOff", "back-off"));
        PodStatus failed = status(pod, seen(container("prepare", 1, State.EXITED, 3)), backOff, false, done);
        assertThat(failed.getInitContainerStatuses().getFirst().getState().getTerminated().getExitCode()).isEqualTo(3);
        PodStatus waiting = status(pod, seen(container("prepare", 1, State.EXITED, 3)), backOff, false, failed);
        assertThat(waiting.getInitContainerStatuses().getFirst().getState().getWaiting().getReason()).isEqualTo("CrashLoopBackOff");
        // As long as the API has not got the failure.
        pod.setStatus(done);
        assertThat(status(pod, seen(container("prepare", 1, State.EXITED, 3)), backOff, false, failed).getInitContainerStatuses().getFirst().getState().getTerminated().getExitCode())
                .isEqualTo(3);
        assertThat(status(pod, seen(container("prepare", 2, State.RUNNING, 0)), Map.of(), false, waiting).getInitContainerStatuses()).containsExactly(first);
        PodStatus always = status(pod("Always", "main").edit().editSpec().withInitContainers(pod.getSpec().getInitContainers()).endSpec().build(),
                seen(container("prepare", 1, State.RUNNING, 0)), Map.of(), false, done);
        assertThat(always.getInitContainerStatuses().getFirst().getState().getRunning()).isNotNull();
    }

    @Test
    void aRunningRestartShowsTheRunBefore() {
        PodStatus status = status(pod("Always", "a"), seen(container("a", 2, State.RUNNING, 0), container("a", 1, State.EXITED, 4)),
                Map.of(), false, new PodStatus());
        ContainerStatus a = status.getContainerStatuses().getFirst();
        assertThat(a.getState().getRunning()).isNotNull();
        assertThat(a.getLastState().getTerminated().getExitCode()).isEqualTo(4);
        assertThat(a.getReady()).isTrue();
        assertThat(status.getPodIP()).isEqualTo("10.0.0.2");
    }

    @Test
    void transitionTimesMoveOnlyWithTheirStatus() {
        Pod pod = pod("Always", "a");
        PodStatus first = status(pod, seen(container("a", 0, State.RUNNING, 0)), Map.of(), false, new PodStatus());
        PodStatus old = first.edit().withConditions(first.getConditions().stream()
                .map(each -> each.edit().withLastTransitionTime("2025-01-01T00:00:00Z").build()).toList()).build();
        PodStatus same = status(pod, seen(container("a", 0, State.RUNNING, 0)), Map.of(), false, old);
        assertThat(same.getConditions()).extracting(PodCondition::getLastTransitionTime).containsOnly("2025-01-01T00:00:00Z");
        PodStatus ended = status(pod, seen(container("a", 0, State.EXITED, 1)), Map.of(), false, old);
        assertThat(ended.getConditions()).filteredOn(each -> each.getType().equals("Ready"))
                .singleElement().satisfies(each -> {
                    assertThat(each.getStatus()).isEqualTo("False");
                    assertThat(each.getReason()).isEqualTo("ContainersNotReady");
                    assertThat(each.getMessage()).isEqualTo("containers with unready status: [a]");
                    assertThat(each.getLastTransitionTime()).isEqualTo("2026-01-01T00:10:00Z");
                });
    }

    @Test
    void whatTheRuntimeForgotIsTakenFromTheApi() {
        Pod pod = pod("Never", "a");
        PodStatus ended = status(pod, seen(container("a", 0, State.EXITED, 5)), Map.of(), true, new PodStatus());
        PodStatus later = status(pod, ObservedPod.NOTHING, Map.of(), true, ended);
        assertThat(later.getContainerStatuses().getFirst().getState().getTerminated().getExitCode()).isEqualTo(5);
        assertThat(later.getPhase()).isEqualTo("Failed");
        assertThat(later.getPodIP()).isEqualTo("10.0.0.2");
    }
}
