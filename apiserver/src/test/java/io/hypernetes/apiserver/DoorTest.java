package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.identity.KeyedCertificate;
import io.hypernetes.identity.Tls;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Pods come in by the door of their tenant, led by their node.
class DoorTest extends ClusterTest {

    @BeforeAll
    void tenants() {
        admin.post("/api/v1/nodes", "{\"metadata\":{\"name\":\"n1\"}}").expect(201);
        for (var tenant : List.of("green", "blue", "empty")) {
            admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant(tenant)).expect(201);
        }
        for (var tenant : List.of("green", "blue")) {
            cluster.operator().in(tenant).post(pods("default"), Cluster.pod("p").replace("\"spec\":{", "\"spec\":{\"nodeName\":\"n1\",")).expect(201);
        }
    }

    private KeyedCertificate node() {
        return cluster.credential("root", "system:node:n1", "system:nodes");
    }

    /// Asks for a door and says what came.
    private String knock(SSLSocket outer, String tenant) throws IOException {
        outer.getOutputStream().write(("GET /tenants/" + tenant + "/door HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: hypernetes-door\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
        return head(outer.getInputStream());
    }

    private SSLSocket connect(KeyedCertificate who) throws IOException {
        var socket = (SSLSocket) Tls.client(cluster.authorities.root().certificate(), who)
                .getSocketFactory().createSocket("127.0.0.1", cluster.server.address().getPort());
        socket.setSoTimeout(10_000);
        return socket;
    }

    private SSLSocket through(String tenant, @Nullable KeyedCertificate who) throws IOException {
        var outer = connect(node());
        assertThat(knock(outer, tenant)).startsWith("HTTP/1.1 101 ");
        var inner = (SSLSocket) Tls.client(cluster.authorities.root().certificate(), who)
                .getSocketFactory().createSocket(outer, "kubernetes.default.svc", 443, true);
        var parameters = new SSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        inner.setSSLParameters(parameters);
        inner.startHandshake();
        return inner;
    }

    private static String head(InputStream in) throws IOException {
        var bytes = new ByteArrayOutputStream();
        while (!bytes.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
            int next = in.read();
            if (next < 0) {
                break;
            }
            bytes.write(next);
        }
        return bytes.toString(StandardCharsets.ISO_8859_1);
    }

    /// Status line and body of one request.
    private static String get(SSLSocket socket, String path) throws IOException {
        socket.getOutputStream().write(("GET " + path + " HTTP/1.1\r\nHost: kubernetes.default.svc\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        var head = head(socket.getInputStream());
        var match = java.util.regex.Pattern.compile("(?i)content-length: (\\d+)").matcher(head);
        int length = match.find() ? Integer.parseInt(match.group(1)) : 0;
        return head.lines().findFirst().orElse("") + "\n" + new String(socket.getInputStream().readNBytes(length), StandardCharsets.UTF_8);
    }

    @Test
    void behindTheDoorOnlyTheTenantCounts() throws Exception {
        var green = cluster.credential("green", "system:serviceaccount:default:default", "system:masters");
        try (var pod = through("green", green)) {
            for (int i = 0; i < 3; i++) {
                assertThat(get(pod, "/api/v1/pods")).startsWith("HTTP/1.1 200").contains("\"name\":\"p\"");
            }
            assertThat(get(pod, "/tenants/blue/api/v1/pods")).startsWith("HTTP/1.1 404").contains("tenants.hypernetes.io");
            assertThat(get(pod, "/tenants/root/api/v1/pods")).startsWith("HTTP/1.1 404");
            assertThat(get(pod, "/apis/hypernetes.io/v1/tenants")).startsWith("HTTP/1.1 404");
        }
        for (var stranger : List.of(cluster.credential("blue", "b", "system:masters"), cluster.credential("root", "admin", "system:masters"), node())) {
            try (var pod = through("green", stranger)) {
                assertThat(get(pod, "/api/v1/pods")).startsWith("HTTP/1.1 401");
                assertThat(get(pod, "/version")).startsWith("HTTP/1.1 401");
            }
        }
        try (var nobody = through("green", null)) {
            assertThat(get(nobody, "/version")).startsWith("HTTP/1.1 200");
            assertThat(get(nobody, "/api/v1/pods")).as("the node's own credential does not pass through").startsWith("HTTP/1.1 403").contains("system:anonymous");
            assertThat(get(nobody, "/tenants/green/door")).as("a door behind the door").startsWith("HTTP/1.1 403");
        }
    }

    @Test
    void eachDoorShowsACertificateOfItsOwn() throws Exception {
        List<X509Certificate> shown = new ArrayList<>();
        for (var tenant : List.of("green", "blue")) {
            try (var pod = through(tenant, null)) {
                shown.add((X509Certificate) pod.getSession().getPeerCertificates()[0]);
            }
        }
        assertThat(shown.getFirst().getPublicKey()).isNotEqualTo(shown.getLast().getPublicKey());
        assertThat(shown.getFirst().getSubjectAlternativeNames().toString())
                .contains("kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "10.96.0.1");
    }

    @Test
    void onlyNodesLeadInAndOnlyTheirOwnPods() throws Exception {
        try (var outer = connect(node())) {
            assertThat(knock(outer, "empty")).startsWith("HTTP/1.1 403");
        }
        try (var outer = connect(node())) {
            assertThat(knock(outer, "nowhere")).startsWith("HTTP/1.1 404");
        }
        for (var other : List.of(cluster.credential("root", "admin", "system:masters"), cluster.credential("green", "g", "system:masters"),
                cluster.credential("root", "system:node:n2", "system:nodes"))) {
            try (var outer = connect(other)) {
                assertThat(knock(outer, "green")).startsWith("HTTP/1.1 403");
            }
        }
    }

    @Test
    void aNodeReadsServicesAndTheTenantWhereItHasPods() {
        var client = cluster.new Client(node(), java.net.http.HttpClient.Version.HTTP_1_1);
        for (var resource : List.of("/api/v1/services", "/apis/discovery.k8s.io/v1/endpointslices")) {
            assertThat(client.get("/tenants/green" + resource).expect(200).json().path("items").isArray()).isTrue();
            client.get("/tenants/empty" + resource).expect(403);
            client.get("/tenants/*" + resource).expect(403);
            client.post("/tenants/green/api/v1/namespaces/default/services", "{}").expect(403);
        }
        assertThat(client.get("/tenants/green/api/v1/services").text()).contains("10.96.0.1", "10.96.0.10");
        assertThat(client.get("/apis/hypernetes.io/v1/tenants/green").expect(200).at("metadata", "annotations", "hypernetes.io/segment")).isNotEmpty();
        client.get("/apis/hypernetes.io/v1/tenants/empty").expect(403);
        client.get("/apis/hypernetes.io/v1/tenants").expect(403);
    }

    @Test
    void noTenantHasTheNumberOfAnotherWhateverItsObjectSays() {
        var first = admin.get("/apis/hypernetes.io/v1/tenants/green").expect(200).at("metadata", "annotations", "hypernetes.io/segment");
        admin.patch("/apis/hypernetes.io/v1/tenants/blue", "application/merge-patch+json",
                        "{\"metadata\":{\"annotations\":{\"hypernetes.io/segment\":\"" + first + "\"}}}")
                .expect(200);
        assertThat(admin.get("/apis/hypernetes.io/v1/tenants/blue").expect(200).at("metadata", "annotations", "hypernetes.io/segment")).isNotEqualTo(first);
        var made = admin.post("/apis/hypernetes.io/v1/tenants",
                        "{\"metadata\":{\"name\":\"sly\",\"annotations\":{\"hypernetes.io/segment\":\"" + first + "\"}}}")
                .expect(201);
        assertThat(made.at("metadata", "annotations", "hypernetes.io/segment")).isNotEqualTo(first);
    }

    @Test
    void whatIsNoTlsBehindTheDoorEndsTheConnection() throws Exception {
        try (var outer = connect(node())) {
            assertThat(knock(outer, "green")).startsWith("HTTP/1.1 101 ");
            outer.getOutputStream().write("GET /api/v1/pods HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(head(outer.getInputStream())).doesNotContain("HTTP/1.1");
        } catch (IOException cut) {
            assertThat(cut).isNotNull();
        }
        try (var outer = connect(node())) {
            outer.getOutputStream().write("GET /tenants/green/door HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(head(outer.getInputStream())).as("without an upgrade").startsWith("HTTP/1.1 400");
        }
    }
}
