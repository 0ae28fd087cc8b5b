package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import io.hypernetes.kubelet.cri.ObservedContainer;
import io.hypernetes.kubelet.cri.ObservedPod;
import io.hypernetes.kubelet.cri.ObservedSandbox;
import io.hypernetes.scheduler.SchedulersCount;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Whatever a pod goes through while it is resized, the scheduler counts of it, by what its status tells, what its node does. A scheduler that counted less would
/// bind pods that the node refuses, again and again.
class ToldAmountsTest {
    private static final int RUNS = Integer.getInteger("told.runs", 60);
    private static final int STEPS = 80;

    private static Allocations record() {
        return new Allocations(() -> Map.of("cpu", new Quantity("6"), "memory", new Quantity("6Gi"), "pods", new Quantity("10"), "ephemeral-storage", new Quantity("1Gi")), uid -> Standing.STAYS, () -> {});
    }

    /// But for the moment in which more is granted to one container while another one's is not others' yet.
    @Test
    void theSchedulerCountsWhatTheNodeDoes() {
        for (int seed = 0; seed < RUNS; seed++) {
            new Run(new Random(seed), "seed " + seed).go();
        }
    }

    /// One pod, and a runtime that does what it is told some time or other.
    private static final class Run {
        private final Random random;
        private final String name;
        private final PodServices services = new PodServices(null, null, null, null, null, null, null, null, null, null, null, Instant::now, Map::of, afresh -> Optional.empty(), null, null);
        private final Map<String, Container> has = new HashMap<>();
        private Allocations node = record();
        private ObservedPod machine = ObservedPod.NOTHING;
        private Pod pod;

        Run(Random random, String name) {
            this.random = random;
            this.name = name;
            this.pod = new PodBuilder().withNewMetadata().withUid("u").withName("p").endMetadata().withNewSpec()
                    .withInitContainers(container("side").edit().withRestartPolicy("Always").build(), container("init"))
                    .withContainers(container("one"), container("two")).addToOverhead("memory", new Quantity("64Mi")).endSpec().build();
        }

        private Container container(String name) {
            return new ContainerBuilder().withName(name).withResources(amounts()).build();
        }

        private ResourceRequirements amounts() {
            Quantity cpu = new Quantity(125 * (1 + random.nextInt(16)) + "m");
            Quantity memory = new Quantity(128 * (1 + random.nextInt(16)) + "Mi");
            return new ResourceRequirementsBuilder().addToRequests("cpu", cpu).addToRequests("memory", memory).addToLimits("memory", memory).build();
        }

        void go() {
            node.admit(pod);
            newMachine();
            tell();
            for (int i = 0; i < STEPS; i++) {
                int step = random.nextInt(12);
                take(step);
                if (step != 2 && step != 3) {
                    agrees("before it is told, step " + step, false);
                }
                tell();
                agrees("step " + step, true);
            }
        }

        private void take(int step) {
            String container = List.of("side", "one", "two").get(random.nextInt(3));
            switch (step) {
                case 0, 1 -> pod = asking(container, amounts());
                case 2, 3 -> node.ask(pod);
                case 4, 5, 6, 7 -> has.put(container, granted(container));
                case 8, 9 -> {
                    if (has.keySet().stream().allMatch(each -> has.get(each).equals(granted(each)))) {
                        node.done(pod);
                    }
                }
                case 10 -> node.takeBack(pod);
                default -> {
                    if (random.nextBoolean()) {
                        newMachine();
                    } else {
                        // Another kubelet.
                        node = record();
                        node.admit(pod);
                        node.machine("u", machine);
                    }
                }
            }
        }

        private Pod asking(String container, ResourceRequirements amounts) {
            return pod.edit().editSpec()
                    .withContainers(pod.getSpec().getContainers().stream().map(each -> each.getName().equals(container) ? each.edit().withResources(amounts).build() : each).toList())
                    .withInitContainers(pod.getSpec().getInitContainers().stream().map(each -> each.getName().equals(container) ? each.edit().withResources(amounts).build() : each).toList())
                    .endSpec().build();
        }

        private Container granted(String container) {
            return Plan.declared(node.granted(pod)).stream().filter(each -> each.getName().equals(container)).findFirst().orElseThrow();
        }

        private void newMachine() {
            Pod granted = node.granted(pod);
            machine = new ObservedPod(List.of(new ObservedSandbox("s", 0, true, Instant.EPOCH, List.of(), Map.of(), MachineAnnotations.of("acme", granted))), List.of());
            node.machine("u", machine);
            Plan.declared(granted).forEach(each -> has.put(each.getName(), each));
        }

        private void tell() {
            Resizing resizing = new Resizing(services, node);
            Map<String, ContainerStatus> told = new HashMap<>();
            Plan.declared(pod).forEach(each -> told.put(each.getName(), resizing.told(pod, new ContainerStatusBuilder().withName(each.getName()).build(), observed(each.getName()))));
            pod = pod.edit().withNewStatus()
                    .withContainerStatuses(told.get("one"), told.get("two")).withInitContainerStatuses(told.get("side"), told.get("init"))
                    .withAllocatedResources(resizing.kept(pod)).endStatus().build();
        }

        private ObservedContainer observed(String container) {
            return new ObservedContainer(container, "s", container, 0, ObservedContainer.State.RUNNING, Instant.EPOCH, Instant.EPOCH, null, 0, "", "", "", Map.of(), "",
                    CriResources.of(has.get(container)), "");
        }

        private void agrees(String when, boolean told) {
            BigDecimal cpu = PodTotals.requestsWithMachine(node.counted(pod), "cpu").movePointRight(3);
            BigDecimal memory = PodTotals.requestsWithMachine(node.counted(pod), "memory");
            assertThat(BigDecimal.valueOf(SchedulersCount.cpuMillis(pod))).as(name + ", " + when).isGreaterThanOrEqualTo(cpu);
            assertThat(BigDecimal.valueOf(SchedulersCount.memory(pod))).as(name + ", " + when).isGreaterThanOrEqualTo(memory);
            if (told) {
                // What is asked for and was not granted counts for the scheduler alone.
                Pod granted = node.granted(pod);
                assertThat(BigDecimal.valueOf(SchedulersCount.cpuMillis(granted))).as(name + ", " + when).isEqualByComparingTo(cpu);
                assertThat(BigDecimal.valueOf(SchedulersCount.memory(granted))).as(name + ", " + when).isEqualByComparingTo(memory);
            }
        }
    }
}
