package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A pull takes as long as it takes, unless its pod is to end.
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EndedWhilePullingTest extends KubeletHarness {
    private static final Duration SOON = Duration.ofSeconds(20);

    @BeforeEach
    void pullsHang() {
        cri.pullsHang = true;
    }

    @Test
    void aPodThatIsDeletedWhileItsImageIsPulledEnds() {
        create(pod("web").build());
        await().until(() -> cri.calls().contains("pull app:1"));
        delete();
        assertEnds();
    }

    @Test
    void aPodThatIsDeletedJustBeforeItsImageIsPulledEnds() {
        justBeforeThePull(() -> {
            delete();
            await().until(() -> kubelet.pods().pods().stream().anyMatch(pod -> pod.getMetadata().getDeletionTimestamp() != null));
        });
        assertEnds();
    }

    @Test
    void aPodThatIsEvictedJustBeforeItsImageIsPulledEnds() {
        justBeforeThePull(() -> kubelet.pods().evict(read("web").getMetadata().getUid(), "the node is short of memory"));
        await().atMost(SOON).untilAsserted(() -> assertThat(read("web").getStatus().getReason()).isEqualTo("Evicted"));
    }

    /// What its tenant's pods do not do while they stand still is no failure of theirs.
    @Test
    void aPodWhoseTenantIsSuspendedWhileItsImageIsPulledStandsStillAndGoesOn() {
        cri.podCidr = "10.88.0.0/24";
        create(pod("web").build());
        await().until(() -> cri.calls().contains("pull app:1"));
        change("web", pod -> pod.edit().editMetadata().addToAnnotations("hypernetes.io/suspended", "2026-01-31T12:00:00Z").endMetadata().build());
        eventually("web", pod -> assertThat(main(pod).getState().getWaiting().getReason()).isEqualTo("TenantSuspended"));
        cri.pullsHang = false;
        change("web", pod -> pod.edit().editMetadata().removeFromAnnotations("hypernetes.io/suspended").endMetadata().build());
        running("web");
        assertThat(events()).extracting(Event::getReason).doesNotContain("Failed", "BackOff");
    }

    /// Between the look at the pod and the pull its files are brought up to date.
    private void justBeforeThePull(Runnable end) {
        AtomicBoolean ended = new AtomicBoolean();
        api.beforeAnswers(request -> {
            if (request.startsWith("GET") && request.endsWith("/configmaps/settings") && cri.sandboxesReady() == 1 && ended.compareAndSet(false, true)) {
                end.run();
            }
        });
        client.of(Kind.CONFIG_MAP).create("red", new ConfigMapBuilder()
                .withNewMetadata().withNamespace("default").withName("settings").endMetadata().addToData("colour", "red").build());
        create(withSettings());
        await().untilTrue(ended);
    }

    private static Pod withSettings() {
        return pod("web").editSpec().addNewVolume().withName("conf").withNewConfigMap().withName("settings").endConfigMap().endVolume().endSpec().build();
    }

    private void delete() {
        client.of(Kind.POD).delete(key("web"), Deletion.ordinary());
    }

    private void assertEnds() {
        await().atMost(SOON).until(() -> client.of(Kind.POD).find(key("web")).isEmpty());
        assertThat(cri.sandboxesReady()).isZero();
    }
}
