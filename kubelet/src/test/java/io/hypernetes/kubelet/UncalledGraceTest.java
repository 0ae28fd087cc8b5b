package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import java.nio.file.Files;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A pod that the API does not have any more is counted by nobody and can be hurried by nobody: whatever its tenant said of its grace, it ends at once (upstream's
/// kubelet.go, SyncTerminatingRuntimePod).
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class UncalledGraceTest extends KubeletHarness {
    private static final Duration SOON = Duration.ofSeconds(20);

    private void running(long grace) {
        create(pod("web").editSpec().withTerminationGracePeriodSeconds(grace).endSpec().build());
        running("web");
    }

    private void forcedOut() {
        client.of(Kind.POD).delete(key("web"), Deletion.now(read("web").getMetadata().getUid()));
    }

    private void endsAtOnce() {
        await().atMost(SOON).until(() -> cri.sandboxes.isEmpty());
        assertThat(cri.calls()).contains("stop main 2");
    }

    /// What a tenant writes on its pod makes it none of the node's own.
    @Test
    void aPodThatSaysOfItselfThatItIsTheNodesOwn() {
        running(1_000_000_000);
        Pod now = read("web");
        change("web", pod -> pod.edit().editMetadata().addToAnnotations("kubernetes.io/config.hash", now.getMetadata().getUid()).endMetadata().build());
        lookAgain("web");
        await().until(() -> kubelet.pods().pods().getFirst().getMetadata().getAnnotations() != null);
        forcedOut();
        endsAtOnce();
    }

    @ParameterizedTest
    @ValueSource(longs = {1_000_000_000, Long.MAX_VALUE})
    void aPodThatIsForcedOutWhileNoKubeletRuns(long grace) throws Exception {
        running(grace);
        kubelet.close();
        forcedOut();
        kubelet = kubelet();
        endsAtOnce();
    }

    /// Beyond what an instant can be.
    @Test
    void aPodWithAllTheTimeThereIsIsAskedToEnd() {
        running(Long.MAX_VALUE);
        client.of(Kind.POD).change(key("web"), "status", pod -> pod.edit().editStatus().withPhase("Failed").endStatus().build());
        await().atMost(SOON).until(() -> cri.sandboxesReady() == 0);
    }

    /// It is the operator's, who can end it otherwise.
    @Test
    void oneOfTheNodesOwnThatWasTakenAwayWhileNoKubeletRanHasItsGrace() throws Exception {
        Files.writeString(folder.resolve("lib/manifests/agent.yaml"), """
                apiVersion: v1
                kind: Pod
                metadata: {name: agent}
                spec:
                  terminationGracePeriodSeconds: 7
                  containers: [{name: own, image: 'app:1', imagePullPolicy: IfNotPresent}]
                """);
        await().until(() -> cri.runsOf("own").size() == 1 && cri.runsOf("own").getFirst().startedAt > 0);
        kubelet.close();
        Files.delete(folder.resolve("lib/manifests/agent.yaml"));
        kubelet = kubelet();
        await().atMost(SOON).until(() -> cri.sandboxes.isEmpty());
        assertThat(cri.calls()).contains("stop own 7");
    }
}
