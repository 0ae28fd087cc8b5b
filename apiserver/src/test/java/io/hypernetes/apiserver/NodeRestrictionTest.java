package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.objects.Json;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// A node that was taken over does not attract pods: what keeps them away from it is not its own to change.
class NodeRestrictionTest extends ClusterTest {
    private static final String MERGE = "application/merge-patch+json";
    private static final String SELF = "/api/v1/nodes/n1";

    private Cluster.Client node;

    @BeforeAll
    void knowTheNode() {
        node = cluster.client("root", "system:node:n1", "system:nodes");
    }

    @BeforeEach
    void register() {
        admin.delete(SELF);
        node.post("/api/v1/nodes", """
                {"metadata":{"name":"n1","labels":{"kubernetes.io/hostname":"n1","kubernetes.io/os":"linux","kubernetes.io/arch":"amd64","disk":"fast"}},
                 "spec":{"taints":[{"key":"node.kubernetes.io/not-ready","effect":"NoSchedule"}]},
                 "status":{"addresses":[{"type":"InternalIP","address":"192.0.2.1"}]}}""").expect(201);
        admin.patch(SELF, MERGE, """
                {"metadata":{"labels":{"node-restriction.kubernetes.io/tier":"low","node-role.kubernetes.io/suspect":""}},
                 "spec":{"unschedulable":true,"podCIDR":"10.1.0.0/24","podCIDRs":["10.1.0.0/24"]}}""").expect(200);
    }

    @ParameterizedTest
    @CsvSource(quoteCharacter = '`', value = {
        "`{\"taints\":null}`, taints",
        "`{\"taints\":[]}`, taints",
        "`{\"taints\":[{\"key\":\"own\",\"effect\":\"NoExecute\"}]}`, taints",
        "`{\"unschedulable\":null}`, unschedulable",
        "`{\"unschedulable\":false}`, unschedulable",
        "`{\"configSource\":{\"configMap\":{\"name\":\"a\",\"namespace\":\"b\",\"kubeletConfigKey\":\"c\"}}}`, configSource",
        "`{\"podCIDR\":\"10.1.2.0/24\"}`, podCIDR",
        "`{\"podCIDRs\":[\"10.1.0.0/24\",\"10.1.2.0/24\"]}`, podCIDRs",
    })
    void whatKeepsPodsAwayIsNotItsOwnToChange(String spec, String field) {
        var before = admin.get(SELF).expect(200).json();
        assertThat(node.patch(SELF, MERGE, "{\"spec\":" + spec + "}").expect(403).at("message"))
                .isEqualTo("nodes \"n1\" is forbidden: node n1 may not change its spec." + field + " after it registered itself");
        assertThat(admin.get(SELF).expect(200).json()).isEqualTo(before);
    }

    @Test
    void neitherByPuttingItselfAnewNorThroughItsStatus() {
        var whole = admin.get(SELF).expect(200).json();
        Json.child(whole, "spec").remove("taints");
        node.put(SELF, Json.print(whole)).expect(403);
        // Of the whole object a status says the status: the rest stays, as for everybody.
        node.put(SELF + "/status", Json.print(whole)).expect(200);
        node.patch(SELF + "/status", MERGE, "{\"spec\":{\"unschedulable\":false}}").expect(200);
        var after = admin.get(SELF).expect(200).json();
        assertThat(after.path("spec").path("taints")).isNotEmpty();
        assertThat(Json.flag(after, "spec", "unschedulable")).isTrue();
        assertThat(node.patch(SELF + "/status", MERGE, "{\"metadata\":{\"labels\":{\"node-restriction.kubernetes.io/tier\":\"high\"}}}").expect(403).at("message"))
                .contains("label node-restriction.kubernetes.io/tier");
        node.delete(SELF).expect(403);
        node.delete("/api/v1/nodes").expect(403);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "\"node-restriction.kubernetes.io/tier\":\"high\"",
        "\"node-restriction.kubernetes.io/tier\":null",
        "\"node-restriction.kubernetes.io/new\":\"a\"",
        "\"team.node-restriction.kubernetes.io/new\":\"a\"",
        "\"node-role.kubernetes.io/suspect\":null",
        "\"node-role.kubernetes.io/control-plane\":\"\"",
        "\"kubernetes.io/role\":\"master\"",
        "\"kops.k8s.io/instancegroup\":\"masters\"",
        "\"k8s.io/a\":\"b\"",
    })
    void labelsOfKubernetesThatStateNoFactsAreNotItsOwn(String label) {
        assertThat(node.patch(SELF, MERGE, "{\"metadata\":{\"labels\":{" + label + "}}}").expect(403).at("message"))
                .startsWith("nodes \"n1\" is forbidden: node n1 may not set, change or remove its label " + label.split("\"")[1]);
    }

    @Test
    void otherLabelsAnnotationsAndItsStateAreItsOwn() {
        node.patch(SELF, MERGE, """
                {"metadata":{"labels":{"topology.kubernetes.io/zone":"a","topology.kubernetes.io/region":"b","node.kubernetes.io/instance-type":"c",
                  "beta.kubernetes.io/arch":"amd64","kubelet.kubernetes.io/x":"d","feature.node.kubernetes.io/cpu":"e","kubernetes.io/hostname":"n1","example.com/x":"f","disk":null},
                  "annotations":{"example.com/note":"n"}}}""").expect(200);
        assertThat(node.patch(SELF + "/status", MERGE, "{\"status\":{\"capacity\":{\"cpu\":\"4\"}}}").expect(200).at("status", "capacity", "cpu")).isEqualTo("4");
        var whole = node.get(SELF).expect(200).json();
        assertThat(whole.path("metadata").path("labels").has("disk")).isFalse();
        node.put(SELF, Json.print(whole)).expect(200);
    }

    @Test
    void itHasNoOwnerWhoseEndWouldBeItsOwn() {
        var owners = "\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"x\",\"uid\":\"u\"}]";
        assertThat(node.patch(SELF, MERGE, "{\"metadata\":{" + owners + "}}").expect(403).at("message")).endsWith("may not change metadata.ownerReferences");
        admin.delete(SELF).expect(200);
        node.post("/api/v1/nodes", "{\"metadata\":{\"name\":\"n1\"," + owners + "}}").expect(403);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{\"metadata\":{\"name\":\"n1\",\"labels\":{\"node-restriction.kubernetes.io/tier\":\"high\"}}}",
        "{\"metadata\":{\"name\":\"n1\",\"labels\":{\"node-role.kubernetes.io/control-plane\":\"\"}}}",
        "{\"metadata\":{\"name\":\"n1\"},\"spec\":{\"podCIDR\":\"10.1.0.0/24\"}}",
        "{\"metadata\":{\"name\":\"n1\"},\"spec\":{\"podCIDRs\":[\"10.1.0.0/24\"]}}",
        "{\"metadata\":{\"name\":\"n9\"}}",
    })
    void itRegistersWithNothingThatIsGivenToIt(String registration) {
        admin.delete(SELF).expect(200);
        node.post("/api/v1/nodes", registration).expect(403);
    }

    /// `plugin/pkg/admission/nodetaint/admission.go` of upstream.
    @Test
    void aNewNodeTakesNoPodsUntilTheControllersHaveSeenItReady() {
        var notReady = "{\"key\":\"node.kubernetes.io/not-ready\",\"effect\":\"NoSchedule\"}";
        admin.delete(SELF).expect(200);
        assertThat(Json.print(node.post("/api/v1/nodes", "{\"metadata\":{\"name\":\"n1\"}}").expect(201).json().path("spec").path("taints"))).isEqualTo("[" + notReady + "]");
        var evicting = "{\"key\":\"node.kubernetes.io/not-ready\",\"effect\":\"NoExecute\"}";
        assertThat(Json.print(admin.post("/api/v1/nodes", "{\"metadata\":{\"name\":\"other\"},\"spec\":{\"taints\":[" + evicting + "]}}").expect(201).json().path("spec").path("taints")))
                .isEqualTo("[" + evicting + "," + notReady + "]");
        admin.delete("/api/v1/nodes/other").expect(200);
    }

    /// Who it is and what it may, everybody who is known may ask (`system:basic-user`); upstream's node authoriser leaves that to the roles.
    @Test
    void aNodeMayAskWhoItIsAndWhatItMay() {
        assertThat(node.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}").expect(201).at("status", "userInfo", "username")).isEqualTo("system:node:n1");
        var access = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        var may = "{\"spec\":{\"resourceAttributes\":{\"verb\":\"%s\",\"resource\":\"nodes\",\"name\":\"n2\"}}}";
        assertThat(node.post(access, may.formatted("get")).expect(201).json().path("status").path("allowed").asBoolean()).isTrue();
        assertThat(node.post(access, may.formatted("delete")).expect(201).json().path("status").path("allowed").asBoolean()).isFalse();
        var rules = node.post("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", "{\"spec\":{\"namespace\":\"default\"}}").expect(201).json();
        assertThat(rules.path("status").path("incomplete").asBoolean()).isTrue();
        node.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", "{\"spec\":{\"user\":\"ida\",\"resourceAttributes\":{\"verb\":\"get\",\"resource\":\"pods\"}}}").expect(403);
        // Of a tenant it is nobody.
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("green")).expect(201);
        for (var tenant : new String[] {"/tenants/green", "/tenants/*"}) {
            node.post(tenant + access, may.formatted("get")).expect(403);
        }
    }

    @Test
    void operatorsAndControllersGoOn() {
        var controllers = cluster.client("root", "system:kube-controller-manager");
        controllers.patch(SELF, MERGE, "{\"spec\":{\"taints\":[{\"key\":\"node.kubernetes.io/unreachable\",\"effect\":\"NoExecute\"}]}}").expect(200);
        admin.patch(SELF, MERGE, "{\"metadata\":{\"labels\":{\"node-role.kubernetes.io/suspect\":null}},\"spec\":{\"unschedulable\":null,\"taints\":null}}").expect(200);
    }

    @Test
    void ofItsPodsItTellsTheStateOnly() {
        admin.post(pods("default"), Cluster.pod("led")).expect(201);
        admin.post(pods("default") + "/led/binding", "{\"metadata\":{\"name\":\"led\"},\"target\":{\"kind\":\"Node\",\"name\":\"n1\"}}").expect(201);
        var status = pods("default") + "/led/status";
        node.patch(status, MERGE, "{\"status\":{\"phase\":\"Running\"}}").expect(200);
        // Labels say which services lead to a pod.
        assertThat(node.patch(status, MERGE, "{\"metadata\":{\"labels\":{\"app\":\"bank\"}}}").expect(403).at("message"))
                .isEqualTo("pods \"led\" is forbidden: node n1 may not change metadata.labels");
        node.patch(status, MERGE, "{\"metadata\":{\"annotations\":{\"a\":\"b\"}}}").expect(403);
        node.patch(status, MERGE, "{\"status\":{\"resourceClaimStatuses\":[{\"name\":\"a\",\"resourceClaimName\":\"b\"}]}}").expect(403);
        node.patch(pods("default") + "/led", MERGE, "{\"metadata\":{\"labels\":{\"app\":\"bank\"}}}").expect(403);
    }

    /// A mirror has no service account, as upstream's plugin/pkg/admission/serviceaccount/admission.go lets it be: judged again, after the operator's policies, it leans on nothing still.
    @Test
    void itsMirrorsGoThroughTheOperatorsPolicies() {
        var group = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolic";
        admin.post(group + "ies", """
                {"metadata":{"name":"mark"},"spec":{"reinvocationPolicy":"Never",
                 "matchConstraints":{"resourceRules":[{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"]}]},
                 "mutations":[{"patchType":"ApplyConfiguration","applyConfiguration":{"expression":"Object{metadata: Object.metadata{labels: {'marked': 'yes'}}}"}}]}}""")
                .expect(201);
        admin.post(group + "ybindings", "{\"metadata\":{\"name\":\"mark\"},\"spec\":{\"policyName\":\"mark\"}}").expect(201);
        try {
            await().untilAsserted(() -> assertThat(
                    admin.post(pods("default") + "?dryRun=All", Cluster.pod("probe")).expect(201).at("metadata", "labels", "marked")).isEqualTo("yes"));
            var made = node.post(pods("default"), """
                    {"metadata":{"name":"marked","annotations":{"kubernetes.io/config.mirror":"1"}},"spec":{"nodeName":"n1","containers":[{"name":"c","image":"busybox:1"}]}}""")
                    .expect(201);
            assertThat(made.at("metadata", "labels", "marked")).isEqualTo("yes");
            assertThat(made.json().path("spec").has("serviceAccountName") || made.json().path("spec").has("serviceAccount")).isFalse();
        } finally {
            admin.delete(group + "ybindings/mark").expect(200);
            admin.delete(group + "ies/mark").expect(200);
        }
        await().untilAsserted(() -> assertThat(
                admin.post(pods("default") + "?dryRun=All", Cluster.pod("probe")).expect(201).json().path("metadata").has("labels")).isFalse());
    }

    @Test
    void ofPodsItMakesMirrorsOfItsOwnOnly() {
        var mirror = """
                {"metadata":{"name":"%s","annotations":{"kubernetes.io/config.mirror":"1"}%s},
                 "spec":{"nodeName":"n1","containers":[{"name":"c","image":"busybox:1"}]%s}}""";
        node.post(pods("default"), Cluster.pod("plain")).expect(403);
        node.post(pods("default"), mirror.formatted("elsewhere", "", "").replace("\"n1\"", "\"n2\"")).expect(403);
        for (var spec : new String[] {
            "\"serviceAccountName\":\"default\"",
            "\"serviceAccount\":\"default\"",
            "\"imagePullSecrets\":[{\"name\":\"s\"}]",
            "\"resourceClaims\":[{\"name\":\"r\",\"resourceClaimName\":\"r\"}]",
            "\"volumes\":[{\"name\":\"v\",\"secret\":{\"secretName\":\"s\"}}]",
            "\"volumes\":[{\"name\":\"v\",\"persistentVolumeClaim\":{\"claimName\":\"s\"}}]",
            "\"volumes\":[{\"name\":\"v\",\"projected\":{\"sources\":[{\"configMap\":{\"name\":\"s\"}}]}}]",
        }) {
            assertThat(node.post(pods("default"), mirror.formatted("leans", "", "," + spec)).code()).as(spec).isEqualTo(403);
        }
        var owner = ",\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"name\":\"%s\",\"uid\":\"" + node.get(SELF).at("metadata", "uid") + "\"}]";
        node.post(pods("default"), mirror.formatted("owned", owner.formatted("n2"), "")).expect(403);
        node.post(pods("default"), mirror.formatted("owned", owner.formatted("n1"), "")).expect(201);
        node.post(pods("default"), mirror.formatted("free", "", "")).expect(201);
        node.delete(pods("default") + "/free", "{\"gracePeriodSeconds\":0}").expect(200);
    }
}
