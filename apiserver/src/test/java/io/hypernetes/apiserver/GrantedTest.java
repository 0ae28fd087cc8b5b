package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// All tenants' pods share their nodes, and the scheduler counts by what nodes say that they gave.
class GrantedTest extends ClusterTest {
    private static final String MERGE = "application/merge-patch+json", PODS = "/api/v1/namespaces/default/pods";
    private static final String STATUS = "{\"status\":{\"phase\":\"%s\",\"containerStatuses\":[{\"name\":\"web\",\"ready\":false,\"restartCount\":0,\"image\":\"i\",\"imageID\":\"\""
            + ",\"allocatedResources\":{\"cpu\":\"%2$s\"},\"resources\":{\"requests\":{\"cpu\":\"%2$s\"}}}],"
            + "\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\"},{\"type\":\"PodResizePending\",\"status\":\"True\",\"reason\":\"%3$s\"}]}}";

    private Cluster.Client acme;

    @BeforeAll
    void tenant() {
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("acme")).expect(201);
        acme = cluster.client("acme", "owner", "system:masters");
    }

    private JsonNode status(String name) {
        return acme.get(PODS + "/" + name).expect(200).json().path("status");
    }

    private static List<String> resizes(JsonNode status) {
        return Json.objects(status, "conditions").stream().filter(each -> each.path("type").asString("").equals("PodResizePending")).map(each -> each.path("reason").asString("")).toList();
    }

    @Test
    void aTenantDoesNotSayWhatItsPodHasOfANode() {
        acme.post(PODS, Cluster.pod("greedy")).expect(201);
        acme.patch(PODS + "/greedy/status", MERGE, STATUS.formatted("Running", "800", "Deferred")).expect(200);
        assertThat(status("greedy").path("phase").asString("")).isEqualTo("Running");
        assertThat(status("greedy").path("containerStatuses").path(0).path("name").asString("")).isEqualTo("web");
        assertThat(status("greedy").path("containerStatuses").path(0).has("allocatedResources")).isFalse();
        assertThat(status("greedy").path("containerStatuses").path(0).has("resources")).isFalse();
        assertThat(resizes(status("greedy"))).isEmpty();
    }

    @Test
    void norDoesItTakeBackWhatTheNodeSays() {
        acme.post(PODS, Cluster.pod("modest")).expect(201);
        admin.patch("/tenants/acme" + PODS + "/modest/status", MERGE, STATUS.formatted("Running", "2", "Deferred")).expect(200);
        acme.patch(PODS + "/modest/status", MERGE, STATUS.formatted("Pending", "1m", "Infeasible")).expect(200);
        assertThat(status("modest").path("phase").asString("")).isEqualTo("Pending");
        assertThat(status("modest").path("containerStatuses").path(0).path("allocatedResources").path("cpu").asString("")).isEqualTo("2");
        assertThat(status("modest").path("containerStatuses").path(0).path("resources").path("requests").path("cpu").asString("")).isEqualTo("2");
        assertThat(resizes(status("modest"))).containsExactly("Deferred");
        acme.patch(PODS + "/modest/status", MERGE, "{\"status\":{\"conditions\":null}}").expect(200);
        assertThat(resizes(status("modest"))).containsExactly("Deferred");
    }

    @Test
    void norByLeavingAContainerOut() {
        acme.post(PODS, Cluster.pod("hidden")).expect(201);
        admin.patch("/tenants/acme" + PODS + "/hidden/status", MERGE, STATUS.formatted("Running", "2", "Deferred")).expect(200);
        acme.patch(PODS + "/hidden/status", MERGE, "{\"status\":{\"containerStatuses\":[]}}").expect(200);
        acme.patch(PODS + "/hidden/status", MERGE, "{\"status\":{\"containerStatuses\":null}}").expect(200);
        assertThat(status("hidden").path("containerStatuses").path(0).path("allocatedResources").path("cpu").asString("")).isEqualTo("2");
    }

    /// Upstream takes two of a name (ValidatePodStatusUpdate of pkg/apis/core/validation/validation.go); of them one would tell of nothing that the node gave.
    @Test
    void norByNamingAContainerTwice() {
        var quota = "/api/v1/namespaces/default/resourcequotas";
        acme.post(PODS, Cluster.pod("twice")).expect(201);
        admin.patch("/tenants/acme" + PODS + "/twice/status", MERGE, STATUS.formatted("Running", "2", "Deferred")).expect(200);
        acme.post(quota, "{\"metadata\":{\"name\":\"q\"},\"spec\":{\"hard\":{\"requests.cpu\":\"100\"}}}").expect(201);
        try {
            var used = acme.get(quota + "/q").at("status", "used", "requests.cpu");
            var bare = "{\"name\":\"web\",\"ready\":false,\"restartCount\":0,\"image\":\"i\",\"imageID\":\"\"}";
            for (var statuses : List.of(bare + "," + bare, bare + "," + bare.replace("web", "other") + "," + bare)) {
                acme.patch(PODS + "/twice/status", MERGE, "{\"status\":{\"containerStatuses\":[" + statuses + "]}}").expect(200);
                assertThat(Json.objects(status("twice"), "containerStatuses").stream().filter(each -> each.path("name").asString("").equals("web")))
                        .singleElement().satisfies(web -> assertThat(web.path("allocatedResources").path("cpu").asString("")).isEqualTo("2"));
                assertThat(acme.get(quota + "/q").at("status", "used", "requests.cpu")).isEqualTo(used);
            }
        } finally {
            acme.delete(quota + "/q").expect(200);
        }
    }

    /// By which a node counts for machines that were made for more than their containers have.
    @Test
    void norDoesItSayWhatANodeKeepsForThePodAsAWhole() {
        String whole = "{\"status\":{\"allocatedResources\":{\"memory\":\"%1$s\"},\"resources\":{\"requests\":{\"memory\":\"%1$s\"}},\"message\":\"mine\"}}";
        acme.post(PODS, Cluster.pod("whole")).expect(201);
        acme.patch(PODS + "/whole/status", MERGE, whole.formatted("1Mi")).expect(200);
        assertThat(status("whole").path("message").asString("")).isEqualTo("mine");
        assertThat(status("whole").has("allocatedResources") || status("whole").has("resources")).isFalse();
        admin.patch("/tenants/acme" + PODS + "/whole/status", MERGE, whole.formatted("4Gi")).expect(200);
        acme.patch(PODS + "/whole/status", MERGE, whole.formatted("1Mi")).expect(200);
        acme.patch(PODS + "/whole/status", MERGE, "{\"status\":{\"allocatedResources\":null,\"resources\":null}}").expect(200);
        assertThat(status("whole").path("allocatedResources").path("memory").asString("")).isEqualTo("4Gi");
        assertThat(status("whole").path("resources").path("requests").path("memory").asString("")).isEqualTo("4Gi");
    }

    @Test
    void norDoesItSayThatAPodHasEndedWhichANodeRuns() {
        acme.post(PODS, Cluster.pod("zombie")).expect(201);
        admin.post("/api/v1/nodes", "{\"metadata\":{\"name\":\"n1\"}}").expect(201);
        admin.post("/tenants/acme" + PODS + "/zombie/binding", "{\"metadata\":{\"name\":\"zombie\"},\"target\":{\"kind\":\"Node\",\"name\":\"n1\"}}").expect(201);
        admin.patch("/tenants/acme" + PODS + "/zombie/status", MERGE, "{\"status\":{\"phase\":\"Running\"}}").expect(200);
        acme.patch(PODS + "/zombie/status", MERGE, "{\"status\":{\"phase\":\"Failed\",\"message\":\"gone\"}}").expect(200);
        assertThat(status("zombie").path("phase").asString("")).isEqualTo("Running");
        assertThat(status("zombie").path("message").asString("")).isEqualTo("gone");
        admin.patch("/tenants/acme" + PODS + "/zombie/status", MERGE, "{\"status\":{\"phase\":\"Failed\"}}").expect(200);
        assertThat(status("zombie").path("phase").asString("")).isEqualTo("Failed");
    }

    @Test
    void norIsANodeKeptForItBecauseItSaysSo() {
        acme.post(PODS, Cluster.pod("wisher")).expect(201);
        acme.patch(PODS + "/wisher/status", MERGE, "{\"status\":{\"nominatedNodeName\":\"n1\",\"message\":\"mine\"}}").expect(200);
        assertThat(status("wisher").has("nominatedNodeName")).isFalse();
        assertThat(status("wisher").path("message").asString("")).isEqualTo("mine");
        admin.patch("/tenants/acme" + PODS + "/wisher/status", MERGE, "{\"status\":{\"nominatedNodeName\":\"n1\"}}").expect(200);
        acme.patch(PODS + "/wisher/status", MERGE, "{\"status\":{\"nominatedNodeName\":\"n2\"}}").expect(200);
        assertThat(status("wisher").path("nominatedNodeName").asString("")).isEqualTo("n1");
    }
}
