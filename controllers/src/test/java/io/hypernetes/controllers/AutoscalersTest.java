package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerBuilder;
import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.Informers;
import io.hypernetes.client.FakeApi;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.controllers.scaling.Autoscalers;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;

class AutoscalersTest {
    private static final ObjectKey KEY = new ObjectKey("red", "default", "web");

    /// Where it cannot learn what the pods use, it says so, and its own words are no reason to look again.
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
            client.of(Kind.DEPLOYMENT).create("red", new DeploymentBuilder().withNewMetadata().withNamespace("default").withName("web").endMetadata()
                    .withNewSpec().withReplicas(1).withSelector(new LabelSelectorBuilder().addToMatchLabels("app", "web").build())
                    .withTemplate(Workbench.template("web", "a")).endSpec().build());
            client.of(Kind.HORIZONTAL_POD_AUTOSCALER).create("red", new HorizontalPodAutoscalerBuilder().withNewMetadata().withNamespace("default").withName("web").endMetadata()
                    .withNewSpec().withMaxReplicas(2).withNewScaleTargetRef().withApiVersion("apps/v1").withKind("Deployment").withName("web").endScaleTargetRef()
                    .addNewMetric().withType("Resource").withNewResource().withName("cpu").withNewTarget().withType("Utilization").withAverageUtilization(50).endTarget().endResource().endMetric()
                    .endSpec().build());
            await().until(() -> woken.contains(KEY));
            woken.clear();
            assertThat(controller.reconcile(KEY)).contains(Duration.ofSeconds(15));
            String told = client.of(Kind.HORIZONTAL_POD_AUTOSCALER).get(KEY).getMetadata().getResourceVersion();
            await().until(() -> caches.of(Kind.HORIZONTAL_POD_AUTOSCALER).get(KEY).orElseThrow().getMetadata().getResourceVersion().equals(told));
            assertThat(client.of(Kind.HORIZONTAL_POD_AUTOSCALER).get(KEY).getStatus().getConditions()).isNotEmpty();
            assertThat(woken).isEmpty();
            controller.reconcile(KEY);
            assertThat(client.of(Kind.HORIZONTAL_POD_AUTOSCALER).get(KEY).getMetadata().getResourceVersion()).as("nothing new to say").isEqualTo(told);
            client.of(Kind.HORIZONTAL_POD_AUTOSCALER).change(KEY, null, now -> new HorizontalPodAutoscalerBuilder(now).editSpec().withMaxReplicas(3).endSpec().build());
            await().until(() -> woken.contains(KEY));
            await().untilAsserted(() -> assertThat(client.of(Kind.EVENT).list(Scope.tenant("red"), Selection.everything()).items())
                    .extracting(Event::getReason, Event::getMessage)
                    .containsExactlyInAnyOrder(
                            tuple("FailedGetResourceMetric", "the HPA target's scale is missing a selector"),
                            tuple("FailedComputeMetricsReplicas",
                                    "invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: the HPA target's scale is missing a selector")));
        }
    }
}
