package io.hypernetes.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodStatusBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.FakeApi;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Informers;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import java.time.InstantSource;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SchedulerTest {
    private final FakeApi api = new FakeApi();
    private final Client client = api.client();
    private final Informers informers = new Informers(client);
    private final Scheduler scheduler = new Scheduler(client, informers, "here", InstantSource.system(), new Random(1));

    private void start() {
        scheduler.start();
        informers.start();
    }

    @AfterEach
    void stop() {
        scheduler.close();
        informers.close();
        client.close();
        api.close();
    }

    private Pod read(String tenant, String name) {
        return client.of(Kind.POD).get(new ObjectKey(tenant, "default", name));
    }

    /// What a pod of tenant red says of where it is.
    static PodCondition scheduled(Client client, String pod) {
        return client.of(Kind.POD).get(new ObjectKey("red", "default", pod)).getStatus().getConditions().stream()
                .filter(condition -> condition.getType().equals("PodScheduled")).findFirst().orElseThrow();
    }

    /// The messages of all FailedScheduling events about a pod of tenant red.
    static List<String> failures(Client client, String pod) {
        return client.of(Kind.EVENT).list(Scope.tenant("red"), Selection.everything()).items().stream()
                .filter(event -> event.getInvolvedObject().getName().equals(pod) && event.getReason().equals("FailedScheduling"))
                .map(Event::getMessage)
                .toList();
    }

    @Test
    void podsOfAllTenantsAreBoundAndTheOneTooManyIsToldWhy() {
        client.of(Kind.NODE).create("root", ChoiceTest.node("n1", "2", "4Gi"));
        client.of(Kind.POD).create("red", ChoiceTest.pod("web", "1", "1Gi"));
        client.of(Kind.POD).create("blue", ChoiceTest.pod("web", "1", "1Gi"));
        start();
        await().untilAsserted(() -> {
            assertThat(read("red", "web").getSpec().getNodeName()).isEqualTo("n1");
            assertThat(read("blue", "web").getSpec().getNodeName()).isEqualTo("n1");
        });

        client.of(Kind.POD).create("red", ChoiceTest.pod("late", "1", "1Gi"));
        String why = "0/1 nodes are available: 1 Insufficient cpu."
                + " preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.";
        await().untilAsserted(() -> {
            assertThat(read("red", "late").getStatus()).isNotNull();
            assertThat(read("red", "late").getStatus().getConditions()).singleElement().satisfies(condition -> {
                assertThat(condition.getType()).isEqualTo("PodScheduled");
                assertThat(condition.getReason()).isEqualTo("Unschedulable");
                assertThat(condition.getMessage()).isEqualTo(why);
            });
            List<Event> events = client.of(Kind.EVENT).list(Scope.tenant("red"), Selection.everything()).items();
            assertThat(events).anySatisfy(event -> {
                assertThat(event.getReason()).isEqualTo("FailedScheduling");
                assertThat(event.getMessage()).isEqualTo(why);
            });
        });

        client.of(Kind.POD).delete(new ObjectKey("blue", "default", "web"), new Deletion(0L, null));
        await().untilAsserted(() -> assertThat(read("red", "late").getSpec().getNodeName()).isEqualTo("n1"));
    }

    @Test
    void aFailedBindingIsTriedAgain() {
        api.failNext("/binding", 500, 2);
        client.of(Kind.NODE).create("root", ChoiceTest.node("n1", "2", "4Gi"));
        client.of(Kind.POD).create("red", ChoiceTest.pod("web", "1", "1Gi"));
        start();
        await().untilAsserted(() -> assertThat(read("red", "web").getSpec().getNodeName()).isEqualTo("n1"));
    }

    @Test
    void aMoreImportantPodTakesThePlaceOfAnotherOfItsTenantAlone() {
        client.of(Kind.NODE).create("root", ChoiceTest.node("n1", "2", "4Gi"));
        client.of(Kind.POD).create("red", ChoiceTest.pod("low", "1", "1Gi"));
        client.of(Kind.POD).create("blue", ChoiceTest.pod("low", "1", "1Gi"));
        start();
        await().untilAsserted(() -> {
            assertThat(read("red", "low").getSpec().getNodeName()).isEqualTo("n1");
            assertThat(read("blue", "low").getSpec().getNodeName()).isEqualTo("n1");
        });
        Pod high = ChoiceTest.pod("high", "1", "1Gi");
        high.getSpec().setPriority(1000);
        client.of(Kind.POD).create("red", high);
        await().untilAsserted(() -> assertThat(read("red", "high").getStatus().getNominatedNodeName()).isEqualTo("n1"));
        await().untilAsserted(() -> assertThat(read("red", "low").getMetadata().getDeletionTimestamp()).isNotNull());
        assertThat(read("red", "low").getStatus().getConditions()).anyMatch(condition -> condition.getReason().equals("PreemptionByScheduler"));
        assertThat(read("blue", "low").getMetadata().getDeletionTimestamp()).isNull();
        client.of(Kind.POD).delete(new ObjectKey("red", "default", "low"), new Deletion(0L, null));
        await().untilAsserted(() -> assertThat(read("red", "high").getSpec().getNodeName()).isEqualTo("n1"));
        // What upstream's recorder of events.k8s.io says beside the words (pkg/scheduler/schedule_one.go, framework/preemption/preemption.go).
        await().untilAsserted(() -> assertThat(client.of(Kind.EVENT).list(Scope.tenant("red"), Selection.everything()).items())
                .extracting(event -> event.getReason() + " " + event.getAction() + " " + event.getInvolvedObject().getName()
                        + (event.getRelated() == null ? "" : " for " + event.getRelated().getName()))
                .contains("FailedScheduling Scheduling high", "Scheduled Binding high", "Preempted Preempting low for high"));
        assertThat(client.of(Kind.EVENT).list(Scope.tenant("red"), Selection.everything()).items()).allSatisfy(event -> {
            assertThat(event.getReportingComponent() + " " + event.getReportingInstance()).isEqualTo("default-scheduler default-scheduler-here");
            assertThat(event.getEventTime()).isNotNull();
        });
    }

    /// What runs the cluster has to run. Not even the highest priority that a tenant can give does the same, nor does a pod of the operator
    /// that was given none.
    @Test
    void onlyAPodOfTheOperatorTakesThePlaceOfAnothersAndOnlyWithAHigherPriority() {
        client.of(Kind.NODE).create("root", ChoiceTest.node("n1", "2", "4Gi"));
        client.of(Kind.POD).create("red", priority("low", 0));
        client.of(Kind.POD).create("blue", priority("low", 0));
        start();
        await().untilAsserted(() -> {
            assertThat(read("red", "low").getSpec().getNodeName()).isEqualTo("n1");
            assertThat(read("blue", "low").getSpec().getNodeName()).isEqualTo("n1");
        });
        String full = "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.";
        client.of(Kind.POD).create("green", priority("high", 2_000_001_000));
        client.of(Kind.POD).create("root", priority("plain", 0));
        await().untilAsserted(() -> {
            assertThat(read("green", "high").getStatus().getConditions().getFirst().getMessage()).isEqualTo(full);
            assertThat(read("root", "plain").getStatus().getConditions().getFirst().getMessage()).isEqualTo(full);
        });
        assertThat(List.of(read("red", "low"), read("blue", "low"))).allMatch(pod -> pod.getMetadata().getDeletionTimestamp() == null);

        client.of(Kind.POD).create("root", priority("agent", 1));
        await().untilAsserted(() -> assertThat(List.of(read("red", "low"), read("blue", "low")))
                .filteredOn(pod -> pod.getMetadata().getDeletionTimestamp() != null).hasSize(1));
        assertThat(read("root", "agent").getStatus().getNominatedNodeName()).isEqualTo("n1");
    }

    private static Pod priority(String name, int priority) {
        Pod pod = ChoiceTest.pod(name, "1", "1Gi");
        pod.getSpec().setPriority(priority);
        return pod;
    }

    @Test
    void theReplacementOfAPodThatMadeWayDoesNotTakeThePlaceFirst() {
        Node node = ChoiceTest.node("n1", "2", "4Gi");
        node.getStatus().getAllocatable().put("example.com/slots", new Quantity("1"));
        client.of(Kind.NODE).create("root", node);
        client.of(Kind.POD).create("red", slot("low", 0));
        start();
        await().untilAsserted(() -> assertThat(read("red", "low").getSpec().getNodeName()).isEqualTo("n1"));
        client.of(Kind.POD).create("red", slot("high", 1000));
        await().untilAsserted(() -> assertThat(read("red", "low").getMetadata().getDeletionTimestamp()).isNotNull());
        client.of(Kind.POD).create("red", slot("replacement", 0));
        client.of(Kind.POD).delete(new ObjectKey("red", "default", "low"), new Deletion(0L, null));
        await().untilAsserted(() -> assertThat(read("red", "high").getSpec().getNodeName()).isEqualTo("n1"));
        assertThat(read("red", "replacement").getSpec().getNodeName()).isNull();
        assertThat(read("red", "replacement").getMetadata().getDeletionTimestamp()).isNull();
    }

    @Test
    void aNodeThatIsOutOfTheQuestionIsPromisedNoLonger() {
        client.of(Kind.NODE).create("root", ChoiceTest.node("n1", "1", "4Gi"));
        client.of(Kind.POD).create("red", priority("low", 0));
        start();
        await().untilAsserted(() -> assertThat(read("red", "low").getSpec().getNodeName()).isEqualTo("n1"));
        client.of(Kind.POD).create("red", priority("high", 1000));
        await().untilAsserted(() -> assertThat(read("red", "high").getStatus().getNominatedNodeName()).isEqualTo("n1"));
        client.of(Kind.NODE).change(ObjectKey.root("n1"), null, node -> {
            node.getSpec().setUnschedulable(true);
            return node;
        });
        await().untilAsserted(() -> assertThat(scheduled(client, "high").getMessage()).isEqualTo(
                "0/1 nodes are available: 1 node(s) were unschedulable. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."));
        assertThat(read("red", "high").getStatus().getNominatedNodeName()).isNull();
    }

    /// A finalizer holds it for as long as its tenant likes.
    @Test
    void nothingIsKeptForAPodThatIsBeingDeleted() {
        client.of(Kind.NODE).create("root", ChoiceTest.node("n1", "1", "4Gi"));
        client.of(Kind.POD).create("red", priority("low", 0));
        start();
        await().untilAsserted(() -> assertThat(read("red", "low").getSpec().getNodeName()).isEqualTo("n1"));
        Pod high = priority("high", 1000);
        high.getMetadata().setFinalizers(List.of("example.com/stay"));
        client.of(Kind.POD).create("red", high);
        await().untilAsserted(() -> assertThat(read("red", "high").getStatus().getNominatedNodeName()).isEqualTo("n1"));
        client.of(Kind.POD).create("red", priority("other", 1));
        await().untilAsserted(() -> assertThat(failures(client, "other")).isNotEmpty());
        client.of(Kind.POD).delete(new ObjectKey("red", "default", "low"), new Deletion(0L, null));
        client.of(Kind.POD).delete(new ObjectKey("red", "default", "high"), new Deletion(0L, null));
        await().untilAsserted(() -> assertThat(read("red", "other").getSpec().getNodeName()).isEqualTo("n1"));
        assertThat(read("red", "high").getMetadata().getDeletionTimestamp()).isNotNull();
    }

    /// Nobody makes way for it, so who says that it is to come there is its tenant.
    @Test
    void nothingIsKeptForAPodThatNeverTakesThePlaceOfOthers() {
        client.of(Kind.NODE).create("root", ChoiceTest.node("n1", "1", "4Gi"));
        Pod vain = ChoiceTest.pod("vain", "100", "1Gi");
        vain.getSpec().setPriority(1000);
        vain.getSpec().setPreemptionPolicy("Never");
        vain.setStatus(new PodStatusBuilder().withNominatedNodeName("n1").build());
        client.of(Kind.POD).create("red", vain);
        start();
        await().untilAsserted(() -> assertThat(failures(client, "vain")).isNotEmpty());
        client.of(Kind.POD).create("red", priority("other", 0));
        await().untilAsserted(() -> assertThat(read("red", "other").getSpec().getNodeName()).isEqualTo("n1"));
    }

    /// What others hear of pods does not wait for a choice, however long that takes.
    @Test
    void theNewsOfOthersDoNotWaitForAChoice() throws InterruptedException {
        Semaphore asked = new Semaphore(0);
        CountDownLatch answered = new CountDownLatch(1);
        RandomGenerator slow = () -> {
            asked.release();
            try {
                answered.await();
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            }
            return 1;
        };
        Informers shared = new Informers(client);
        try (shared; Scheduler slowly = new Scheduler(client, shared, "here", InstantSource.system(), slow)) {
            Set<String> heard = ConcurrentHashMap.newKeySet();
            shared.of(Kind.POD, Scope.everywhere()).handler(new Informer.Handler<>() {
                @Override
                public void added(Pod pod) {
                    heard.add(pod.getMetadata().getName());
                }

                @Override
                public void updated(Pod before, Pod now) {}

                @Override
                public void deleted(Pod last) {}
            });
            client.of(Kind.NODE).create("root", ChoiceTest.node("n1", "2", "4Gi"));
            client.of(Kind.NODE).create("root", ChoiceTest.node("n2", "2", "4Gi"));
            client.of(Kind.POD).create("red", ChoiceTest.pod("web", "1", "1Gi"));
            slowly.start();
            shared.start();
            asked.acquire();
            Pod bound = ChoiceTest.pod("bound", "1", "1Gi");
            bound.getSpec().setNodeName("n1");
            client.of(Kind.POD).create("blue", bound);
            client.of(Kind.POD).create("blue", ChoiceTest.pod("later", "1", "1Gi"));
            await().untilAsserted(() -> assertThat(heard).contains("bound", "later"));
            assertThat(read("red", "web").getSpec().getNodeName()).isNull();
            answered.countDown();
            await().untilAsserted(() -> assertThat(read("blue", "later").getSpec().getNodeName()).isNotNull());
        }
    }

    @Test
    void aPodThatIsChangedItselfIsTriedAgain() {
        Node tainted = ChoiceTest.node("n1", "2", "4Gi");
        tainted.getSpec().setTaints(List.of(new Taint("NoSchedule", "only", null, "gpu")));
        client.of(Kind.NODE).create("root", tainted);
        client.of(Kind.POD).create("red", ChoiceTest.pod("web", "1", "1Gi"));
        start();
        await().untilAsserted(() -> assertThat(failures(client, "web")).hasSize(1));
        client.of(Kind.POD).change(new ObjectKey("red", "default", "web"), null, pod -> {
            pod.getSpec().setTolerations(List.of(new Toleration("NoSchedule", "only", "Exists", null, null)));
            return pod;
        });
        await().untilAsserted(() -> assertThat(read("red", "web").getSpec().getNodeName()).isEqualTo("n1"));
    }

    private static Pod slot(String name, int priority) {
        Pod pod = ChoiceTest.pod(name, "1m", "1Mi");
        pod.getSpec().setPriority(priority);
        pod.getSpec().getContainers().getFirst().getResources().getRequests().put("example.com/slots", new Quantity("1"));
        return pod;
    }

    @Test
    void gatedPodsWaitForTheirGates() {
        client.of(Kind.NODE).create("root", ChoiceTest.node("n1", "2", "4Gi"));
        Pod gated = ChoiceTest.pod("gated", "1", "1Gi");
        gated.getSpec().setSchedulingGates(List.of(new io.fabric8.kubernetes.api.model.PodSchedulingGate("example.com/wait")));
        client.of(Kind.POD).create("red", gated);
        client.of(Kind.POD).create("red", ChoiceTest.pod("free", "1", "1Gi"));
        start();
        await().untilAsserted(() -> assertThat(read("red", "free").getSpec().getNodeName()).isEqualTo("n1"));
        assertThat(read("red", "gated").getSpec().getNodeName()).isNull();
        assertThat(failures(client, "gated")).isEmpty();
        client.of(Kind.POD).change(new ObjectKey("red", "default", "gated"), null, pod -> {
            pod.getSpec().setSchedulingGates(List.of());
            return pod;
        });
        await().untilAsserted(() -> assertThat(read("red", "gated").getSpec().getNodeName()).isEqualTo("n1"));
    }
}
