package io.hypernetes.objects.kind;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// What may be told in `status`, as upstream's functions `Validate...StatusUpdate` have it.
class StatusRulesTest {
    private static final Kinds KINDS = Kinds.load();

    private static ObjectNode read(String text) {
        return Json.readObject(text.replace('\'', '"'));
    }

    /// What is wrong with a write of `now` to the status of an object whose status is `before`.
    static List<String> told(String apiVersion, String kind, String spec, String before, String now) {
        Kind rules = KINDS.get(apiVersion, kind);
        ObjectNode old = read("{'metadata':{'name':'x'%s},'spec':{%s},'status':{%s}}"
                .formatted(rules.type().namespaced() ? ",'namespace':'d'" : "", spec, before));
        ObjectNode updated = old.deepCopy();
        updated.set("status", read("{" + now + "}"));
        return rules.validateUpdate(updated, old, "status").stream().map(FieldError::text).toList();
    }

    @ParameterizedTest
    @CsvSource({
        "apps/v1,ReplicaSet,readyReplicas", "apps/v1,Deployment,readyReplicas", "apps/v1,StatefulSet,status.readyReplicas", "v1,ReplicationController,readyReplicas"
    })
    void partsAreNotMoreThanTheWhole(String apiVersion, String kind, String ready) {
        assertThat(told(apiVersion, kind, "", "", "'replicas':2,'readyReplicas':2,'availableReplicas':1")).isEmpty();
        assertThat(told(apiVersion, kind, "", "", "'replicas':-1")).first().isEqualTo("status.replicas: Invalid value: -1: must be greater than or equal to 0");
        assertThat(told(apiVersion, kind, "", "", "'replicas':2,'readyReplicas':3,'availableReplicas':4")).containsExactly(
                "status.readyReplicas: Invalid value: 3: cannot be greater than status.replicas",
                "status.availableReplicas: Invalid value: 4: cannot be greater than status.replicas",
                "status.availableReplicas: Invalid value: 4: cannot be greater than " + ready);
    }

    @ParameterizedTest
    @CsvSource({"Deployment", "StatefulSet", "DaemonSet"})
    void collisionsAreCountedUp(String kind) {
        assertThat(told("apps/v1", kind, "", "'collisionCount':1", "'collisionCount':2")).isEmpty();
        assertThat(told("apps/v1", kind, "", "'collisionCount':1", "")).containsExactly("status.collisionCount: Invalid value: 0: cannot be decremented");
    }

    @Test
    void numbersOfDaemonsAutoscalersAndBudgetsAreNotNegative() {
        assertThat(told("apps/v1", "DaemonSet", "", "", "'numberReady':-1")).containsExactly("status.numberReady: Invalid value: -1: must be greater than or equal to 0");
        for (String version : List.of("autoscaling/v1", "autoscaling/v2")) {
            assertThat(told(version, "HorizontalPodAutoscaler", "", "", "'desiredReplicas':-1"))
                    .containsExactly("status.desiredReplicas: Invalid value: -1: must be greater than or equal to 0");
        }
        assertThat(told("policy/v1", "PodDisruptionBudget", "", "", "'expectedPods':-1,'conditions':[{'type':'A','status':'Odd','reason':'a b'}]")).satisfiesExactly(
                status -> assertThat(status).isEqualTo("status.conditions[0].status: Unsupported value: \"Odd\": supported values: \"False\", \"True\", \"Unknown\""),
                time -> assertThat(time).isEqualTo("status.conditions[0].lastTransitionTime: Required value: must be set"),
                reason -> assertThat(reason).startsWith("status.conditions[0].reason: Invalid value: \"a b\": a condition reason must start with alphabetic character"),
                count -> assertThat(count).isEqualTo("status.expectedPods: Invalid value: -1: must be greater than or equal to 0"));
    }

    @Test
    void whereABalancerIs() {
        assertThat(told("v1", "Service", "'type':'ClusterIP'", "", "'loadBalancer':{'ingress':[{'hostname':'a'}]}"))
                .containsExactly("status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'");
        assertThat(told("v1", "Service", "'type':'LoadBalancer'", "", "'loadBalancer':{'ingress':[{'ip':'010.0.0.1','ipMode':'Odd'},{'ipMode':'VIP','hostname':'1.2.3.4'},{'ip':'1.2.3.4'}]}"))
                .containsExactly(
                        "status.loadBalancer.ingress[0].ip: Invalid value: \"010.0.0.1\": must not have leading 0s",
                        "status.loadBalancer.ingress[0].ipMode: Unsupported value: \"Odd\": supported values: \"Proxy\", \"VIP\"",
                        "status.loadBalancer.ingress[1].ipMode: Forbidden: may not be specified when `ip` is not set",
                        "status.loadBalancer.ingress[1].hostname: Invalid value: \"1.2.3.4\": must be a DNS name, not an IP address",
                        "status.loadBalancer.ingress[2].ipMode: Required value: must be specified when `ip` is set");
        assertThat(told("networking.k8s.io/v1", "Ingress", "", "", "'loadBalancer':{'ingress':[{'ip':'odd'}]}"))
                .containsExactly("status.loadBalancer.ingress[0].ip: Invalid value: \"odd\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
    }

    private static String container(String name, String state) {
        return "{'name':'" + name + "','state':{" + state + "}}";
    }

    @ParameterizedTest
    @CsvSource({"Never,0,false", "Never,1,false", "OnFailure,0,false", "OnFailure,1,true", "Always,0,true"})
    void whatHasEndedForEverDoesNotRunAgain(String restart, int code, boolean again) {
        String ended = container("c", "'terminated':{'exitCode':" + code + "}");
        String running = container("c", "'running':{}");
        for (String list : List.of("containerStatuses", "initContainerStatuses")) {
            assertThat(told("v1", "Pod", "'restartPolicy':'" + restart + "'", "'" + list + "':[" + ended + "]", "'" + list + "':[" + running + "]"))
                    .isEqualTo(again ? List.of() : List.of("status." + list + "[0].state: Forbidden: may not be transitioned to non-terminated state"));
        }
        assertThat(told("v1", "Pod", "'restartPolicy':'Always'", "'ephemeralContainerStatuses':[" + ended + "]", "'ephemeralContainerStatuses':[" + running + "]"))
                .containsExactly("status.ephemeralContainerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state");
        assertThat(told("v1", "Pod", "'restartPolicy':'Never','initContainers':[{'name':'c','restartPolicy':'Always'}]",
                        "'initContainerStatuses':[" + ended + "]", "'initContainerStatuses':[" + running + "]")).as("a sidecar").isEmpty();
    }

    @Test
    void whereAPodIs() {
        assertThat(told("v1", "Pod", "", "'qosClass':'Burstable'", "'qosClass':'Guaranteed','nominatedNodeName':'N','conditions':[{'type':'Ready'},{'type':'a b'}]")).satisfiesExactly(
                condition -> assertThat(condition).startsWith("metadata.conditions[1].Type: Invalid value: \"a b\": "),
                node -> assertThat(node).startsWith("status.nominatedNodeName: Invalid value: \"N\": "),
                qos -> assertThat(qos).isEqualTo("status.qosClass: Invalid value: \"Guaranteed\": field is immutable"));
        assertThat(told("v1", "Pod", "", "", "'podIPs':[{'ip':'10.0.0.1'},{'ip':'10.0.0.1'}],'hostIPs':[{'ip':'01.0.0.1'},{'ip':'::1'}]")).containsExactly(
                "status.podIPs[1]: Duplicate value: {\"ip\":\"10.0.0.1\"}",
                "status.podIPs: Invalid value: [{\"ip\":\"10.0.0.1\"},{\"ip\":\"10.0.0.1\"}]: may specify no more than one IP for each IP family",
                "status.hostIPs[0]: Invalid value: \"01.0.0.1\": must not have leading 0s");
        assertThat(told("v1", "Pod", "'resourceClaims':[{'name':'a'}]", "", "'resourceClaimStatuses':[{'name':'a'},{'name':'b'}]")).containsExactly(
                "status.resourceClaimStatuses[1].name: Invalid value: \"b\": must match the name of an entry in `spec.resourceClaims`");
    }

    @Test
    void aPodWithAnOddConditionCanBeToldOf() {
        String odd = "{'type':'a b','status':'True'}";
        assertThat(told("v1", "Pod", "", "'conditions':[" + odd + "]", "'phase':'Running','conditions':[" + odd + "]")).isEmpty();
        assertThat(told("v1", "Pod", "", "'conditions':[" + odd + "]", "'conditions':[" + odd + ",{'type':'c d','status':'True'}]")).singleElement().asString()
                .startsWith("metadata.conditions[1].Type: Invalid value: \"c d\": ");
        // The kubelet puts its own before those of others.
        assertThat(told("v1", "Pod", "", "'conditions':[" + odd + ",{'type':'e f','status':'True'}]", "'conditions':[{'type':'Ready','status':'True'},{'type':'e f','status':'True'}," + odd + "]"))
                .isEmpty();
    }

    @Test
    void whatANodeHas() {
        assertThat(told("v1", "Node", "", "", "'capacity':{'pods':'500m','cpu':'-1'},'addresses':[{'type':'Hostname','address':'a'},{'type':'Hostname','address':'a'}]"))
                .containsExactlyInAnyOrder(
                        "status.addresses[1]: Duplicate value: {\"type\":\"Hostname\",\"address\":\"a\"}",
                        "status.capacity.pods: Invalid value: \"500m\": must be an integer",
                        "status.capacity.cpu: Invalid value: \"-1\": must be greater than or equal to 0");
        Kind rules = KINDS.get("v1", "Node");
        ObjectNode old = read("{'metadata':{'name':'x'},'spec':{'podCIDRs':['10.0.0.0/24']}}");
        ObjectNode node = read("{'metadata':{'name':'x'},'spec':{'podCIDRs':['10.0.1.0/24'],'taints':[{'key':'a','effect':'NoSchedule'},{'key':'a','effect':'NoSchedule'}]}}");
        assertThat(rules.validateUpdate(node, old, null).stream().map(FieldError::text).toList()).containsExactly(
                "metadata.taints[1]: Duplicate value: {\"key\":\"a\",\"effect\":\"NoSchedule\"}: taints must be unique by key and effect pair",
                "spec.podCIDRs: Forbidden: node updates may not change podCIDR except from \"\" to valid");
    }

    /// As ValidateNode and ValidateNodeUpdate of upstream's `pkg/apis/core/validation/validation.go`.
    @Test
    void theAddressesOfANodesPodsAreRangesOfDifferentFamilies() {
        Kind rules = KINDS.get("v1", "Node");
        String node = "{'metadata':{'name':'x'},'spec':{%s}}";
        assertThat(rules.validateCreate(read(node.formatted("'podCIDRs':['10.0.0.0/24','fd00::/64']")))).isEmpty();
        assertThat(texts(rules.validateCreate(read(node.formatted("'podCIDR':'10.0.0.1/24'")))))
                .containsExactly("spec.podCIDRs[0]: Invalid value: \"10.0.0.1/24\": must not have bits set beyond the prefix length");
        assertThat(texts(rules.validateCreate(read(node.formatted("'podCIDRs':['10.0.0.0/24','10.0.0.0/24'],'taints':[{'key':'a','effect':'x'}]"))))).containsExactly(
                "metadata.taints[0].effect: Unsupported value: \"x\": supported values: \"NoSchedule\", \"PreferNoSchedule\", \"NoExecute\"",
                "spec.podCIDRs: Invalid value: [\"10.0.0.0/24\",\"10.0.0.0/24\"]: may specify no more than one CIDR for each IP family",
                "spec.podCIDRs[1]: Duplicate value: \"10.0.0.0/24\"");
        assertThat(texts(rules.validateCreate(read(node.formatted("'podCIDRs':['10.0.0.0/24','odd']"))))).containsExactly(
                "spec.podCIDRs[1]: Invalid value: \"odd\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
                "spec.podCIDRs: Internal error: invalid PodCIDRs. failed to check with dual stack with error:failed to parse cidr value:\"odd\" with error:invalid CIDR address: odd",
                "spec.podCIDRs: Invalid value: [\"10.0.0.0/24\",\"odd\"]: may specify no more than one CIDR for each IP family");
        // What was stored when less was asked may be cordoned.
        ObjectNode old = read(node.formatted("'podCIDRs':['10.0.0.1/24']"));
        ObjectNode cordoned = read(node.formatted("'podCIDRs':['10.0.0.1/24'],'unschedulable':true"));
        assertThat(rules.validateUpdate(cordoned, old, null)).isEmpty();
        ObjectNode renamed = read(node.formatted("'podCIDRs':['10.0.0.1/24'],'externalID':'a'"));
        assertThat(texts(rules.validateUpdate(renamed, old, null))).containsExactly("spec.externalID: Forbidden: may not be updated");
    }

    private static List<String> texts(List<FieldError> errors) {
        return errors.stream().map(FieldError::text).toList();
    }

    /// As upstream, to which `podCIDR` is the first of `podCIDRs` (`pkg/apis/core/v1/conversion.go`).
    @ParameterizedTest
    @CsvSource({"'10.0.1.0/24',false", "'10.0.0.0/24',true", "'',false"})
    void theAddressesOfANodesPodsStay(String now, boolean allowed) {
        Kind rules = KINDS.get("v1", "Node");
        for (String all : List.of("", ",'podCIDRs':['10.0.0.0/24']")) {
            ObjectNode old = read("{'metadata':{'name':'x'},'spec':{'podCIDR':'10.0.0.0/24'" + all + "}}");
            ObjectNode node = read("{'metadata':{'name':'x'},'spec':{'podCIDR':'" + now + "'" + all + "}}");
            // Where there is the list, it says what the one does not.
            boolean listed = now.isEmpty() && !all.isEmpty();
            assertThat(rules.validateUpdate(node, old, null).stream().map(FieldError::text).toList()).isEqualTo(allowed || listed
                    ? List.of() : List.of("spec.podCIDRs: Forbidden: node updates may not change podCIDR except from \"\" to valid"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"'podCIDR':'10.0.0.0/24'", "'podCIDRs':['10.0.0.0/24']", "'podCIDR':'','podCIDRs':['10.0.0.0/24']"})
    void theAddressesOfANodesPodsAreKeptInBothForms(String named) {
        Kind rules = KINDS.get("v1", "Node");
        ObjectNode old = read("{'metadata':{'name':'x'},'spec':{'podCIDR':'10.0.0.0/24','podCIDRs':['10.0.0.0/24']}}");
        ObjectNode node = read("{'metadata':{'name':'x'},'spec':{" + named + "}}");
        rules.prepareUpdate(node, old, null);
        assertThat(rules.validateUpdate(node, old, null)).isEmpty();
        assertThat(node.path("spec")).isEqualTo(old.path("spec"));
    }

    @Test
    void howClaimsAndNamespacesStand() {
        assertThat(told("v1", "PersistentVolumeClaim", "", "", "'capacity':{'storage':'-1'},'allocatedResources':{'cpu':'1','storage':'-1'},'allocatedResourceStatuses':{'storage':'Odd'}"))
                .containsExactly(
                        "status.capacity[storage]: Invalid value: \"-1\": must be a valid resource quantity",
                        "status.allocatedResourceStatus: Unsupported value: \"storage\": supported values: \"ControllerResizeInProgress\", \"ControllerResizeInfeasible\","
                                + " \"NodeResizeInProgress\", \"NodeResizeInfeasible\", \"NodeResizePending\"",
                        "status.allocatedResources: Unsupported value: \"cpu\": supported values: \"storage\"",
                        "status.allocatedResources[storage]: Invalid value: \"-1\": must be a valid resource quantity");
        assertThat(told("v1", "Namespace", "", "'phase':'Active'", "'phase':'Terminating'"))
                .containsExactly("status.Phase: Invalid value: \"Terminating\": may only be 'Active' if `deletionTimestamp` is empty");
    }

    /// What is wrong with a change of a request's state.
    private static List<String> signed(String subresource, String before, String now) {
        Kind rules = KINDS.get("certificates.k8s.io/v1", "CertificateSigningRequest");
        ObjectNode old = read("{'metadata':{'name':'x'},'spec':{},'status':{" + before + "}}");
        ObjectNode updated = read("{'metadata':{'name':'x'},'spec':{},'status':{" + now + "}}");
        return rules.validateUpdate(updated, old, subresource).stream().map(FieldError::text).toList();
    }

    @Test
    void whoSignsDoesNotApprove() {
        String approved = "'conditions':[{'type':'Approved','status':'True'}]";
        assertThat(signed("approval", "", approved)).isEmpty();
        assertThat(signed("status", "", approved)).containsExactly("status.conditions: Forbidden: updates may not add a condition of type \"Approved\"");
        assertThat(signed("status", approved, approved.replace("'True'", "'True','reason':'r'")))
                .containsExactly("status.conditions: Forbidden: updates may not modify a condition of type \"Approved\"");
        assertThat(signed("approval", approved, "'conditions':[{'type':'Denied','status':'False'},{'type':'Approved','status':'True'},{'status':'x'}]")).containsExactly(
                "status.conditions[0].status: Unsupported value: \"False\": supported values: \"True\"",
                "status.conditions[1].type: Invalid value: \"Approved\": Approved and Denied conditions are mutually exclusive",
                "status.conditions[2].type: Required value",
                "status.conditions[2].status: Unsupported value: \"x\": supported values: \"False\", \"True\", \"Unknown\"");
        assertThat(signed("status", "", "'certificate':'eA=='"))
                .containsExactly("status.certificate: Invalid value: \"<certificate data>\": must contain at least one CERTIFICATE PEM block");
        assertThat(signed("status", "'certificate':'eA=='", "'certificate':'eQ=='")).contains("status.certificate: Forbidden: updates may not modify existing certificate content");
    }

    @Test
    void signersAreNamedByDomains() {
        Kind rules = KINDS.get("certificates.k8s.io/v1", "CertificateSigningRequest");
        ObjectNode request = read("{'metadata':{'name':'a/b'},'spec':{'request':'" + CertificateRequestTest.ENCODED + "','usages':['any'],'signerName':'one/_'}}");
        assertThat(rules.validateCreate(request).stream().map(FieldError::text).toList()).satisfiesExactly(
                name -> assertThat(name).isEqualTo("metadata.name: Invalid value: \"a/b\": may not contain '/'"),
                domain -> assertThat(domain).isEqualTo("spec.signerName: Invalid value: \"one\": should be a domain with at least two segments separated by dots"),
                path -> assertThat(path).startsWith("spec.signerName: Invalid value: \"_\": validating label \"_\": "));
    }

    @Test
    void eventsOfBothForms() {
        Kind core = KINDS.get("v1", "Event");
        ObjectNode event = read("{'metadata':{'name':'x','namespace':'d'},'involvedObject':{'namespace':'e'},'eventTime':'2026-05-01T00:00:00.000000Z','reportingComponent':'a b','message':'"
                + "m".repeat(1025) + "'}");
        assertThat(core.validateCreate(event).stream().map(FieldError::text).toList()).satisfiesExactly(
                controller -> assertThat(controller).startsWith("reportingComponent: Invalid value: \"a b\": "),
                instance -> assertThat(instance).isEqualTo("reportingInstance: Required value"),
                action -> assertThat(action).isEqualTo("action: Required value"),
                reason -> assertThat(reason).isEqualTo("reason: Required value"),
                message -> assertThat(message).isEqualTo("message: Invalid value: \"\": can have at most 1024 characters"));
        Kind rules = KINDS.get("events.k8s.io/v1", "Event");
        ObjectNode old = read("{'metadata':{'name':'x','namespace':'d'},'regarding':{'namespace':'d'},'deprecatedCount':1,'series':{'count':1}}");
        assertThat(rules.validateCreate(old).stream().map(FieldError::text).toList()).containsExactly(
                "series.count: Invalid value: \"\": should be at least 2",
                "series.lastObservedTime: Required value",
                "eventTime: Required value",
                "type: Invalid value: \"\": has invalid value: ",
                "count: Invalid value: \"\": needs to be unset");
        ObjectNode fresh = read("{'metadata':{'name':'x','namespace':'d'},'regarding':{'namespace':'d'},'eventTime':'2026-05-01T00:00:00.000000Z',"
                + "'reportingInstance':'i','action':'a','reason':'r','type':'Normal'}");
        assertThat(rules.validateCreate(fresh).stream().map(FieldError::text).toList()).as("each form calls the reporter by its own name").first().isEqualTo("reportingController: Required value");
        ObjectNode updated = old.deepCopy().put("note", "n").put("reportingController", "");
        assertThat(rules.validateUpdate(updated, old, null).stream().map(FieldError::text).toList())
                .containsExactly("message: Invalid value: \"n\": field is immutable");
    }

    @Test
    void flowsAndLevels() {
        Kind flows = KINDS.get("flowcontrol.apiserver.k8s.io/v1", "FlowSchema");
        ObjectNode flow = read("{'metadata':{'name':'x'},'spec':{'matchingPrecedence':1,'distinguisherMethod':{'type':'Odd'},'priorityLevelConfiguration':{'name':'l'},"
                + "'rules':[{'subjects':[{'kind':'User','group':{'name':'g'}}],'resourceRules':[{'verbs':['*','get'],'apiGroups':['*'],'resources':['*']}],"
                + "'nonResourceRules':[{'verbs':['odd'],'nonResourceURLs':['/a*']}]}]}}");
        assertThat(flows.validateCreate(flow).stream().map(FieldError::text).toList()).containsExactly(
                "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1",
                "spec.distinguisherMethod.type: Unsupported value: {\"type\":\"Odd\"}: supported values: \"ByNamespace\", \"ByUser\"",
                "spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'User'",
                "spec.rules[0].subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'",
                "spec.rules[0].resourceRules[0].verbs: Invalid value: [\"*\",\"get\"]: if '*' is present, must not specify other verbs",
                "spec.rules[0].resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace",
                "spec.rules[0].nonResourceRules[0].verbs: Unsupported value: [\"odd\"]: supported values: \"create\", \"delete\", \"deletecollection\", \"get\", \"list\","
                        + " \"patch\", \"proxy\", \"update\", \"watch\"",
                "spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: \"/a*\": wildcard can only do suffix matching");
        Kind levels = KINDS.get("flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration");
        ObjectNode level = read("{'metadata':{'name':'x'},'spec':{'type':'Limited','limited':{'lendablePercent':101,'limitResponse':{'type':'Queue','queuing':{'queues':1000,'handSize':7}}}}}");
        levels.setDefaults(level);
        assertThat(levels.validateCreate(level).stream().map(FieldError::text).toList()).containsExactly(
                "spec.limited.limitResponse.queuing.handSize: Invalid value: 7: required entropy bits of deckSize 1000 and handSize 7 should not be greater than 60",
                "spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive");
        // As upstream reckons (`RequiredEntropyBits`): of every card as much as of the first. In truth 60 bits tell these hands apart.
        ((ObjectNode) level.path("spec").path("limited").path("limitResponse").path("queuing")).put("queues", 30).put("handSize", 13);
        assertThat(levels.validateCreate(level).stream().map(FieldError::text).toList()).first().isEqualTo(
                "spec.limited.limitResponse.queuing.handSize: Invalid value: 13: required entropy bits of deckSize 30 and handSize 13 should not be greater than 60");
        ((ObjectNode) level.path("spec").path("limited").path("limitResponse").path("queuing")).put("queues", 1024).put("handSize", 6);
        assertThat(levels.validateCreate(level)).hasSize(1);
        assertThat(told("flowcontrol.apiserver.k8s.io/v1", "FlowSchema", "", "", "'conditions':[{'type':'A'},{'type':'A'},{}]")).containsExactly(
                "status.conditions[1].type: Duplicate value: \"A\"", "status.conditions[2].type: Required value: must not be empty");
    }
}
