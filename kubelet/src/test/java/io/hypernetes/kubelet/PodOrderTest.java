package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.kubelet.cri.ObservedPod;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Whatever becomes of a pod while it waits for the runtime to be seen, and in whatever order that is told, it has one worker at most.
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PodOrderTest extends KubeletHarness {
    private String uid;

    @BeforeEach
    void aPodWaits() throws Exception {
        kubelet.close();
        cri.stop();
        uid = create(pod("web").build()).getMetadata().getUid();
        int before = api.requests().size();
        kubelet = kubelet();
        // Behind the first list, of which the table has heard by then.
        await().until(() -> api.requests().stream().skip(before).anyMatch(request -> request.contains("/pods") && request.contains("watch=")));
        assertThat(kubelet.pods().pods()).isEmpty();
    }

    private void begun(String name) {
        running(name);
        assertThat(cri.calls().stream().filter(call -> call.startsWith("run-sandbox"))).hasSize(1);
    }

    @Test
    void oneThatIsDeletedNeverBegins() {
        client.of(Kind.POD).delete(key("web"), Deletion.ordinary());
        await().until(() -> !kubelet.pods().pods().isEmpty());
        cri.start();
        await().until(() -> client.of(Kind.POD).find(key("web")).isEmpty());
        await().until(() -> kubelet.pods().pods().isEmpty());
        create(pod("next").build());
        begun("next");
    }

    @Test
    void oneThatIsDeletedAndThenFoundStaysDeleted() {
        client.of(Kind.POD).delete(key("web"), Deletion.ordinary());
        await().until(() -> !kubelet.pods().pods().isEmpty());
        kubelet.pods().adopt(Map.of(uid, ObservedPod.NOTHING));
        assertThat(kubelet.pods().pods()).hasSize(1).allMatch(pod -> pod.getMetadata().getDeletionTimestamp() != null);
        cri.start();
        await().until(() -> client.of(Kind.POD).find(key("web")).isEmpty());
        create(pod("next").build());
        begun("next");
    }

    @Test
    void oneThatIsFoundAndThenDeletedIsDeletedThoughAnOlderObjectIsToldLast() {
        // As the node is told of it: without the tenant it would be another pod, which begins when this one has gone.
        Pod older = read("web").edit().editMetadata().addToAnnotations(ObjectKey.TENANT_ANNOTATION, "red").endMetadata().build();
        kubelet.pods().adopt(Map.of(uid, ObservedPod.NOTHING));
        client.of(Kind.POD).delete(key("web"), Deletion.ordinary());
        await().until(() -> kubelet.pods().pods().stream().anyMatch(pod -> pod.getMetadata().getDeletionTimestamp() != null));
        kubelet.pods().updated(older, older);
        assertThat(kubelet.pods().pods()).hasSize(1).allMatch(pod -> pod.getMetadata().getDeletionTimestamp() != null);
        cri.start();
        await().until(() -> client.of(Kind.POD).find(key("web")).isEmpty());
        create(pod("next").build());
        begun("next");
    }

    @Test
    void oneOfWhichSomebodySaysThatItIsOverNeverBegins() {
        client.of(Kind.POD).change(key("web"), "status", pod -> pod.edit().editOrNewStatus().withPhase("Failed").endStatus().build());
        await().until(() -> !kubelet.pods().pods().isEmpty());
        cri.start();
        create(pod("next").build());
        begun("next");
        assertThat(kubelet.pods().pods()).hasSize(2);
        assertThat(read("web").getStatus().getPhase()).isEqualTo("Failed");
    }

    @Test
    void oneThatIsForcedOutNeverBegins() {
        client.of(Kind.POD).delete(key("web"), Deletion.now(uid));
        create(pod("next").build());
        cri.start();
        begun("next");
        assertThat(kubelet.pods().pods()).hasSize(1);
    }
}
