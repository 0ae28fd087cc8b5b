package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.cri.v1.LinuxContainerResources;
import io.hypernetes.kubelet.cri.ObservedContainer;
import io.hypernetes.kubelet.cri.ObservedPod;
import io.hypernetes.kubelet.cri.ObservedSandbox;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AllocationsTest {
    private final Map<String, Standing> standing = new HashMap<>();
    private int freed;
    private final Allocations node = new Allocations(
            () -> Map.of("cpu", new Quantity("4"), "memory", new Quantity("1Gi"), "pods", new Quantity("10"), "ephemeral-storage", new Quantity("100Gi")),
            uid -> standing.getOrDefault(uid, Standing.STAYS), () -> freed++);

    private static ResourceRequirements cpu(String amount) {
        return new ResourceRequirementsBuilder().addToRequests("cpu", new Quantity(amount)).addToLimits("cpu", new Quantity(amount))
                .addToLimits("ephemeral-storage", new Quantity("1Gi")).build();
    }

    private static Pod pod(String uid, String cpu) {
        return new PodBuilder().withNewMetadata().withUid(uid).endMetadata()
                .withNewSpec().addNewContainer().withName("main").withResources(cpu(cpu)).endContainer().endSpec().build();
    }

    private void admit(Pod... those) {
        for (Pod each : those) {
            node.admit(each);
        }
    }

    private String granted(Pod pod) {
        return node.granted(pod).getSpec().getContainers().getFirst().getResources().getRequests().get("cpu").toString();
    }

    /// Or it would be turned away for what another one became larger by while it was being judged.
    @Test
    void whoIsComingCountsForThoseThatBecomeLarger() {
        admit(pod("a", "1"));
        node.await(pod("b", "2"));
        assertThat(node.ask(pod("a", "3"))).map(NodeRoom.Refusal::reason).contains("Deferred");
        assertThat(node.ask(pod("a", "2"))).isEmpty();
        int before = freed;
        node.decided("b");
        assertThat(freed).as("it was turned away").isEqualTo(before + 1);
        assertThat(node.ask(pod("a", "4"))).isEmpty();
    }

    /// Or a resize that waits for it would wait until something else goes.
    @Test
    void whoAsksForLessWhileItIsComingLeavesRoom() {
        admit(pod("a", "1"));
        node.await(pod("b", "3"));
        node.promise(pod("b", "3"));
        assertThat(node.ask(pod("a", "3"))).map(NodeRoom.Refusal::reason).contains("Deferred");
        assertThat(freed).isZero();
        node.await(pod("b", "3"));
        assertThat(freed).as("the same again").isZero();
        node.await(pod("b", "1"));
        assertThat(freed).isEqualTo(1);
        assertThat(node.ask(pod("a", "3"))).isEmpty();
        node.await(pod("b", "2"));
        assertThat(freed).as("more").isEqualTo(1);
        Pod odd = pod("b", "1");
        odd.getSpec().getContainers().getFirst().getResources().getRequests().put("cpu", new Quantity("1", "parsec"));
        assertThatThrownBy(() -> node.await(odd)).isInstanceOf(RuntimeException.class);
        assertThat(freed).as("it does not count any more").isEqualTo(2);
    }

    @Test
    void whoWasLetInCountsOnce() {
        admit(pod("a", "1"));
        node.await(pod("b", "2"));
        assertThat(node.admitIfRoom(pod("b", "2"))).isEmpty();
        assertThat(node.ask(pod("a", "2"))).isEmpty();
        int before = freed;
        node.decided("b");
        assertThat(freed).isEqualTo(before);
        assertThat(node.ask(pod("a", "3"))).map(NodeRoom.Refusal::reason).contains("Deferred");
    }

    @Test
    void whatIsNoAmountCountsForNobody() {
        admit(pod("a", "1"));
        assertThatThrownBy(() -> node.await(pod("b", "1x"))).isInstanceOf(RuntimeException.class);
        assertThat(node.ask(pod("a", "4"))).isEmpty();
    }

    @Test
    void ofTwoThatAskForTheLastOfItOneGetsIt() {
        admit(pod("a", "1"), pod("b", "1"));
        assertThat(node.ask(pod("a", "3"))).isEmpty();
        // What the API has of the other one does not say it yet.
        assertThat(node.ask(pod("b", "3"))).map(NodeRoom.Refusal::reason).contains("Deferred");
        assertThat(granted(pod("a", "3"))).isEqualTo("3");
        assertThat(granted(pod("b", "3"))).isEqualTo("1");
        assertThat(node.granted(pod("b", "3")).getSpec().getContainers().getFirst().getResources()).isEqualTo(cpu("1"));
        assertThat(node.grants(pod("b", "3"))).isFalse();
    }

    @Test
    void whatIsGivenBackIsNotOthersBeforeItIsDone() {
        admit(pod("a", "3"), pod("b", "1"));
        assertThat(node.ask(pod("a", "1"))).isEmpty();
        assertThat(node.ask(pod("b", "3"))).isPresent();
        node.takeBack(pod("a", "1"));
        assertThat(granted(pod("a", "1"))).isEqualTo("3");
        assertThat(node.ask(pod("a", "1"))).isEmpty();
        node.done(pod("a", "1"));
        assertThat(node.ask(pod("b", "3"))).isEmpty();
    }

    @Test
    void anEarlierKubeletsGrantsAreInTheStatus() {
        Pod refused = pod("a", "800").edit().withNewStatus().addNewContainerStatus().withName("main")
                .addToAllocatedResources("cpu", new Quantity("500m"))
                .withNewResources().addToLimits("cpu", new Quantity("1")).endResources().endContainerStatus().endStatus().build();
        Pod nothing = pod("b", "800").edit().withNewStatus().addNewContainerStatus().withName("main")
                .withResources(new ResourceRequirements()).endContainerStatus().endStatus().build();
        Pod unknown = pod("c", "2").edit().withNewStatus().addNewContainerStatus().withName("main").endContainerStatus().endStatus().build();
        admit(refused, nothing, unknown);
        assertThat(node.granted(refused).getSpec().getContainers().getFirst().getResources()).isEqualTo(new ResourceRequirementsBuilder()
                .addToRequests("cpu", new Quantity("500m")).addToLimits("cpu", new Quantity("1")).addToLimits("ephemeral-storage", new Quantity("1Gi")).build());
        assertThat(node.granted(nothing).getSpec().getContainers().getFirst().getResources().getRequests()).isNullOrEmpty();
        assertThat(granted(unknown)).isEqualTo("2");
    }

    @Test
    void aPodThatIsGoneLeavesNothing() {
        admit(pod("a", "3"), pod("b", "1"));
        node.forget("a");
        assertThat(granted(pod("a", "2"))).as("asked by who still holds it").isEqualTo("2");
        admit(pod("a", "1"));
        assertThat(granted(pod("a", "2"))).isEqualTo("1");
    }

    private static Pod memory(String uid, String memory) {
        return new PodBuilder().withNewMetadata().withUid(uid).endMetadata().withNewSpec().addNewContainer().withName("main")
                .withNewResources().addToRequests("memory", new Quantity(memory)).addToLimits("memory", new Quantity(memory)).endResources().endContainer().endSpec().build();
    }

    private static ObservedPod onMachineMadeFor(Pod pod) {
        return new ObservedPod(List.of(new ObservedSandbox("s", 0, true, Instant.EPOCH, List.of(), Map.of(), MachineAnnotations.of("acme",
                pod.edit().editMetadata().withName("p").endMetadata().build()))), List.of());
    }

    /// Or pods that are made small one after the other would have more memory together than the node has.
    @Test
    void whatAMachineWasMadeForIsNotOthersWhileThatMachineIsThere() {
        admit(memory("a", "800Mi"), memory("b", "100Mi"));
        node.machine("a", onMachineMadeFor(memory("a", "800Mi")));
        Pod small = memory("a", "64Mi");
        assertThat(node.kept(small)).isEmpty();
        assertThat(node.ask(small)).isEmpty();
        node.done(small);
        assertThat(node.granted(small)).isEqualTo(small);
        assertThat(node.kept(small)).containsOnly(Map.entry("memory", new Quantity(String.valueOf(800L << 20))));
        assertThat(node.keptLimits(small)).containsOnly(Map.entry("memory", new Quantity(String.valueOf(800L << 20))));
        assertThat(node.lastingShortage(memory("c", "500Mi"))).isPresent();
        assertThat(node.ask(memory("b", "500Mi"))).map(NodeRoom.Refusal::reason).contains("Deferred");
        assertThat(node.ask(memory("a", "800Mi"))).as("it is there for itself").isEmpty();
        assertThat(node.ask(small)).isEmpty();
        node.done(small);
        node.machine("a", ObservedPod.NOTHING);
        assertThat(node.kept(small)).as("one that may come back").isNotEmpty();
        node.machine("a", onMachineMadeFor(small));
        assertThat(node.kept(small)).isEmpty();
        assertThat(node.keptLimits(small)).isEmpty();
        assertThat(node.ask(memory("b", "500Mi"))).isEmpty();
    }

    /// Whoever waits for room asks again then (upstream's pkg/kubelet/allocation, RetryPendingResizes).
    @Test
    void itIsToldWhenAPodCountsForLess() {
        admit(memory("a", "800Mi"), pod("b", "3"));
        node.machine("a", onMachineMadeFor(memory("a", "800Mi")));
        node.machine("a", onMachineMadeFor(memory("a", "800Mi")));
        assertThat(node.ask(pod("b", "1"))).isEmpty();
        assertThat(freed).as("what is not given back yet").isZero();
        node.done(pod("b", "1"));
        node.done(pod("b", "1"));
        assertThat(freed).isEqualTo(1);
        node.machine("a", onMachineMadeFor(memory("a", "64Mi")));
        assertThat(freed).isEqualTo(2);
        node.forget("a");
        assertThat(freed).isEqualTo(3);
    }

    @Test
    void itIsToldWhenWhatIsNotedInPlaceOfAnOrphanCountsForLess() {
        LinuxContainerResources three = LinuxContainerResources.newBuilder().setCpuShares(3 * 1024).build();
        node.orphan("a", new ObservedPod(List.of(), List.of(new ObservedContainer("c", "s", "main", 0, ObservedContainer.State.RUNNING, Instant.EPOCH, Instant.EPOCH, null,
                0, "", "", "", Map.of(), "", three, ""))));
        assertThat(node.admitIfRoom(pod("b", "3"))).isPresent();
        node.admit(pod("a", "1"));
        assertThat(freed).isEqualTo(1);
        assertThat(node.admitIfRoom(pod("b", "3"))).isEmpty();
    }

    @Test
    void itIsToldWhenTheMachineOfAPodCostsLess() {
        admit(pod("a", "3"));
        node.costs("a", Map.of("cpu", new Quantity("500m")));
        assertThat(freed).isZero();
        node.costs("a", Map.of("cpu", new Quantity("250m")));
        assertThat(freed).isEqualTo(1);
    }

    @Test
    void whatAKilledKubeletHadNotYetSeenGivenBackIsNotOthers() {
        Pod shrinking = pod("a", "1").edit().withNewStatus().addNewContainerStatus().withName("main")
                .addToAllocatedResources("cpu", new Quantity("1"))
                .withNewResources().addToRequests("cpu", new Quantity("3")).addToLimits("cpu", new Quantity("3")).endResources().endContainerStatus().endStatus().build();
        admit(shrinking, pod("b", "1"));
        assertThat(granted(shrinking)).isEqualTo("1");
        assertThat(node.ask(pod("b", "2"))).map(NodeRoom.Refusal::reason).contains("Deferred");
        node.done(shrinking);
        assertThat(node.ask(pod("b", "2"))).isEmpty();
    }

    @Test
    void aPodThatIsNewIsNotedOnlyIfThereIsRoomForIt() {
        admit(pod("a", "3"));
        assertThat(node.admitIfRoom(pod("b", "2"))).map(NodeRoom.Shortage::resource).contains("cpu");
        assertThat(node.knows(pod("b", "2"))).isFalse();
        assertThat(node.admitIfRoom(pod("c", "1"))).isEmpty();
        assertThat(node.knows(pod("c", "1"))).isTrue();
    }

    @Test
    void whatEndedCountsNoMoreAndWhatIsEndingCountsForThoseThatWouldRunBesideIt() {
        admit(pod("a", "3"));
        standing.put("a", Standing.LEAVES);
        assertThat(node.lastingShortage(pod("b", "2"))).isEmpty();
        assertThat(node.admitIfRoom(pod("b", "2"))).isPresent();
        admit(pod("c", "1"));
        assertThat(node.ask(pod("c", "2"))).map(NodeRoom.Refusal::reason).contains("Deferred");
        standing.put("a", Standing.LEFT);
        assertThat(node.admitIfRoom(pod("b", "2"))).isEmpty();
    }

    /// One that was let in has no worker yet.
    @Test
    void whoeverWasNotedCountsForResizesAtOnce() {
        admit(pod("a", "1"));
        assertThat(node.admitIfRoom(pod("b", "3"))).isEmpty();
        assertThat(node.ask(pod("a", "2"))).map(NodeRoom.Refusal::reason).contains("Deferred");
    }

    @Test
    void processorsThatAreNotOthersYetAreTold() {
        admit(pod("a", "3"));
        assertThat(node.ask(pod("a", "1"))).isEmpty();
        assertThat(node.kept(pod("a", "1"))).containsOnly(Map.entry("cpu", new Quantity("3000m")));
        node.done(pod("a", "1"));
        assertThat(node.kept(pod("a", "1"))).isEmpty();
    }

    /// The scheduler counts what the API says of a static pod, which its file does not.
    @Test
    void whatTheMachineOfThePodCostsCounts() {
        admit(pod("a", "3"));
        node.costs("a", Map.of("cpu", new Quantity("500m")));
        assertThat(node.lastingShortage(pod("b", "1")).map(shortage -> shortage.message(ObjectKey.ROOT)))
                .contains("Node didn't have enough resource: cpu, requested: 1000, used: 3500, capacity: 4000");
    }
}
