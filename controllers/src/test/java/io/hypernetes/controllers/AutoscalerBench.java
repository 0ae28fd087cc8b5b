package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerBuilder;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerSpecBuilder;
import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.FakeApi;
import io.hypernetes.client.Informers;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ManualClock;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.controllers.scaling.Autoscalers;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/// Autoscalers over an API in memory, which look when a test says so: at a Deployment, at pods that are as the test says, and at what it says that they use.
final class AutoscalerBench implements AutoCloseable {
    static final ObjectKey KEY = new ObjectKey("red", "default", "web");
    static final Duration PERIOD = Duration.ofSeconds(15);
    private static final Kind<GenericKubernetesResource> METRICS = Kind.generic("metrics.k8s.io", "v1beta1", "pods", "PodMetrics", true);

    final FakeApi api = new FakeApi();
    final Client client = api.client();
    final ManualClock clock = new ManualClock(Instant.parse("2026-01-01T12:00:00Z"));
    private final EventRecorder recorder = new EventRecorder(client, "horizontal-pod-autoscaler", null, clock);
    private final Informers informers = new Informers(client);
    private final Caches caches = Caches.of(informers);
    private Autoscalers controller;

    AutoscalerBench() throws InterruptedException {
        controller = new Autoscalers(client, recorder, clock, PERIOD);
        controller.watch(caches, key -> {});
        informers.start();
        assertThat(caches.awaitSynced(Duration.ofSeconds(20))).isTrue();
    }

    /// A process that knows nothing of what the one before recommended and did.
    void restart() {
        controller = new Autoscalers(client, recorder, clock, PERIOD);
        controller.watch(caches, key -> {});
    }

    /// The Deployment of this name has this size; its pods are those with a label of its name.
    void target(String name, int replicas) {
        target(name, replicas, replicas, "app=" + name);
    }

    void target(String name, int replicas, int present, String selector) {
        var made = new DeploymentBuilder().withNewMetadata().withNamespace("default").withName(name).endMetadata()
                .withNewSpec().withReplicas(replicas).withSelector(new LabelSelectorBuilder().addToMatchLabels("app", name).build())
                .withTemplate(Workbench.template(name, "a")).endSpec()
                .withNewStatus().withReplicas(present).addToAdditionalProperties("selector", selector).endStatus().build();
        ObjectKey key = new ObjectKey("red", "default", name);
        if (client.of(Kind.DEPLOYMENT).find(key).isPresent()) {
            client.of(Kind.DEPLOYMENT).update("red", made);
        } else {
            client.of(Kind.DEPLOYMENT).create("red", made);
        }
    }

    int size() {
        return client.of(Kind.DEPLOYMENT).get(KEY).getSpec().getReplicas();
    }

    /// A pod of `web` that has been ready for an hour, and what it uses; empty where nobody has measured it.
    void pod(String name, String asks, String uses) {
        pod(name, uses, pod -> pod.editSpec().editFirstContainer().withNewResources().addToRequests("cpu", new Quantity(asks)).endResources().endContainer().endSpec());
    }

    void pod(String name, String uses, UnaryOperator<PodBuilder> more) {
        client.of(Kind.POD).create("red", more.apply(new PodBuilder()
                .withNewMetadata().withNamespace("default").withName(name).addToLabels("app", "web").endMetadata()
                .withNewSpec().addNewContainer().withName("c").endContainer().endSpec()
                .withNewStatus().withPhase("Running").withStartTime("2026-01-01T11:00:00Z")
                .addNewCondition().withType("Ready").withStatus("True").withLastTransitionTime("2026-01-01T11:00:00Z").endCondition().endStatus()).build());
        if (!uses.isEmpty()) {
            uses(name, Map.of("c", uses));
        }
    }

    /// Three pods that ask for a processor each.
    void three(String uses) {
        for (String name : List.of("a", "b", "c")) {
            pod(name, "1", uses);
        }
    }

    /// What the containers of a pod use, instead of what was said before.
    void uses(String pod, Map<String, String> cpu) {
        var measured = new GenericKubernetesResource();
        measured.setApiVersion("metrics.k8s.io/v1beta1");
        measured.setKind("PodMetrics");
        measured.setMetadata(new ObjectMetaBuilder().withNamespace("default").withName(pod).build());
        measured.setAdditionalProperty("timestamp", clock.instant().toString());
        measured.setAdditionalProperty("window", "15s");
        measured.setAdditionalProperty("containers", cpu.entrySet().stream()
                .map(each -> Map.of("name", each.getKey(), "usage", Map.of("cpu", each.getValue()))).toList());
        api.remove(METRICS, new ObjectKey("red", "default", pod));
        client.of(METRICS).create("red", measured);
    }

    void use(String each) {
        for (Pod pod : client.of(Kind.POD).list(Scope.tenant("red"), Selection.everything()).items()) {
            uses(pod.getMetadata().getName(), Map.of("c", each));
        }
    }

    /// An autoscaler of `web` between 1 and 100 pods, by half of the processors that they ask for.
    void scaler(UnaryOperator<HorizontalPodAutoscalerSpecBuilder> more) {
        scaler("web", spec -> more.apply(spec.addNewMetric().withType("Resource").withNewResource().withName("cpu")
                .withNewTarget().withType("Utilization").withAverageUtilization(50).endTarget().endResource().endMetric()));
    }

    void scaler(String name, UnaryOperator<HorizontalPodAutoscalerSpecBuilder> more) {
        client.of(Kind.HORIZONTAL_POD_AUTOSCALER).create("red", new HorizontalPodAutoscalerBuilder()
                .withNewMetadata().withNamespace("default").withName(name).endMetadata()
                .withSpec(more.apply(new HorizontalPodAutoscalerSpecBuilder().withMinReplicas(1).withMaxReplicas(100)
                        .withNewScaleTargetRef().withApiVersion("apps/v1").withKind("Deployment").withName(name).endScaleTargetRef()).build())
                .build());
    }

    void change(UnaryOperator<HorizontalPodAutoscalerSpecBuilder> change) {
        client.of(Kind.HORIZONTAL_POD_AUTOSCALER).change(KEY, null, scaler -> new HorizontalPodAutoscalerBuilder(scaler)
                .withSpec(change.apply(new HorizontalPodAutoscalerSpecBuilder(scaler.getSpec())).build()).build());
    }

    void look() {
        look(KEY);
    }

    /// One look, at what there is by now.
    void look(ObjectKey key) {
        await().untilAsserted(() -> {
            assertThat(versions(Kind.HORIZONTAL_POD_AUTOSCALER)).isEqualTo(caches.of(Kind.HORIZONTAL_POD_AUTOSCALER).list(scaler -> true).stream()
                    .map(scaler -> scaler.getMetadata().getResourceVersion()).sorted().toList());
            assertThat(versions(Kind.POD)).isEqualTo(caches.pods().list(pod -> true).stream().map(pod -> pod.getMetadata().getResourceVersion()).sorted().toList());
        });
        assertThat(controller.reconcile(key)).contains(PERIOD);
    }

    /// An autoscaler that was deleted is known to be gone.
    void gone(String name) {
        ObjectKey key = new ObjectKey("red", "default", name);
        await().untilAsserted(() -> assertThat(caches.of(Kind.HORIZONTAL_POD_AUTOSCALER).get(key)).isEmpty());
        assertThat(controller.reconcile(key)).isEmpty();
    }

    private List<String> versions(Kind<?> kind) {
        return client.of(kind).list(Scope.tenant("red"), Selection.everything()).items().stream().map(each -> each.getMetadata().getResourceVersion()).sorted().toList();
    }

    HorizontalPodAutoscaler read() {
        return client.of(Kind.HORIZONTAL_POD_AUTOSCALER).get(KEY);
    }

    /// A condition, as `status reason: message`.
    String condition(String type) {
        return read().getStatus().getConditions().stream().filter(condition -> condition.getType().equals(type))
                .map(condition -> condition.getStatus() + " " + condition.getReason() + ": " + condition.getMessage()).findFirst().orElse("");
    }

    /// Awaits these, as `reason: message` in the order in which they were told.
    void told(String... expected) {
        await().untilAsserted(() -> assertThat(client.of(Kind.EVENT).list(Scope.tenant("red"), Selection.everything()).items().stream()
                .sorted(Comparator.comparing((Event event) -> Long.parseLong(event.getMetadata().getResourceVersion())))
                .map(event -> event.getReason() + ": " + event.getMessage())).containsExactly(expected));
    }

    @Override
    public void close() {
        recorder.close();
        informers.close();
        client.close();
        api.close();
        assertThat(api.invalid()).as("statuses that were refused").isEmpty();
    }
}
