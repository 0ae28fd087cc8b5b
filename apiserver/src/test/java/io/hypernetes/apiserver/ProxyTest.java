package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.identity.CertificateSpec;
import io.hypernetes.identity.Tls;
import io.hypernetes.objects.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// HTTP through the API server to pods and services, and webhooks that are services.
class ProxyTest extends ClusterTest {
    private static final String MERGE = "application/merge-patch+json";
    private static final int TLS_PORT = 8443;

    private ForwardingKubelet kubelet;
    private SSLContext podTls;

    @BeforeAll
    void pods() throws IOException {
        podTls = Tls.server(cluster.authorities.root().issue(CertificateSpec.server(
                "hook", List.of("hook.default.svc"), List.of(), Duration.ofHours(1))));
        kubelet = new ForwardingKubelet(cluster, "n1", this::program);
        admin.post("/api/v1/nodes", "{\"metadata\":{\"name\":\"n1\"}}").expect(201);
        admin.patch("/api/v1/nodes/n1/status", MERGE, ("{\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"127.0.0.1\"}],"
                + "\"daemonEndpoints\":{\"kubeletEndpoint\":{\"Port\":%d}}}}").formatted(kubelet.port())).expect(200);
        admin.post(pods("default"), Cluster.pod("web")).expect(201);
        admin.get(pods("default") + "/web/proxy/").expect(400);
        admin.post(pods("default") + "/web/binding", "{\"metadata\":{\"name\":\"web\"},\"target\":{\"kind\":\"Node\",\"name\":\"n1\"}}").expect(201);
        admin.patch(pods("default") + "/web/status", MERGE,
                "{\"status\":{\"phase\":\"Running\",\"podIP\":\"10.1.2.3\",\"podIPs\":[{\"ip\":\"10.1.2.3\"}]}}").expect(200);
        service("front", "[{\"name\":\"http\",\"port\":80,\"targetPort\":8080},{\"name\":\"refused\",\"port\":81,\"targetPort\":1}]");
        slice("front", "[{\"name\":\"http\",\"port\":8080},{\"name\":\"refused\",\"port\":1}]", "10.1.2.3");
        service("hook", "[{\"port\":443,\"targetPort\":8443}]");
        slice("hook", "[{\"name\":\"\",\"port\":8443}]", "10.1.2.3");
    }

    @AfterAll
    void stopKubelet() throws IOException {
        kubelet.close();
    }

    private void service(String name, String ports) {
        admin.post("/api/v1/namespaces/default/services", "{\"metadata\":{\"name\":\"" + name + "\"},\"spec\":{\"ports\":" + ports + "}}").expect(201);
    }

    private void slice(String service, String ports, String address) {
        admin.post("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
                ("{\"metadata\":{\"name\":\"%s-1\",\"labels\":{\"kubernetes.io/service-name\":\"%s\"}},\"addressType\":\"IPv4\",\"ports\":%s,"
                        + "\"endpoints\":[{\"addresses\":[\"%s\"],\"targetRef\":{\"kind\":\"Pod\",\"namespace\":\"default\",\"name\":\"web\"}}]}")
                        .formatted(service, service, ports, address)).expect(201);
    }

    /// Tells what it was asked; port 8443 begins with TLS.
    private void program(InputStream in, OutputStream out) throws IOException {
        var first = new java.io.PushbackInputStream(in);
        int octet = first.read();
        first.unread(octet);
        if (octet == 0x16) {
            throughTls(first, out);
            return;
        }
        answer(first, out);
    }

    private void answer(InputStream in, OutputStream out) throws IOException {
        var head = ForwardingKubelet.head(in);
        int length = head.toLowerCase(java.util.Locale.ROOT).contains("content-length: ")
                ? Integer.parseInt(head.replaceAll("(?is).*content-length: ([0-9]+).*", "$1")) : 0;
        var body = new String(in.readNBytes(length), StandardCharsets.UTF_8);
        if (head.startsWith("GET /moved")) {
            out.write("HTTP/1.1 302 Found\r\nLocation: /there?a=1\r\nContent-Length: 0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        } else if (head.contains("Upgrade: echo")) {
            out.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            out.flush();
            var buffer = new byte[100];
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                out.write(buffer, 0, count);
                out.flush();
            }
        } else if (head.startsWith("POST /judge")) {
            var uid = body.replaceAll("(?s).*\"uid\":\"([^\"]+)\",\"kind\".*", "$1");
            var verdict = "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"response\":{\"uid\":\"" + uid
                    + "\",\"allowed\":false,\"status\":{\"message\":\"says the pod\"}}}";
            out.write(("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + verdict.length() + "\r\n\r\n" + verdict)
                    .getBytes(StandardCharsets.UTF_8));
        } else if (head.startsWith("POST /convert")) {
            var review = Json.bytes(converted(Json.readObject(body)));
            out.write(("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + review.length + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            out.write(review);
        } else {
            var text = head + body;
            out.write(("HTTP/1.1 201 Created\r\nContent-Type: text/plain\r\nX-Pod: web\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + Integer.toHexString(text.length()) + "\r\n" + text + "\r\n0\r\n\r\n").getBytes(StandardCharsets.UTF_8));
        }
        out.flush();
    }

    /// Version `v2` calls `size` what `v1` calls `width`.
    private static ObjectNode converted(ObjectNode asked) {
        var request = asked.path("request");
        var version = Json.string(request, "desiredAPIVersion");
        var answer = Json.object().put("apiVersion", "apiextensions.k8s.io/v1").put("kind", "ConversionReview");
        var response = answer.putObject("response").put("uid", Json.string(request, "uid"));
        response.putObject("result").put("status", "Success");
        var objects = response.putArray("convertedObjects");
        for (var object : Json.objects(request, "objects")) {
            var value = object.remove(version.endsWith("/v2") ? "width" : "size");
            if (value != null) {
                object.set(version.endsWith("/v2") ? "size" : "width", value);
            }
            objects.add(object.put("apiVersion", version));
        }
        return answer;
    }

    private void throughTls(InputStream in, OutputStream out) throws IOException {
        // TLS over two streams: through a pair of sockets, as the JDK has no other way.
        try (var listener = new java.net.ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress());
                var near = new java.net.Socket(listener.getInetAddress(), listener.getLocalPort());
                var far = listener.accept();
                var tls = (SSLSocket) podTls.getSocketFactory().createSocket(far, null, true)) {
            tls.setUseClientMode(false);
            Thread.startVirtualThread(() -> {
                try {
                    in.transferTo(near.getOutputStream());
                } catch (IOException over) {
                    // The connection ended.
                }
            });
            var back = Thread.startVirtualThread(() -> {
                try {
                    near.getInputStream().transferTo(out);
                } catch (IOException over) {
                    // The connection ended.
                }
            });
            answer(tls.getInputStream(), tls.getOutputStream());
            tls.close();
            back.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void requestsReachAPodWithoutTheCallersCredentials() {
        var reply = admin.send(admin.request(pods("default") + "/web:8080/proxy/a%20b/c%2Fd?x=%31&watch=true")
                .header("Authorization", "Bearer secret-of-mine")
                .header("X-Own", "kept")
                .header("X-Remote-User", "root")
                .POST(HttpRequest.BodyPublishers.ofString("the body"))
                .build());
        assertThat(reply.code()).isEqualTo(201);
        assertThat(reply.text())
                .startsWith("POST /a%20b/c%2Fd?x=%31&watch=true HTTP/1.1\r\n")
                .contains("Host: 10.1.2.3:8080\r\n", "kept", "X-Forwarded-Uri: /api/v1/namespaces/default/pods/web:8080/proxy/a%20b/c%2Fd\r\n")
                .doesNotContainIgnoringCase("x-remote-user")
                .doesNotContain("secret-of-mine")
                .endsWith("the body");
        assertThat(kubelet.asked).contains("GET /tenants/root/portForward/default/web?ports=8080 HTTP/1.1");
    }

    @Test
    void servicesArePassedOnToTheirPods() {
        for (var name : List.of("front:http", "front:80", "http:front:80")) {
            assertThat(admin.get("/api/v1/namespaces/default/services/" + name + "/proxy/page").expect(201).text())
                    .startsWith("GET /page HTTP/1.1\r\n").contains("Host: 10.1.2.3:8080\r\n");
        }
        assertThat(admin.get("/api/v1/namespaces/default/services/https:hook:443/proxy/secret").expect(201).text()).startsWith("GET /secret HTTP/1.1");
        var moved = admin.get("/api/v1/namespaces/default/services/front:http/proxy/moved").expect(302);
        assertThat(moved.http().headers().firstValue("Location")).contains("/api/v1/namespaces/default/services/front:http/proxy/there?a=1");
        assertThat(admin.get("/api/v1/namespaces/default/services/front:http/proxy/").http().headers().allValues("Set-Cookie"))
                .containsExactly("a=1", "b=2");
    }

    @Test
    void whatCannotBeReachedIsSaid() {
        assertThat(admin.get(pods("default") + "/web:1/proxy/").expect(503).at("message")).isEqualTo("error trying to reach service: connection refused");
        assertThat(admin.get("/api/v1/namespaces/default/services/front:refused/proxy/").expect(503).at("message"))
                .isEqualTo("error trying to reach service: connection refused");
        assertThat(admin.get("/api/v1/namespaces/default/services/front/proxy/").expect(503).at("message"))
                .isEqualTo("no endpoints available for service \"front\"");
        assertThat(admin.get("/api/v1/namespaces/default/services/front:82/proxy/").expect(503).at("message"))
                .isEqualTo("no service port 82 found for service \"front\"");
        admin.get("/api/v1/namespaces/default/services/none/proxy/").expect(404);
        assertThat(admin.get(pods("default") + "/ftp:web:1/proxy/").expect(400).at("message")).isEqualTo("invalid pod request \"ftp:web:1\"");
        assertThat(admin.get(pods("default") + "/web:8080/proxy").code()).isEqualTo(301);
        // What a slice says of a pod's address is believed only when the pod has it.
        service("lies", "[{\"port\":80}]");
        slice("lies", "[{\"name\":\"\",\"port\":8080}]", "10.9.9.9");
        admin.get("/api/v1/namespaces/default/services/lies/proxy/").expect(503);
    }

    @Test
    void theProxyIsARightOfItsOwn() {
        var viewer = cluster.client("root", "viewer");
        admin.post("/apis/rbac.authorization.k8s.io/v1/clusterroles", "{\"metadata\":{\"name\":\"proxied\"},\"rules\":[{\"apiGroups\":[\"\"],"
                + "\"resources\":[\"pods/proxy\"],\"verbs\":[\"get\"]},{\"apiGroups\":[\"\"],\"resources\":[\"services\"],\"verbs\":[\"*\"]}]}").expect(201);
        admin.post("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", "{\"metadata\":{\"name\":\"proxied\"},\"roleRef\":{\"apiGroup\":"
                + "\"rbac.authorization.k8s.io\",\"kind\":\"ClusterRole\",\"name\":\"proxied\"},\"subjects\":[{\"kind\":\"User\",\"name\":\"viewer\","
                + "\"apiGroup\":\"rbac.authorization.k8s.io\"}]}").expect(201);
        viewer.get(pods("default") + "/web:8080/proxy/x/y").expect(201);
        viewer.post(pods("default") + "/web:8080/proxy/x/y", "{}").expect(403);
        viewer.get("/api/v1/namespaces/default/services/front:http/proxy/").expect(403);
    }

    @Test
    void anUpgradeGoesThrough() throws IOException {
        var tls = Tls.client(cluster.authorities.root().certificate(), cluster.credential("root", "admin", "system:masters"));
        try (var socket = (SSLSocket) tls.getSocketFactory().createSocket("127.0.0.1", cluster.server.address().getPort())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(("GET " + pods("default") + "/web:8080/proxy/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            assertThat(ForwardingKubelet.head(socket.getInputStream())).startsWith("HTTP/1.1 101 ").contains("Upgrade: echo");
            for (var word : List.of("hello", "x".repeat(70_000))) {
                socket.getOutputStream().write(word.getBytes(StandardCharsets.US_ASCII));
                assertThat(new String(socket.getInputStream().readNBytes(word.length()), StandardCharsets.US_ASCII)).isEqualTo(word);
            }
        }
    }

    @Test
    void aWebhookMayBeAService() {
        var bundle = java.util.Base64.getEncoder().encodeToString(cluster.authorities.root().certificatePem().getBytes(StandardCharsets.US_ASCII));
        admin.post("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", """
                {"metadata":{"name":"by-service"},"webhooks":[{"name":"judge.example.com","sideEffects":"None","admissionReviewVersions":["v1"],
                 "clientConfig":{"service":{"namespace":"default","name":"hook","path":"/judge"},"caBundle":"%s"},
                 "rules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["secrets"]}]}]}""".formatted(bundle)).expect(201);
        assertThat(admin.post("/api/v1/namespaces/default/secrets", "{\"metadata\":{\"name\":\"judged\"}}").expect(400).at("message"))
                .isEqualTo("admission webhook \"judge.example.com\" denied the request: says the pod");
    }

    @Test
    void aConversionWebhookMayBeAService() {
        var bundle = java.util.Base64.getEncoder().encodeToString(cluster.authorities.root().certificatePem().getBytes(StandardCharsets.US_ASCII));
        var definition = """
                {"metadata":{"name":"boards.%1$s"},"spec":{"group":"%1$s","scope":"Namespaced","names":{"plural":"boards","kind":"Board"},
                 "conversion":{"strategy":"Webhook","webhook":{"conversionReviewVersions":["v1"],
                  "clientConfig":{"service":{"namespace":"default","name":"%2$s","path":"/convert"},"caBundle":"%3$s"}}},
                 "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"width":{"type":"integer"}}}}},
                  {"name":"v2","served":true,"storage":false,"schema":{"openAPIV3Schema":{"type":"object","properties":{"size":{"type":"integer"}}}}}]}}""";
        var definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        var made = admin.post(definitions, definition.formatted("by.example.com", "hook", bundle)).expect(201).json();
        assertThat(made.path("spec").path("conversion").path("webhook").path("clientConfig").path("service").path("port").asInt()).isEqualTo(443);
        var path = "/apis/by.example.com/%s/namespaces/default/boards";
        admin.post(path.formatted("v2"), "{\"apiVersion\":\"by.example.com/v2\",\"kind\":\"Board\",\"metadata\":{\"name\":\"b\"},\"size\":7}").expect(201);
        kubelet.asked.clear();
        assertThat(admin.get(path.formatted("v1") + "/b").expect(200).json().path("width").asInt()).isEqualTo(7);
        assertThat(kubelet.asked).as("what is stored in the version asked for needs nobody").isEmpty();
        assertThat(admin.get(path.formatted("v2") + "/b").expect(200).json().path("size").asInt()).isEqualTo(7);
        assertThat(kubelet.asked).contains("GET /tenants/root/portForward/default/web?ports=8443 HTTP/1.1");
        assertThat(admin.patch(path.formatted("v2") + "/b", MERGE, "{\"size\":8}").expect(200).json().path("size").asInt()).isEqualTo(8);
        assertThat(admin.get(path.formatted("v2")).expect(200).json().path("items").path(0).path("size").asInt()).isEqualTo(8);
        // One whose service is not there says so, and its objects can be deleted even so.
        admin.post(definitions, definition.formatted("gone.example.com", "gone", bundle)).expect(201);
        var lost = path.replace("by.example.com", "gone.example.com");
        admin.post(lost.formatted("v1"), "{\"apiVersion\":\"gone.example.com/v1\",\"kind\":\"Board\",\"metadata\":{\"name\":\"b\"},\"width\":7}").expect(201);
        assertThat(admin.get(lost.formatted("v2") + "/b").expect(500).at("message"))
                .isEqualTo("conversion webhook for gone.example.com/v1, Kind=Board failed: Post \"https://gone.default.svc:443/convert?timeout=30s\": service \"gone\" not found");
        admin.delete(lost.formatted("v1") + "/b").expect(200);
        // One whose certificate is another's is not asked.
        service("other", "[{\"port\":443,\"targetPort\":8443}]");
        slice("other", "[{\"name\":\"\",\"port\":8443}]", "10.1.2.3");
        admin.post(definitions, definition.formatted("other.example.com", "other", bundle)).expect(201);
        var other = path.replace("by.example.com", "other.example.com");
        admin.post(other.formatted("v1"), "{\"apiVersion\":\"other.example.com/v1\",\"kind\":\"Board\",\"metadata\":{\"name\":\"b\"},\"width\":7}").expect(201);
        assertThat(admin.get(other.formatted("v2") + "/b").expect(500).at("message")).contains("other.default.svc");
    }
}
