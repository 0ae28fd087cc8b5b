package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.tenant;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.objects.Json;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The checks of the SIG's multi-tenancy benchmark that an API server answers, each with the verdict that a cluster for each tenant and a machine for each
/// pod give it: some hold as they are, some turn round, some are made at another edge. `docs/isolation.md` has all of them by id and names the tests of
/// those that are elsewhere; a tag is the id.
class MultiTenancyBenchmarkTest extends ClusterTest {
    private static final String RBAC = "/apis/rbac.authorization.k8s.io/v1";
    private static final String TENANTS = "/apis/hypernetes.io/v1/tenants";
    private static final String MERGE = "application/merge-patch+json";

    private Cluster.Client prey;
    private Cluster.Client prowler;

    @BeforeAll
    void tenants() {
        for (var name : List.of("prey", "prowler")) {
            admin.post(TENANTS, tenant(name)).expect(201);
        }
        prey = cluster.client("prey", "alice", "system:masters");
        prowler = cluster.client("prowler", "mallory", "system:masters");
    }

    @Test
    @Tag("MTB-PL1-CC-CPI-1")
    void clusterScopedObjectsAreTheTenantsOwnAndNoneIsTheOperators() {
        for (var path : List.of(RBAC + "/clusterroles", "/apis/scheduling.k8s.io/v1/priorityclasses")) {
            var object = "{\"metadata\":{\"name\":\"%s\"}%s}";
            var content = path.contains("rbac") ? ",\"rules\":[]" : ",\"value\":5";
            admin.post(path, object.formatted("of-the-operator", content)).expect(201);
            prowler.post(path, object.formatted("own", content)).expect(201);
            prowler.get(path + "/of-the-operator").expect(404);
            prowler.patch(path + "/of-the-operator", MERGE, "{}").expect(404);
            prowler.delete(path + "/of-the-operator").expect(404);
            assertThat(ObjectsTest.names(prowler.get(path).expect(200).json())).contains("own").doesNotContain("of-the-operator");
            prowler.delete(path + "/own").expect(200);
            admin.get(path + "/of-the-operator").expect(200);
        }
        // Of what a tenant sees of the operator's it changes nothing.
        prowler.post("/api/v1/nodes", "{\"metadata\":{\"name\":\"n\"}}").expect(403);
        prowler.post("/apis/storage.k8s.io/v1/storageclasses", "{\"metadata\":{\"name\":\"c\"},\"provisioner\":\"example.com/p\"}").expect(403);
        prowler.post("/apis/node.k8s.io/v1/runtimeclasses", "{\"metadata\":{\"name\":\"c\"},\"handler\":\"h\"}").expect(403);
        prowler.get(TENANTS).expect(404);
    }

    @Test
    @Tag("MTB-PL1-BC-CPI-2")
    void whatTheOperatorPutInComesBack() {
        var bundle = configMaps("default") + "/kube-root-ca.crt";
        var certificate = prowler.get(bundle).expect(200).json().path("data");
        prowler.delete(bundle).expect(200);
        await().untilAsserted(() -> assertThat(prowler.get(bundle).expect(200).json().path("data")).isEqualTo(certificate));
        prowler.patch(bundle, MERGE, "{\"data\":{\"ca.crt\":\"another\"}}").expect(200);
        await().untilAsserted(() -> assertThat(prowler.get(bundle).expect(200).json().path("data")).isEqualTo(certificate));
    }

    @Test
    @Tag("MTB-PL1-BC-CPI-3")
    void addedCapabilitiesAreAllowed() {
        allowed("{\"capabilities\":{\"add\":[\"SYS_ADMIN\"]}}");
    }

    @Test
    @Tag("MTB-PL1-BC-CPI-4")
    void whetherContainersMayRunAsRootIsTheTenantsChoice() {
        allowed("{\"runAsUser\":0}");
        allowed("{}");
        prowler.post("/api/v1/namespaces", "{\"metadata\":{\"name\":\"strict\",\"labels\":{\"pod-security.kubernetes.io/enforce\":\"restricted\"}}}").expect(201);
        assertThat(prowler.post(pods("strict"), pod("{\"runAsUser\":0}")).expect(403).at("message")).contains("PodSecurity", "runAsUser=0");
        assertThat(prowler.post(pods("strict"), pod("{}")).expect(403).at("message")).contains("runAsNonRoot != true");
    }

    @Test
    @Tag("MTB-PL1-BC-CPI-5")
    void privilegedContainersAreAllowed() {
        allowed("{\"privileged\":true}");
    }

    @Test
    @Tag("MTB-PL1-BC-CPI-6")
    void privilegeEscalationIsAllowed() {
        allowed("{\"allowPrivilegeEscalation\":true}");
    }

    private void allowed(String securityContext) {
        prowler.post(pods("default") + "?dryRun=All", pod(securityContext)).expect(201);
    }

    private static String pod(String securityContext) {
        return Cluster.pod("c").replace("\"image\":", "\"securityContext\":" + securityContext + ",\"image\":");
    }

    @Test
    @Tag("MTB-PL1-CC-TI-1")
    void resourceQuotasAreTheTenantsAndItsQuotaAsAWholeIsOutOfItsReach() {
        var quotas = "/api/v1/namespaces/default/resourcequotas";
        prowler.post(quotas, "{\"metadata\":{\"name\":\"own\"},\"spec\":{\"hard\":{\"pods\":\"5\"}}}").expect(201);
        prowler.patch(quotas + "/own", MERGE, "{\"spec\":{\"hard\":{\"pods\":\"6\"}}}").expect(200);
        prowler.delete(quotas + "/own").expect(200);
        for (var path : List.of("/tenants/root" + TENANTS + "/prowler", "/tenants/prowler" + TENANTS + "/prowler", TENANTS + "/prowler", "/tenants/*" + TENANTS + "/prowler")) {
            prowler.patch(path, MERGE, "{\"spec\":{\"quota\":null}}").expect(404);
            prowler.patch(path + "/status", MERGE, "{\"status\":{\"used\":null}}").expect(404);
            prowler.delete(path).expect(404);
        }
    }

    @Test
    @Tag("MTB-PL2-CC-TI-1")
    void whoIsNotTheTenantsAdministratorGivesNobodyMoreThanTheyHave() {
        var binding = """
                {"metadata":{"name":"%s"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"%s"},
                 "subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"eve"}]}""";
        prowler.post(RBAC + "/clusterrolebindings", binding.formatted("editors", "admin")).expect(201);
        var eve = cluster.client("prowler", "eve", "dev");
        eve.post(RBAC + "/namespaces/default/rolebindings", binding.formatted("same", "admin")).expect(201);
        eve.post(RBAC + "/namespaces/default/rolebindings", binding.formatted("up", "cluster-admin")).expect(403);
        eve.post(RBAC + "/namespaces/default/roles", "{\"metadata\":{\"name\":\"all\"},\"rules\":[{\"apiGroups\":[\"*\"],\"resources\":[\"*\"],\"verbs\":[\"*\"]}]}").expect(403);
        eve.post(RBAC + "/clusterrolebindings", binding.formatted("up", "admin")).expect(403);
        // Whoever owns the cluster may: it is theirs.
        prowler.post(RBAC + "/namespaces/default/rolebindings", binding.formatted("up", "cluster-admin")).expect(201);
    }

    @Test
    @Tag("MTB-PL1-BC-HI-1")
    void foldersOfTheHostAreRefused() {
        refused("\"volumes\":[{\"name\":\"v\",\"hostPath\":{\"path\":\"/\"}}]", "spec.volumes[0].hostPath");
    }

    @Test
    @Tag("MTB-PL1-BC-HI-1")
    void theSameNodePortIsTwoTenants() {
        for (var each : List.of(prey, prowler)) {
            var made = each.post("/api/v1/namespaces/default/services", "{\"metadata\":{\"name\":\"np\"},\"spec\":{\"type\":\"NodePort\",\"ports\":[{\"port\":80,\"nodePort\":31000}]}}").expect(201);
            assertThat(made.json().path("spec").path("ports").path(0).path("nodePort").asInt()).isEqualTo(31_000);
        }
    }

    @Test
    @Tag("MTB-PL1-BC-HI-3")
    void theNetworkAndThePortsOfTheHostAreRefused() {
        refused("\"hostNetwork\":true", "spec.hostNetwork");
        assertThat(prowler.post(pods("default"), Cluster.pod("h").replace("\"image\":", "\"ports\":[{\"containerPort\":80,\"hostPort\":8080}],\"image\":")).expect(422).at("message"))
                .contains("spec.containers[0].ports[0].hostPort", "reach the pod at its own address instead");
    }

    @Test
    @Tag("MTB-PL1-BC-HI-4")
    void theProcessesOfTheHostAreRefused() {
        refused("\"hostPID\":true", "spec.hostPID");
    }

    @Test
    @Tag("MTB-PL1-BC-HI-5")
    void theSharedMemoryOfTheHostIsRefused() {
        refused("\"hostIPC\":true", "spec.hostIPC");
    }

    private void refused(String part, String where) {
        assertThat(prowler.post(pods("default"), Cluster.pod("h").replace("\"containers\"", part + ",\"containers\"")).expect(422).at("message")).contains(where);
    }

    @Test
    @Tag("MTB-PL1-CC-FNS-1")
    void processorsMemoryAndDisksAreLimitedOverAllNamespacesTogether() {
        admin.post(TENANTS, tenant("bounded").replace("\"metadata\"", "\"spec\":{\"quota\":{\"requests.cpu\":\"1\",\"requests.memory\":\"1Gi\",\"requests.storage\":\"10Gi\"}},\"metadata\"")).expect(201);
        var bounded = cluster.client("bounded", "carol", "system:masters");
        namespace(bounded, "other");
        asks(bounded, "default", "a", "600m", "100Mi", 201);
        asks(bounded, "other", "b", "600m", "100Mi", 403);
        asks(bounded, "other", "b", "100m", "1Gi", 403);
        asks(bounded, "other", "b", "400m", "900Mi", 201);
        var claim = "{\"metadata\":{\"name\":\"disk\"},\"spec\":{\"accessModes\":[\"ReadWriteOnce\"],\"resources\":{\"requests\":{\"storage\":\"6Gi\"}}}}";
        bounded.post("/api/v1/namespaces/default/persistentvolumeclaims", claim).expect(201);
        assertThat(bounded.post("/api/v1/namespaces/other/persistentvolumeclaims", claim).expect(403).at("message")).contains("exceeded quota of the tenant", "requests.storage=6Gi");
        // What others use counts for nothing here.
        asks(prowler, "default", "big", "100", "100Gi", 201);
    }

    private static void asks(Cluster.Client client, String namespace, String name, String cpu, String memory, int code) {
        client.post(pods(namespace), Cluster.pod(name).replace("\"image\":", "\"resources\":{\"requests\":{\"cpu\":\"%s\",\"memory\":\"%s\"}},\"image\":".formatted(cpu, memory))).expect(code);
    }

    @Test
    @Tag("MTB-PL2-BC-OPS-3")
    void rolesAndBindingsAreTheTenantsToMake() {
        for (var place : List.of("/namespaces/default/role", "/clusterrole")) {
            var kind = place.endsWith("clusterrole") ? "ClusterRole" : "Role";
            prowler.post(RBAC + place + "s", "{\"metadata\":{\"name\":\"made\"},\"rules\":[{\"apiGroups\":[\"\"],\"resources\":[\"configmaps\"],\"verbs\":[\"list\"]}]}").expect(201);
            var zoe = cluster.client("prowler", "zoe-" + kind, "dev");
            zoe.get(configMaps("default")).expect(403);
            prowler.post(RBAC + place + "bindings", """
                    {"metadata":{"name":"made"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"%s","name":"made"},
                     "subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"zoe-%1$s"}]}""".formatted(kind)).expect(201);
            zoe.get(configMaps("default")).expect(200);
            cluster.client("prey", "zoe-" + kind, "dev").get(configMaps("default")).expect(403);
        }
    }

    @Test
    @Tag("MTB-PL2-BC-OPS-4")
    void networkPoliciesAreTheTenantsToMake() {
        var policies = "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies";
        var made = prowler.post(policies, "{\"metadata\":{\"name\":\"own\"},\"spec\":{\"podSelector\":{}}}").expect(201);
        prowler.put(policies + "/own", made.text()).expect(200);
        prowler.patch(policies + "/own", MERGE, "{\"spec\":{\"policyTypes\":[\"Ingress\",\"Egress\"]}}").expect(200);
        assertThat(Json.print(prowler.get(policies + "/own").expect(200).json())).contains("Egress");
        prowler.delete(policies + "/own").expect(200);
    }

    @Test
    @Tag("multi-tenancy#1198")
    void whichVolumesPodsHaveIsTheTenantsChoice() {
        var scratch = Cluster.pod("s").replace("\"containers\"", "\"volumes\":[{\"name\":\"v\",\"emptyDir\":{}}],\"containers\"");
        var group = "/apis/admissionregistration.k8s.io/v1/";
        prey.post(pods("default") + "?dryRun=All", scratch).expect(201);
        prey.post(group + "validatingadmissionpolicies", """
                {"metadata":{"name":"claims"},"spec":{"matchConstraints":{"resourceRules":[{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"]}]},
                 "validations":[{"expression":"!has(object.spec.volumes) || object.spec.volumes.all(v, has(v.persistentVolumeClaim) || has(v.projected))","message":"claims only"}]}}""").expect(201);
        prey.post(group + "validatingadmissionpolicybindings", "{\"metadata\":{\"name\":\"claims\"},\"spec\":{\"policyName\":\"claims\",\"validationActions\":[\"Deny\"]}}").expect(201);
        assertThat(prey.post(pods("default") + "?dryRun=All", scratch).expect(422).at("message")).contains("claims only");
        prowler.post(pods("default") + "?dryRun=All", scratch).expect(201);
    }
}
