package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.configMap;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.identity.Authorities;
import io.hypernetes.identity.CertificateSpec;
import io.hypernetes.objects.Json;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AccessTest extends ClusterTest {
    private static final String CSRS = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
    private static final String CSR = """
            {"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"name":"%s"},
             "spec":{"request":"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlHTE1EOENBUUF3RERFS01BZ0dBMVVFQXd3QllUQXFNQVVHQXl0bGNBTWhBQlhPcEh4TWpPTGZVbTZld1dSYkRpcE5KUXhkTnlIaAovY0RCaE5rOUFTYkJvQUF3QlFZREsyVndBMEVBazJJbU9KamxzUDNFLzgvTVZUY2NCbmRxaEJBeVNiU0c1ZkEvL1NTUDNNeXgzQlh1CnBUR2k1RmxmNndaMDg3STRZMitXalBTRm9kRXd5Ymg5RDdqaEJnPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==",
                     "signerName":"kubernetes.io/kube-apiserver-client-kubelet","usages":["client auth"],"username":"forged"}}""";

    private Cluster.Client node;

    @BeforeAll
    void nodes() {
        for (var name : List.of("n1", "n2")) {
            admin.post("/api/v1/nodes", "{\"metadata\":{\"name\":\"" + name + "\"}}").expect(201);
        }
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("green")).expect(201);
        node = cluster.client("root", "system:node:n1", "system:nodes");
    }

    @Test
    void nobodySeesHealthAndVersionOnly() {
        var nobody = cluster.anonymous();
        for (var path : List.of("/livez", "/readyz", "/healthz")) {
            assertThat(nobody.get(path).expect(200).text()).isEqualTo("ok");
        }
        nobody.get("/version").expect(200);
        nobody.get("/api").expect(403);
        assertThat(nobody.get("/api/v1/nodes").expect(403).at("message"))
                .isEqualTo("nodes is forbidden: User \"system:anonymous\" cannot list resource \"nodes\" in API group \"\" at the"
                        + " cluster scope");
        assertThat(nobody.get("/tenants/green/api/v1/pods").expect(403).text())
                .isEqualTo(nobody.get("/tenants/none/api/v1/pods").expect(403).text());
        nobody.get("/tenants/green/version").expect(403);
    }

    @Test
    void eachCheckOfHealthHasAPathAndNothingElseHas() {
        for (var path : List.of("/livez/ping", "/readyz/ping", "/healthz/store", "/readyz/")) {
            assertThat(admin.get(path).expect(200).text()).isEqualTo("ok");
        }
        for (var path : List.of("/livez/foo", "/readyz/foo", "/healthz/ping/more", "/livezfoo", "/readyz/ping/")) {
            admin.get(path).expect(404);
        }
    }

    /// As upstream's `pkg/registry/authorization/util/helpers.go` and `pkg/apis/authorization/validation/validation.go`.
    @Test
    void reviewsTellWhatSelectorsWouldAllow() {
        var reviews = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
        var ask = "{\"spec\":{\"user\":\"system:node:n1\",\"groups\":[\"system:nodes\"],\"resourceAttributes\":{\"verb\":\"list\",\"resource\":\"pods\"%s}}}";
        var nodeName = ",\"fieldSelector\":{\"requirements\":[{\"key\":\"spec.nodeName\",\"operator\":\"In\",\"values\":[\"%s\"]}]}";
        var allowed = new String[] {"status", "allowed"};
        assertThat(Json.flag(admin.post(reviews, ask.formatted("")).expect(201).json(), allowed)).isFalse();
        assertThat(Json.flag(admin.post(reviews, ask.formatted(nodeName.formatted("n1"))).expect(201).json(), allowed)).isTrue();
        assertThat(Json.flag(admin.post(reviews, ask.formatted(nodeName.formatted("n2"))).expect(201).json(), allowed)).isFalse();
        assertThat(Json.flag(admin.post(reviews, ask.formatted(",\"fieldSelector\":{\"rawSelector\":\"spec.nodeName=n1\"}")).expect(201).json(), allowed)).isTrue();

        var odd = admin.post(reviews, ask.formatted("""
                ,"fieldSelector":{"requirements":[{"key":"spec.nodeName","operator":"In","values":["n1"]},{"key":"x","operator":"Like","values":["y"]}]},
                "labelSelector":{"rawSelector":"a in (b"}""")).expect(201);
        assertThat(Json.flag(odd.json(), allowed)).isTrue();
        assertThat(odd.at("status", "evaluationError")).isEqualTo("spec.resourceAttributes.fieldSelector partially ignored due to parse error; "
                + "spec.resourceAttributes.labelSelector ignored due to parse error");
        var wrong = admin.post(reviews, ask.formatted("""
                ,"fieldSelector":{"requirements":[{"operator":"In"}]},
                "labelSelector":{"requirements":[{"key":"a b","operator":"Exists","values":["c"]},{"key":"a","operator":"NotIn","values":["-"]}]}""")).expect(422);
        var at = "spec.resourceAttributes.";
        assertThat(Json.objects(wrong.json().path("details"), "causes")).extracting(cause -> Json.string(cause, "field")).containsExactly(
                at + "fieldSelector.requirements[0].key",
                at + "fieldSelector.requirements[0].values",
                at + "labelSelector.requirements[0].values",
                at + "labelSelector.requirements[0].key",
                at + "labelSelector.requirements[1].values[0]");
    }

    @Test
    void aCertificateOfAStrangerIsNotBelieved(@TempDir Path folder) {
        var foreign = Authorities.open(folder.resolve("pki"), Clock.systemUTC(), new SecureRandom());
        var certificate = foreign.root().issue(CertificateSpec.client("admin", List.of("system:masters"), Duration.ofHours(1)));
        var stranger = cluster.new Client(certificate, HttpClient.Version.HTTP_1_1);
        stranger.get("/api/v1/nodes").expect(401);
    }

    @Test
    void aBootstrapTokenMayAskForACertificateOfItsOwn() {
        var nobody = cluster.anonymous();
        admin.post("/api/v1/namespaces/kube-system/secrets", """
                {"metadata":{"name":"bootstrap-token-abcdef"},"type":"bootstrap.kubernetes.io/token",
                 "stringData":{"token-id":"abcdef","token-secret":"0123456789abcdef","usage-bootstrap-authentication":"true"}}""")
                .expect(201);
        var wrong = nobody.send(nobody.request(CSRS + "/x").header("Authorization", "Bearer abcdef.0123456789abcdee").GET().build());
        wrong.expect(401);
        var made = nobody.send(nobody.request(CSRS)
                        .header("Authorization", "Bearer abcdef.0123456789abcdef")
                        .POST(java.net.http.HttpRequest.BodyPublishers.ofString(CSR.formatted("join")))
                        .build())
                .expect(201);
        assertThat(made.at("spec", "username")).isEqualTo("system:bootstrap:abcdef");
        admin.post(CSRS, CSR.formatted("other")).expect(201);
        var own = nobody.send(nobody.request(CSRS + "/join").header("Authorization", "Bearer abcdef.0123456789abcdef").GET().build());
        own.expect(200);
        nobody.send(nobody.request(CSRS + "/other").header("Authorization", "Bearer abcdef.0123456789abcdef").GET().build())
                .expect(404);
        nobody.send(nobody.request("/api/v1/nodes").header("Authorization", "Bearer abcdef.0123456789abcdef").GET().build())
                .expect(403);
        assertThat(node.get(CSRS + "/join").code()).isEqualTo(404);
        admin.put(CSRS + "/join/approval", approved(made.text())).expect(200);
    }

    @ParameterizedTest
    @CsvSource({
        "aaaaa1, 2000-01-01T00:00:00Z, 401",
        "aaaaa2, 2999-01-01T00:00:00Z, 201",
        "aaaaa3, soon, 401",
        "aaaaa4, 2999-01-01, 401",
        "aaaaa5, '', 201",
    })
    void aBootstrapTokenEndsWhenItSays(String id, String expiration, int code) {
        admin.post("/api/v1/namespaces/kube-system/secrets", """
                {"metadata":{"name":"bootstrap-token-%1$s"},"type":"bootstrap.kubernetes.io/token",
                 "stringData":{"token-id":"%1$s","token-secret":"0123456789abcdef","usage-bootstrap-authentication":"true","expiration":"%2$s"}}"""
                        .formatted(id, expiration))
                .expect(201);
        var nobody = cluster.anonymous();
        nobody.send(nobody.request(CSRS)
                        .header("Authorization", "Bearer " + id + ".0123456789abcdef")
                        .POST(java.net.http.HttpRequest.BodyPublishers.ofString(CSR.formatted("join-" + id)))
                        .build())
                .expect(code);
        // It ends for whoever has begun, too.
        admin.patch("/api/v1/namespaces/kube-system/secrets/bootstrap-token-" + id, "application/merge-patch+json",
                        "{\"stringData\":{\"expiration\":\"2000-01-01T00:00:00Z\"}}")
                .expect(200);
        nobody.send(nobody.request(CSRS + "/join-" + id).header("Authorization", "Bearer " + id + ".0123456789abcdef").GET().build())
                .expect(401);
    }

    private static String approved(String request) {
        var json = io.hypernetes.objects.Json.readObject(request);
        var condition = json.putObject("status").putArray("conditions").addObject();
        condition.put("type", "Approved").put("status", "True").put("reason", "test").put("message", "");
        return io.hypernetes.objects.Json.print(json);
    }

    @Test
    void aNodeReadsNodesAndChangesItselfOnly() {
        node.get("/api/v1/nodes").expect(200);
        node.get("/api/v1/nodes/n2").expect(200);
        node.get("/tenants/green/api/v1/nodes").expect(403);
        node.patch("/api/v1/nodes/n2/status", "application/merge-patch+json", "{\"status\":{}}").expect(403);
        node.patch("/api/v1/nodes/n2", "application/merge-patch+json", "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}").expect(403);
        node.delete("/api/v1/nodes/n1").expect(403);
        node.post("/api/v1/nodes", "{\"metadata\":{\"name\":\"n9\"}}").expect(403);
        node.patch("/api/v1/nodes/n1/status", "application/merge-patch+json", "{\"status\":{\"phase\":\"Running\"}}").expect(200);
        var lease = "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"holderIdentity\":\"n1\",\"leaseDurationSeconds\":40}}";
        node.post("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases", lease.formatted("n1")).expect(201);
        node.post("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases", lease.formatted("n2")).expect(403);
        node.get("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n2").expect(403);
    }

    @Test
    void aNodeReadsItsVolumesAndLetsGoOfThoseThatAreDeleted() {
        var green = cluster.client("green", "gina", "system:masters");
        var volumes = "/api/v1/persistentvolumes";
        var claims = "/api/v1/namespaces/default/persistentvolumeclaims";
        var volume = "{\"metadata\":{\"name\":\"%1$s\",\"finalizers\":[\"hypernetes.io/local-disk\"]},\"spec\":{\"accessModes\":[\"ReadWriteOnce\"],"
                + "\"capacity\":{\"storage\":\"1Gi\"},\"csi\":{\"driver\":\"local.hypernetes.io\",\"volumeHandle\":\"%1$s\",\"volumeAttributes\":{\"node\":\"%2$s\"}}}}";
        assertThat(green.post(volumes, volume.formatted("near", "n1")).expect(201).json().path("metadata").path("finalizers").toString())
                .contains("kubernetes.io/pv-protection");
        green.post(volumes, volume.formatted("far", "n2")).expect(201);
        var claim = "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"accessModes\":[\"ReadWriteOnce\"],\"resources\":{\"requests\":{\"storage\":\"1Gi\"}}}}";
        var made = green.post(claims, claim.formatted("mine")).expect(201);
        // The operator's class is everybody's default, and what is made is protected.
        assertThat(made.at("spec", "storageClassName")).isEqualTo("local");
        assertThat(made.json().path("metadata").path("finalizers").toString()).contains("kubernetes.io/pvc-protection");
        green.post(claims, claim.formatted("theirs")).expect(201);
        for (var name : List.of("mine", "theirs")) {
            green.post(pods("default"), Cluster.pod("uses-" + name).replace(
                            "\"spec\":{", "\"spec\":{\"volumes\":[{\"name\":\"v\",\"persistentVolumeClaim\":{\"claimName\":\"" + name + "\"}}],"))
                    .expect(201);
        }
        var scheduler = cluster.client("root", "system:kube-scheduler");
        bind(scheduler, "uses-mine", "n1").expect(201);
        bind(scheduler, "uses-theirs", "n2").expect(201);

        node.get("/tenants/green" + claims + "/mine").expect(200);
        node.get("/tenants/green" + claims + "/theirs").expect(403);
        node.get("/tenants/green" + claims).expect(403);
        // How large its disk is it may tell, and nothing else.
        var status = "/tenants/green" + claims + "/mine/status";
        var merge = "application/merge-patch+json";
        assertThat(node.patch(status, merge, "{\"status\":{\"capacity\":{\"storage\":\"1Gi\"},\"conditions\":[]}}").expect(200).at("status", "capacity", "storage")).isEqualTo("1Gi");
        node.patch(status, merge, "{\"status\":{\"phase\":\"Lost\"}}").expect(403);
        node.patch(status, merge, "{\"metadata\":{\"annotations\":{\"volume.kubernetes.io/selected-node\":\"n2\"}}}").expect(403);
        node.patch("/tenants/green" + claims + "/theirs/status", merge, "{\"status\":{\"capacity\":{\"storage\":\"1Gi\"}}}").expect(403);
        node.patch("/tenants/green" + claims + "/mine", merge, "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}").expect(403);
        var told = "{\"metadata\":{\"generateName\":\"e\"},\"reason\":\"r\",\"type\":\"Normal\",\"involvedObject\":{\"kind\":\"PersistentVolumeClaim\",\"namespace\":\"default\",\"name\":\"%s\"}}";
        node.post("/tenants/green/api/v1/namespaces/default/events", told.formatted("mine")).expect(201);
        node.post("/tenants/green/api/v1/namespaces/default/events", told.formatted("theirs")).expect(403);
        var selected = "?fieldSelector=spec.csi.volumeAttributes.node%3D";
        assertThat(ObjectsTest.names(node.get("/tenants/*" + volumes + selected + "n1").expect(200).json())).containsExactly("near");
        node.get("/tenants/*" + volumes + selected + "n2").expect(403);
        node.get("/tenants/*" + volumes).expect(403);
        var near = node.get("/tenants/green" + volumes + "/near").expect(200);
        node.get("/tenants/green" + volumes + "/far").expect(403);
        node.put("/tenants/green" + volumes + "/near", near.text()).expect(403);
        node.delete("/tenants/green" + volumes + "/near").expect(403);
        green.delete(volumes + "/near").expect(200);
        var going = Json.readObject(node.get("/tenants/green" + volumes + "/near").expect(200).text());
        Json.child(going, "metadata").putArray("finalizers");
        node.put("/tenants/green" + volumes + "/near", Json.print(going)).expect(200);
        green.get(volumes + "/near").expect(404);
        green.delete(pods("default") + "/uses-mine?gracePeriodSeconds=0").expect(200);
    }

    @Test
    void onlyClaimsWhoseClassAllowsItGrow() {
        var classes = "/apis/storage.k8s.io/v1/storageclasses";
        var claims = "/api/v1/namespaces/default/persistentvolumeclaims";
        admin.post(classes, "{\"metadata\":{\"name\":\"rigid\"},\"provisioner\":\"example.com/x\"}").expect(201);
        for (var name : List.of("rigid", "local")) {
            admin.post(claims, "{\"metadata\":{\"name\":\"of-" + name + "\"},\"spec\":{\"accessModes\":[\"ReadWriteOnce\"],\"volumeName\":\"v\","
                    + "\"storageClassName\":\"" + name + "\",\"resources\":{\"requests\":{\"storage\":\"1Gi\"}}}}").expect(201);
            admin.patch(claims + "/of-" + name + "/status", "application/merge-patch+json", "{\"status\":{\"phase\":\"Bound\"}}").expect(200);
        }
        var more = "{\"spec\":{\"resources\":{\"requests\":{\"storage\":\"2Gi\"}}}}";
        assertThat(admin.patch(claims + "/of-rigid", "application/merge-patch+json", more).expect(403).at("message"))
                .isEqualTo("persistentvolumeclaims \"of-rigid\" is forbidden: only dynamically provisioned pvc can be resized and the storageclass"
                        + " that provisions the pvc must support resize");
        admin.patch(claims + "/of-local", "application/merge-patch+json", more).expect(200);
    }

    @Test
    void aNodeReadsItsPodsAndWhatTheyName() {
        var green = cluster.client("green", "gina", "system:masters");
        green.post(configMaps("default"), configMap("named", "1")).expect(201);
        green.post(configMaps("default"), configMap("private", "1")).expect(201);
        green.post(pods("default"), Cluster.pod("mine").replace(
                "\"spec\":{", "\"spec\":{\"volumes\":[{\"name\":\"v\",\"configMap\":{\"name\":\"named\"}}],"))
                .expect(201);
        green.post(pods("default"), Cluster.pod("theirs")).expect(201);
        var scheduler = cluster.client("root", "system:kube-scheduler");
        bind(scheduler, "mine", "n1").expect(201);
        bind(scheduler, "theirs", "n2").expect(201);
        assertThat(ObjectsTest.names(node.get("/tenants/*/api/v1/pods?fieldSelector=spec.nodeName%3Dn1").expect(200).json()))
                .containsExactly("mine");
        node.get("/tenants/*/api/v1/pods").expect(403);
        node.get("/tenants/*/api/v1/pods?fieldSelector=spec.nodeName%3Dn2").expect(403);
        node.get("/tenants/green" + pods("default") + "/mine").expect(200);
        node.get("/tenants/green" + pods("default") + "/theirs").expect(403);
        node.get("/tenants/green" + configMaps("default") + "/named").expect(200);
        node.get("/tenants/green" + configMaps("default") + "/private").expect(403);
        node.get("/tenants/green" + configMaps("default")).expect(403);
        node.get("/tenants/green" + configMaps("default") + "?fieldSelector=metadata.name%3Dnamed").expect(200);
        node.get("/tenants/green/api/v1/namespaces/default/secrets/named").expect(403);
        node.patch("/tenants/green" + pods("default") + "/mine/status", "application/merge-patch+json",
                        "{\"status\":{\"phase\":\"Running\"}}")
                .expect(200);
        node.patch("/tenants/green" + pods("default") + "/theirs/status", "application/merge-patch+json",
                        "{\"status\":{\"phase\":\"Running\"}}")
                .expect(403);
        var event = "{\"metadata\":{\"generateName\":\"e-\"},\"involvedObject\":{\"kind\":\"Pod\",\"namespace\":\"default\","
                + "\"name\":\"%s\"},\"reason\":\"Test\",\"type\":\"Normal\"}";
        node.post("/tenants/green/api/v1/namespaces/default/events", event.formatted("mine")).expect(201);
        node.post("/tenants/green/api/v1/namespaces/default/events", event.formatted("theirs")).expect(403);
        node.delete("/tenants/green" + pods("default") + "/theirs", "{\"gracePeriodSeconds\":0}").expect(403);
        node.delete("/tenants/green" + pods("default") + "/mine", "{\"gracePeriodSeconds\":0}").expect(200);
        green.get(pods("default") + "/mine").expect(404);
    }

    private static Cluster.Reply bind(Cluster.Client scheduler, String pod, String node) {
        return scheduler.post(
                "/tenants/green" + pods("default") + "/" + pod + "/binding",
                "{\"apiVersion\":\"v1\",\"kind\":\"Binding\",\"metadata\":{\"name\":\"" + pod
                        + "\"},\"target\":{\"kind\":\"Node\",\"name\":\"" + node + "\"}}");
    }

    /// As upstream: its spec may say anything.
    @Test
    void aPodMayHaveAnyGrace() {
        for (var grace : java.util.List.of("-5", "9223372036854775807")) {
            admin.post(pods("default"), "{\"metadata\":{\"name\":\"any\"},\"spec\":{\"terminationGracePeriodSeconds\":" + grace
                    + ",\"nodeName\":\"n1\",\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}").expect(201);
            var marked = admin.delete(pods("default") + "/any").expect(200).json();
            assertThat(io.hypernetes.objects.Json.number(marked, -1, "metadata", "deletionGracePeriodSeconds")).isEqualTo(grace.equals("-5") ? 1 : Long.MAX_VALUE);
            assertThat(java.time.Instant.parse(io.hypernetes.objects.Json.string(marked, "metadata", "deletionTimestamp"))).isBefore("2400-01-01T00:00:00Z");
            admin.delete(pods("default") + "/any?gracePeriodSeconds=0").expect(200);
            admin.get(pods("default") + "/any").expect(404);
        }
    }

    @Test
    void aPodOnANodeEndsInGoodOrder() {
        admin.post(pods("default"), Cluster.pod("graceful")).expect(201);
        admin.post(
                        pods("default") + "/graceful/binding",
                        "{\"metadata\":{\"name\":\"graceful\"},\"target\":{\"kind\":\"Node\",\"name\":\"n1\"}}")
                .expect(201);
        admin.post(
                        "/api/v1/namespaces/default/bindings",
                        "{\"metadata\":{\"name\":\"graceful\"},\"target\":{\"kind\":\"Node\",\"name\":\"n2\"}}")
                .expect(409);
        var marked = admin.delete(pods("default") + "/graceful").expect(200).json();
        assertThat(io.hypernetes.objects.Json.number(marked, -1, "metadata", "deletionGracePeriodSeconds")).isEqualTo(30);
        var shorter = admin.delete(pods("default") + "/graceful?gracePeriodSeconds=5").expect(200).json();
        assertThat(io.hypernetes.objects.Json.number(shorter, -1, "metadata", "deletionGracePeriodSeconds")).isEqualTo(5);
        node.delete(pods("default") + "/graceful", "{\"gracePeriodSeconds\":0}").expect(200);
        admin.get(pods("default") + "/graceful").expect(404);
        admin.post(pods("default"), Cluster.pod("unbound")).expect(201);
        admin.post(
                        pods("default") + "/unbound/eviction",
                        "{\"apiVersion\":\"policy/v1\",\"kind\":\"Eviction\",\"metadata\":{\"name\":\"unbound\"}}")
                .expect(201);
        admin.get(pods("default") + "/unbound").expect(404);
    }

    @Test
    void whoDidWhatIsToldToItsTenantAndToTheOperator() {
        var green = cluster.client("green", "audrey", "system:masters");
        green.post("/api/v1/namespaces/default/secrets?token=query-secret",
                        "{\"metadata\":{\"name\":\"hidden\"},\"stringData\":{\"k\":\"body-secret\"}}")
                .expect(201);
        cluster.client("green", "mallory").get("/api/v1/secrets").expect(403);
        cluster.anonymous().send(cluster.anonymous().request("/api").header("Authorization", "Bearer header-secret").GET().build()).expect(401);
        admin.post(configMaps("default"), configMap("audited", "1")).expect(201);
        org.awaitility.Awaitility.await().untilAsserted(() -> {
            var own = green.get("/audit?limit=10000").expect(200).text();
            assertThat(own)
                    .containsPattern("\"verb\":\"create\",\"user\":\\{\"username\":\"audrey\".*\"objectRef\":\\{\"resource\":\"secrets\",\"namespace\":\"default\",\"name\":\"hidden\"")
                    .contains("\"username\":\"mallory\"")
                    .doesNotContain("\"hypernetes.io/tenant\":\"root\"", "-secret");
            assertThat(admin.get("/audit?limit=10000").expect(200).text())
                    .contains("\"hypernetes.io/tenant\":\"green\"", "\"hypernetes.io/tenant\":\"root\"")
                    .contains("\"code\":401")
                    .doesNotContain("-secret");
            assertThat(green.get("/audit?user=mallory").expect(200).text()).contains("\"code\":403").doesNotContain("audrey");
        });
        cluster.client("green", "mallory").get("/audit").expect(403);
        green.get("/audit?limit=0").expect(400);
        cluster.client("blue", "bert", "system:masters").get("/tenants/green/audit").expect(404);
    }
}
