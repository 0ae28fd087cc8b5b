package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.FakeApi;
import io.hypernetes.client.Informers;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ManualClock;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.controllers.pods.PodState;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Pods that nobody else removes. The controllers are asked one step at a time, by what their caches hold by then.
class PodGarbageTest {
    private static final ObjectKey ALL = ObjectKey.root("pods");
    private static final String HELD = "batch.kubernetes.io/job-tracking";

    private final FakeApi api = new FakeApi();
    private final Client client = api.client();
    private final ManualClock clock = new ManualClock(Instant.parse("2026-01-01T00:00:00Z"));
    private final PodEnding ending = new PodEnding(client, clock);
    private final EventRecorder events = new EventRecorder(client, "test", null, clock);
    private final Informers informers = new Informers(client);
    private final Caches caches = Caches.of(informers);

    @AfterEach
    void stop() {
        informers.close();
        events.close();
        client.close();
        api.close();
    }

    private <C extends Controller> C started(C controller) throws InterruptedException {
        Caches view = caches.view();
        controller.watch(view, key -> {});
        informers.start();
        assertThat(view.awaitSynced(Duration.ofSeconds(20))).isTrue();
        return controller;
    }

    private void pod(String tenant, String name, String node, UnaryOperator<PodBuilder> more) {
        client.of(Kind.POD).create(tenant, more.apply(new PodBuilder()
                .withNewMetadata().withName(name).withNamespace("default").endMetadata()
                .withNewSpec().withNodeName(node).withTerminationGracePeriodSeconds(30L).addNewContainer().withName("c").withImage("i").endContainer().endSpec()
                .withNewStatus().withPhase("Running").endStatus()).build());
    }

    private void ended(String tenant, String name, String phase, String reason, int second) {
        pod(tenant, name, "n1", pod -> pod.editStatus().withPhase(phase).withReason(reason).endStatus());
        client.of(Kind.POD).change(new ObjectKey(tenant, "default", name), null, pod -> new PodBuilder(pod)
                .editMetadata().withCreationTimestamp("2026-01-01T00:00:%02dZ".formatted(second)).endMetadata().build());
    }

    private List<String> names(String tenant) {
        return client.of(Kind.POD).list(Scope.tenant(tenant), Selection.everything()).items().stream().map(Pod::getMetadata).map(ObjectMeta::getName).sorted().toList();
    }

    private Pod read(String name) {
        return client.of(Kind.POD).get(new ObjectKey("red", "default", name));
    }

    private void node(String name, String ready, String taint) {
        client.of(Kind.NODE).create("root", new NodeBuilder().withNewMetadata().withName(name).endMetadata()
                .withNewSpec().addNewTaint().withKey(taint).withEffect("NoSchedule").endTaint().endSpec()
                .withNewStatus().addNewCondition().withType("Ready").withStatus(ready).endCondition().endStatus().build());
    }

    /// Until the caches know what was written, nothing happens.
    private void untilAfter(Controller controller, ObjectKey key, Runnable asserted) {
        await().untilAsserted(() -> {
            controller.reconcile(key);
            asserted.run();
        });
    }

    @Test
    void ofThoseThatEndedTheEvictedGoFirstAndThenTheOldest() throws Exception {
        ended("red", "newest", "Succeeded", "", 9);
        ended("red", "oldest", "Succeeded", "", 1);
        ended("red", "failed", "Failed", "Error", 2);
        ended("red", "evicted", "Failed", "Evicted", 8);
        ended("red", "evicted-before", "Failed", "Evicted", 7);
        pod("red", "running", "n1", pod -> pod);
        // Another tenant has room of its own.
        ended("blue", "first", "Succeeded", "", 0);
        ended("blue", "second", "Succeeded", "", 0);

        PodGarbage four = started(new PodGarbage(ending, 4));
        untilAfter(four, ALL, () -> assertThat(names("red")).containsExactly("evicted", "failed", "newest", "oldest", "running"));
        PodGarbage two = new PodGarbage(ending, 2);
        two.watch(caches, key -> {});
        untilAfter(two, ALL, () -> assertThat(names("red")).containsExactly("failed", "newest", "running"));
        PodGarbage one = new PodGarbage(ending, 1);
        one.watch(caches, key -> {});
        untilAfter(one, ALL, () -> {
            assertThat(names("blue")).containsExactly("second");
            assertThat(names("red")).containsExactly("newest", "running");
        });
    }

    @Test
    void whatIsToGoAndNeverHadANodeGoes() throws Exception {
        pod("red", "waiting", null, pod -> pod.editStatus().withPhase("Pending").endStatus());
        pod("red", "leaving", null, pod -> pod.editMetadata().withFinalizers(HELD).endMetadata().editStatus().withPhase("Pending").endStatus());
        client.of(Kind.POD).delete(new ObjectKey("red", "default", "leaving"), Deletion.ordinary());
        PodGarbage garbage = started(new PodGarbage(ending, 10));
        untilAfter(garbage, ALL, () -> assertThat(read("leaving").getStatus().getPhase()).isEqualTo("Failed"));
        letGo("leaving");
        assertThat(names("red")).containsExactly("waiting");
        assertThat(read("waiting").getStatus().getPhase()).isEqualTo("Pending");
    }

    private void letGo(String name) {
        client.of(Kind.POD).change(new ObjectKey("red", "default", name), null, pod -> new PodBuilder(pod).editMetadata().withFinalizers(List.of()).endMetadata().build());
    }

    /// Its operator says that the machine is off; until then what is to go may still run.
    @Test
    void whatIsToGoOnANodeOutOfServiceGoes() throws Exception {
        node("off", "Unknown", "node.kubernetes.io/out-of-service");
        node("back", "True", "node.kubernetes.io/out-of-service");
        node("silent", "Unknown", "node.kubernetes.io/unreachable");
        for (String node : List.of("off", "back", "silent")) {
            pod("red", "leaving-" + node, node, pod -> pod);
            client.of(Kind.POD).delete(new ObjectKey("red", "default", "leaving-" + node), Deletion.ordinary());
            pod("red", "staying-" + node, node, pod -> pod);
        }
        PodGarbage garbage = started(new PodGarbage(ending, 10));
        untilAfter(garbage, ALL, () -> assertThat(names("red"))
                .containsExactly("leaving-back", "leaving-silent", "staying-back", "staying-off", "staying-silent"));
    }

    /// Nobody else will say how it ended; one that had ended keeps what it said. The quarantine is that of upstream's pkg/controller/podgc/gc_controller.go.
    @Test
    void aPodWhoseNodeIsGoneFailsAndGoes() throws Exception {
        pod("red", "plain", "gone", pod -> pod);
        pod("red", "counted", "gone", pod -> pod.editMetadata().withFinalizers(HELD).endMetadata());
        pod("red", "done", "gone", pod -> pod.editMetadata().withFinalizers(HELD).endMetadata().editStatus().withPhase("Succeeded").endStatus());
        PodEviction eviction = started(new PodEviction(client, events, ending, clock, Duration.ofSeconds(40)));
        for (String name : List.of("plain", "counted", "done")) {
            assertThat(eviction.reconcile(new ObjectKey("red", "default", name))).contains(Duration.ofSeconds(40));
        }
        clock.advance(Duration.ofSeconds(39));
        assertThat(eviction.reconcile(new ObjectKey("red", "default", "plain"))).as("its node may come back").contains(Duration.ofSeconds(1));
        assertThat(names("red")).containsExactly("counted", "done", "plain");
        clock.advance(Duration.ofSeconds(1));
        for (String name : List.of("plain", "counted", "done")) {
            eviction.reconcile(new ObjectKey("red", "default", name));
        }
        assertThat(names("red")).containsExactly("counted", "done");
        assertThat(read("counted").getStatus().getPhase()).isEqualTo("Failed");
        isDisrupted(read("counted"), "DeletionByPodGC", "PodGC: node no longer exists", "2026-01-01T00:00:40Z");
        assertThat(read("done").getStatus().getPhase()).isEqualTo("Succeeded");
        assertThat(read("done").getStatus().getConditions()).isEmpty();
        assertThat(List.of(read("counted"), read("done"))).allMatch(PodState::isTerminating);
        letGo("counted");
        letGo("done");
        assertThat(names("red")).isEmpty();
    }

    @Test
    void aPodThatATaintDrivesAwaySaysSo() throws Exception {
        client.of(Kind.NODE).create("root", new NodeBuilder().withNewMetadata().withName("n1").endMetadata()
                .withNewSpec().addNewTaint().withKey("leave").withEffect("NoExecute").endTaint().endSpec().build());
        pod("red", "web", "n1", pod -> pod);
        PodEviction eviction = started(new PodEviction(client, events, ending, clock, Duration.ofSeconds(40)));
        eviction.reconcile(new ObjectKey("red", "default", "web"));
        assertThat(read("web").getMetadata().getDeletionTimestamp()).isNotNull();
        assertThat(read("web").getStatus().getPhase()).isEqualTo("Running");
        isDisrupted(read("web"), "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint");
    }

    /// Whoever asks for the deletion is woken by what it says, so a second telling would be followed by a third.
    @Test
    void aPodIsToldOnceWhyItGoesHoweverOftenItsDeletionIsRefused() throws Exception {
        pod("red", "web", "n1", pod -> pod);
        ObjectKey key = new ObjectKey("red", "default", "web");
        PodEnding.Disruption why = new PodEnding.Disruption("DeletionByTaintManager", "because");
        api.failNext("DELETE /tenants/red", 403, 2);
        assertThatThrownBy(() -> ending.ask(key, read("web"), why)).isInstanceOf(ApiException.class);
        String told = read("web").getMetadata().getResourceVersion();
        clock.advance(Duration.ofSeconds(5));
        assertThatThrownBy(() -> ending.ask(key, read("web"), why)).isInstanceOf(ApiException.class);
        assertThat(read("web").getMetadata().getResourceVersion()).isEqualTo(told);
        isDisrupted(read("web"), "DeletionByTaintManager", "because");
    }

    @Test
    void whatOneTenantRefusesHoldsUpNoOther() throws Exception {
        for (String tenant : List.of("red", "blue", "green")) {
            pod(tenant, "leaving", null, pod -> pod.editMetadata().withFinalizers(HELD).endMetadata().editStatus().withPhase("Pending").endStatus());
            client.of(Kind.POD).delete(new ObjectKey(tenant, "default", "leaving"), Deletion.ordinary());
        }
        // Any order of the tenants meets a refusal before one of the others.
        api.failNext("/tenants/red/", 403, 1_000_000);
        PodGarbage garbage = started(new PodGarbage(ending, 10));
        untilAfter(garbage, ALL, () -> assertThat(List.of("blue", "green")).allSatisfy(tenant ->
                assertThat(client.of(Kind.POD).get(new ObjectKey(tenant, "default", "leaving")).getStatus().getPhase()).isEqualTo("Failed")));
    }

    private static void isDisrupted(Pod pod, String reason, String message) {
        isDisrupted(pod, reason, message, "2026-01-01T00:00:00Z");
    }

    private static void isDisrupted(Pod pod, String reason, String message, String since) {
        assertThat(pod.getStatus().getConditions()).singleElement().satisfies(condition -> {
            assertThat(condition.getType()).isEqualTo("DisruptionTarget");
            assertThat(condition.getStatus()).isEqualTo("True");
            assertThat(condition.getReason()).isEqualTo(reason);
            assertThat(condition.getMessage()).isEqualTo(message);
            assertThat(condition.getLastTransitionTime()).isEqualTo(since);
        });
    }
}
