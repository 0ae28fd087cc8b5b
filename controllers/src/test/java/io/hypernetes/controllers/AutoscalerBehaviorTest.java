package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerSpecBuilder;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// How fast sizes may change: the two ways of upstream's pkg/controller/podautoscaler/horizontal.go, without a `behavior` and with one.
class AutoscalerBehaviorTest {
    private static final String UP = "True ScaleUpLimit: the desired replica count is increasing faster than the maximum scale rate";
    private static final String DOWN = "True ScaleDownLimit: the desired replica count is decreasing faster than the maximum scale rate";
    private AutoscalerBench bench;

    @BeforeEach
    void start() throws InterruptedException {
        bench = new AutoscalerBench();
    }

    @AfterEach
    void stop() {
        bench.close();
    }

    private void look(int expected, String limited) {
        bench.look();
        assertThat(bench.size()).isEqualTo(expected);
        assertThat(bench.condition("ScalingLimited")).startsWith(limited);
    }

    private static HorizontalPodAutoscalerSpecBuilder policies(HorizontalPodAutoscalerSpecBuilder spec, int up, int down) {
        return spec.withNewBehavior()
                .withNewScaleUp().withSelectPolicy("Max").addNewPolicy().withType("Pods").withValue(up).withPeriodSeconds(60).endPolicy().endScaleUp()
                .withNewScaleDown().withStabilizationWindowSeconds(0).withSelectPolicy("Max").addNewPolicy().withType("Pods").withValue(down).withPeriodSeconds(60).endPolicy().endScaleDown()
                .endBehavior();
    }

    @Test
    void withoutABehaviorALookMayDoubleTheSizeOrMakeItFour() {
        bench.target("web", 1);
        bench.three("40");
        bench.scaler(spec -> spec);
        look(4, UP);
        look(8, UP);
        look(16, UP);
        look(32, UP);
        look(64, UP);
        look(100, "True TooManyReplicas: the desired replica count is more than the maximum replica count");
        bench.use("1m");
        look(100, "True TooManyReplicas");
        bench.clock.advance(Duration.ofSeconds(301));
        look(1, "True TooFewReplicas");
    }

    @Test
    void belowTheLeastItSaysSo() {
        bench.target("web", 3);
        bench.three("1m");
        bench.scaler(spec -> spec.withMinReplicas(2));
        bench.look();
        bench.clock.advance(Duration.ofSeconds(301));
        look(2, "True TooFewReplicas: the desired replica count is less than the minimum replica count");
    }

    @Test
    void aPeriodCountsWhatCameAndWhatWent() {
        bench.target("web", 10);
        bench.three("1m");
        bench.scaler(spec -> policies(spec, 4, 2));
        look(8, DOWN);
        look(8, DOWN);
        bench.use("40");
        look(14, UP);
        bench.clock.advance(Duration.ofSeconds(60));
        look(18, UP);
    }

    @Test
    void aPolicyThatBecomesStricterMakesNothingSmaller() {
        bench.target("web", 3);
        bench.three("40");
        bench.scaler(spec -> policies(spec, 4, 2));
        look(7, UP);
        bench.change(spec -> policies(spec, 1, 2));
        look(7, UP);
    }

    @Test
    void ofSeveralPoliciesTheOneThatChangesMostOrLeastIsChosenOrNone() {
        bench.target("web", 30);
        bench.three("40");
        bench.scaler(spec -> spec.withNewBehavior().withNewScaleUp().withSelectPolicy("Min")
                .addNewPolicy().withType("Pods").withValue(4).withPeriodSeconds(60).endPolicy()
                .addNewPolicy().withType("Percent").withValue(10).withPeriodSeconds(60).endPolicy().endScaleUp().endBehavior());
        look(33, UP);
        bench.change(spec -> spec.editBehavior().editScaleUp().withSelectPolicy("Disabled").endScaleUp().endBehavior());
        bench.clock.advance(Duration.ofSeconds(61));
        look(33, UP);
        bench.change(spec -> spec.editBehavior().editScaleUp().withSelectPolicy("Max").endScaleUp()
                .withNewScaleDown().withStabilizationWindowSeconds(0).withSelectPolicy("Min")
                .addNewPolicy().withType("Pods").withValue(1).withPeriodSeconds(60).endPolicy()
                .addNewPolicy().withType("Percent").withValue(50).withPeriodSeconds(60).endPolicy().endScaleDown().endBehavior());
        look(37, UP);
        bench.use("1m");
        bench.clock.advance(Duration.ofSeconds(61));
        look(36, DOWN);
        bench.change(spec -> spec.editBehavior().editScaleDown().withSelectPolicy("Max").endScaleDown().endBehavior());
        bench.clock.advance(Duration.ofSeconds(61));
        look(18, DOWN);
    }

    @Test
    void whatIsAsLongAgoAsTheWindowCountsNoMore() {
        bench.target("web", 3);
        bench.three("100m");
        bench.scaler(spec -> spec.withNewBehavior().withNewScaleDown().withStabilizationWindowSeconds(60).endScaleDown().endBehavior());
        look(3, "False DesiredWithinRange");
        bench.clock.advance(Duration.ofSeconds(60));
        look(1, "False DesiredWithinRange");
    }
}
