package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.FakeApi;
import io.hypernetes.client.Informers;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ManualClock;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// When pods leave nodes with taints, one look at a time (upstream's pkg/controller/tainteviction/taint_eviction.go).
class PodEvictionTest {
    private static final ObjectKey KEY = new ObjectKey("red", "default", "web");
    private static final ObjectKey NODE = ObjectKey.root("n1");

    private final FakeApi api = new FakeApi();
    private final Client client = api.client();
    private final ManualClock clock = new ManualClock(Instant.parse("2026-01-01T12:00:00Z"));
    private final EventRecorder events = new EventRecorder(client, "taint-eviction-controller", null, clock);
    private final Informers informers = new Informers(client);
    private final Caches caches = Caches.of(informers).view();
    private final PodEviction eviction = new PodEviction(client, events, new PodEnding(client, clock), clock, Duration.ofSeconds(40));

    @BeforeEach
    void start() throws InterruptedException {
        eviction.watch(caches, key -> {});
        informers.start();
        assertThat(caches.awaitSynced(Duration.ofSeconds(20))).isTrue();
        client.of(Kind.NODE).create("root", new NodeBuilder().withNewMetadata().withName("n1").endMetadata().withNewSpec().endSpec().build());
    }

    @AfterEach
    void stop() {
        informers.close();
        events.close();
        client.close();
        api.close();
    }

    private static Toleration toleration(String key, Long seconds) {
        return new Toleration("NoExecute", key, "Exists", seconds, null);
    }

    private void pod(String scheduled, Toleration... tolerations) {
        client.of(Kind.POD).create("red", new PodBuilder().withNewMetadata().withName("web").withNamespace("default").endMetadata()
                .withNewSpec().withNodeName("n1").withTolerations(tolerations).addNewContainer().withName("c").endContainer().endSpec()
                .withNewStatus().withPhase("Running").addNewCondition().withType("PodScheduled").withStatus("True").withLastTransitionTime(scheduled).endCondition().endStatus()
                .build());
    }

    private void taint(Taint... taints) {
        client.of(Kind.NODE).change(NODE, null, node -> new NodeBuilder(node).editSpec().withTaints(taints).endSpec().build());
    }

    private static Taint leave(String key, String since) {
        return new Taint("NoExecute", key, since, null);
    }

    private Optional<Duration> look() {
        await().untilAsserted(() -> {
            assertThat(caches.nodes().get(NODE).map(node -> node.getMetadata().getResourceVersion()))
                    .isEqualTo(client.of(Kind.NODE).find(NODE).map(node -> node.getMetadata().getResourceVersion()));
            assertThat(caches.pods().get(KEY).map(pod -> pod.getMetadata().getResourceVersion()))
                    .isEqualTo(client.of(Kind.POD).find(KEY).map(pod -> pod.getMetadata().getResourceVersion()));
        });
        return eviction.reconcile(KEY);
    }

    private boolean isLeaving() {
        return client.of(Kind.POD).get(KEY).getMetadata().getDeletionTimestamp() != null;
    }

    private void told(String... messages) {
        await().untilAsserted(() -> assertThat(client.of(Kind.EVENT).list(Scope.tenant("red"), Selection.everything()).items())
                .extracting(Event::getMessage).containsExactlyInAnyOrder(messages));
    }

    @Test
    void theFirstTolerationThatFitsCounts() {
        pod("2026-01-01T11:00:00Z", toleration("leave", 10L), toleration(null, null));
        taint(leave("leave", "2026-01-01T12:00:00Z"));
        assertThat(look()).contains(Duration.ofSeconds(10));
        taint(leave("other", "2026-01-01T12:00:00Z"));
        assertThat(look()).isEmpty();
        assertThat(isLeaving()).isFalse();
        told("Cancelling deletion of Pod default/web");
    }

    /// Else a workload that tolerates a taint for a while would be made anew there as fast as it can be.
    @Test
    void aPodThatComesToATaintHasItsSecondsFromThen() {
        pod("2026-01-01T11:59:50Z", toleration("leave", 60L));
        taint(leave("leave", "2026-01-01T11:00:00Z"));
        assertThat(look()).contains(Duration.ofSeconds(50));
        clock.advance(Duration.ofSeconds(50));
        assertThat(look()).isEmpty();
        assertThat(isLeaving()).isTrue();
        told("Marking for deletion Pod default/web");
    }

    /// What a tenant may write of its pod keeps it nowhere.
    @Test
    void aPodThatComesTomorrowByItsOwnWordsHasItsSecondsFromNow() {
        pod("2026-01-02T12:00:00Z", toleration("leave", 60L));
        taint(leave("leave", "2026-01-01T11:00:00Z"));
        assertThat(look()).contains(Duration.ofSeconds(60));
    }

    @Test
    void eachTaintHasItsOwnTime() {
        pod("2026-01-01T11:00:00Z", toleration("leave", 60L), toleration("stay", null));
        taint(leave("stay", null));
        assertThat(look()).isEmpty();
        clock.advance(Duration.ofSeconds(1000));
        taint(leave("stay", null), leave("leave", null));
        assertThat(look()).contains(Duration.ofSeconds(60));
        clock.advance(Duration.ofSeconds(20));
        assertThat(look()).contains(Duration.ofSeconds(40));
        taint(leave("stay", null));
        assertThat(look()).isEmpty();
        clock.advance(Duration.ofSeconds(20));
        taint(leave("stay", null), leave("leave", null));
        assertThat(look()).as("one that is back begins anew").contains(Duration.ofSeconds(60));
        told("Cancelling deletion of Pod default/web");
    }

    @Test
    void aPodMadeAnewUnderItsNameBeginsAnew() {
        pod("2026-01-01T11:00:00Z", toleration("leave", 60L));
        taint(leave("leave", null));
        assertThat(look()).contains(Duration.ofSeconds(60));
        clock.advance(Duration.ofSeconds(50));
        api.remove(Kind.POD, KEY);
        pod("2026-01-01T12:00:50Z", toleration("leave", 60L));
        assertThat(look()).contains(Duration.ofSeconds(60));
    }

    @Test
    void secondsThatNeverEndEndNothing() {
        pod("2026-01-01T11:00:00Z", toleration("leave", Long.MAX_VALUE));
        taint(leave("leave", "2026-01-01T12:00:00Z"));
        assertThat(look()).hasValueSatisfying(left -> assertThat(left).isGreaterThan(Duration.ofDays(36_000)).isLessThan(Duration.ofNanos(Long.MAX_VALUE)));
        assertThat(isLeaving()).isFalse();
    }

    /// As upstream's UpdatePodCondition; and what is written to a status says of which generation it is.
    @Test
    void whoIsToldTwiceKeepsTheTimeOfTheFirst() {
        pod("2026-01-01T11:00:00Z");
        PodEnding ending = new PodEnding(client, clock);
        client.of(Kind.POD).change(KEY, null, pod -> new PodBuilder(pod).editMetadata().withFinalizers("example.com/held").endMetadata().build());
        ending.ask(KEY, client.of(Kind.POD).get(KEY), new PodEnding.Disruption("EvictionByEvictionAPI", "first"));
        clock.advance(Duration.ofSeconds(30));
        ending.force(KEY, client.of(Kind.POD).get(KEY), new PodEnding.Disruption("DeletionByPodGC", "second"));
        Pod pod = client.of(Kind.POD).get(KEY);
        assertThat(pod.getStatus().getConditions()).filteredOn(condition -> condition.getType().equals("DisruptionTarget")).singleElement().satisfies(condition -> {
            assertThat(condition.getReason()).isEqualTo("DeletionByPodGC");
            assertThat(condition.getLastTransitionTime()).isEqualTo("2026-01-01T12:00:00Z");
        });
        assertThat(pod.getStatus().getPhase()).isEqualTo("Failed");
        assertThat(pod.getStatus().getObservedGeneration()).isEqualTo(pod.getMetadata().getGeneration());
    }
}
