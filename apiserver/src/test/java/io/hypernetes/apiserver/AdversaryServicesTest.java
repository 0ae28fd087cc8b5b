package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.tenant;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The administrator of a tenant names another's service wherever the server would call one: as a webhook of admission and of conversion, and by the proxy.
/// The names, the addresses and the node of both are the same, so only the tenant tells one pod from the other; the node says for whose pod it was asked.
class AdversaryServicesTest extends ClusterTest {
    private static final String MERGE = "application/merge-patch+json";
    private static final String ADDRESS = "10.1.2.3";
    private static final String PROXIED = "/api/v1/namespaces/default/services/hook:web/proxy/page";
    private static final String BOARDS = "/apis/by.example.com/%s/namespaces/default/boards";

    private ForwardingKubelet kubelet;
    private Cluster.Client prowler;

    @BeforeAll
    void tenants() throws IOException {
        kubelet = new ForwardingKubelet(cluster, "n1", (in, out) -> {
            if (in.read() != 'G') {
                // TLS of a webhook, which need not succeed: that somebody is asked is what it is about.
                return;
            }
            ForwardingKubelet.head(in);
            out.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi".getBytes(StandardCharsets.US_ASCII));
        });
        admin.post("/api/v1/nodes", "{\"metadata\":{\"name\":\"n1\"}}").expect(201);
        admin.patch("/api/v1/nodes/n1/status", MERGE, ("{\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"127.0.0.1\"}],"
                + "\"daemonEndpoints\":{\"kubeletEndpoint\":{\"Port\":%d}}}}").formatted(kubelet.port())).expect(200);
        for (var name : List.of("prey", "prowler")) {
            admin.post("/apis/hypernetes.io/v1/tenants", tenant(name)).expect(201);
        }
        prowler = cluster.client("prowler", "mallory", "system:masters");
        service(cluster.operator().in("prey"));
        pod("prey");
        webhooks();
    }

    @AfterAll
    void stopKubelet() throws IOException {
        kubelet.close();
    }

    private static void service(Cluster.Client client) {
        client.post("/api/v1/namespaces/default/services", """
                {"metadata":{"name":"hook"},"spec":{"ports":[{"name":"tls","port":443,"targetPort":8443},{"name":"web","port":80,"targetPort":8080}]}}""").expect(201);
        client.post("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", """
                {"metadata":{"name":"hook-1","labels":{"kubernetes.io/service-name":"hook"}},"addressType":"IPv4",
                 "ports":[{"name":"tls","port":8443},{"name":"web","port":8080}],
                 "endpoints":[{"addresses":["%s"],"targetRef":{"kind":"Pod","namespace":"default","name":"web"}}]}""".formatted(ADDRESS)).expect(201);
    }

    private void pod(String tenant) {
        var operator = cluster.operator().in(tenant);
        operator.post(pods("default"), Cluster.pod("web").replace("\"spec\":{", "\"spec\":{\"nodeName\":\"n1\",")).expect(201);
        operator.patch(pods("default") + "/web/status", MERGE,
                "{\"status\":{\"phase\":\"Running\",\"podIP\":\"%1$s\",\"podIPs\":[{\"ip\":\"%1$s\"}]}}".formatted(ADDRESS)).expect(200);
    }

    private void webhooks() {
        var bundle = Base64.getEncoder().encodeToString(cluster.authorities.root().certificatePem().getBytes(StandardCharsets.US_ASCII));
        var call = "\"clientConfig\":{\"service\":{\"namespace\":\"default\",\"name\":\"hook\",\"path\":\"/judge\"},\"caBundle\":\"" + bundle + "\"}";
        for (var kind : List.of("validating", "mutating")) {
            prowler.post("/apis/admissionregistration.k8s.io/v1/" + kind + "webhookconfigurations", """
                    {"metadata":{"name":"hook"},"webhooks":[{"name":"judge.example.com","sideEffects":"None","admissionReviewVersions":["v1"],"timeoutSeconds":5,%s,
                     "rules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["%s"]}]}]}"""
                    .formatted(call, kind.equals("mutating") ? "secrets" : "limitranges")).expect(201);
        }
        prowler.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", """
                {"metadata":{"name":"boards.by.example.com"},"spec":{"group":"by.example.com","scope":"Namespaced","names":{"plural":"boards","kind":"Board"},
                 "conversion":{"strategy":"Webhook","webhook":{"conversionReviewVersions":["v1"],%s}},
                 "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}},
                  {"name":"v2","served":true,"storage":false,"schema":{"openAPIV3Schema":{"type":"object"}}}]}}""".formatted(call)).expect(201);
        prowler.post(BOARDS.formatted("v1"), "{\"apiVersion\":\"by.example.com/v1\",\"kind\":\"Board\",\"metadata\":{\"name\":\"b\"}}").expect(201);
    }

    /// What calls the webhooks fails, whoever is asked.
    private List<Cluster.Reply> callAll() {
        return List.of(
                prowler.post("/api/v1/namespaces/default/limitranges", "{\"metadata\":{\"name\":\"l\"},\"spec\":{\"limits\":[]}}").expect(500),
                prowler.post("/api/v1/namespaces/default/secrets", "{\"metadata\":{\"name\":\"s\"}}").expect(500),
                prowler.get(BOARDS.formatted("v2") + "/b").expect(500));
    }

    @Test
    void aServiceIsOneOfWhoNamesIt() {
        // Prey alone has it.
        assertThat(callAll()).allSatisfy(answer -> assertThat(answer.at("message")).endsWith("service \"hook\" not found"));
        var nowhere = PROXIED.replace("hook", "none");
        assertThat(prowler.get(PROXIED).expect(404).text().replace("hook", "none")).isEqualTo(prowler.get(nowhere).expect(404).text());
        assertThat(prowler.get("/tenants/prey" + PROXIED).expect(404).text().replace("prey", "nobody"))
                .isEqualTo(prowler.get("/tenants/nobody" + PROXIED).expect(404).text());
        assertThat(kubelet.asked).isEmpty();

        // Its own says that prey's pod is behind it, by name and address.
        service(prowler);
        assertThat(callAll()).allSatisfy(answer -> assertThat(answer.at("message")).endsWith("no endpoints available for service \"hook\""));
        prowler.get(PROXIED).expect(503);
        assertThat(kubelet.asked).isEmpty();

        // Both have the same.
        pod("prowler");
        assertThat(callAll()).allSatisfy(answer -> assertThat(answer.at("message")).doesNotContain("not found", "no endpoints"));
        assertThat(asked()).hasSize(3).containsOnly("GET /tenants/prowler/portForward/default/web?ports=8443 HTTP/1.1");
        prowler.get(PROXIED).expect(200);
        assertThat(asked()).containsExactly("GET /tenants/prowler/portForward/default/web?ports=8080 HTTP/1.1");
        cluster.client("prey", "alice", "system:masters").get(PROXIED).expect(200);
        assertThat(asked()).containsExactly("GET /tenants/prey/portForward/default/web?ports=8080 HTTP/1.1");
    }

    /// What the node was asked since the last time.
    private List<String> asked() {
        var asked = new ArrayList<String>();
        kubelet.asked.drainTo(asked);
        return asked.stream().filter(line -> !line.startsWith("broken")).toList();
    }
}
