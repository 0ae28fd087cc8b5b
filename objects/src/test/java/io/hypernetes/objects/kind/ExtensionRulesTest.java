package io.hypernetes.objects.kind;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.ObjectNode;

/// Webhooks, validating policies and APIServices: sentences and their order as in upstream's `pkg/apis/admissionregistration/validation/validation.go` and
/// `staging/src/k8s.io/kube-aggregator/pkg/apis/apiregistration/validation/validation.go`.
class ExtensionRulesTest {
    private static final Kinds KINDS = Kinds.load();
    private static final String ADMISSION = "admissionregistration.k8s.io/v1";

    private static ObjectNode read(String text) {
        return Json.readObject(text.replace('\'', '"'));
    }

    private static List<String> texts(List<FieldError> errors) {
        return errors.stream().map(FieldError::text).toList();
    }

    private static List<String> problems(String apiVersion, String kind, String members) {
        Kind rules = KINDS.get(apiVersion, kind);
        ObjectNode object = read("{'metadata':{'name':'x'%s},%s}".formatted(rules.type().namespaced() ? ",'namespace':'d'" : "", members));
        rules.setDefaults(object);
        return texts(rules.validateCreate(object));
    }

    private static List<String> hook(String members) {
        return problems(ADMISSION, "ValidatingWebhookConfiguration", "'webhooks':[{" + members + "}]");
    }

    private static List<String> rule(String members) {
        return hook("'name':'a.b.c','sideEffects':'None','admissionReviewVersions':['v1'],'clientConfig':{'url':'https://h'},'rules':[{" + members + "}]");
    }

    private static List<String> client(String members) {
        return hook("'name':'a.b.c','sideEffects':'None','admissionReviewVersions':['v1'],'clientConfig':{" + members + "}");
    }

    @Test
    void whatAWebhookLacks() {
        assertThat(hook("'name':'','sideEffects':'Some','timeoutSeconds':31,'matchConditions':[{'name':'a','expression':''}]")).containsExactly(
                "webhooks[0].name: Required value",
                "webhooks[0].sideEffects: Unsupported value: \"Some\": supported values: \"None\", \"NoneOnDryRun\"",
                "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds",
                "webhooks[0].clientConfig: Required value: exactly one of url or service is required",
                "webhooks[0].matchConditions[0].expression: Required value",
                "webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1");
        assertThat(hook("'name':'a.b','admissionReviewVersions':['v2','v2','V'],'clientConfig':{'url':'https://h'}")).satisfiesExactly(
                name -> assertThat(name).isEqualTo("webhooks[0].name: Invalid value: \"a.b\": should be a domain with at least three segments separated by dots"),
                effects -> assertThat(effects).isEqualTo("webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun"),
                twice -> assertThat(twice).isEqualTo("webhooks[0].admissionReviewVersions[1]: Invalid value: \"v2\": duplicate version"),
                form -> assertThat(form).startsWith("webhooks[0].admissionReviewVersions[2]: Invalid value: \"V\": a DNS-1035 label must"),
                none -> assertThat(none).isEqualTo("webhooks[0].admissionReviewVersions: Invalid value: [\"v2\",\"v2\",\"V\"]: must include at least one of v1, v1beta1"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "'url':'http://h/p'|.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired format: https://host[/path]",
        "'url':'https:///p'|.url: Invalid value: \"\": host must be provided; desired format: https://host[/path]",
        "'url':'https://u:p@h'|.url: Invalid value: \"u:p\": user information is not permitted in the URL",
        "'url':'https://h/p?q=1'|.url: Invalid value: \"q=1\": query parameters are not permitted in the URL",
        "'url':'https://h#f'|.url: Invalid value: \"f\": fragments are not permitted in the URL",
        "'url':'https://h','service':{'name':'s','namespace':'n'}|: Required value: exactly one of url or service is required",
        "'service':{'name':'s','namespace':'n','port':0}|.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive",
        "'service':{'name':'s','namespace':'n','path':'//'}|.service.path: Invalid value: \"//\": segment[0] may not be empty",
        "'service':{'name':'s','namespace':'n','path':'/a//b/'}|.service.path: Invalid value: \"/a//b/\": segment[1] may not be empty",
        "'service':{'name':'s','namespace':'n','path':'ab'}|.service.path: Invalid value: \"ab\": must start with a '/'",
        "'service':{'namespace':'n'}|.service.name: Required value: service name is required",
    }, quoteCharacter = '`')
    void whereAWebhookIs(String members, String problem) {
        assertThat(client(members)).containsExactly("webhooks[0].clientConfig" + problem);
        assertThat(client("'service':{'name':'s','namespace':'n','path':'/a/b-c/'}")).isEmpty();
        assertThat(client("'url':'https://h:8443/p'")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "'operations':['*','CREATE']|.operations: Invalid value: [\"*\",\"CREATE\"]: if '*' is present, must not specify other operations",
        "'apiGroups':['*','a']|.apiGroups: Invalid value: [\"*\",\"a\"]: if '*' is present, must not specify other API groups",
        "'apiVersions':['*','v1']|.apiVersions: Invalid value: [\"*\",\"v1\"]: if '*' is present, must not specify other API versions",
        "'apiVersions':['']|.apiVersions[0]: Required value",
        "'resources':['']|.resources[0]: Required value",
        "'resources':['a/*','a/b']|.resources[1]: Invalid value: \"a/b\": if 'a/*' is present, must not specify a/b",
        "'resources':['*/b','a/b']|.resources[1]: Invalid value: \"a/b\": if '*/b' is present, must not specify a/b",
        "'resources':['*/*','a']|.resources: Invalid value: [\"*/*\",\"a\"]: if '*/*' is present, must not specify other resources",
        "'resources':['*','a']|.resources: Invalid value: [\"*\",\"a\"]: if '*' is present, must not specify other resources without subresources",
        "'scope':'Odd'|.scope: Unsupported value: \"Odd\": supported values: \"*\", \"Cluster\", \"Namespaced\"",
    }, quoteCharacter = '`')
    void whatAWebhookIsAskedAbout(String members, String problem) {
        String base = "'operations':['CREATE'],'apiGroups':[''],'apiVersions':['v1'],'resources':['*','a/b','*/c']";
        assertThat(rule(base)).isEmpty();
        String field = members.substring(0, members.indexOf(':'));
        String rest = base.contains(field + ":") ? base.replaceAll(field + ":\\[[^]]*]", java.util.regex.Matcher.quoteReplacement(members)) : base + "," + members;
        assertThat(rule(rest)).containsExactly("webhooks[0].rules[0]" + problem);
    }

    @Test
    void whatAPolicyDemandsAndNotes() {
        String base = "'matchConstraints':{'resourceRules':[{'operations':['CREATE'],'apiGroups':[''],'apiVersions':['v1'],'resources':['pods'],'resourceNames':['a','a']}]}";
        assertThat(problems(ADMISSION, "ValidatingAdmissionPolicy", "'spec':{" + base + ",'paramKind':{'apiVersion':'a/b/c','kind':'A_'}}")).satisfiesExactly(
                version -> assertThat(version).isEqualTo("spec.paramKind.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c"),
                kind -> assertThat(kind).startsWith("spec.paramKind.kind: Invalid value: \"A_\": may have mixed case, but should otherwise match: a DNS-1035 label"),
                twice -> assertThat(twice).isEqualTo("spec.matchConstraints.resourceRules[0].resourceNames[1]: Duplicate value: \"a\""),
                one -> assertThat(one).isEqualTo("spec.validations: Required value: validations or auditAnnotations must contain at least one item"),
                other -> assertThat(other).isEqualTo("spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item"));
        assertThat(problems(ADMISSION, "ValidatingAdmissionPolicy", "'spec':{" + base.replace(",'a'", "")
                        + ",'validations':[{'expression':'true','message':'a\\nb','messageExpression':' ','reason':'Odd'}],"
                        + "'auditAnnotations':[{'key':'k','valueExpression':''},{'key':'k','valueExpression':'string(1)'}]}")).containsExactly(
                "spec.validations[0].messageExpression: Invalid value: \" \": must be non-empty if specified",
                "spec.validations[0].message: Invalid value: \"a\\nb\": message must not contain line breaks",
                "spec.validations[0].reason: Unsupported value: \"Odd\": supported values: \"Forbidden\", \"Invalid\", \"RequestEntityTooLarge\"",
                "spec.auditAnnotations[0].valueExpression: Required value: valueExpression is not specified",
                "spec.auditAnnotations[1].key: Duplicate value: \"k\"");
        assertThat(StatusRulesTest.told(ADMISSION, "ValidatingAdmissionPolicy", "", "", "'typeChecking':{'expressionWarnings':[{'warning':'w','fieldRef':' '}]}"))
                .containsExactly("status.typeChecking.expressionWarnings[0].fieldRef: Required value");
    }

    @Test
    void whatABindingSays() {
        assertThat(problems(ADMISSION, "ValidatingAdmissionPolicyBinding",
                        "'spec':{'policyName':'p','paramRef':{'name':'a/b','parameterNotFoundAction':'Odd'},'validationActions':['Deny','Warn']}")).containsExactly(
                "spec.paramRef.name: Invalid value: \"a/b\": may not contain '/'",
                "spec.paramRef.parameterNotFoundAction: Unsupported value: \"Odd\": supported values: \"Deny\", \"Allow\"",
                "spec.validationActions: Invalid value: [\"Deny\",\"Warn\"]: must not contain both Deny and Warn"
                        + " (repeating the same validation failure information in the API response and headers serves no purpose)");
    }

    @Test
    void apiServices() {
        String spec = "'spec':{'version':'v2','group':'','groupPriorityMinimum':1,'versionPriority':1,%s}";
        assertThat(problems("apiregistration.k8s.io/v1", "APIService", spec.formatted("'insecureSkipTLSVerify':true,'caBundle':'eA=='"))).containsExactly(
                "metadata.name: Invalid value: \"x\": must be `spec.version+\".\"+spec.group`: \"v2.\"",
                "spec.group: Required value: only v1 may have an empty group and it better be legacy kube",
                "spec.caBundle: Invalid value: \"1 bytes\": local APIServices may not have a caBundle",
                "spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify");
        assertThat(problems("apiregistration.k8s.io/v1", "APIService", spec.formatted("'insecureSkipTLSVerify':true,'caBundle':'eA==','service':{'name':'s','namespace':'n','port':70000}")))
                .endsWith(
                        "spec.service.port: Invalid value: 70000: port is not valid: must be between 1 and 65535, inclusive",
                        "spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present");
        assertThat(StatusRulesTest.told("apiregistration.k8s.io/v1", "APIService", "", "", "'conditions':[{'type':'Available','status':'Odd'}]"))
                .containsExactly("status.conditions[0].status: Unsupported value: \"Odd\": supported values: \"True\", \"False\", \"Unknown\"");
    }

    @Test
    void addressesOfEndpoints() {
        assertThat(problems("v1", "Endpoints", "'subsets':[{'addresses':[{'ip':'odd','hostname':'H'},{'ip':'127.0.0.1'}]}]")).satisfiesExactly(
                form -> assertThat(form).startsWith("subsets[0].addresses[0].ip: Invalid value: \"odd\": must be a valid IP address, (e.g."),
                host -> assertThat(host).startsWith("subsets[0].addresses[0].hostname: Invalid value: \"H\""),
                none -> assertThat(none).isEqualTo("subsets[0].addresses[0].ip: Invalid value: \"odd\": must be a valid IP address"),
                loop -> assertThat(loop).startsWith("subsets[0].addresses[1].ip: Invalid value: \"127.0.0.1\": may not be in the loopback range"));
    }
}
