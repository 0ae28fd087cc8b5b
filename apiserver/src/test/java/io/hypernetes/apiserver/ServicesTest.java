package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Operation;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// Addresses and node ports of services: given once, kept, and given back.
class ServicesTest extends ClusterTest {
    private static final String MERGE = "application/merge-patch+json";

    private static String services(String namespace) {
        return "/api/v1/namespaces/" + namespace + "/services";
    }

    private static String service(String name, String more) {
        return "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"selector\":{\"a\":\"b\"},\"ports\":[{\"port\":80}]%s}}".formatted(name, more);
    }

    private static long nodePort(ObjectNode service) {
        return Json.number(service.path("spec").path("ports").path(0), 0, "nodePort");
    }

    @Test
    void aServiceGetsAnAddressThatItKeeps() {
        var created = admin.post(services("default"), service("kept", "")).expect(201);
        var address = created.at("spec", "clusterIP");
        assertThat(address).startsWith("10.");
        assertThat(created.json().path("spec").path("clusterIPs").path(0).asString("")).isEqualTo(address);
        assertThat(created.json().path("spec").path("ipFamilies").path(0).asString("")).isEqualTo("IPv4");
        assertThat(created.at("spec", "ipFamilyPolicy")).isEqualTo("SingleStack");
        assertThat(created.at("spec", "internalTrafficPolicy")).isEqualTo("Cluster");
        assertThat(Json.number(created.json().path("spec").path("ports").path(0), 0, "targetPort")).isEqualTo(80);
        // A writer that knows nothing of the address does not lose it.
        assertThat(admin.put(services("default") + "/kept", service("kept", "")).expect(200).at("spec", "clusterIP"))
                .isEqualTo(address);
        assertThat(admin.patch(services("default") + "/kept", MERGE, "{\"spec\":{\"clusterIP\":\"10.96.9.9\",\"clusterIPs\":[\"10.96.9.9\"]}}")
                        .expect(422)
                        .at("message"))
                .contains("may not change once set");
        // Who knows the one address only means the list too.
        for (String other : List.of("10.96.9.9", "None")) {
            assertThat(admin.patch(services("default") + "/kept", MERGE, "{\"spec\":{\"clusterIP\":\"" + other + "\"}}").expect(422).at("message"))
                    .isEqualTo("Service \"kept\" is invalid: spec.clusterIPs[0]: Invalid value: [\"" + other + "\"]: may not change once set");
        }
        var cleared = admin.patch(services("default") + "/kept", MERGE, "{\"spec\":{\"clusterIP\":null}}").expect(200);
        assertThat(cleared.at("spec", "clusterIP")).isEqualTo(address);
        var owner = admin.get("/apis/networking.k8s.io/v1/ipaddresses/" + address).expect(200);
        assertThat(owner.at("spec", "parentRef", "name")).isEqualTo("kept");
        admin.delete(services("default") + "/kept").expect(200);
        admin.get("/apis/networking.k8s.io/v1/ipaddresses/" + address).expect(404);
    }

    /// pkg/registry/core/service/storage/alloc.go: the name of a port decides.
    @Test
    void aPortKeepsItsNumberOnTheNodesWhenItChanges() {
        var path = services("default") + "/ported";
        long given = nodePort(admin.post(services("default"), service("ported", ",\"type\":\"NodePort\"")).expect(201).json());
        String changed = "{\"metadata\":{\"name\":\"ported\"},\"spec\":{\"type\":\"NodePort\",\"selector\":{\"a\":\"b\"},\"ports\":[%s]}}";
        assertThat(nodePort(admin.put(path, changed.formatted("{\"port\":81,\"protocol\":\"UDP\"}")).expect(200).json())).isEqualTo(given);
        var two = admin.put(path, changed.formatted("{\"name\":\"a\",\"port\":81,\"nodePort\":" + given + "},{\"name\":\"b\",\"port\":82}")).expect(200).json();
        long second = Json.number(two.path("spec").path("ports").path(1), 0, "nodePort");
        assertThat(second).isNotZero().isNotEqualTo(given);
        // The names change places, and their numbers with them, unless somebody says otherwise.
        var swapped = admin.put(path, changed.formatted("{\"name\":\"b\",\"port\":81},{\"name\":\"a\",\"port\":82}")).expect(200).json();
        assertThat(nodePort(swapped)).isEqualTo(second);
        assertThat(nodePort(admin.put(path, changed.formatted("{\"name\":\"c\",\"port\":81,\"nodePort\":" + given + "},{\"name\":\"a\",\"port\":82}")).expect(200).json())).isEqualTo(given);
        admin.delete(path).expect(200);
    }

    @Test
    void theServicesOfTheApiServerAndTheNamesComeBack() {
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("kept")).expect(201);
        var kept = cluster.client("kept", "kim", "system:masters");
        kept.delete(services("default") + "/kubernetes").expect(200);
        kept.delete("/api/v1/namespaces/default/endpoints/kubernetes").expect(200);
        kept.delete("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes").expect(200);
        kept.delete(services("kube-system") + "/kube-dns").expect(200);
        await().untilAsserted(() -> {
            assertThat(kept.get(services("default") + "/kubernetes").expect(200).at("spec", "clusterIP")).isEqualTo("10.96.0.1");
            kept.get("/api/v1/namespaces/default/endpoints/kubernetes").expect(200);
            kept.get("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes").expect(200);
            assertThat(kept.get(services("kube-system") + "/kube-dns").expect(200).at("spec", "clusterIP")).isEqualTo("10.96.0.10");
        });
    }

    @Test
    void anAddressIsGivenOnce() {
        admin.post(services("default"), service("first", ",\"clusterIP\":\"10.96.0.77\"")).expect(201);
        assertThat(admin.post(services("default"), service("second", ",\"clusterIP\":\"10.96.0.77\"")).expect(422).at("message"))
                .contains("spec.clusterIPs: Invalid value: [\"10.96.0.77\"]: failed to allocate IP 10.96.0.77: provided IP is already allocated");
        assertThat(admin.post(services("default"), service("far", ",\"clusterIP\":\"1.2.3.4\"")).expect(422).at("message"))
                .contains("is not in the valid range. The range of valid IPs is 10.96.0.0/12");
        admin.delete(services("default") + "/first").expect(200);
        admin.post(services("default"), service("second", ",\"clusterIP\":\"10.96.0.77\"")).expect(201);
    }

    @Test
    void aTryChangesNothing() {
        admin.post(services("default") + "?dryRun=All", service("dry", ",\"clusterIP\":\"10.96.0.78\"")).expect(201);
        admin.post(services("default"), service("wet", ",\"clusterIP\":\"10.96.0.78\"")).expect(201);
    }

    @Test
    void portsComeAndGoWithTheType() {
        var created = admin.post(services("default"), service("typed", ",\"type\":\"NodePort\"")).expect(201).json();
        long port = nodePort(created);
        assertThat(port).isBetween(30_000L, 32_767L);
        assertThat(admin.post(
                                services("default"),
                                "{\"metadata\":{\"name\":\"same\"},\"spec\":{\"type\":\"NodePort\",\"ports\":[{\"port\":80,\"nodePort\":" + port + "}]}}")
                        .expect(422)
                        .at("message"))
                .contains("spec.ports[0].nodePort: Invalid value: " + port + ": provided port is already allocated");
        var plain = admin.patch(services("default") + "/typed", MERGE, "{\"spec\":{\"type\":\"ClusterIP\"}}").expect(200).json();
        assertThat(nodePort(plain)).isZero();
        assertThat(plain.path("spec").has("externalTrafficPolicy")).isFalse();
        admin.post(
                        services("default"),
                        "{\"metadata\":{\"name\":\"same\"},\"spec\":{\"type\":\"NodePort\",\"ports\":[{\"port\":80,\"nodePort\":" + port + "}]}}")
                .expect(201);
        var named = admin.patch(services("default") + "/typed", MERGE, "{\"spec\":{\"type\":\"ExternalName\",\"externalName\":\"example.com\"}}")
                .expect(200)
                .json();
        assertThat(named.path("spec").has("clusterIP")).isFalse();
        assertThat(admin.patch(services("default") + "/typed", MERGE, "{\"spec\":{\"type\":\"ClusterIP\",\"externalName\":null}}")
                        .expect(200)
                        .at("spec", "clusterIP"))
                .startsWith("10.");
    }

    /// initIPFamilyFields of pkg/registry/core/service/storage/alloc.go.
    @Test
    void familiesAreThoseOfTheCluster() {
        String refused = "Service \"odd\" is invalid: ";
        for (String[] each : new String[][] {
            {",\"ipFamilyPolicy\":\"RequireDualStack\"", "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": this cluster is not configured for dual-stack services"},
            {",\"ipFamilies\":[\"IPv6\"]", "spec.ipFamilies[0]: Invalid value: \"IPv6\": not configured on this cluster"},
            {",\"clusterIP\":\"fd00::1\"", "spec.clusterIPs[0]: Invalid value: [\"fd00::1\"]: IPv6 is not configured on this cluster"},
            {",\"clusterIP\":\"odd\"", "spec.clusterIPs[0]: Invalid value: \"odd\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"},
            {",\"clusterIPs\":[\"10.96.9.9\"]", "spec.clusterIPs: Invalid value: [\"10.96.9.9\"]: must be empty when `clusterIP` is not specified"},
            {",\"ipFamilyPolicy\":\"PreferDualStack\",\"ipFamilies\":[\"IPv4\",\"IPv6\"]", "spec.ipFamilies[1]: Invalid value: \"IPv6\": not configured on this cluster"},
            {",\"ipFamilies\":[\"IPv4\",\"IPv6\"]", "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified"},
        }) {
            assertThat(admin.post(services("default"), service("odd", each[0])).expect(422).at("message")).isEqualTo(refused + each[1]);
        }
        var preferring = admin.post(services("default"), service("preferring", ",\"ipFamilyPolicy\":\"PreferDualStack\"")).expect(201).json();
        assertThat(preferring.path("spec").path("ipFamilies").toString()).isEqualTo("[\"IPv4\"]");
        String open = "{\"metadata\":{\"name\":\"open\"},\"spec\":{\"clusterIP\":\"None\",\"ports\":[{\"port\":80}]}}";
        var made = admin.post(services("default"), open).expect(201).json();
        assertThat(made.path("spec").path("ipFamilies").toString()).isEqualTo("[\"IPv4\",\"IPv6\"]");
        var single = admin.patch(services("default") + "/open", MERGE, "{\"spec\":{\"ipFamilyPolicy\":\"SingleStack\"}}").expect(200).json();
        assertThat(single.path("spec").path("ipFamilies").toString()).isEqualTo("[\"IPv4\"]");
    }

    private void store(String name, Consumer<ObjectNode> change) {
        var key = new ObjectKey("root", "", "services", "default", name).text();
        var entry = cluster.store.get(key).orElseThrow();
        var service = Json.readObject(entry.value());
        change.accept(Json.child(service, "spec"));
        cluster.store.commit(List.of(new Operation.Put(key, entry.revision(), StoredForm.encoder(service))));
    }

    /// What was stored when less was looked at can be labelled, and goes when it is deleted.
    @Test
    void whatWasStoredWithOtherFamiliesCanBeWritten() {
        int number = 0;
        for (String[] each : new String[][] {
            {"PreferDualStack", "IPv4", "IPv6"}, {"PreferDualStack", "IPv4", "IPv4"}, {"SingleStack", "IPv4", "IPv4"}, {"SingleStack", "IPv4", "IPv6"}
        }) {
            String name = "before-" + number++;
            admin.post(services("default"), service(name, "")).expect(201);
            store(name, spec -> spec.put("ipFamilyPolicy", each[0]).putArray("ipFamilies").add(each[1]).add(each[2]));
            admin.patch(services("default") + "/" + name, MERGE, "{\"metadata\":{\"labels\":{\"a\":\"b\"},\"finalizers\":[\"a.b/c\"]}}").expect(200);
            admin.patch(services("default") + "/" + name, MERGE, "{\"spec\":{\"selector\":{\"a\":\"c\"}}}").expect(200);
            admin.patch(services("default") + "/" + name, MERGE, "{\"spec\":{\"ipFamilyPolicy\":\"RequireDualStack\"}}").expect(422);
            admin.delete(services("default") + "/" + name).expect(200);
            admin.patch(services("default") + "/" + name, MERGE, "{\"metadata\":{\"finalizers\":null}}").expect(200);
            admin.get(services("default") + "/" + name).expect(404);
        }
        admin.post(services("default"), service("two", ",\"clusterIP\":\"10.96.0.81\"")).expect(201);
        store("two", spec -> spec.withArray("clusterIPs").add("10.96.0.82"));
        var labelled = admin.patch(services("default") + "/two", MERGE, "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}").expect(200).json();
        assertThat(labelled.path("spec").path("clusterIPs").toString()).isEqualTo("[\"10.96.0.81\",\"10.96.0.82\"]");
    }

    /// isMatchingPreferDualStackClusterIPFields there.
    @Test
    void whoPrefersTwoFamiliesKeepsWhatItHas() {
        String open = "{\"metadata\":{\"name\":\"prefers\"},\"spec\":{\"clusterIP\":\"None\",\"ipFamilyPolicy\":\"PreferDualStack\",\"ports\":[{\"port\":80}]}}";
        admin.post(services("default"), open).expect(201);
        var selecting = admin.patch(services("default") + "/prefers", MERGE, "{\"spec\":{\"selector\":{\"a\":\"b\"}}}").expect(200).json();
        assertThat(selecting.path("spec").path("ipFamilies").toString()).isEqualTo("[\"IPv4\",\"IPv6\"]");
    }

    /// Only what balancers look at is held for them.
    @Test
    void aPortThatWasOnlyWrittenDownIsNotGivenBack() {
        long port = nodePort(admin.post(services("default"), service("owner", ",\"type\":\"NodePort\"")).expect(201).json());
        for (String policy : List.of("Cluster", "Local")) {
            admin.post(services("default"), service("writer", ",\"type\":\"LoadBalancer\"")).expect(201);
            store("writer", spec -> spec.put("externalTrafficPolicy", policy).put("healthCheckNodePort", port));
            admin.delete(services("default") + "/writer").expect(200);
            assertThat(admin.post(services("default"), service("robber", ",\"type\":\"NodePort\"").replace("\"port\":80", "\"port\":80,\"nodePort\":" + port)).expect(422).at("message"))
                    .contains("provided port is already allocated");
        }
    }

    /// An alias may name any number on the nodes, which is not its own.
    @Test
    void anAliasHoldsNoNumbersOnTheNodes() {
        long port = nodePort(admin.post(services("default"), service("holder", ",\"type\":\"NodePort\"")).expect(201).json());
        String alias = "{\"metadata\":{\"name\":\"alias\"},\"spec\":{\"type\":\"ExternalName\",\"externalName\":\"example.com\",\"ports\":[{\"port\":80,\"nodePort\":" + port + "}]}}";
        admin.post(services("default"), alias).expect(201);
        assertThat(admin.patch(services("default") + "/alias", MERGE, "{\"spec\":{\"type\":\"NodePort\"}}").expect(422).at("message")).contains("provided port is already allocated");
        admin.delete(services("default") + "/alias").expect(200);
        admin.patch(services("default") + "/holder", MERGE, "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}").expect(200);
        assertThat(admin.post(services("default"), service("taker", ",\"type\":\"NodePort\"").replace("\"port\":80", "\"port\":80,\"nodePort\":" + port)).expect(422).at("message"))
                .contains("provided port is already allocated");
    }

    @Test
    void headlessServicesHaveNoAddress() {
        var headless = admin.post(services("default"), service("headless", ",\"clusterIP\":\"None\"")).expect(201).json();
        assertThat(Json.string(headless, "spec", "clusterIP")).isEqualTo("None");
        assertThat(headless.path("spec").path("clusterIPs").path(0).asString("")).isEqualTo("None");
    }

    @Test
    void manyAtOnceGetDifferentAddresses() throws Exception {
        var seen = ConcurrentHashMap.<String>newKeySet();
        var ports = ConcurrentHashMap.<Long>newKeySet();
        try (var many = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 100; i++) {
                int number = i;
                many.submit(() -> {
                    var made = admin.post(services("default"), service("many-" + number, ",\"type\":\"NodePort\"")).expect(201).json();
                    seen.add(Json.string(made, "spec", "clusterIP"));
                    ports.add(nodePort(made));
                });
            }
        }
        assertThat(seen).hasSize(100);
        assertThat(ports).hasSize(100);
    }

    @Test
    void tenantsHaveRangesOfTheirOwn() {
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("ranges")).expect(201);
        var tenant = cluster.operator().in("ranges");
        admin.post(services("default"), service("mine", ",\"clusterIP\":\"10.96.0.79\"")).expect(201);
        tenant.post(services("default"), service("mine", ",\"clusterIP\":\"10.96.0.79\"")).expect(201);
    }
}
