package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// Definitions whose versions a webhook converts: `v1` has `hostPort`, `v2` has `host` and `port`.
class ConversionWebhooksTest extends ClusterTest {
    private static final String DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    private WebhookServer hooks;

    @BeforeAll
    void startHooks() throws IOException {
        hooks = new WebhookServer(cluster.authorities);
        hooks.on("/convert", request -> review(request, ConversionWebhooksTest::converted));
    }

    @AfterAll
    void stopHooks() {
        hooks.close();
    }

    /// An answer with the objects asked about, each changed.
    private static byte[] review(ObjectNode request, UnaryOperator<ObjectNode> change) {
        var answer = Json.object().put("kind", "ConversionReview").put("apiVersion", "apiextensions.k8s.io/v1");
        var response = answer.putObject("response").put("uid", Json.string(request, "uid"));
        response.putObject("result").put("status", "Success");
        var objects = response.putArray("convertedObjects");
        for (var object : Json.objects(request, "objects")) {
            objects.add(change.apply(object.put("apiVersion", Json.string(request, "desiredAPIVersion"))));
        }
        return Json.bytes(answer);
    }

    private static ObjectNode converted(ObjectNode object) {
        if (Json.string(object, "apiVersion").endsWith("/v2")) {
            var parts = Json.string(object, "hostPort").split(":");
            object.put("host", parts[0]).put("port", parts[1]).remove("hostPort");
            Json.child(Json.child(object, "metadata"), "annotations").put("converted", "yes");
        } else {
            object.put("hostPort", Json.string(object, "host") + ":" + Json.string(object, "port")).remove(java.util.List.of("host", "port"));
        }
        // A webhook has no say in this.
        Json.child(object, "metadata").put("generation", 99).putArray("finalizers").add("example.com/mine");
        return object;
    }

    private String definition(String group, String path, String stored) {
        return """
                {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"peers.%1$s"},
                 "spec":{"group":"%1$s","scope":"Namespaced","names":{"plural":"peers","kind":"Peer"},
                 "conversion":{"strategy":"Webhook","webhook":{"conversionReviewVersions":["v9","v1"],"clientConfig":{"url":"%2$s","caBundle":"%3$s"}}},
                 "versions":[{"name":"v1","served":true,"storage":%4$s,"schema":{"openAPIV3Schema":{"type":"object","properties":{"hostPort":{"type":"string"}}}}},
                  {"name":"v2","served":true,"storage":%5$s,"selectableFields":[{"jsonPath":".host"}],
                   "additionalPrinterColumns":[{"name":"Host","type":"string","jsonPath":".host"}],
                   "schema":{"openAPIV3Schema":{"type":"object","properties":{"host":{"type":"string"},"port":{"type":"string"},
                    "colour":{"type":"string","default":"blue"}}}}}]}}"""
                .formatted(group, hooks.url(path), hooks.bundle, stored.equals("v1"), stored.equals("v2"));
    }

    private static String peers(String group, String version) {
        return "/apis/" + group + "/" + version + "/namespaces/default/peers";
    }

    private static String first(String group, String name) {
        return "{\"apiVersion\":\"%s/v1\",\"kind\":\"Peer\",\"metadata\":{\"name\":\"%s\"},\"hostPort\":\"localhost:1234\"}".formatted(group, name);
    }

    private static String second(String group, String name) {
        return "{\"apiVersion\":\"%s/v2\",\"kind\":\"Peer\",\"metadata\":{\"name\":\"%s\"},\"host\":\"remote\",\"port\":\"80\"}".formatted(group, name);
    }

    @Test
    void anObjectIsConvertedToTheVersionAskedFor() throws Exception {
        var group = "one.example.com";
        admin.post(DEFINITIONS, definition(group, "/convert", "v1")).expect(201);
        try (var watch = admin.watch(peers(group, "v2") + "?watch=1")) {
            hooks.asked.clear();
            var made = admin.post(peers(group, "v1"), first(group, "a")).expect(201).json();
            assertThat(watch.next().path("object").path("host").asString("")).isEqualTo("localhost");
            var seen = admin.get(peers(group, "v2") + "/a").expect(200).json();
            assertThat(Json.string(seen, "apiVersion")).isEqualTo(group + "/v2");
            assertThat(Json.string(seen, "host")).isEqualTo("localhost");
            assertThat(Json.string(seen, "port")).isEqualTo("1234");
            assertThat(Json.string(seen, "colour")).isEqualTo("blue");
            assertThat(seen.has("hostPort")).isFalse();
            assertThat(Json.string(seen, "metadata", "annotations", "converted")).isEqualTo("yes");
            assertThat(Json.string(seen, "metadata", "uid")).isEqualTo(Json.string(made, "metadata", "uid"));
            assertThat(Json.string(seen, "metadata", "resourceVersion")).isEqualTo(Json.string(made, "metadata", "resourceVersion"));
            assertThat(Json.number(seen, 0, "metadata", "generation")).isEqualTo(1);
            assertThat(seen.path("metadata").has("finalizers")).isFalse();
            int asked = hooks.asked.size();
            admin.get(peers(group, "v1") + "/a").expect(200);
            admin.get(peers(group, "v1")).expect(200);
            assertThat(hooks.asked).as("an object that is stored in the version asked for needs no conversion").hasSize(asked);
            assertThat(Json.string(hooks.asked.getFirst(), "desiredAPIVersion")).isEqualTo(group + "/v2");
        }
    }

    @Test
    void writesInEveryVersionAreStoredInOne() {
        var group = "two.example.com";
        admin.post(DEFINITIONS, definition(group, "/convert", "v1")).expect(201);
        assertThat(admin.post(peers(group, "v2"), second(group, "a")).expect(201).at("host")).isEqualTo("remote");
        assertThat(admin.get(peers(group, "v1") + "/a").expect(200).at("hostPort")).isEqualTo("remote:80");
        admin.patch(peers(group, "v2") + "/a", "application/merge-patch+json", "{\"port\":\"81\"}").expect(200);
        var now = admin.get(peers(group, "v1") + "/a").expect(200);
        assertThat(now.at("hostPort")).isEqualTo("remote:81");
        assertThat(admin.get(peers(group, "v2") + "/a").expect(200).json().path("metadata").path("generation").asLong()).isEqualTo(2);
        var replaced = Json.readObject(second(group, "a").replace("80", "82"));
        Json.child(replaced, "metadata").put("resourceVersion", now.at("metadata", "resourceVersion"));
        admin.put(peers(group, "v2") + "/a", Json.print(replaced)).expect(200);
        assertThat(admin.get(peers(group, "v1") + "/a").at("hostPort")).isEqualTo("remote:82");
        admin.patch(peers(group, "v2") + "/a?fieldManager=me&force=true", "application/apply-patch+yaml", second(group, "a").replace("80", "83")).expect(200);
        assertThat(admin.get(peers(group, "v1") + "/a").at("hostPort")).isEqualTo("remote:83");
        admin.patch(peers(group, "v2") + "/b?fieldManager=me", "application/apply-patch+yaml", second(group, "b")).expect(201);
        assertThat(admin.get(peers(group, "v1") + "/b").at("hostPort")).isEqualTo("remote:80");
    }

    @Test
    void aListOfObjectsStoredInSeveralVersionsIsInOne() {
        var group = "three.example.com";
        admin.post(DEFINITIONS, definition(group, "/convert", "v1")).expect(201);
        admin.post(peers(group, "v1"), first(group, "a")).expect(201);
        admin.post(peers(group, "v1"), first(group, "b")).expect(201);
        var place = DEFINITIONS + "/peers." + group;
        var later = Json.readObject(definition(group, "/convert", "v2"));
        Json.child(later, "metadata").put("resourceVersion", admin.get(place).at("metadata", "resourceVersion"));
        assertThat(admin.put(place, Json.print(later)).expect(200).json().path("status").path("storedVersions").toString()).isEqualTo("[\"v1\",\"v2\"]");
        admin.post(peers(group, "v2"), second(group, "c")).expect(201);
        hooks.asked.clear();
        var list = admin.get(peers(group, "v2")).expect(200).json();
        assertThat(Json.objects(list, "items")).extracting(item -> Json.string(item, "apiVersion") + " " + Json.string(item, "host"))
                .containsExactly(group + "/v2 localhost", group + "/v2 localhost", group + "/v2 remote");
        assertThat(hooks.asked).as("the two that need it, in one question").hasSize(1);
        assertThat(hooks.asked.getFirst().path("objects")).hasSize(2);
        assertThat(Json.objects(admin.get(peers(group, "v1")).expect(200).json(), "items")).extracting(item -> Json.string(item, "hostPort"))
                .containsExactly("localhost:1234", "localhost:1234", "remote:80");
        assertThat(Json.objects(admin.get(peers(group, "v2") + "?fieldSelector=host=localhost").expect(200).json(), "items")).hasSize(2);
        assertThat(admin.get(peers(group, "v2"), "application/json;as=Table;v=v1;g=meta.k8s.io").expect(200).text()).contains("[\"a\",\"localhost\"]");
        // A write that changes nothing brings an object to the present version.
        admin.put(peers(group, "v2") + "/a", Json.print(admin.get(peers(group, "v2") + "/a").json())).expect(200);
        admin.put(peers(group, "v2") + "/b", Json.print(admin.get(peers(group, "v2") + "/b").json())).expect(200);
        hooks.asked.clear();
        admin.get(peers(group, "v2")).expect(200);
        assertThat(hooks.asked).isEmpty();
        // So the old version may go, once nobody says that objects are stored in it.
        var without = "[{\"op\":\"remove\",\"path\":\"/spec/versions/0\"}]";
        assertThat(admin.patch(place, "application/json-patch+json", without).expect(422).at("message"))
                .contains("status.storedVersions[0]: Invalid value: \"v1\": missing from spec.versions; v1 was previously a storage version, and must remain");
        assertThat(admin.patch(place + "/status", "application/merge-patch+json", "{\"status\":{\"storedVersions\":[\"v1\"]}}").expect(422).at("message"))
                .contains("must have the storage version v2");
        admin.patch(place + "/status", "application/merge-patch+json", "{\"status\":{\"storedVersions\":[\"v2\"]}}").expect(200);
        admin.patch(place, "application/json-patch+json", without).expect(200);
        admin.get(peers(group, "v1")).expect(404);
        assertThat(Json.objects(admin.get(peers(group, "v2")).expect(200).json(), "items")).hasSize(3);
    }

    @Test
    void whatAWebhookDoesWrongIsToldAndBreaksNothing() throws Exception {
        var group = "four.example.com";
        hooks.on("/wrong", request -> review(request, ConversionWebhooksTest::converted));
        admin.post(DEFINITIONS, definition(group, "/wrong", "v1")).expect(201);
        admin.post(peers(group, "v1"), first(group, "a")).expect(201);
        var what = group + "/v1, Kind=Peer";
        hooks.on("/wrong", request -> ("{\"kind\":\"ConversionReview\",\"apiVersion\":\"apiextensions.k8s.io/v1\",\"response\":{\"uid\":\""
                        + Json.string(request, "uid") + "\",\"result\":{\"status\":\"Failed\",\"message\":\"no way\"}}}")
                .getBytes(StandardCharsets.UTF_8));
        assertThat(admin.get(peers(group, "v2") + "/a").expect(500).at("message")).isEqualTo("conversion webhook for " + what + " failed: no way");
        assertThat(admin.get(peers(group, "v2")).expect(500).at("message")).isEqualTo("conversion webhook for " + what + " failed: no way");
        assertThat(admin.post(peers(group, "v2"), second(group, "b")).expect(500).at("message"))
                .isEqualTo("conversion webhook for " + group + "/v2, Kind=Peer failed: no way");
        try (var watch = admin.watch(peers(group, "v2") + "?watch=1")) {
            var event = watch.next();
            assertThat(Json.string(event, "type")).isEqualTo("ERROR");
            assertThat(Json.string(event, "object", "message")).contains("no way");
        }
        hooks.on("/wrong", request -> review(request, object -> {
            Json.child(object, "metadata").put("name", "other");
            return object;
        }));
        assertThat(admin.get(peers(group, "v2") + "/a").expect(500).at("message"))
                .isEqualTo("conversion webhook for " + what + " returned invalid object: must have the same name: a != other");
        hooks.on("/wrong", request -> review(request, object -> object.put("apiVersion", "v7")));
        assertThat(admin.get(peers(group, "v2") + "/a").expect(500).at("message")).contains("invalid groupVersion (expected " + group + "/v2, received v7)");
        hooks.on("/wrong", request -> review(Json.object().put("uid", Json.string(request, "uid")), object -> object));
        assertThat(admin.get(peers(group, "v2") + "/a").expect(500).at("message"))
                .isEqualTo("conversion webhook for " + what + " returned 0 objects, expected 1");
        hooks.on("/wrong", request -> review(request, object -> {
            Json.child(Json.child(object, "metadata"), "labels").put("not a label", "x");
            return object;
        }));
        assertThat(admin.get(peers(group, "v2") + "/a").expect(500).at("message")).contains("metadata.labels: Invalid value: \"not a label\"");
        hooks.on("/wrong", request -> "{".getBytes(StandardCharsets.UTF_8));
        admin.get(peers(group, "v2") + "/a").expect(500);
        admin.get(peers(group, "v1") + "/a").expect(200);
        admin.delete(peers(group, "v2") + "/a").expect(200);
        admin.get(peers(group, "v1") + "/a").expect(404);
        // Of a collection only the answer is converted: all of it goes, and nothing that is not there is converted.
        admin.post(peers(group, "v1"), first(group, "b")).expect(201);
        admin.post(peers(group, "v1"), first(group, "c")).expect(201);
        admin.delete(peers(group, "v2")).expect(500);
        assertThat(Json.objects(admin.get(peers(group, "v2")).expect(200).json(), "items")).isEmpty();
    }

    /// What converts objects often judges them too, and both are gone with one pod.
    @Test
    void aConversionThatFailsKeepsNothingFromBeingDeletedThatNobodyIsToBeAskedAbout() {
        var group = "nine.example.com";
        var judges = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
        hooks.on("/never", request -> "{".getBytes(StandardCharsets.UTF_8));
        admin.post(DEFINITIONS, definition(group, "/never", "v1")).expect(201);
        admin.post(peers(group, "v1"), first(group, "a")).expect(201);
        admin.post(judges, """
                {"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingWebhookConfiguration","metadata":{"name":"nine"},
                 "webhooks":[{"name":"nine.example.com","sideEffects":"None","admissionReviewVersions":["v1"],"clientConfig":{"url":"%s","caBundle":"%s"},
                 "rules":[{"operations":["UPDATE"],"apiGroups":["%s"],"apiVersions":["*"],"resources":["peers"]}]}]}"""
                .formatted(hooks.url("/never"), hooks.bundle, group)).expect(201);
        admin.delete(peers(group, "v2") + "/a").expect(200);
        admin.post(peers(group, "v1"), first(group, "b")).expect(201);
        admin.patch(judges + "/nine", "application/json-patch+json", "[{\"op\":\"add\",\"path\":\"/webhooks/0/rules/0/operations/-\",\"value\":\"DELETE\"}]").expect(200);
        assertThat(admin.delete(peers(group, "v2") + "/b").expect(500).at("message")).startsWith("conversion webhook for ");
        admin.delete(judges + "/nine").expect(200);
        // Policies count by their rules too: this one is about pods.
        admin.post("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies", """
                {"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingAdmissionPolicy","metadata":{"name":"pods"},
                 "spec":{"matchConstraints":{"resourceRules":[{"operations":["*"],"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"]}]},"validations":[{"expression":"true"}]}}""").expect(201);
        admin.post("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings", """
                {"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingAdmissionPolicyBinding","metadata":{"name":"pods"},"spec":{"policyName":"pods","validationActions":["Deny"]}}""").expect(201);
        admin.delete(peers(group, "v2") + "/b").expect(200);
    }

    @Test
    void aConversionThatCannotBeIsRefused() {
        var group = "five.example.com";
        var none = Json.readObject(definition(group, "/convert", "v1"));
        Json.child(Json.child(none, "spec"), "conversion").remove("webhook");
        assertThat(admin.post(DEFINITIONS, Json.print(none)).expect(422).at("message"))
                .contains("spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook")
                .contains("spec.conversion.conversionReviewVersions: Required value");
        assertThat(admin.post(DEFINITIONS, definition(group, "/convert", "v1").replace("\"Webhook\"", "\"None\"")).expect(422).at("message"))
                .contains("spec.conversion.webhookClientConfig: Forbidden: should not be set when strategy is not set to Webhook");
        assertThat(admin.post(DEFINITIONS, definition(group, "/convert", "v1").replace("https:", "http:")).expect(422).at("message"))
                .contains("'https' is the only allowed URL scheme");
        assertThat(admin.post(DEFINITIONS, definition(group, "/convert", "v1").replace("[\"v9\",\"v1\"]", "[\"v9\"]")).expect(422).at("message"))
                .contains("must include at least one of v1, v1beta1");
    }

    /// Operators apply definitions with a placeholder, and put the certificate in when they run.
    @Test
    void aDefinitionWhoseWebhookCannotBeTrustedIsServedOnceItCan() {
        var group = "six.example.com";
        var good = definition(group, "/convert", "v1");
        var placeholder = good.replace(hooks.bundle, "Cg==");
        var place = DEFINITIONS + "/peers." + group;
        var made = admin.post(DEFINITIONS, placeholder).expect(201).json();
        assertThat(Json.objects(made.path("status"), "conditions")).anySatisfy(condition -> {
            assertThat(Json.string(condition, "type")).isEqualTo("Established");
            assertThat(Json.string(condition, "status")).isEqualTo("False");
            assertThat(Json.string(condition, "reason")).isEqualTo("InvalidCABundle");
            assertThat(Json.string(condition, "message")).isEqualTo("The conversion webhook CABundle is invalid");
        });
        admin.get(peers(group, "v1")).expect(404);
        admin.get("/apis/" + group).expect(404);
        // Nothing is stored yet, so all but its names may still change.
        admin.patch(place, "application/merge-patch+json", "{\"spec\":{\"scope\":\"Cluster\"}}").expect(200);
        admin.patch(place, "application/merge-patch+json", "{\"spec\":{\"scope\":\"Namespaced\"}}").expect(200);
        admin.patch(place, "application/merge-patch+json", bundle(hooks.bundle)).expect(200);
        admin.post(peers(group, "v1"), first(group, "a")).expect(201);
        assertThat(admin.get(peers(group, "v2") + "/a").expect(200).at("host")).isEqualTo("localhost");
        assertThat(admin.patch(place, "application/merge-patch+json", bundle("Cg==")).expect(422).at("message"))
                .contains("spec.conversion.webhookClientConfig.caBundle: Invalid value: \"Cg==\": "
                        + "unable to load root certificates: unable to parse bytes as PEM block");
        assertThat(admin.patch(place, "application/merge-patch+json", "{\"spec\":{\"scope\":\"Cluster\"}}").expect(422).at("message"))
                .contains("spec.scope: Invalid value: \"Cluster\": field is immutable");
    }

    private static String bundle(String base64) {
        return "{\"spec\":{\"conversion\":{\"webhook\":{\"clientConfig\":{\"caBundle\":\"" + base64 + "\"}}}}}";
    }

    /// As controller-runtime answered for years: the version is the webhook's, and nothing else is looked at.
    @Test
    void aWebhookOfTheFirstVersionNeedNotSayWhatItAnswers() {
        var group = "seven.example.com";
        hooks.on("/beta", request -> {
            var answer = Json.object();
            var response = answer.putObject("response");
            response.putObject("result").put("status", "Success");
            Json.objects(request, "objects").forEach(object -> response.withArray("convertedObjects")
                    .add(converted(object.put("apiVersion", Json.string(request, "desiredAPIVersion")))));
            return Json.bytes(answer);
        });
        admin.post(DEFINITIONS, definition(group, "/beta", "v1").replace("[\"v9\",\"v1\"]", "[\"v1alpha1\",\"v1beta1\"]")).expect(201);
        admin.post(peers(group, "v1"), first(group, "a")).expect(201);
        admin.post(peers(group, "v1"), first(group, "b")).expect(201);
        assertThat(admin.get(peers(group, "v2") + "/a").expect(200).at("host")).isEqualTo("localhost");
        var place = DEFINITIONS + "/peers." + group;
        admin.patch(place, "application/merge-patch+json", "{\"spec\":{\"conversion\":{\"webhook\":{\"conversionReviewVersions\":[\"v1\"]}}}}").expect(200);
        assertThat(admin.get(peers(group, "v2") + "/a").expect(500).at("message"))
                .startsWith("conversion webhook for " + group + "/v1, Kind=Peer failed: expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got ");
        hooks.on("/beta", request -> review(Json.object().put("uid", "other"), object -> object));
        assertThat(admin.get(peers(group, "v2") + "/a").expect(500).at("message")).contains("failed: expected response.uid=\"").endsWith("\", got \"other\"");
        hooks.on("/beta", request -> review(request, object -> object.without("metadata") instanceof ObjectNode bare ? bare : object));
        assertThat(admin.get(peers(group, "v2") + "/a").expect(500).at("message")).endsWith("returned invalid object: missing metadata in converted object");
        hooks.on("/beta", request -> review(request, object -> {
            Json.child(object, "metadata").put("uid", "other");
            return object;
        }));
        assertThat(admin.get(peers(group, "v2")).expect(500).at("message")).contains("returned invalid converted object at index 0: must have the same UID: ");
        hooks.on("/beta", request -> review(request, object -> {
            Json.child(Json.child(object, "metadata"), "labels").put("n", 1);
            return object;
        }));
        assertThat(admin.get(peers(group, "v2") + "/a").expect(500).at("message")).contains("metadata.labels[n] must be a string, but is ");
    }

    @Test
    void whyAWebhookCannotBeAskedIsToldInUpstreamsWords() {
        var group = "eight.example.com";
        admin.post(DEFINITIONS, definition(group, "/convert", "v1")).expect(201);
        admin.post(peers(group, "v1"), first(group, "a")).expect(201);
        var place = DEFINITIONS + "/peers." + group;
        var failed = "conversion webhook for " + group + "/v1, Kind=Peer failed: ";
        admin.patch(place, "application/merge-patch+json", client("\"url\":null,\"service\":{\"namespace\":\"default\",\"name\":\"gone\",\"path\":\"/convert\"}")).expect(200);
        assertThat(admin.get(peers(group, "v2") + "/a").expect(500).at("message"))
                .isEqualTo(failed + "Post \"https://gone.default.svc:443/convert?timeout=30s\": service \"gone\" not found");
        admin.patch(place, "application/merge-patch+json", client("\"service\":null,\"url\":\"" + hooks.url("/nowhere") + "\"")).expect(200);
        assertThat(admin.get(peers(group, "v2") + "/a").expect(500).at("message")).isEqualTo(failed + "the server could not find the requested resource");
        admin.patch(place, "application/merge-patch+json", client("\"caBundle\":null")).expect(200);
        assertThat(admin.get(peers(group, "v2") + "/a").expect(500).at("message"))
                .isEqualTo(failed + "Post \"" + hooks.url("/nowhere") + "?timeout=30s\": tls: failed to verify certificate: x509: certificate signed by unknown authority");
        admin.patch(place, "application/merge-patch+json", client("\"url\":\"" + hooks.url("/nowhere?a=b") + "\"")).expect(422);
    }

    private static String client(String members) {
        return "{\"spec\":{\"conversion\":{\"webhook\":{\"clientConfig\":{" + members + "}}}}}";
    }
}
