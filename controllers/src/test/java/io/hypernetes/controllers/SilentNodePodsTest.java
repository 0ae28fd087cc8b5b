package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.hypernetes.client.Client;
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
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What becomes of the pods of a node that nobody hears of: MarkPodsNotReady in upstream's pkg/controller/util/node/controller_utils.go.
class SilentNodePodsTest {
    private static final ObjectKey POD = new ObjectKey("red", "default", "p");
    private static final ObjectKey OF_RED = new ObjectKey("red", "", "n1");

    private final FakeApi api = new FakeApi();
    private final Client client = api.client();
    private final ManualClock clock = new ManualClock(Instant.parse("2026-01-01T12:00:00Z"));
    private final EventRecorder events = new EventRecorder(client, "node-controller", null, clock);
    private final Informers informers = new Informers(client);
    private final Caches caches = Caches.of(informers).view();
    private final SilentNodePods silent = new SilentNodePods(client, events, clock);
    private final Queue<ObjectKey> woken = new ConcurrentLinkedQueue<>();

    @BeforeEach
    void start() throws InterruptedException {
        silent.watch(caches, woken::add);
        informers.start();
        assertThat(caches.awaitSynced(Duration.ofSeconds(20))).isTrue();
        client.of(Kind.NODE).create("root", new NodeBuilder().withNewMetadata().withName("n1").endMetadata().withNewSpec().endSpec()
                .withNewStatus().addNewCondition().withType("Ready").withStatus("Unknown").endCondition().endStatus().build());
        client.of(Kind.POD).create("red", new PodBuilder().withNewMetadata().withName("p").withNamespace("default").endMetadata()
                .withNewSpec().withNodeName("n1").addNewContainer().withName("c").endContainer().endSpec()
                .withNewStatus().withPhase("Running").addNewCondition().withType("Ready").withStatus("True").withLastTransitionTime("2026-01-01T11:00:00Z").endCondition().endStatus()
                .build());
        await().until(() -> caches.pods().get(POD).isPresent() && woken.contains(ObjectKey.root("n1")));
    }

    @AfterEach
    void stop() {
        informers.close();
        events.close();
        client.close();
        api.close();
    }

    private List<String> told() {
        return client.of(Kind.EVENT).list(Scope.tenant("red"), Selection.everything()).items().stream().map(Event::getMessage).toList();
    }

    @Test
    void theyCountAsNotReadyAndAreToldOfInTheTenantThatHasThem() {
        silent.reconcile(ObjectKey.root("n1"));
        assertThat(woken).contains(OF_RED);
        silent.reconcile(OF_RED);
        Pod pod = client.of(Kind.POD).get(POD);
        assertThat(PodState.isReady(pod)).isFalse();
        assertThat(pod.getStatus().getConditions().getFirst().getLastTransitionTime()).isEqualTo("2026-01-01T12:00:00Z");
        await().untilAsserted(() -> assertThat(told()).containsExactly("Node is not ready"));
    }

    /// A cache that lags shows a pod as ready that was told of.
    @Test
    void ofWhatOthersHaveChangedMeanwhileNothingIsTold() {
        AtomicBoolean changed = new AtomicBoolean();
        api.beforeAnswers(request -> {
            if (request.equals("GET /tenants/red/api/v1/namespaces/default/pods/p") && changed.compareAndSet(false, true)) {
                client.of(Kind.POD).change(POD, "status", pod -> {
                    pod.getStatus().getConditions().getFirst().setStatus("False");
                    return pod;
                });
            }
        });
        silent.reconcile(OF_RED);
        assertThat(changed).isTrue();
        events.record("red", client.of(Kind.POD).get(POD), EventRecorder.Type.NORMAL, "Marker", "the last word");
        await().untilAsserted(() -> assertThat(told()).contains("the last word"));
        assertThat(told()).containsExactly("the last word");
    }
}
