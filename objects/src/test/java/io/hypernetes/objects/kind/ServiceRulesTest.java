package io.hypernetes.objects.kind;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.ObjectNode;

/// Sentences and their order as in ValidateService and what it calls in upstream's `pkg/apis/core/validation/validation.go`; what a change keeps and drops as in
/// `pkg/registry/core/service/strategy.go` and `storage/storage.go` there.
class ServiceRulesTest {
    private static final Kind SERVICE = Kinds.load().get("v1", "Service");

    private static ObjectNode made(String spec, String annotations) {
        ObjectNode service = Json.readObject("{'metadata':{'name':'x','namespace':'d','annotations':{%s}},'spec':{%s}}".formatted(annotations, spec).replace('\'', '"'));
        SERVICE.setDefaults(service);
        return service;
    }

    private static List<String> problems(String spec) {
        return problems(spec, "");
    }

    private static List<String> problems(String spec, String annotations) {
        return SERVICE.validateCreate(made(spec, annotations)).stream().map(FieldError::text).toList();
    }

    private static ObjectNode changed(String before, String after) {
        ObjectNode updated = made(after, "");
        SERVICE.prepareUpdate(updated, made(before, ""), null);
        return updated;
    }

    private static List<String> change(String before, String after) {
        ObjectNode old = made(before, "");
        ObjectNode updated = made(after, "");
        SERVICE.prepareUpdate(updated, old, null);
        return SERVICE.validateUpdate(updated, old, null).stream().map(FieldError::text).toList();
    }

    @Test
    void anAliasHasNoAddressesAndANameThatMayEndInADot() {
        assertThat(problems("'type':'ExternalName','externalName':'a_b.','clusterIP':'None','clusterIPs':['None'],'ipFamilies':['IPv4'],'ipFamilyPolicy':'SingleStack'"))
                .satisfiesExactly(
                        addresses -> assertThat(addresses).isEqualTo("spec.clusterIPs: Forbidden: may not be set for ExternalName services"),
                        families -> assertThat(families).isEqualTo("spec.ipFamilies: Forbidden: may not be set for ExternalName services"),
                        policy -> assertThat(policy).isEqualTo("spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services"),
                        name -> assertThat(name).startsWith("spec.externalName: Invalid value: \"a_b\": a lowercase RFC 1123 subdomain"));
        assertThat(problems("'type':'ExternalName','externalName':'.'")).containsExactly("spec.externalName: Required value");
        // Numbers on the nodes are refused of services that have addresses and no such numbers.
        assertThat(problems("'type':'ExternalName','externalName':'a.b','ports':[{'port':1,'nodePort':30000}]")).isEmpty();
    }

    @Test
    void portsAreToldApartByTheirProtocolAndNumber() {
        assertThat(problems("'type':'NodePort','ports':[{'name':'a','port':80,'nodePort':30000},{'name':'b','port':80,'nodePort':30000,'appProtocol':''},{'name':'c','port':80,'protocol':'UDP','nodePort':30000}]"))
                .satisfiesExactly(
                        none -> assertThat(none).isEqualTo("spec.ports[1].appProtocol: Invalid value: \"\": name part must be non-empty"),
                        form -> assertThat(form).startsWith("spec.ports[1].appProtocol: Invalid value: \"\": name part must consist of"),
                        node -> assertThat(node).isEqualTo("spec.ports[1].nodePort: Duplicate value: 30000"),
                        port -> assertThat(port).isEqualTo("spec.ports[1]: Duplicate value: {\"Name\":\"\",\"Protocol\":\"TCP\",\"AppProtocol\":null,\"Port\":80,\"TargetPort\":0,\"NodePort\":0}"));
    }

    @Test
    void whoeverStaysWithABackendSaysForHowLong() {
        assertThat(problems("'ports':[{'port':1}],'sessionAffinity':'ClientIP','sessionAffinityConfig':{'clientIP':{'timeoutSeconds':86401}}"))
                .containsExactly("spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400");
        assertThat(problems("'ports':[{'port':1}],'sessionAffinity':'Odd','sessionAffinityConfig':{'clientIP':{'timeoutSeconds':0}}"))
                .containsExactly("spec.sessionAffinity: Unsupported value: \"Odd\": supported values: \"ClientIP\", \"None\"");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
        "'clusterIP':'10.96.0.9'|spec.clusterIPs: Required value",
        "'clusterIPs':['10.96.0.9']|spec.clusterIPs: Invalid value: [\"10.96.0.9\"]: must be empty when `clusterIP` is not specified",
        "'clusterIP':'10.96.0.8','clusterIPs':['10.96.0.9']|spec.clusterIPs: Invalid value: [\"10.96.0.9\"]: first value must match `clusterIP`",
        "'clusterIP':'None','clusterIPs':['None','10.96.0.9']|spec.clusterIPs: Invalid value: [\"None\",\"10.96.0.9\"]: 'None' must be the first and only value",
        "'clusterIP':'10.96.0.8','clusterIPs':['10.96.0.8','10.96.0.9']|spec.clusterIPs: Invalid value: [\"10.96.0.8\",\"10.96.0.9\"]: may specify no more than one IP for each IP family",
        "'clusterIP':'10.96.0.8','clusterIPs':['10.96.0.8'],'ipFamilies':['IPv6']|spec.clusterIPs[0]: Invalid value: \"10.96.0.8\": expected an IPv6 value as indicated by `ipFamilies[0]`",
        "'clusterIP':'fd00::8','clusterIPs':['fd00::8'],'ipFamilies':['IPv4']|spec.clusterIPs[0]: Invalid value: \"fd00::8\": expected an IPv4 value as indicated by `ipFamilies[0]`",
        "'ipFamilies':['IPv4','IPv4']|spec.ipFamilies[1]: Duplicate value: \"IPv4\"",
        "'ipFamilyPolicy':'Odd'|spec.ipFamilyPolicy: Unsupported value: \"Odd\": supported values: \"PreferDualStack\", \"RequireDualStack\", \"SingleStack\"",
        "'clusterIP':'10.96.0.8','clusterIPs':['10.96.0.8','fd00::8']|",
    })
    void addressesAndFamiliesFitTogether(String spec, String problem) {
        assertThat(problems("'ports':[{'port':1}]," + spec)).isEqualTo(problem == null ? List.of() : List.of(problem));
    }

    @Test
    void tooManyAddresses() {
        String three = "[\"10.96.0.8\",\"fd00::8\",\"10.96.0.9\"]";
        assertThat(problems("'ports':[{'port':1}],'clusterIP':'10.96.0.8','clusterIPs':" + three)).containsExactly(
                "spec.clusterIPs: Invalid value: " + three + ": may only hold up to 2 values",
                "spec.clusterIPs: Invalid value: " + three + ": may specify no more than one IP for each IP family");
    }

    @Test
    void whatOnlyABalancerHas() {
        assertThat(problems("'ports':[{'port':1}],'loadBalancerSourceRanges':['odd'],'allocateLoadBalancerNodePorts':true,'loadBalancerClass':'a/b','healthCheckNodePort':30001"))
                .containsExactly(
                        "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
                        "spec.LoadBalancerSourceRanges[0]: Invalid value: \"odd\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
                        "spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'",
                        "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'",
                        "spec.healthCheckNodePort: Invalid value: 30001: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
        String balanced = "'ports':[{'port':1}],'type':'LoadBalancer',";
        assertThat(problems(balanced + "'externalTrafficPolicy':'Local'")).containsExactly("spec.healthCheckNodePort: Required value");
        assertThat(problems(balanced + "'externalTrafficPolicy':'Local','healthCheckNodePort':70000"))
                .containsExactly("spec.healthCheckNodePort: Invalid value: 70000: must be between 1 and 65535, inclusive");
        assertThat(problems(balanced + "'loadBalancerClass':'a/b/c'")).singleElement().asString().startsWith("spec.loadBalancerClass: Invalid value: \"a/b/c\": a qualified name");
        assertThat(problems(balanced + "'trafficDistribution':''")).containsExactly(
                "spec.trafficDistribution: Unsupported value: \"\": supported values: \"PreferClose\", \"PreferSameNode\", \"PreferSameZone\"");
    }

    @Test
    void annotations() {
        String at = "metadata.annotations[service.beta.kubernetes.io/load-balancer-source-ranges]: ";
        assertThat(problems("'ports':[{'port':1}]", "'service.beta.kubernetes.io/load-balancer-source-ranges':' 10.0.0.0/8, odd'")).containsExactly(
                at + "Forbidden: may only be used when `type` is 'LoadBalancer'",
                at + "Invalid value: \"odd\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
        assertThat(problems("'ports':[{'port':1}]", "'service.kubernetes.io/topology-mode':'Auto','service.kubernetes.io/topology-aware-hints':'auto'")).containsExactly(
                "metadata.annotations[service.kubernetes.io/topology-mode]: Invalid value: \"Auto\": must match annotations[service.kubernetes.io/topology-aware-hints] when both are specified");
    }

    @Test
    void whatABalancerDoesNotChange() {
        String balanced = "'ports':[{'port':1}],'type':'LoadBalancer','externalTrafficPolicy':'Local','healthCheckNodePort':%d,'loadBalancerClass':'a/%s'";
        assertThat(change(balanced.formatted(30001, "b"), balanced.formatted(30002, "c"))).containsExactly(
                "spec.loadBalancerClass: Invalid value: \"a/c\": may not change once set", "spec.healthCheckNodePort: Forbidden: field is immutable");
        assertThat(change("'ports':[{'port':1}],'type':'LoadBalancer','loadBalancerClass':'a/b'", "'ports':[{'port':1}],'type':'LoadBalancer'"))
                .containsExactly("spec.loadBalancerClass: Invalid value: null: may not change once set");
        assertThat(change("'ports':[{'port':1}],'clusterIP':'10.96.0.8','clusterIPs':['10.96.0.8'],'ipFamilies':['IPv4']", "'ports':[{'port':1}],'ipFamilies':['IPv6']"))
                .containsExactly(
                        "spec.clusterIPs[0]: Invalid value: \"10.96.0.8\": expected an IPv6 value as indicated by `ipFamilies[0]`",
                        "spec.ipFamilies[0]: Invalid value: [\"IPv6\"]: may not change once set");
    }

    /// normalizeClusterIPs and dropTypeDependentFields.
    @Test
    void whoBecomesAnAliasLosesTheAddressThatHeDidNotChange() {
        String addressed = "'ports':[{'port':1}],'clusterIP':'10.96.0.8','clusterIPs':['10.96.0.8'],'ipFamilies':['IPv4'],'ipFamilyPolicy':'SingleStack'";
        String alias = "'type':'ExternalName','externalName':'a.b','internalTrafficPolicy':'Cluster',";
        for (String said : List.of(addressed, addressed.replace("'clusterIP':'10.96.0.8'", "'clusterIP':''"))) {
            ObjectNode aliased = changed(addressed, alias + said);
            assertThat(aliased.path("spec").has("clusterIPs") || aliased.path("spec").has("ipFamilies") || aliased.path("spec").has("ipFamilyPolicy")).isFalse();
            assertThat(Json.string(aliased, "spec", "internalTrafficPolicy")).isEqualTo("Cluster");
            assertThat(change(addressed, alias + said)).isEmpty();
        }
        assertThat(change(addressed, alias + addressed.replace("10.96.0.8", "10.96.0.9"))).containsExactly("spec.clusterIPs: Forbidden: may not be set for ExternalName services");
        // From an alias back, with an address that is asked for.
        assertThat(changed("'type':'ExternalName','externalName':'a.b'", "'ports':[{'port':1}],'clusterIP':'10.96.0.8'").path("spec").path("clusterIPs").toString())
                .isEqualTo("[\"10.96.0.8\"]");
    }

    @Test
    void whatChangedMeanwhileIsNotDropped() {
        String balanced = "'ports':[{'name':'a','port':1,'nodePort':30001},{'name':'b','port':2,'nodePort':30002}],'type':'LoadBalancer','loadBalancerClass':'a/b'";
        String plain = "'type':'ClusterIP','ports':[{'name':'a','port':1,'nodePort':30001},{'name':'b','port':2,'nodePort':%d}],'loadBalancerClass':'a/%s','allocateLoadBalancerNodePorts':%s";
        assertThat(change(balanced, plain.formatted(30002, "b", "true"))).isEmpty();
        assertThat(change(balanced, plain.formatted(30003, "c", "false"))).containsExactly(
                "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
                "spec.ports[1].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
                "spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'",
                "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'");
    }

    @Test
    void whoIsNoBalancerAnyMoreHasNoBalancersAddresses() {
        ObjectNode old = made("'ports':[{'port':1}],'type':'LoadBalancer'", "");
        Json.child(Json.child(old, "status"), "loadBalancer").putArray("ingress").addObject().put("ip", "192.0.2.1");
        ObjectNode updated = old.deepCopy();
        Json.child(updated, "spec").put("type", "NodePort");
        SERVICE.prepareUpdate(updated, old, null);
        assertThat(updated.path("status").path("loadBalancer").isEmpty()).isTrue();
        assertThat(SERVICE.validateUpdate(updated, old, null)).isEmpty();
    }

    /// Stored when rules were fewer, with more faults than are told of one object.
    @Test
    void whatIsNewlyWrongIsToldBehindMuchThatWasWrongBefore() {
        String faulty = "'ports':[{'port':1}],'externalIPs':[" + "'1.2.3',".repeat(300) + "'1.2.3']";
        assertThat(change(faulty, faulty)).isEmpty();
        assertThat(change(faulty, faulty + ",'trafficDistribution':'Odd'"))
                .containsExactly("spec.trafficDistribution: Unsupported value: \"Odd\": supported values: \"PreferClose\", \"PreferSameNode\", \"PreferSameZone\"");
        String hopeless = faulty.replace("'externalIPs':[", "'externalIPs':[" + "'1',".repeat(20_000));
        assertThat(change(hopeless, hopeless)).isEmpty();
        assertThat(change(hopeless, hopeless + ",'trafficDistribution':'Odd'")).hasSize(200);
    }

    @ParameterizedTest
    @CsvSource({"0:0::1,loopback", "::0,unspecified", "fe90::1,link-local", "ff12::1,link-local multicast", "127.9.9.9,loopback", "169.254.169.254,link-local", "224.0.0.9,link-local multicast"})
    void addressesThatLeadNowhereAreKnownHoweverTheyAreWritten(String address, String why) {
        assertThat(problems("'ports':[{'port':1}],'externalIPs':['" + address + "']")).singleElement().asString().startsWith("spec.externalIPs[0]: Invalid value: ").contains(why);
    }
}
