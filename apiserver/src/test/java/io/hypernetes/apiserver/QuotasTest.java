package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.pod;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.http.HttpClient;
import java.util.ArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/// What namespaces allow as a whole: who asks for more than their quotas hold is refused, and what goes makes room.
class QuotasTest extends ClusterTest {
    static String quota(String name, String hard, String more) {
        return "{\"metadata\":{\"name\":\"" + name + "\"},\"spec\":{\"hard\":" + hard + more + "}}";
    }

    static String status(String container, String whole) {
        return "{\"status\":{\"phase\":\"Running\",\"allocatedResources\":" + whole + ",\"containerStatuses\":[{\"name\":\"web\",\"ready\":true,\"restartCount\":0,\"image\":\"i\",\"imageID\":\"\","
                + "\"allocatedResources\":{\"memory\":\"" + container + "\"},\"resources\":{\"requests\":{\"memory\":\"" + container + "\"}}}]}}";
    }

    private static String memory(String amount) {
        return "{\"spec\":{\"containers\":[{\"name\":\"web\",\"resources\":{\"requests\":{\"memory\":\"" + amount + "\"}}}]}}";
    }

    @Test
    void aHundredWhoCreateAtOnceGetExactlyWhatTheQuotaHolds() throws Exception {
        namespace(admin, "crowd");
        admin.post(quotas("crowd"), quota("few", "{\"count/configmaps\":\"11\",\"configmaps\":\"11\"}", "")).expect(201);
        // One is there already: the certificate.
        assertThat(admin.get(quotas("crowd") + "/few").json().path("status").path("used").toString())
                .isEqualTo("{\"configmaps\":\"1\",\"count/configmaps\":\"1\"}");
        // One connection for all: a hundred handshakes at once would only test the machine.
        var crowd = cluster.new Client(cluster.credential("root", "crowd", "system:masters"), HttpClient.Version.HTTP_2);
        crowd.get("/version").expect(200);
        var codes = new ArrayList<Integer>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var answers = new ArrayList<Future<Integer>>();
            for (int i = 0; i < 100; i++) {
                int number = i;
                answers.add(threads.submit(() -> crowd.post(configMaps("crowd"), Cluster.configMap("m" + number, "1")).code()));
            }
            for (var answer : answers) {
                codes.add(answer.get());
            }
        }
        assertThat(codes.stream().filter(code -> code == 201)).hasSize(10);
        assertThat(codes.stream().filter(code -> code == 403)).hasSize(90);
        assertThat(admin.post(configMaps("crowd"), Cluster.configMap("late", "1")).expect(403).at("message"))
                .isEqualTo("configmaps \"late\" is forbidden: exceeded quota: few, requested: configmaps=1,count/configmaps=1,"
                        + " used: configmaps=11,count/configmaps=11, limited: configmaps=11,count/configmaps=11");
        var one = ObjectsTest.names(admin.get(configMaps("crowd")).json()).getFirst();
        admin.delete(configMaps("crowd") + "/" + one).expect(200);
        await().untilAsserted(() -> assertThat(admin.get(quotas("crowd") + "/few").at("status", "used", "configmaps")).isEqualTo("10"));
        admin.post(configMaps("crowd"), Cluster.configMap("late", "1")).expect(201);
    }

    @Test
    void podsAreChargedForWhatTheyAskForAndForWhatTheirMachineCosts() {
        namespace(admin, "compute");
        admin.post(quotas("compute"), quota("cpu", "{\"requests.cpu\":\"1\",\"limits.memory\":\"1Gi\",\"pods\":\"3\"}", "")).expect(201);
        assertThat(admin.post(pods("compute"), pod("bare", "", "")).expect(403).at("message"))
                .isEqualTo("pods \"bare\" is forbidden: failed quota: cpu: must specify limits.memory for: web; requests.cpu for: web");
        var half = "{\"requests\":{\"cpu\":\"400m\"},\"limits\":{\"memory\":\"256Mi\"}}";
        admin.post(pods("compute"), pod("one", half, "")).expect(201);
        admin.post(pods("compute"), pod("two", half, "")).expect(201);
        assertThat(admin.post(pods("compute"), pod("three", half, "")).expect(403).at("message"))
                .isEqualTo("pods \"three\" is forbidden: exceeded quota: cpu, requested: requests.cpu=400m, used: requests.cpu=800m,"
                        + " limited: requests.cpu=1");
        // A pod that has ended uses nothing.
        admin.patch(pods("compute") + "/one/status", "application/merge-patch+json", "{\"status\":{\"phase\":\"Succeeded\"}}").expect(200);
        await().untilAsserted(() -> assertThat(admin.get(quotas("compute") + "/cpu").at("status", "used", "requests.cpu")).isEqualTo("400m"));
        admin.post(pods("compute"), pod("three", half, "")).expect(201);
        assertThat(admin.post(pods("compute") + "?dryRun=All", pod("four", half, "")).expect(403).at("message")).contains("exceeded quota");
    }

    /// A machine gives back no memory: upstream's pkg/quota/v1/evaluator/core/pods.go counts what the status says too (UseStatusResources).
    @Test
    void aPodThatWasMadeSmallerIsChargedForWhatItsNodeKeepsForIt() {
        namespace(admin, "kept");
        var strategic = "application/strategic-merge-patch+json";
        var merge = "application/merge-patch+json";
        admin.post(quotas("kept"), quota("memory", "{\"requests.memory\":\"1Gi\"}", "")).expect(201);
        admin.post(pods("kept"), pod("large", "{\"requests\":{\"memory\":\"800Mi\"}}", "")).expect(201);
        admin.patch(pods("kept") + "/large/status", merge, status("800Mi", "null")).expect(200);
        admin.patch(pods("kept") + "/large/resize", strategic, memory("100Mi")).expect(200);
        assertThat(admin.get(quotas("kept") + "/memory").at("status", "used", "requests.memory")).as("the container has it still").isEqualTo("800Mi");
        admin.patch(pods("kept") + "/large/status", merge, status("100Mi", "{\"memory\":\"800Mi\"}")).expect(200);
        assertThat(admin.get(quotas("kept") + "/memory").at("status", "used", "requests.memory")).as("the machine has it still").isEqualTo("800Mi");
        admin.post(pods("kept"), pod("next", "{\"requests\":{\"memory\":\"300Mi\"}}", "")).expect(403);
        // To grow again within its machine costs nothing more.
        admin.patch(pods("kept") + "/large/resize", strategic, memory("700Mi")).expect(200);
        admin.patch(pods("kept") + "/large/resize", strategic, memory("1100Mi")).expect(403);
        admin.patch(pods("kept") + "/large/resize", strategic, memory("100Mi")).expect(200);
        admin.patch(pods("kept") + "/large/status", merge, status("100Mi", "null")).expect(200);
        assertThat(admin.get(quotas("kept") + "/memory").at("status", "used", "requests.memory")).as("its next machine is smaller").isEqualTo("100Mi");
        // What a node says is so, whether there is room for it or not.
        admin.patch(pods("kept") + "/large/status", merge, status("100Mi", "{\"memory\":\"2Gi\"}")).expect(200);
        assertThat(admin.get(quotas("kept") + "/memory").at("status", "used", "requests.memory")).isEqualTo("2Gi");
        admin.delete(pods("kept") + "/large?gracePeriodSeconds=0").expect(200);
        await().untilAsserted(() -> assertThat(admin.get(quotas("kept") + "/memory").at("status", "used", "requests.memory")).isEqualTo("0"));
    }

    /// A machine may have taken all that its pod could have when it was made.
    @Test
    void aPodWhoseLimitWasLoweredIsChargedForThatOfItsMachine() {
        namespace(admin, "lowered");
        var merge = "application/merge-patch+json";
        admin.post(quotas("lowered"), quota("memory", "{\"limits.memory\":\"1Gi\"}", "")).expect(201);
        admin.post(pods("lowered"), pod("large", "{\"limits\":{\"memory\":\"100Mi\"}}", "")).expect(201);
        admin.patch(pods("lowered") + "/large/status", merge, "{\"status\":{\"resources\":{\"limits\":{\"memory\":\"800Mi\"}}}}").expect(200);
        assertThat(admin.get(quotas("lowered") + "/memory").at("status", "used", "limits.memory")).isEqualTo("800Mi");
        admin.post(pods("lowered"), pod("next", "{\"limits\":{\"memory\":\"300Mi\"}}", "")).expect(403);
        admin.patch(pods("lowered") + "/large/status", merge, "{\"status\":{\"resources\":null}}").expect(200);
        admin.post(pods("lowered"), pod("next", "{\"limits\":{\"memory\":\"300Mi\"}}", "")).expect(201);
    }

    @Test
    void whatANodeMayBeMakingAMachineForIsChargedUntilTheNodeTells() {
        namespace(admin, "early");
        var strategic = "application/strategic-merge-patch+json";
        var small = "{\"spec\":{\"containers\":[{\"name\":\"web\",\"resources\":{\"requests\":{\"memory\":\"100Mi\"},\"limits\":{\"memory\":\"100Mi\"}}}]}}";
        var large = "{\"requests\":{\"memory\":\"800Mi\"},\"limits\":{\"memory\":\"800Mi\"}}";
        admin.post("/api/v1/nodes", "{\"metadata\":{\"name\":\"early\"}}").expect(201);
        admin.post(quotas("early"), quota("memory", "{\"requests.memory\":\"1Gi\",\"limits.memory\":\"1Gi\"}", "")).expect(201);
        admin.post(pods("early"), pod("unbound", large, "")).expect(201);
        admin.patch(pods("early") + "/unbound/resize", strategic, small).expect(200);
        assertThat(admin.get(quotas("early") + "/memory").json().path("status").path("used").toString()).as("nobody has it")
                .isEqualTo("{\"limits.memory\":\"100Mi\",\"requests.memory\":\"100Mi\"}");
        admin.post(pods("early"), pod("bound", large, "")).expect(201);
        admin.post(pods("early") + "/bound/binding", "{\"metadata\":{\"name\":\"bound\"},\"target\":{\"kind\":\"Node\",\"name\":\"early\"}}").expect(201);
        admin.patch(pods("early") + "/bound/resize", strategic, small).expect(200);
        assertThat(admin.get(quotas("early") + "/memory").json().path("status").path("used").toString())
                .isEqualTo("{\"limits.memory\":\"900Mi\",\"requests.memory\":\"900Mi\"}");
        admin.patch(pods("early") + "/bound/status", "application/merge-patch+json", status("100Mi", "null,\"resources\":null")).expect(200);
        assertThat(admin.get(quotas("early") + "/memory").json().path("status").path("used").toString())
                .isEqualTo("{\"limits.memory\":\"200Mi\",\"requests.memory\":\"200Mi\"}");
    }

    /// As a status that was written before may have it.
    @Test
    void ofAContainerThatIsToldOfTwiceTheMostCounts() {
        namespace(admin, "doubled");
        var merge = "application/merge-patch+json";
        admin.post(quotas("doubled"), quota("memory", "{\"requests.memory\":\"1Gi\"}", "")).expect(201);
        admin.post(pods("doubled"), pod("p", "{\"requests\":{\"memory\":\"100Mi\"}}", "")).expect(201);
        var bare = "{\"name\":\"web\",\"ready\":true,\"restartCount\":0,\"image\":\"i\",\"imageID\":\"\"}";
        admin.patch(pods("doubled") + "/p/status", merge, status("800Mi", "null").replace("}}}]}}", "}}}," + bare + "]}}")).expect(200);
        assertThat(admin.get(quotas("doubled") + "/memory").at("status", "used", "requests.memory")).isEqualTo("800Mi");
    }

    @Test
    void aServiceIsChargedForWhatItBecomes() {
        namespace(admin, "becomes");
        admin.post(quotas("becomes"), quota("ports", "{\"services.nodeports\":\"1\",\"services\":\"2\"}", "")).expect(201);
        var services = "/api/v1/namespaces/becomes/services";
        var service = "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"ports\":[{\"port\":80}],\"selector\":{\"a\":\"b\"}}}";
        admin.post(services, service.formatted("one")).expect(201);
        admin.post(services, service.formatted("two")).expect(201);
        var nodePort = "{\"spec\":{\"type\":\"NodePort\"}}";
        admin.patch(services + "/one", "application/merge-patch+json", nodePort).expect(200);
        assertThat(admin.get(quotas("becomes") + "/ports").at("status", "used", "services.nodeports")).isEqualTo("1");
        assertThat(admin.patch(services + "/two", "application/merge-patch+json", nodePort).expect(403).at("message"))
                .isEqualTo("services \"two\" is forbidden: exceeded quota: ports, requested: services.nodeports=1,"
                        + " used: services.nodeports=1, limited: services.nodeports=1");
        admin.patch(services + "/one", "application/merge-patch+json", "{\"spec\":{\"type\":\"ClusterIP\",\"ports\":[{\"port\":80,\"nodePort\":null}]}}").expect(200);
        assertThat(admin.get(quotas("becomes") + "/ports").at("status", "used", "services.nodeports")).isEqualTo("0");
    }

    /// When all is counted anew too, as after each deletion and each change of the quota.
    @Test
    void objectsOfDefinedKindsAreCountedAgain() {
        namespace(admin, "defined");
        admin.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", """
                {"metadata":{"name":"coins.limits.example.com"},"spec":{"group":"limits.example.com","scope":"Namespaced",
                 "names":{"plural":"coins","singular":"coin","kind":"Coin"},"versions":[{"name":"v1","served":true,"storage":true,
                 "schema":{"openAPIV3Schema":{"type":"object"}}}]}}""").expect(201);
        var coins = "/apis/limits.example.com/v1/namespaces/defined/coins";
        var coin = "{\"apiVersion\":\"limits.example.com/v1\",\"kind\":\"Coin\",\"metadata\":{\"generateName\":\"c-\"}}";
        admin.post(coins, coin).expect(201);
        admin.post(quotas("defined"), quota("few", "{\"count/coins.limits.example.com\":\"2\"}", "")).expect(201);
        await().untilAsserted(() -> assertThat(admin.get(quotas("defined") + "/few").at("status", "used", "count/coins.limits.example.com")).isEqualTo("1"));
        var second = admin.post(coins, coin).expect(201).at("metadata", "name");
        admin.post(coins, coin).expect(403);
        admin.patch(quotas("defined") + "/few", "application/merge-patch+json", "{\"spec\":{\"hard\":{\"configmaps\":\"5\"}}}").expect(200);
        await().untilAsserted(() -> assertThat(admin.get(quotas("defined") + "/few").at("status", "used", "configmaps")).isEqualTo("1"));
        assertThat(admin.post(coins, coin).expect(403).at("message"))
                .endsWith("used: count/coins.limits.example.com=2, limited: count/coins.limits.example.com=2");
        admin.delete(coins + "/" + second).expect(200);
        await().untilAsserted(() -> assertThat(admin.get(quotas("defined") + "/few").at("status", "used", "count/coins.limits.example.com")).isEqualTo("1"));
        admin.post(coins, coin).expect(201);
    }
}
