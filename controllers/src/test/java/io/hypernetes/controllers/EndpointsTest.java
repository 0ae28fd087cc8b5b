package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.EndpointAddress;
import io.fabric8.kubernetes.api.model.EndpointsBuilder;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudgetBuilder;
import io.hypernetes.client.Kind;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class EndpointsTest {
    private static Workbench bench;

    @BeforeAll
    static void start() throws Exception {
        bench = new Workbench(3);
    }

    @AfterAll
    static void stop() throws Exception {
        bench.close();
    }

    private static void pods(String app, int count, Map<String, String> annotations) {
        var template = Workbench.template(app, "a", annotations);
        template.getSpec().getContainers().getFirst().setPorts(List.of(
                new io.fabric8.kubernetes.api.model.ContainerPortBuilder().withName("web").withContainerPort(8080).build()));
        bench.create(Kind.REPLICA_SET, new ReplicaSetBuilder()
                .withNewMetadata().withName(app).endMetadata()
                .withNewSpec().withReplicas(count)
                .withSelector(new LabelSelectorBuilder().addToMatchLabels("app", app).build())
                .withTemplate(template).endSpec().build());
    }

    private static List<EndpointSlice> slices(String service) {
        return bench.list(Kind.ENDPOINT_SLICE).stream()
                .filter(slice -> service.equals(slice.getMetadata().getLabels().get("kubernetes.io/service-name"))).toList();
    }

    private static List<Endpoint> endpoints(String service) {
        return slices(service).stream().flatMap(slice -> slice.getEndpoints().stream()).toList();
    }

    @Test
    void aServiceThatPrefersWhatIsNearSaysForWhom() {
        var service = new ServiceBuilder().withNewMetadata().withName("near").endMetadata()
                .withNewSpec().addToSelector("app", "near").addNewPort().withPort(80).endPort().endSpec().build();
        service.getSpec().setTrafficDistribution("PreferSameNode");
        bench.create(Kind.SERVICE, service);
        pods("near", 2, Map.of());
        await().untilAsserted(() -> assertThat(endpoints("near")).hasSize(2).allSatisfy(endpoint -> {
            assertThat(endpoint.getHints().getForZones()).extracting(zone -> zone.getName()).containsExactly(endpoint.getZone());
            assertThat(endpoint.getHints().getForNodes()).extracting(node -> node.getName()).containsExactly(endpoint.getNodeName());
        }));
        for (String distribution : List.of("PreferSameZone", "PreferClose")) {
            bench.change(Kind.SERVICE, "near", now -> new ServiceBuilder(now).editSpec().withTrafficDistribution(distribution).endSpec().build());
            await().untilAsserted(() -> assertThat(endpoints("near")).hasSize(2).allSatisfy(endpoint -> {
                assertThat(endpoint.getHints().getForZones()).extracting(zone -> zone.getName()).containsExactly(endpoint.getZone());
                assertThat(endpoint.getHints().getForNodes()).isEmpty();
            }));
        }
        bench.change(Kind.SERVICE, "near", now -> new ServiceBuilder(now).editSpec().withTrafficDistribution(null).endSpec().build());
        await().untilAsserted(() -> assertThat(endpoints("near")).hasSize(2).allMatch(endpoint -> endpoint.getHints() == null));
        bench.delete(Kind.SERVICE, "near");
        bench.delete(Kind.REPLICA_SET, "near");
    }

    @Test
    void addressesAreInOrder() {
        bench.create(Kind.SERVICE, new ServiceBuilder().withNewMetadata().withName("order").endMetadata()
                .withNewSpec().addToSelector("app", "order").addNewPort().withPort(80).endPort().endSpec().build());
        pods("order", 12, Map.of());
        await().untilAsserted(() -> assertThat(bench.get(Kind.ENDPOINTS, "order").getSubsets().getFirst().getAddresses())
                .hasSize(12).extracting(EndpointAddress::getIp).isSorted());
        bench.delete(Kind.SERVICE, "order");
        bench.delete(Kind.REPLICA_SET, "order");
    }

    @Test
    void readyPodsStandBehindTheirService() {
        bench.create(Kind.SERVICE, new ServiceBuilder().withNewMetadata().withName("web").endMetadata()
                .withNewSpec().addToSelector("app", "web").addNewPort().withName("http").withPort(80).withTargetPort(new IntOrString("web")).endPort()
                .endSpec().build());
        await().untilAsserted(() -> assertThat(slices("web")).hasSize(1));
        // Since the Service was made: pods have not changed anything yet.
        assertThat(noted("web")).containsOnlyKeys("endpoints.kubernetes.io/last-change-trigger-time");
        await().untilAsserted(() -> assertThat(bench.get(Kind.ENDPOINTS, "web").getMetadata().getAnnotations()).containsKey("endpoints.kubernetes.io/last-change-trigger-time"));
        pods("web", 3, Map.of());
        await().untilAsserted(() -> assertThat(endpoints("web")).hasSize(3).allMatch(endpoint -> endpoint.getConditions().getReady()));
        assertThat(slices("web")).hasSize(1);
        assertThat(slices("web").getFirst().getPorts().getFirst().getPort()).isEqualTo(8080);
        assertThat(endpoints("web")).allSatisfy(endpoint -> {
            assertThat(endpoint.getNodeName()).startsWith("simulated-");
            assertThat(endpoint.getZone()).startsWith("zone-");
            assertThat(endpoint.getTargetRef().getKind()).isEqualTo("Pod");
        });
        await().untilAsserted(() -> assertThat(bench.get(Kind.ENDPOINTS, "web").getSubsets().getFirst().getAddresses())
                .extracting(EndpointAddress::getIp)
                .containsExactlyInAnyOrderElementsOf(endpoints("web").stream().map(endpoint -> endpoint.getAddresses().getFirst()).toList()));
        bench.change(Kind.REPLICA_SET, "web", now -> new ReplicaSetBuilder(now).editSpec().withReplicas(1).endSpec().build());
        await().untilAsserted(() -> assertThat(endpoints("web")).hasSize(1));
        bench.delete(Kind.SERVICE, "web");
        await().untilAsserted(() -> assertThat(slices("web")).isEmpty());
        await().untilAsserted(() -> assertThat(bench.client.of(Kind.ENDPOINTS).find(bench.key("web"))).isEmpty());
    }

    @Test
    void podsThatAreNotReadyAreToldApart() {
        bench.create(Kind.SERVICE, new ServiceBuilder().withNewMetadata().withName("slow").endMetadata()
                .withNewSpec().withClusterIP("None").addToSelector("app", "slow").addNewPort().withPort(80).endPort().endSpec().build());
        pods("slow", 2, Map.of("simulate.hypernetes.io/ready-after", "never"));
        await().untilAsserted(() -> assertThat(endpoints("slow")).hasSize(2)
                .allMatch(endpoint -> !endpoint.getConditions().getReady() && !endpoint.getConditions().getServing()));
        assertThat(slices("slow").getFirst().getMetadata().getLabels()).containsEntry("service.kubernetes.io/headless", "");
        await().untilAsserted(() -> assertThat(bench.get(Kind.ENDPOINTS, "slow").getSubsets().getFirst().getNotReadyAddresses()).hasSize(2));
    }

    @Test
    void endpointsByHandAreMirrored() {
        bench.create(Kind.SERVICE, new ServiceBuilder().withNewMetadata().withName("hand").endMetadata()
                .withNewSpec().addNewPort().withPort(80).endPort().endSpec().build());
        bench.create(Kind.ENDPOINTS, new EndpointsBuilder().withNewMetadata().withName("hand").addToAnnotations("note", "a").addToAnnotations("kubectl.kubernetes.io/last-applied-configuration", "{}").endMetadata()
                .addNewSubset().addNewAddress().withIp("192.0.2.1").withHostname("").withNodeName("").endAddress().addNewPort().withPort(81).endPort().endSubset().build());
        await().untilAsserted(() -> assertThat(endpoints("hand")).hasSize(1)
                .allMatch(endpoint -> endpoint.getAddresses().equals(List.of("192.0.2.1"))));
        // A slice may leave out a name, and not have an empty one.
        assertThat(endpoints("hand").getFirst().getHostname()).isNull();
        assertThat(endpoints("hand").getFirst().getNodeName()).isNull();
        assertThat(slices("hand").getFirst().getMetadata().getLabels())
                .containsEntry("endpointslice.kubernetes.io/managed-by", "endpointslicemirroring-controller.k8s.io");
        assertThat(noted("hand")).isEqualTo(Map.of("note", "a"));
        bench.change(Kind.ENDPOINTS, "hand", now -> new EndpointsBuilder(now).editMetadata().addToAnnotations("note", "b").endMetadata().build());
        await().untilAsserted(() -> assertThat(noted("hand")).isEqualTo(Map.of("note", "b")));
    }

    /// Without what the fake API says of tenants.
    private static Map<String, String> noted(String service) {
        Map<String, String> annotations = new java.util.TreeMap<>(slices(service).getFirst().getMetadata().getAnnotations());
        annotations.keySet().removeIf(name -> name.equals(io.hypernetes.client.ObjectKey.TENANT_ANNOTATION));
        return annotations;
    }

    @Test
    void aBudgetCountsWhatMayGo() {
        pods("some", 4, Map.of());
        bench.create(Kind.POD_DISRUPTION_BUDGET, new PodDisruptionBudgetBuilder().withNewMetadata().withName("some").endMetadata()
                .withNewSpec().withMaxUnavailable(new IntOrString("25%"))
                .withSelector(new LabelSelectorBuilder().addToMatchLabels("app", "some").build()).endSpec().build());
        await().untilAsserted(() -> {
            var status = bench.get(Kind.POD_DISRUPTION_BUDGET, "some").getStatus();
            assertThat(status.getExpectedPods()).isEqualTo(4);
            assertThat(status.getDesiredHealthy()).isEqualTo(3);
            assertThat(status.getCurrentHealthy()).isEqualTo(4);
            assertThat(status.getDisruptionsAllowed()).isEqualTo(1);
            assertThat(status.getConditions().getFirst().getReason()).isEqualTo("SufficientPods");
        });
        bench.change(Kind.POD_DISRUPTION_BUDGET, "some", now -> new PodDisruptionBudgetBuilder(now).editSpec()
                .withMaxUnavailable(new IntOrString(0)).endSpec().build());
        await().untilAsserted(() -> assertThat(bench.get(Kind.POD_DISRUPTION_BUDGET, "some").getStatus().getConditions().getFirst().getReason())
                .isEqualTo("InsufficientPods"));
    }

    @Test
    void aBudgetThatGoesByControllersSaysThatAPodHasNone() {
        var alone = Workbench.template("alone", "a");
        bench.create(Kind.POD, new io.fabric8.kubernetes.api.model.PodBuilder()
                .withNewMetadata().withName("alone").withLabels(alone.getMetadata().getLabels()).endMetadata().withSpec(alone.getSpec()).build());
        bench.create(Kind.POD_DISRUPTION_BUDGET, new PodDisruptionBudgetBuilder().withNewMetadata().withName("alone").endMetadata()
                .withNewSpec().withMaxUnavailable(new IntOrString(1))
                .withSelector(new LabelSelectorBuilder().addToMatchLabels("app", "alone")
                        .addNewMatchExpression().withKey("app").withOperator("In").withValues("alone", "both").endMatchExpression().build()).endSpec().build());
        await().untilAsserted(() -> assertThat(bench.events("alone", "UnmanagedPods")).contains(
                "Pods selected by this PodDisruptionBudget (selector: &LabelSelector{MatchLabels:map[string]string{app: alone,},"
                        + "MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:app,Operator:In,Values:[alone both],},},}) were found to be "
                        + "unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. "
                        + "To account for these pods please set \".spec.minAvailable\" field of the PDB to an integer value."));
    }

    @Test
    void aServiceThatMatchesNoPodHasEmptyEndpointsWhichGoWithIt() {
        bench.create(Kind.SERVICE, new ServiceBuilder().withNewMetadata().withName("lonely").endMetadata()
                .withNewSpec().addToSelector("app", "nobody").addNewPort().withPort(80).endPort().endSpec().build());
        await().untilAsserted(() -> assertThat(slices("lonely")).hasSize(1));
        assertThat(endpoints("lonely")).isEmpty();
        await().untilAsserted(() -> assertThat(bench.get(Kind.ENDPOINTS, "lonely").getSubsets()).isEmpty());
        bench.delete(Kind.SERVICE, "lonely");
        await().untilAsserted(() -> assertThat(slices("lonely")).isEmpty());
        await().untilAsserted(() -> assertThat(bench.client.of(Kind.ENDPOINTS).find(bench.key("lonely"))).isEmpty());
    }
}
