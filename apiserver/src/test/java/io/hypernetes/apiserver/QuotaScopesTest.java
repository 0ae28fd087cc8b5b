package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.pod;
import static io.hypernetes.apiserver.QuotasTest.quota;
import static io.hypernetes.apiserver.QuotasTest.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.List;
import org.junit.jupiter.api.Test;

/// Quotas that count some of the pods and claims of a namespace only.
class QuotaScopesTest extends ClusterTest {
    @Test
    void scopesChooseThePodsOfAQuota() {
        namespace(admin, "scopes");
        admin.post(quotas("scopes"), quota("best", "{\"pods\":\"1\"}", ",\"scopes\":[\"BestEffort\"]")).expect(201);
        admin.post(quotas("scopes"), quota("brief", "{\"pods\":\"0\"}", ",\"scopes\":[\"Terminating\"]")).expect(201);
        admin.post(pods("scopes"), pod("a", "", "")).expect(201);
        admin.post(pods("scopes"), pod("b", "", "")).expect(403);
        admin.post(pods("scopes"), pod("c", "{\"requests\":{\"cpu\":\"1m\"}}", "")).expect(201);
        assertThat(admin.post(pods("scopes"), pod("d", "{\"requests\":{\"cpu\":\"1m\"}}", "\"activeDeadlineSeconds\":5,")).expect(403).at("message"))
                .contains("exceeded quota: brief");
        assertThat(admin.get(quotas("scopes") + "/best").at("status", "used", "pods")).isEqualTo("1");
    }

    /// As upstream's pkg/quota/v1/evaluator/core/persistent_volume_claims.go matches them.
    @Test
    void claimsAreCountedByTheirAttributesClass() {
        namespace(admin, "classed");
        var scoped = ",\"scopeSelector\":{\"matchExpressions\":[{\"scopeName\":\"VolumeAttributesClass\",\"operator\":\"%s\"%s}]}";
        admin.post(quotas("classed"), quota("gold", "{\"requests.storage\":\"3Gi\"}", scoped.formatted("In", ",\"values\":[\"gold\"]"))).expect(201);
        admin.post(quotas("classed"), quota("none", "{\"persistentvolumeclaims\":\"1\"}", scoped.formatted("DoesNotExist", ""))).expect(201);
        var claims = "/api/v1/namespaces/classed/persistentvolumeclaims";
        var claim = "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"accessModes\":[\"ReadWriteOnce\"],\"storageClassName\":\"x\"%s,\"resources\":{\"requests\":{\"storage\":\"2Gi\"}}}}";
        admin.post(claims, claim.formatted("a", ",\"volumeAttributesClassName\":\"gold\"")).expect(201);
        assertThat(admin.post(claims, claim.formatted("b", ",\"volumeAttributesClassName\":\"gold\"")).expect(403).at("message"))
                .contains("exceeded quota: gold, requested: requests.storage=2Gi, used: requests.storage=2Gi, limited: requests.storage=3Gi");
        admin.post(claims, claim.formatted("b", ",\"volumeAttributesClassName\":\"silver\"")).expect(201);
        admin.post(claims, claim.formatted("c", "")).expect(201);
        assertThat(admin.post(claims, claim.formatted("d", "")).expect(403).at("message")).contains("exceeded quota: none");
        var merge = "application/merge-patch+json";
        // One that has come to a class is counted where it is now.
        admin.patch(claims + "/b/status", merge, "{\"status\":{\"currentVolumeAttributesClassName\":\"gold\"}}").expect(200);
        await().untilAsserted(() -> assertThat(admin.get(quotas("classed") + "/gold").at("status", "used", "requests.storage")).isEqualTo("4Gi"));
        admin.delete(claims + "/a").expect(200);
        admin.patch(claims + "/a", merge, "{\"metadata\":{\"finalizers\":null}}").expect(200);
        await().untilAsserted(() -> assertThat(admin.get(quotas("classed") + "/gold").at("status", "used", "requests.storage")).isEqualTo("2Gi"));
    }

    /// A claim that comes to a class takes room there for all that it asks for, at once.
    @Test
    void aClaimThatComesToAnAttributesClassIsChargedInFull() {
        namespace(admin, "moving");
        admin.post(quotas("moving"), quota("gold", "{\"requests.storage\":\"3Gi\"}",
                ",\"scopeSelector\":{\"matchExpressions\":[{\"scopeName\":\"VolumeAttributesClass\",\"operator\":\"In\",\"values\":[\"gold\"]}]}")).expect(201);
        await().untilAsserted(() -> assertThat(admin.get(quotas("moving") + "/gold").at("status", "used", "requests.storage")).isEqualTo("0"));
        var claims = "/api/v1/namespaces/moving/persistentvolumeclaims";
        var claim = "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"accessModes\":[\"ReadWriteOnce\"],\"storageClassName\":\"x\",\"volumeAttributesClassName\":\"silver\","
                + "\"resources\":{\"requests\":{\"storage\":\"2Gi\"}}}}";
        admin.post(claims, claim.formatted("a")).expect(201);
        admin.post(claims, claim.formatted("b")).expect(201);
        var merge = "application/merge-patch+json";
        for (var name : List.of("a", "b")) {
            admin.patch(claims + "/" + name + "/status", merge, "{\"status\":{\"phase\":\"Bound\",\"capacity\":{\"storage\":\"2Gi\"}}}").expect(200);
        }
        var gold = "{\"spec\":{\"volumeAttributesClassName\":\"gold\"}}";
        admin.patch(claims + "/a", merge, gold).expect(200);
        assertThat(admin.patch(claims + "/b", merge, gold).expect(403).at("message"))
                .contains("exceeded quota: gold, requested: requests.storage=2Gi, used: requests.storage=2Gi, limited: requests.storage=3Gi");
        // What became of it is a fact, which no quota refuses.
        admin.patch(claims + "/b/status", merge, "{\"status\":{\"currentVolumeAttributesClassName\":\"gold\"}}").expect(200);
        assertThat(admin.get(quotas("moving") + "/gold").at("status", "used", "requests.storage")).isEqualTo("4Gi");
    }

    /// As upstream's `CheckRequest` (`pkg/admission/plugin/resourcequota/controller.go` of apiserver): all of what comes into the scope is asked for.
    @Test
    void whatMovesIntoTheScopeOfAQuotaIsChargedThere() {
        namespace(admin, "moves");
        admin.post(quotas("moves"), quota("brief", "{\"pods\":\"1\"}", ",\"scopes\":[\"Terminating\"]")).expect(201);
        admin.post(quotas("moves"), quota("lasting", "{\"pods\":\"5\"}", ",\"scopes\":[\"NotTerminating\"]")).expect(201);
        admin.post(pods("moves"), pod("a", "", "")).expect(201);
        admin.post(pods("moves"), pod("b", "", "")).expect(201);
        assertThat(admin.get(quotas("moves") + "/lasting").at("status", "used", "pods")).isEqualTo("2");
        var deadline = "{\"spec\":{\"activeDeadlineSeconds\":60}}";
        admin.patch(pods("moves") + "/a", "application/merge-patch+json", deadline).expect(200);
        assertThat(admin.get(quotas("moves") + "/brief").at("status", "used", "pods")).isEqualTo("1");
        assertThat(admin.get(quotas("moves") + "/lasting").at("status", "used", "pods")).isEqualTo("1");
        assertThat(admin.patch(pods("moves") + "/b", "application/merge-patch+json", deadline).expect(403).at("message"))
                .contains("exceeded quota: brief, requested: pods=1, used: pods=1, limited: pods=1");
    }

    /// The quota's count is wrong here, as one may be that was made in the same moment: what moves, or counts as something else, makes both right at once, as
    /// upstream's controller does for what its `pkg/quota/v1/install/update_filter.go` lets through.
    @Test
    void whatComesToCountOtherwiseIsCountedAnew() {
        namespace(admin, "recounts");
        admin.post(quotas("recounts"), quota("brief", "{\"pods\":\"5\"}", ",\"scopes\":[\"Terminating\"]")).expect(201);
        admin.post(quotas("recounts"), quota("lasting", "{\"pods\":\"5\",\"requests.memory\":\"2Gi\"}", ",\"scopes\":[\"NotTerminating\"]")).expect(201);
        admin.post(quotas("recounts"), quota("ports", "{\"services\":\"5\",\"services.nodeports\":\"5\"}", "")).expect(201);
        admin.post(pods("recounts"), pod("a", "{\"requests\":{\"memory\":\"100Mi\"}}", "")).expect(201);
        admin.post(pods("recounts"), pod("b", "{\"requests\":{\"memory\":\"100Mi\"}}", "")).expect(201);
        var merge = "application/merge-patch+json";
        // Quotas are counted once more a few seconds after they are made: what is seen later comes of something else.
        mistake("ports", "services");
        await().untilAsserted(() -> assertThat(admin.get(quotas("recounts") + "/ports").at("status", "used", "services")).isEqualTo("0"));
        mistake("lasting", "pods");
        mistake("brief", "pods");
        admin.patch(pods("recounts") + "/a", merge, "{\"spec\":{\"activeDeadlineSeconds\":60}}").expect(200);
        await().untilAsserted(() -> assertThat(admin.get(quotas("recounts") + "/lasting").at("status", "used", "pods")).isEqualTo("1"));
        await().untilAsserted(() -> assertThat(admin.get(quotas("recounts") + "/brief").at("status", "used", "pods")).isEqualTo("1"));
        mistake("lasting", "requests.memory");
        admin.patch(pods("recounts") + "/b/status", merge, status("200Mi", "null")).expect(200);
        await().untilAsserted(() -> assertThat(admin.get(quotas("recounts") + "/lasting").at("status", "used", "requests.memory")).isEqualTo("200Mi"));
        var services = "/api/v1/namespaces/recounts/services";
        admin.post(services, "{\"metadata\":{\"name\":\"s\"},\"spec\":{\"ports\":[{\"port\":80}],\"selector\":{\"a\":\"b\"}}}").expect(201);
        mistake("ports", "services.nodeports");
        admin.patch(services + "/s", merge, "{\"spec\":{\"type\":\"NodePort\"}}").expect(200);
        await().untilAsserted(() -> assertThat(admin.get(quotas("recounts") + "/ports").at("status", "used", "services.nodeports")).isEqualTo("1"));
    }

    private void mistake(String quota, String resource) {
        admin.patch(quotas("recounts") + "/" + quota + "/status", "application/merge-patch+json", "{\"status\":{\"used\":{\"" + resource + "\":\"3\"}}}").expect(200);
    }
}
