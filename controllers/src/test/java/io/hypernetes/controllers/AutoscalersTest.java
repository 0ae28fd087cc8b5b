package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.FakeApi;
import io.hypernetes.client.Informers;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.controllers.scaling.Autoscalers;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerBuilder;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What autoscalers say of themselves: the reasons, words and numbers of upstream's pkg/controller/podautoscaler/horizontal.go.
class AutoscalersTest {
    private static final String ABLE = "AbleToScale";
    private static final String ACTIVE = "ScalingActive";
    private static final String LIMITED = "ScalingLimited";
    private AutoscalerBench bench;

    @BeforeEach
    void start() throws InterruptedException {
        bench = new AutoscalerBench();
    }

    @AfterEach
    void stop() {
        bench.close();
    }

    @Test
    void anAutoscalerThatFindsWhatItWantsSaysSo() {
        bench.target("web", 3, 2, "app=web");
        bench.three("500m");
        bench.scaler(spec -> spec);
        bench.look();
        assertThat(bench.condition(ABLE)).isEqualTo("True ReadyForNewScale: recommended size matches current size");
        assertThat(bench.condition(ACTIVE))
                .isEqualTo("True ValidMetricFound: the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)");
        assertThat(bench.condition(LIMITED)).isEqualTo("False DesiredWithinRange: the desired count is within the acceptable range");
        assertThat(bench.read().getStatus().getCurrentReplicas()).as("the size that is asked for").isEqualTo(3);
        assertThat(bench.read().getStatus().getDesiredReplicas()).isEqualTo(3);
        assertThat(bench.read().getStatus().getLastScaleTime()).isNull();
    }

    @Test
    void aNewSizeIsToldAndSinceWhen() {
        bench.target("web", 3);
        bench.three("900m");
        bench.scaler(spec -> spec);
        bench.look();
        assertThat(bench.size()).isEqualTo(6);
        assertThat(bench.condition(ABLE)).isEqualTo("True SucceededRescale: the HPA controller was able to update the target scale to 6");
        assertThat(bench.read().getStatus().getCurrentReplicas()).isEqualTo(3);
        assertThat(bench.read().getStatus().getDesiredReplicas()).isEqualTo(6);
        assertThat(bench.read().getStatus().getLastScaleTime()).isEqualTo("2026-01-01T12:00:00Z");
        bench.told("SuccessfulRescale: New size: 6; reason: cpu resource utilization (percentage of request) above target");
    }

    /// Else each start of a master would undo what was scaled for a load that has just gone.
    @Test
    void theFirstRecommendationIsTheSizeThatThereIs() {
        bench.target("web", 3);
        bench.three("100m");
        bench.scaler(spec -> spec);
        bench.look();
        assertThat(bench.size()).isEqualTo(3);
        assertThat(bench.condition(ABLE))
                .isEqualTo("True ScaleDownStabilized: recent recommendations were higher than current one, applying the highest recent recommendation");
        bench.clock.advance(Duration.ofSeconds(290));
        bench.restart();
        bench.look();
        assertThat(bench.size()).isEqualTo(3);
        bench.clock.advance(Duration.ofSeconds(301));
        bench.look();
        assertThat(bench.size()).isEqualTo(1);
        bench.told("SuccessfulRescale: New size: 1; reason: All metrics below target");
    }

    @Test
    void whatWaitsBeforeItGrowsSaysSo() {
        bench.target("web", 3);
        bench.three("900m");
        bench.scaler(spec -> spec.withNewBehavior().withNewScaleUp().withStabilizationWindowSeconds(60).endScaleUp().endBehavior());
        bench.look();
        assertThat(bench.size()).isEqualTo(3);
        assertThat(bench.condition(ABLE))
                .isEqualTo("True ScaleUpStabilized: recent recommendations were lower than current one, applying the lowest recent recommendation");
        bench.clock.advance(Duration.ofSeconds(60));
        bench.look();
        assertThat(bench.size()).as("what was recommended a minute ago counts no more").isEqualTo(6);
    }

    @Test
    void whoseTargetIsNotThereKeepsWhatItKnew() {
        bench.target("web", 3);
        bench.three("500m");
        bench.scaler(spec -> spec);
        bench.look();
        bench.api.remove(Kind.DEPLOYMENT, AutoscalerBench.KEY);
        bench.look();
        assertThat(bench.condition(ABLE)).isEqualTo("False FailedGetScale: the HPA controller was unable to get the target's current scale: deployments.apps \"web\" not found");
        assertThat(bench.read().getStatus().getCurrentReplicas()).isEqualTo(3);
        assertThat(bench.read().getStatus().getDesiredReplicas()).isEqualTo(3);
        assertThat(bench.read().getStatus().getCurrentMetrics()).hasSize(1);
        bench.told("FailedGetScale: deployments.apps \"web\" not found");
    }

    @Test
    void whatHasNoSizeOrIsNoKindIsSaid() {
        bench.scaler("web", spec -> spec.withNewScaleTargetRef().withApiVersion("v1").withKind("Pod").withName("a").endScaleTargetRef());
        bench.look();
        assertThat(bench.condition(ABLE)).endsWith("current scale: the server could not find the requested resource");
        bench.change(spec -> spec.withNewScaleTargetRef().withApiVersion("a/b/c").withKind("Pod").withName("a").endScaleTargetRef());
        bench.look();
        assertThat(bench.condition(ABLE)).endsWith("current scale: unexpected GroupVersion string: a/b/c");
        bench.change(spec -> spec.withNewScaleTargetRef().withApiVersion("example.com/v1").withKind("Engine").withName("a").endScaleTargetRef());
        bench.look();
        assertThat(bench.condition(ABLE)).endsWith("current scale: no matches for kind \"Engine\" in group \"example.com\"");
    }

    @Test
    void whoseMetricsFailKeepsTheSizeThatItWanted() {
        bench.target("web", 3);
        bench.three("900m");
        bench.scaler(spec -> spec);
        bench.look();
        bench.api.failNext("/apis/metrics.k8s.io/", 403, 1);
        bench.look();
        assertThat(bench.read().getStatus().getDesiredReplicas()).isEqualTo(6);
        assertThat(bench.read().getStatus().getCurrentReplicas()).isEqualTo(6);
        assertThat(bench.condition(ACTIVE)).isEqualTo("False FailedGetResourceMetric: the HPA was unable to compute the replica count: failed to get cpu utilization: "
                + "unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: made to fail");
    }

    @Test
    void aTargetThatCannotBeResizedIsToldOfAndTriedAgainAtTheNextLook() {
        bench.target("web", 3);
        bench.three("900m");
        bench.scaler(spec -> spec);
        bench.api.failNext("PATCH /tenants/red/apis/apps/v1/namespaces/default/deployments/web", 403, 1);
        bench.look();
        assertThat(bench.size()).isEqualTo(3);
        assertThat(bench.condition(ABLE)).isEqualTo("False FailedUpdateScale: the HPA controller was unable to update the target scale: made to fail");
        assertThat(bench.read().getStatus().getCurrentReplicas()).isEqualTo(3);
        assertThat(bench.read().getStatus().getLastScaleTime()).isNull();
        bench.look();
        assertThat(bench.size()).isEqualTo(6);
        bench.told("FailedRescale: New size: 6; reason: cpu resource utilization (percentage of request) above target; error: made to fail",
                "SuccessfulRescale: New size: 6; reason: cpu resource utilization (percentage of request) above target");
    }

    @Test
    void podsThatTwoAutoscalersMeanAreLeftAsTheyAre() {
        bench.target("web", 3);
        bench.target("other", 1, 1, "app in (web,db)");
        bench.three("900m");
        bench.scaler("other", spec -> spec.addNewMetric().withType("Resource").withNewResource().withName("cpu")
                .withNewTarget().withType("Utilization").withAverageUtilization(90).endTarget().endResource().endMetric());
        bench.look(new ObjectKey("red", "default", "other"));
        bench.scaler(spec -> spec);
        bench.look();
        assertThat(bench.size()).isEqualTo(3);
        String why = "pods by selector app=web are controlled by multiple HPAs: [default/other default/web]";
        assertThat(bench.condition(ACTIVE)).isEqualTo("False AmbiguousSelector: " + why);
        bench.client.of(Kind.HORIZONTAL_POD_AUTOSCALER).delete(new ObjectKey("red", "default", "other"), io.hypernetes.client.Deletion.ordinary());
        bench.gone("other");
        bench.look();
        assertThat(bench.size()).isEqualTo(6);
    }

    @Test
    void aTargetThatNamesNoPodsIsToldOf() {
        bench.target("web", 3, 3, "");
        bench.three("900m");
        bench.scaler(spec -> spec);
        bench.look();
        assertThat(bench.condition(ACTIVE)).isEqualTo("False InvalidSelector: the HPA target's scale is missing a selector");
        bench.told("SelectorRequired: selector is required", "FailedComputeMetricsReplicas: selector is required");
        bench.target("web", 3, 3, "app in");
        bench.look();
        assertThat(bench.condition(ACTIVE)).startsWith("False InvalidSelector: couldn't convert selector into a corresponding internal selector object: ");
    }

    @Test
    void aTargetOfNoPodsIsLeftAlone() {
        bench.target("web", 0);
        bench.scaler(spec -> spec);
        bench.look();
        assertThat(bench.condition(ACTIVE)).isEqualTo("False ScalingDisabled: scaling is disabled since the replica count of the target is zero");
        assertThat(bench.read().getStatus().getDesiredReplicas()).isZero();
        assertThat(bench.size()).isZero();
    }

    @Test
    void aSizeOutOfTheLimitsIsPutRightWhateverIsMeasured() {
        bench.target("web", 3);
        bench.scaler(spec -> spec.withMaxReplicas(2));
        bench.look();
        assertThat(bench.size()).isEqualTo(2);
        bench.change(spec -> spec.withMinReplicas(5).withMaxReplicas(9));
        bench.look();
        assertThat(bench.size()).isEqualTo(5);
        bench.told("SuccessfulRescale: New size: 2; reason: Current number of replicas above Spec.MaxReplicas",
                "SuccessfulRescale: New size: 5; reason: Current number of replicas below Spec.MinReplicas");
    }

    @Test
    void whichKindADefinedOneIsIsAskedOnceInAWhile() {
        bench.api.document("/apis/example.com/v1", """
                {"resources":[{"name":"engines","kind":"Engine","namespaced":true},{"name":"engines/scale","kind":"Scale"}]}""");
        bench.scaler("web", spec -> spec.withNewScaleTargetRef().withApiVersion("example.com/v1").withKind("Engine").withName("a").endScaleTargetRef());
        bench.look();
        assertThat(bench.condition(ABLE)).endsWith("engines.example.com \"a\" not found");
        bench.clock.advance(Duration.ofSeconds(15));
        bench.look();
        assertThat(discoveries()).isEqualTo(1);
        bench.clock.advance(Duration.ofSeconds(15));
        bench.look();
        assertThat(discoveries()).isEqualTo(2);
    }

    private long discoveries() {
        return bench.api.requests().stream().filter(request -> request.equals("GET /tenants/red/apis/example.com/v1")).count();
    }

    /// Two metrics of the same pods are one question.
    @Test
    void whatPodsUseIsAskedOnceALookAndOfThesePodsAlone() {
        bench.target("web", 3);
        bench.three("500m");
        bench.scaler(spec -> spec.addNewMetric().withType("Resource").withNewResource().withName("cpu")
                .withNewTarget().withType("AverageValue").withAverageValue(new io.fabric8.kubernetes.api.model.Quantity("500m")).endTarget().endResource().endMetric());
        bench.look();
        assertThat(bench.api.requests().stream().filter(request -> request.startsWith("GET /tenants/red/apis/metrics.k8s.io/")))
                .containsExactly("GET /tenants/red/apis/metrics.k8s.io/v1beta1/namespaces/default/pods?labelSelector=app%3Dweb");
    }

    /// Its own words are no reason to look again.
    @Test
    void whatItWritesDoesNotWakeIt() throws Exception {
        Queue<ObjectKey> woken = new ConcurrentLinkedQueue<>();
        try (FakeApi api = new FakeApi();
                Client client = api.client();
                EventRecorder events = new EventRecorder(client, "horizontal-pod-autoscaler", null, InstantSource.system());
                Informers informers = new Informers(client)) {
            Caches caches = Caches.of(informers);
            Autoscalers controller = new Autoscalers(client, events, InstantSource.system(), Duration.ofSeconds(15));
            controller.watch(caches, woken::add);
            informers.start();
            assertThat(caches.awaitSynced(Duration.ofSeconds(10))).isTrue();
            client.of(Kind.HORIZONTAL_POD_AUTOSCALER).create("red", new HorizontalPodAutoscalerBuilder().withNewMetadata().withNamespace("default").withName("web").endMetadata()
                    .withNewSpec().withMaxReplicas(2).withNewScaleTargetRef().withApiVersion("apps/v1").withKind("Deployment").withName("web").endScaleTargetRef()
                    .endSpec().build());
            ObjectKey key = AutoscalerBench.KEY;
            await().until(() -> woken.contains(key));
            woken.clear();
            assertThat(controller.reconcile(key)).contains(Duration.ofSeconds(15));
            String told = client.of(Kind.HORIZONTAL_POD_AUTOSCALER).get(key).getMetadata().getResourceVersion();
            await().until(() -> caches.of(Kind.HORIZONTAL_POD_AUTOSCALER).get(key).orElseThrow().getMetadata().getResourceVersion().equals(told));
            assertThat(client.of(Kind.HORIZONTAL_POD_AUTOSCALER).get(key).getStatus().getConditions()).isNotEmpty();
            assertThat(woken).isEmpty();
            controller.reconcile(key);
            assertThat(client.of(Kind.HORIZONTAL_POD_AUTOSCALER).get(key).getMetadata().getResourceVersion()).as("nothing new to say").isEqualTo(told);
            client.of(Kind.HORIZONTAL_POD_AUTOSCALER).change(key, null, now -> new HorizontalPodAutoscalerBuilder(now).editSpec().withMaxReplicas(3).endSpec().build());
            await().until(() -> woken.contains(key));
        }
    }
}
