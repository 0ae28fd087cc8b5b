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
}
