package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The administrator of a tenant tries, kind by kind, verb by verb and name by name, to see or touch what another tenant has.
class AdversaryTest extends AdversaryCase {
    private static final String TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io";
    private static final String METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";

    @Test
    @Tag("MTB-PL1-CC-TI-2")
    void noVerbOfNoKindByNoNameReachesAnother() {
        var before = state();
        for (var place : made) {
            var path = place.path();
            var theirs = theirs(place);
            var name = Json.string(theirs, "metadata", "name");
            var revision = Json.string(theirs, "metadata", "resourceVersion");
            var uid = Json.string(theirs, "metadata", "uid");
            var reads = List.of(
                    MARKED,
                    "?fieldSelector=metadata.name%3D" + name,
                    "?resourceVersion=" + revision + "&resourceVersionMatch=NotOlderThan",
                    "?resourceVersion=" + revision + "&resourceVersionMatch=Exact",
                    "?limit=500");
            for (var query : reads) {
                for (var accept : List.of("application/json", TABLE, METADATA)) {
                    assertThat(prowler.get(path + query, accept).text()).as(place + query).doesNotContain(MARK, uid);
                }
                asNobody(prowler.get("/tenants/prey" + path + query), prowler.get("/tenants/nobody" + path + query));
            }
            assertThat(prowler.get(path + "/" + name).text()).doesNotContain(MARK, uid);
            for (var prefix : List.of("/tenants/%70rey", "/tenants//prey", "/tenants/prowler/tenants/prey", "/tenants/prowler/../prey", "/tenants/prey%2F..%2Fprowler", "/tenants/*", "/tenants/root")) {
                var answer = prowler.get(prefix + path + "/" + name);
                assertThat(answer.code()).as(prefix + path).isBetween(400, 404);
                assertThat(answer.text()).doesNotContain(MARK, uid);
            }
            var body = Json.print(theirs);
            var one = "/tenants/prey" + path + "/" + name;
            var none = "/tenants/nobody" + path + "/" + name;
            asNobody(prowler.get(one), prowler.get(none));
            asNobody(prowler.put(one, body), prowler.put(none, body));
            asNobody(prowler.patch(one, MERGE, "{}"), prowler.patch(none, MERGE, "{}"));
            asNobody(prowler.delete(one), prowler.delete(none));
            asNobody(prowler.post("/tenants/prey" + path, body), prowler.post("/tenants/nobody" + path, body));
            asNobody(prowler.delete("/tenants/prey" + path), prowler.delete("/tenants/nobody" + path));
        }
        // What was never sent to prey did not reach it either: the same names at home, by uid and revision of the other's.
        for (var place : made) {
            var theirs = theirs(place);
            var one = place.path() + "/" + Json.string(theirs, "metadata", "name");
            prowler.delete(one, "{\"preconditions\":{\"uid\":\"" + Json.string(theirs, "metadata", "uid") + "\"}}").expect(409);
            prowler.put(one, Json.print(theirs)).expect(409);
            prowler.delete(place.path() + MARKED);
        }
        assertThat(state()).isEqualTo(before);
    }

    /// A tenant's own change, which comes behind the other's, says that what the watch did not tell of the other's will not come any more.
    @Test
    void aWatchAtHomeTellsNothingOfAnother() throws Exception {
        var before = state().keySet();
        for (var place : made) {
            var revision = prowler.get(place.path()).expect(200).at("metadata", "resourceVersion");
            var from = "?watch=1&resourceVersion=" + revision;
            for (var query : List.of("?watch=1", from, "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true")) {
                asNobody(prowler.get("/tenants/prey" + place.path() + query), prowler.get("/tenants/nobody" + place.path() + query));
            }
            var one = place.path() + "/" + Json.string(theirs(place), "metadata", "name");
            try (var watch = prowler.watch(place.path() + from)) {
                touch(prey, one, MARK + " " + place);
                touch(prowler, one, "own " + place);
                var event = watch.next();
                assertThat(Json.string(event, "type")).as("%s", place).isEqualTo("MODIFIED");
                assertThat(Json.print(event)).as("%s", place).doesNotContain(MARK).contains("\"own " + place + "\"");
            }
        }
        assertThat(state().keySet()).isEqualTo(before);
    }

    private static void touch(Cluster.Client client, String one, String value) {
        client.patch(one, MERGE, "{\"metadata\":{\"annotations\":{\"touched\":\"" + value + "\"}}}").expect(200);
    }

    @Test
    void noStreamNoTokenAndNoDisguiseReachesAnother() {
        prey.post(pods("every"), Cluster.pod("running")).expect(201);
        for (var part : List.of("exec?command=id", "attach", "portforward", "log", "proxy/")) {
            asNobody(prowler.get("/tenants/prey" + pods("every") + "/running/" + part), prowler.get("/tenants/nobody" + pods("every") + "/running/" + part));
        }
        prey.post("/api/v1/namespaces/every/serviceaccounts", "{\"metadata\":{\"name\":\"robot\"}}").expect(201);
        prowler.post("/api/v1/namespaces/every/serviceaccounts", "{\"metadata\":{\"name\":\"robot\"}}").expect(201);
        prowler.post("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", """
                {"metadata":{"name":"robot"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},
                 "subjects":[{"kind":"ServiceAccount","name":"robot","namespace":"every"}]}""").expect(201);
        var token = prowler.post("/api/v1/namespaces/every/serviceaccounts/robot/token", "{}").expect(201).at("status", "token");
        var robot = cluster.anonymous();
        assertThat(bearer(robot, "/api/v1/namespaces", token).code()).isEqualTo(200);
        assertThat(bearer(robot, "/tenants/prey/api/v1/namespaces", token).code()).isEqualTo(404);
        assertThat(bearer(robot, "/tenants/*/api/v1/namespaces", token).code()).isEqualTo(404);
        // Whoever mallory says to be, it is somebody of her tenant.
        for (var disguise : List.of(
                Map.of("Impersonate-User", "system:kube-controller-manager"),
                Map.of("Impersonate-User", "system:kube-scheduler"),
                Map.of("Impersonate-User", "system:node:n1", "Impersonate-Group", "system:nodes"),
                Map.of("Impersonate-User", "admin", "Impersonate-Group", "system:masters"),
                Map.of("Impersonate-User", "alice", "Impersonate-Group", "system:masters"))) {
            for (var path : List.of("/tenants/prey/api/v1/secrets", "/tenants/root/api/v1/secrets", "/tenants/*/api/v1/secrets")) {
                var request = prowler.request(path);
                disguise.forEach(request::header);
                assertThat(prowler.send(request.GET().build()).code()).as(disguise + path).isIn(403, 404);
            }
        }
        // A review speaks of the tenant it is asked in, where alice is nobody.
        var review = prowler.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", """
                {"spec":{"user":"alice","resourceAttributes":{"verb":"list","resource":"pods"}}}""").expect(201);
        assertThat(review.json().path("status").path("allowed").asBoolean(true)).isFalse();
    }

    @Test
    void nobodyApprovesThemselvesOutOfTheirTenant() throws Exception {
        for (var path : List.of("/apis/certificates.k8s.io/v1/certificatesigningrequests")) {
            for (var organisation : List.of("system:masters", "system:nodes")) {
                var pair = io.hypernetes.identity.CertificateAuthority.newKeyPair(new java.security.SecureRandom());
                var pem = io.hypernetes.identity.SigningRequest.create(pair, "system:node:n1", List.of(organisation));
                var encoded = java.util.Base64.getEncoder().encodeToString(pem.getBytes(StandardCharsets.US_ASCII));
                var answer = prowler.post(path, """
                        {"metadata":{"name":"out-%s"},"spec":{"request":"%s","signerName":"kubernetes.io/kube-apiserver-client","usages":["client auth"]}}"""
                        .formatted(organisation.replace(':', '-'), encoded));
                assertThat(answer.code()).isEqualTo(organisation.equals("system:masters") ? 403 : 201);
            }
        }
        // Even a certificate of that name is one of the tenant: it crosses nothing.
        var disguised = cluster.client("prowler", "system:node:n1", "system:nodes");
        disguised.get("/tenants/prey/api/v1/secrets").expect(404);
        disguised.get("/tenants/*/api/v1/pods").expect(404);
        var controllers = cluster.client("prowler", "system:kube-controller-manager");
        controllers.get("/tenants/*/api/v1/secrets").expect(404);
        for (var url : List.of("https://127.0.0.2:443/", "https://169.254.169.254/", "https://10.96.0.1/", "https://[::1]/", "https://192.168.1.1/")) {
            prowler.post("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", """
                    {"metadata":{"name":"hook"},"webhooks":[{"name":"a.example.com","clientConfig":{"url":"%s"},"sideEffects":"None","admissionReviewVersions":["v1"],"timeoutSeconds":2,
                     "failurePolicy":"Fail","rules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["limitranges"]}]}]}""".formatted(url)).expect(201);
            var refused = prowler.post("/api/v1/namespaces/every/limitranges", "{\"metadata\":{\"name\":\"l\"},\"spec\":{\"limits\":[]}}");
            assertThat(refused.code()).as(url + refused.text()).isEqualTo(500);
            assertThat(refused.text()).contains("failed calling webhook", "which tenants may not reach from here");
            prowler.delete("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/hook").expect(200);
        }
    }

    private static Cluster.Reply bearer(Cluster.Client client, String path, String token) {
        HttpRequest request = client.request(path).header("Authorization", "Bearer " + token).GET().build();
        return client.send(request);
    }
}
