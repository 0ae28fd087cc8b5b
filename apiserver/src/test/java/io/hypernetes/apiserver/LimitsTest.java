package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Operation;
import java.net.http.HttpClient;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/// What namespaces allow their pods and objects: quota, limit ranges, pod security, priority.
class LimitsTest extends ClusterTest {
    private static final String CLASSES = "/apis/scheduling.k8s.io/v1/priorityclasses";

    private static String quotas(String namespace) {
        return "/api/v1/namespaces/" + namespace + "/resourcequotas";
    }

    private static String quota(String name, String hard, String more) {
        return "{\"metadata\":{\"name\":\"" + name + "\"},\"spec\":{\"hard\":" + hard + more + "}}";
    }

    private static String pod(String name, String resources, String spec) {
        return "{\"metadata\":{\"name\":\"" + name + "\"},\"spec\":{" + spec + "\"containers\":[{\"name\":\"web\",\"image\":\"busybox:1\""
                + (resources.isEmpty() ? "" : ",\"resources\":" + resources) + "}]}}";
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

    private static String status(String container, String whole) {
        return "{\"status\":{\"phase\":\"Running\",\"allocatedResources\":" + whole + ",\"containerStatuses\":[{\"name\":\"web\",\"ready\":true,\"restartCount\":0,\"image\":\"i\",\"imageID\":\"\","
                + "\"allocatedResources\":{\"memory\":\"" + container + "\"},\"resources\":{\"requests\":{\"memory\":\"" + container + "\"}}}]}}";
    }

    private static String memory(String amount) {
        return "{\"spec\":{\"containers\":[{\"name\":\"web\",\"resources\":{\"requests\":{\"memory\":\"" + amount + "\"}}}]}}";
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

    @Test
    void limitRangesFillInAndRefuse() {
        namespace(admin, "ranges");
        admin.post("/api/v1/namespaces/ranges/limitranges", """
                {"metadata":{"name":"r"},"spec":{"limits":[{"type":"Container","default":{"cpu":"500m"},"defaultRequest":{"cpu":"100m"},
                 "min":{"cpu":"50m"},"max":{"cpu":"1"},"maxLimitRequestRatio":{"cpu":"10"}}]}}""").expect(201);
        var filled = admin.post(pods("ranges"), pod("filled", "", "")).expect(201).json();
        var resources = Json.objects(filled.path("spec"), "containers").getFirst().path("resources");
        assertThat(Json.string(resources, "limits", "cpu")).isEqualTo("500m");
        assertThat(Json.string(resources, "requests", "cpu")).isEqualTo("100m");
        assertThat(Json.string(filled, "status", "qosClass")).isEqualTo("Burstable");
        assertThat(Json.string(filled, "metadata", "annotations", "kubernetes.io/limit-ranger"))
                .isEqualTo("LimitRanger plugin set: cpu request for container web; cpu limit for container web");
        assertThat(admin.post(pods("ranges"), pod("small", "{\"requests\":{\"cpu\":\"10m\"}}", "")).expect(403).at("message"))
                .isEqualTo("pods \"small\" is forbidden: [minimum cpu usage per Container is 50m, but request is 10m,"
                        + " cpu max limit to request ratio per Container is 10, but provided ratio is 50.000000]");
        assertThat(admin.post(pods("ranges"), pod("large", "{\"limits\":{\"cpu\":\"2\"}}", "")).expect(403).at("message"))
                .contains("maximum cpu usage per Container is 1, but limit is 2");
    }

    /// `SupportsAttributes` and `unchangedRequest` of upstream's `plugin/pkg/admission/limitranger/admission.go`: what grows is judged, and what was stored may stay.
    @Test
    void limitRangesJudgeWhatGrows() {
        namespace(admin, "growing");
        var claims = "/api/v1/namespaces/growing/persistentvolumeclaims";
        admin.post(claims, "{\"metadata\":{\"name\":\"c\"},\"spec\":{\"accessModes\":[\"ReadWriteOnce\"],\"volumeName\":\"v\",\"storageClassName\":\"local\","
                + "\"resources\":{\"requests\":{\"storage\":\"1Gi\"}}}}").expect(201);
        admin.patch(claims + "/c/status", "application/merge-patch+json", "{\"status\":{\"phase\":\"Bound\"}}").expect(200);
        admin.post(pods("growing"), pod("p", "{\"limits\":{\"cpu\":\"500m\",\"memory\":\"1Gi\"}}", "")).expect(201);
        admin.post("/api/v1/namespaces/growing/limitranges", """
                {"metadata":{"name":"r"},"spec":{"limits":[{"type":"PersistentVolumeClaim","max":{"storage":"2Gi"}},
                 {"type":"Container","max":{"cpu":"1","memory":"512Mi"}},{"type":"Pod","max":{"cpu":"800m","memory":"512Mi"}}]}}""").expect(201);
        var grow = "{\"spec\":{\"resources\":{\"requests\":{\"storage\":\"%s\"}}}}";
        assertThat(admin.patch(claims + "/c", "application/merge-patch+json", grow.formatted("3Gi")).expect(403).at("message"))
                .isEqualTo("persistentvolumeclaims \"c\" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but limit is 3Gi");
        admin.patch(claims + "/c", "application/merge-patch+json", grow.formatted("2Gi")).expect(200);
        var resize = "{\"spec\":{\"containers\":[{\"name\":\"web\",\"resources\":{\"requests\":{\"cpu\":\"%1$s\"},\"limits\":{\"cpu\":\"%1$s\"}}}]}}";
        var strategic = "application/strategic-merge-patch+json";
        assertThat(admin.patch(pods("growing") + "/p/resize", strategic, resize.formatted("2")).expect(403).at("message"))
                .isEqualTo("pods \"p\" is forbidden: [maximum cpu usage per Container is 1, but limit is 2, maximum cpu usage per Pod is 800m, but limit is 2]");
        admin.patch(pods("growing") + "/p/resize", strategic, resize.formatted("700m")).expect(200);
    }

    @Test
    void podSecurityHoldsTheLevelOfTheNamespace() {
        admin.post("/api/v1/namespaces", """
                {"metadata":{"name":"secure","labels":{"pod-security.kubernetes.io/enforce":"restricted"}}}""").expect(201);
        assertThat(admin.post(pods("secure"), pod("plain", "", "")).expect(403).at("message"))
                .isEqualTo("pods \"plain\" is forbidden: violates PodSecurity \"restricted:latest\":"
                        + " allowPrivilegeEscalation != false (container \"web\" must set securityContext.allowPrivilegeEscalation=false),"
                        + " unrestricted capabilities (container \"web\" must set securityContext.capabilities.drop=[\"ALL\"]),"
                        + " runAsNonRoot != true (pod or container \"web\" must set securityContext.runAsNonRoot=true),"
                        + " seccompProfile (pod or container \"web\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")");
        admin.post(pods("secure"), """
                {"metadata":{"name":"good"},"spec":{"securityContext":{"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"}},
                 "containers":[{"name":"web","image":"busybox:1","securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}}]}}""")
                .expect(201);
        admin.post("/api/v1/namespaces", """
                {"metadata":{"name":"warned","labels":{"pod-security.kubernetes.io/enforce":"privileged","pod-security.kubernetes.io/warn":"baseline",
                 "pod-security.kubernetes.io/warn-version":"v1.30"}}}""").expect(201);
        var warned = admin.post(pods("warned"), pod("loud", "", "").replace("\"image\"", "\"securityContext\":{\"privileged\":true},\"image\"")).expect(201);
        assertThat(warned.http().headers().firstValue("Warning").orElse(""))
                .contains("would violate PodSecurity \\\"baseline:v1.30\\\": privileged (container \\\"web\\\" must not set securityContext.privileged=true)");
    }

    @Test
    void aPullSecretWithoutANameIsWarnedOf() {
        namespace(admin, "unnamed");
        var made = admin.post(pods("unnamed"), """
                {"metadata":{"name":"p"},"spec":{"imagePullSecrets":[{"name":"a"},{"name":""}],"containers":[{"name":"c","image":"i"}]}}""").expect(201);
        assertThat(made.http().headers().allValues("Warning")).singleElement().asString()
                .contains("spec.imagePullSecrets[1].name: invalid empty name");
    }

    @Test
    void aTemplateIsWarnedOfWhenItIsMadeAndWhenItChanges() {
        namespace(admin, "templates");
        var deployments = "/apis/apps/v1/namespaces/templates/deployments";
        var text = """
                {"metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{
                 "containers":[{"name":"c","image":"i","env":[{"name":"A","value":"1"},{"name":"A","value":"2"}]}]}}}}""";
        assertThat(admin.post(deployments, text).expect(201).http().headers().allValues("Warning")).singleElement().asString()
                .contains("spec.template.spec.containers[0].env[1]: hides previous definition of \\\"A\\\", which may be dropped when using apply");
        assertThat(admin.put(deployments + "/d", text).expect(200).http().headers().allValues("Warning")).isEmpty();
        assertThat(admin.put(deployments + "/d", text.replace("\"i\"", "\"j\"")).expect(200).http().headers().allValues("Warning"))
                .singleElement().asString().contains("spec.template.spec.containers[0].env[1]: hides previous definition");
    }

    @Test
    void whatTheKernelOfAMachineDoesNotHaveIsWarnedOf() {
        namespace(admin, "modules");
        var made = admin.post(pods("modules"), """
                {"metadata":{"name":"p"},"spec":{"securityContext":{"appArmorProfile":{"type":"RuntimeDefault"}},
                 "containers":[{"name":"c","image":"i","securityContext":{"seLinuxOptions":{"level":"s0:c1"}}}]}}""").expect(201);
        assertThat(made.http().headers().allValues("Warning")).satisfiesExactly(
                each -> assertThat(each).startsWith("299 - \"spec.securityContext.appArmorProfile: the kernel of a pod's machine has no AppArmor"),
                each -> assertThat(each).startsWith("299 - \"spec.containers[0].securityContext.seLinuxOptions: the kernel of a pod's machine has no SELinux"));
        var template = admin.post("/apis/batch/v1/namespaces/modules/cronjobs", """
                {"metadata":{"name":"c"},"spec":{"schedule":"0 0 1 1 *","jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never",
                 "containers":[{"name":"c","image":"i","securityContext":{"appArmorProfile":{"type":"RuntimeDefault"}}}]}}}}}}""").expect(201);
        assertThat(template.http().headers().firstValue("Warning").orElse("")).contains("spec.jobTemplate.spec.template.spec.containers[0].securityContext.appArmorProfile: ");
        assertThat(admin.post(pods("modules"), """
                {"metadata":{"name":"q"},"spec":{"securityContext":{"appArmorProfile":{"type":"Localhost","localhostProfile":"mine"}},"containers":[{"name":"c","image":"i"}]}}""")
                .expect(422).at("message")).contains("the kernel of a pod's machine has no AppArmor");
    }

    @Test
    void aStricterLevelTellsOfThePodsThatAreThere() {
        namespace(admin, "stricter");
        admin.post(pods("stricter"), pod("loud", "", "").replace("\"image\"", "\"securityContext\":{\"privileged\":true},\"image\"")).expect(201);
        var label = "{\"metadata\":{\"labels\":{\"pod-security.kubernetes.io/enforce\":\"%s\"}}}";
        var stricter = admin.patch("/api/v1/namespaces/stricter", "application/merge-patch+json", label.formatted("baseline")).expect(200);
        assertThat(stricter.http().headers().allValues("Warning")).containsExactly(
                "299 - \"existing pods in namespace \\\"stricter\\\" violate the new PodSecurity enforce level \\\"baseline:latest\\\"\"",
                "299 - \"loud: privileged\"");
        assertThat(admin.patch("/api/v1/namespaces/stricter", "application/merge-patch+json", label.formatted("strict")).expect(422).at("message"))
                .contains("metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"strict\": must be one of privileged, baseline, restricted");
    }

    @Test
    void aRuntimeClassSaysWhatItCostsAndWhereItRuns() {
        admin.post("/apis/node.k8s.io/v1/runtimeclasses", """
                {"metadata":{"name":"big"},"handler":"hypernetes","overhead":{"podFixed":{"memory":"120Mi","cpu":"250m"}},
                 "scheduling":{"nodeSelector":{"disk":"fast"},"tolerations":[{"key":"big","operator":"Exists"}]}}""").expect(201);
        var big = admin.post(pods("default"), pod("big", "", "\"runtimeClassName\":\"big\",")).expect(201).json();
        assertThat(big.path("spec").path("overhead").toString()).contains("\"memory\":\"120Mi\"", "\"cpu\":\"250m\"");
        assertThat(Json.string(big, "spec", "nodeSelector", "disk")).isEqualTo("fast");
        assertThat(big.path("spec").path("tolerations").toString()).contains("\"key\":\"big\"");
        assertThat(admin.post(pods("default"), pod("slow", "", "\"runtimeClassName\":\"big\",\"nodeSelector\":{\"disk\":\"slow\"},")).expect(403).at("message"))
                .contains("conflict: runtimeClass.scheduling.nodeSelector[disk] = fast; pod.spec.nodeSelector[disk] = slow");
        assertThat(admin.post(pods("default"), pod("lost", "", "\"runtimeClassName\":\"lost\",")).expect(403).at("message"))
                .isEqualTo("pods \"lost\" is forbidden: pod rejected: RuntimeClass \"lost\" not found");
    }

    /// As upstream's `plugin/pkg/admission/runtimeclass/admission.go`.
    @Test
    void aPodSaysNoCostOfItsOwn() {
        admin.post("/apis/node.k8s.io/v1/runtimeclasses", """
                {"metadata":{"name":"costly"},"handler":"hypernetes","overhead":{"podFixed":{"memory":"1Gi"}}}""").expect(201);
        var own = "\"overhead\":{\"memory\":\"%s\"},";
        assertThat(admin.post(pods("default"), pod("own", "", own.formatted("1Gi"))).expect(403).at("message"))
                .isEqualTo("pods \"own\" is forbidden: pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
        assertThat(admin.post(pods("default"), pod("own", "", "\"runtimeClassName\":\"costly\"," + own.formatted("2Gi"))).expect(403).at("message"))
                .isEqualTo("pods \"own\" is forbidden: pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
        admin.post(pods("default"), pod("own", "", "\"runtimeClassName\":\"costly\"," + own.formatted("1024Mi"))).expect(201);
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

    @Test
    void aRuntimeClassCountsAsLongAsItIsThere() {
        admin.post("/apis/node.k8s.io/v1/runtimeclasses", "{\"metadata\":{\"name\":\"free\"},\"handler\":\"hypernetes\"}").expect(201);
        var made = admin.post(pods("default"), pod("free", "", "\"runtimeClassName\":\"free\",")).expect(201).json();
        assertThat(Json.string(made, "spec", "runtimeClassName")).isEqualTo("free");
        assertThat(made.path("spec").path("overhead").isEmpty()).isTrue();
        admin.delete("/apis/node.k8s.io/v1/runtimeclasses/free").expect(200);
        await().untilAsserted(() -> assertThat(admin.post(pods("default") + "?dryRun=All", pod("late", "", "\"runtimeClassName\":\"free\",")).expect(403).at("message"))
                .isEqualTo("pods \"late\" is forbidden: pod rejected: RuntimeClass \"free\" not found"));
    }

    @Test
    void prioritiesComeFromClasses() {
        admin.get(CLASSES + "/system-node-critical").expect(200);
        admin.post(CLASSES, "{\"metadata\":{\"name\":\"high\"},\"value\":1000,\"preemptionPolicy\":\"Never\"}").expect(201);
        var high = admin.post(pods("default"), pod("high", "", "\"priorityClassName\":\"high\",")).expect(201).json();
        assertThat(Json.number(high, 0, "spec", "priority")).isEqualTo(1000);
        assertThat(Json.string(high, "spec", "preemptionPolicy")).isEqualTo("Never");
        var critical = admin.post(pods("default"), pod("critical", "", "\"priorityClassName\":\"system-cluster-critical\",")).expect(201).json();
        assertThat(Json.number(critical, 0, "spec", "priority")).isEqualTo(2_000_000_000);
        assertThat(Json.number(admin.post(pods("default"), pod("plain", "", "")).expect(201).json(), -1, "spec", "priority")).isZero();
        assertThat(admin.post(pods("default"), pod("none", "", "\"priorityClassName\":\"none\",")).expect(403).at("message"))
                .isEqualTo("pods \"none\" is forbidden: no PriorityClass with name none was found");
        admin.post(pods("default"), pod("claimed", "", "\"priority\":7,")).expect(403);
    }

    /// As upstream's plugin/pkg/admission/priority and pkg/registry/scheduling/priorityclass/storage.
    @Test
    void oneClassIsTheDefaultAndThoseOfTheSystemStay() {
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("ranked")).expect(201);
        var ranked = cluster.operator().in("ranked");
        var byDefault = "{\"metadata\":{\"name\":\"%s\"},\"value\":10,\"globalDefault\":%s}";
        ranked.post(CLASSES, byDefault.formatted("usual", true)).expect(201);
        assertThat(ranked.post(CLASSES, byDefault.formatted("other", true)).expect(403).at("message"))
                .isEqualTo("priorityclasses.scheduling.k8s.io \"other\" is forbidden: PriorityClass usual is already marked as default. Only one default can exist");
        ranked.post(CLASSES, byDefault.formatted("other", false)).expect(201);
        var merge = "application/merge-patch+json";
        ranked.patch(CLASSES + "/other", merge, "{\"globalDefault\":true}").expect(403);
        ranked.patch(CLASSES + "/usual", merge, "{\"description\":\"ours\"}").expect(200);
        ranked.patch(CLASSES + "/usual", merge, "{\"globalDefault\":false}").expect(200);
        ranked.patch(CLASSES + "/other", merge, "{\"globalDefault\":true}").expect(200);
        // Two may be stored from the time when nobody looked: each can still be written, also to end that.
        var usual = cluster.store.get("/ranked/scheduling.k8s.io/priorityclasses/_/usual").orElseThrow();
        var second = Json.readObject(usual.value()).put("globalDefault", true);
        cluster.store.commit(List.of(new Operation.Put(usual.key(), usual.revision(), StoredForm.encoder(second))));
        for (var name : List.of("usual", "other")) {
            ranked.patch(CLASSES + "/" + name, merge, "{\"description\":\"still ours\"}").expect(200);
        }
        ranked.patch(CLASSES + "/usual", merge, "{\"globalDefault\":false}").expect(200);
        assertThat(ranked.delete(CLASSES + "/system-node-critical").expect(403).at("message"))
                .isEqualTo("priorityclasses.scheduling.k8s.io \"system-node-critical\" is forbidden: this is a system priority class and cannot be deleted");
        ranked.delete(CLASSES + "/other").expect(200);
    }
}
