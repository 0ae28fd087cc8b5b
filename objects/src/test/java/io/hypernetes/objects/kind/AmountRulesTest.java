package io.hypernetes.objects.kind;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.ObjectNode;

/// LimitRanges and ResourceQuotas: sentences and their order as in ValidateLimitRange and ValidateResourceQuotaSpec of upstream's `pkg/apis/core/validation/validation.go`;
/// what is a resource as in `pkg/apis/core/helper/helpers.go`.
class AmountRulesTest {
    private static final Kinds KINDS = Kinds.load();

    private static ObjectNode made(String kind, String spec) {
        ObjectNode object = Json.readObject("{'metadata':{'name':'x','namespace':'d'},'spec':{%s}}".formatted(spec).replace('\'', '"'));
        KINDS.get("v1", kind).setDefaults(object);
        return object;
    }

    private static List<String> limits(String limit) {
        return problems("LimitRange", "'limits':[{" + limit + "}]").stream().map(text -> text.replaceFirst("^spec\\.limits\\[0\\]\\.", "")).toList();
    }

    private static List<String> problems(String kind, String spec) {
        return KINDS.get("v1", kind).validateCreate(made(kind, spec)).stream().map(FieldError::text).toList();
    }

    @Test
    void whatLimitsAreOf() {
        assertThat(limits("'type':'Odd'")).containsExactly("type: Invalid value: \"Odd\": must be a standard limit type or fully qualified");
        assertThat(limits("'type':'a/b','max':{'gpu':'1'}")).containsExactly("max[gpu]: Invalid value: \"gpu\": must be a standard resource type or fully qualified");
        assertThat(limits("'type':'Container','max':{'gpu':'1'}").subList(0, 2)).containsExactly(
                "max[gpu]: Invalid value: \"gpu\": must be a standard resource type or fully qualified", "max[gpu]: Invalid value: \"gpu\": must be a standard resource for containers");
        assertThat(limits("'type':'Pod','max':{'requests.a.b/c':'1','storage':'1'},'default':{'cpu':'1'},'defaultRequest':{'cpu':'1'}")).containsExactly(
                "max[requests.a.b/c]: Invalid value: \"requests.a.b/c\": doesn't follow extended resource name standard",
                "max[storage]: Invalid value: \"storage\": must be a standard resource for containers",
                "default: Forbidden: may not be specified when `type` is 'Pod'",
                "defaultRequest: Forbidden: may not be specified when `type` is 'Pod'");
        assertThat(limits("'type':'PersistentVolumeClaim','max':{'cpu':'1'}"))
                .containsExactly("limits: Required value: either minimum or maximum storage value is required, but neither was provided");
        assertThat(problems("LimitRange", "'limits':[{'type':'Pod'},{'type':'Pod'}]")).containsExactly("spec.limits[1].type: Duplicate value: \"Pod\"");
    }

    /// Each of them is looked for whenever the quota is counted anew.
    @Test
    void aQuotaHasABoundedNumberOfResources() {
        assertThat(problems("ResourceQuota", "'hard':{" + counts(1000) + "}")).isEmpty();
        assertThat(problems("ResourceQuota", "'hard':{" + counts(1001) + "}")).containsExactly("spec.hard: Too many: 1001: must have at most 1000 items");
        ObjectNode old = made("ResourceQuota", "'hard':{" + counts(1001) + "}");
        old.withObject("/metadata").put("resourceVersion", "1").put("uid", "u");
        ObjectNode now = old.deepCopy();
        now.withObject("/metadata/labels").put("a", "b");
        assertThat(KINDS.get("v1", "ResourceQuota").validateUpdate(now, old, null, _ -> {})).as("one from before that keeps what it has").isEmpty();
        now.withObject("/spec/hard").put("count/more.example.com", "1");
        assertThat(KINDS.get("v1", "ResourceQuota").validateUpdate(now, old, null, _ -> {})).extracting(FieldError::text)
                .containsExactly("spec.hard: Too many: 1002: must have at most 1000 items");
    }

    private static String counts(int number) {
        return java.util.stream.IntStream.range(0, number).mapToObj(i -> "'count/k" + i + ".example.com':'1'").collect(java.util.stream.Collectors.joining(","));
    }

    @Test
    void limitsAreInOrder() {
        assertThat(limits("'type':'Container','min':{'cpu':'4'},'max':{'cpu':'3'},'default':{'cpu':'1'},'defaultRequest':{'cpu':'2'}")).containsExactly(
                "min[cpu]: Invalid value: \"4\": min value 4 is greater than max value 3",
                "defaultRequest[cpu]: Invalid value: \"2\": min value 4 is greater than default request value 2",
                "defaultRequest[cpu]: Invalid value: \"2\": default request value 2 is greater than default limit value 1",
                "default[cpu]: Invalid value: \"4\": min value 4 is greater than default value 1");
        assertThat(limits("'type':'Container','max':{'cpu':'3'},'default':{'cpu':'4'},'defaultRequest':{'cpu':'4'}")).containsExactly(
                "defaultRequest[cpu]: Invalid value: \"4\": default request value 4 is greater than max value 3",
                "default[cpu]: Invalid value: \"3\": default value 4 is greater than max value 3");
        assertThat(limits("'type':'Container','default':{'a.b/c':'4'},'defaultRequest':{'a.b/c':'3'}"))
                .containsExactly("defaultRequest[a.b/c]: Invalid value: \"3\": default value 4 must equal to defaultRequest value 3 in a.b/c");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "500m|1|1|ratio 500m is less than 1", "2500m|2|1|ratio 2500m is greater than max/min = 2.000000", "2|200m|300m|ratio 2 is greater than max/min = 0.666667", "9|1|0|", "1|1|1|"
    })
    void ratiosArePossible(String ratio, String max, String min, String problem) {
        List<String> found = limits("'type':'Pod','max':{'cpu':'" + max + "'},'min':{'cpu':'" + min + "'},'maxLimitRequestRatio':{'cpu':'" + ratio + "'}")
                .stream().filter(text -> text.contains("ratio")).toList();
        assertThat(found).isEqualTo(problem == null ? List.of() : List.of("maxLimitRequestRatio[cpu]: Invalid value: \"" + ratio + "\": " + problem));
    }

    @Test
    void whatQuotasCount() {
        assertThat(problems("ResourceQuota", "'hard':{'bananas':'1','storage':'1','pods':'-1500m','count/jobs.batch':'500m','requests.a.b/c':'500m','a.kubernetes.io/b':'500m'}")).containsExactly(
                "spec.hard[bananas]: Invalid value: \"bananas\": must be a standard resource type or fully qualified",
                "spec.hard[bananas]: Invalid value: \"bananas\": must be a standard resource for quota",
                "spec.hard[storage]: Invalid value: \"storage\": must be a standard resource for quota",
                "spec.hard[pods]: Invalid value: \"-1500m\": must be greater than or equal to 0",
                "spec.hard[pods]: Invalid value: \"-1500m\": must be an integer",
                "spec.hard[count/jobs.batch]: Invalid value: \"500m\": must be an integer");
    }

    @Test
    void scopes() {
        assertThat(problems("ResourceQuota", "'hard':{'secrets':'1','hugepages-2Mi':'1','a/b':'1'},'scopes':['Odd','PriorityClass']")).containsExactly(
                "spec.scopes: Invalid value: [\"Odd\",\"PriorityClass\"]: unsupported scope",
                "spec.scopes: Invalid value: [\"Odd\",\"PriorityClass\"]: unsupported scope applied to resource",
                "spec.scopes: Invalid value: [\"Odd\",\"PriorityClass\"]: unsupported scope applied to resource");
        String at = "spec.scopeSelector.matchExpressions";
        String selector = "'hard':{'secrets':'1'},'scopeSelector':{'matchExpressions':[%s]}";
        assertThat(problems("ResourceQuota", selector.formatted("{'scopeName':'Terminating','operator':'In'},{'scopeName':'NotTerminating','operator':'Exists','values':['a']},"
                        + "{'scopeName':'Odd','operator':'Is'}"))).containsExactly(
                at + ": Invalid value: {\"MatchExpressions\":[{\"ScopeName\":\"Terminating\",\"Operator\":\"In\",\"Values\":null},{\"ScopeName\":\"NotTerminating\",\"Operator\":\"Exists\",\"Values\":[\"a\"]},"
                        + "{\"ScopeName\":\"Odd\",\"Operator\":\"Is\",\"Values\":null}]}: unsupported scope applied to resource",
                at + ".operator: Invalid value: \"In\": must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, "
                        + "ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
                at + ".values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
                at + ": Invalid value: {\"MatchExpressions\":[{\"ScopeName\":\"Terminating\",\"Operator\":\"In\",\"Values\":null},{\"ScopeName\":\"NotTerminating\",\"Operator\":\"Exists\",\"Values\":[\"a\"]},"
                        + "{\"ScopeName\":\"Odd\",\"Operator\":\"Is\",\"Values\":null}]}: unsupported scope applied to resource",
                at + ".values: Invalid value: [\"a\"]: must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
                at + ".scopeName: Invalid value: \"Odd\": unsupported scope",
                at + ".operator: Invalid value: \"Is\": not a valid selector operator",
                at + ": Invalid value: null: conflicting scopes");
    }
}
