package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.LifecycleHandler;
import io.fabric8.kubernetes.api.model.LifecycleHandlerBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Hooks that fail, and those that only wait.
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ConformanceHooksTest extends KubeletHarness {

    private static LifecycleHandler asking(String program) {
        return new LifecycleHandlerBuilder().withNewExec().withCommand(program).endExec().build();
    }

    private static LifecycleHandler waiting(long seconds) {
        return new LifecycleHandlerBuilder().withNewSleep(seconds).build();
    }

    private static PodBuilder ending(LifecycleHandler hook, long graceSeconds) {
        return pod("web").editSpec().withTerminationGracePeriodSeconds(graceSeconds)
                .editContainer(0).withNewLifecycle().withPreStop(hook).endLifecycle().endContainer().endSpec();
    }

    private void delete() {
        client.of(Kind.POD).delete(key("web"), Deletion.ordinary());
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(client.of(Kind.POD).find(key("web"))).isEmpty());
    }

    /// How long the container had to end by itself.
    private long secondsToEnd() {
        return cri.calls().stream().filter(call -> call.startsWith("stop main ")).map(call -> Long.parseLong(call.split(" ")[2])).findFirst().orElseThrow();
    }

    /// Upstream's events, as in `pkg/kubelet/kuberuntime/kuberuntime_container.go`: they keep to themselves why, as what a hook prints may be secret.
    private void told(String reason, String message) {
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(events()).anySatisfy(event -> {
            assertThat(event.getReason()).isEqualTo(reason);
            assertThat(event.getMessage()).isEqualTo(message);
        }));
    }

    @Test
    void aPauseBeforeTheEndIsPartOfTheGrace() {
        create(ending(waiting(1), 60).build());
        running("web");
        delete();
        assertThat(secondsToEnd()).isBetween(2L, 59L);
    }

    @Test
    void aPauseEndsWithTheGrace() {
        create(ending(waiting(3600), 1).build());
        running("web");
        delete();
        assertThat(secondsToEnd()).isEqualTo(2);
    }

    /// Upstream's pod_workers.go, calculateEffectiveGracePeriod, and killContainer in kuberuntime_container.go: a second at least for a pod, and two for what then is to end.
    @Test
    void aPodWithoutGraceHasASecondForItsLastActAllTheSame() {
        create(ending(asking("farewell"), 0).editSpec().withActiveDeadlineSeconds(100L).endSpec().build());
        running("web");
        ahead = Duration.ofSeconds(200);
        lookAgain("web");
        eventually("web", pod -> assertThat(pod.getStatus().getReason()).isEqualTo("DeadlineExceeded"));
        assertThat(cri.execs).containsExactly("farewell");
        assertThat(secondsToEnd()).isEqualTo(2);
    }

    @Test
    void aContainerMayPauseAfterItsStart() {
        create(pod("web").editSpec().editContainer(0).withNewLifecycle().withPostStart(waiting(1)).endLifecycle().endContainer().endSpec().build());
        running("web");
        assertThat(Duration.ofNanos(System.currentTimeMillis() * 1_000_000L - cri.runsOf("main").getFirst().startedAt)).isGreaterThan(Duration.ofMillis(900));
    }

    @Test
    void aContainerWhoseFirstActFailsIsEnded() {
        cri.execExitCodes.put("hello", 3);
        create(pod("web").editSpec().withRestartPolicy("Never")
                .editContainer(0).withNewLifecycle().withPostStart(asking("hello")).endLifecycle().endContainer().endSpec().build());
        eventually("web", pod -> {
            assertThat(pod.getStatus().getPhase()).isEqualTo("Failed");
            assertThat(main(pod).getState().getTerminated().getExitCode()).isEqualTo(143);
        });
        told("FailedPostStartHook", "PostStartHook failed");
        told("Killing", "FailedPostStartHook");
        assertThat(secondsToEnd()).isEqualTo(5);
    }

    @Test
    void aContainerWhoseFirstActFailsIsStartedAgainWhereThePolicySaysSo() {
        cri.execExitCodes.put("hello", 3);
        create(pod("web").editSpec().editContainer(0).withNewLifecycle().withPostStart(asking("hello")).endLifecycle().endContainer().endSpec().build());
        told("FailedPostStartHook", "PostStartHook failed");
        cri.execExitCodes.put("hello", 0);
        running("web");
        assertThat(main(read("web")).getRestartCount()).isPositive();
    }

    @Test
    void aPodThatIsDeletedWhileItsFirstActHangsEnds() {
        cri.hangingExecs.add("hello");
        create(pod("web").editSpec().editContainer(0).withNewLifecycle().withPostStart(asking("hello")).endLifecycle().endContainer().endSpec().build());
        await().atMost(Duration.ofSeconds(60)).until(() -> cri.execs.contains("hello"));
        delete();
        assertThat(events()).extracting(Event::getReason).doesNotContain("FailedPostStartHook");
    }

    @Test
    void aPodThatIsDeletedWhileItPausesAfterItsStartEnds() {
        create(pod("web").editSpec().editContainer(0).withNewLifecycle().withPostStart(waiting(3600)).endLifecycle().endContainer().endSpec().build());
        await().atMost(Duration.ofSeconds(60)).until(() -> cri.calls().contains("start main"));
        delete();
    }

    /// What is to end after its first act has the pod's grace for it, and the pod may be deleted meanwhile.
    @Test
    void aPodThatIsDeletedWhileItsContainerEndsForItsFirstActEnds() {
        cri.execExitCodes.put("hello", 3);
        cri.ignoreTerm = true;
        create(pod("web").editSpec().withTerminationGracePeriodSeconds(600L)
                .editContainer(0).withNewLifecycle().withPostStart(asking("hello")).endLifecycle().endContainer().endSpec().build());
        await().atMost(Duration.ofSeconds(60)).until(() -> cri.calls().contains("stop main 600"));
        client.of(Kind.POD).delete(key("web"), new Deletion(1L, null));
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(client.of(Kind.POD).find(key("web"))).isEmpty());
    }

    @Test
    void aLastActThatFailsKeepsNothingFromEnding() {
        cri.execExitCodes.put("farewell", 4);
        create(ending(asking("farewell"), 60).build());
        running("web");
        delete();
        told("FailedPreStopHook", "PreStopHook failed");
        assertThat(cri.calls()).filteredOn(call -> call.startsWith("stop main ")).hasSize(1);
    }
}
