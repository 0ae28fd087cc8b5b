package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudgetBuilder;
import io.hypernetes.client.Kind;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Budgets of pods whose controllers are none of the usual ones (`getScaleController` in upstream's pkg/controller/disruption/disruption.go).
class BudgetsTest {
    private static Workbench bench;

    @BeforeAll
    static void start() throws Exception {
        bench = new Workbench(1);
        bench.api.document("/apis/example.com/v1", """
                {"resources":[{"name":"shapes","kind":"Shape","namespaced":true},{"name":"shapes/scale","kind":"Scale"},{"name":"dots","kind":"Dot","namespaced":true}]}""");
    }

    @AfterAll
    static void stop() throws Exception {
        bench.close();
    }

    private static void budget(String name, String apiVersion, String kind, String owner, String uid) {
        var template = Workbench.template(name, "a");
        bench.create(Kind.POD, new PodBuilder().withNewMetadata().withName(name).withLabels(template.getMetadata().getLabels()).withFinalizers("example.com/stays")
                .addNewOwnerReference().withApiVersion(apiVersion).withKind(kind).withName(owner).withUid(uid).withController(true).endOwnerReference()
                .endMetadata().withSpec(template.getSpec()).build());
        bench.create(Kind.POD_DISRUPTION_BUDGET, new PodDisruptionBudgetBuilder().withNewMetadata().withName(name).endMetadata()
                .withNewSpec().withMaxUnavailable(new IntOrString(1)).withSelector(new LabelSelectorBuilder().addToMatchLabels("app", name).build()).endSpec().build());
    }

    @Test
    void objectsOfDefinedKindsAreAskedForTheirSize() {
        var round = new GenericKubernetesResource();
        round.setApiVersion("example.com/v1");
        round.setKind("Shape");
        round.setMetadata(new ObjectMetaBuilder().withName("round").build());
        round.setAdditionalProperty("spec", Map.of("replicas", 5));
        var made = bench.create(Kind.generic("example.com", "v1", "shapes", "Shape", true), round);
        budget("shaped", "example.com/v1", "Shape", "round", made.getMetadata().getUid());
        await().untilAsserted(() -> assertThat(bench.get(Kind.POD_DISRUPTION_BUDGET, "shaped").getStatus()).satisfies(status -> {
            assertThat(status.getExpectedPods()).isEqualTo(5);
            assertThat(status.getDesiredHealthy()).isEqualTo(4);
        }));
    }

    @Test
    void whatHasNoSizeIsNamed() {
        budget("daemon", "apps/v1", "DaemonSet", "d", "u2");
        failed("daemon", "daemonsets.apps does not implement the scale subresource");
        budget("dotted", "example.com/v1", "Dot", "d", "u3");
        failed("dotted", "dots.example.com does not implement the scale subresource");
        budget("unknown", "../../../tenants/blue/apis/example.com/v1", "Shape", "round", "u1");
        failed("unknown", "no matches for kind \"Shape\" in version \"../../../tenants/blue/apis/example.com/v1\"");
        budget("gone", "example.com/v1", "Shape", "round", "former");
        failed("gone", "found no controllers for pod \"gone\"");
        budget("lost", "apps/v1", "ReplicaSet", "nobody", "u4");
        failed("lost", "found no controllers for pod \"lost\"");
    }

    private static String shape(String version, String kind, String name, int replicas) {
        var shape = new GenericKubernetesResource();
        shape.setApiVersion("example.com/" + version);
        shape.setKind(kind);
        shape.setMetadata(new ObjectMetaBuilder().withName(name).build());
        shape.setAdditionalProperty("spec", Map.of("replicas", replicas));
        return bench.create(Kind.generic("example.com", version, kind.toLowerCase(Locale.ROOT) + "s", kind, true), shape).getMetadata().getUid();
    }

    private static void pod(String name, String app, String apiVersion, String kind, String owner, String uid) {
        var template = Workbench.template(app, "a");
        bench.create(Kind.POD, new PodBuilder().withNewMetadata().withName(name).withLabels(template.getMetadata().getLabels()).withFinalizers("example.com/stays")
                .addNewOwnerReference().withApiVersion(apiVersion).withKind(kind).withName(owner).withUid(uid).withController(true).endOwnerReference()
                .endMetadata().withSpec(template.getSpec()).build());
    }

    private static void touch(String pod, int time) {
        bench.change(Kind.POD, pod, now -> new PodBuilder(now).editMetadata().addToLabels("touched", String.valueOf(time)).endMetadata().build());
    }

    private static void allowed(String name, int allowed, String reason) {
        await().untilAsserted(() -> assertThat(bench.get(Kind.POD_DISRUPTION_BUDGET, name).getStatus()).satisfies(status -> {
            assertThat(status.getDisruptionsAllowed()).isEqualTo(allowed);
            assertThat(status.getConditions()).singleElement().extracting(condition -> condition.getReason()).isEqualTo(reason);
        }));
    }

    /// A version is a label of DNS (validation of CustomResourceDefinitions in upstream's apiextensions-apiserver).
    @Test
    void versionsNeedNotBeginLikeThoseOfKubernetes() {
        bench.api.document("/apis/example.com/one-alpha", """
                {"resources":[{"name":"cubes","kind":"Cube","namespaced":true},{"name":"cubes/scale","kind":"Scale"}]}""");
        budget("cubic", "example.com/one-alpha", "Cube", "small", shape("one-alpha", "Cube", "small", 3));
        await().untilAsserted(() -> assertThat(bench.get(Kind.POD_DISRUPTION_BUDGET, "cubic").getStatus().getExpectedPods()).isEqualTo(3));
    }

    /// `sync` and `failSafe` there.
    @Test
    void nothingMayGoWhileAControllerCannotBeAsked() {
        budget("wobbly", "example.com/v1", "Shape", "wobbly", shape("v1", "Shape", "wobbly", 1));
        allowed("wobbly", 1, "SufficientPods");
        bench.api.failNext("/shapes/wobbly/scale", 500, Integer.MAX_VALUE);
        touch("wobbly", 1);
        allowed("wobbly", 0, "SyncFailed");
        bench.api.failNext("/shapes/wobbly/scale", 500, 0);
        allowed("wobbly", 1, "SufficientPods");
    }

    @Test
    void moreControllersThanCanBeAskedAreNotAsked() {
        for (int i = 0; i < 101; i++) {
            pod("crowd-" + i, "crowd", "example.com/v1", "Shape", "crowd-" + i, "crowd-" + i);
        }
        bench.create(Kind.POD_DISRUPTION_BUDGET, new PodDisruptionBudgetBuilder().withNewMetadata().withName("crowd").endMetadata()
                .withNewSpec().withMaxUnavailable(new IntOrString(1)).withSelector(new LabelSelectorBuilder().addToMatchLabels("app", "crowd").build()).endSpec().build());
        failed("crowd", "the pods have 101 controllers whose size has to be asked for, more than 100");
    }

    @Test
    void kindsAreRememberedAndBudgetsAskOnceASecond() {
        bench.api.document("/apis/example.com/v2", """
                {"resources":[{"name":"rings","kind":"Ring","namespaced":true},{"name":"rings/scale","kind":"Scale"}]}""");
        for (int i = 0; i < 5; i++) {
            pod("ring-" + i, "ring", "example.com/v2", "Ring", "ring-" + i, shape("v2", "Ring", "ring-" + i, 2));
        }
        long start = System.nanoTime();
        bench.create(Kind.POD_DISRUPTION_BUDGET, new PodDisruptionBudgetBuilder().withNewMetadata().withName("ring").endMetadata()
                .withNewSpec().withMaxUnavailable(new IntOrString(1)).withSelector(new LabelSelectorBuilder().addToMatchLabels("app", "ring").build()).endSpec().build());
        for (int i = 0; i < 50; i++) {
            touch("ring-0", i);
        }
        await().untilAsserted(() -> assertThat(bench.get(Kind.POD_DISRUPTION_BUDGET, "ring").getStatus().getExpectedPods()).isEqualTo(10));
        assertThat(bench.api.requests()).filteredOn(request -> request.endsWith("/apis/example.com/v2")).hasSize(1);
        long asked = bench.api.requests().stream().filter(request -> request.endsWith("/rings/ring-0/scale")).count();
        assertThat(asked).isBetween(1L, 2 + (System.nanoTime() - start) / 1_000_000_000);
    }

    private static void failed(String name, String why) {
        await().untilAsserted(() -> assertThat(bench.get(Kind.POD_DISRUPTION_BUDGET, name).getStatus().getConditions()).singleElement().satisfies(condition -> {
            assertThat(condition.getReason()).isEqualTo("SyncFailed");
            assertThat(condition.getMessage()).isEqualTo(why);
        }));
        await().untilAsserted(() -> assertThat(bench.events(name, "CalculateExpectedPodCountFailed")).contains("Failed to calculate the number of expected pods: " + why));
    }
}
