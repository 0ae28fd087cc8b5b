package io.hypernetes.objects.kind;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// Looking at a long list takes time for each of its members, not for each pair of them: what a client sends may have hundreds of thousands.
class RuleCostsTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final int MANY = 200_000;
    private static final Kinds KINDS = Kinds.load();

    private static ObjectNode read(String text) {
        return Json.readObject(text.replace('\'', '"'));
    }

    private static String many(String one) {
        return "[" + String.join(",", Collections.nCopies(MANY, one)) + "]";
    }

    @Test
    void longRulesOfAFlow() {
        Kind flows = KINDS.get("flowcontrol.apiserver.k8s.io/v1", "FlowSchema");
        for (String rule : List.of(
                "'resourceRules':[{'verbs':['get'],'apiGroups':['*'],'resources':['*'],'namespaces':" + many("'n'") + "}]",
                "'resourceRules':[{'verbs':" + many("'get'") + ",'apiGroups':['*'],'resources':['*'],'namespaces':['*']}]",
                "'nonResourceRules':[{'verbs':['get'],'nonResourceURLs':" + many("'/a'") + "}]")) {
            ObjectNode flow = read("{'metadata':{'name':'x'},'spec':{'matchingPrecedence':2,'priorityLevelConfiguration':{'name':'l'},"
                    + "'rules':[{'subjects':[{'kind':'User','user':{'name':'u'}}]," + rule + "}]}}");
            assertTimeoutPreemptively(LIMIT, () -> assertThat(flows.validateCreate(flow)).isEmpty());
        }
    }

    @Test
    void manyContainersThatHaveEnded() {
        Kind pods = KINDS.get("v1", "Pod");
        String all = IntStream.range(0, MANY).mapToObj(i -> "{'name':'c" + i + "','state':{'terminated':{'exitCode':0}}}").collect(Collectors.joining(","));
        ObjectNode old = read("{'metadata':{'name':'x','namespace':'d'},'spec':{'restartPolicy':'Never'},'status':{'containerStatuses':[" + all + "]}}");
        ObjectNode updated = old.deepCopy();
        assertTimeoutPreemptively(LIMIT, () -> assertThat(pods.validateUpdate(updated, old, "status")).isEmpty());
    }

    /// What is refused for its form is not compiled, which takes a millisecond for each.
    @Test
    void manyExpressions() {
        String conditions = numbered(20_000, "{'name':'c%d','expression':'object.a%1$d == 1'}");
        String rules = "'resourceRules':[{'operations':['CREATE'],'apiGroups':[''],'apiVersions':['v1'],'resources':['pods']}]";
        String form = "{'metadata':{'name':'p'},'spec':{'failurePolicy':'Fail','matchConstraints':{'matchPolicy':'Equivalent'," + rules + "},'reinvocationPolicy':'Never',%s}}";
        String mutations = numbered(20_000, "{'patchType':'JSONPatch','jsonPatch':{'expression':'[object.a%d]'}}");
        quickly("ValidatingAdmissionPolicy", form.formatted("'validations':[{'expression':'true'}],'matchConditions':" + conditions), "Too many: 20000: must have at most 64 items");
        quickly("ValidatingAdmissionPolicy", form.formatted("'validations':" + conditions), "must not have more than 1000 expressions in all");
        quickly("MutatingAdmissionPolicy", form.formatted("'mutations':" + mutations), "must not have more than 1000 expressions in all");
        String hook = "{'name':'%s.example.com','sideEffects':'None','admissionReviewVersions':['v1'],'failurePolicy':'Fail','matchPolicy':'Equivalent',"
                + "'clientConfig':{'url':'https://h.example.com/'},'matchConditions':%s}";
        quickly("ValidatingWebhookConfiguration", "{'metadata':{'name':'h'},'webhooks':[" + hook.formatted("a", conditions) + "]}", "Too many: 20000: must have at most 64 items");
        String hooks = numbered(5_000, hook.formatted("h%d", "[{'name':'c','expression':'object.a%1$d == 1'}]"));
        quickly("ValidatingWebhookConfiguration", "{'metadata':{'name':'h'},'webhooks':" + hooks + "}", "must not have more than 1000 match conditions in all");
    }

    private static String numbered(int count, String one) {
        return IntStream.range(0, count).mapToObj(one::formatted).collect(Collectors.joining(",", "[", "]"));
    }

    private static void quickly(String kind, String object, String problem) {
        ObjectNode made = read(object);
        List<FieldError> errors = assertTimeoutPreemptively(LIMIT, () -> KINDS.get("admissionregistration.k8s.io/v1", kind).validateCreate(made));
        assertThat(errors).singleElement().satisfies(error -> assertThat(error.text()).contains(problem));
    }

    @Test
    void manyFactsOfDevices() {
        String facts = IntStream.range(0, MANY).mapToObj(i -> "'a" + i + "':{'version':'1.2." + i + "'}").collect(Collectors.joining(","));
        ObjectNode slice = read("{'metadata':{'name':'x'},'spec':{'driver':'d.io','nodeName':'n','pool':{'name':'p','resourceSliceCount':1},'devices':[{'name':'a','attributes':{" + facts + "}}]}}");
        Kind slices = KINDS.get("resource.k8s.io/v1", "ResourceSlice");
        assertTimeoutPreemptively(LIMIT, () -> assertThat(slices.validateCreate(slice)).singleElement().satisfies(
                error -> assertThat(error.text()).endsWith("the total number of attributes and capacities must not exceed 32")));
        Json.child(Json.child(slice, "spec"), "pool").put("name", "/".repeat(3_000_000));
        assertTimeoutPreemptively(Duration.ofSeconds(1), () -> assertThat(slices.validateCreate(slice)).hasSizeGreaterThan(100));
    }

    @Test
    void manyUsagesOfACertificate() {
        Kind requests = KINDS.get("certificates.k8s.io/v1", "CertificateSigningRequest");
        ObjectNode request = read("{'metadata':{'name':'x'},'spec':{'signerName':'a.io/b','request':'" + CertificateRequestTest.ENCODED + "','usages':" + many("'signing'") + "}}");
        assertTimeoutPreemptively(Duration.ofSeconds(1), () -> assertThat(requests.validateCreate(request)).hasSize(200));
    }

    /// Of each beginning the text up to the same end would be read.
    @Test
    void manyBeginningsOfBlocks() {
        for (String begin : List.of("-----BEGIN A-----\n", "-----BEGIN A-----\na:\n", "-----BEGIN A-----\n\n", "-----BEGIN A\n")) {
            for (String end : List.of("", "-----END A----- " + "x".repeat(MANY), "-----END A-----" + " ".repeat(MANY) + "x", "-----END B-----\n")) {
                String text = begin.repeat(MANY) + "\n" + end;
                assertTimeoutPreemptively(LIMIT, () -> assertThat(PemBlock.next(text, 0)).isNull());
            }
        }
    }
}
