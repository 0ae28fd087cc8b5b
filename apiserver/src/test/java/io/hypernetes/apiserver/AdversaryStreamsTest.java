package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.tenant;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.identity.Tls;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The administrator of a tenant asks for streams to another's pods, services and nodes, by every method and both ways to upgrade. The node that they run
/// on is there and would answer, and says who came.
class AdversaryStreamsTest extends ClusterTest {
    private static final List<String> METHODS = List.of("GET", "POST", "PUT", "PATCH", "DELETE");
    private static final List<String> UPGRADES = List.of(
            "",
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: v5.channel.k8s.io, v4.channel.k8s.io\r\n",
            "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\nX-Stream-Protocol-Version: portforward.k8s.io\r\n");
    private static final String WEBSOCKET = UPGRADES.get(1);
    private static final String SPDY = UPGRADES.get(2);

    private final Map<String, SSLSocketFactory> sockets = new HashMap<>();
    private ForwardingKubelet kubelet;

    @BeforeAll
    void tenants() throws IOException {
        kubelet = new ForwardingKubelet(cluster, "n1", (in, out) -> {
            ForwardingKubelet.head(in);
            out.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi".getBytes(StandardCharsets.US_ASCII));
        });
        admin.post("/api/v1/nodes", "{\"metadata\":{\"name\":\"n1\"}}").expect(201);
        admin.patch("/api/v1/nodes/n1/status", AdversaryCase.MERGE, ("{\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"127.0.0.1\"}],"
                + "\"daemonEndpoints\":{\"kubeletEndpoint\":{\"Port\":%d}}}}").formatted(kubelet.port())).expect(200);
        for (var name : List.of("prey", "prowler")) {
            admin.post("/apis/hypernetes.io/v1/tenants", tenant(name)).expect(201);
            sockets.put(name, Tls.client(cluster.authorities.root().certificate(), cluster.credential(name, "somebody", "system:masters")).getSocketFactory());
        }
        serve("prey");
    }

    @AfterAll
    void stopKubelet() throws IOException {
        kubelet.close();
    }

    /// A pod that runs on the node, and a service that leads to it.
    private void serve(String tenant) {
        var operator = cluster.operator().in(tenant);
        operator.post(pods("default"), Cluster.pod("web").replace("\"spec\":{", "\"spec\":{\"nodeName\":\"n1\",")).expect(201);
        operator.patch(pods("default") + "/web/status", AdversaryCase.MERGE, """
                {"status":{"phase":"Running","podIP":"10.1.2.3","podIPs":[{"ip":"10.1.2.3"}],
                 "containerStatuses":[{"name":"web","image":"","imageID":"","ready":true,"restartCount":0,"state":{"running":{}}}]}}""").expect(200);
        operator.post("/api/v1/namespaces/default/services", "{\"metadata\":{\"name\":\"web\"},\"spec\":{\"ports\":[{\"port\":80,\"targetPort\":8080}]}}").expect(201);
        operator.post("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", """
                {"metadata":{"name":"web-1","labels":{"kubernetes.io/service-name":"web"}},"addressType":"IPv4","ports":[{"name":"","port":8080}],
                 "endpoints":[{"addresses":["10.1.2.3"],"targetRef":{"kind":"Pod","namespace":"default","name":"web"}}]}""").expect(201);
    }

    private static List<String> streams(String name, String node) {
        var pod = pods("default") + "/" + name;
        var service = "/api/v1/namespaces/default/services/" + name;
        return List.of(
                pod + "/exec?command=id&stdin=true&stdout=true", pod + "/attach?stdout=true", pod + "/portforward?ports=8080", pod + "/log",
                pod + "/proxy", pod + ":8080/proxy/page", pod + "/proxy/a/../b", service + "/proxy/", service + ":80/proxy/page",
                "/api/v1/nodes/" + node + "/proxy/stats/summary", "/api/v1/nodes/" + node + ":10250/proxy/pods", "/api/v1/proxy/namespaces/default/pods/" + name + "/");
    }

    @Test
    void noMethodAndNoUpgradeOpensAStreamToAnother() throws IOException {
        var theirs = streams("web", "n1");
        for (int i = 0; i < theirs.size(); i++) {
            for (var upgrade : UPGRADES) {
                for (var method : upgrade.isEmpty() ? METHODS : METHODS.subList(0, 2)) {
                    var nobody = ask("prowler", method, "/tenants/nobody" + theirs.get(i), upgrade);
                    assertThat(nobody).startsWith("HTTP/1.1 404 ");
                    assertThat(ask("prowler", method, "/tenants/prey" + theirs.get(i), upgrade).replace("prey", "nobody")).isEqualTo(nobody);
                    // By its name at home it is nothing; nodes are the operator's.
                    var none = ask("prowler", method, streams("nil", "nil").get(i), upgrade);
                    assertThat(none).doesNotStartWith("HTTP/1.1 1").doesNotStartWith("HTTP/1.1 2");
                    assertThat(ask("prowler", method, theirs.get(i), upgrade).replace("web", "nil").replace("n1", "nil")).isEqualTo(none);
                }
            }
        }
        assertThat(asked()).isEmpty();

        // The same names on the same node: each comes to its own.
        serve("prowler");
        for (var tenant : List.of("prey", "prowler")) {
            ask(tenant, "POST", theirs.getFirst(), SPDY);
            ask(tenant, "GET", theirs.getFirst(), WEBSOCKET);
            assertThat(ask(tenant, "GET", theirs.get(2), WEBSOCKET)).startsWith("HTTP/1.1 101 ");
            assertThat(ask(tenant, "GET", theirs.get(5), "")).startsWith("HTTP/1.1 200 ");
            assertThat(ask(tenant, "GET", theirs.get(8), "")).startsWith("HTTP/1.1 200 ");
            assertThat(asked()).hasSize(5).allSatisfy(line -> assertThat(line).matches("\\w+ /tenants/" + tenant + "/(exec|portForward)/default/web.*"));
        }
    }

    /// The answer but for what is new in each.
    private String ask(String tenant, String method, String target, String upgrade) throws IOException {
        try (var socket = (SSLSocket) Objects.requireNonNull(sockets.get(tenant)).createSocket("127.0.0.1", cluster.server.address().getPort())) {
            socket.setSoTimeout(20_000);
            // Else what follows the handshake waits for the server's kernel to acknowledge that, 40 ms each time.
            socket.setTcpNoDelay(true);
            socket.getOutputStream().write((method + " " + target + " HTTP/1.1\r\nHost: x\r\n" + upgrade + (method.equals("GET") ? "" : "Content-Length: 0\r\n") + "\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            var head = ForwardingKubelet.head(socket.getInputStream());
            int length = head.lines().filter(line -> line.toLowerCase(Locale.ROOT).startsWith("content-length:"))
                    .mapToInt(line -> Integer.parseInt(line.substring(line.indexOf(':') + 1).strip())).findFirst().orElse(0);
            var body = new String(socket.getInputStream().readNBytes(length), StandardCharsets.UTF_8);
            return head.replaceAll("(?i)(audit-id|date|content-length): [^\r]*\r\n", "") + body;
        }
    }

    /// What the node was asked since the last time.
    private List<String> asked() {
        var asked = new ArrayList<String>();
        kubelet.asked.drainTo(asked);
        return asked.stream().filter(line -> !line.startsWith("broken")).toList();
    }
}
