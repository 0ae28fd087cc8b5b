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

    private static void failed(String name, String why) {
        await().untilAsserted(() -> assertThat(bench.get(Kind.POD_DISRUPTION_BUDGET, name).getStatus().getConditions()).singleElement().satisfies(condition -> {
            assertThat(condition.getReason()).isEqualTo("SyncFailed");
            assertThat(condition.getMessage()).isEqualTo(why);
        }));
        await().untilAsserted(() -> assertThat(bench.events(name, "CalculateExpectedPodCountFailed")).contains("Failed to calculate the number of expected pods: " + why));
    }
}
