package io.hypernetes.objects.kind;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

class PodRulesTest {
    private static final Kind PODS = Kinds.load().get("v1", "Pod");

    private static ObjectNode json(String text) {
        return Json.readObject(text.replace('\'', '"'));
    }

    private static ObjectNode pod(String spec) {
        ObjectNode pod = json("{'metadata':{'name':'web','namespace':'default'}}");
        pod.set("spec", json(spec));
        PODS.setDefaults(pod);
        return pod;
    }

    private static ObjectNode created(String spec) {
        ObjectNode pod = pod(spec);
        PODS.prepareCreate(pod);
        // As it comes back from the store.
        return Json.readObject(Json.bytes(pod));
    }

    private static List<String> errors(String spec) {
        return PODS.validateCreate(created(spec)).stream().map(FieldError::text).toList();
    }

    @Test
    void whatHasGatesSaysThatItWaitsForThem() {
        String containers = "'containers':[{'name':'c','image':'i'}]";
        assertThat(created("{" + containers + "}").path("status").has("conditions")).isFalse();
        assertThat(created("{'schedulingGates':[{'name':'example.com/quota'}]," + containers + "}").path("status").path("conditions")).isEqualTo(json(
                "{'conditions':[{'type':'PodScheduled','status':'False','lastProbeTime':null,'lastTransitionTime':null,'reason':'SchedulingGated',"
                        + "'message':'Scheduling is blocked due to non-empty scheduling gates'}]}").path("conditions"));
    }

    /// As many as a machine takes.
    @Test
    void containersAreBounded() {
        assertThat(errors("{'containers':[" + many(64) + "],'initContainers':[{'name':'i','image':'i'}]}")).isEmpty();
        assertThat(errors("{'containers':[" + many(65) + "]}")).containsExactly("spec.containers: Too many: 65: must have at most 64 items");
        assertThat(errors("{'containers':[{'name':'c','image':'i'}],'initContainers':[" + many(257) + "]}")).containsExactly("spec.initContainers: Too many: 257: must have at most 256 items");
    }

    private static String many(int count) {
        return java.util.stream.IntStream.range(0, count).mapToObj(i -> "{'name':'c" + i + "','image':'i'}").collect(java.util.stream.Collectors.joining(","));
    }

    @Test
    void keysOfLabelsToMatchAreMergedIntoTheSelectorsOfANewPod() {
        ObjectNode pod = pod("{'containers':[{'name':'c','image':'i'}],"
                + "'topologySpreadConstraints':[{'maxSkew':1,'topologyKey':'zone','whenUnsatisfiable':'DoNotSchedule','labelSelector':{},'matchLabelKeys':['hash','none']}],"
                + "'affinity':{'podAntiAffinity':{"
                + "'requiredDuringSchedulingIgnoredDuringExecution':[{'topologyKey':'host','labelSelector':{'matchExpressions':[{'key':'app','operator':'Exists'}]},'matchLabelKeys':['hash']}],"
                + "'preferredDuringSchedulingIgnoredDuringExecution':[{'weight':1,'podAffinityTerm':{'topologyKey':'host','labelSelector':{'matchLabels':{'a':'b'}},'mismatchLabelKeys':['hash']}}]}}}");
        pod.withObject("/metadata/labels").put("hash", "17");
        PODS.prepareCreate(pod);
        ObjectNode asked = pod.deepCopy();
        pod = PODS.completed(pod);
        assertThat(PODS.validateCreate(pod)).isEmpty();
        assertThat(PODS.completed(asked)).as("of what was asked for it is made once more when another writer came first").isEqualTo(pod);
        assertThat(pod.at("/spec/topologySpreadConstraints/0/labelSelector")).isEqualTo(json("{'matchExpressions':[{'key':'hash','operator':'In','values':['17']}]}"));
        assertThat(pod.at("/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/0/labelSelector"))
                .isEqualTo(json("{'matchExpressions':[{'key':'app','operator':'Exists'},{'key':'hash','operator':'In','values':['17']}]}"));
        assertThat(pod.at("/spec/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/0/podAffinityTerm/labelSelector"))
                .isEqualTo(json("{'matchLabels':{'a':'b'},'matchExpressions':[{'key':'hash','operator':'NotIn','values':['17']}]}"));
    }

    /// As upstream's pkg/apis/core/validation/validation_test.go has them.
    @Test
    void keysOfLabelsToMatchNeedASelectorThatDoesNotNameThem() {
        String term = "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]";
        ObjectNode pod = pod("{'containers':[{'name':'c','image':'i'}],'topologySpreadConstraints':["
                + "{'maxSkew':1,'topologyKey':'zone','whenUnsatisfiable':'DoNotSchedule','matchLabelKeys':['key']},"
                + "{'maxSkew':1,'topologyKey':'host','whenUnsatisfiable':'DoNotSchedule','labelSelector':{'matchLabels':{'key':'x'}},'matchLabelKeys':['key']}],"
                + "'affinity':{'podAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':["
                + "{'topologyKey':'host','labelSelector':{},'matchLabelKeys':['other','/simple'],'mismatchLabelKeys':['other']}]}}}");
        pod.withObject("/metadata/labels").put("key", "value1");
        PODS.prepareCreate(pod);
        pod = PODS.completed(pod);
        assertThat(PODS.validateCreate(pod).stream().map(FieldError::text)).containsExactlyInAnyOrder(
                "spec.topologySpreadConstraints[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set",
                "spec.topologySpreadConstraints[1][0]: Invalid value: \"key\": exists in both matchLabelKeys and labelSelector",
                term + ".matchLabelKeys[1]: Invalid value: \"/simple\": prefix part must be non-empty",
                term + ".matchLabelKeys[0]: Invalid value: \"other\": exists in both matchLabelKeys and mismatchLabelKeys");
    }

    @Test
    void sysctlsHaveNames() {
        assertThat(errors("{'containers':[{'name':'c','image':'nginx'}],'securityContext':{'sysctls':[{'name':'net.ipv4.tcp_syncookies','value':'1'},{'name':'a/b-c','value':''},"
                        + "{'value':'1'},{'name':'foo-','value':'1'},{'name':'bar..','value':'1'},{'name':'net/ipv4/tcp_syncookies','value':'1'}]}}"))
                .satisfiesExactly(
                        first -> assertThat(first).isEqualTo("spec.securityContext.sysctls[2].name: Required value"),
                        second -> assertThat(second).startsWith("spec.securityContext.sysctls[3].name: Invalid value: \"foo-\": must have at most 253 characters"),
                        third -> assertThat(third).startsWith("spec.securityContext.sysctls[4].name: Invalid value: \"bar..\""),
                        fourth -> assertThat(fourth).isEqualTo("spec.securityContext.sysctls[5].name: Duplicate value: \"net/ipv4/tcp_syncookies\""));
    }

    @Test
    void nodesAreNamedOneByOne() {
        String affinity = "{'containers':[{'name':'c','image':'i'}],'affinity':{'nodeAffinity':{"
                + "'requiredDuringSchedulingIgnoredDuringExecution':{'nodeSelectorTerms':[{%s}]},"
                + "'preferredDuringSchedulingIgnoredDuringExecution':[{'weight':1,'preference':{%<s}}]}}}";
        for (String taken : List.of("'In'", "'NotIn'")) {
            assertThat(errors(affinity.formatted("'matchFields':[{'key':'metadata.name','operator':" + taken + ",'values':['n1']}]"))).isEmpty();
        }
        String required = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].";
        String preferred = "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.";
        List<String> wrong = List.of(
                "matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
                "matchFields[0].values: Required value: must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
                "matchFields[1].values: Required value: must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
                "matchFields[2].operator: Invalid value: \"Exists\": not a valid selector operator",
                "matchFields[3].key: Invalid value: \"metadata.labels\": not a valid field selector key",
                "matchFields[4].values[0]: Invalid value: \"No!\": a lowercase RFC 1123 subdomain");
        assertThat(errors(affinity.formatted("'matchExpressions':[{'key':'a','operator':'In'}],'matchFields':["
                        + "{'key':'metadata.name','operator':'In'},{'key':'metadata.name','operator':'NotIn','values':['n1','n2']},"
                        + "{'key':'metadata.name','operator':'Exists'},{'key':'metadata.labels','operator':'In','values':['n1']},"
                        + "{'key':'metadata.name','operator':'In','values':['No!']}]")))
                .zipSatisfy(
                        Stream.of(required, preferred).flatMap(at -> wrong.stream().map(at::concat)).toList(),
                        (error, expected) -> assertThat(error).startsWith(expected));
    }

    @Test
    void nodesAreAskedForInSomeHundredTerms() {
        String pod = "{'containers':[{'name':'c','image':'i'}],'affinity':{'nodeAffinity':{'%sDuringSchedulingIgnoredDuringExecution':%s}}}";
        String empty = "{}" + ",{}".repeat(500);
        assertThat(errors(pod.formatted("required", "{'nodeSelectorTerms':[" + empty + "]}"))).containsExactly(
                "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Too many: 501: must have at most 500 items");
        assertThat(errors(pod.formatted("preferred", "[" + empty.replace("{}", "{'weight':1,'preference':{}}") + "]"))).containsExactly(
                "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution: Too many: 501: must have at most 500 items");
    }

    @Test
    void nodesThatWereNamedTogetherBeforeMayStay() {
        String many = "{'containers':[{'name':'c','image':'i'}],'activeDeadlineSeconds':%d,'affinity':{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':"
                + "{'nodeSelectorTerms':[{'matchFields':[{'key':'metadata.name','operator':'In','values':['n1','n2']}]}]}}}}";
        assertThat(errors(many.formatted(100))).hasSize(1);
        assertThat(PODS.validateUpdate(created(many.formatted(50)), created(many.formatted(100)), null)).isEmpty();
    }

    @Test
    void whatWasStoredBeforeARuleMayStay() {
        String profile = "{'containers':[{'name':'c','image':'nginx','securityContext':{'appArmorProfile':{'type':'Localhost','localhostProfile':'mine'}}}],'activeDeadlineSeconds':%d}";
        ObjectNode old = created(profile.formatted(100));
        assertThat(PODS.validateCreate(old)).isNotEmpty();
        assertThat(PODS.validateUpdate(created(profile.formatted(50)), old, null)).isEmpty();
        assertThat(PODS.validateUpdate(created(profile.formatted(-1)), old, null)).extracting(FieldError::text)
                .isNotEmpty().allMatch(error -> error.contains("activeDeadlineSeconds"));
    }

    @Test
    void profilesThatNothingEnforcesAreRefused() {
        assertThat(errors("{'containers':[{'name':'c','image':'nginx','securityContext':{'appArmorProfile':{'type':'Localhost','localhostProfile':'mine'},'seccompProfile':{'type':'Odd'}}}],"
                        + "'securityContext':{'appArmorProfile':{'type':'RuntimeDefault','localhostProfile':'x'},'seccompProfile':{'type':'Localhost'},'windowsOptions':{},'seLinuxChangePolicy':'Now'}}"))
                .satisfiesExactlyInAnyOrder(
                        each -> assertThat(each).startsWith("spec.containers[0].securityContext.appArmorProfile: Forbidden: the kernel of a pod's machine has no AppArmor"),
                        each -> assertThat(each).startsWith("spec.containers[0].securityContext.seccompProfile.type: Unsupported value: \"Odd\""),
                        each -> assertThat(each).isEqualTo("spec.securityContext.appArmorProfile.localhostProfile: Invalid value: \"x\": can only be set when AppArmor type is Localhost"),
                        each -> assertThat(each).isEqualTo("spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost"),
                        each -> assertThat(each).startsWith("spec.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod"),
                        each -> assertThat(each).startsWith("spec.securityContext.seLinuxChangePolicy: Unsupported value: \"Now\""));
        for (String taken : List.of("'hostUsers':false", "'securityContext':{'appArmorProfile':{'type':'RuntimeDefault'}}", "'securityContext':{'seLinuxOptions':{'level':'s0:c1'}}")) {
            assertThat(errors("{'containers':[{'name':'c','image':'nginx'}]," + taken + "}")).as(taken).isEmpty();
        }
        ObjectNode old = created("{'containers':[{'name':'c','image':'nginx'}]}");
        Json.child(Json.child(old, "metadata"), "annotations").put("container.apparmor.security.beta.kubernetes.io/c", "localhost/mine");
        assertThat(PODS.validateCreate(old)).singleElement().satisfies(error -> assertThat(error.text()).contains("annotations[container.apparmor.security.beta.kubernetes.io/c]: Forbidden"));
    }

    @Test
    void aStopSignalIsOneOfItsSystem() {
        String pod = "{'containers':[{'name':'c','image':'nginx','lifecycle':{'stopSignal':'%s'}}]%s}";
        assertThat(errors(pod.formatted("SIGRTMIN+3", ",'os':{'name':'linux'}"))).isEmpty();
        assertThat(errors(pod.formatted("SIGODD", ",'os':{'name':'linux'}"))).singleElement().satisfies(
                error -> assertThat(error).startsWith("spec.containers[0].lifecycle.stopSignal: Unsupported value: \"SIGODD\": supported values: "));
        assertThat(errors(pod.formatted("SIGUSR1", ""))).containsExactly(
                "spec.containers[0].lifecycle.stopSignal: Forbidden: may not be set for containers with empty `spec.os.name`");
    }

    @Test
    void gracesOfProbesReadOnlyVolumesAndOtherNamesHaveTheirRules() {
        assertThat(errors("{'hostnameOverride':'Db','setHostnameAsFQDN':true,'volumes':[{'name':'e','emptyDir':{}}],'containers':[{'name':'c','image':'nginx',"
                        + "'livenessProbe':{'exec':{'command':['x']},'terminationGracePeriodSeconds':0},'readinessProbe':{'exec':{'command':['x']},'terminationGracePeriodSeconds':5},"
                        + "'volumeMounts':[{'name':'e','mountPath':'/a','recursiveReadOnly':'Enabled'},{'name':'e','mountPath':'/b','readOnly':true,'recursiveReadOnly':'Enabled'}]}]}"))
                .satisfiesExactlyInAnyOrder(
                        each -> assertThat(each).startsWith("spec.hostnameOverride: Invalid value: \"Db\""),
                        each -> assertThat(each).startsWith("spec.hostnameOverride: Forbidden: may not be set together with setHostnameAsFQDN"),
                        each -> assertThat(each).isEqualTo("spec.containers[0].livenessProbe.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0"),
                        each -> assertThat(each).isEqualTo("spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 5: must not be set for readinessProbes"),
                        each -> assertThat(each).isEqualTo("spec.containers[0].volumeMounts[0].recursiveReadOnly: Forbidden: may only be specified when readOnly is true"));
    }

    @Test
    void aHookSleepsNoLongerThanThePodMayTake() {
        String pod = "{'terminationGracePeriodSeconds':5,'containers':[{'name':'c','image':'nginx','lifecycle':{'preStop':{'sleep':{'seconds':%d}}}}]}";
        assertThat(errors(pod.formatted(0))).isEmpty();
        assertThat(errors(pod.formatted(5))).isEmpty();
        assertThat(errors(pod.formatted(6))).containsExactly(
                "spec.containers[0].lifecycle.preStop.sleep: Invalid value: 6: must be non-negative and less than terminationGracePeriodSeconds (5)");
        assertThat(errors(pod.formatted(-1))).hasSize(1);
        assertThat(errors(pod.formatted(31).replace("'terminationGracePeriodSeconds':5,", ""))).hasSize(1);
    }

    @Test
    void whatIsNotKnownIsNotTakenSilently() {
        assertThat(errors("{'containers':[{'name':'c','image':'nginx','securityContext':{'procMount':'Odd'}}],"
                        + "'securityContext':{'supplementalGroups':[5,-1],'fsGroupChangePolicy':'Odd','supplementalGroupsPolicy':'Odd'},"
                        + "'schedulingGates':[{'name':'a'},{'name':'a'}],"
                        + "'dnsConfig':{'searches':['.','_srv.example.org.','a b'],'options':[{'value':'x'}]}}"))
                .containsExactlyInAnyOrder(
                        "spec.containers[0].securityContext.procMount: Unsupported value: \"Odd\": supported values: \"Default\", \"Unmasked\"",
                        "spec.securityContext.supplementalGroups[1]: Invalid value: -1: must be between 0 and 2147483647, inclusive",
                        "spec.securityContext.fsGroupChangePolicy: Unsupported value: \"Odd\": supported values: \"Always\", \"OnRootMismatch\"",
                        "spec.securityContext.supplementalGroupsPolicy: Unsupported value: \"Odd\": supported values: \"Merge\", \"Strict\"",
                        "spec.schedulingGates[1].name: Duplicate value: \"a\"",
                        "spec.dnsConfig.searches[2]: Invalid value: \"a b\": must be a DNS subdomain of lower case letters, digits, '-', '_' and '.'",
                        "spec.dnsConfig.options[0].name: Required value");
    }

    @Test
    void addressesOfAPodAreSome() {
        String pod = "{'containers':[{'name':'c','image':'nginx'}],'dnsConfig':{'nameservers':['1.2.3.4','%s']},'hostAliases':[{'ip':'%<s','hostnames':['a']}]}";
        assertThat(errors(pod.formatted("2001:DB8::1"))).isEmpty();
        assertThat(errors(pod.formatted("05.06.07.08"))).allMatch(error -> error.endsWith("must not have leading 0s")).hasSize(2);
        assertThat(errors(pod.formatted("::ffff:1.2.3.4"))).allMatch(error -> error.endsWith("must not be an IPv4-mapped IPv6 address")).hasSize(2);
        for (String odd : List.of("256.1.1.1", "1.2.3", "::1::2", "a:b")) {
            String wrong = "Invalid value: \"" + odd + "\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
            assertThat(errors(pod.formatted(odd))).containsExactly("spec.dnsConfig.nameservers[1]: " + wrong, "spec.hostAliases[0].ip: " + wrong);
        }
    }

    @Test
    void whatIsMaskedIsShownToPodsWithUsersOfTheirOwnOnly() {
        String pod = "{'containers':[{'name':'c','image':'nginx','securityContext':{'procMount':'%s'}}]%s}";
        assertThat(errors(pod.formatted("Unmasked", ",'hostUsers':false"))).isEmpty();
        assertThat(errors(pod.formatted("Default", ""))).isEmpty();
        for (String users : List.of("", ",'hostUsers':true")) {
            assertThat(errors(pod.formatted("Unmasked", users))).containsExactly(
                    "spec.containers[0].securityContext.procMount: Invalid value: \"Unmasked\": `hostUsers` must be false to use `Unmasked`");
        }
    }

    @Test
    void whatCannotBeSharedIsAskedForAsItIsLimited() {
        String pod = "{'containers':[{'name':'c','image':'nginx','resources':{%s}}]}";
        assertThat(errors(pod.formatted("'limits':{'example.org/card':'2'},'requests':{'example.org/card':'2'}"))).isEmpty();
        assertThat(errors(pod.formatted("'limits':{'example.org/card':'2'},'requests':{'example.org/card':'1'}")))
                .containsExactly("spec.containers[0].resources.requests: Invalid value: \"1\": must be equal to example.org/card limit of 2");
        assertThat(errors(pod.formatted("'requests':{'example.org/card':'1'}")))
                .containsExactly("spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources");
        assertThat(errors(pod.formatted("'limits':{'hugepages-2Mi':'4Mi'},'requests':{'hugepages-2Mi':'4Mi'}")))
                .containsExactly("spec.containers[0].resources: Forbidden: HugePages require cpu or memory");
        assertThat(errors(pod.formatted("'limits':{'hugepages-2Mi':'4Mi','memory':'1Gi'},'requests':{'hugepages-2Mi':'4Mi'}"))).isEmpty();
        assertThat(errors(pod.formatted("'limits':{'hugepages-2Mi':'3Mi','memory':'1Gi'},'requests':{'hugepages-2Mi':'3Mi'}"))).containsExactly(
                "spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: \"3Mi\": 3Mi is not positive integer multiple of hugepages-2Mi",
                "spec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: \"3Mi\": 3Mi is not positive integer multiple of hugepages-2Mi");
        assertThat(errors(pod.formatted("'limits':{'hugepages-odd':'3Mi','memory':'1Gi'}")))
                .contains("spec.containers[0].resources.limits[hugepages-odd]: Invalid value: \"3Mi\": 3Mi is not positive integer multiple of hugepages-odd");
    }

    @Test
    void aPullSecretWithoutANameIsNoMistake() {
        assertThat(errors("{'containers':[{'name':'c','image':'nginx'}],'imagePullSecrets':[{'name':''}]}")).isEmpty();
    }

    @Test
    void whatHasEndedTakesNoMoreContainers() {
        ObjectNode old = created("{'containers':[{'name':'c','image':'nginx'}],'restartPolicy':'Never'}");
        ObjectNode debugged = old.deepCopy();
        Json.child(debugged, "spec").set("ephemeralContainers", json("{'l':[{'name':'d','image':'busybox','terminationMessagePolicy':'File','imagePullPolicy':'Always'}]}").get("l"));
        assertThat(PODS.validateUpdate(debugged, old, "ephemeralcontainers")).isEmpty();
        Json.child(old, "status").put("phase", "Succeeded");
        assertThat(PODS.validateUpdate(debugged, old, "ephemeralcontainers")).singleElement().satisfies(error -> assertThat(error.text())
                .startsWith("spec.ephemeralContainers: Forbidden: the pod has ended (phase Succeeded) and starts no container any more"));
        Json.child(old, "status").put("phase", "Running");
        Json.child(Json.child(old, "metadata"), "annotations").put("kubernetes.io/config.mirror", "x");
        assertThat(PODS.validateUpdate(debugged, old, "ephemeralcontainers")).singleElement().satisfies(error -> assertThat(error.text())
                .contains("static pods do not support ephemeral containers"));
    }

    @Test
    void defaultsAreThoseOfKubernetes() {
        ObjectNode pod = created("{'containers':[{'name':'c','image':'nginx','ports':[{'containerPort':80}],'resources':{'limits':{'cpu':'1'}},"
                + "'livenessProbe':{'httpGet':{'port':80}},'env':[{'name':'N','valueFrom':{'fieldRef':{'fieldPath':'metadata.name'}}}]}],"
                + "'volumes':[{'name':'e'},{'name':'s','secret':{'secretName':'x'}}]}");
        JsonNode spec = pod.path("spec");
        assertThat(Json.string(spec, "restartPolicy")).isEqualTo("Always");
        assertThat(Json.string(spec, "dnsPolicy")).isEqualTo("ClusterFirst");
        assertThat(Json.string(spec, "schedulerName")).isEqualTo("default-scheduler");
        assertThat(Json.number(spec, 0, "terminationGracePeriodSeconds")).isEqualTo(30);
        assertThat(Json.flag(spec, "enableServiceLinks")).isTrue();
        assertThat(Json.print(spec.path("securityContext"))).isEqualTo("{}");
        assertThat(spec.path("tolerations")).hasSize(2);
        JsonNode c = spec.path("containers").path(0);
        assertThat(Json.string(c, "imagePullPolicy")).isEqualTo("Always");
        assertThat(Json.string(c, "terminationMessagePath")).isEqualTo("/dev/termination-log");
        assertThat(Json.string(c.path("ports").path(0), "protocol")).isEqualTo("TCP");
        assertThat(Json.print(c.path("resources"))).isEqualTo("{\"limits\":{\"cpu\":\"1\"},\"requests\":{\"cpu\":\"1\"}}");
        assertThat(c.path("livenessProbe"))
                .isEqualTo(json("{'httpGet':{'port':80,'path':'/','scheme':'HTTP'},'timeoutSeconds':1,'periodSeconds':10,"
                        + "'successThreshold':1,'failureThreshold':3}"));
        assertThat(Json.string(c.path("env").path(0), "valueFrom", "fieldRef", "apiVersion")).isEqualTo("v1");
        assertThat(spec.path("volumes").path(0)).isEqualTo(json("{'name':'e','emptyDir':{}}"));
        assertThat(Json.number(spec.path("volumes").path(1), 0, "secret", "defaultMode")).isEqualTo(420);
        assertThat(Json.string(pod, "status", "phase")).isEqualTo("Pending");
        assertThat(Json.string(pod, "status", "qosClass")).isEqualTo("Burstable");
        assertThat(PODS.validateCreate(pod)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "nginx,Always", "nginx:latest,Always", "nginx:1,IfNotPresent", "host:5000/a,Always", "host:5000/a:1,IfNotPresent",
        "a@sha256:00,IfNotPresent", "a:latest@sha256:00,Always", "'',Always"
    })
    void thePullPolicyFollowsTheTag(String image, String policy) {
        assertThat(PodSpecDefaults.pullPolicy(image)).isEqualTo(policy);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{}|spec.containers: Required value",
                "{'containers':[{'name':'c'}]}|spec.containers[0].image: Required value",
                "{'containers':[{'name':'C','image':'x'}]}|spec.containers[0].name: Invalid value: \"C\"",
                "{'containers':[{'name':'c','image':'x'},{'name':'c','image':'x'}]}|spec.containers[1].name: Duplicate value: \"c\"",
                "{'containers':[{'name':'c','image':'x','imagePullPolicy':'Maybe'}]}|spec.containers[0].imagePullPolicy: Unsupported value: \"Maybe\": supported values: \"Always\", \"IfNotPresent\", \"Never\"",
                "{'restartPolicy':'Sometimes','containers':[{'name':'c','image':'x'}]}|spec.restartPolicy: Unsupported value",
                "{'containers':[{'name':'c','image':'x','volumeMounts':[{'name':'v','mountPath':'/v'}]}]}|spec.containers[0].volumeMounts[0].name: Not found: \"v\"",
                "{'containers':[{'name':'c','image':'x','ports':[{'containerPort':70000}]}]}|spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
                "{'containers':[{'name':'c','image':'x','resources':{'limits':{'cpu':'1'},'requests':{'cpu':'2'}}}]}|spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1",
                "{'containers':[{'name':'c','image':'x','env':[{'name':'','value':'x'}]}]}|spec.containers[0].env[0].name: Required value",
                "{'containers':[{'name':'c','image':'x','readinessProbe':{}}]}|spec.containers[0].readinessProbe: Required value: must specify a handler type",
                "{'initContainers':[{'name':'i','image':'x','readinessProbe':{'exec':{'command':['a']}}}],'containers':[{'name':'c','image':'x'}]}|spec.initContainers[0].readinessProbe: Forbidden",
                "{'volumes':[{'name':'v','emptyDir':{},'secret':{'secretName':'x'}}],'containers':[{'name':'c','image':'x'}]}|spec.volumes[0].secret: Forbidden: may not specify more than 1 volume type",
                "{'containers':[{'name':'c','image':'x'}],'tolerations':[{'key':'','operator':'Equal'}]}|spec.tolerations[0].operator: Invalid value"
            })
    void mistakesAreNamed(String spec, String start) {
        assertThat(errors(spec)).anySatisfy(e -> assertThat(e).startsWith(start));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'hostNetwork':true|spec.hostNetwork|virtual machine",
                "'hostPID':true|spec.hostPID|shareProcessNamespace",
                "'hostIPC':true|spec.hostIPC|virtual machine",
                "'volumes':[{'name':'v','hostPath':{'path':'/'}}]|spec.volumes[0].hostPath|emptyDir",
                "'volumes':[{'name':'v','nfs':{'server':'s','path':'/x'}}]|spec.volumes[0].nfs|not served",
                "'volumes':[{'name':'v','csi':{'driver':'x'}}]|spec.volumes[0].csi|not served",
                "'volumes':[{'name':'v','projected':{'sources':[{'clusterTrustBundle':{'path':'t'}}]}}]|spec.volumes[0].projected.sources[0].clusterTrustBundle|not served"
            })
    void whatIsNotThereIsRefusedWithAReason(String part, String path, String why) {
        List<FieldError> found = PODS.validateCreate(created("{" + part + ",'containers':[{'name':'c','image':'x'}]}"));
        assertThat(found).singleElement().satisfies(e -> {
            assertThat(e.path()).isEqualTo(path);
            assertThat(e.reason()).isEqualTo(FieldError.Reason.FORBIDDEN);
            assertThat(e.message()).contains(why);
        });
    }

    @Test
    void privilegedContainersAndEveryServedVolumeAreFine() {
        assertThat(errors("{'containers':[{'name':'c','image':'x','securityContext':{'privileged':true},"
                        + "'volumeMounts':[{'name':'a','mountPath':'/a'}]}],'volumes':[{'name':'a','emptyDir':{'medium':'Memory'}},"
                        + "{'name':'b','configMap':{'name':'m','items':[{'key':'k','path':'p/q'}]}},{'name':'c','secret':{'secretName':'s'}},"
                        + "{'name':'d','downwardAPI':{'items':[{'path':'l','fieldRef':{'fieldPath':'metadata.labels'}}]}},"
                        + "{'name':'e','projected':{'sources':[{'configMap':{'name':'m'}},{'secret':{'name':'s'}}]}},{'name':'f','persistentVolumeClaim':{'claimName':'x'}},"
                        + "{'name':'g','ephemeral':{'volumeClaimTemplate':{'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}}}}}}]}"))
                .isEmpty();
    }

    @Test
    void aPodThatExistsChangesLittle() {
        ObjectNode old = created("{'containers':[{'name':'c','image':'x:1'}],'nodeName':'n'}");
        // A client that sends its own file again, with another image and nothing that was filled in.
        ObjectNode image = pod("{'containers':[{'name':'c','image':'x:2'}],'nodeName':'n'}");
        PODS.prepareUpdate(image, old, null);
        assertThat(PODS.validateUpdate(image, old, null)).isEmpty();
        assertThat(Json.number(image, 0, "metadata", "generation")).isEqualTo(2);

        ObjectNode command = pod("{'containers':[{'name':'c','image':'x:1','command':['z']}],'nodeName':'n'}");
        PODS.prepareUpdate(command, old, null);
        assertThat(PODS.validateUpdate(command, old, null)).singleElement().satisfies(e -> assertThat(e.text())
                .startsWith("spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`")
                .endsWith("changed: spec.containers"));

        ObjectNode tolerating = old.deepCopy();
        ((tools.jackson.databind.node.ArrayNode) tolerating.path("spec").path("tolerations"))
                .addObject().put("key", "k").put("operator", "Exists");
        assertThat(PODS.validateUpdate(tolerating, old, null)).isEmpty();
        assertThat(PODS.validateUpdate(old, tolerating, null)).isNotEmpty();

        ObjectNode more = pod("{'containers':[{'name':'c','image':'x:1'},{'name':'d','image':'x'}],'nodeName':'n'}");
        PODS.prepareUpdate(more, old, null);
        assertThat(PODS.validateUpdate(more, old, null))
                .anySatisfy(e -> assertThat(e.text()).isEqualTo("spec.containers: Forbidden: pod updates may not add or remove containers"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{}|BestEffort", "{'limits':{'cpu':'1','memory':'1Gi'}}|Guaranteed", "{'limits':{'cpu':'1'}}|Burstable",
                "{'requests':{'memory':'1Gi'}}|Burstable", "{'limits':{'cpu':'1','memory':'1Gi'},'requests':{'cpu':'500m'}}|Burstable"
            })
    void qualityOfService(String resources, String expected) {
        ObjectNode pod = created("{'containers':[{'name':'c','image':'x','resources':" + resources + "}]}");
        assertThat(Json.string(pod, "status", "qosClass")).isEqualTo(expected);
    }
}
