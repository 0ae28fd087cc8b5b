package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Operation;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Definitions that an older release stored in groups of the server's own: nothing of theirs is served, they can be deleted, and what is the server's stays.
class OldDefinitionsTest extends ClusterTest {
    private static final String DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    private void store(ObjectKey key, String object) {
        cluster.store.commit(List.of(new Operation.Put(key.text(), Operation.ABSENT, StoredForm.encoder(Json.readObject(object)))));
    }

    private void define(String tenant, String name, String group, String plural, String kind) {
        store(new ObjectKey(tenant, "apiextensions.k8s.io", "customresourcedefinitions", "", name), """
                {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition",
                 "metadata":{"name":"%1$s","uid":"%1$s","creationTimestamp":"2026-01-01T00:00:00Z","finalizers":["customresourcecleanup.apiextensions.k8s.io"]},
                 "spec":{"group":"%2$s","scope":"Namespaced","names":{"plural":"%3$s","singular":"%3$s","kind":"%4$s","listKind":"%4$sList"},
                  "conversion":{"strategy":"None"},"versions":[{"name":"v9","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}]},
                 "status":{"storedVersions":["v9"],"acceptedNames":{"plural":"%3$s","singular":"%3$s","kind":"%4$s","listKind":"%4$sList"},
                  "conditions":[{"type":"NamesAccepted","status":"True"},{"type":"Established","status":"True"}]}}"""
                .formatted(name, group, plural, kind));
    }

    private static void delete(Cluster.Client client, String name) {
        client.delete(DEFINITIONS + "/" + name).expect(200);
        await().atMost(Duration.ofSeconds(10)).until(() -> client.get(DEFINITIONS + "/" + name).code() == 404);
    }

    private Cluster.Client tenant(String name) {
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant(name)).expect(201);
        return cluster.operator().in(name);
    }

    /// Nobody could take the finalizer away.
    @Test
    void whatFinalizersHoldThereGoesWithItsDefinition() {
        var blue = tenant("old");
        define("old", "wheels.storage.k8s.io", "storage.k8s.io", "wheels", "Wheel");
        var wheel = new ObjectKey("old", "storage.k8s.io", "wheels", "default", "w");
        store(wheel, "{\"apiVersion\":\"storage.k8s.io/v9\",\"kind\":\"Wheel\",\"metadata\":{\"name\":\"w\",\"namespace\":\"default\",\"uid\":\"w\",\"finalizers\":[\"a.example.com/b\"]}}");
        blue.get("/apis/storage.k8s.io/v9/namespaces/default/wheels/w").expect(404);
        delete(blue, "wheels.storage.k8s.io");
        assertThat(cluster.store.get(wheel.text())).isEmpty();
    }

    @Test
    void whatIsTheServersStaysWhenADefinitionOfItsNameGoes() {
        var blue = tenant("overlapping");
        define("overlapping", "leases.coordination.k8s.io", "coordination.k8s.io", "leases", "Lease");
        var leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
        blue.post(leases, "{\"metadata\":{\"name\":\"l\"},\"spec\":{\"holderIdentity\":\"me\"}}").expect(201);
        delete(blue, "leases.coordination.k8s.io");
        blue.get(leases + "/l").expect(200);
        // A node port that a service has is no object of any kind.
        define("overlapping", "nodeports.hypernetes.io", "hypernetes.io", "nodeports", "NodePort");
        var service = blue.post("/api/v1/namespaces/default/services",
                "{\"metadata\":{\"name\":\"s\"},\"spec\":{\"type\":\"NodePort\",\"selector\":{\"a\":\"b\"},\"ports\":[{\"port\":80}]}}").expect(201).json();
        var port = Json.number(service.path("spec").path("ports").path(0), 0, "nodePort");
        delete(blue, "nodeports.hypernetes.io");
        assertThat(cluster.store.get(new ObjectKey("overlapping", "hypernetes.io", "nodeports", "", Long.toString(port)).text())).isPresent();
    }

    /// As mutation once could make one: its name says another kind than what it defines.
    @Test
    void aDefinitionUnderAnothersNameTakesNothingFromIt() {
        var blue = tenant("misnamed");
        var text = "{\"metadata\":{\"name\":\"gears.a.example.com\"},\"spec\":{\"group\":\"a.example.com\",\"scope\":\"Namespaced\",\"names\":{\"plural\":\"gears\",\"kind\":\"Gear\"},"
                + "\"versions\":[{\"name\":\"v1\",\"served\":true,\"storage\":true,\"schema\":{\"openAPIV3Schema\":{\"type\":\"object\"}}}]}}";
        blue.post(DEFINITIONS, text).expect(201);
        blue.post("/apis/a.example.com/v1/namespaces/default/gears", "{\"apiVersion\":\"a.example.com/v1\",\"kind\":\"Gear\",\"metadata\":{\"name\":\"g\"}}").expect(201);
        define("misnamed", "other.a.example.com", "a.example.com", "gears", "Gear");
        delete(blue, "other.a.example.com");
        blue.get("/apis/a.example.com/v1/namespaces/default/gears/g").expect(200);
    }
}
