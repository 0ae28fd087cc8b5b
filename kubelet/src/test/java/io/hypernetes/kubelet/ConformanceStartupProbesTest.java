package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.ProbeBuilder;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What a container is asked before it counts as started; `ConformanceSidecarsTest` has the startup probe of a sidecar, which holds the others back.
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ConformanceStartupProbesTest extends KubeletHarness {

    private static Probe asking(String program, int failures) {
        return new ProbeBuilder().withNewExec().withCommand(program).endExec().withPeriodSeconds(1).withFailureThreshold(failures).build();
    }

    private void createProbed(int failures) {
        cri.execExitCodes.put("up", 1);
        create(pod("web").editSpec().editContainer(0).withStartupProbe(asking("up", failures))
                .withLivenessProbe(asking("alive", 1)).withReadinessProbe(asking("ready", 1)).endContainer().endSpec().build());
    }

    @Test
    void whatIsAliveAndReadyIsAskedOnceItHasStarted() {
        createProbed(600);
        await().atMost(Duration.ofSeconds(60)).until(() -> cri.execs.size() >= 3);
        assertThat(cri.execs).containsOnly("up");
        eventually("web", pod -> {
            assertThat(main(pod).getState().getRunning()).isNotNull();
            assertThat(main(pod).getStarted()).isFalse();
            assertThat(main(pod).getReady()).isFalse();
        });
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() ->
                assertThat(events()).extracting(Event::getMessage).anyMatch(message -> message.startsWith("Startup probe failed: ")));
        cri.execExitCodes.put("up", 0);
        running("web");
        await().atMost(Duration.ofSeconds(60)).until(() -> cri.execs.contains("alive") && cri.execs.contains("ready"));
        assertThat(main(read("web")).getStarted()).isTrue();
        assertThat(main(read("web")).getRestartCount()).isZero();
        // Once it has started, nobody asks whether it has.
        int first = Math.min(cri.execs.indexOf("alive"), cri.execs.indexOf("ready"));
        assertThat(cri.execs.subList(first, cri.execs.size())).doesNotContain("up");
    }

    @Test
    void oneThatDoesNotStartInItsTimeIsStartedAgain() {
        createProbed(2);
        eventually("web", pod -> assertThat(main(pod).getRestartCount()).isPositive());
        assertThat(cri.execs).containsOnly("up").hasSizeGreaterThanOrEqualTo(2);
        assertThat(main(read("web")).getStarted()).isFalse();
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(events()).anySatisfy(event -> {
            assertThat(event.getReason()).isEqualTo("Killing");
            assertThat(event.getMessage()).isEqualTo("Container main failed startup probe, will be restarted");
        }));
    }
}
