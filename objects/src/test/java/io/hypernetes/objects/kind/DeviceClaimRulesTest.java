package io.hypernetes.objects.kind;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.ObjectNode;

/// Sentences as in upstream's `pkg/apis/resource/validation/validation.go`.
class DeviceClaimRulesTest {
    private static final Kinds KINDS = Kinds.load();

    private static List<String> problems(String kind, String spec) {
        Kind rules = KINDS.get("resource.k8s.io/v1", kind);
        ObjectNode object = Json.readObject(("{'metadata':{'name':'x','namespace':'d'},'spec':" + spec + "}").replace('\'', '"'));
        rules.setDefaults(object);
        return rules.validateCreate(object).stream().map(FieldError::text).toList();
    }

    @Test
    void aClaimAsksForDevicesOfAClass() {
        assertThat(problems("ResourceClaim", "{'devices':{'requests':[{'name':'a','exactly':{'deviceClassName':'c'}},{'name':'b','firstAvailable':[{'name':'s','deviceClassName':'c'}]}],"
                        + "'constraints':[{'requests':['a','b/s'],'matchAttribute':'d.io/x'}]}}"))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"ResourceClaim,spec,%s", "ResourceClaimTemplate,spec.spec,{'spec':%s}"})
    void whatNoDeviceCanBeIsRefused(String kind, String at, String form) {
        String claim = "{'devices':{'requests':[{'name':'a'},{'name':'a','exactly':{'allocationMode':'All','count':1,'selectors':[{}]}},{'name':'b','exactly':{'deviceClassName':'c','count':-1}}],"
                + "'constraints':[{'requests':['a/b/c']}],'config':[{'requests':['q','q']}]}}";
        String devices = at + ".devices.";
        String hint = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
        assertThat(problems(kind, form.formatted(claim))).containsExactly(
                devices + "requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required",
                devices + "requests[1].exactly.deviceClassName: Required value",
                devices + "requests[1].exactly.selectors[0].cel: Required value",
                devices + "requests[1].exactly.count: Invalid value: 1: must not be specified when allocationMode is 'All'",
                devices + "requests[2].exactly.count: Invalid value: -1: must be greater than zero",
                devices + "requests[1]: Duplicate value: \"a\"",
                devices + "constraints[0].requests[0]: Invalid value: \"a/b/c\": " + hint,
                devices + "constraints[0]: Required value: exactly one of \"matchAttribute\" or \"distinctAttribute\" is required, but multiple fields are set",
                devices + "config[0].requests[0]: Invalid value: \"q\": " + hint,
                devices + "config[0].requests[1]: Invalid value: \"q\": " + hint,
                devices + "config[0].requests[1]: Duplicate value: \"q\"",
                devices + "config[0].opaque: Required value");
    }

    @Test
    void whatElseAClaimSays() {
        String request = "{'devices':{'requests':[{'name':'a','exactly':{'deviceClassName':'c','tolerations':[{'operator':'Exists','value':'v','effect':'Odd'}]}}],"
                + "'constraints':[{'matchAttribute':'x'}],'config':[{'opaque':{'driver':'d.io','parameters':[]}}]}}";
        String devices = "spec.devices.";
        assertThat(problems("ResourceClaim", request)).containsExactly(
                devices + "requests[0].exactly.tolerations[0].value: Invalid value: \"v\": must be empty for operator `Exists`",
                devices + "requests[0].exactly.tolerations[0].effect: Unsupported value: \"Odd\": supported values: \"NoExecute\", \"NoSchedule\", \"None\"",
                devices + "constraints[0].matchAttribute: Invalid value: \"x\": a fully qualified name must be a domain and a name separated by a slash",
                devices + "config[0].opaque.parameters: Invalid value: \"<value omitted>\": must be a valid JSON object");
        assertThat(problems("ResourceClaimTemplate", "{'metadata':{'name':'x'},'spec':{}}")).containsExactly("spec.metadata.name: Forbidden: cannot be set");
        assertThat(problems("ResourceClaim", "{'devices':{'requests':[" + "{},".repeat(32) + "{}]}}"))
                .containsExactly("spec.devices.requests: Too many: 33: must have at most 32 items");
    }

    @Test
    void whatIsToldOfAClaim() {
        String spec = "'devices':{'requests':[{'name':'a','exactly':{'deviceClassName':'c'}}]}";
        String result = "'allocation':{'devices':{'results':[{'request':'%s','driver':'d.io','pool':'p','device':'%s'}]}}";
        String user = "'reservedFor':[{'resource':'pods','name':'p','uid':'u'}]";
        assertThat(told(spec, "", result.formatted("a", "x") + "," + user)).isEmpty();
        assertThat(told(spec, "", user.replace("'u'", "''"))).containsExactly(
                "status.reservedFor[0].uid: Required value", "status.reservedFor: Forbidden: may not be specified when `allocated` is not set");
        assertThat(told(spec, "", result.formatted("b", "x") + ",'devices':[{'driver':'d.io','pool':'p','device':'y','networkData':{'ips':['10.0.0.1']}}]")).containsExactly(
                "status.devices[0]: Invalid value: \"d.io/p/y\": must be an allocated device in the claim",
                "status.devices[0].networkData.ips[0]: Invalid value: \"10.0.0.1\": must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)",
                "status.allocation.devices.results[0].request: Invalid value: \"b\": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'");
        assertThat(told(spec, result.formatted("a", "x"), result.formatted("a", "y"))).singleElement().asString()
                .startsWith("status.allocation: Invalid value: {").endsWith("field is immutable");
        // What was stored when less was asked can be told more of.
        assertThat(told(spec, result.formatted("b", "x"), result.formatted("b", "x") + "," + user)).isEmpty();
    }

    private static List<String> told(String spec, String before, String now) {
        return StatusRulesTest.told("resource.k8s.io/v1", "ResourceClaim", spec, before, now);
    }

    @Test
    void classesOfDevices() {
        assertThat(problems("DeviceClass", "{'selectors':[{}],'config':[{}],'extendedResourceName':'cpu'}")).contains(
                "spec.selectors[0].cel: Required value",
                "spec.config[0].opaque: Required value",
                "spec.extendedResourceName: Invalid value: \"cpu\": must be a valid extended resource name");
    }

    @Test
    void slicesOfDevices() {
        String slice = "{'driver':'d.io','pool':{'name':'p','resourceSliceCount':1,'generation':0},%s}";
        assertThat(slices(slice.formatted("'nodeName':'n','devices':[{'name':'a','attributes':{'model':{'string':'m'},'d.io/v':{'version':'1.2.3-a.1'}}}]"))).isEmpty();
        assertThat(slices("{'pool':{'name':''},'allNodes':false}")).satisfiesExactly(
                driver -> assertThat(driver).isEqualTo("spec.driver: Required value"),
                form -> assertThat(form).startsWith("spec.driver: Invalid value: \"\": a lowercase RFC 1123 subdomain"),
                pool -> assertThat(pool).isEqualTo("spec.pool.name: Required value"),
                count -> assertThat(count).isEqualTo("spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero"),
                nodes -> assertThat(nodes).isEqualTo("spec.allNodes: Invalid value: false: must be either unset or set to true"),
                none -> assertThat(none).isEqualTo("spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"));
        assertThat(slices(slice.formatted("'nodeName':'n','allNodes':true,'devices':[{'name':'a','nodeName':'n','attributes':{'a-b':{'version':'1'},'c':{}},"
                        + "'taints':[{'key':'k','effect':''}],'bindingConditions':['x']},{'name':'a'}]"))).satisfiesExactly(
                two -> assertThat(two).isEqualTo("spec: Invalid value: \"{`nodeName`, `allNodes`}\": exactly one of `nodeName`, `nodeSelector`, `allNodes`,"
                        + " `perDeviceNodeSelection` is required, but multiple fields are set"),
                key -> assertThat(key).startsWith("spec.devices[0].attributes: Invalid value: \"a-b\": a valid C identifier must start with"),
                version -> assertThat(version).isEqualTo("spec.devices[0].attributes[a-b].version: Invalid value: \"1\": must be a string compatible with semver.org spec 2.0.0"),
                value -> assertThat(value).isEqualTo("spec.devices[0].attributes[c]: Invalid value: \"\": exactly one value must be specified"),
                effect -> assertThat(effect).isEqualTo("spec.devices[0].taints[0].effect: Required value"),
                place -> assertThat(place).isEqualTo("spec.devices[0]: Invalid value: \"null\": `nodeName`, `nodeSelector` and `allNodes` can only be set if"
                        + " `perDeviceNodeSelection` is set to true in the ResourceSlice spec"),
                failing -> assertThat(failing).isEqualTo("spec.devices[0].bindingFailureConditions: Invalid value: []: bindingFailureConditions are required to use bindingConditions"),
                twice -> assertThat(twice).isEqualTo("spec.devices[1]: Duplicate value: \"a\""));
        Kind rules = KINDS.get("resource.k8s.io/v1", "ResourceSlice");
        ObjectNode old = Json.readObject("{\"metadata\":{\"name\":\"x\"},\"spec\":" + slice.formatted("'nodeName':'n'").replace('\'', '"') + "}");
        ObjectNode moved = old.deepCopy();
        Json.child(moved, "spec").put("nodeName", "m");
        assertThat(rules.validateUpdate(moved, old, null).stream().map(FieldError::text)).containsExactly("spec.nodeName: Invalid value: \"m\": field is immutable");
        assertThat(rules.selectableFields(old)).containsEntry("spec.nodeName", "n").containsEntry("spec.driver", "d.io");
    }

    private static List<String> slices(String spec) {
        Kind rules = KINDS.get("resource.k8s.io/v1", "ResourceSlice");
        return rules.validateCreate(Json.readObject(("{'metadata':{'name':'x'},'spec':" + spec + "}").replace('\'', '"'))).stream().map(FieldError::text).toList();
    }

    /// As SetObjectDefaults_ResourceClaim of upstream's `pkg/apis/resource/v1`.
    @Test
    void noneIsOneAndATolerationIsOfAValue() {
        Kind rules = KINDS.get("resource.k8s.io/v1", "ResourceClaim");
        ObjectNode claim = Json.readObject("""
                {"metadata":{"name":"x","namespace":"d"},
                 "spec":{"devices":{"requests":[{"name":"a","exactly":{"deviceClassName":"c","count":0}},
                                                {"name":"b","firstAvailable":[{"name":"s","deviceClassName":"c","count":0}]},
                                                {"name":"c","exactly":{"deviceClassName":"c","allocationMode":"All","count":0}}]}},
                 "status":{"allocation":{"devices":{"results":[{"request":"a","driver":"d.io","pool":"p","device":"x","tolerations":[{"key":"k"}]}]}}}}""");
        ObjectNode before = claim.deepCopy();
        before.remove("status");
        rules.setDefaults(claim);
        rules.setDefaults(before);
        assertThat(claim.path("spec").path("devices").path("requests").valueStream().map(each -> each.at("/exactly/count").asInt(-1) + " " + each.at("/firstAvailable/0/count").asInt(-1)))
                .containsExactly("1 -1", "-1 1", "0 -1");
        assertThat(claim.at("/status/allocation/devices/results/0/tolerations/0/operator").asString("")).isEqualTo("Equal");
        assertThat(rules.validateCreate(claim)).isEmpty();
        assertThat(rules.validateUpdate(claim, before, "status")).isEmpty();
    }
}
