package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.kubelet.cri.ObservedPod;
import io.hypernetes.kubelet.cri.ObservedSandbox;
import java.time.Instant;
import java.util.AbstractList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A pod that is found in the runtime just when the API tells of it is one pod.
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FoundAndSeenPodTest extends KubeletHarness {

    @Test
    void aPodThatTheApiTellsOfWhileItIsFoundInTheRuntimeHasOneWorker() {
        Pod unbound = create(pod("web").editSpec().withNodeName(null).endSpec().build());
        String uid = unbound.getMetadata().getUid();
        // Read while the table takes over what was found.
        List<ObservedSandbox> asked = new AbstractList<>() {
            @Override
            public Stream<ObservedSandbox> stream() {
                if (read("web").getSpec().getNodeName() == null) {
                    change("web", pod -> pod.edit().editSpec().withNodeName("n1").endSpec().build());
                }
                return Stream.of(new ObservedSandbox("s", 0, false, Instant.EPOCH, List.of(), Map.of(
                        "hypernetes.io/tenant", "red", "io.kubernetes.pod.namespace", "default", "io.kubernetes.pod.name", "web"), Map.of()));
            }

            @Override
            public ObservedSandbox get(int index) {
                throw new IndexOutOfBoundsException(index);
            }

            @Override
            public int size() {
                return 0;
            }
        };
        kubelet.pods().adopt(Map.of(uid, new ObservedPod(asked, List.of())));
        running("web");
        assertThat(kubelet.pods().pods()).hasSize(1);
        assertThat(client.of(Kind.POD).find(key("web"))).isPresent();
    }

    @Test
    void aPodThatWasTakenForAnOrphanLivesOnWhenTheApiTellsOfIt() throws Exception {
        create(pod("web").build());
        running("web");
        kubelet.close();
        // Not in the first list of the next kubelet.
        change("web", pod -> pod.edit().editSpec().withNodeName(null).endSpec().build());
        cri.ignoreTerm = true;
        kubelet = kubelet();
        await().until(() -> cri.calls().contains("stop main 2"));
        change("web", pod -> pod.edit().editSpec().withNodeName("n1").endSpec().build());
        eventually("web", pod -> assertThat(main(pod).getRestartCount()).isEqualTo(1));
        running("web");
        assertThat(cri.calls()).doesNotContain("remove-sandbox");
        assertThat(kubelet.pods().pods()).hasSize(1);
        cri.ignoreTerm = false;
    }

    @Test
    void aPodOfWhichTheLastWasEndedAsAnOrphanBeginsAnew() {
        Pod unbound = create(pod("web").editSpec().withNodeName(null).endSpec().build());
        kubelet.pods().adopt(Map.of(unbound.getMetadata().getUid(), ObservedPod.NOTHING));
        change("web", pod -> pod.edit().editSpec().withNodeName("n1").endSpec().build());
        running("web");
        assertThat(kubelet.pods().pods()).hasSize(1);
    }

    /// Nothing of it says whose it is, so it is nobody's; it took the pod's place, and told of it as another one.
    @Test
    void aPodIsNotWhatBearsItsUidWithoutItsName() {
        Pod unbound = create(pod("web").editSpec().withNodeName(null).endSpec().build());
        cri.beforeLook = () -> {
            cri.beforeLook = () -> {};
            change("web", pod -> pod.edit().editSpec().withNodeName("n1").endSpec().build());
            // The informer tells of one after the other.
            create(pod("later").build());
            await().until(() -> kubelet.pods().pods().stream().anyMatch(pod -> pod.getMetadata().getName().equals("later")));
        };
        kubelet.pods().adopt(Map.of(unbound.getMetadata().getUid(), ObservedPod.NOTHING));
        running("web");
        assertThat(kubelet.pods().pods()).hasSize(2);
    }

    @Test
    void aPodThatWasTakenForAnOrphanIsGoneThoughTheApiTellsOfItsDeletionWhenTheLastOfItGoes() throws Exception {
        create(pod("web").build());
        running("web");
        kubelet.close();
        client.of(Kind.POD).delete(key("web"), Deletion.ordinary());
        change("web", pod -> pod.edit().editSpec().withNodeName(null).endSpec().build());
        cri.beforeSandboxGoes = () -> {
            cri.beforeSandboxGoes = () -> {};
            change("web", pod -> pod.edit().editSpec().withNodeName("n1").endSpec().build());
            await().until(() -> !kubelet.pods().pods().isEmpty());
        };
        kubelet = kubelet();
        await().until(() -> client.of(Kind.POD).find(key("web")).isEmpty());
    }
}
