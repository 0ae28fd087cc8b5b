package io.hypernetes.apiserver.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import io.hypernetes.objects.Json;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ObjectWarningsTest {
    @Test
    void oldFormsOfAPodAreTold() {
        assertThat(pod("""
                {"metadata":{"annotations":{"seccomp.security.alpha.kubernetes.io/pod":"runtime/default",
                  "container.apparmor.security.beta.kubernetes.io/c":"localhost/p","container.apparmor.security.beta.kubernetes.io/d":"localhost/p","mine":"x"}},
                 "spec":{"containers":[{"name":"c"},{"name":"d","securityContext":{"appArmorProfile":{"type":"Unconfined"}}}],"nodeSelector":{"beta.kubernetes.io/os":"linux","kubernetes.io/arch":"arm64"},
                  "affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[
                    {"matchExpressions":[{"key":"a","operator":"Exists"},{"key":"failure-domain.beta.kubernetes.io/zone","operator":"Exists"}]}]}}}}}"""))
                .containsExactly(
                        "spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead",
                        "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[1].key:"
                                + " failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead",
                        "metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: non-functional in v1.27+; use the \"seccompProfile\" field instead",
                        "metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: deprecated since v1.30; use the \"appArmorProfile\" field instead");
        assertThat(pod("""
                {"metadata":{"annotations":{"scheduler.alpha.kubernetes.io/critical-pod":"","security.alpha.kubernetes.io/sysctls":"a=b"}}}"""))
                .containsExactlyInAnyOrder(
                        "metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the \"priorityClassName\" field instead",
                        "metadata.annotations[security.alpha.kubernetes.io/sysctls]: non-functional in v1.11+; use the \"sysctls\" field instead");
    }

    @Test
    void whatHidesSomethingElseOrDoesNothingIsTold() {
        assertThat(pod("""
                {"spec":{"terminationGracePeriodSeconds":-1,"topologySpreadConstraints":[{"topologyKey":"zone"}],"containers":[
                  {"env":[{"name":"A","value":"1"},{"name":"A","value":"$(A)2"},{"name":"A","value":"3"}],"ports":[{"containerPort":80}],
                   "resources":{"requests":{"memory":"100m","cpu":"100m"}}},
                  {"ports":[{"containerPort":80,"protocol":"UDP"},{"containerPort":80,"protocol":"TCP"}]}]}}"""))
                .containsExactly(
                        "spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod",
                        "spec.containers[0].resources.requests[memory]: fractional byte value \"100m\" is invalid, must be an integer",
                        "spec.containers[0].env[2]: hides previous definition of \"A\", which may be dropped when using apply",
                        "spec.containers[1].ports[1]: duplicate port definition with spec.containers[0].ports[0]",
                        "spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1");
    }

    @Test
    void onlyFractionsOfBytesAreTold() {
        assertThat(pod("""
                {"spec":{"overhead":{"memory":"0.5","cpu":"0.5"},"containers":[{"resources":{"limits":{"memory":"2000m"},"requests":{"ephemeral-storage":"0.1Ki"}}}],
                 "volumes":[{"name":"v","ephemeral":{"volumeClaimTemplate":{"spec":{"resources":{"requests":{"storage":"200m"}}}}}}]}}"""))
                .containsExactly(
                        "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources.requests[storage]: fractional byte value \"200m\" is invalid, must be an integer",
                        "spec.overhead[memory]: fractional byte value \"500m\" is invalid, must be an integer",
                        "spec.containers[0].resources.requests[ephemeral-storage]: fractional byte value \"102400m\" is invalid, must be an integer");
    }

    @Test
    void aVariableThatSaysItselfAloneIsTold() {
        assertThat(pod("{\"spec\":{\"containers\":[{\"env\":[{\"name\":\"A\",\"value\":\"1\"},{\"name\":\"A\",\"value\":\"$(A)\"}]}]}}")).hasSize(1);
    }

    @Test
    void portsThatMeetAreTold() {
        assertThat(pod("""
                {"spec":{"initContainers":[{"ports":[{"containerPort":80,"name":"web","hostIP":"10.0.0.1"}]}],"containers":[
                  {"ports":[{"containerPort":80,"name":"web","hostPort":8080},{"containerPort":80,"hostPort":8080,"hostIP":"10.0.0.1"},{"containerPort":80,"hostPort":8081}]}]}}"""))
                .containsExactly(
                        "spec.initContainers[0].ports[0]: hostIP set without hostPort: {Name:web HostPort:0 ContainerPort:80 Protocol:TCP HostIP:10.0.0.1}",
                        "spec.containers[0].ports[0]: overlapping port definition with spec.initContainers[0].ports[0]",
                        "spec.containers[0].ports[1]: overlapping port definition with spec.initContainers[0].ports[0]",
                        "spec.containers[0].ports[1]: dangerously ambiguous port definition with spec.containers[0].ports[0]",
                        "spec.containers[0].ports[2]: overlapping port definition with spec.initContainers[0].ports[0]",
                        "spec.containers[0].ports[0]: duplicate port name \"web\" with spec.initContainers[0].ports[0],"
                                + " services and probes that select ports by name will use spec.initContainers[0].ports[0]");
    }

    @Test
    void whatChoosesNobodyIsTold() {
        assertThat(pod("""
                {"spec":{"affinity":{
                 "podAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"z"},{"topologyKey":"z","labelSelector":{}}]},
                 "podAntiAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":1,"podAffinityTerm":{"topologyKey":"z"}}]},
                 "nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"preference":{"matchExpressions":[{"key":"a","operator":"In","values":["b","-1"]}]}}]}}}}"""))
                .satisfiesExactly(
                        each -> assertThat(each).startsWith("spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].values[1]:"
                                + " -1 is invalid, a valid label must be"),
                        each -> assertThat(each).isEqualTo("spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector:"
                                + " a null labelSelector results in matching no pod"),
                        each -> assertThat(each).isEqualTo("spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.labelSelector:"
                                + " a null labelSelector results in matching no pod"));
    }

    @Test
    void whatIsSaidTwiceAndOddAddressesAreTold() {
        assertThat(pod("""
                {"spec":{"hostAliases":[{"ip":"10.0.0.1"},{"ip":"10.0.0.1"},{"ip":"::ffff:1.2.3.4"}],"imagePullSecrets":[{"name":"a"},{"name":"a"},{"name":""}],
                 "dnsConfig":{"nameservers":["1.2.3.4","05.06.07.08"]}}}"""))
                .containsExactly(
                        "spec.hostAliases[1].ip: duplicate ip \"10.0.0.1\"",
                        "spec.imagePullSecrets[1].name: duplicate name \"a\"",
                        "spec.imagePullSecrets[2].name: invalid empty name \"\"",
                        "spec.dnsConfig.nameservers[1]: non-standard IP address \"05.06.07.08\" will be considered invalid in a future Kubernetes release: use \"5.6.7.8\"",
                        "spec.hostAliases[2].ip: non-standard IP address \"::ffff:1.2.3.4\" will be considered invalid in a future Kubernetes release: use \"1.2.3.4\"");
    }

    @Test
    void filesInEachOthersWayAreTold() {
        assertThat(pod("""
                {"spec":{"volumes":[
                  {"name":"m","configMap":{"name":"foo","items":[{"path":"test"},{"path":"test1"},{"path":"test/app/"},{"path":"test"}]}},
                  {"name":"d","downwardAPI":{"items":[{"path":"a/b"},{"path":"a"}]}},
                  {"name":"p","projected":{"sources":[{"configMap":{"name":"x","items":[{"path":"t"}]}},{"serviceAccountToken":{"path":"t/f"}},{"secret":{"name":"y"}},{}]}}]}}"""))
                .containsExactly(
                        "volume \"m\" (ConfigMap \"foo\"): overlapping paths: \"test/app\" with \"test\"",
                        "volume \"m\" (ConfigMap \"foo\"): overlapping paths: \"test\" with \"test\"",
                        "volume \"m\" (ConfigMap \"foo\"): overlapping paths: \"test\" with \"test/app\"",
                        "volume \"d\" (DownwardAPI): overlapping paths: \"a\" with \"a/b\"",
                        "volume \"p\" (Projected) has no sources provided",
                        "volume \"p\" (Projected): overlapping paths: \"t/f\" (ServiceAccountToken) with \"t\" (ConfigMap \"x\")");
    }

    @Test
    void tensOfThousandsOfPartsAreLookedAtQuickly() {
        var items = new StringBuilder();
        for (int i = 0; i < 40_000; i++) {
            items.append(i == 0 ? "" : ",").append("{\"path\":\"d").append(i).append("/f\"}");
        }
        var ports = String.join(",", java.util.Collections.nCopies(40_000, "{\"containerPort\":80}"));
        assertTimeout(Duration.ofSeconds(10), () -> {
            assertThat(pod("{\"spec\":{\"volumes\":[{\"name\":\"v\",\"configMap\":{\"name\":\"m\",\"items\":[" + items + "]}}]}}")).isEmpty();
            assertThat(pod("{\"spec\":{\"containers\":[{\"ports\":[" + ports + "]}]}}")).hasSize(20);
        });
    }

    @Test
    void warningsHaveAnEnd() {
        var variables = String.join(",", java.util.Collections.nCopies(1000, "{\"name\":\"A\"}"));
        assertThat(pod("{\"spec\":{\"containers\":[{\"env\":[" + variables + "]}]}}")).hasSize(20);
    }

    @Test
    void otherKindsAreToldOfToo() {
        assertThat(object("ingresses", "{\"metadata\":{\"annotations\":{\"kubernetes.io/ingress.class\":\"nginx\"}}}"))
                .containsExactly("annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead");
        assertThat(object("services", "{\"spec\":{\"clusterIP\":\"None\",\"sessionAffinity\":\"ClientIP\"}}"))
                .containsExactly("spec.SessionAffinity is ignored for headless services");
        assertThat(object("persistentvolumeclaims", """
                {"metadata":{"annotations":{"volume.beta.kubernetes.io/storage-class":"s"}},"spec":{"resources":{"requests":{"storage":"1m"}}}}"""))
                .containsExactly(
                        "metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use \"storageClassName\" attribute instead",
                        "spec.resources.requests[storage]: fractional byte value \"1m\" is invalid, must be an integer");
        assertThat(object("cronjobs", "{\"metadata\":{\"name\":\"a.b\"}}")).singleElement().asString()
                .startsWith("metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [");
        assertThat(object("cronjobs", "{\"metadata\":{\"name\":\"a\"}}")).isEmpty();
        assertThat(object("deployments", "{\"metadata\":{\"generateName\":\"a-\"}}")).isEmpty();
    }

    @Test
    void whatServicesIgnoreOrCallByAnOldNameIsTold() {
        assertThat(object("services", """
                {"metadata":{"annotations":{"service.kubernetes.io/topology-aware-hints":"auto"}},
                 "spec":{"type":"ClusterIP","externalIPs":["2001:DB8::1"],"loadBalancerSourceRanges":["10.0.0.1/8"],"externalName":"x","trafficDistribution":"PreferClose"}}"""))
                .containsExactly(
                        "annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead",
                        "spec.externalIPs[0]: IPv6 address \"2001:DB8::1\" should be in RFC 5952 canonical format (\"2001:db8::1\")",
                        "spec.externalIPs is deprecated and may no longer be implemented in some clusters",
                        "spec.loadBalancerSourceRanges[0]: CIDR value \"10.0.0.1/8\" is ambiguous in this context (should be \"10.0.0.0/8\" or \"10.0.0.1/32\"?)",
                        "spec.externalName is ignored when spec.type is not \"ExternalName\"",
                        "spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"");
        assertThat(object("services", "{\"spec\":{\"type\":\"ExternalName\",\"externalName\":\"x\",\"externalIPs\":[\"10.0.0.1\"]}}"))
                .containsExactly("spec.externalIPs is ignored when spec.type is \"ExternalName\"");
    }

    @Test
    void volumesAndWhatNamesOldLabelsAreTold() {
        assertThat(object("persistentvolumes", """
                {"spec":{"persistentVolumeReclaimPolicy":"Recycle","storageos":{},
                 "nodeAffinity":{"required":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"beta.kubernetes.io/os"}]}]}}}}"""))
                .containsExactly(
                        "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.",
                        "spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/os is deprecated since v1.14; use \"kubernetes.io/os\" instead",
                        "spec.storageOS: deprecated in v1.22, non-functional in v1.25+");
        assertThat(object("storageclasses", "{\"allowedTopologies\":[{\"matchLabelExpressions\":[{\"key\":\"beta.kubernetes.io/arch\"}]}]}"))
                .containsExactly("allowedTopologies[0].matchLabelExpressions[0].key: deprecated since v1.14; use \"kubernetes.io/arch\" instead");
        assertThat(object("runtimeclasses", "{\"scheduling\":{\"nodeSelector\":{\"beta.kubernetes.io/arch\":\"x\"}}}"))
                .containsExactly("scheduling.nodeSelector: deprecated since v1.14; use \"kubernetes.io/arch\" instead");
        assertThat(object("csistoragecapacities", """
                {"nodeTopology":{"matchLabels":{"beta.kubernetes.io/os":"x"},"matchExpressions":[{"key":"beta.kubernetes.io/arch"}]}}"""))
                .containsExactly(
                        "nodeTopology.matchExpressions[0].key: beta.kubernetes.io/arch is deprecated since v1.14; use \"kubernetes.io/arch\" instead",
                        "nodeTopology.matchLabels.beta.kubernetes.io/os: deprecated since v1.14; use \"kubernetes.io/os\" instead");
    }

    @Test
    void addressesOfAStateAreTold() {
        var told = new ArrayList<String>();
        ObjectWarnings.told("pods", Json.readObject("{\"status\":{\"podIPs\":[{\"ip\":\"0::1\"}],\"hostIPs\":[{\"ip\":\"10.0.0.1\"},{\"ip\":\"::A\"}]}}"), told::add);
        ObjectWarnings.told("services", Json.readObject("{\"status\":{\"loadBalancer\":{\"ingress\":[{\"hostname\":\"a\"},{\"ip\":\"::B\"}]}}}"), told::add);
        assertThat(told).containsExactly(
                "status.podIPs[0].ip: IPv6 address \"0::1\" should be in RFC 5952 canonical format (\"::1\")",
                "status.hostIPs[1].ip: IPv6 address \"::A\" should be in RFC 5952 canonical format (\"::a\")",
                "status.loadBalancer.ingress[1]: IPv6 address \"::B\" should be in RFC 5952 canonical format (\"::b\")");
    }

    @Test
    void workloadsAndAddressesAreTold() {
        assertThat(object("statefulsets", """
                {"metadata":{"name":"a.b"},"spec":{"revisionHistoryLimit":-1,"volumeClaimTemplates":[{"spec":{"resources":{"requests":{"storage":"1500m"}}}}]}}"""))
                .containsExactly(
                        "spec.volumeClaimTemplates[0].resources.requests[storage]: fractional byte value \"1500m\" is invalid, must be an integer",
                        "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended");
        var job = "{\"completionMode\":\"Indexed\",\"completions\":100001,\"parallelism\":10001}";
        assertThat(object("jobs", "{\"spec\":" + job + "}")).singleElement().asString().startsWith("spec: In Indexed Jobs with a number of completions higher than 10^5");
        assertThat(object("cronjobs", "{\"spec\":{\"jobTemplate\":{\"spec\":" + job + "}}}")).singleElement().asString().startsWith("spec.jobTemplate.spec: In Indexed Jobs");
        assertThat(object("nodes", "{\"spec\":{\"externalID\":\"x\",\"configSource\":{}}}")).containsExactly(
                "spec.configSource: the feature is removed",
                "spec.externalID: this field is deprecated, and is unused by Kubernetes");
        assertThat(object("networkpolicies", "{\"spec\":{\"egress\":[{\"to\":[{\"ipBlock\":{\"cidr\":\"0.0.0.0/0\",\"except\":[\"::FFFF:10.0.0.0/104\"]}}]}]}}"))
                .containsExactly("spec.egress[0].to[0].ipBlock.except[0]: non-standard CIDR value \"::FFFF:10.0.0.0/104\" will be considered invalid"
                        + " in a future Kubernetes release: use \"10.0.0.0/8\"");
        assertThat(object("endpointslices", "{\"addressType\":\"FQDN\",\"endpoints\":[{\"addresses\":[\"a.b\"]}]}"))
                .containsExactly("spec.addressType: FQDN endpoints are deprecated");
        var slice = "{\"metadata\":{\"labels\":{%s}},\"addressType\":\"IPv6\",\"endpoints\":[{\"addresses\":[\"0::1\"]}]}";
        assertThat(object("endpointslices", slice.formatted("")))
                .containsExactly("endpoints[0].addresses[0]: IPv6 address \"0::1\" should be in RFC 5952 canonical format (\"::1\")");
        assertThat(object("endpointslices", slice.formatted("\"endpointslice.kubernetes.io/managed-by\":\"endpointslice-controller.k8s.io\""))).isEmpty();
        assertThat(object("endpoints", "{\"subsets\":[{\"notReadyAddresses\":[{\"ip\":\"0::1\"}]}]}")).hasSize(1);
    }

    @Test
    void aChangeIsToldOfWhatItBrings() {
        var plain = "{\"metadata\":{},\"spec\":{\"a\":1}}";
        var marked = "{\"metadata\":{\"annotations\":{\"kubernetes.io/enforce-mountable-secrets\":\"true\"}}}";
        var told = "metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets";
        assertThat(object("serviceaccounts", marked)).containsExactly(told);
        assertThat(update("serviceaccounts", marked, plain)).containsExactly(told);
        assertThat(update("serviceaccounts", marked, marked)).isEmpty();
        assertThat(update("ingresses", "{\"metadata\":{\"annotations\":{\"kubernetes.io/ingress.class\":\"nginx\"}}}", plain)).isEmpty();
        var recycled = "{\"spec\":{\"persistentVolumeReclaimPolicy\":\"Recycle\"}}";
        assertThat(update("persistentvolumes", recycled, recycled)).hasSize(1);
        var job = "{\"spec\":{\"completionMode\":\"Indexed\",\"completions\":100001,\"parallelism\":10001}}";
        assertThat(update("jobs", job, job)).isEmpty();
        assertThat(update("jobs", job, plain)).hasSize(1);
    }

    /// strategy.go of customresourcedefinition: formats of the wrong type count as unknown, those of choices as of text, and each is told once.
    @Test
    void formatsThatMeanNothingAreTold() {
        var definition = """
                {"spec":{"versions":[{"schema":{"openAPIV3Schema":{"type":"object","properties":{
                  "a":{"type":"integer","format":"int32"},"b":{"type":"integer","format":"int64"},"c":{"type":"number","format":"double"},"d":{"type":"string","format":"date-time"},
                  "e":{"type":"string","format":"k8s-short-name"},"f":{"type":"integer","format":"uint16"},"g":{"type":"array","format":"cidr","items":{"type":"string","format":"cidr"}},
                  "h":{"type":"string","anyOf":[{"format":"ipv4"},{"format":"%s"}]},"i":{"additionalProperties":{"type":"string","format":"int32"}}}}}},
                 {"schema":{"openAPIV3Schema":{"properties":{"f":{"type":"integer","format":"uint16"}}}}}]}}""";
        var told = new ArrayList<String>();
        ObjectWarnings.created("customresourcedefinitions", Json.readObject(definition.formatted("dns")), told::add);
        assertThat(told).containsExactlyInAnyOrder(
                "unrecognized format \"uint16\"", "unrecognized format \"cidr\"", "unrecognized format \"dns\"", "unrecognized format \"int32\"");
        assertThat(update("customresourcedefinitions", definition.formatted("dns"), definition.formatted("dns"))).isEmpty();
        assertThat(update("customresourcedefinitions", definition.formatted("host"), definition.formatted("dns"))).containsExactly("unrecognized format \"host\"");
    }

    private static List<String> update(String resource, String text, String old) {
        var told = new ArrayList<String>();
        ObjectWarnings.updated(resource, Json.readObject(text), Json.readObject(old), told::add);
        return told;
    }

    private static List<String> pod(String text) {
        var told = new ArrayList<String>();
        var pod = Json.readObject(text);
        UsualPodWarnings.tell(pod.path("metadata"), pod.path("spec"), "", told::add);
        return told;
    }

    private static List<String> object(String resource, String text) {
        var told = new ArrayList<String>();
        ObjectWarnings.created(resource, Json.readObject(text), told::add);
        return told;
    }
}
