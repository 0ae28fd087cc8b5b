package io.hypernetes.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.FakeApi;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.network.ServiceTable;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class NodeProxyTest {
    @Test
    void aGatewayLearnsWhatTheApiSaysAndForgetsNothingOfItsOwn() throws Exception {
        LoopbackGateway gateway = new LoopbackGateway();
        try (FakeApi api = new FakeApi()) {
            Client client = api.client();
            GenericKubernetesResource tenant = new GenericKubernetesResource();
            tenant.setApiVersion("hypernetes.io/v1");
            tenant.setKind("Tenant");
            tenant.setMetadata(new ObjectMetaBuilder().withName("acme").withFinalizers("hypernetes.io/tenant").withAnnotations(Map.of("hypernetes.io/segment", "4711")).build());
            client.of(Kind.TENANT).create("root", tenant);
            client.of(Kind.SERVICE).create("acme", ViewsTest.service("web", "10.96.1.1"));
            client.of(Kind.SERVICE).create("bolt", ViewsTest.service("other", "10.96.1.2"));
            ProxySettings settings = new ProxySettings(
                    "here", "10.96.0.0/12", "10.96.0.1", "10.96.0.10", "cluster.local", URI.create("https://127.0.0.1:1"), NodeProxyTest::noTls);
            try (NodeProxy proxy = new NodeProxy(settings, client, new Random(1))) {
                assertThat(proxy.variables("acme", "shop", false)).hasValueSatisfying(
                        variables -> assertThat(variables).containsEntry("KUBERNETES_SERVICE_HOST", "10.96.0.1"));
                assertThat(proxy.variables("acme", "shop", true)).as("a tenant that is not here").isEmpty();
                proxy.follower().opened().accept(gateway);
                assertThat(gateway.numbers.poll(10, TimeUnit.SECONDS)).isEqualTo(4711);
                ServiceTable table = gateway.awaitEndpoints("shop/web:http");
                assertThat(table.ports()).extracting(ServiceTable.Port::name).containsExactlyInAnyOrder(
                        "default/kubernetes:https", "kube-system/kube-dns:dns", "kube-system/kube-dns:dns-tcp", "shop/web:http", "shop/web:dns");
                assertThat(proxy.variables("acme", "shop", true)).hasValueSatisfying(
                        variables -> assertThat(variables).containsEntry("WEB_SERVICE_HOST", "10.96.1.1").doesNotContainKey("OTHER_SERVICE_HOST"));

                client.of(Kind.ENDPOINT_SLICE).create("acme", new EndpointSliceBuilder()
                        .withNewMetadata().withNamespace("shop").withName("web-1").withLabels(Map.of("kubernetes.io/service-name", "web")).endMetadata()
                        .withAddressType("IPv4")
                        .addNewPort().withName("http").withProtocol("TCP").withPort(8080).endPort()
                        .withEndpoints(new EndpointBuilder().withAddresses("10.88.0.2").withNewConditions().withReady(true).endConditions().build())
                        .build());
                gateway.awaitEndpoints("shop/web:http", "10.88.0.2");
                // Two that are each for a zone, of which the Node says later which is its own.
                client.of(Kind.ENDPOINT_SLICE).create("acme", new EndpointSliceBuilder()
                        .withNewMetadata().withNamespace("shop").withName("zoned-1").withLabels(Map.of("kubernetes.io/service-name", "zoned")).endMetadata()
                        .withAddressType("IPv4")
                        .addNewPort().withName("http").withProtocol("TCP").withPort(8080).endPort()
                        .addNewEndpoint().withAddresses("10.88.0.3").withNewHints().addNewForZone("east").endHints().endEndpoint()
                        .addNewEndpoint().withAddresses("10.88.7.3").withNewHints().addNewForZone("west").endHints().endEndpoint()
                        .build());
                client.of(Kind.SERVICE).create("acme", ViewsTest.service("zoned", "10.96.1.3"));
                gateway.awaitEndpoints("shop/zoned:http", "10.88.0.3", "10.88.7.3");
                client.of(Kind.NODE).create("root", new NodeBuilder().withNewMetadata().withName("here").addToLabels("topology.kubernetes.io/zone", "west").endMetadata().build());
                gateway.awaitEndpoints("shop/zoned:http", "10.88.7.3");
                client.of(Kind.NODE).change(ObjectKey.root("here"), null, now -> new NodeBuilder(now).editMetadata().addToLabels("topology.kubernetes.io/zone", "east").endMetadata().build());
                gateway.awaitEndpoints("shop/zoned:http", "10.88.0.3");

                client.of(Kind.SERVICE).create("acme", ViewsTest.service("balanced", "10.96.1.4").edit().editSpec().withType("LoadBalancer")
                        .withExternalTrafficPolicy("Local").withHealthCheckNodePort(30100).endSpec().build());
                int check = gateway.awaitEndpoints("shop/balanced#health", "127.0.0.1").ports().stream()
                        .filter(port -> port.nodePort() == 30100).findFirst().orElseThrow().endpoints().getFirst().port();
                assertThat(health(check)).startsWith("503 {").contains("\"localEndpoints\": 0", "\"serviceProxyHealthy\": true");
                client.of(Kind.ENDPOINT_SLICE).create("acme", new EndpointSliceBuilder()
                        .withNewMetadata().withNamespace("shop").withName("balanced-1").withLabels(Map.of("kubernetes.io/service-name", "balanced")).endMetadata()
                        .withAddressType("IPv4")
                        .addNewPort().withName("http").withProtocol("TCP").withPort(8080).endPort()
                        .addNewEndpoint().withAddresses("10.88.0.5").withNodeName("here").endEndpoint()
                        .build());
                Awaitility.await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> assertThat(health(check)).startsWith("200 {").contains("\"localEndpoints\": 1"));

                int door = table.ports().getFirst().endpoints().getFirst().port();
                // There is no API server behind it, so whoever knocks is sent away, at once and not after a time.
                try (Socket pod = new Socket("127.0.0.1", door)) {
                    pod.setSoTimeout(10_000);
                    pod.getOutputStream().write(0x16);
                    assertThat(pod.getInputStream().read()).isEqualTo(-1);
                }

                // Deleted and made anew while no pod of it was here.
                proxy.follower().left().accept(gateway);
                client.of(Kind.TENANT).change(ObjectKey.root("acme"), null, known -> {
                    known.getMetadata().setAnnotations(Map.of("hypernetes.io/segment", "1234"));
                    return known;
                });
                proxy.follower().reused().accept(gateway);
                assertThat(gateway.numbers.poll(10, TimeUnit.SECONDS)).isEqualTo(1234);
                assertThat(gateway.dissolved.getCount()).as("the tenant stays").isOne();
                client.of(Kind.TENANT).delete(ObjectKey.root("acme"), Deletion.ordinary());
                proxy.follower().left().accept(gateway);
                assertThat(gateway.dissolved.await(10, TimeUnit.SECONDS)).isTrue();
                proxy.follower().closed().accept(gateway);
                Awaitility.await().atMost(Duration.ofSeconds(5)).untilAsserted(() -> assertThat(reaches(door) || reaches(check)).isFalse());
            }
        }
    }

    /// Whose last pod has gone the node may not ask for, whether it is there or not; then there is nothing to keep.
    @Test
    void aTenantThatMayNotBeAskedForIsLeft() throws Exception {
        for (int code : new int[] {403, 404}) {
            LoopbackGateway gateway = new LoopbackGateway();
            ProxySettings settings = new ProxySettings(
                    "here", "10.96.0.0/12", "10.96.0.1", "10.96.0.10", "cluster.local", URI.create("https://127.0.0.1:1"), NodeProxyTest::noTls);
            try (FakeApi api = new FakeApi(); NodeProxy proxy = new NodeProxy(settings, api.client(), new Random(1))) {
                proxy.follower().opened().accept(gateway);
                api.failNext("/tenants/acme", code, 1_000);
                proxy.follower().left().accept(gateway);
                assertThat(gateway.dissolved.await(10, TimeUnit.SECONDS)).as("after " + code).isTrue();
            }
        }
    }

    private static String health(int port) throws Exception {
        try (HttpClient http = HttpClient.newHttpClient()) {
            HttpResponse<String> answer = http.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/healthz")).build(), HttpResponse.BodyHandlers.ofString());
            return answer.statusCode() + " " + answer.body();
        }
    }

    private static boolean reaches(int port) {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            return socket.isConnected();
        } catch (java.io.IOException refused) {
            return false;
        }
    }

    private static SSLContext noTls() {
        try {
            return SSLContext.getDefault();
        } catch (java.security.NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
