package io.hypernetes.objects.kind;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// What is stored of storage for drivers that are not there, and what pods are scheduled by.
class StorageRulesTest {
    private static final Kinds KINDS = Kinds.load();
    private static final String STORAGE = "storage.k8s.io/v1";

    private static ObjectNode made(String apiVersion, String kind, String members) {
        Kind rules = KINDS.get(apiVersion, kind);
        ObjectNode object = Json.readObject("{'apiVersion':'%s','kind':'%s','metadata':{'name':'x'%s},%s}"
                .formatted(apiVersion, kind, rules.type().namespaced() ? ",'namespace':'d'" : "", members).replace('\'', '"'));
        rules.setDefaults(object);
        rules.prepareCreate(object);
        return object;
    }

    private static List<String> problems(String apiVersion, String kind, String members) {
        return KINDS.get(apiVersion, kind).validateCreate(made(apiVersion, kind, members)).stream().map(FieldError::text).toList();
    }

    private static List<String> change(String kind, String before, String after) {
        ObjectNode old = made(STORAGE, kind, before);
        ObjectNode updated = made(STORAGE, kind, after);
        Kind rules = KINDS.get(STORAGE, kind);
        rules.prepareUpdate(updated, old, null);
        return rules.validateUpdate(updated, old, null).stream().map(FieldError::text).toList();
    }

    @Test
    void whereClassesLetVolumesBe() {
        String type = "'provisioner':'p','allowedTopologies':[{'matchLabelExpressions':[%s]},{'matchLabelExpressions':[{'key':'a','values':['b']}]}]";
        assertThat(problems(STORAGE, "StorageClass", type.formatted("{'key':'a','values':['c']},{'key':'b','values':['b']}"))).isEmpty();
        assertThat(problems(STORAGE, "StorageClass", type.formatted("{'key':'a','values':['b','b']}"))).containsExactly(
                "allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: \"b\"",
                "allowedTopologies[1].matchLabelExpressions: Duplicate value: \"\"");
        assertThat(problems(STORAGE, "StorageClass", type.formatted("{'key':'a','values':[]},{'key':'a','values':['c']}"))).containsExactly(
                "allowedTopologies[0].matchLabelExpressions[0].values: Required value",
                "allowedTopologies[0].matchLabelExpressions[1].key: Duplicate value: \"a\"");
        assertThat(problems(STORAGE, "StorageClass", "'provisioner':'P_','reclaimPolicy':'','allowedTopologies':[{}]")).satisfiesExactly(
                name -> assertThat(name).startsWith("provisioner: Invalid value: \"p_\": name part must consist of"),
                nothing -> assertThat(nothing).isEqualTo("allowedTopologies[0].matchLabelExpressions: Duplicate value: \"\""));
        assertThat(change("StorageClass", "'provisioner':'p'", "'provisioner':'p','volumeBindingMode':'WaitForFirstConsumer'"))
                .containsExactly("volumeBindingMode: Invalid value: \"WaitForFirstConsumer\": field is immutable");
    }

    @Test
    void driversAndTheirTokens() {
        assertThat(problems(STORAGE, "CSIDriver", "'spec':{'tokenRequests':[{'audience':'a','expirationSeconds':600},{'audience':'b'}],'nodeAllocatableUpdatePeriodSeconds':10}")).isEmpty();
        assertThat(problems(STORAGE, "CSIDriver", "'spec':{'tokenRequests':[{'audience':'a','expirationSeconds':599},{'audience':'a'}],'nodeAllocatableUpdatePeriodSeconds':9}"))
                .containsExactly(
                        "spec.tokenRequests[0].expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes",
                        "spec.tokenRequests[1].audience: Duplicate value: \"a\"",
                        "spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds");
        assertThat(problems(STORAGE, "CSIDriver", "'spec':{'volumeLifecycleModes':['Odd'],'serviceAccountTokenInSecrets':false}")).containsExactly(
                "spec.volumeLifecycleModes: Unsupported value: \"Odd\": supported values: \"Persistent\", \"Ephemeral\"",
                "spec.serviceAccountTokenInSecrets: Invalid value: false: serviceAccountTokenInSecrets is set but no tokenRequests are specified");
        assertThat(change("CSIDriver", "'spec':{}", "'spec':{'attachRequired':false}")).containsExactly("spec.attachedRequired: Invalid value: false: field is immutable");
    }

    @Test
    void driversOfANode() {
        String driver = "'spec':{'drivers':[{'name':'a.b','nodeID':'%s','topologyKeys':[%s]%s}]}";
        assertThat(problems(STORAGE, "CSINode", driver.formatted("n", "'zone'", ""))).isEmpty();
        assertThat(problems(STORAGE, "CSINode", driver.formatted("", "'zone','zone'", ",'allocatable':{'count':-1}"))).containsExactly(
                "spec.drivers[0].nodeID: Required value",
                "spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0",
                "spec.drivers[0]: Duplicate value: \"zone\"");
        assertThat(problems(STORAGE, "CSINode", "'spec':{'drivers':[{'name':'a.b','nodeID':'n'},{'name':'a.b','nodeID':'n'}]}"))
                .containsExactly("spec.drivers[1].name: Duplicate value: \"a.b\"");
        assertThat(change("CSINode", driver.formatted("n", "", ""), driver.formatted("n", "", ",'allocatable':{'count':5}"))).isEmpty();
        assertThat(change("CSINode", driver.formatted("n", "", ""), driver.formatted("m", "", ""))).singleElement().asString()
                .startsWith("spec.drivers: Invalid value: ").endsWith("field is immutable");
        String two = "'spec':{'drivers':[{'name':'%s','nodeID':'n'},{'name':'%s','nodeID':'%s'}]}";
        assertThat(change("CSINode", two.formatted("a.b", "c.d", "m"), two.formatted("c.d", "e.f", "o"))).singleElement().asString().contains("\"c.d\"");
        assertThat(change("CSINode", two.formatted("a.b", "c.d", "n"), two.formatted("c.d", "a.b", "n"))).isEmpty();
    }

    @Test
    void capacitiesAndAttributes() {
        assertThat(problems(STORAGE, "CSIStorageCapacity", "'storageClassName':'c','capacity':'1Gi'")).isEmpty();
        assertThat(problems(STORAGE, "CSIStorageCapacity", "'storageClassName':'c','capacity':'-1'"))
                .containsExactly("capacity: Invalid value: \"-1\": must be greater than or equal to 0");
        assertThat(problems(STORAGE, "CSIStorageCapacity", "'storageClassName':'C'")).singleElement().asString().startsWith("storageClassName: Invalid value: \"C\"");
        assertThat(change("CSIStorageCapacity", "'storageClassName':'c'", "'storageClassName':'d'")).containsExactly("storageClassName: Invalid value: \"d\": field is immutable");
        assertThat(problems(STORAGE, "VolumeAttributesClass", "'driverName':'d'")).containsExactly("parameters: Required value: must contain at least one key/value pair");
        assertThat(change("VolumeAttributesClass", "'driverName':'d','parameters':{'a':'b'}", "'driverName':'e','parameters':{'a':'c'}"))
                .containsExactly("driverName: Forbidden: updates to driverName are forbidden.", "parameters: Forbidden: updates to parameters are forbidden.");
    }

    @Test
    void whatIsAttached() {
        String attachment = "'spec':{'attacher':'%s','nodeName':'n','source':{%s}}";
        assertThat(problems(STORAGE, "VolumeAttachment", attachment.formatted("a.b", "'persistentVolumeName':'v'"))).isEmpty();
        assertThat(problems(STORAGE, "VolumeAttachment", attachment.formatted("a.b", "'persistentVolumeName':'v','inlineVolumeSpec':{}")))
                .containsExactly("spec.source: Forbidden: must specify exactly one of inlineVolumeSpec and persistentVolumeName");
        assertThat(problems(STORAGE, "VolumeAttachment", attachment.formatted("a.b", "'persistentVolumeName':''")))
                .satisfiesExactly(
                        none -> assertThat(none).isEqualTo("spec.source.persistentVolumeName: Required value: must specify non empty persistentVolumeName"),
                        form -> assertThat(form).startsWith("spec.source.persistentVolumeName: Invalid value: \"\": a lowercase RFC 1123 subdomain"));
        assertThat(problems(STORAGE, "VolumeAttachment", attachment.formatted("a_b", "'persistentVolumeName':'v'"))).singleElement().asString()
                .startsWith("spec.attacher: Invalid value: \"a_b\"");
    }

    /// As validateVolumeError, whose limit is that of messages since upstream's pull request 136436.
    @Test
    void whatIsToldOfAnAttachment() {
        String spec = "'attacher':'a.b','nodeName':'n','source':{'persistentVolumeName':'v'}";
        String failed = "'attached':false,'attachError':{'message':'%s','errorCode':-1}";
        assertThat(StatusRulesTest.told(STORAGE, "VolumeAttachment", spec, "", failed.formatted("x".repeat(1025)))).containsExactly(
                "status.attachError.message: Too long: may not be more than 1024 bytes",
                "status.attachError.errorCode: Invalid value: -1: must be between 0 and 2147483647, inclusive");
        assertThat(StatusRulesTest.told(STORAGE, "VolumeAttachment", spec, failed.formatted("a"), failed.formatted("a").replace("false", "true"))).isEmpty();
    }

    @Test
    void classesOfPods() {
        String runtime = "'handler':'h','overhead':{'podFixed':{'%s':'%s'}},'scheduling':{'tolerations':[{'key':'a','operator':'%s'}]}";
        assertThat(problems("node.k8s.io/v1", "RuntimeClass", runtime.formatted("cpu", "1", "Exists"))).isEmpty();
        assertThat(problems("node.k8s.io/v1", "RuntimeClass", runtime.formatted("cpu", "-1", "Odd"))).satisfiesExactly(
                each -> assertThat(each).isEqualTo("overhead.limits[cpu]: Invalid value: \"-1\": must be greater than or equal to 0"),
                each -> assertThat(each).startsWith("scheduling.tolerations[0].operator: Unsupported value: \"Odd\""));
        assertThat(problems("scheduling.k8s.io/v1", "PriorityClass", "'value':1,'preemptionPolicy':'Odd'"))
                .containsExactly("preemptionPolicy: Unsupported value: \"Odd\": supported values: \"PreemptLowerPriority\", \"Never\"");
        String reserved = "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: ";
        Kind kind = KINDS.get("scheduling.k8s.io/v1", "PriorityClass");
        for (String[] each : new String[][] {
            {"system-mine", "1", "false", "system-mine is not a known system priority class"},
            {"system-node-critical", "1", "false", "value of system-node-critical PriorityClass must be 2000001000"},
            {"system-node-critical", "2000001000", "true", "globalDefault of system-node-critical PriorityClass must be false"},
        }) {
            ObjectNode type = made("scheduling.k8s.io/v1", "PriorityClass", "'value':" + each[1] + ",'globalDefault':" + each[2]);
            Json.child(type, "metadata").put("name", each[0]);
            assertThat(kind.validateCreate(type).stream().map(FieldError::text)).containsExactly(reserved + each[3]);
        }
    }
}
