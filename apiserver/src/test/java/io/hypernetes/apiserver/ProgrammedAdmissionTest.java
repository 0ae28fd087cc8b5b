package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.configMap;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import java.io.IOException;
import java.time.Duration;
import java.util.Collections;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ProgrammedAdmissionTest extends ClusterTest {
    private static final String GROUP = "/apis/admissionregistration.k8s.io/v1/";

    private WebhookServer hooks;

    @BeforeAll
    void startHooks() throws IOException {
        hooks = new WebhookServer(cluster.authorities);
    }

    @AfterAll
    void stopHooks() {
        hooks.close();
    }

    /// A tenant of its own for each test.
    private Cluster.Client tenant(String name) {
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant(name)).expect(201);
        return cluster.operator().in(name);
    }

    private void hook(Cluster.Client client, boolean mutating, String name, String path, String more) {
        var kind = mutating ? "MutatingWebhookConfiguration" : "ValidatingWebhookConfiguration";
        client.post(GROUP + kind.toLowerCase(java.util.Locale.ROOT) + "s", """
                {"apiVersion":"admissionregistration.k8s.io/v1","kind":"%s","metadata":{"name":"%s"},"webhooks":[
                 {"name":"%s.hook.example.com","sideEffects":"None","admissionReviewVersions":["v1"],
                  "clientConfig":{"url":"%s","caBundle":"%s"},
                  "rules":[{"operations":["*"],"apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps"]}]%s}]}"""
                        .formatted(kind, name, name, hooks.url(path), hooks.bundle, more))
                .expect(201);
    }

    @Test
    void aMutatingWebhookChangesObjectsAndAnotherLooksAgain() {
        var blue = tenant("hooked");
        hooks.respond("/first", WebhookServer.patch("[{\"op\":\"add\",\"path\":\"/metadata/labels\",\"value\":{\"first\":\"1\"}}]"));
        hooks.respond("/second", WebhookServer.patch("[{\"op\":\"add\",\"path\":\"/data/second\",\"value\":\"2\"},{\"op\":\"add\",\"path\":\"/nonsense\",\"value\":1}]"));
        hook(blue, true, "a-first", "/first", ",\"reinvocationPolicy\":\"IfNeeded\"");
        hook(blue, true, "b-second", "/second", "");
        hooks.asked.clear();
        var made = blue.post(configMaps("default"), configMap("m", "1")).expect(201);
        assertThat(made.at("metadata", "labels", "first")).isEqualTo("1");
        assertThat(made.at("data", "second")).isEqualTo("2");
        assertThat(made.json().has("nonsense")).isFalse();
        assertThat(hooks.asked).hasSize(3);
        var request = hooks.asked.getFirst();
        assertThat(Json.string(request, "operation")).isEqualTo("CREATE");
        assertThat(Json.string(request, "resource", "resource")).isEqualTo("configmaps");
        assertThat(Json.string(request, "object", "data", "k")).isEqualTo("1");
        assertThat(request.path("oldObject").isNull()).isTrue();
        // Others have other webhooks: none.
        admin.post(configMaps("default"), configMap("unhooked", "1")).expect(201);
        assertThat(hooks.asked).hasSize(3);
    }

    /// By that policies tell on which node a pod runs that writes (upstream's endpoints/handlers and plugin/webhook/request/admissionreview.go hand on all
    /// that is known of a user).
    @Test
    void whoAsksIsToldInFull() {
        var blue = tenant("who");
        hooks.respond("/who", "\"allowed\":true");
        hook(blue, false, "who", "/who", "");
        blue.post(GROUP + "validatingadmissionpolicies", """
                {"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingAdmissionPolicy","metadata":{"name":"who"},"spec":{
                 "matchConstraints":{"resourceRules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["configmaps"]}]},
                 "validations":[{"expression":"request.userInfo.extra['example.com/why'] == ['test'] && request.userInfo.uid == '7'"}]}}""").expect(201);
        blue.post(GROUP + "validatingadmissionpolicybindings", """
                {"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingAdmissionPolicyBinding","metadata":{"name":"who"},
                 "spec":{"policyName":"who","validationActions":["Deny"]}}""").expect(201);
        hooks.asked.clear();
        blue.send(blue.request(configMaps("default"))
                        .headers("Content-Type", "application/json", "Impersonate-User", "ann", "Impersonate-Uid", "7", "Impersonate-Group", "system:masters",
                                "Impersonate-Extra-Example.com%2Fwhy", "test")
                        .POST(java.net.http.HttpRequest.BodyPublishers.ofString(configMap("w", "1")))
                        .build())
                .expect(201);
        assertThat(hooks.asked.getFirst().path("userInfo")).isEqualTo(Json.readObject("""
                {"username":"ann","uid":"7","groups":["system:masters","system:authenticated"],"extra":{"example.com/why":["test"]}}"""));
        blue.post(configMaps("default"), configMap("v", "1")).expect(422);
    }

    @Test
    void howItIsToBeDoneIsTold() {
        var blue = tenant("how");
        hooks.respond("/how", "\"allowed\":true");
        hook(blue, false, "how", "/how", "");
        hooks.asked.clear();
        blue.post(configMaps("default") + "?fieldManager=me&fieldValidation=Strict&dryRun=All", configMap("h", "1")).expect(201);
        blue.post(configMaps("default"), configMap("h", "1")).expect(201);
        blue.patch(configMaps("default") + "/h?fieldManager=you", "application/merge-patch+json", "{\"data\":{\"k\":\"2\"}}").expect(200);
        blue.delete(configMaps("default") + "/h", "{\"gracePeriodSeconds\":5,\"propagationPolicy\":\"Foreground\",\"preconditions\":{\"uid\":\"%s\"}}"
                .formatted(blue.get(configMaps("default") + "/h").at("metadata", "uid"))).expect(200);
        assertThat(hooks.asked.stream().map(asked -> Json.print(((tools.jackson.databind.node.ObjectNode) asked.path("options")).without("preconditions"))).toList())
                .containsExactly(
                        "{\"kind\":\"CreateOptions\",\"apiVersion\":\"meta.k8s.io/v1\",\"dryRun\":[\"All\"],\"fieldManager\":\"me\",\"fieldValidation\":\"Strict\"}",
                        "{\"kind\":\"CreateOptions\",\"apiVersion\":\"meta.k8s.io/v1\"}",
                        "{\"kind\":\"UpdateOptions\",\"apiVersion\":\"meta.k8s.io/v1\",\"fieldManager\":\"you\"}",
                        "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"meta.k8s.io/v1\",\"gracePeriodSeconds\":5,\"propagationPolicy\":\"Foreground\"}");
    }

    @Test
    void aMutatingWebhookMakesNothingThatIsBeingDeleted() {
        var blue = tenant("deadly");
        hooks.respond("/deadly", WebhookServer.patch("[{\"op\":\"add\",\"path\":\"/metadata/deletionTimestamp\",\"value\":\"2026-01-01T00:00:00Z\"},"
                + "{\"op\":\"add\",\"path\":\"/metadata/deletionGracePeriodSeconds\",\"value\":30}]"));
        hook(blue, true, "deadly", "/deadly", "");
        var made = blue.post(configMaps("default"), configMap("m", "1")).expect(201).json().path("metadata");
        assertThat(made.has("deletionTimestamp") || made.has("deletionGracePeriodSeconds")).isFalse();
        var changed = blue.patch(configMaps("default") + "/m", "application/merge-patch+json", "{\"data\":{\"k\":\"2\"}}").expect(200).json().path("metadata");
        assertThat(changed.has("deletionTimestamp") || changed.has("deletionGracePeriodSeconds")).isFalse();
    }

    @Test
    void aValidatingWebhookDeniesWithItsReason() {
        var blue = tenant("denied");
        hooks.respond("/deny", "\"allowed\":false,\"status\":{\"message\":\"no such thing here\",\"code\":403,\"reason\":\"Forbidden\"},\"warnings\":[\"think twice\"]");
        hook(blue, false, "deny", "/deny", ",\"objectSelector\":{\"matchLabels\":{\"watched\":\"yes\"}}");
        blue.post(configMaps("default"), configMap("free", "1")).expect(201);
        var watched = configMap("w", "1").replace("\"name\":\"w\"", "\"name\":\"w\",\"labels\":{\"watched\":\"yes\"}");
        var denied = blue.post(configMaps("default"), watched).expect(403);
        assertThat(denied.at("message")).isEqualTo("admission webhook \"deny.hook.example.com\" denied the request: no such thing here");
        assertThat(denied.http().headers().firstValue("Warning")).hasValue("299 - \"think twice\"");
        blue.delete(GROUP + "validatingwebhookconfigurations/deny").expect(200);
        blue.post(configMaps("default"), watched).expect(201);
    }

    @Test
    void aWarningOfAWebhookIsOfWholeCharacters() {
        var blue = tenant("wary");
        hooks.respond("/wary", "\"allowed\":true,\"warnings\":[\"" + "w".repeat(254) + "\\u0085\ud83d\ude00\"]");
        hook(blue, false, "wary", "/wary", "");
        var made = blue.post(configMaps("default"), configMap("w", "1")).expect(201);
        assertThat(made.http().headers().firstValue("Warning")).hasValue("299 - \"" + "w".repeat(254) + " \"");
    }

    /// Such webhooks may leave out who they are, what they answer and how they patch.
    @Test
    void webhooksOfTheFirstVersionAreAskedInIt() {
        var blue = tenant("beta");
        var patch = java.util.Base64.getEncoder().encodeToString("[{\"op\":\"add\",\"path\":\"/data/beta\",\"value\":\"yes\"}]"
                .getBytes(java.nio.charset.StandardCharsets.UTF_8));
        hooks.on("/beta", _ -> ("{\"response\":{\"allowed\":true,\"patch\":\"" + patch + "\"}}").getBytes(java.nio.charset.StandardCharsets.UTF_8));
        hook(blue, true, "beta", "/beta", "");
        assertThat(blue.post(configMaps("default"), configMap("a", "1")).expect(500).at("message")).contains("expected webhook response of admission.k8s.io/v1");
        var place = GROUP + "mutatingwebhookconfigurations/beta";
        blue.patch(place, "application/json-patch+json",
                "[{\"op\":\"replace\",\"path\":\"/webhooks/0/admissionReviewVersions\",\"value\":[\"v1alpha1\",\"v1beta1\"]}]").expect(200);
        assertThat(blue.post(configMaps("default"), configMap("a", "1")).expect(201).at("data", "beta")).isEqualTo("yes");
        // One that answers without an answer has failed, and denied nothing.
        hooks.on("/beta", _ -> "{}".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        assertThat(blue.post(configMaps("default"), configMap("b", "1")).expect(500).at("message"))
                .endsWith("received invalid webhook response: webhook response was absent");
        blue.patch(place, "application/json-patch+json", "[{\"op\":\"replace\",\"path\":\"/webhooks/0/failurePolicy\",\"value\":\"Ignore\"}]").expect(200);
        blue.post(configMaps("default"), configMap("b", "1")).expect(201);
        blue.delete(place).expect(200);
    }

    @Test
    void matchConditionsSpareTheCall() {
        var blue = tenant("conditions");
        hooks.respond("/conditional", "\"allowed\":false");
        hook(blue, false, "c", "/conditional", ",\"matchConditions\":[{\"name\":\"big\",\"expression\":\"request.operation == 'CREATE' && object.data.k == 'big'\"}]");
        blue.post(configMaps("default"), configMap("small", "small")).expect(201);
        assertThat(blue.post(configMaps("default"), configMap("big", "big")).expect(400).at("message"))
                .isEqualTo("admission webhook \"c.hook.example.com\" denied the request without explanation");
        blue.delete(configMaps("default") + "/small").expect(200);
    }

    @Test
    void aWebhookThatFailsIsFatalOrNotAsItsPolicySays() {
        var blue = tenant("failing");
        hooks.on("/rubbish", _ -> "rubbish".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        hook(blue, false, "open", "/rubbish", ",\"failurePolicy\":\"Ignore\"");
        blue.post(configMaps("default"), configMap("a", "1")).expect(201);
        hook(blue, false, "shut", "/rubbish", "");
        assertThat(blue.post(configMaps("default"), configMap("b", "1")).expect(500).at("message"))
                .startsWith("Internal error occurred: failed calling webhook \"shut.hook.example.com\": received invalid webhook response");
        blue.delete(GROUP + "validatingwebhookconfigurations/shut").expect(200);
        hooks.on("/huge", _ -> new byte[5 << 20]);
        hook(blue, false, "huge", "/huge", "");
        assertThat(blue.post(configMaps("default"), configMap("c", "1")).expect(500).at("message")).contains("is larger than");
        blue.delete(GROUP + "validatingwebhookconfigurations/huge").expect(200);
        hooks.on("/slow", _ -> {
            try {
                Thread.sleep(Duration.ofSeconds(5));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return new byte[0];
        });
        hook(blue, false, "slow", "/slow", ",\"timeoutSeconds\":1");
        long start = System.nanoTime();
        assertThat(blue.post(configMaps("default"), configMap("d", "1")).expect(500).at("message")).contains("context deadline exceeded");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(4));
    }

    @Test
    void whatTenantsMayNotReachIsNotCalled() {
        var blue = tenant("curious");
        for (var url : new String[] {"https://169.254.169.254/latest", "https://10.0.0.1/", "https://[::1]:6443/", "https://0.0.0.0/"}) {
            blue.post(GROUP + "validatingwebhookconfigurations", """
                    {"metadata":{"name":"probe"},"webhooks":[{"name":"probe.hook.example.com","sideEffects":"None","admissionReviewVersions":["v1"],
                     "clientConfig":{"url":"%s"},"rules":[{"operations":["*"],"apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps"]}]}]}"""
                            .formatted(url)).expect(201);
            assertThat(blue.post(configMaps("default"), configMap("x", "1")).expect(500).at("message"))
                    .as(url).contains("which tenants may not reach from here");
            blue.delete(GROUP + "validatingwebhookconfigurations/probe").expect(200);
        }
        blue.post(GROUP + "validatingwebhookconfigurations", """
                {"metadata":{"name":"service"},"webhooks":[{"name":"service.hook.example.com","sideEffects":"None","admissionReviewVersions":["v1"],
                 "clientConfig":{"service":{"name":"a","namespace":"default"}},"rules":[{"operations":["*"],"apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps"]}]}]}""")
                .expect(201);
        assertThat(blue.post(configMaps("default"), configMap("x", "1")).expect(500).at("message")).contains("service \"a\" not found");
    }

    private void policy(Cluster.Client client, String name, String spec, String binding) {
        client.post(GROUP + "validatingadmissionpolicies", """
                {"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingAdmissionPolicy","metadata":{"name":"%s"},"spec":{
                 "matchConstraints":{"resourceRules":[{"operations":["CREATE","UPDATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps"]}]},%s}}"""
                .formatted(name, spec)).expect(201);
        client.post(GROUP + "validatingadmissionpolicybindings", """
                {"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingAdmissionPolicyBinding","metadata":{"name":"%s-binding"},"spec":{"policyName":"%s",%s}}"""
                .formatted(name, name, binding)).expect(201);
    }

    @Test
    void aBoundPolicyDeniesWarnsAndTakesParameters() {
        var blue = tenant("policed");
        policy(blue, "sized", """
                "variables":[{"name":"size","expression":"size(object.data)"},{"name":"twice","expression":"variables.size * 2"}],
                "validations":[{"expression":"variables.twice <= 4","messageExpression":"'twice the size is ' + string(variables.twice)"},
                 {"expression":"!has(object.data.secret)","message":"no secrets","reason":"Forbidden"}]""",
                "\"validationActions\":[\"Deny\"]");
        blue.post(configMaps("default"), configMap("ok", "1")).expect(201);
        var large = configMap("large", "1").replace("\"k\":\"1\"", "\"a\":\"1\",\"b\":\"1\",\"c\":\"1\"");
        assertThat(blue.post(configMaps("default"), large).expect(422).at("message"))
                .isEqualTo("configmaps \"large\" is forbidden: ValidatingAdmissionPolicy 'sized' with binding 'sized-binding' denied request: twice the size is 6");
        assertThat(blue.post(configMaps("default"), configMap("s", "1").replace("\"k\"", "\"secret\"")).expect(403).at("reason")).isEqualTo("Forbidden");

        policy(blue, "warned", "\"validations\":[{\"expression\":\"object.data.k != 'odd'\",\"message\":\"that is odd\"}]",
                "\"validationActions\":[\"Warn\"]");
        var warned = blue.post(configMaps("default"), configMap("odd", "odd")).expect(201);
        assertThat(warned.http().headers().firstValue("Warning").orElse("")).contains("that is odd");

        blue.post(configMaps("default"), configMap("limits", "7")).expect(201);
        policy(blue, "limited", """
                "paramKind":{"apiVersion":"v1","kind":"ConfigMap"},
                "matchConditions":[{"name":"named","expression":"object.metadata.name.startsWith('limited')"}],
                "validations":[{"expression":"int(object.data.k) <= int(params.data.k)"}]""",
                "\"paramRef\":{\"name\":\"limits\",\"namespace\":\"default\",\"parameterNotFoundAction\":\"Deny\"},\"validationActions\":[\"Deny\"]");
        blue.post(configMaps("default"), configMap("limited-a", "7")).expect(201);
        assertThat(blue.post(configMaps("default"), configMap("limited-b", "8")).expect(422).at("message"))
                .contains("failed expression: int(object.data.k) <= int(params.data.k)");
        assertThat(blue.post(configMaps("default"), configMap("limited-c", "x")).expect(422).at("message")).contains("resulted in error");
        blue.delete(configMaps("default") + "/limits").expect(200);
        assertThat(blue.post(configMaps("default"), configMap("limited-d", "1")).expect(422).at("message")).contains("no params found");
    }

    /// Whoever forgives its own failures spends nobody's protection: what is not evaluated any more has failed.
    @Test
    void aPolicyIsNotPassedOverWhenAnotherHasSpentTheBudget() {
        var blue = tenant("spent");
        var ten = "[0,1,2,3,4,5,6,7,8,9]";
        var dear = "%1$s.all(a, %1$s.all(b, %1$s.all(c, %1$s.all(d, %1$s.all(e, %1$s.all(f, a + b + c + d + e + f >= 0))))))".formatted(ten);
        var spends = "{\"expression\":\"" + dear + "\"}";
        policy(blue, "a-spends", "\"failurePolicy\":\"Ignore\",\"validations\":[" + String.join(",", Collections.nCopies(12, spends)) + "]", "\"validationActions\":[\"Deny\"]");
        blue.post(configMaps("default"), configMap("ignored", "1")).expect(201);
        policy(blue, "b-protects", "\"validations\":[{\"expression\":\"object.data.k != '1'\"}]", "\"validationActions\":[\"Deny\"]");
        assertThat(blue.post(configMaps("default"), configMap("not-passed", "1")).expect(422).at("message"))
                .endsWith("'b-protects' with binding 'b-protects-binding' denied request: "
                        + "validation failed due to running out of cost budget, no further validation rules will be run");
    }

    /// Each parameter is up to a hundred megabytes where it is read: one is held at a time, and no more are read than a request may cost.
    @Test
    void aRequestReadsSoMuchOfParametersAndNoMore() {
        var blue = tenant("parameters");
        var text = "x".repeat(900_000);
        for (int i = 0; i < 38; i++) {
            blue.post(configMaps("default"), configMap("p" + i, text)).expect(201);
        }
        var every = "\"paramRef\":{\"selector\":{},\"parameterNotFoundAction\":\"Deny\"},\"validationActions\":[\"Deny\"]";
        var one = "\"paramRef\":{\"name\":\"p1\",\"parameterNotFoundAction\":\"Deny\"},\"validationActions\":[\"Deny\"]";
        var spec = "\"paramKind\":{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\"},\"validations\":[{\"expression\":\"object.data.k != 'odd' && params.metadata.name != ''\"}]";
        policy(blue, "a-named", spec, one);
        for (int i = 0; i < 40; i++) {
            blue.post(GROUP + "validatingadmissionpolicybindings", """
                    {"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingAdmissionPolicyBinding","metadata":{"name":"more-%d"},"spec":{"policyName":"a-named",%s}}"""
                    .formatted(i, one)).expect(201);
        }
        blue.post(configMaps("default"), configMap("same", "1")).expect(201);
        policy(blue, "b-forgiving", "\"failurePolicy\":\"Ignore\"," + spec, every);
        blue.post(configMaps("default"), configMap("forgiven", "1")).expect(201);
        policy(blue, "c-strict", spec, every);
        assertThat(blue.post(configMaps("default"), configMap("not-read", "1")).expect(422).at("message"))
                .endsWith("'c-strict' with binding 'c-strict-binding' denied request: failed to configure binding: one request looks at no more than 10000 parameters and "
                        + "32 MiB of them for all bindings of policies together: bind fewer policies, or let paramRef name the object");
        assertThat(blue.post(configMaps("default"), configMap("odd", "odd")).expect(422).at("message")).contains("'a-named'");
    }

    @Test
    void aPolicyThatDoesNotCompileIsRefused() {
        assertThat(admin.post(GROUP + "validatingadmissionpolicies", """
                        {"metadata":{"name":"broken"},"spec":{"matchConstraints":{"resourceRules":[{"operations":["*"],"apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps"]}]},
                         "validations":[{"expression":"objekt.x == 1"}]}}""").expect(422).at("message"))
                .contains("spec.validations[0].expression: Invalid value: \"objekt.x == 1\": compilation failed").contains("undeclared reference");
    }
}
