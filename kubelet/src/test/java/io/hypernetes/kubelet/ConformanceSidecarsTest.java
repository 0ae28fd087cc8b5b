package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.ProbeBuilder;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.cri.v1.ContainerState;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Init containers that stay: how they begin, go on and end beside the others of their pod.
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ConformanceSidecarsTest extends KubeletHarness {

    private static ContainerBuilder container(String name) {
        return new ContainerBuilder().withName(name).withImage("app:1").withImagePullPolicy("IfNotPresent");
    }

    private static Container sidecar(String name) {
        return container(name).withRestartPolicy("Always").build();
    }

    /// Sidecar `s1`, sidecar `s2` with a startup probe, init container `init`, container `main`.
    private static PodBuilder served(String policy) {
        Container probed = container("s2").withRestartPolicy("Always")
                .withStartupProbe(new ProbeBuilder().withNewExec().withCommand("s2-up").endExec().withPeriodSeconds(1).withFailureThreshold(600).build()).build();
        return pod("web").editSpec().withRestartPolicy(policy).withTerminationGracePeriodSeconds(600L)
                .withInitContainers(sidecar("s1"), probed, container("init").build()).endSpec();
    }

    private void comeUp(String policy) {
        create(served(policy).build());
        awaitRuns("init", 1);
        cri.exit("init", 0);
        running("web");
    }

    private void awaitRuns(String name, int count) {
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(cri.runsOf(name)).hasSize(count));
    }

    private void awaitCall(String start) {
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(cri.calls()).anyMatch(call -> call.startsWith(start)));
    }

    private List<String> calls(String verb) {
        return cri.calls().stream().filter(call -> call.startsWith(verb + " ")).map(call -> call.split(" ")[1]).toList();
    }

    private static ContainerStatus init(Pod pod, String name) {
        return pod.getStatus().getInitContainerStatuses().stream().filter(each -> each.getName().equals(name)).findFirst().orElseThrow();
    }

    @Test
    void eachBeginsWhenTheOneBeforeHasStarted() {
        cri.execExitCodes.put("s2-up", 1);
        create(served("Always").build());
        await().atMost(Duration.ofSeconds(60)).until(() -> cri.execs.size() >= 2);
        assertThat(calls("start")).containsExactly("s1", "s2");
        eventually("web", pod -> {
            assertThat(init(pod, "s1").getStarted()).isTrue();
            assertThat(init(pod, "s2").getStarted()).isFalse();
            assertThat(init(pod, "s2").getState().getRunning()).isNotNull();
            assertThat(pod.getStatus().getPhase()).isEqualTo("Pending");
            assertThat(condition(pod, "Initialized")).isEqualTo("False");
        });
        cri.execExitCodes.put("s2-up", 0);
        awaitRuns("init", 1);
        assertThat(cri.runsOf("main")).isEmpty();
        cri.exit("init", 0);
        running("web");
        assertThat(calls("start")).containsExactly("s1", "s2", "init", "main");
        eventually("web", pod -> {
            assertThat(condition(pod, "Initialized")).isEqualTo("True");
            assertThat(init(pod, "s1").getReady()).isTrue();
            assertThat(init(pod, "s2").getStarted()).isTrue();
        });
    }

    @Test
    void oneThatEndsIsStartedAgainWhateverThePolicy() {
        comeUp("Never");
        cri.exit("s1", 1);
        eventually("web", pod -> {
            assertThat(pod.getStatus().getPhase()).isEqualTo("Running");
            assertThat(init(pod, "s1").getRestartCount()).isEqualTo(1);
            assertThat(init(pod, "s1").getReady()).isTrue();
            assertThat(condition(pod, "Initialized")).isEqualTo("True");
        });
        assertThat(calls("start")).containsExactly("s1", "s2", "init", "main", "s1");
        assertThat(main(read("web")).getRestartCount()).isZero();
    }

    @Test
    void aPodIsOverWhenItsContainersAreNotItsSidecars() {
        comeUp("Never");
        cri.exit("main", 0);
        eventually("web", pod -> {
            assertThat(pod.getStatus().getPhase()).isEqualTo("Succeeded");
            assertThat(init(pod, "s1").getState().getTerminated()).isNotNull();
            assertThat(init(pod, "s2").getState().getTerminated()).isNotNull();
        });
        assertThat(calls("stop")).containsExactly("s2", "s1");
        assertThat(cri.runsOf("s1")).hasSize(1);
    }

    @Test
    void theyEndAfterTheOthersAndTheLastOneFirst() {
        comeUp("Always");
        cri.ignoreTerm = true;
        client.of(Kind.POD).delete(key("web"), Deletion.ordinary());
        awaitCall("stop main");
        assertThat(calls("stop")).containsExactly("main");
        cri.exit("main", 0);
        awaitCall("stop s2");
        assertThat(calls("stop")).containsExactly("main", "s2");
        cri.exit("s2", 0);
        awaitCall("stop s1");
        cri.exit("s1", 0);
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(client.of(Kind.POD).find(key("web"))).isEmpty());
        assertThat(calls("stop")).containsExactly("main", "s2", "s1");
    }

    /// Those whose time went by while they waited have two seconds still, and together.
    @Test
    void whenTheTimeIsOverNoneWaitsForAnother() {
        comeUp("Always");
        cri.ignoreTerm = true;
        client.of(Kind.POD).delete(key("web"), Deletion.ordinary());
        awaitCall("stop main");
        ahead = ahead.plusSeconds(600);
        cri.exit("main", 137);
        awaitCall("stop s1 2");
        awaitCall("stop s2 2");
        assertThat(cri.runsOf("s2")).singleElement().satisfies(run -> assertThat(run.state).isEqualTo(ContainerState.CONTAINER_RUNNING));
        cri.exit("s2", 0);
        cri.exit("s1", 0);
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(client.of(Kind.POD).find(key("web"))).isEmpty());
    }

    /// What a sidecar wants to do before it ends it does at once, though it goes on for the others.
    @Test
    void theirHooksDoNotWait() {
        create(served("Always").editSpec().editInitContainer(0)
                .withNewLifecycle().withNewPreStop().withNewExec().withCommand("farewell").endExec().endPreStop().endLifecycle().endInitContainer().endSpec().build());
        awaitRuns("init", 1);
        cri.exit("init", 0);
        running("web");
        cri.ignoreTerm = true;
        client.of(Kind.POD).delete(key("web"), Deletion.ordinary());
        await().atMost(Duration.ofSeconds(60)).until(() -> cri.execs.contains("farewell"));
        awaitCall("stop main");
        assertThat(calls("stop")).containsExactly("main");
        cri.exit("main", 0);
        awaitCall("stop s2");
        cri.exit("s2", 0);
        awaitCall("stop s1");
        cri.exit("s1", 0);
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(client.of(Kind.POD).find(key("web"))).isEmpty());
        assertThat(cri.execs.stream().filter("farewell"::equals)).hasSize(1);
    }
}
