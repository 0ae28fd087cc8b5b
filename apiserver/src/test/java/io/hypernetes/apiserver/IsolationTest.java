package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.configMap;
import static io.hypernetes.apiserver.Cluster.tenant;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Operation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class IsolationTest extends ClusterTest {
    private Cluster.Client red;
    private Cluster.Client blue;

    @BeforeAll
    void tenants() {
        admin.post("/apis/hypernetes.io/v1/tenants", tenant("red")).expect(201);
        admin.post("/apis/hypernetes.io/v1/tenants", tenant("blue")).expect(201);
        red = cluster.client("red", "alice", "system:masters");
        blue = cluster.client("blue", "bob", "system:masters");
    }

    @Test
    void equalNamesNeverMeet() throws Exception {
        var redRevision = red.get(configMaps("default")).at("metadata", "resourceVersion");
        try (var redWatch = red.watch("/api/v1/configmaps?watch=1&resourceVersion=" + redRevision);
                var blueWatch = blue.watch("/tenants/blue/api/v1/configmaps?watch=1&fieldSelector=metadata.name%3Dweb")) {
            red.post(configMaps("default"), configMap("web", "red")).expect(201);
            assertThat(blueWatch.quietFor(300)).isTrue();
            blue.post(configMaps("default"), configMap("web", "blue")).expect(201);
            assertThat(Json.string(redWatch.next(), "object", "data", "k")).isEqualTo("red");
            assertThat(Json.string(blueWatch.next(), "object", "data", "k")).isEqualTo("blue");
            assertThat(redWatch.quietFor(300)).isTrue();
        }
        assertThat(red.get(configMaps("default") + "/web").at("data", "k")).isEqualTo("red");
        assertThat(ObjectsTest.names(blue.get("/api/v1/configmaps").json())).containsExactly("web");
        blue.delete(configMaps("default") + "/web").expect(200);
        red.get(configMaps("default") + "/web").expect(200);
        assertThat(admin.get(configMaps("default") + "/web").code()).isEqualTo(404);
    }

    @Test
    void anotherTenantLooksLikeNoneAtAll() {
        for (var path : new String[] {"/api/v1/namespaces", "/api", "/version", "/api/v1/namespaces/default/configmaps/x", ""}) {
            var other = red.get("/tenants/blue" + path).expect(404).text();
            var none = red.get("/tenants/none" + path).expect(404).text();
            assertThat(other.replace("blue", "none")).isEqualTo(none);
        }
        red.post("/tenants/blue" + configMaps("default"), configMap("x", "1")).expect(404);
        red.get("/tenants/*/api/v1/pods").expect(404);
        red.get("/tenants/root/api/v1/pods").expect(404);
        red.get("/tenants/red/api/v1/pods").expect(200);
    }

    @Test
    void pagesAcrossTenantsMissNoneWhoseNameBeginsWithAnothers() {
        for (var name : new String[] {"page", "page-b"}) {
            admin.post("/apis/hypernetes.io/v1/tenants", tenant(name)).expect(201);
            admin.post("/tenants/" + name + configMaps("default"), configMap("paged", name)).expect(201);
        }
        var seen = new ArrayList<String>();
        var more = "";
        do {
            var page = admin.get("/tenants/*/api/v1/configmaps?fieldSelector=metadata.name%3Dpaged&limit=1" + more).expect(200);
            for (var item : page.json().path("items")) {
                seen.add(item.path("data").path("k").stringValue());
            }
            var token = page.json().path("metadata").path("continue").asString("");
            more = token.isEmpty() ? "" : "&continue=" + token;
        } while (!more.isEmpty());
        assertThat(seen).containsExactlyInAnyOrder("page", "page-b");
    }

    @Test
    void credentialsThatOutliveTheirTenantReachNothing() {
        admin.post("/apis/hypernetes.io/v1/tenants", tenant("outlived")).expect(201);
        var carol = cluster.client("outlived", "carol", "system:masters");
        carol.get("/api/v1/namespaces").expect(200);
        // As after a crash between the commit that removes a tenant and the end of its authority.
        var key = new ObjectKey("root", "hypernetes.io", "tenants", "", "outlived").text();
        cluster.store.commit(List.of(Operation.delete(key)));
        carol.get("/api/v1/namespaces").expect(404);
        carol.get("/tenants/outlived/api/v1/namespaces").expect(404);
    }

    @Test
    void aTenantHasNothingOfThePhysicalCluster() {
        for (var path : new String[] {"/apis/hypernetes.io/v1/tenants"}) {
            assertThat(red.get(path).expect(404).at("message")).isEqualTo("the server could not find the requested resource");
        }
        assertThat(red.get("/apis").text()).doesNotContain("hypernetes.io");
        red.get("/metrics").expect(404);
    }

    @Test
    void whatEveryTenantHasIsShownOnceAcrossTenants() {
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("common")).expect(201);
        var roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
        var across = "/tenants/*" + roles + "?fieldSelector=metadata.name%3Dsystem:discovery";
        assertThat(ObjectsTest.names(admin.get(across).expect(200).json())).hasSize(1);
        var common = cluster.client("common", "alice", "system:masters");
        common.patch(roles + "/system:discovery", "application/merge-patch+json", "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}").expect(200);
        assertThat(ObjectsTest.names(admin.get(across).expect(200).json())).hasSize(2);
        assertThat(admin.get(across).text()).contains("\"hypernetes.io/tenant\":\"common\"");
        common.delete(roles + "/system:discovery").expect(200);
        assertThat(ObjectsTest.names(admin.get(across).expect(200).json())).hasSize(1);
        assertThat(ObjectsTest.names(admin.get(across + "&limit=1").expect(200).json())).hasSize(1);
    }

    @Test
    void aTenantSeesTheOperatorsClassesAndChangesNone() throws Exception {
        var storage = "/apis/storage.k8s.io/v1/storageclasses";
        var runtime = "/apis/node.k8s.io/v1/runtimeclasses";
        try (var watch = red.watch(storage + "?watch=1&labelSelector=tier%3Done")) {
            admin.post(storage, """
                    {"metadata":{"name":"fast","labels":{"tier":"one"},"annotations":{"storageclass.kubernetes.io/is-default-class":"true","note":"hidden-mark"}},
                     "provisioner":"example.com/disks","parameters":{"pool":"hidden-mark"},"mountOptions":["hidden-mark"]}""").expect(201);
            var event = watch.next();
            assertThat(Json.string(event, "type")).isEqualTo("ADDED");
            assertThat(Json.print(event)).contains("example.com/disks").doesNotContain("hidden-mark", "managedFields");
        }
        admin.post(runtime, "{\"metadata\":{\"name\":\"roomy\",\"annotations\":{\"note\":\"hidden-mark\"}},\"handler\":\"hypernetes\",\"overhead\":{\"podFixed\":{\"memory\":\"512Mi\"}}}").expect(201);
        assertThat(red.get(storage + "/fast").expect(200).text()).contains("\"reclaimPolicy\":\"Delete\"", "is-default-class").doesNotContain("hidden-mark");
        assertThat(red.get(storage + "?labelSelector=tier%3Done").expect(200).text()).contains("fast").doesNotContain("hidden-mark");
        assertThat(red.get(storage, "application/json;as=Table;v=v1;g=meta.k8s.io").expect(200).text()).contains("fast (default)").doesNotContain("hidden-mark");
        assertThat(red.get(runtime + "/roomy").expect(200).text()).contains("512Mi").doesNotContain("hidden-mark");
        assertThat(red.post(storage, "{\"metadata\":{\"name\":\"own\"},\"provisioner\":\"example.com/own\"}").expect(403).at("message"))
                .isEqualTo("storageclasses.storage.k8s.io is forbidden: storageclasses are the operator's: a tenant sees what its pods may ask of them, and cannot make, change or delete them");
        assertThat(red.delete(runtime + "/roomy").expect(403).at("message")).startsWith("runtimeclasses.node.k8s.io \"roomy\" is forbidden: runtimeclasses are the operator's");
        red.patch(storage + "/fast", "application/merge-patch+json", "{\"allowVolumeExpansion\":true}").expect(403);
        red.put(storage + "/fast", red.get(storage + "/fast").text()).expect(403);
        red.delete(storage).expect(403);
        // Neither can whoever may nothing tell the two refusals apart from others.
        assertThat(cluster.client("red", "nobody-there", "dev").post(storage, "{\"metadata\":{\"name\":\"own\"}}").expect(403).text()).doesNotContain("operator's");
        // A pod of the tenant may ask for them.
        var pod = red.post(pods("default"), Cluster.pod("roomy").replace("\"containers\"", "\"runtimeClassName\":\"roomy\",\"containers\"")).expect(201);
        assertThat(pod.at("spec", "overhead", "memory")).isEqualTo("512Mi");
        red.delete(pods("default") + "/roomy").expect(200);
        assertThat(admin.get(storage + "/fast").expect(200).text()).contains("hidden-mark");
    }

    @Test
    void aTenantSeesOfNodesWhatItsPodsMayAsk() throws Exception {
        try (var watch = red.watch("/api/v1/nodes?watch=1&fieldSelector=metadata.name=shared")) {
            admin.post(
                            "/api/v1/nodes",
                            """
                            {"metadata":{"name":"shared","labels":{"zone":"a"},"annotations":{"secret":"1"}},
                             "status":{"capacity":{"cpu":"4"},"addresses":[{"type":"InternalIP","address":"192.0.2.7"}],
                             "images":[{"names":["other/tenant:1"]}],"nodeInfo":{"architecture":"amd64","bootID":"b","machineID":"m"},
                             "conditions":[{"type":"Ready","status":"True"}]}}""")
                    .expect(201);
            var event = watch.next();
            assertThat(Json.string(event, "type")).isEqualTo("ADDED");
            assertThat(Json.print(event)).contains("\"cpu\":\"4\"").doesNotContain("192.0.2.7", "other/tenant", "secret", "machineID");
        }
        var seen = red.get("/api/v1/nodes/shared").expect(200);
        assertThat(seen.at("metadata", "labels", "zone")).isEqualTo("a");
        assertThat(seen.text()).contains("Ready").doesNotContain("192.0.2.7", "other/tenant", "secret", "machineID");
        assertThat(red.get("/api/v1/nodes?labelSelector=zone=a").expect(200).text()).contains("amd64").doesNotContain("192.0.2.7", "bootID");
        assertThat(red.get("/api/v1/nodes", "application/json;as=Table;v=v1;g=meta.k8s.io").expect(200).text()).doesNotContain("192.0.2.7");
        red.delete("/api/v1/nodes/shared").expect(403);
        red.delete("/api/v1/nodes").expect(403);
        red.post("/api/v1/nodes", "{\"metadata\":{\"name\":\"own\"}}").expect(403);
        assertThat(red.patch("/api/v1/nodes/shared", "application/merge-patch+json", "{\"spec\":{\"unschedulable\":true}}").expect(403).at("message"))
                .isEqualTo("nodes \"shared\" is forbidden: nodes are the operator's: a tenant sees what its pods may ask of them, and cannot change, cordon or drain them");
        red.get("/api/v1/nodes/shared/status").expect(404);
        assertThat(red.get("/api/v1").expect(200).text()).contains("\"nodes\"").doesNotContain("nodes/status");
        assertThat(admin.get("/api/v1/nodes/shared").expect(200).text()).contains("192.0.2.7");
    }

    @Test
    void aTenantCannotChooseNodes() {
        red.post(pods("default"), Cluster.pod("sneaky").replace("\"spec\":{", "\"spec\":{\"nodeName\":\"n1\",")).expect(403);
        // Controllers make what the templates of the tenant say.
        cluster.client("root", "system:kube-controller-manager").in("red")
                .post(pods("default"), Cluster.pod("templated").replace("\"spec\":{", "\"spec\":{\"nodeName\":\"n1\",")).expect(403);
        red.post(pods("default"), Cluster.pod("plain")).expect(201);
        red.post(
                        pods("default") + "/plain/binding",
                        "{\"apiVersion\":\"v1\",\"kind\":\"Binding\",\"metadata\":{\"name\":\"plain\"},\"target\":{\"name\":\"n1\"}}")
                .expect(403);
    }

    @Test
    void aUserWithoutAGroupMayNothing() {
        var guest = cluster.client("red", "guest", "dev");
        assertThat(guest.get(pods("default")).expect(403).at("message"))
                .isEqualTo("pods is forbidden: User \"guest\" cannot list resource \"pods\" in API group \"\" in the namespace"
                        + " \"default\"");
    }

    @Test
    void aTenantComesWithNamespacesAndGoesWithEverything() {
        admin.post("/apis/hypernetes.io/v1/tenants", tenant("brief")).expect(201);
        var brief = cluster.client("brief", "carol", "system:masters");
        assertThat(ObjectsTest.names(brief.get("/api/v1/namespaces").json()))
                .containsExactly("default", "kube-node-lease", "kube-public", "kube-system");
        brief.post(configMaps("default"), configMap("left", "1")).expect(201);
        var marked = admin.delete("/apis/hypernetes.io/v1/tenants/brief").expect(200);
        assertThat(marked.at("metadata", "deletionTimestamp")).isNotEmpty();
        brief.post("/api/v1/namespaces", "{\"metadata\":{\"name\":\"late\"}}").expect(403);
        admin.patch(
                        "/apis/hypernetes.io/v1/tenants/brief",
                        "application/merge-patch+json",
                        "{\"metadata\":{\"finalizers\":null}}")
                .expect(200);
        admin.get("/tenants/brief/api/v1/namespaces").expect(404);
        brief.get("/api/v1/namespaces").expect(401);
        assertThat(cluster.store.list("/brief/", "", 0).entries()).isEmpty();
        // The next of that name has nothing of the first.
        admin.post("/apis/hypernetes.io/v1/tenants", tenant("brief")).expect(201);
        assertThat(ObjectsTest.names(admin.get("/tenants/brief/api/v1/configmaps").json())).isEmpty();
        brief.get("/api/v1/namespaces").expect(401);
    }

    @Test
    void ofADestroyedTenantNoFileHasAnythingAndItsKeyIsGone() throws Exception {
        var secret = "do-not-find-me-" + System.nanoTime();
        admin.post("/apis/hypernetes.io/v1/tenants", tenant("sealed")).expect(201);
        var key = cluster.folder.resolve("keys/sealed.key");
        assertThat(key).exists();
        for (int n = 0; n < 50; n++) {
            admin.post("/tenants/sealed" + configMaps("default"), configMap("c" + n, secret)).expect(201);
        }
        var wrapped = Files.readAllBytes(key);
        assertThat(filesWith(secret.getBytes(StandardCharsets.UTF_8))).isEmpty();
        admin.delete("/apis/hypernetes.io/v1/tenants/sealed").expect(200);
        admin.patch("/apis/hypernetes.io/v1/tenants/sealed", "application/merge-patch+json", "{\"metadata\":{\"finalizers\":null}}").expect(200);
        assertThat(key).doesNotExist();
        assertThat(filesWith(secret.getBytes(StandardCharsets.UTF_8))).isEmpty();
        assertThat(filesWith(wrapped)).isEmpty();
        // What is searched with finds what is there.
        assertThat(filesWith("/sealed/core/configmaps/".getBytes(StandardCharsets.UTF_8))).isNotEmpty();
    }

    /// Reads every byte of every file that the server and its store keep.
    private List<Path> filesWith(byte[] wanted) throws IOException {
        var text = new String(wanted, StandardCharsets.ISO_8859_1);
        try (var files = Files.walk(cluster.folder)) {
            var found = new ArrayList<Path>();
            for (var file : files.filter(Files::isRegularFile).filter(file -> !file.toString().contains("/native/")).toList()) {
                if (Files.readString(file, StandardCharsets.ISO_8859_1).contains(text)) {
                    found.add(file);
                }
            }
            return found;
        }
    }

    @Test
    void namesOfTenantsAreChecked() {
        for (var name : new String[] {"root", "*", "A", "a.b", "-a"}) {
            admin.post("/apis/hypernetes.io/v1/tenants", tenant(name)).expect(422);
        }
    }
}
