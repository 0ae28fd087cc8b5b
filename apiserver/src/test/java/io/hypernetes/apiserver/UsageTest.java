package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.identity.CertificateSpec;
import io.hypernetes.identity.Tls;
import io.hypernetes.objects.Json;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// What nodes and pods use, told by a kubelet of this test, which says more than it is asked.
class UsageTest extends ClusterTest {
    private static final String NODES = "/apis/metrics.k8s.io/v1beta1/nodes";
    private static final String POD = "{\"metadata\":{\"namespace\":\"default\",\"name\":\"%s\"},\"timestamp\":\"2026-11-30T00:00:00Z\",\"window\":\"30s\",\"containers\":%s}";
    private static final String CONTAINER = "{\"name\":\"%s\",\"usage\":{\"cpu\":\"%s\",\"memory\":\"%s\"}}";

    private SSLServerSocket kubelet;
    private Cluster.Client acme;

    @BeforeAll
    void nodes() throws IOException {
        kubelet = listen();
        register("n1", kubelet.getLocalPort());
        // Nobody listens there.
        register("n2", 1);
        register("n3", 1);
        for (var tenant : List.of("acme", "other")) {
            admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant(tenant)).expect(201);
        }
        for (var pod : List.of("acme/web/n1", "acme/db/n1", "acme/lost/n2", "other/web/n1")) {
            var parts = pod.split("/");
            runs("/tenants/" + parts[0] + pods("default"), parts[1], parts[2]);
        }
        acme = cluster.client("acme", "owner", "system:masters");
    }

    @AfterAll
    void stopNode() throws IOException {
        kubelet.close();
    }

    private void register(String name, int port) {
        admin.post("/api/v1/nodes", "{\"metadata\":{\"name\":\"" + name + "\",\"labels\":{\"disk\":\"" + name + "\"}}}").expect(201);
        admin.patch("/api/v1/nodes/" + name + "/status", "application/merge-patch+json", ("{\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"127.0.0.1\"}],"
                + "\"daemonEndpoints\":{\"kubeletEndpoint\":{\"Port\":%d}}}}").formatted(port)).expect(200);
    }

    private void runs(String pods, String name, String node) {
        admin.post(pods, Cluster.pod(name)).expect(201);
        admin.post(pods + "/" + name + "/binding", "{\"metadata\":{\"name\":\"%s\"},\"target\":{\"kind\":\"Node\",\"name\":\"%s\"}}".formatted(name, node)).expect(201);
        admin.patch(pods + "/" + name + "/status", "application/merge-patch+json", "{\"status\":{\"phase\":\"Running\"}}").expect(200);
    }

    private SSLServerSocket listen() throws IOException {
        var tls = Tls.server(cluster.authorities.root().issue(CertificateSpec.peer("system:node:n1", List.of("system:nodes"), List.of("n1"), List.of(), Duration.ofHours(1))));
        var socket = (SSLServerSocket) tls.getServerSocketFactory().createServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"));
        Thread.startVirtualThread(() -> {
            try {
                while (true) {
                    var connection = (SSLSocket) socket.accept();
                    Thread.startVirtualThread(() -> serve(connection));
                }
            } catch (IOException closed) {
                return;
            }
        });
        return socket;
    }

    private static void serve(SSLSocket connection) {
        try (connection) {
            var head = new StringBuilder();
            while (head.indexOf("\r\n\r\n") < 0) {
                int next = connection.getInputStream().read();
                if (next < 0) {
                    return;
                }
                head.append((char) next);
            }
            var answer = head.toString().startsWith("GET /tenants/acme/podMetrics ") ? pods() : head.toString().startsWith("GET /nodeMetrics ") ? node() : "{}";
            connection.getOutputStream().write(("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + answer.length() + "\r\n\r\n" + answer)
                    .getBytes(StandardCharsets.US_ASCII));
        } catch (IOException gone) {
            return;
        }
    }

    private static String pods() {
        var web = POD.formatted("web", "[" + CONTAINER.formatted("web", "100000000n", "1000Ki") + "," + CONTAINER.formatted("side", "0.05", "1Mi") + "]");
        var db = POD.formatted("db", "[" + CONTAINER.formatted("web", "7n", "24Ki") + "]");
        // Neither runs here.
        var lost = POD.formatted("lost", "[" + CONTAINER.formatted("web", "9", "9Gi") + "]");
        var nobody = POD.formatted("nobody", "[" + CONTAINER.formatted("web", "9", "9Gi") + "]");
        return "{\"items\":[" + String.join(",", web, db, lost, nobody) + "]}";
    }

    private static String node() {
        return "{\"timestamp\":\"2026-11-30T00:00:00Z\",\"window\":\"30s\",\"usage\":{\"cpu\":\"3\",\"memory\":\"5Gi\"}}";
    }

    @Test
    void aTenantReadsWhatItsOwnPodsUseOfANode() {
        var one = acme.get(NODES + "/n1").expect(200).json();
        assertThat(Json.string(one, "kind")).isEqualTo("NodeMetrics");
        assertThat(Json.string(one, "usage", "cpu")).isEqualTo("150000007n");
        assertThat(Json.string(one, "usage", "memory")).isEqualTo("2048Ki");
        assertThat(Json.string(one, "window")).isEqualTo("30s");
    }

    /// `kubectl top node` shows them as unknown.
    @Test
    void nodesThatSayNothingOfItsPodsAreLeftOutAndThoseWithoutAnyAreUnused() {
        var list = acme.get(NODES).expect(200).json();
        var usage = Json.objects(list, "items").stream()
                .collect(Collectors.toMap(node -> Json.string(node, "metadata", "name"), node -> Json.string(node, "usage", "cpu") + " " + Json.string(node, "usage", "memory")));
        assertThat(usage).containsOnlyKeys("n1", "n3").containsEntry("n3", "0n 0Ki");
        acme.get(NODES + "/n2").expect(404);
        assertThat(Json.objects(acme.get(NODES + "?labelSelector=disk%3Dn3").expect(200).json(), "items")).hasSize(1);
    }

    @Test
    void anOperatorReadsWhatANodeUses() {
        assertThat(Json.string(admin.get(NODES + "/n1").expect(200).json(), "usage", "memory")).isEqualTo("5Gi");
    }
}
