package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.PodBuilder;
import io.hypernetes.client.Client;
import io.hypernetes.client.FakeApi;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.identity.CertificateAuthority;
import io.hypernetes.identity.CertificateSpec;
import io.hypernetes.identity.KeyedCertificate;
import io.hypernetes.identity.Tls;
import io.hypernetes.kubelet.server.KubeletServer;
import io.hypernetes.kubelet.server.PodEndpoints;
import io.hypernetes.kubelet.server.ServerTls;
import io.hypernetes.streams.StreamPlaces;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The node's HTTPS endpoint as the API server uses it, over real TLS.
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class KubeletServerTest {
    @TempDir
    Path folder;

    private final FakeApi api = new FakeApi();
    private final Client client = api.client();
    private CertificateAuthority root;
    private FakeCri cri;
    private ServerSocket streaming;
    private Kubelet kubelet;
    private KubeletSettings settings;
    private SSLContext tls;
    private Path logs;

    @BeforeEach
    void start() throws Exception {
        root = authority("root");
        KeyedCertificate serving = root.issue(CertificateSpec.server("system:node:n1", List.of("n1"), List.of(InetAddress.ofLiteral("127.0.0.1")), Duration.ofDays(1)));
        streaming = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        cri = new FakeCri(folder.resolve("cri.sock"));
        cri.streamUrl = "http://127.0.0.1:" + streaming.getLocalPort() + "/stream/one-time";
        settings = new KubeletSettings("n1", "127.0.0.1", 0, folder.resolve("cri.sock"), folder.resolve("lib"),
                folder.resolve("log"), 110, 100, 1 << 20, Map.of(), List.of(), "cluster.local");
        tls = ServerTls.context(serving, root.certificate());
        kubelet = new Kubelet(settings, client, () -> tls, InstantSource.system()).start();
        client.of(Kind.POD).create("red", new PodBuilder().withNewMetadata().withNamespace("default").withName("web").endMetadata()
                .withNewSpec().withNodeName("n1").withRestartPolicy("Never").addNewContainer().withName("main").withImage("app:1").withImagePullPolicy("IfNotPresent").endContainer()
                .endSpec().build());
        ObjectKey key = new ObjectKey("red", "default", "web");
        await().until(() -> {
            var status = client.of(Kind.POD).get(key).getStatus();
            return status != null && "Running".equals(status.getPhase());
        });
        logs = folder.resolve("log/pods/red_default_web_" + client.of(Kind.POD).get(key).getMetadata().getUid() + "/main/0.log");
        Files.writeString(logs, "2026-01-01T00:00:01Z stdout F one\n2026-01-01T00:00:02Z stdout F two\n");
    }

    @AfterEach
    void stop() throws IOException {
        kubelet.close();
        cri.close();
        streaming.close();
        client.close();
        api.close();
    }

    private CertificateAuthority authority(String name) {
        return CertificateAuthority.openOrCreate(folder.resolve("ca-" + name), name, InstantSource.system(), new SecureRandom());
    }

    private SSLContext as(CertificateAuthority signer, String user, String... groups) {
        return Tls.client(root.certificate(), signer.issue(CertificateSpec.client(user, List.of(groups), Duration.ofDays(1))));
    }

    private SSLContext apiServer() {
        return as(root, "kube-apiserver-kubelet-client");
    }

    private HttpResponse<byte[]> get(SSLContext tls, String path) throws Exception {
        return get(tls, kubelet.port(), path);
    }

    private static HttpResponse<byte[]> get(SSLContext tls, int port, String path) throws Exception {
        try (HttpClient http = HttpClient.newBuilder().sslContext(tls).version(HttpClient.Version.HTTP_1_1).build()) {
            return http.send(HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + port + path)).timeout(Duration.ofSeconds(60)).build(),
                    HttpResponse.BodyHandlers.ofByteArray());
        }
    }

    private String text(SSLContext tls, String path) throws Exception {
        HttpResponse<byte[]> response = get(tls, path);
        return response.statusCode() + " " + new String(response.body(), StandardCharsets.UTF_8);
    }

    @Test
    void onlyTheApiServerAndOperatorsAreHeard() throws Exception {
        assertThat(text(apiServer(), "/healthz")).isEqualTo("200 ok");
        assertThat(text(as(root, "alice", "system:masters"), "/healthz")).isEqualTo("200 ok");
        assertThat(text(as(root, "system:node:n2", "system:nodes"), "/healthz")).startsWith("403");
        assertThat(text(as(root, "alice", "developers"), "/pods")).startsWith("403");
        CompletableFuture<String> tenant = CompletableFuture.supplyAsync(() -> {
            try {
                return text(as(authority("red"), "kube-apiserver-kubelet-client", "system:masters"), "/healthz");
            } catch (Exception refused) {
                return "refused";
            }
        });
        assertThat(tenant.get()).isEqualTo("refused");
    }

    @Test
    void logsAreOfTheTenantNamedAndOfNoOther() throws Exception {
        assertThat(text(apiServer(), "/tenants/red/containerLogs/default/web/main")).isEqualTo("200 one\ntwo\n");
        assertThat(text(apiServer(), "/tenants/red/containerLogs/default/web/main?tailLines=1&timestamps=true")).isEqualTo("200 2026-01-01T00:00:02Z two\n");
        assertThat(text(apiServer(), "/tenants/blue/containerLogs/default/web/main")).isEqualTo("404 pod \"web\" not found");
        assertThat(text(apiServer(), "/tenants/red/containerLogs/default/web/other")).startsWith("400 container other is not valid");
        assertThat(text(apiServer(), "/tenants/red/containerLogs/default/web/main?previous=true"))
                .isEqualTo("400 previous terminated container \"main\" in pod \"web\" not found");
        assertThat(text(apiServer(), "/tenants/red/containerLogs/default/web/main?tailLines=x")).startsWith("400 tailLines");
        assertThat(text(apiServer(), "/tenants/red/containerLogs/default/web/main?sinceSeconds=" + Long.MAX_VALUE)).isEqualTo("200 one\ntwo\n");
    }

    /// The connections of a node are all tenants'.
    @Test
    void aTenantHasSoManyStreamsAndIsToldOfMore() throws Exception {
        PodEndpoints few = new PodEndpoints(settings, kubelet.runtime(), kubelet.pods(), InstantSource.system(), new StreamPlaces(8, 2, 1));
        String path = "/tenants/red/containerLogs/default/web/main";
        try (KubeletServer server = new KubeletServer(InetAddress.getLoopbackAddress(), 0, () -> tls, ServerTls::mayAsk, few).start();
                Socket first = follow(server, path);
                Socket second = follow(server, path)) {
            assertThat(second.isConnected()).isTrue();
            HttpResponse<byte[]> third = get(apiServer(), server.port(), path);
            assertThat(third.statusCode()).isEqualTo(429);
            assertThat(third.headers().firstValue("Retry-After")).isPresent();
            assertThat(new String(third.body(), StandardCharsets.UTF_8)).startsWith("tenant red has too many streams open on node n1");
            assertThat(get(apiServer(), server.port(), "/healthz").statusCode()).isEqualTo(200);
            assertThat(get(apiServer(), server.port(), path.replace("red", "blue")).statusCode()).as("others").isEqualTo(404);
            first.close();
            await().until(() -> get(apiServer(), server.port(), path).statusCode() == 200);
        }
    }

    /// Returns when the log comes.
    private Socket follow(KubeletServer server, String path) throws IOException {
        Socket socket = apiServer().getSocketFactory().createSocket("127.0.0.1", server.port());
        socket.getOutputStream().write(("GET " + path + "?follow=true HTTP/1.1\r\nHost: n1\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        StringBuilder seen = new StringBuilder();
        while (seen.indexOf("two") < 0) {
            seen.append((char) socket.getInputStream().read());
        }
        return socket;
    }

    @Test
    void followingEndsWithTheContainer() throws Exception {
        CompletableFuture<String> following = CompletableFuture.supplyAsync(() -> {
            try {
                return text(apiServer(), "/tenants/red/containerLogs/default/web/main?follow=true");
            } catch (Exception broken) {
                return broken.toString();
            }
        });
        Files.writeString(logs, "2026-01-01T00:00:03Z stdout F three\n", StandardOpenOption.APPEND);
        cri.exit("main", 0);
        assertThat(following.get()).isEqualTo("200 one\ntwo\nthree\n");
    }

    @Test
    void execIsSplicedToTheRuntimeBothWaysAndHalfClosed() throws Exception {
        byte[] large = new byte[5_000_000];
        new java.util.Random(1).nextBytes(large);
        CompletableFuture<String> runtime = CompletableFuture.supplyAsync(() -> {
            try (Socket peer = streaming.accept()) {
                StringBuilder head = new StringBuilder();
                while (head.indexOf("\r\n\r\n") < 0) {
                    head.append((char) peer.getInputStream().read());
                }
                peer.getOutputStream().write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                byte[] all = peer.getInputStream().readAllBytes();
                peer.getOutputStream().write(all);
                return head.toString();
            } catch (IOException broken) {
                return broken.toString();
            }
        });
        byte[] answer;
        try (var socket = apiServer().getSocketFactory().createSocket("127.0.0.1", kubelet.port())) {
            socket.getOutputStream().write(("GET /tenants/red/exec/default/web/main?command=sh&command=-c&command=echo%20a%2Bb&stdin=true&stdout=true HTTP/1.1\r\n"
                    + "Host: n1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            Thread writer = Thread.ofVirtual().start(() -> {
                try {
                    socket.getOutputStream().write(large);
                    socket.shutdownOutput();
                } catch (IOException broken) {
                    throw new AssertionError(broken);
                }
            });
            answer = socket.getInputStream().readAllBytes();
            writer.join();
        }
        assertThat(runtime.get()).startsWith("GET /stream/one-time HTTP/1.1\r\n").contains("Sec-WebSocket-Protocol: v5.channel.k8s.io\r\n");
        assertThat(new String(answer, 0, 20, StandardCharsets.US_ASCII)).isEqualTo("HTTP/1.1 101 Switchi");
        assertThat(java.util.Arrays.copyOfRange(answer, answer.length - large.length, answer.length)).isEqualTo(large);
        assertThat(cri.lastExec.getCmdList()).containsExactly("sh", "-c", "echo a+b");
        assertThat(cri.lastExec.getStdin()).isTrue();
        assertThat(cri.lastExec.getStderr()).isFalse();
    }

    @Test
    void thereIsNoExecInAPodOfAnotherTenant() throws Exception {
        assertThat(text(apiServer(), "/tenants/blue/exec/default/web/main?command=sh")).isEqualTo("404 pod \"web\" not found");
        assertThat(text(apiServer(), "/tenants/red/exec/default/web/none?command=sh")).as("upstream's words, which tools look for").isEqualTo("404 container not found (\"none\")");
        assertThat(text(apiServer(), "/tenants/red/portForward/default/web?ports=x")).startsWith("400");
    }
}
