package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.identity.CertificateSpec;
import io.hypernetes.identity.Tls;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.jspecify.annotations.Nullable;

/// Logs and upgraded streams through a kubelet of this test.
class StreamsTest extends ClusterTest {
    private static final int BULK = Integer.getInteger("bulk.mib", 8) * 1024 * 1024;

    private final LinkedBlockingQueue<String> heads = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<String> callers = new LinkedBlockingQueue<>();
    private SSLServerSocket kubelet;
    private SSLServerSocket impostor;

    @BeforeAll
    void node() throws IOException {
        kubelet = listen("n1");
        impostor = listen("other");
        registerNode("n1", kubelet.getLocalPort());
        registerNode("n2", impostor.getLocalPort());
        for (var pod : List.of("web:n1", "stolen:n2")) {
            var name = pod.split(":")[0];
            admin.post(pods("default"), Cluster.pod(name)).expect(201);
            admin.post(
                            pods("default") + "/" + name + "/binding",
                            "{\"metadata\":{\"name\":\"%s\"},\"target\":{\"kind\":\"Node\",\"name\":\"%s\"}}"
                                    .formatted(name, pod.split(":")[1]))
                    .expect(201);
            admin.patch(
                            pods("default") + "/" + name + "/status",
                            "application/merge-patch+json",
                            "{\"status\":{\"phase\":\"Running\",\"containerStatuses\":[{\"name\":\"web\",\"image\":\"\",\"imageID\":\"\","
                                    + "\"ready\":true,\"restartCount\":0,\"state\":{\"running\":{}}}]}}")
                    .expect(200);
        }
    }

    @AfterAll
    void stopNodes() throws IOException {
        kubelet.close();
        impostor.close();
    }

    private SSLServerSocket listen(String node) throws IOException {
        var root = cluster.authorities.root();
        var tls = Tls.server(root.issue(CertificateSpec.peer(
                "system:node:" + node, List.of("system:nodes"), List.of(node), List.of(), Duration.ofHours(1))));
        var socket = (SSLServerSocket) tls.getServerSocketFactory().createServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"));
        socket.setWantClientAuth(true);
        Thread.startVirtualThread(() -> {
            try {
                while (true) {
                    var connection = (SSLSocket) socket.accept();
                    Thread.startVirtualThread(() -> serve(connection));
                }
            } catch (IOException e) {
                // Closed at the end.
            }
        });
        return socket;
    }

    private void registerNode(String name, int port) {
        admin.post("/api/v1/nodes", "{\"metadata\":{\"name\":\"" + name + "\"}}").expect(201);
        admin.patch(
                        "/api/v1/nodes/" + name + "/status",
                        "application/merge-patch+json",
                        ("{\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"127.0.0.1\"}],"
                                        + "\"daemonEndpoints\":{\"kubeletEndpoint\":{\"Port\":%d}}}}")
                                .formatted(port))
                .expect(200);
    }

    private void serve(SSLSocket connection) {
        try (connection) {
            var in = connection.getInputStream();
            var out = connection.getOutputStream();
            var head = readHead(in);
            if (!head.isEmpty()) { // Somebody who looked at the certificate and left says nothing.
                heads.add(head);
            }
            callers.add(((X509Certificate) connection.getSession().getPeerCertificates()[0]).getSubjectX500Principal().getName());
            if (head.contains("missing=1")) {
                out.write("HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nno such c".getBytes(StandardCharsets.US_ASCII));
            } else if (head.contains("/containerLogs/") || head.startsWith("GET /stats")) {
                out.write("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nline1\r\n6\r\n\nline2\r\n0\r\n\r\n"
                        .getBytes(StandardCharsets.US_ASCII));
            } else if (head.contains("command=busy")) {
                out.write("HTTP/1.1 429 Refused\r\nContent-Type: text/plain\r\nRetry-After: 7\r\nContent-Length: 8\r\n\r\ntoo many".getBytes(StandardCharsets.US_ASCII));
            } else if (head.contains("command=false")) {
                var status = "{\"kind\":\"Status\",\"message\":\"container not found\",\"reason\":\"NotFound\",\"code\":404}";
                out.write(("HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: "
                                + status.length() + "\r\n\r\n" + status)
                        .getBytes(StandardCharsets.US_ASCII));
            } else {
                out.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                out.flush();
                in.transferTo(out);
            }
            out.flush();
        } catch (IOException e) {
            heads.add("failed " + e.getMessage());
        }
    }

    private static String readHead(InputStream in) throws IOException {
        var head = new ByteArrayOutputStream();
        while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
            int next = in.read();
            if (next < 0) {
                break;
            }
            head.write(next);
        }
        return head.toString(StandardCharsets.ISO_8859_1);
    }

    private SSLSocket upgrade(String target, String method) throws IOException {
        var tls = Tls.client(cluster.authorities.root().certificate(), cluster.credential("root", "admin", "system:masters"));
        var socket = (SSLSocket) tls.getSocketFactory().createSocket("127.0.0.1", cluster.server.address().getPort());
        socket.setSoTimeout(20_000);
        socket.getOutputStream()
                .write((method + " " + target + " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
                                + "X-Stream-Protocol-Version: v4.channel.k8s.io\r\nAuthorization: Bearer secret\r\n"
                                + (method.equals("POST") ? "Content-Length: 0\r\n" : "") + "\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    /// What the node was asked next; of connections that broke off, perhaps those of an earlier test, it hears too.
    private @Nullable String asked() throws InterruptedException {
        String head = heads.poll(60, TimeUnit.SECONDS);
        while (head != null && head.startsWith("failed ")) {
            head = heads.poll(60, TimeUnit.SECONDS);
        }
        return head;
    }

    @Test
    void logsFlowThrough() throws InterruptedException {
        heads.clear();
        callers.clear();
        var reply = admin.get(pods("default") + "/web/log?tailLines=5&follow=true&evil=1").expect(200);
        assertThat(reply.text()).isEqualTo("line1\nline2");
        assertThat(asked())
                .startsWith("GET /tenants/root/containerLogs/default/web/web?follow=true&tailLines=5 HTTP/1.1");
        assertThat(callers.poll(60, TimeUnit.SECONDS)).contains("CN=kube-apiserver-kubelet-client");
    }

    /// As ValidatePodLogOptions of upstream's `pkg/apis/core/validation/validation.go`, which LogREST of `pkg/registry/core/pod/rest/log.go` calls with the pod's name.
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "tailLines=-1|422|PodLogOptions \"web\" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0",
        "limitBytes=0|422|PodLogOptions \"web\" is invalid: limitBytes: Invalid value: 0: must be greater than 0",
        "sinceSeconds=0|422|PodLogOptions \"web\" is invalid: sinceSeconds: Invalid value: 0: must be greater than 0",
        "sinceSeconds=0&sinceTime=2026-01-01T00:00:00Z|422|PodLogOptions \"web\" is invalid: []: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified",
        "stream=odd|422|PodLogOptions \"web\" is invalid: stream: Forbidden: may not be specified",
        "tailLines=-1&limitBytes=-1|422|PodLogOptions \"web\" is invalid: [tailLines: Invalid value: -1: must be greater than or equal to 0, limitBytes: Invalid value: -1: must be greater than 0]",
        "tailLines=x|400|strconv.ParseInt: parsing \"x\": invalid syntax",
        "tailLines=|400|strconv.ParseInt: parsing \"\": invalid syntax",
        "limitBytes=9223372036854775808|400|strconv.ParseInt: parsing \"9223372036854775808\": value out of range",
    })
    void whatNoLogHasIsRefused(String options, int status, String message) {
        assertThat(admin.get(pods("default") + "/web/log?" + options).expect(status).at("message")).isEqualTo(message);
    }

    @Test
    void logsFlowInMessagesToWhomAsksForThem() throws Exception {
        assertThat(logInMessages("")).isEqualTo("binary line1\nline2").isEqualTo(logInMessages("Sec-WebSocket-Protocol: binary.k8s.io\r\n"));
        assertThat(logInMessages("Sec-WebSocket-Protocol: base64.binary.k8s.io\r\n")).isEqualTo("base64 line1\nline2");
        assertThat(logInMessages("Sec-WebSocket-Protocol: other\r\n")).startsWith("HTTP/1.1 400");
    }

    /// The kind and the content of all messages up to the last, which ends it.
    private String logInMessages(String header) throws IOException {
        var tls = Tls.client(cluster.authorities.root().certificate(), cluster.credential("root", "admin", "system:masters"));
        try (var socket = (SSLSocket) tls.getSocketFactory().createSocket("127.0.0.1", cluster.server.address().getPort())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(("GET " + pods("default") + "/web/log HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                    + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + header + "\r\n").getBytes(StandardCharsets.US_ASCII));
            var in = socket.getInputStream();
            String head = readHead(in);
            if (!head.startsWith("HTTP/1.1 101")) {
                return head;
            }
            assertThat(head).contains(header.strip());
            var content = new ByteArrayOutputStream();
            String kind = "";
            for (int first = in.read(); first != 0x88; first = in.read()) {
                byte[] message = in.readNBytes(in.read());
                kind = first == 0x82 ? "binary" : "base64";
                content.write(first == 0x82 ? message : java.util.Base64.getDecoder().decode(message));
            }
            return kind + " " + content.toString(StandardCharsets.US_ASCII);
        }
    }

    @Test
    void operatorsAskANodeWhatItTellsOfItself() throws InterruptedException {
        heads.clear();
        assertThat(admin.get("/api/v1/nodes/n1/proxy/stats/summary?only_cpu_and_memory=true").expect(200).text()).isEqualTo("line1\nline2");
        assertThat(asked()).startsWith("GET /stats/summary?only_cpu_and_memory=true HTTP/1.1");
        admin.post("/api/v1/nodes/n1/proxy/stats", "{}").expect(405);
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("curious")).expect(201);
        cluster.operator().in("curious").get("/api/v1/nodes/n1/proxy/stats/summary").expect(404);
    }

    @Test
    void whatAClientMayNotReadIsNotAskedOfTheNode() {
        assertThat(admin.get(pods("default") + "/web/log?container=none").expect(400).at("message"))
                .isEqualTo("container none is not valid for pod web");
        admin.post(pods("default"), Cluster.pod("waiting")).expect(201);
        admin.get(pods("default") + "/waiting/log").expect(400);
        assertThat(admin.get(pods("default") + "/web/exec?command=ls").expect(400).at("message"))
                .isEqualTo("Upgrade request required");
    }

    @Test
    void aNodeWithAnotherNodesCertificateIsNotTalkedTo() {
        assertThat(admin.get(pods("default") + "/stolen/log").expect(500).at("message"))
                .contains("shows a certificate of another node");
    }

    @Test
    void aRefusalOfTheNodeIsTold() throws IOException {
        try (var socket = upgrade(pods("default") + "/web/exec?command=false", "POST")) {
            var head = readHead(socket.getInputStream());
            assertThat(head).startsWith("HTTP/1.1 404");
        }
        try (var socket = upgrade(pods("default") + "/web/exec?command=busy", "POST")) {
            var head = readHead(socket.getInputStream());
            assertThat(head).as("what a node has no place for").startsWith("HTTP/1.1 429").containsIgnoringCase("Retry-After: 7");
        }
    }

    @Test
    void bytesFlowBothWaysAfterAnUpgrade() throws Exception {
        heads.clear();
        try (var socket = upgrade(pods("default") + "/web/exec?command=cat&command=a+b&stdin=true&container=web", "POST")) {
            assertThat(readHead(socket.getInputStream())).startsWith("HTTP/1.1 101").contains("Upgrade: echo");
            var head = asked();
            assertThat(head)
                    .startsWith("POST /tenants/root/exec/default/web/web?command=cat&command=a+b&stdin=true HTTP/1.1")
                    .contains("X-Stream-Protocol-Version: v4.channel.k8s.io")
                    .doesNotContain("secret");
            var sent = MessageDigest.getInstance("SHA-256");
            var received = MessageDigest.getInstance("SHA-256");
            var writer = Thread.startVirtualThread(() -> {
                try {
                    var random = new java.util.Random(1);
                    var block = new byte[64 * 1024];
                    for (int done = 0; done < BULK; done += block.length) {
                        random.nextBytes(block);
                        sent.update(block);
                        socket.getOutputStream().write(block);
                    }
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            var buffer = new byte[64 * 1024];
            int left = BULK;
            while (left > 0) {
                int count = socket.getInputStream().read(buffer, 0, Math.min(buffer.length, left));
                assertThat(count).isPositive();
                received.update(Arrays.copyOf(buffer, count));
                left -= count;
            }
            writer.join();
            assertThat(received.digest()).isEqualTo(sent.digest());
        }
    }

    @Test
    void theNodeLearnsThatTheClientIsGone() throws Exception {
        heads.clear();
        var socket = upgrade(pods("default") + "/web/attach", "GET");
        assertThat(readHead(socket.getInputStream())).startsWith("HTTP/1.1 101");
        assertThat(asked()).startsWith("GET /tenants/root/attach/default/web/web ");
        socket.close();
        // The echo ends only when its input does; then the connection is free again.
        try (var next = upgrade(pods("default") + "/web/portforward?ports=80", "GET")) {
            assertThat(readHead(next.getInputStream())).startsWith("HTTP/1.1 101");
            assertThat(asked()).startsWith("GET /tenants/root/portForward/default/web?ports=80 ");
        }
    }
}
