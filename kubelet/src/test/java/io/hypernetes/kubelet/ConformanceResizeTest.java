package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Resources that change while containers run, by behaviours of upstream's conformance suite, with a runtime in memory; `docs/conformance.md` says
/// which is which.
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ConformanceResizeTest extends KubeletHarness {

    @Test
    void severalContainersAreResizedAtOnce() {
        PodBuilder three = pod("web").editSpec()
                .addNewContainer().withName("c2").withImage("app:1").withImagePullPolicy("IfNotPresent").endContainer()
                .addNewContainer().withName("c3").withImage("app:1").withImagePullPolicy("IfNotPresent").endContainer().endSpec();
        create(sized(three.build(), List.of("100m", "100m", "100m"), List.of("64Mi", "64Mi", "64Mi")));
        running("web");
        change("web", pod -> sized(pod, List.of("200m", "50m", "150m"), List.of("64Mi", "96Mi", "96Mi")));
        eventually("web", pod -> {
            assertThat(pod.getStatus().getContainerStatuses()).extracting(each -> each.getResources().getLimits().get("cpu").toString()).containsExactly("200m", "50m", "150m");
            assertThat(pod.getStatus().getContainerStatuses()).extracting(each -> each.getResources().getLimits().get("memory").toString()).containsExactly("64Mi", "96Mi", "96Mi");
            assertThat(pod.getStatus().getConditions()).noneMatch(each -> each.getType().startsWith("PodResize"));
        });
        // One gets more and the others less, which is less altogether.
        change("web", pod -> sized(pod, List.of("250m", "25m", "25m"), List.of("80Mi", "64Mi", "64Mi")));
        eventually("web", pod -> {
            assertThat(pod.getStatus().getContainerStatuses()).extracting(each -> each.getResources().getLimits().get("cpu").toString()).containsExactly("250m", "25m", "25m");
            assertThat(pod.getStatus().getContainerStatuses()).extracting(each -> each.getResources().getLimits().get("memory").toString()).containsExactly("80Mi", "64Mi", "64Mi");
        });
        // And two get more and one less, which is more altogether.
        change("web", pod -> sized(pod, List.of("300m", "75m", "20m"), List.of("96Mi", "80Mi", "48Mi")));
        eventually("web", pod -> {
            assertThat(pod.getStatus().getContainerStatuses()).extracting(each -> each.getResources().getRequests().get("cpu").toString()).containsExactly("300m", "75m", "20m");
            assertThat(pod.getStatus().getContainerStatuses()).extracting(each -> each.getAllocatedResources().get("memory").toString()).containsExactly("96Mi", "80Mi", "48Mi");
        });
        assertThat(cri.runsOf("main").getFirst().resources().getCpuQuota()).isEqualTo(30_000);
        assertThat(read("web").getStatus().getContainerStatuses()).allMatch(each -> each.getRestartCount() == 0);
        assertThat(read("web").getStatus().getQosClass()).isEqualTo("Guaranteed");
    }

    /// More and less, of the one and of the other, limits where there were none, and one that stays as it is.
    @Test
    void sixContainersAreResizedEachInItsOwnWay() {
        PodBuilder six = pod("web");
        for (int i = 2; i <= 6; i++) {
            six.editSpec().addNewContainer().withName("c" + i).withImage("app:1").withImagePullPolicy("IfNotPresent").endContainer().endSpec();
        }
        var cpu = Map.of("cpu", "100m");
        var both = Map.of("cpu", "100m", "memory", "64Mi");
        create(sized(six.build(), List.of(
                amounts(cpu, Map.of("cpu", "200m")), amounts(both, both), amounts(both, Map.of()),
                amounts(Map.of(), Map.of()), amounts(Map.of("memory", "64Mi"), Map.of("memory", "96Mi")), amounts(cpu, Map.of()))));
        running("web");
        List<ResourceRequirements> wanted = List.of(
                amounts(Map.of("cpu", "150m"), Map.of("cpu", "300m")),
                amounts(Map.of("cpu", "50m", "memory", "48Mi"), Map.of("cpu", "100m", "memory", "96Mi")),
                amounts(both, Map.of("cpu", "400m", "memory", "128Mi")),
                amounts(Map.of("cpu", "20m", "memory", "32Mi"), Map.of()),
                amounts(Map.of("memory", "80Mi"), Map.of("memory", "96Mi")),
                amounts(cpu, Map.of()));
        change("web", pod -> sized(pod, wanted));
        eventually("web", pod -> {
            assertThat(pod.getStatus().getContainerStatuses()).extracting(each -> each.getResources()).containsExactlyElementsOf(wanted);
            assertThat(pod.getStatus().getConditions()).noneMatch(each -> each.getType().startsWith("PodResize"));
            assertThat(pod.getStatus().getContainerStatuses().get(3).getAllocatedResources()).containsEntry("memory", new Quantity("32Mi"));
        });
        assertThat(cri.runsOf("c2").getFirst().resources().getMemoryLimitInBytes()).isEqualTo(96L << 20);
        assertThat(cri.runsOf("c3").getFirst().resources().getCpuQuota()).isEqualTo(40_000);
        assertThat(cri.runsOf("c6").getFirst().updated).as("nothing was asked of it").isNull();
        assertThat(read("web").getStatus().getContainerStatuses()).allMatch(each -> each.getRestartCount() == 0);
        assertThat(read("web").getStatus().getQosClass()).isEqualTo("Burstable");
    }

    /// Amounts below what a kernel tells apart: the status says what was asked, and nothing is waited for.
    @Test
    void whatIsTheSameToTheKernelIsResizedAtOnce() {
        create(sized(pod("web").build(), List.of(amounts(Map.of("cpu", "2m"), Map.of("cpu", "10m")))));
        running("web");
        var less = amounts(Map.of("cpu", "1m"), Map.of("cpu", "5m"));
        change("web", pod -> sized(pod, List.of(less)));
        eventually("web", pod -> {
            assertThat(main(pod).getResources()).isEqualTo(less);
            assertThat(main(pod).getAllocatedResources()).containsEntry("cpu", new Quantity("1m"));
            assertThat(pod.getStatus().getConditions()).noneMatch(each -> each.getType().startsWith("PodResize"));
        });
        assertThat(main(read("web")).getRestartCount()).isZero();
        assertThat(cri.calls()).noneMatch(call -> call.startsWith("update"));
    }

    private static ResourceRequirements amounts(Map<String, String> requests, Map<String, String> limits) {
        ResourceRequirementsBuilder amounts = new ResourceRequirementsBuilder();
        requests.forEach((name, amount) -> amounts.addToRequests(name, new Quantity(amount)));
        limits.forEach((name, amount) -> amounts.addToLimits(name, new Quantity(amount)));
        return amounts.build();
    }

    private static Pod sized(Pod pod, List<ResourceRequirements> resources) {
        Pod sized = new PodBuilder(pod).build();
        for (int i = 0; i < resources.size(); i++) {
            sized.getSpec().getContainers().get(i).setResources(resources.get(i));
        }
        return sized;
    }

    private static Pod sized(Pod pod, List<String> cpu, List<String> memory) {
        Pod sized = new PodBuilder(pod).build();
        for (int i = 0; i < cpu.size(); i++) {
            var amounts = Map.of("cpu", new Quantity(cpu.get(i)), "memory", new Quantity(memory.get(i)));
            sized.getSpec().getContainers().get(i).setResources(new ResourceRequirementsBuilder().withLimits(amounts).withRequests(amounts).build());
        }
        return sized;
    }
}
