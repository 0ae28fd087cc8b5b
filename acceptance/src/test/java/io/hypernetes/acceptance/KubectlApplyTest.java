package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// What the stock kubectl knows of what was applied before: the last configuration, what is no longer in it, who owns which field.
@ExtendWith(SharedCluster.class)
class KubectlApplyTest {
    private static final String APPLY_SETS = "https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/#alternative-kubectl-apply-f-directory-prune";
    private static final Map<String, String> WITH_APPLY_SETS = Map.of("KUBECTL_APPLYSET", "true");
    private static final String SIDE = "https://kubernetes.io/docs/reference/using-api/server-side-apply/";
    private static final String MANAGERS = "get cm moved --show-managed-fields -o jsonpath={range~.metadata.managedFields[*]}{.manager}~{.operation}~{.fieldsV1}{\"\\n\"}{end}";

    private static KubectlSteps kubectl;

    @BeforeAll
    static void start(Cluster cluster) {
        kubectl = new KubectlSteps(cluster, "applied");
    }

    @AfterAll
    static void stop() {
        kubectl.close();
    }

    private static String configMap(String name, String data) {
        return "{apiVersion: v1, kind: ConfigMap, metadata: {name: %s}, data: {%s}}".formatted(name, data);
    }

    private static String configMaps(String labels, String... names) {
        return Arrays.stream(names).map(name -> "{apiVersion: v1, kind: ConfigMap, metadata: {name: %s, labels: {%s}}, data: {a: b}}".formatted(name, labels))
                .collect(Collectors.joining("\n---\n"));
    }

    @Test
    void theLastConfigurationIsSeenSetAndEdited() {
        kubectl.step("apply/apply.go", configMap("last", "a: b"), 0, "apply -f -", "configmap/last created");
        kubectl.step("apply/apply_view_last_applied.go", "apply view-last-applied cm last", "apiVersion: v1\ndata:\n  a: b\nkind: ConfigMap\nmetadata:\n  annotations: \\{}\n  name: last\n  namespace: applied");
        kubectl.step("apply/apply_view_last_applied.go", "apply view-last-applied cm/last -o json", "\\{\n +\"apiVersion\": \"v1\",\n +\"data\": \\{\n +\"a\": \"b\"\n.*}");
        kubectl.step("apply/apply_set_last_applied.go", configMap("last", "a: c"), 0, "apply set-last-applied -f -", "configmap/last configured");
        kubectl.step("apply/apply_set_last_applied.go", configMap("last", "a: c"), 0, "apply set-last-applied -f -", "set-last-applied last: no changes required.");
        kubectl.edit("apply/apply_edit_last_applied.go", "sed -i s/c$/d/", "apply edit-last-applied cm last", "configmap/last edited");
        kubectl.step("apply/apply_view_last_applied.go", "apply view-last-applied cm last", "apiVersion: v1\ndata:\n  a: d\nkind: ConfigMap\nmetadata:\n  name: last\n  namespace: applied");
        kubectl.step("get/get.go", "get cm last -o jsonpath={.data}", "\\{\"a\":\"b\"}");
        kubectl.step("create/create_configmap.go", "create configmap never", "configmap/never created");
        kubectl.step("apply/apply_view_last_applied.go", "apply view-last-applied cm never", "");
        kubectl.step("apply/apply_set_last_applied.go", configMap("never", "a: b"), 1, "apply set-last-applied -f -", ".*no last-applied-configuration annotation found on resource: never.*");
        kubectl.step("apply/apply_set_last_applied.go", configMap("never", "a: b"), 0, "apply set-last-applied --create-annotation -f -", "configmap/never configured");
        kubectl.step("delete/delete.go", "delete cm last never", "configmap \"last\" deleted.*");
    }

    @Test
    void whatIsNoLongerAppliedIsPruned() {
        kubectl.step("apply/prune.go", configMaps("set: pruned", "one", "two"), 0, "apply --prune -l set=pruned -f -", "configmap/one created\nconfigmap/two created");
        kubectl.step("create/create.go", configMaps("set: pruned", "made"), 0, "create -f -", "configmap/made created");
        kubectl.step("apply/prune.go", configMaps("set: pruned", "two", "three"), 0, "apply --prune -l set=pruned -f - --dry-run=server",
                "configmap/two unchanged \\(server dry run\\)\nconfigmap/three created \\(server dry run\\)\nconfigmap/one pruned \\(server dry run\\)");
        kubectl.step("apply/prune.go", configMaps("set: pruned", "two", "three"), 0, "apply --prune -l set=pruned -f -", "configmap/two unchanged\nconfigmap/three created\nconfigmap/one pruned");
        kubectl.step("apply/prune.go", configMaps("set: pruned", "three"), 0, "apply --prune -l set=pruned --prune-allowlist=core/v1/Secret -f -", "configmap/three unchanged");
        kubectl.step("get/get.go", "get cm -l set=pruned -o name", "configmap/made\nconfigmap/three\nconfigmap/two");
        kubectl.step("apply/apply.go", "", 1, "apply --prune --all -l set=pruned -f /dev/null", ".*cannot set --all and --selector at the same time");
        kubectl.step("delete/delete.go", "delete cm -l set=pruned", "configmap \"made\" deleted.*");
    }

    /// In a namespace of its own: it prunes whatever was applied.
    @Test
    void everythingThatIsNoLongerAppliedIsPruned(Cluster cluster) {
        try (KubectlSteps alone = new KubectlSteps(cluster, "applied-all")) {
            alone.step("apply/prune.go", configMaps("", "one", "two"), 0, "apply -f -", "configmap/one created\nconfigmap/two created");
            alone.step("apply/prune.go", configMaps("", "two"), 0, "apply --prune --all --prune-allowlist=core/v1/ConfigMap -f -", "configmap/two unchanged\nconfigmap/one pruned");
            alone.step("get/get.go", "get cm -o name", "configmap/kube-root-ca.crt\nconfigmap/two");
        }
    }

    @Test
    void anApplySetKnowsItsMembers() {
        kubectl.with(WITH_APPLY_SETS, APPLY_SETS, configMaps("", "a1", "a2"), "apply --prune --applyset=set -f -", "configmap/a1 created\nconfigmap/a2 created");
        kubectl.with(WITH_APPLY_SETS, APPLY_SETS, configMaps("", "a2", "a3"), "apply --prune --applyset=set -f - --dry-run=server",
                "configmap/a2 unchanged \\(server dry run\\)\nconfigmap/a3 created \\(server dry run\\)\nconfigmap/a1 pruned \\(server dry run\\)");
        kubectl.with(WITH_APPLY_SETS, APPLY_SETS, configMaps("", "a2", "a3"), "apply --prune --applyset=set -f -", "configmap/a2 unchanged\nconfigmap/a3 created\nconfigmap/a1 pruned");
        String id = kubectl.step(APPLY_SETS, "get secret set -o jsonpath={.metadata.labels.applyset\\.kubernetes\\.io/id}", "applyset-\\S+-v1");
        kubectl.step(APPLY_SETS, "get cm -l applyset.kubernetes.io/part-of=" + id + " -o name", "configmap/a2\nconfigmap/a3");
        kubectl.step(APPLY_SETS, "get secret set -o jsonpath={.metadata.annotations}", ".*\"applyset.kubernetes.io/contains-group-kinds\":\"ConfigMap\".*");
        kubectl.with(WITH_APPLY_SETS, APPLY_SETS, configMaps("", "a3"), "apply --server-side --force-conflicts --prune --applyset=set -f -", "configmap/a3 serverside-applied\nconfigmap/a2 pruned");
        kubectl.step("delete/delete.go", "delete secret/set cm/a3", "secret \"set\" deleted.*");
    }

    @Test
    void whatIsReplacedByForceIsMadeAnew() {
        kubectl.step("create/create.go", configMap("forced", "a: b"), 0, "create -f -", "configmap/forced created");
        String before = kubectl.step("get/get.go", "get cm forced -o jsonpath={.metadata.uid}", "\\S+");
        kubectl.step("replace/replace.go", configMap("forced", "a: c"), 0, "replace --force -f -", "configmap \"forced\" deleted.*\nconfigmap/forced replaced");
        assertThat(kubectl.step("get/get.go", "get cm forced -o jsonpath={.metadata.uid}", "\\S+")).as("replace/replace.go").isNotEqualTo(before);
        kubectl.step("get/get.go", "get cm forced -o jsonpath={.data.a}", "c");
        kubectl.step("delete/delete.go", "delete cm forced", "configmap \"forced\" deleted.*");
    }

    @Test
    void whatWasAppliedByTheClientIsAppliedByTheServer() {
        kubectl.step("apply/apply.go", configMap("moved", "a: b, c: d"), 0, "apply -f -", "configmap/moved created");
        kubectl.step(SIDE + "#field-management", MANAGERS, "kubectl-client-side-apply Update \\{.*\"f:a\":.*\"f:c\":.*\"f:kubectl.kubernetes.io/last-applied-configuration\":\\{}.*}");
        kubectl.step(SIDE + "#upgrading-from-client-side-apply-to-server-side-apply", configMap("moved", "a: b, c: d"), 0, "apply --server-side -f -", "configmap/moved serverside-applied");
        kubectl.step(SIDE + "#upgrading-from-client-side-apply-to-server-side-apply", MANAGERS,
                "kubectl Apply \\{\"f:data\":\\{\"f:a\":\\{},\"f:c\":\\{}}}\nkubectl-last-applied Apply \\{\"f:metadata\":\\{\"f:annotations\":\\{\"f:kubectl.kubernetes.io/last-applied-configuration\":\\{}}}}");
        kubectl.step(SIDE + "#upgrading-from-client-side-apply-to-server-side-apply", configMap("moved", "a: b"), 0, "apply --server-side -f -", "configmap/moved serverside-applied");
        kubectl.step("get/get.go", "get cm moved -o jsonpath={.data}", "\\{\"a\":\"b\"}");
        kubectl.step(SIDE + "#downgrading-from-server-side-apply-to-client-side-apply", configMap("moved", "e: f"), 0, "apply -f -", "configmap/moved configured");
        kubectl.step("get/get.go", "get cm moved -o jsonpath={.data}", "\\{\"e\":\"f\"}");
        kubectl.step("delete/delete.go", "delete cm moved", "configmap \"moved\" deleted.*");
    }

    /// kubectl asks the document of a kind for the type of patch that it sends.
    @Test
    void objectsOfDefinedKindsAreAppliedAgain() {
        String definition = """
                {apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: boats.applied.example.com},
                 spec: {group: applied.example.com, scope: Namespaced, names: {plural: boats, singular: boat, kind: Boat}, versions: [{name: v1, served: true, storage: true,
                  schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {oars: {type: integer}, sails: {type: integer}}}}}}}]}}
                """;
        kubectl.step("apply/apply.go", definition, 0, "apply -f -", "customresourcedefinition.apiextensions.k8s.io/boats.applied.example.com created");
        kubectl.step("wait/wait.go", "wait --for=condition=Established crd/boats.applied.example.com", ".* condition met");
        kubectl.step("apply/apply.go", boat("oars: 2, sails: 1"), 0, "apply -f -", "boat.applied.example.com/one created");
        kubectl.step("apply/apply.go", boat("oars: 4"), 0, "apply -f -", "boat.applied.example.com/one configured");
        kubectl.step("get/get.go", "get boat one -o jsonpath={.spec}", "\\{\"oars\":4}");
        kubectl.step("apply/apply.go", boat("oars: 4"), 0, "apply -f -", "boat.applied.example.com/one unchanged");
        kubectl.step("delete/delete.go", "delete crd boats.applied.example.com", "customresourcedefinition.* deleted");
    }

    private static String boat(String spec) {
        return "{apiVersion: applied.example.com/v1, kind: Boat, metadata: {name: one}, spec: {%s}}".formatted(spec);
    }
}
