package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.objects.Json;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What is told of requests beside who did what: `staging/src/k8s.io/apiserver/pkg/apis/audit/v1/types.go` of upstream and the annotations of its plugins.
class AuditEventsTest extends ClusterTest {
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

    /// The event of the request with an id, once it is written.
    private ObjectNode event(String id, String stage) {
        var found = new AtomicReference<ObjectNode>();
        await().untilAsserted(() -> {
            for (var line : admin.get("/audit?limit=10000").expect(200).text().lines().toList()) {
                var event = Json.readObject(line);
                if (Json.string(event, "auditID").equals(id) && Json.string(event, "stage").equals(stage)) {
                    found.set(event);
                }
            }
            assertThat(found.get()).isNotNull();
        });
        return found.get();
    }

    private Cluster.Reply post(Cluster.Client client, String id, String path, String body, String... headers) {
        var request = client.request(path).header("Content-Type", "application/json").header("Audit-Id", id);
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.POST(BodyPublishers.ofString(body)).build());
    }

    private JsonNode notes(String id) {
        return event(id, "ResponseComplete").path("annotations");
    }

    @Test
    void whoIsTakenForSomebodyElseIsToldBeside() {
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("green")).expect(201);
        var green = cluster.client("green", "gina", "system:masters");
        post(green, "imp", configMaps("default"), Cluster.configMap("imp", "1"),
                "Impersonate-User", "ida", "Impersonate-Group", "people", "X-Forwarded-For", "198.51.100.7, nonsense", "User-Agent", "tester").expect(403);
        var event = event("imp", "ResponseComplete");
        assertThat(event.path("user").path("username").asString()).isEqualTo("gina");
        assertThat(event.path("impersonatedUser")).hasToString("{\"username\":\"ida\",\"groups\":[\"people\",\"system:authenticated\"]}");
        assertThat(event.path("sourceIPs")).hasToString("[\"198.51.100.7\",\"127.0.0.1\"]");
        assertThat(event.path("userAgent").asString()).isEqualTo("tester");
        assertThat(event.path("objectRef")).hasToString("{\"resource\":\"configmaps\",\"namespace\":\"default\",\"apiVersion\":\"v1\"}");
        assertThat(event.path("responseStatus")).hasToString("{\"metadata\":{},\"status\":\"Failure\",\"code\":403}");
        assertThat(event.path("annotations").path("authorization.k8s.io/decision").asString()).isEqualTo("forbid");
        assertThat(Json.string(event, "requestReceivedTimestamp")).isLessThanOrEqualTo(Json.string(event, "stageTimestamp")).hasSize("2026-05-01T00:00:00.000000Z".length());
        post(green, "did", configMaps("default"), Cluster.configMap("did", "1")).expect(201);
        assertThat(notes("did").path("authorization.k8s.io/decision").asString()).isEqualTo("allow");
        assertThat(notes("did").path("authorization.k8s.io/reason").asString()).isNotEmpty();
    }

    @Test
    void aWatchIsToldOfWhenItBegins() throws IOException {
        var request = admin.request(configMaps("default") + "?watch=true&timeoutSeconds=60").header("Audit-Id", "watch").GET().build();
        try (var watch = new Watch(admin.http, request)) {
            assertThat(event("watch", "ResponseStarted").path("responseStatus").path("code").asInt()).isEqualTo(200);
        }
        assertThat(event("watch", "ResponseComplete").path("verb").asString()).isEqualTo("watch");
    }

    /// `EvaluatePod` of `staging/src/k8s.io/pod-security-admission/admission/admission.go`.
    @Test
    void podSecurityTellsWhichLevelWasEnforcedAndWhatTheAuditedOneSays() {
        admin.post("/api/v1/namespaces", """
                {"metadata":{"name":"audited","labels":{"pod-security.kubernetes.io/enforce":"baseline","pod-security.kubernetes.io/audit":"restricted"}}}""").expect(201);
        var pod = Cluster.pod("p");
        var made = post(admin, "psa", pods("audited"), pod).expect(201);
        assertThat(made.http().headers().allValues("Warning")).isEmpty();
        assertThat(notes("psa").path("pod-security.kubernetes.io/enforce-policy").asString()).isEqualTo("baseline:latest");
        assertThat(notes("psa").path("pod-security.kubernetes.io/audit-violations").asString())
                .startsWith("would violate PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false (container ");
        var template = "{\"metadata\":{\"name\":\"t\"},\"template\":" + pod + "}";
        post(admin, "psa-template", "/api/v1/namespaces/audited/podtemplates", template).expect(201);
        assertThat(notes("psa-template").path("pod-security.kubernetes.io/audit-violations").asString()).startsWith("would violate PodSecurity \"restricted:latest\"");
        post(admin, "psa-free", pods("default"), Cluster.pod("psa-free")).expect(201);
        assertThat(notes("psa-free").path("pod-security.kubernetes.io/enforce-policy").asString()).isEqualTo("privileged:latest");
        assertThat(notes("psa-free").has("pod-security.kubernetes.io/audit-violations")).isFalse();
    }

    /// What the audit says was decided is what was answered.
    @Test
    void aWriteThatNamesNoTenantIsToldAsForbidden() {
        assertThat(post(cluster.operator().in("*"), "everywhere", configMaps("default"), Cluster.configMap("e", "1")).expect(403).at("message"))
                .startsWith("a write names one tenant");
        assertThat(notes("everywhere").path("authorization.k8s.io/decision").asString()).isEqualTo("forbid");
        assertThat(notes("everywhere").path("authorization.k8s.io/reason").asString()).startsWith("a write names one tenant");
    }

    private void hook(Cluster.Client client, String kind, String name, String path, String policy) {
        client.post(GROUP + kind, """
                {"metadata":{"name":"%s"},"webhooks":[{"name":"%s.hook.example.com","sideEffects":"None","admissionReviewVersions":["v1"],"failurePolicy":"%s",
                 "clientConfig":{"url":"%s","caBundle":"%s"},"rules":[{"operations":["*"],"apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps"]}]}]}"""
                        .formatted(name, name, policy, hooks.url(path), hooks.bundle)).expect(201);
    }

    /// The dispatchers of `pkg/admission/plugin/webhook/mutating` and `…/validating` of apiserver.
    @Test
    void webhooksSayWhatTheyDid() {
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("hooked")).expect(201);
        var blue = cluster.operator().in("hooked");
        hooks.respond("/noting", "\"allowed\":true,\"auditAnnotations\":{\"why\":\"because\",\"not a name\":\"x\"}");
        hooks.respond("/nonsense", "nonsense");
        hook(blue, "mutatingwebhookconfigurations", "a-noting", "/noting", "Fail");
        hook(blue, "mutatingwebhookconfigurations", "b-broken", "/nonsense", "Ignore");
        blue.post(GROUP + "validatingwebhookconfigurations", """
                {"metadata":{"name":"b-elsewhere"},"webhooks":[{"name":"b-elsewhere.hook.example.com","sideEffects":"None","admissionReviewVersions":["v1"],
                 "clientConfig":{"url":"%s","caBundle":"%s"},"rules":[{"operations":["*"],"apiGroups":[""],"apiVersions":["v1"],"resources":["secrets"]}]}]}"""
                        .formatted(hooks.url("/nonsense"), hooks.bundle)).expect(201);
        hook(blue, "validatingwebhookconfigurations", "c-broken", "/nonsense", "Ignore");
        post(blue, "hooked", configMaps("default"), Cluster.configMap("h", "1")).expect(201);
        var notes = notes("hooked");
        assertThat(notes.path("a-noting.hook.example.com/why").asString()).isEqualTo("because");
        assertThat(notes.has("a-noting.hook.example.com/not a name")).isFalse();
        assertThat(notes.path("mutation.webhook.admission.k8s.io/round_0_index_0").asString())
                .isEqualTo("{\"configuration\":\"a-noting\",\"webhook\":\"a-noting.hook.example.com\",\"mutated\":false}");
        assertThat(notes.path("failed-open.mutation.webhook.admission.k8s.io/round_0_index_1").asString()).isEqualTo("b-broken.hook.example.com");
        assertThat(notes.path("failed-open.validating.webhook.admission.k8s.io/round_0_index_0").asString()).isEqualTo("c-broken.hook.example.com");
    }

    /// `Dispatch` of `pkg/admission/plugin/policy/validating/dispatcher.go` of apiserver.
    @Test
    void policiesSayWhatTheyFound() {
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("ruled")).expect(201);
        var blue = cluster.operator().in("ruled");
        for (var name : List.of("a-denies", "b-audits")) {
            blue.post(GROUP + "validatingadmissionpolicies", """
                    {"metadata":{"name":"%s"},"spec":{"matchConstraints":{"resourceRules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["configmaps"]}]},
                     "validations":[{"expression":"true"},{"expression":"object.data.k == '1'","message":"not one"}],
                     "auditAnnotations":[{"key":"value","valueExpression":"'is ' + object.data.k"},{"key":"nothing","valueExpression":"null"}]}}""".formatted(name)).expect(201);
            blue.post(GROUP + "validatingadmissionpolicybindings", """
                    {"metadata":{"name":"%s"},"spec":{"policyName":"%1$s","validationActions":[%s]}}""".formatted(name, name.startsWith("a") ? "\"Deny\"" : "\"Warn\",\"Audit\"")).expect(201);
        }
        assertThat(post(blue, "ruled", configMaps("default"), Cluster.configMap("r", "2")).expect(422).at("message")).contains("'a-denies'");
        var notes = notes("ruled");
        assertThat(notes.path("b-audits/value").asString()).isEqualTo("is 2");
        assertThat(notes.has("b-audits/nothing")).isFalse();
        assertThat(notes.path("validation.policy.admission.k8s.io/validation_failure").asString())
                .isEqualTo("[{\"message\":\"not one\",\"policy\":\"b-audits\",\"binding\":\"b-audits\",\"expressionIndex\":1,\"validationActions\":[\"Warn\",\"Audit\"]}]");
    }

    /// Whoever could have a webhook or a policy speak for the server could hide what it found.
    @Test
    void webhooksAndPoliciesSayNothingForTheServer() {
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("feigned")).expect(201);
        var blue = cluster.operator().in("feigned");
        hooks.respond("/feigning", "\"allowed\":true,\"auditAnnotations\":{\"audit-violations\":\"none\",\"validation_failure\":\"none\",\"round_0_index_1\":\"none\"}");
        var names = List.of("pod-security.kubernetes.io", "validation.policy.admission.k8s.io", "mutation.webhook.admission.k8s.io");
        for (var name : names) {
            blue.post(GROUP + "mutatingwebhookconfigurations", """
                    {"metadata":{"name":"%s"},"webhooks":[{"name":"%1$s","sideEffects":"None","admissionReviewVersions":["v1"],
                     "clientConfig":{"url":"%s","caBundle":"%s"},"rules":[{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"]}]}]}"""
                            .formatted(name, hooks.url("/feigning"), hooks.bundle)).expect(201);
            blue.post(GROUP + "validatingadmissionpolicies", """
                    {"metadata":{"name":"%s"},"spec":{"matchConstraints":{"resourceRules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["pods"]}]},
                     "auditAnnotations":[{"key":"audit-violations","valueExpression":"'none'"},{"key":"%s","valueExpression":"'none'"}]}}""".formatted(name, "full")).expect(201);
            blue.post(GROUP + "validatingadmissionpolicybindings", """
                    {"metadata":{"name":"%s"},"spec":{"policyName":"%1$s","validationActions":["Deny"]}}""".formatted(name)).expect(201);
        }
        blue.post("/api/v1/namespaces", "{\"metadata\":{\"name\":\"audited\",\"labels\":{\"pod-security.kubernetes.io/audit\":\"restricted\"}}}").expect(201);
        post(blue, "feigned", pods("audited"), Cluster.pod("p")).expect(201);
        var notes = notes("feigned");
        assertThat(notes.path("pod-security.kubernetes.io/audit-violations").asString()).startsWith("would violate");
        assertThat(notes.toString()).doesNotContain("\"none\"");
        assertThat(notes.path("mutation.webhook.admission.k8s.io/round_0_index_1").asString()).contains("\"mutated\":false");
    }
}
