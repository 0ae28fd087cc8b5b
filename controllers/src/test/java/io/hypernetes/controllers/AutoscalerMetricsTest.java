package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerSpecBuilder;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// How many pods what is measured asks for, and what is said where it cannot be told: upstream's pkg/controller/podautoscaler/replica_calculator.go and
/// metrics/client.go.
class AutoscalerMetricsTest {
    private AutoscalerBench bench;

    @BeforeEach
    void start() throws InterruptedException {
        bench = new AutoscalerBench();
        bench.target("web", 3);
    }

    @AfterEach
    void stop() {
        bench.close();
    }

    private static HorizontalPodAutoscalerSpecBuilder average(HorizontalPodAutoscalerSpecBuilder spec, String value) {
        return spec.addNewMetric().withType("Resource").withNewResource().withName("cpu")
                .withNewTarget().withType("AverageValue").withAverageValue(new Quantity(value)).endTarget().endResource().endMetric();
    }

    private static HorizontalPodAutoscalerSpecBuilder container(HorizontalPodAutoscalerSpecBuilder spec, String name) {
        return spec.addNewMetric().withType("ContainerResource").withNewContainerResource().withName("cpu").withContainer(name)
                .withNewTarget().withType("Utilization").withAverageUtilization(50).endTarget().endContainerResource().endMetric();
    }

    private void failed(String reason, String message) {
        assertThat(bench.condition("ScalingActive")).isEqualTo("False " + reason + ": the HPA was unable to compute the replica count: " + message);
    }

    @Test
    void utilizationIsInWholePercent() {
        bench.three("555m");
        bench.scaler(spec -> spec);
        bench.look();
        assertThat(bench.size()).as("55 % of 50 % is within the tolerance").isEqualTo(3);
        var current = bench.read().getStatus().getCurrentMetrics().getFirst().getResource().getCurrent();
        assertThat(current.getAverageUtilization()).isEqualTo(55);
        assertThat(current.getAverageValue()).isEqualTo(new Quantity("555m"));
        bench.use("565m");
        bench.look();
        assertThat(bench.size()).isEqualTo(4);
    }

    @Test
    void averagesAreInWholeThousandths() {
        bench.pod("a", "1", "331m");
        bench.pod("b", "1", "330m");
        bench.pod("c", "1", "330m");
        bench.scaler("web", spec -> average(spec, "300m"));
        bench.look();
        assertThat(bench.size()).isEqualTo(3);
        bench.use("334m");
        bench.look();
        assertThat(bench.size()).isEqualTo(4);
        assertThat(bench.condition("ScalingActive")).isEqualTo("True ValidMetricFound: the HPA was able to successfully calculate a replica count from cpu resource");
    }

    @Test
    void whatSidecarsAskForCounts() {
        for (String name : new String[] {"a", "b", "c"}) {
            bench.pod(name, "", pod -> pod.editSpec()
                    .editFirstContainer().withNewResources().addToRequests("cpu", new Quantity("100m")).endResources().endContainer()
                    .addNewInitContainer().withName("proxy").withRestartPolicy("Always").withNewResources().addToRequests("cpu", new Quantity("100m")).endResources().endInitContainer()
                    .addNewInitContainer().withName("setup").endInitContainer().endSpec());
            bench.uses(name, Map.of("c", "60m", "proxy", "40m"));
        }
        bench.scaler(spec -> spec);
        bench.look();
        assertThat(bench.size()).isEqualTo(3);
        assertThat(bench.condition("ScalingActive")).startsWith("True ");
    }

    @Test
    void whatAPodAsksForAsAWholeCountsInsteadOfWhatItsContainersDo() {
        for (String name : new String[] {"a", "b", "c"}) {
            bench.pod(name, "200m", pod -> pod.editSpec().withNewResources().addToRequests("cpu", new Quantity("400m")).endResources().endSpec());
        }
        bench.scaler(spec -> spec);
        bench.look();
        assertThat(bench.condition("ScalingActive")).startsWith("True ");
        assertThat(bench.read().getStatus().getCurrentMetrics().getFirst().getResource().getCurrent().getAverageUtilization()).isEqualTo(50);
    }

    @Test
    void ofAContainerThatIsNotThereItIsSaid() {
        bench.three("100m");
        bench.scaler("web", spec -> container(spec, "d"));
        bench.look();
        String why = "failed to get cpu utilization: unable to get metrics for resource cpu: failed to get container metrics: container d not present in metrics for pod default/a";
        failed("FailedGetContainerResourceMetric", why);
        bench.told("FailedGetContainerResourceMetric: " + why,
                "FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get d container metric value: " + why);
    }

    @Test
    void ofAContainerThatAsksForNothingItIsSaid() {
        bench.pod("a", "100m", pod -> pod);
        bench.scaler(spec -> spec);
        bench.look();
        failed("FailedGetResourceMetric", "failed to get cpu utilization: missing request for cpu in container c of Pod a");
    }

    @Test
    void withoutPodsWithoutMeasurementsAndWithoutReadyPodsItIsSaidWhich() {
        bench.scaler(spec -> spec);
        bench.look();
        failed("FailedGetResourceMetric", "failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API");
        bench.uses("gone", Map.of("c", "1"));
        bench.look();
        failed("FailedGetResourceMetric", "failed to get cpu utilization: no pods returned by selector while calculating replica count");
        bench.pod("a", "1", pod -> pod.editSpec().editFirstContainer().withNewResources().addToRequests("cpu", new Quantity("1")).endResources().endContainer().endSpec()
                .editStatus().withPhase("Pending").endStatus());
        bench.look();
        failed("FailedGetResourceMetric", "failed to get cpu utilization: did not receive metrics for targeted pods (pods might be unready)");
    }

    @Test
    void aPodOfWhichOneContainerIsNotMeasuredIsNotMeasured() {
        bench.three("100m");
        bench.client.of(io.hypernetes.client.Kind.generic("metrics.k8s.io", "v1beta1", "pods", "PodMetrics", true))
                .patch(new io.hypernetes.client.ObjectKey("red", "default", "c"), null, io.hypernetes.client.Patch.merge(Map.of("containers", java.util.List.of(
                        Map.of("name", "c", "usage", Map.of("cpu", "100m")), Map.of("name", "new", "usage", Map.of())))));
        bench.scaler(spec -> spec);
        bench.look();
        bench.clock.advance(java.time.Duration.ofSeconds(301));
        bench.look();
        // 10 % of two pods, and the third is taken to use all that it asks for: 40 % of 50 % of three.
        assertThat(bench.size()).isEqualTo(3);
    }

    /// The list has a place for each metric, as whoever shows it goes by their order.
    @Test
    void whatCannotBeMeasuredKeepsItsPlaceAndHoldsUpShrinkingAlone() {
        bench.three("900m");
        bench.scaler("web", spec -> container(container(spec, "d"), "c"));
        bench.look();
        assertThat(bench.size()).isEqualTo(6);
        assertThat(bench.read().getStatus().getCurrentMetrics()).hasSize(2);
        assertThat(bench.read().getStatus().getCurrentMetrics().get(0).getContainerResource()).isNull();
        assertThat(bench.read().getStatus().getCurrentMetrics().get(1).getContainerResource().getCurrent().getAverageUtilization()).isEqualTo(90);
        bench.target("web", 3);
        bench.use("100m");
        bench.clock.advance(java.time.Duration.ofSeconds(400));
        bench.look();
        assertThat(bench.size()).isEqualTo(3);
        assertThat(bench.condition("ScalingActive")).startsWith("False FailedGetContainerResourceMetric: ");
    }

    @Test
    void whatIsNotServedIsSaid() {
        bench.three("900m");
        bench.scaler("web", spec -> spec.addNewMetric().withType("Pods").withNewPods().withNewMetric().withName("requests").endMetric()
                .withNewTarget().withType("AverageValue").withAverageValue(new Quantity("1")).endTarget().endPods().endMetric());
        bench.look();
        failed("FailedGetPodsMetric", "metrics of type Pods are not served here: use Resource or ContainerResource");
    }

    @Test
    void howFarOffIsNearEnoughMayBeSaid() {
        bench.three("530m");
        bench.scaler(spec -> spec.withNewBehavior().withNewScaleUp().withTolerance(new Quantity("0.02")).endScaleUp()
                .withNewScaleDown().withStabilizationWindowSeconds(0).withTolerance(new Quantity("500m")).endScaleDown().endBehavior());
        bench.look();
        assertThat(bench.size()).as("53 % of 50 %").isEqualTo(4);
        bench.target("web", 3);
        bench.use("260m");
        bench.look();
        assertThat(bench.size()).as("26 % of 50 %").isEqualTo(3);
        bench.use("240m");
        bench.look();
        assertThat(bench.size()).as("24 % of 50 %").isEqualTo(2);
    }

    @Test
    void podsThatFailedOrGoAreNoneAndThoseThatEndedWellUsedAllTheyAskFor() {
        bench.pod("a", "1", "100m");
        bench.pod("b", "1", "");
        bench.client.of(io.hypernetes.client.Kind.POD).change(new io.hypernetes.client.ObjectKey("red", "default", "b"), "status", pod -> {
            pod.getStatus().setPhase("Succeeded");
            return pod;
        });
        bench.target("web", 2);
        bench.scaler(spec -> spec.withNewBehavior().withNewScaleDown().withStabilizationWindowSeconds(0).endScaleDown().endBehavior());
        bench.look();
        assertThat(bench.size()).as("55 % of both").isEqualTo(2);
    }
}
