package io.hypernetes.objects.kind;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.ObjectNode;

/// Sentences as in upstream's `pkg/apis/networking/validation`, `pkg/apis/discovery/validation`, `pkg/apis/coordination/validation` and
/// `apimachinery/pkg/util/validation/ip.go`.
class NetworkRulesTest {
    private static final Kinds KINDS = Kinds.load();

    private static List<String> problems(String apiVersion, String kind, String name, String members) {
        Kind rules = KINDS.get(apiVersion, kind);
        ObjectNode object = Json.readObject("{'metadata':{'name':'%s'%s},%s}"
                .formatted(name, rules.type().namespaced() ? ",'namespace':'d'" : "", members)
                .replace('\'', '"'));
        rules.setDefaults(object);
        return rules.validateCreate(object).stream().map(FieldError::text).toList();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "10.0.0.1|", "2001:db8::1|", "2001:DB8::1|", "010.0.0.1|must not have leading 0s", "::ffff:10.0.0.1|must not be an IPv4-mapped IPv6 address",
        "300.0.0.1|must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
    })
    void addressesAreReadStrictly(String text, String problem) {
        assertThat(Addresses.address(text)).isEqualTo(problem == null ? List.of() : List.of(problem));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "10.0.0.0/8|", "2001:DB8::/64|", "0.0.0.0/0|", "010.0.0.0/8|must not have leading 0s in IP or prefix length",
        "10.0.0.0/08|must not have leading 0s in IP or prefix length", "::ffff:10.0.0.0/104|must not have an IPv4-mapped IPv6 address",
        "10.0.0.1/8|must not have bits set beyond the prefix length", "10.0.0.0/33|must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
        "10.0.0.0|must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
    })
    void rangesAreReadStrictly(String text, String problem) {
        assertThat(Addresses.range(text)).isEqualTo(problem == null ? List.of() : List.of(problem));
    }

    @Test
    void whatIsNewIsWrittenAsEverybodyWritesIt() {
        String address = "'spec':{'parentRef':{'resource':'services','name':'a/b'}}";
        assertThat(problems("networking.k8s.io/v1", "IPAddress", "2001:DB8::1", address)).containsExactly(
                "metadata.name: Invalid value: \"2001:DB8::1\": must be in canonical form (\"2001:db8::1\")",
                "spec.parentRef.name: Invalid value: \"a/b\": may not contain '/'");
        assertThat(problems("networking.k8s.io/v1", "ServiceCIDR", "x", "'spec':{'cidrs':['2001:DB8::/64']}"))
                .containsExactly("spec.cidrs[0]: Invalid value: \"2001:DB8::/64\": must be in canonical form (\"2001:db8::/64\")");
        assertThat(problems("networking.k8s.io/v1", "ServiceCIDR", "x", "'spec':{'cidrs':['10.0.0.0/8','11.0.0.0/8']}")).containsExactly(
                "spec.cidrs: Invalid value: {\"cidrs\":[\"10.0.0.0/8\",\"11.0.0.0/8\"]}: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64");
    }

    @Test
    void blocksOfPolicies() {
        String policy = "'spec':{'egress':[{'ports':[{'port':9,'endPort':0}],'to':[{'ipBlock':{'cidr':'%s','except':['10.1.0.0/16','11.0.0.0/8','odd']}}]}]}";
        String at = "spec.egress[0].to[0].ipBlock.";
        String end = "spec.egress[0].ports[0].endPort: Invalid value: ";
        assertThat(problems("networking.k8s.io/v1", "NetworkPolicy", "x", policy.formatted("10.0.0.0/8"))).containsExactly(
                end + "9: must be greater than or equal to `port`",
                end + "0: must be between 1 and 65535, inclusive",
                at + "except[1]: Invalid value: \"11.0.0.0/8\": must be a strict subset of `cidr`",
                at + "except[2]: Invalid value: \"odd\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
        assertThat(problems("networking.k8s.io/v1", "NetworkPolicy", "x", policy.formatted("odd"))).contains(
                        at + "cidr: Invalid value: \"odd\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")
                .noneMatch(text -> text.contains("except"));
    }

    @Test
    void pathsOfIngresses() {
        String ingress = "'spec':{'ingressClassName':'c','rules':[{'host':'1.2.3.4','http':{'paths':[{'path':'a//b'},"
                + "{'pathType':'Exact','path':'a//b','backend':{'resource':{'kind':'K'}}},{'pathType':'Odd','path':'a','backend':{'resource':{'kind':'K','name':'n'}}}]}}]}";
        assertThat(problems("networking.k8s.io/v1", "Ingress", "x", ingress)).containsExactly(
                "spec.rules[0].host: Invalid value: \"1.2.3.4\": must be a DNS name, not an IP address",
                "spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified",
                "spec.rules[0].http.paths[1].path: Invalid value: \"a//b\": must be an absolute path",
                "spec.rules[0].http.paths[1].path: Invalid value: \"a//b\": must not contain '//'",
                "spec.rules[0].http.paths[1].backend.resource.name: Required value: name is required",
                "spec.rules[0].http.paths[2].pathType: Unsupported value: \"Odd\": supported values: \"Exact\", \"ImplementationSpecific\", \"Prefix\"");
    }

    @ParameterizedTest
    @CsvSource({"c,true", "d,false"})
    void theOldNameOfAnIngressClassIsTheNewOne(String old, boolean good) {
        Kind rules = KINDS.get("networking.k8s.io/v1", "Ingress");
        ObjectNode ingress = Json.readObject("{\"metadata\":{\"name\":\"x\",\"namespace\":\"d\",\"annotations\":{\"kubernetes.io/ingress.class\":\"" + old + "\"}},"
                + "\"spec\":{\"ingressClassName\":\"c\",\"defaultBackend\":{\"service\":{\"name\":\"1s\",\"port\":{\"number\":1}}}}}");
        assertThat(rules.validateCreate(ingress).stream().map(FieldError::text).toList()).isEqualTo(good ? List.of()
                : List.of("annotations.kubernetes.io/ingress.class: Invalid value: \"d\": must match `ingressClassName` when both are specified"));
    }

    @Test
    void controllersOfIngresses() {
        assertThat(problems("networking.k8s.io/v1", "IngressClass", "x", "'spec':{'controller':'a.io/?','parameters':{'apiGroup':'A','kind':'K','name':'a%','scope':'Namespace','namespace':'N'}}"))
                .satisfiesExactly(
                        path -> assertThat(path).startsWith("spec.controller: Invalid value: \"?\": Invalid path (regex used for validation is '"),
                        group -> assertThat(group).startsWith("spec.parameters.apiGroup: Invalid value: \"A\": "),
                        name -> assertThat(name).isEqualTo("spec.parameters.name: Invalid value: \"a%\": may not contain '%'"),
                        namespace -> assertThat(namespace).startsWith("spec.parameters.namespace: Invalid value: \"N\": "));
    }

    @Test
    void endpointsOfSlices() {
        assertThat(problems("discovery.k8s.io/v1", "EndpointSlice", "x", "'addressType':'IPv4','endpoints':[{'addresses':['::1','010.0.0.1','127.0.0.1'],'hostname':''}]"))
                .satisfiesExactly(
                        family -> assertThat(family).isEqualTo("endpoints[0].addresses[0]: Invalid value: \"::1\": must be an IPv4 address"),
                        zeros -> assertThat(zeros).isEqualTo("endpoints[0].addresses[1]: Invalid value: \"010.0.0.1\": must not have leading 0s"),
                        loop -> assertThat(loop).endsWith("may not be in the loopback range (127.0.0.0/8, ::1/128)"),
                        host -> assertThat(host).startsWith("endpoints[0].hostname: Invalid value: \"\": "));
        assertThat(problems("discovery.k8s.io/v1", "EndpointSlice", "x", "'addressType':'FQDN','endpoints':[{'addresses':['a.b.','a']}]"))
                .containsExactly("endpoints[0].addresses[1]: Invalid value: \"a\": should be a domain with at least two segments separated by dots");
    }

    @Test
    void strategiesOfLeases() {
        assertThat(problems("coordination.k8s.io/v1", "Lease", "x", "'spec':{'preferredHolder':'a'}"))
                .containsExactly("spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined");
        assertThat(problems("coordination.k8s.io/v1", "Lease", "x", "'spec':{'strategy':'Odd'}"))
                .containsExactly("spec.strategy.strategy: Unsupported value: \"Odd\": supported values: \"OldestEmulationVersion\"");
    }
}
