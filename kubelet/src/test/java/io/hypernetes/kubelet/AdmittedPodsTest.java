package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Whoever binds a pod to a node, the node takes it only if it has what the pod asks for, as this kubelet counts (upstream's pkg/kubelet/lifecycle/predicate.go).
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AdmittedPodsTest extends KubeletHarness {

    @Test
    void whatDoesNotFitFailsAndNothingOfItBegins() {
        create(asking("large", "1000Ti"));
        eventually("large", pod -> {
            assertThat(pod.getStatus().getPhase()).isEqualTo("Failed");
            assertThat(pod.getStatus().getReason()).isEqualTo("OutOfmemory");
            assertThat(pod.getStatus().getMessage()).matches("Pod was rejected: Node didn't have enough resource: memory, requested: 1099511627776000, capacity: \\d+");
            assertThat(pod.getStatus().getContainerStatuses()).isEmpty();
            assertThat(pod.getStatus().getStartTime()).isNotNull();
        });
        Awaitility.await().until(() -> events().stream().anyMatch(event -> event.getReason().equals("OutOfmemory") && event.getType().equals("Warning")
                && event.getMessage().startsWith("Node didn't have enough resource: memory")));
        assertThat(cri.calls()).isEmpty();
        client.of(Kind.POD).delete(key("large"), Deletion.ordinary());
        Awaitility.await().until(() -> client.of(Kind.POD).find(key("large")).isEmpty());
    }

    @Test
    void whatIsLeftIsOfTheFirst() {
        create(asking("first", share(0.6)));
        running("first");
        create(asking("second", share(0.6)));
        eventually("second", pod -> assertThat(pod.getStatus().getReason()).isEqualTo("OutOfmemory"));
        client.of(Kind.POD).delete(key("first"), Deletion.ordinary());
        Awaitility.await().until(() -> client.of(Kind.POD).find(key("first")).isEmpty());
        create(asking("third", share(0.6)));
        running("third");
    }

    /// The API has forgotten it before its machine has ended.
    @Test
    void whoComesInPlaceOfOneThatIsForcedOutWaitsUntilThatHasGone() {
        create(asking("first", share(0.6)));
        running("first");
        client.of(Kind.POD).delete(key("first"), Deletion.now(read("first").getMetadata().getUid()));
        create(asking("second", share(0.6)));
        running("second");
        assertThat(cri.calls()).containsSubsequence("remove-sandbox", "run-sandbox");
    }

    @Test
    void whoComesInPlaceOfOneThatSomebodySaysIsOverWaitsForItsMachineAndSaysSoOnce() {
        create(asking("first", share(0.6)));
        running("first");
        cri.ignoreTerm = true;
        client.of(Kind.POD).change(key("first"), "status", pod -> pod.edit().editStatus().withPhase("Failed").endStatus().build());
        create(asking("second", share(0.6)));
        Awaitility.await().until(() -> waiting() == 1);
        // Whatever is looked at meanwhile.
        create(asking("third", "1Mi"));
        running("third");
        running("second");
        assertThat(cri.calls()).containsSubsequence("run-sandbox", "stop-sandbox", "run-sandbox");
        assertThat(waiting()).isEqualTo(1);
        cri.ignoreTerm = false;
    }

    @Test
    void whoFitsOnlyWithoutWhatNobodyHasToldOfWaitsUntilThatHasGone() throws Exception {
        create(asking("first", share(0.6)));
        running("first");
        kubelet.close();
        client.of(Kind.POD).delete(key("first"), Deletion.now(read("first").getMetadata().getUid()));
        create(asking("second", share(0.6)));
        cri.ignoreTerm = true;
        kubelet = kubelet();
        Awaitility.await().until(() -> waiting() == 1);
        running("second");
        assertThat(cri.calls()).containsSubsequence("run-sandbox", "remove-sandbox", "run-sandbox");
        cri.ignoreTerm = false;
    }

    @Test
    void whatGoesWrongWithOnePodIsNotTheOthersToSuffer() {
        create(asking("broken", "1x"));
        create(pod("web").build());
        running("web");
    }

    private long waiting() {
        return events().stream().filter(event -> event.getReason().equals("WaitingForRoom")).mapToInt(event -> event.getCount() == null ? 1 : event.getCount()).sum();
    }

    @Test
    void whatRanBeforeTheKubeletWasKilledGoesOnAndWhatIsNewIsJudgedBehindIt() throws Exception {
        create(asking("old", share(0.6)));
        running("old");
        kubelet.close();
        // As when its status was never written.
        client.of(Kind.POD).change(key("old"), "status", pod -> pod.edit().editStatus().withContainerStatuses().withStartTime(null).endStatus().build());
        create(asking("new", share(0.6)).edit().editMetadata().withCreationTimestamp("2001-01-01T00:00:00Z").endMetadata().build());
        kubelet = kubelet();
        running("old");
        eventually("new", pod -> assertThat(pod.getStatus().getReason()).isEqualTo("OutOfmemory"));
        assertThat(cri.runsOf("main")).hasSize(1);
    }

    @Test
    void nothingIsGrantedBeforeAllPodsHaveBeenSeen() throws Exception {
        create(asking("grows", share(0.2)));
        running("grows");
        create(asking("other", share(0.6)));
        running("other");
        change("grows", pod -> pod.edit().editSpec().editContainer(0).withResources(memory(share(0.5))).endContainer().endSpec().build());
        eventually("grows", pod -> assertThat(pending(pod)).containsExactly("Deferred"));
        kubelet.close();
        // What runs of it is seen by the runtime alone.
        client.of(Kind.POD).change(key("other"), "status", pod -> pod.edit().editStatus().withContainerStatuses().withStartTime(null).endStatus().build());
        kubelet = kubelet();
        eventually("other", pod -> assertThat(main(pod).getState().getRunning()).isNotNull());
        String had = share(0.2);
        Awaitility.await().during(Duration.ofSeconds(1)).atMost(Duration.ofSeconds(20)).untilAsserted(() -> {
            assertThat(pending(read("grows"))).containsExactly("Deferred");
            assertThat(main(read("grows")).getAllocatedResources()).containsEntry("memory", new Quantity(had));
        });
        assertThat(cri.calls()).noneMatch(call -> call.startsWith("update"));
    }

    /// As upstream's kubelet does (pkg/kubelet/allocation, RetryPendingResizes): it would be looked at by itself 45 seconds later at the earliest.
    @Test
    void aResizeThatWaitsForRoomIsGrantedWhenAnotherPodHasGone() {
        deferredBeside("other");
        client.of(Kind.POD).delete(key("other"), Deletion.ordinary());
        grantedSoon();
    }

    @Test
    void aResizeThatWaitsForRoomIsGrantedWhenNothingOfAPodRunsAnyMore() {
        deferredBeside("other");
        cri.exit("other", 0);
        grantedSoon();
        assertThat(client.of(Kind.POD).find(key("other"))).isPresent();
    }

    @Test
    void aResizeThatWaitsForRoomIsGrantedWhenAnotherPodHasBecomeSmaller() {
        deferredBeside("other");
        change("other", pod -> pod.edit().editSpec().editContainer(0).withResources(cpu("1m")).endContainer().endSpec().build());
        grantedSoon();
    }

    /// Whoever is bound here fails for want of room; who wants to become larger waits on.
    @Test
    void whoIsBoundHereComesBeforeAResizeThatWaits() {
        deferredBeside("other");
        CountDownLatch release = new CountDownLatch(1);
        cri.beforeSandboxGoes = () -> {
            try {
                release.await(60, TimeUnit.SECONDS);
            } catch (InterruptedException cancelled) {
                Thread.currentThread().interrupt();
            }
        };
        client.of(Kind.POD).delete(key("other"), Deletion.now(read("other").getMetadata().getUid()));
        create(pod("second").editSpec().editContainer(0).withResources(cpu(processors(0.6))).endContainer().endSpec().build());
        Awaitility.await().until(() -> waiting() == 1);
        release.countDown();
        running("second");
        assertThat(pending(read("grows"))).containsExactly("Deferred");
    }

    @Test
    void aResizeThatWaitsForRoomIsGrantedWhenOneThatIsToComeAsksForLess() {
        create(pod("leaves").editSpec().withTerminationGracePeriodSeconds(600L).editContainer(0).withResources(cpu(processors(0.3))).endContainer().endSpec().build());
        running("leaves");
        create(pod("grows").editSpec().editContainer(0).withName("grows").withResources(cpu("1m")).endContainer().endSpec().build());
        running("grows");
        cri.ignoreTerm = true;
        client.of(Kind.POD).change(key("leaves"), "status", pod -> pod.edit().editStatus().withPhase("Failed").endStatus().build());
        create(pod("waits").editSpec().editContainer(0).withResources(cpu(processors(0.8))).endContainer().endSpec().build());
        Awaitility.await().until(() -> waiting() == 1);
        change("grows", pod -> pod.edit().editSpec().editContainer(0).withResources(cpu(processors(0.1))).endContainer().endSpec().build());
        eventually("grows", pod -> assertThat(pending(pod)).containsExactly("Deferred"));
        change("waits", pod -> pod.edit().editSpec().editContainer(0).withResources(cpu(processors(0.55))).endContainer().endSpec().build());
        grantedSoon();
        running("waits");
        assertThat(cri.calls()).doesNotContain("stop-sandbox");
        cri.ignoreTerm = false;
    }

    @Test
    void whoWaitsForOneThatLeavesBeginsWhenAnotherHasBecomeSmallEnough() {
        create(pod("big").editSpec().editContainer(0).withName("big").withResources(cpu(processors(0.6))).endContainer().endSpec().build());
        running("big");
        create(pod("leaves").editSpec().withTerminationGracePeriodSeconds(600L).editContainer(0).withResources(cpu(processors(0.3))).endContainer().endSpec().build());
        running("leaves");
        cri.ignoreTerm = true;
        client.of(Kind.POD).change(key("leaves"), "status", pod -> pod.edit().editStatus().withPhase("Failed").endStatus().build());
        create(pod("waits").editSpec().editContainer(0).withResources(cpu(processors(0.3))).endContainer().endSpec().build());
        Awaitility.await().until(() -> waiting() == 1);
        change("big", pod -> pod.edit().editSpec().editContainer(0).withResources(cpu("1m")).endContainer().endSpec().build());
        running("waits");
        assertThat(cri.calls()).doesNotContain("stop-sandbox");
        cri.ignoreTerm = false;
    }

    /// While the node is asked for its labels, which may take its time.
    @Test
    void whoIsBeingJudgedLosesNoRoomToAResizeThatWaits() {
        deferredBeside("other", 0.8);
        String part = processors(0.3);
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        api.beforeAnswers(request -> {
            if (request.startsWith("GET ") && request.endsWith("/nodes/n1")) {
                asked.countDown();
                awaitThat(release);
            }
        });
        create(pod("second").editSpec().addToNodeSelector("disk", "ssd").editContainer(0).withResources(cpu(part)).endContainer().endSpec().build());
        awaitThat(asked);
        cri.exit("other", 0);
        Awaitility.await().until(() -> cri.calls().contains("stop-sandbox"));
        lookAgain("grows");
        lookAgain("grows");
        api.beforeAnswers(_ -> {});
        client.of(Kind.NODE).change(io.hypernetes.client.ObjectKey.root("n1"), null, node -> node.edit().editMetadata().addToLabels("disk", "ssd").endMetadata().build());
        release.countDown();
        running("second");
        assertThat(pending(read("grows"))).containsExactly("Deferred");
    }

    private static void awaitThat(CountDownLatch latch) {
        try {
            assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException cancelled) {
            Thread.currentThread().interrupt();
        }
    }

    private void deferredBeside(String name) {
        deferredBeside(name, 0.6);
    }

    /// @param wanted the part of the node's processors
    private void deferredBeside(String name, double wanted) {
        String half = processors(0.6);
        create(pod(name).editSpec().withRestartPolicy("Never").editContainer(0).withName(name).withResources(cpu(half)).endContainer().endSpec().build());
        running(name);
        create(pod("grows").editSpec().editContainer(0).withResources(cpu("1m")).endContainer().endSpec().build());
        running("grows");
        String more = processors(wanted);
        change("grows", pod -> pod.edit().editSpec().editContainer(0).withResources(cpu(more)).endContainer().endSpec().build());
        eventually("grows", pod -> assertThat(pending(pod)).containsExactly("Deferred"));
    }

    private void grantedSoon() {
        Awaitility.await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> {
            assertThat(pending(read("grows"))).isEmpty();
            assertThat(main(read("grows")).getAllocatedResources().get("cpu")).isEqualTo(read("grows").getSpec().getContainers().getFirst().getResources().getRequests().get("cpu"));
        });
    }

    private static ResourceRequirements cpu(String amount) {
        return new ResourceRequirementsBuilder().addToLimits("cpu", new Quantity(amount)).addToRequests("cpu", new Quantity(amount)).build();
    }

    /// A part of what the node offers, in thousandths.
    private String processors(double part) {
        Awaitility.await().ignoreExceptions().until(() -> offered("cpu") != null);
        return (long) (offered("cpu").getNumericalAmount().doubleValue() * 1000 * part) + "m";
    }

    /// A machine gives back no memory, so what it was made for is not others', whatever its containers have.
    @Test
    void aPodThatIsMadeSmallerKeepsItsMachinesMemoryUntilItHasAnother() throws Exception {
        cri.podCidr = "10.88.0.0/24";
        create(asking("big", share(0.6)));
        running("big");
        change("big", pod -> pod.edit().editSpec().editContainer(0).withResources(memory("64Mi")).endContainer().endSpec().build());
        eventually("big", pod -> {
            assertThat(main(pod).getResources().getRequests()).containsEntry("memory", new Quantity("64Mi"));
            assertThat(pod.getStatus().getAllocatedResources()).containsEntry("memory", new Quantity(share(0.6)));
        });
        create(asking("second", share(0.6)));
        eventually("second", pod -> assertThat(pod.getStatus().getReason()).isEqualTo("OutOfmemory"));
        kubelet.close();
        kubelet = kubelet();
        create(asking("third", share(0.6)));
        eventually("third", pod -> assertThat(pod.getStatus().getReason()).isEqualTo("OutOfmemory"));
        assertThat(read("big").getStatus().getAllocatedResources()).containsEntry("memory", new Quantity(share(0.6)));
        cri.crashMachines();
        eventually("big", pod -> {
            assertThat(main(pod).getRestartCount()).isEqualTo(1);
            assertThat(pod.getStatus().getAllocatedResources()).isNullOrEmpty();
        });
        create(asking("fourth", share(0.6)));
        running("fourth");
    }

    @Test
    void whatIsBeingGivenBackIsToldToTheNextKubelet() {
        create(asking("big", "512Mi"));
        running("big");
        cri.updatesNothing = true;
        change("big", pod -> pod.edit().editSpec().editContainer(0).withResources(memory("64Mi")).endContainer().endSpec().build());
        eventually("big", pod -> {
            ContainerStatus main = main(pod);
            assertThat(main.getAllocatedResources()).containsEntry("memory", new Quantity("64Mi"));
            assertThat(main.getResources().getRequests()).containsEntry("memory", new Quantity("512Mi"));
        });
    }

    @Test
    void aPodOfTheNodesOwnRunsWhateverThereIsRoomFor() throws Exception {
        Files.writeString(folder.resolve("lib/manifests/agent.yaml"), """
                apiVersion: v1
                kind: Pod
                metadata: {name: agent}
                spec:
                  containers: [{name: own, image: 'app:1', imagePullPolicy: IfNotPresent, resources: {requests: {memory: 1000Ti}}}]
                """);
        Awaitility.await().until(() -> !cri.runsOf("own").isEmpty());
        create(asking("web", "64Mi"));
        eventually("web", pod -> assertThat(pod.getStatus().getReason()).isEqualTo("OutOfmemory"));
        create(pod("free").build());
        running("free");
    }

    private static List<String> pending(Pod pod) {
        return pod.getStatus().getConditions().stream().filter(each -> each.getType().equals("PodResizePending")).map(each -> each.getReason()).toList();
    }

    private static Pod asking(String name, String amount) {
        return pod(name).editSpec().editContainer(0).withResources(memory(amount)).endContainer().endSpec().build();
    }

    private static ResourceRequirements memory(String amount) {
        return new ResourceRequirementsBuilder().addToLimits("memory", new Quantity(amount)).addToRequests("memory", new Quantity(amount)).build();
    }

    /// A part of what the node offers, in bytes.
    private String share(double part) {
        Awaitility.await().ignoreExceptions().until(() -> offered("memory") != null);
        return String.valueOf((long) (offered("memory").getNumericalAmount().doubleValue() * part));
    }

    private Quantity offered(String resource) {
        return client.of(Kind.NODE).get(io.hypernetes.client.ObjectKey.root("n1")).getStatus().getAllocatable().get(resource);
    }
}
