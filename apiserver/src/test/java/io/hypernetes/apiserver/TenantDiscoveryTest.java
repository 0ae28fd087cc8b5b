package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.tenant;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// What a tenant says that there is, is there for itself: classes of equal names have values of their own, and a kind that one defines is in nobody else's
/// discovery or OpenAPI, nor in what clients of others keep of them.
class TenantDiscoveryTest extends ClusterTest {
    private static final String PRIORITIES = "/apis/scheduling.k8s.io/v1/priorityclasses";
    private static final String DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    private static final String AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    private static final String SWAGGER = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
    private static final String GADGETS = """
            {"metadata":{"name":"gadgets.red.example.com"},"spec":{"group":"red.example.com","scope":"%s","names":{"plural":"gadgets","kind":"Gadget","shortNames":["%s"]},
             "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","description":"%s","properties":{"%s":{"type":"%s"}}}}}]}}""";

    private Cluster.Client red;
    private Cluster.Client blue;

    @BeforeAll
    void tenants() {
        for (var name : List.of("red", "blue")) {
            admin.post("/apis/hypernetes.io/v1/tenants", tenant(name)).expect(201);
        }
        red = cluster.client("red", "alice", "system:masters");
        blue = cluster.client("blue", "bob", "system:masters");
    }

    @Test
    void aPriorityIsWorthWhatTheOwnClassSays() {
        red.post(PRIORITIES, "{\"metadata\":{\"name\":\"high\"},\"value\":1000000,\"preemptionPolicy\":\"Never\"}").expect(201);
        blue.post(PRIORITIES, "{\"metadata\":{\"name\":\"high\"},\"value\":7,\"globalDefault\":true}").expect(201);
        var asked = Cluster.pod("urgent").replace("\"containers\"", "\"priorityClassName\":\"high\",\"containers\"");
        var ofRed = red.post(pods("default"), asked).expect(201).json().path("spec");
        assertThat(ofRed.path("priority").asInt()).isEqualTo(1_000_000);
        assertThat(ofRed.path("preemptionPolicy").asString()).isEqualTo("Never");
        var ofBlue = blue.post(pods("default"), asked).expect(201).json().path("spec");
        assertThat(ofBlue.path("priority").asInt()).isEqualTo(7);
        assertThat(ofBlue.path("preemptionPolicy").asString()).isEqualTo("PreemptLowerPriority");
        // A default is the own tenant's too.
        assertThat(blue.post(pods("default"), Cluster.pod("plain")).expect(201).json().path("spec").path("priority").asInt()).isEqualTo(7);
        assertThat(red.post(pods("default"), Cluster.pod("plain")).expect(201).json().path("spec").path("priority").asInt()).isZero();
        blue.delete(PRIORITIES + "/high").expect(200);
        blue.post(pods("default"), asked.replace("urgent", "later")).expect(403);
        red.post(pods("default"), asked.replace("urgent", "later")).expect(201);
        red.get(PRIORITIES + "/high").expect(200);
    }

    @Test
    void whatOneDefinesNobodyElseIsToldOf() throws Exception {
        var before = told(blue);
        var ofRoot = told(admin);
        red.post(DEFINITIONS, GADGETS.formatted("Namespaced", "gd", "mark-of-red", "width", "integer")).expect(201);
        var ofRed = told(red);
        for (var path : before.keySet()) {
            // Of these alone there is one for all groups.
            if (!path.startsWith("/api/") && !path.startsWith("/api ") && !path.startsWith("/openapi/v3/api") && !path.contains("red.example.com")) {
                assertThat(ofRed.get(path)).as(path).isNotEqualTo(before.get(path));
            }
        }
        assertThat(told(blue)).as("to the byte, with the tags").isEqualTo(before);
        assertThat(told(admin)).isEqualTo(ofRoot);
        assertThat(before.toString() + ofRoot).doesNotContain("red.example.com\"", "mark-of-red", "Gadget");

        // What a client of red keeps is not what blue is to be shown, and the other way round.
        for (var path : List.of("/apis", "/openapi/v2", "/openapi/v3")) {
            for (var pair : List.of(List.of(red, blue), List.of(blue, red))) {
                var tag = pair.getFirst().get(path).http().headers().firstValue("ETag").orElseThrow();
                pair.getFirst().send(pair.getFirst().request(path).header("If-None-Match", tag).GET().build()).expect(304);
                pair.getLast().send(pair.getLast().request(path).header("If-None-Match", tag).GET().build()).expect(200);
            }
        }
        var document = "/openapi/v3/apis/red.example.com/v1";
        var hashed = Json.string(red.get("/openapi/v3").json(), "paths", "apis/red.example.com/v1", "serverRelativeURL");
        var hash = hashed.substring(hashed.indexOf('?'));
        assertThat(red.get(document + hash).expect(200).text()).contains("mark-of-red");
        assertThat(blue.get(document + hash).expect(404).text()).isEqualTo(blue.get("/openapi/v3/apis/none.example.com/v1" + hash).expect(404).text());

        // The same group, kind and version, and nothing else in common.
        blue.post(DEFINITIONS, GADGETS.formatted("Cluster", "gb", "mark-of-blue", "width", "string")).expect(201);
        for (var each : Map.of(red, "mark-of-red", blue, "mark-of-blue").entrySet()) {
            var other = each.getValue().equals("mark-of-red") ? "mark-of-blue" : "mark-of-red";
            assertThat(each.getKey().get("/openapi/v2").text()).contains(each.getValue()).doesNotContain(other);
            assertThat(each.getKey().get(document).expect(200).text()).contains(each.getValue()).doesNotContain(other);
            assertThat(each.getKey().get("/apis/red.example.com/v1").expect(200).text()).contains(other.equals("mark-of-blue") ? "\"gd\"" : "\"gb\"");
        }
        var gadget = "{\"metadata\":{\"name\":\"g\"},\"width\":%s}";
        red.post("/apis/red.example.com/v1/namespaces/default/gadgets", gadget.formatted("5")).expect(201);
        red.post("/apis/red.example.com/v1/namespaces/default/gadgets", gadget.formatted("\"5\"")).expect(422);
        blue.post("/apis/red.example.com/v1/gadgets", gadget.formatted("\"5\"")).expect(201);
        blue.post("/apis/red.example.com/v1/namespaces/default/gadgets", gadget.formatted("\"5\"")).expect(404);

        // And back: not a byte stays.
        blue.delete(DEFINITIONS + "/gadgets.red.example.com").expect(200);
        org.awaitility.Awaitility.await().untilAsserted(() -> assertThat(told(blue)).isEqualTo(before));
        red.get("/apis/red.example.com/v1/namespaces/default/gadgets/g").expect(200);
    }

    /// With a token two tenants ask for the same URL, and what stands between must not answer one with what it was told for the other.
    @Test
    void nothingOfItIsForSharedCaches() {
        for (var path : List.of("/.well-known/openid-configuration", "/openid/v1/jwks", "/api", "/apis", "/apis/apps/v1", "/openapi/v2", "/openapi/v3", "/openapi/v3/apis/apps/v1",
                Json.string(red.get("/openapi/v3").json(), "paths", "apis/apps/v1", "serverRelativeURL").replace("/tenants/red", ""))) {
            assertThat(red.get(path).expect(200).http().headers().allValues("Cache-Control")).as(path).hasSize(1).allSatisfy(value -> assertThat(value).doesNotContain("public"));
        }
        // Which hash is the present one is each tenant's own matter.
        assertThat(red.get("/openapi/v3/apis/apps/v1?hash=0").expect(301).http().headers().allValues("Cache-Control")).containsExactly("no-cache, private");
    }

    /// All of it, by path and form, with the tags.
    private static Map<String, String> told(Cluster.Client client) {
        var told = new TreeMap<String, String>();
        for (var path : List.of("/api", "/apis", "/api/v1", "/apis/red.example.com", "/apis/red.example.com/v1", "/openapi/v2", "/openapi/v3", "/openapi/v3/api/v1", "/openapi/v3/apis/red.example.com/v1")) {
            var forms = new ArrayList<>(List.of("application/json"));
            if (path.matches("/apis?")) {
                forms.add(AGGREGATED);
            }
            if (path.equals("/openapi/v2")) {
                forms.add(SWAGGER);
            }
            for (var form : forms) {
                var reply = client.get(path, form);
                var text = form.equals(SWAGGER) ? new String(reply.body(), java.nio.charset.StandardCharsets.ISO_8859_1) : reply.text();
                told.put(path + " " + form, reply.code() + " " + reply.http().headers().firstValue("ETag").orElse("") + " " + text);
            }
        }
        return told;
    }
}
