package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.identity.CertificateAuthority;
import io.hypernetes.identity.SigningRequest;
import io.hypernetes.objects.Json;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

class RolesTest extends ClusterTest {
    private static final String RBAC = "/apis/rbac.authorization.k8s.io/v1";
    private static final String CLUSTER_ROLES = RBAC + "/clusterroles";
    private static final String ROLES = RBAC + "/namespaces/default/roles";
    private static final String BINDINGS = RBAC + "/namespaces/default/rolebindings";
    private static final String CLUSTER_BINDINGS = RBAC + "/clusterrolebindings";
    private static final String MERGE = "application/merge-patch+json";

    private Cluster.Client green;
    private Cluster.Client blue;

    @BeforeAll
    void tenants() {
        for (var name : new String[] {"green", "blue"}) {
            admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant(name)).expect(201);
        }
        green = cluster.client("green", "gina", "system:masters");
        blue = cluster.client("blue", "bert", "system:masters");
    }

    @Test
    void aBindingHoldsAtOnceAndInItsTenantOnly() {
        var alice = cluster.client("green", "alice");
        assertThat(alice.get(configMaps("default")).expect(403).at("message"))
                .isEqualTo("configmaps is forbidden: User \"alice\" cannot list resource \"configmaps\" in API group \"\""
                        + " in the namespace \"default\"");
        alice.get("/api").expect(200);
        green.post(BINDINGS, binding("alice-views", "view", "User", "alice")).expect(201);
        alice.get(configMaps("default")).expect(200);
        alice.get(configMaps("kube-system")).expect(403);
        alice.get("/api/v1/configmaps").expect(403);
        alice.get("/api/v1/namespaces/default").expect(200);
        alice.get("/api/v1/namespaces/kube-system").expect(403);
        alice.get("/api/v1/namespaces/default/secrets").expect(403);
        alice.post(configMaps("default"), Cluster.configMap("mine", "1")).expect(403);
        cluster.client("blue", "alice").get(configMaps("default")).expect(403);
        cluster.client("root", "alice").get(configMaps("default")).expect(403);
        green.delete(BINDINGS + "/alice-views").expect(200);
        alice.get(configMaps("default")).expect(403);
    }

    /// As with upstream's metrics-server, whose manifest adds such a role to its deployment: who sees pods sees what they use.
    @Test
    void whoViewsPodsSeesWhatTheyUse() {
        green.post(BINDINGS, binding("uma-views", "view", "User", "uma")).expect(201);
        green.post(BINDINGS, binding("ute-edits", "edit", "User", "ute")).expect(201);
        for (var name : List.of("uma", "ute")) {
            var viewer = cluster.client("green", name);
            viewer.get("/apis/metrics.k8s.io/v1beta1/namespaces/default/pods").expect(200);
            viewer.get("/apis/metrics.k8s.io/v1beta1/namespaces/kube-system/pods").expect(403);
            viewer.get("/apis/metrics.k8s.io/v1beta1/nodes").expect(403);
        }
        // Charts of metrics-server bring a role of this name, and Helm installs none whose objects are there already and not its own.
        green.post(CLUSTER_ROLES, "{\"metadata\":{\"name\":\"system:aggregated-metrics-reader\"},\"rules\":[]}").expect(201);
    }

    @Test
    void namesAndSubresourcesAreToldApart() {
        green.post(ROLES, role("one-map", rule("get,list,watch,update", "", "configmaps", "only"))).expect(201);
        green.post(ROLES, role("logs", rule("get", "", "pods/log", ""))).expect(201);
        green.post(BINDINGS, binding("nan-map", "Role/one-map", "User", "nan")).expect(201);
        green.post(BINDINGS, binding("nan-logs", "Role/logs", "Group", "readers")).expect(201);
        green.post(configMaps("default"), Cluster.configMap("only", "1")).expect(201);
        var nan = cluster.client("green", "nan", "readers");
        nan.get(configMaps("default") + "/only").expect(200);
        nan.get(configMaps("default") + "/other").expect(403);
        nan.get(configMaps("default")).expect(403);
        nan.get(configMaps("default") + "?fieldSelector=metadata.name%3Donly").expect(200);
        nan.delete(configMaps("default") + "/only").expect(403);
        nan.get(pods("default") + "/none/log").expect(404);
        nan.get(pods("default") + "/none").expect(403);
    }

    @Test
    void everyTenantHasTheRolesOfKubernetesUntilItChangesThem() throws Exception {
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("purple")).expect(201);
        var purple = cluster.client("purple", "pia", "system:masters");
        var roles = ObjectsTest.names(purple.get(CLUSTER_ROLES).expect(200).json());
        assertThat(roles).contains("admin", "cluster-admin", "edit", "view", "system:discovery", "system:basic-user").isSorted();
        assertThat(purple.get(CLUSTER_ROLES + "/admin").json().path("rules").size()).isGreaterThan(20);
        assertThat(ObjectsTest.names(purple.get(CLUSTER_ROLES + "?limit=3").json())).isEqualTo(roles.subList(0, 3));
        var page = purple.get(CLUSTER_ROLES + "?limit=5").json();
        assertThat(Json.number(page, 0, "metadata", "remainingItemCount")).isEqualTo(roles.size() - 5);
        assertThat(ObjectsTest.names(purple.get(CLUSTER_ROLES + "?limit=5&continue=" + Json.string(page, "metadata", "continue")).json()))
                .isEqualTo(roles.subList(5, 10));

        var since = Json.string(purple.get(CLUSTER_ROLES).json(), "metadata", "resourceVersion");
        purple.get(CLUSTER_ROLES + "/absent").expect(404);
        var before = purple.get(CLUSTER_ROLES + "/view").expect(200).json();
        assertThat(purple.post(CLUSTER_ROLES, Json.print(before.deepCopy().without("metadata")).replaceFirst("\\{", "{\"metadata\":{\"name\":\"view\"},"))
                        .expect(409).at("reason")).isEqualTo("AlreadyExists");
        var changed = purple.patch(CLUSTER_ROLES + "/view", MERGE, "{\"metadata\":{\"labels\":{\"mine\":\"yes\"}}}").expect(200);
        assertThat(changed.at("metadata", "uid")).isEqualTo(Json.string(before, "metadata", "uid"));
        assertThat(purple.put(CLUSTER_ROLES + "/view", Json.print(before)).expect(409).at("reason")).isEqualTo("Conflict");
        assertThat(blue.get(CLUSTER_ROLES + "/view").json()).isEqualTo(before);
        assertThat(ObjectsTest.names(purple.get(CLUSTER_ROLES).json())).isEqualTo(roles);
        purple.delete(CLUSTER_ROLES + "/view").expect(200);
        purple.get(CLUSTER_ROLES + "/view").expect(404);
        purple.delete(CLUSTER_ROLES + "/edit").expect(200);
        purple.delete(CLUSTER_ROLES + "/edit").expect(404);
        assertThat(ObjectsTest.names(purple.get(CLUSTER_ROLES).json())).doesNotContain("view", "edit");
        blue.get(CLUSTER_ROLES + "/edit").expect(200);
        purple.post(CLUSTER_ROLES, role("view", rule("get", "", "services", ""))).expect(201);
        try (var watch = purple.watch(CLUSTER_ROLES + "?watch=true&resourceVersion=" + since + "&fieldSelector=metadata.name%3Dview")) {
            for (var type : new String[] {"MODIFIED", "DELETED", "ADDED"}) {
                assertThat(Json.string(watch.next(), "type")).isEqualTo(type);
            }
        }
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("brief")).expect(201);
        var brief = cluster.client("brief", "bo", "system:masters");
        brief.delete(CLUSTER_ROLES + "/view").expect(200);
        admin.patch("/apis/hypernetes.io/v1/tenants/brief", MERGE, "{\"metadata\":{\"finalizers\":null}}").expect(200);
        admin.delete("/apis/hypernetes.io/v1/tenants/brief").expect(200);
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("brief")).expect(201);
        cluster.client("brief", "bo", "system:masters").get(CLUSTER_ROLES + "/view").expect(200);
    }

    @Test
    void addOnsThatServeAnApiLearnHowToKnowClients() {
        var system = "/api/v1/namespaces/kube-system/configmaps/";
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("served")).expect(201);
        var served = cluster.client("served", "root", "system:masters");
        var told = served.get(system + "extension-apiserver-authentication").expect(200);
        assertThat(told.at("data", "client-ca-file")).isEqualTo(cluster.authorities.tenant("served").certificatePem());
        assertThat(told.json().path("data").propertyNames()).as("no front proxy is believed").containsExactly("client-ca-file");
        assertThat(admin.get(system + "extension-apiserver-authentication").expect(200).at("data", "client-ca-file"))
                .isEqualTo(cluster.authorities.root().certificatePem());
        // As charts of metrics-server, prometheus-adapter and cert-manager bind it.
        served.post(
                        "/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/rolebindings",
                        """
                        {"metadata":{"name":"metrics-server-auth-reader"},
                         "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"extension-apiserver-authentication-reader"},
                         "subjects":[{"kind":"ServiceAccount","name":"metrics-server","namespace":"kube-system"}]}""")
                .expect(201);
        for (var name : List.of("extension-apiserver-authentication", "kube-root-ca.crt")) {
            var review = served.post(
                            "/apis/authorization.k8s.io/v1/subjectaccessreviews",
                            """
                            {"spec":{"user":"system:serviceaccount:kube-system:metrics-server",
                             "resourceAttributes":{"verb":"get","resource":"configmaps","namespace":"kube-system","name":"%s"}}}""".formatted(name))
                    .expect(201);
            assertThat(Json.flag(review.json(), "status", "allowed")).isEqualTo(name.startsWith("extension"));
        }
        assertThat(ObjectsTest.names(served.get("/apis/rbac.authorization.k8s.io/v1/roles").expect(200).json()))
                .contains("extension-apiserver-authentication-reader");
        served.delete(system + "extension-apiserver-authentication").expect(200);
        await().untilAsserted(() -> served.get(system + "extension-apiserver-authentication").expect(200));
    }

    @Test
    void aMasterOfATenantCannotLockItselfOut() {
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("violet")).expect(201);
        var violet = cluster.client("violet", "vera", "system:masters");
        violet.delete(CLUSTER_BINDINGS + "/cluster-admin").expect(200);
        violet.delete(CLUSTER_ROLES + "/cluster-admin").expect(200);
        violet.get("/api/v1/secrets").expect(200);
        violet.post(CLUSTER_ROLES, role("mine", rule("*", "*", "*", ""))).expect(201);
        violet.post(CLUSTER_BINDINGS, binding("mine", "mine", "User", "val")).expect(201);
        cluster.client("violet", "val").get("/api/v1/secrets").expect(200);
        cluster.client("violet", "vic").get("/api/v1/secrets").expect(403);
        violet.get("/tenants/green/api/v1/secrets").expect(404);
        // Their names are no keys to other tenants.
        green.get("/tenants/violet/api/v1/secrets").expect(404);
    }

    @Test
    void nobodyGivesWhatTheyDoNotHave() {
        green.post(BINDINGS, binding("eve-administers", "admin", "User", "eve")).expect(201);
        var eve = cluster.client("green", "eve");
        eve.post(ROLES, role("pod-reader", rule("get,list", "", "pods", ""))).expect(201);
        assertThat(eve.post(ROLES, role("too-much", rule("get,escalate", "", "nodes", ""))).expect(403).at("message"))
                .isEqualTo("roles.rbac.authorization.k8s.io \"too-much\" is forbidden: user \"eve\" (groups=[\"system:authenticated\"])"
                        + " is attempting to grant RBAC permissions not currently held:\n"
                        + "{APIGroups:[\"\"], Resources:[\"nodes\"], Verbs:[\"escalate\"]}\n"
                        + "{APIGroups:[\"\"], Resources:[\"nodes\"], Verbs:[\"get\"]}");
        eve.post(BINDINGS, binding("mallory-reads", "Role/pod-reader", "User", "mallory")).expect(201);
        eve.post(BINDINGS, binding("mallory-edits", "edit", "User", "mallory")).expect(201);
        eve.post(BINDINGS, binding("mallory-rules", "cluster-admin", "User", "mallory")).expect(403);
        eve.post(BINDINGS, binding("mallory-none", "absent", "User", "mallory")).expect(404);
        eve.post(CLUSTER_BINDINGS, binding("mallory-everywhere", "view", "User", "mallory")).expect(403);
        eve.patch(ROLES + "/pod-reader", MERGE, "{\"rules\":[{\"verbs\":[\"*\"],\"apiGroups\":[\"*\"],\"resources\":[\"*\"]}]}").expect(403);
        eve.patch(ROLES + "/pod-reader", MERGE, "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}").expect(200);

        green.post(ROLES, role("binder", rule("bind", "rbac.authorization.k8s.io", "clusterroles", "cluster-admin"))).expect(201);
        green.post(BINDINGS, binding("eve-binds", "Role/binder", "User", "eve")).expect(201);
        eve.post(BINDINGS, binding("mallory-rules", "cluster-admin", "User", "mallory")).expect(201);
        cluster.client("green", "mallory").get("/api/v1/namespaces/default/secrets").expect(200);
        cluster.client("green", "mallory").get("/api/v1/secrets").expect(403);
    }

    @Test
    void rolesTakeInTheRulesOfOthers() {
        green.post(BINDINGS, binding("vic-views", "view", "User", "vic")).expect(201);
        var vic = cluster.client("green", "vic");
        vic.get("/apis/coordination.k8s.io/v1/namespaces/default/leases").expect(403);
        green.post(CLUSTER_ROLES, role("lease-view", rule("list", "coordination.k8s.io", "leases", ""))
                        .replace("\"name\":\"lease-view\"", "\"name\":\"lease-view\",\"labels\":{\"rbac.authorization.k8s.io/aggregate-to-view\":\"true\"}"))
                .expect(201);
        await().untilAsserted(() -> vic.get("/apis/coordination.k8s.io/v1/namespaces/default/leases").expect(200));
        await().untilAsserted(() -> assertThat(green.get(CLUSTER_ROLES + "/admin").text())
                .contains("{\"verbs\":[\"list\"],\"apiGroups\":[\"coordination.k8s.io\"],\"resources\":[\"leases\"]}"));
        green.delete(CLUSTER_ROLES + "/lease-view").expect(200);
        await().untilAsserted(() -> vic.get("/apis/coordination.k8s.io/v1/namespaces/default/leases").expect(403));
    }

    @Test
    void reviewsTellWhatRequestsWouldMeet() {
        green.post(BINDINGS, binding("rob-edits", "edit", "User", "rob")).expect(201);
        var rob = cluster.client("green", "rob");
        var ask = "{\"spec\":{%s\"resourceAttributes\":{\"verb\":\"%s\",\"resource\":\"%s\",\"namespace\":\"%s\"}}}";
        var self = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        assertThat(allowed(rob.post(self, ask.formatted("", "create", "pods", "default")))).isTrue();
        assertThat(allowed(rob.post(self, ask.formatted("", "create", "pods", "kube-system")))).isFalse();
        assertThat(allowed(green.post(self, ask.formatted("", "delete", "nodes", "")))).isTrue();
        var other = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
        var reply = green.post(other, ask.formatted("\"user\":\"rob\",", "create", "pods", "default"));
        assertThat(allowed(reply)).isTrue();
        assertThat(reply.at("status", "reason"))
                .isEqualTo("RBAC: allowed by RoleBinding \"rob-edits/default\" of ClusterRole \"edit\" to User \"rob\"");
        rob.post(other, ask.formatted("\"user\":\"rob\",", "create", "pods", "default")).expect(403);
        green.post(other, ask.formatted("", "create", "pods", "default")).expect(422);
        // As upstream's `pkg/apis/authorization/validation/validation.go`.
        assertThat(causes(green.post(other, "{\"metadata\":{\"name\":\"x\"},\"spec\":{}}"))).containsExactly(
                "spec.resourceAttributes: Invalid value: \"null\": exactly one of nonResourceAttributes or resourceAttributes must be specified",
                "spec.user: Invalid value: \"\": at least one of user or group must be specified",
                "metadata: Invalid value: {\"name\":\"x\"}: must be empty");
        // No generation is what Go has when nothing is said; a period of none is said.
        green.post(other, "{\"metadata\":{\"generation\":0},\"spec\":{\"user\":\"rob\",\"nonResourceAttributes\":{\"path\":\"/\",\"verb\":\"get\"}}}").expect(201);
        green.post(other, "{\"metadata\":{\"deletionGracePeriodSeconds\":0},\"spec\":{\"user\":\"rob\",\"nonResourceAttributes\":{\"path\":\"/\",\"verb\":\"get\"}}}").expect(422);
        assertThat(causes(green.post(self, "{\"spec\":{\"resourceAttributes\":{\"labelSelector\":{}},\"nonResourceAttributes\":{\"path\":\"/\"}}}"))).containsExactly(
                "spec.nonResourceAttributes: Invalid value: {\"path\":\"/\"}: cannot be specified in combination with resourceAttributes",
                "spec.resourceAttributes.labelSelector.requirements: Required value: when spec.resourceAttributes.labelSelector is specified, requirements or rawSelector is required");
        var local = "/apis/authorization.k8s.io/v1/namespaces/default/localsubjectaccessreviews";
        assertThat(causes(green.post(local, ask.formatted("\"user\":\"rob\",", "create", "pods", "other"))))
                .containsExactly("spec.resourceAttributes.namespace: Invalid value: \"other\": must match metadata.namespace");
        assertThat(causes(green.post(local, "{\"spec\":{\"user\":\"rob\",\"nonResourceAttributes\":{\"path\":\"/\"}}}")))
                .containsExactly("spec.nonResourceAttributes: Invalid value: {\"path\":\"/\"}: disallowed on this kind of request");
        // Nobody is a node or an operator because a tenant says so.
        assertThat(allowed(green.post(other, ask.formatted("\"user\":\"system:kube-controller-manager\",", "delete", "pods", "default")))).isFalse();
        assertThat(allowed(blue.post(other, ask.formatted("\"user\":\"rob\",", "create", "pods", "default")))).isFalse();
        assertThat(allowed(green.post(self, "{\"spec\":{\"nonResourceAttributes\":{\"verb\":\"get\",\"path\":\"/metrics\"}}}"))).isTrue();
        assertThat(allowed(rob.post(self, "{\"spec\":{\"nonResourceAttributes\":{\"verb\":\"get\",\"path\":\"/metrics\"}}}"))).isFalse();
        var rules = rob.post("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", "{\"spec\":{\"namespace\":\"default\"}}").expect(201).json();
        assertThat(rules.path("status").path("resourceRules").toString()).contains("pods/eviction", "selfsubjectreviews");
        assertThat(rules.path("status").path("nonResourceRules").toString()).contains("/version");
        assertThat(Json.flag(rules, "status", "incomplete")).isFalse();
    }

    @Test
    void whoMayImpersonateStaysInTheTenant() {
        green.post(BINDINGS, binding("ida-views", "view", "User", "ida")).expect(201);
        assertThat(as(green, "/apis/authentication.k8s.io/v1/selfsubjectreviews", "Impersonate-User", "ida", "Impersonate-Group", "g1",
                        "Impersonate-Extra-Reason", "test").expect(201).json().path("status").path("userInfo").toString())
                .isEqualTo("{\"username\":\"ida\",\"groups\":[\"g1\",\"system:authenticated\"],\"extra\":{\"reason\":[\"test\"]}}");
        see(green, configMaps("default"), 200, "Impersonate-User", "ida");
        see(green, configMaps("kube-system"), 403, "Impersonate-User", "ida");
        see(green, "/api/v1/secrets", 200, "Impersonate-User", "any", "Impersonate-Group", "system:masters");
        see(green, "/tenants/blue/api/v1/secrets", 404, "Impersonate-User", "any", "Impersonate-Group", "system:masters");
        see(green, "/tenants/*/api/v1/pods", 404, "Impersonate-User", "system:kube-scheduler");
        see(green, "/api/v1/secrets", 403, "Impersonate-User", "system:kube-scheduler");
        see(green, "/api/v1/pods", 400, "Impersonate-Group", "system:masters");
        var ida = cluster.client("green", "ida");
        assertThat(see(ida, "/api/v1/pods", 403, "Impersonate-User", "gina").at("message"))
                .isEqualTo("users \"gina\" is forbidden: User \"ida\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope");
        // An operator sees in a tenant what its people see.
        see(admin, "/tenants/green" + configMaps("default"), 200, "Impersonate-User", "ida");
        see(admin, "/tenants/green" + configMaps("kube-system"), 403, "Impersonate-User", "ida");
        see(admin, "/api/v1/nodes", 403, "Impersonate-User", "ida");
    }

    @Test
    void certificatesAreApprovedByWhoMayForTheSigner() {
        var requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
        var made = green.post(requests, signingRequest("nora", "devs")).expect(201).json();
        assertThat(Json.string(made, "spec", "username")).isEqualTo("gina");
        assertThat(green.post(requests, signingRequest("rooty", "system:masters")).expect(403).at("message"))
                .isEqualTo("certificatesigningrequests.certificates.k8s.io \"rooty\" is forbidden: use of kubernetes.io/kube-apiserver-client"
                        + " signer with system:masters group is not allowed");
        green.post(CLUSTER_ROLES, role("csr-writer", rule("get,update", "certificates.k8s.io", "certificatesigningrequests/approval", ""))).expect(201);
        green.post(CLUSTER_BINDINGS, binding("carl-writes", "csr-writer", "User", "carl")).expect(201);
        var carl = cluster.client("green", "carl");
        made.putObject("status").putArray("conditions").addObject()
                .put("type", "Approved").put("status", "True").put("reason", "test").put("message", "");
        assertThat(carl.put(requests + "/nora/approval", Json.print(made)).expect(403).at("message"))
                .endsWith("user not permitted to approve requests with signerName \"kubernetes.io/kube-apiserver-client\"");
        green.post(CLUSTER_BINDINGS, binding("carl-approves", "system:certificates.k8s.io:kube-apiserver-client-approver", "User", "carl")).expect(201);
        carl.put(requests + "/nora/approval", Json.print(made)).expect(200);
        blue.get(requests + "/nora").expect(404);
    }

    private static String signingRequest(String user, String group) {
        var pem = SigningRequest.create(CertificateAuthority.newKeyPair(new SecureRandom()), user, List.of(group));
        return "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"request\":\"%s\",\"signerName\":\"kubernetes.io/kube-apiserver-client\",\"usages\":[\"client auth\"]}}"
                .formatted(user, Base64.getEncoder().encodeToString(pem.getBytes(StandardCharsets.UTF_8)));
    }

    private static Cluster.Reply see(Cluster.Client client, String path, int code, String... headers) {
        return client.send(client.request(path).headers(headers).GET().build()).expect(code);
    }

    private static Cluster.Reply as(Cluster.Client client, String path, String... headers) {
        return client.send(client.request(path).headers(headers).POST(HttpRequest.BodyPublishers.ofString("{}")).build());
    }

    private static boolean allowed(Cluster.Reply reply) {
        ObjectNode review = reply.expect(201).json();
        return Json.flag(review, "status", "allowed");
    }

    private static String role(String name, String... rules) {
        return "{\"metadata\":{\"name\":\"" + name + "\"},\"rules\":[" + String.join(",", rules) + "]}";
    }

    private static String rule(String verbs, String group, String resource, String name) {
        return "{\"verbs\":[\"" + verbs.replace(",", "\",\"") + "\"],\"apiGroups\":[\"" + group + "\"],\"resources\":[\"" + resource + "\"]"
                + (name.isEmpty() ? "" : ",\"resourceNames\":[\"" + name + "\"]") + "}";
    }

    /// @param role a ClusterRole, or `Role/NAME`
    private static String binding(String name, String role, String kind, String subject) {
        boolean own = role.startsWith("Role/");
        return "{\"metadata\":{\"name\":\"%s\"},\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"%s\",\"name\":\"%s\"},"
                        .formatted(name, own ? "Role" : "ClusterRole", own ? role.substring(5) : role)
                + "\"subjects\":[{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"%s\",\"name\":\"%s\"}]}".formatted(kind, subject);
    }

    private static List<String> causes(Cluster.Reply reply) {
        return Json.objects(reply.expect(422).json().path("details"), "causes").stream()
                .map(cause -> Json.string(cause, "field") + ": " + Json.string(cause, "message"))
                .toList();
    }
}
