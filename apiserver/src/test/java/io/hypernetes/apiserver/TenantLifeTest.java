package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.configMap;
import static io.hypernetes.apiserver.Cluster.pod;
import static io.hypernetes.apiserver.Cluster.tenant;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.objects.Json;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What operators do with tenants: quota, suspension, protection, deletion.
class TenantLifeTest extends ClusterTest {
    private static final String TENANTS = "/apis/hypernetes.io/v1/tenants";
    private static final String MERGE = "application/merge-patch+json";

    @Test
    @Tag("MTB-PL1-CC-FNS-2")
    void theQuotaOfATenantIsExactHoweverManyCreateInHoweverManyNamespaces() throws Exception {
        admin.post(TENANTS, tenant("capped").replace("\"metadata\"", "\"spec\":{\"quota\":{\"pods\":\"20\",\"count/configmaps\":\"40\"}},\"metadata\"")).expect(201);
        var capped = cluster.client("capped", "alice", "system:masters");
        for (int n = 0; n < 4; n++) {
            capped.post("/api/v1/namespaces", "{\"metadata\":{\"name\":\"n" + n + "\"}}").expect(201);
        }
        var codes = new ArrayList<Integer>();
        try (var creators = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Integer>> running = new ArrayList<>();
            for (int n = 0; n < 100; n++) {
                int number = n;
                Callable<Integer> create = () -> capped.post(pods("n" + number % 4), pod("p" + number)).code();
                running.add(creators.submit(create));
            }
            for (var one : running) {
                codes.add(one.get());
            }
        }
        assertThat(codes.stream().filter(code -> code == 201)).hasSize(20);
        assertThat(codes.stream().filter(code -> code == 403)).hasSize(80);
        assertThat(capped.get("/api/v1/pods").json().path("items")).hasSize(20);
        var refused = capped.post(pods("default"), pod("more")).expect(403);
        assertThat(refused.at("message")).contains("exceeded quota of the tenant, requested: pods=1, used: pods=20, limited: pods=20");
        await().untilAsserted(() -> assertThat(admin.get(TENANTS + "/capped").at("status", "used", "pods")).isEqualTo("20"));
        // What goes makes room again.
        capped.delete("/api/v1/namespaces/n0/pods/" + ObjectsTest.names(capped.get(pods("n0")).json()).getFirst() + "?gracePeriodSeconds=0").expect(200);
        await().untilAsserted(() -> capped.post(pods("default"), pod("more")).expect(201));
        // Within the tenant nobody reaches the quota, and root does not count.
        capped.get(TENANTS + "/capped").expect(404);
        admin.patch(TENANTS + "/capped", MERGE, "{\"spec\":{\"quota\":null}}").expect(200);
        capped.post(pods("default"), pod("free")).expect(201);
        await().untilAsserted(() -> assertThat(admin.get(TENANTS + "/capped").json().path("status").has("used")).isFalse());
    }

    /// When all is counted anew too, as after each deletion and each change of the quota.
    @Test
    void objectsOfDefinedKindsAreCountedAgainOverAllNamespaces() {
        admin.post(TENANTS, tenant("minted").replace("\"metadata\"", "\"spec\":{\"quota\":{\"count/coins.life.example.com\":\"2\"}},\"metadata\"")).expect(201);
        var minted = cluster.client("minted", "alice", "system:masters");
        minted.post("/api/v1/namespaces", "{\"metadata\":{\"name\":\"other\"}}").expect(201);
        minted.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", """
                {"metadata":{"name":"coins.life.example.com"},"spec":{"group":"life.example.com","scope":"Namespaced",
                 "names":{"plural":"coins","singular":"coin","kind":"Coin"},"versions":[{"name":"v1","served":true,"storage":true,
                 "schema":{"openAPIV3Schema":{"type":"object"}}}]}}""").expect(201);
        var coins = "/apis/life.example.com/v1/namespaces/%s/coins";
        var coin = "{\"apiVersion\":\"life.example.com/v1\",\"kind\":\"Coin\",\"metadata\":{\"generateName\":\"c-\"}}";
        var first = minted.post(coins.formatted("default"), coin).expect(201).at("metadata", "name");
        minted.post(coins.formatted("other"), coin).expect(201);
        minted.post(coins.formatted("other"), coin).expect(403);
        admin.patch(TENANTS + "/minted", MERGE, "{\"spec\":{\"quota\":{\"configmaps\":\"50\"}}}").expect(200);
        await().untilAsserted(() -> assertThat(admin.get(TENANTS + "/minted").json().path("status").path("used").has("configmaps")).isTrue());
        assertThat(minted.post(coins.formatted("other"), coin).expect(403).at("message"))
                .contains("used: count/coins.life.example.com=2, limited: count/coins.life.example.com=2");
        minted.delete(coins.formatted("default") + "/" + first).expect(200);
        await().untilAsserted(() -> assertThat(admin.get(TENANTS + "/minted").at("status", "used", "count/coins.life.example.com")).isEqualTo("1"));
    }

    @Test
    void aSuspendedTenantIsReadAndNotChanged() {
        admin.post(TENANTS, tenant("held")).expect(201);
        var held = cluster.client("held", "alice", "system:masters");
        held.post(configMaps("default"), configMap("c", "1")).expect(201);
        held.post(pods("default"), pod("p")).expect(201);
        admin.patch(TENANTS + "/held", MERGE, "{\"spec\":{\"suspended\":true}}").expect(200);
        assertThat(held.post(configMaps("default"), configMap("d", "1")).expect(403).at("message"))
                .isEqualTo("configmaps is forbidden: tenant held is suspended: it can be read but not changed until its operator resumes it");
        held.put(configMaps("default") + "/c", configMap("c", "2")).expect(403);
        held.patch(configMaps("default") + "/c", MERGE, "{\"data\":{\"k\":\"2\"}}").expect(403);
        held.delete(configMaps("default") + "/c").expect(403);
        held.delete(configMaps("default")).expect(403);
        held.get("/api/v1/namespaces/default/pods/p/exec?command=id").expect(403);
        assertThat(held.get(configMaps("default") + "/c").expect(200).at("data", "k")).isEqualTo("1");
        held.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "{\"spec\":{\"resourceAttributes\":{\"verb\":\"get\",\"resource\":\"pods\"}}}").expect(201);
        // Who may not anyway hears no more than before.
        assertThat(cluster.client("held", "guest", "dev").post(configMaps("default"), configMap("e", "1")).expect(403).text()).doesNotContain("suspended");
        // Components and operators go on; a pod made now stands still from the start.
        var controllers = cluster.client("root", "system:kube-controller-manager");
        controllers.post("/tenants/held" + pods("default"), pod("late")).expect(201);
        assertThat(held.get(pods("default") + "/late").at("metadata", "annotations", "hypernetes.io/suspended")).isNotEmpty();
        admin.patch(TENANTS + "/held", MERGE, "{\"spec\":{\"suspended\":false}}").expect(200);
        held.post(configMaps("default"), configMap("d", "1")).expect(201);
        // A tenant can neither let a pod go on nor hold it.
        held.patch(pods("default") + "/late", MERGE, "{\"metadata\":{\"annotations\":{\"hypernetes.io/suspended\":null}}}").expect(200);
        assertThat(held.get(pods("default") + "/late").at("metadata", "annotations", "hypernetes.io/suspended")).isNotEmpty();
        held.patch(pods("default") + "/p", MERGE, "{\"metadata\":{\"annotations\":{\"hypernetes.io/suspended\":\"x\"}}}").expect(200);
        assertThat(held.get(pods("default") + "/p").at("metadata", "annotations", "hypernetes.io/suspended")).isEmpty();
    }

    @Test
    void podsSayThatTheirTenantSharesNoTemplatesAndNobodyElseDoes() {
        admin.post(TENANTS, tenant("odd").replace("\"metadata\"", "\"spec\":{\"isolation\":\"Secret\"},\"metadata\"")).expect(422);
        admin.post(TENANTS, tenant("apart").replace("\"metadata\"", "\"spec\":{\"isolation\":\"Strict\"},\"metadata\"")).expect(201);
        var apart = cluster.client("apart", "ann", "system:masters");
        apart.post(pods("default"), pod("p")).expect(201);
        assertThat(apart.get(pods("default") + "/p").at("metadata", "annotations", "hypernetes.io/isolation")).isEqualTo("Strict");
        apart.patch(pods("default") + "/p", MERGE, "{\"metadata\":{\"annotations\":{\"hypernetes.io/isolation\":null}}}").expect(200);
        assertThat(apart.get(pods("default") + "/p").at("metadata", "annotations", "hypernetes.io/isolation")).isEqualTo("Strict");
        admin.patch(TENANTS + "/apart", MERGE, "{\"spec\":{\"isolation\":\"Shared\"}}").expect(200);
        apart.post(pods("default"), pod("q").replace("\"metadata\":{", "\"metadata\":{\"annotations\":{\"hypernetes.io/isolation\":\"Strict\"},")).expect(201);
        assertThat(apart.get(pods("default") + "/q").at("metadata", "annotations", "hypernetes.io/isolation")).isEmpty();
        apart.patch(pods("default") + "/q", MERGE, "{\"metadata\":{\"annotations\":{\"hypernetes.io/isolation\":\"Strict\"}}}").expect(200);
        assertThat(apart.get(pods("default") + "/q").at("metadata", "annotations", "hypernetes.io/isolation")).isEmpty();
    }

    @Test
    void aProtectedTenantIsNotDeleted() {
        admin.post(TENANTS, tenant("kept").replace("\"metadata\"", "\"spec\":{\"deletionProtection\":true},\"metadata\"")).expect(201);
        assertThat(admin.delete(TENANTS + "/kept").expect(403).at("message")).contains("set spec.deletionProtection to false first");
        admin.delete(TENANTS + "?fieldSelector=metadata.name%3Dkept").expect(403);
        admin.get(TENANTS + "/kept").expect(200);
        admin.patch(TENANTS + "/kept", MERGE, "{\"spec\":{\"deletionProtection\":false}}").expect(200);
        admin.delete(TENANTS + "/kept").expect(200);
    }

    @Test
    void nothingIsMadeInATenantThatGoesNorLeftBehindByIt() throws Exception {
        for (int round = 0; round < 5; round++) {
            admin.post(TENANTS, tenant("fleeting")).expect(201);
            var fleeting = cluster.client("fleeting", "alice", "system:masters");
            try (var writers = Executors.newVirtualThreadPerTaskExecutor()) {
                for (int n = 0; n < 16; n++) {
                    int number = n;
                    writers.submit(() -> {
                        for (int i = 0; i < 10; i++) {
                            fleeting.post("/apis/rbac.authorization.k8s.io/v1/clusterroles", "{\"metadata\":{\"name\":\"r" + number + "-" + i + "\"}}");
                            fleeting.post(configMaps("default"), configMap("c" + number + "-" + i, "1"));
                            fleeting.patch("/apis/rbac.authorization.k8s.io/v1/clusterroles/view", MERGE, "{\"metadata\":{\"labels\":{\"a" + number + "\":\"b" + i + "\"}}}");
                        }
                    });
                }
                admin.delete(TENANTS + "/fleeting").expect(200);
                fleeting.post("/apis/rbac.authorization.k8s.io/v1/clusterroles", "{\"metadata\":{\"name\":\"late\"}}").expect(403);
                admin.patch(TENANTS + "/fleeting", MERGE, "{\"metadata\":{\"finalizers\":null}}").expect(200);
            }
            assertThat(cluster.store.list("/fleeting/", "", 0).entries()).isEmpty();
            assertThat(cluster.folder.resolve("keys/fleeting.key")).doesNotExist();
        }
    }

    /// A webhook is asked between the reading of what is to go and its deletion; the tenant goes just then.
    @ParameterizedTest
    @ValueSource(strings = {"Background", "Foreground"})
    void whatEveryTenantHasFromTheStartIsDeletedOnlyInATenantThatIsThere(String propagation) throws Exception {
        var name = "gone-" + propagation.toLowerCase(java.util.Locale.ROOT);
        admin.post(TENANTS, tenant(name)).expect(201);
        var gone = cluster.operator().in(name);
        try (var hooks = new WebhookServer(cluster.authorities)) {
            hooks.on("/go", request -> {
                admin.delete(TENANTS + "/" + name).expect(200);
                admin.patch(TENANTS + "/" + name, MERGE, "{\"metadata\":{\"finalizers\":null}}").expect(200);
                return ("{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"response\":{\"uid\":\"" + Json.string(request, "uid") + "\",\"allowed\":true}}")
                        .getBytes(StandardCharsets.UTF_8);
            });
            gone.post("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", """
                    {"metadata":{"name":"h"},"webhooks":[{"name":"h.hook.example.com","sideEffects":"None","admissionReviewVersions":["v1"],
                      "clientConfig":{"url":"%s","caBundle":"%s"},
                      "rules":[{"operations":["DELETE"],"apiGroups":["rbac.authorization.k8s.io"],"apiVersions":["v1"],"resources":["clusterroles"]}]}]}"""
                    .formatted(hooks.url("/go"), hooks.bundle)).expect(201);
            gone.delete("/apis/rbac.authorization.k8s.io/v1/clusterroles/view?propagationPolicy=" + propagation).expect(404);
        }
        assertThat(cluster.store.list("/" + name + "/", "", 0).entries()).isEmpty();
    }

    @Test
    void weightsAndQuotasAreChecked() {
        var spec = tenant("wrong").replace("\"metadata\"", "\"spec\":{%s},\"metadata\"");
        admin.post(TENANTS, spec.formatted("\"weight\":0")).expect(422);
        admin.post(TENANTS, spec.formatted("\"weight\":1001")).expect(422);
        admin.post(TENANTS, spec.formatted("\"quota\":{\"pods\":\"-1\"}")).expect(422);
        admin.post(TENANTS, spec.formatted("\"quota\":{\"bananas\":\"1\"}")).expect(422);
        admin.post(TENANTS, spec.formatted("\"weight\":3,\"quota\":{\"requests.cpu\":\"4\"}")).expect(201);
    }
}
