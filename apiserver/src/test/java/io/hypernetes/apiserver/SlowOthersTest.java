package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.configMap;
import static io.hypernetes.apiserver.Cluster.tenant;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.identity.Tls;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// Somebody whom requests of a tenant wait for is slow: neither other tenants nor the tenant's other requests wait for that.
class SlowOthersTest extends ClusterTest {
    private static final String SECRETS = "/api/v1/namespaces/default/secrets";
    /// Many more than the seats that a tenant may have while another is about.
    private static final int CALLERS = 8 * Runtime.getRuntime().availableProcessors() + 24;

    private Cluster.Client user(String tenant) {
        admin.post("/apis/hypernetes.io/v1/tenants", tenant(tenant)).expect(201);
        return cluster.client(tenant, "alice", "system:masters");
    }

    private static String secret(String name) {
        return "{\"metadata\":{\"name\":\"" + name + "\"}}";
    }

    @Test
    void whatWaitsForAWebhookThatHangsHoldsUpNothingElse() throws Exception {
        var calm = user("calm-writer");
        var slow = user("slow-hook");
        var answer = new CountDownLatch(1);
        try (var hooks = new WebhookServer(cluster.authorities);
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            hooks.on("/hang", request -> {
                try {
                    answer.await(30, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                return ("{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"response\":{\"uid\":"
                                + request.get("uid") + ",\"allowed\":true}}")
                        .getBytes(StandardCharsets.UTF_8);
            });
            // Two webhooks, which are asked side by side.
            for (var name : new String[] {"one", "two"}) {
                slow.post("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", """
                        {"metadata":{"name":"%s"},"webhooks":[{"name":"%s.hook.example.com","sideEffects":"None","admissionReviewVersions":["v1"],
                         "timeoutSeconds":30,"clientConfig":{"url":"%s","caBundle":"%s"},
                         "rules":[{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps"]}]}]}"""
                        .formatted(name, name, hooks.url("/hang"), hooks.bundle)).expect(201);
            }
            // One connection for all: a handshake for each would only test the machine.
            var crowd = cluster.new Client(cluster.credential("slow-hook", "alice", "system:masters"), HttpClient.Version.HTTP_2);
            crowd.get("/version").expect(200);
            calm.post(SECRETS, secret("first")).expect(201);
            var codes = new ArrayList<Future<Integer>>();
            try {
                for (int i = 0; i < CALLERS; i++) {
                    var name = "m" + i;
                    codes.add(threads.submit(() -> crowd.post(configMaps("default"), configMap(name, "1")).code()));
                }
                int[] round = {0};
                await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> {
                    round[0]++;
                    calm.post(SECRETS, secret("other-" + round[0])).expect(201);
                    slow.post(SECRETS, secret("own-" + round[0])).expect(201);
                    assertThat(hooks.asked).as("callers that wait for the webhooks").hasSize(2 * CALLERS);
                });
            } finally {
                answer.countDown();
            }
            for (var code : codes) {
                assertThat(code.get()).isEqualTo(201);
            }
        }
    }

    @Test
    void whoReadsSlowlyHoldsUpNobody() throws Exception {
        var calm = user("calm-reader");
        var slow = user("slow-reader");
        // More than the lines between a server and a client hold.
        for (int i = 0; i < 7; i++) {
            slow.post(configMaps("default"), configMap("large-" + i, "x".repeat(900_000))).expect(201);
        }
        var readers = new ArrayList<Socket>();
        try {
            for (int i = 0; i < Math.max(2, Runtime.getRuntime().availableProcessors() / 2) + 2; i++) {
                calm.get(SECRETS).expect(200);
                readers.add(reader("slow-reader"));
            }
            calm.get(SECRETS).expect(200);
            slow.get(SECRETS).expect(200);
        } finally {
            for (var reader : readers) {
                reader.close();
            }
        }
    }

    /// One who asks for much and takes no more of the answer than its beginning.
    private Socket reader(String tenant) throws IOException {
        var plain = new Socket();
        plain.setReceiveBufferSize(32 << 10);
        plain.connect(new InetSocketAddress("127.0.0.1", cluster.uri("/").getPort()));
        plain.setSoTimeout(20_000);
        var tls = Tls.client(cluster.authorities.root().certificate(), cluster.credential(tenant, "alice", "system:masters"));
        var socket = tls.getSocketFactory().createSocket(plain, "127.0.0.1", plain.getPort(), true);
        socket.getOutputStream().write(("GET " + configMaps("default") + " HTTP/1.1\r\nHost: x\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        assertThat(new String(socket.getInputStream().readNBytes(15), StandardCharsets.US_ASCII)).isEqualTo("HTTP/1.1 200 OK");
        return socket;
    }
}
