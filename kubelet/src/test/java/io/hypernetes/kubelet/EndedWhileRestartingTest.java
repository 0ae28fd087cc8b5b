package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.LifecycleHandlerBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A container that is to be restarted has all the time its pod gives, unless the pod is to end before.
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EndedWhileRestartingTest extends KubeletHarness {
    private static final Duration SOON = Duration.ofSeconds(20);

    @BeforeEach
    void aContainerWillNotEnd() {
        cri.ignoreTerm = true;
        cri.execExitCodes.put("alive", 1);
        create(unhealthy());
        await().atMost(SOON).until(() -> cri.calls().contains("stop main 600"));
    }

    private static Pod unhealthy() {
        return pod("web").editSpec().withTerminationGracePeriodSeconds(600L).editContainer(0)
                .withNewLifecycle().withPreStop(new LifecycleHandlerBuilder().withNewExec().withCommand("farewell").endExec().build()).endLifecycle()
                .withNewLivenessProbe().withNewExec().withCommand("alive").endExec().withPeriodSeconds(1).withFailureThreshold(1).endLivenessProbe()
                .endContainer().endSpec().build();
    }

    @Test
    void aPodThatIsDeletedWithLessGraceEnds() {
        client.of(Kind.POD).delete(key("web"), new Deletion(1L, null));
        await().atMost(SOON).until(() -> client.of(Kind.POD).find(key("web")).isEmpty());
        assertThat(cri.sandboxesReady()).isZero();
        assertThat(cri.execs).as("its hook has run").containsOnlyOnce("farewell");
    }

    @Test
    void aPodThatIsDeletedByForceEnds() {
        client.of(Kind.POD).delete(key("web"), new Deletion(0L, null));
        await().atMost(SOON).until(() -> cri.sandboxesReady() == 0);
    }

    @Test
    void aPodThatIsEvictedEnds() {
        kubelet.pods().evict(read("web").getMetadata().getUid(), "the node is short of memory");
        await().atMost(SOON).untilAsserted(() -> assertThat(read("web").getStatus().getReason()).isEqualTo("Evicted"));
    }

    @Test
    void howeverOftenItIsLookedAtMeanwhileItIsAskedToEndOnce() {
        // The second look begins when the first is over.
        lookAgain("web");
        lookAgain("web");
        assertThat(cri.calls()).containsOnlyOnce("stop main 600");
        assertThat(cri.execs).containsOnlyOnce("farewell");
        assertThat(events()).filteredOn(event -> event.getReason().equals("Killing")).extracting(Event::getCount).containsExactly(1);
    }
}
