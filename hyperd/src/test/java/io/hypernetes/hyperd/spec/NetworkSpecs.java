package io.hypernetes.hyperd.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.cri.v1.*;
import io.hypernetes.hyperd.SpdyClient;
import io.hypernetes.hyperd.StreamClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/// How a pod is reached, and what it is told of the network; streams.
abstract class NetworkSpecs {
    private final Bench bench;

    NetworkSpecs(Bench bench) {
        this.bench = bench;
    }

    private static ContainerConfig.Builder server(Bench bench, int port) {
        return bench.lab.container(bench.name("web"), "sh", "-c",
                "mkdir -p /www && echo main page > /www/index.html && exec httpd -f -p " + port + " -h /www");
    }

    /// The page behind an address of this host, or nothing while it is not served.
    private static String page(String address, int port) {
        try (Socket socket = new Socket(address, port)) {
            socket.setSoTimeout(5_000);
            socket.getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException notYet) {
            return "";
        }
    }

    @Test
    @DisplayName("runtime should support DNS config [Conformance]")
    void dns() {
        String id = bench.running(bench.idle("dns"));
        assertThat(bench.exec(id, "cat", "/etc/resolv.conf").lines())
                .contains("nameserver 10.10.10.10", "search google.com", "options ndots:8");
        bench.removeContainer(id);
    }

    @Test
    @DisplayName("runtime should support set hostname [Conformance]")
    void hostname() {
        String id = bench.running(bench.idle("hostname"));
        assertThat(bench.exec(id, "hostname")).isEqualTo("the-hostname\n");
        bench.removeContainer(id);
    }

    @Test
    @DisplayName("runtime should support port mapping with only container port, and with host port and container port [Conformance]")
    void portMappings() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        PodSandboxConfig pod = bench.lab.pod("ports").toBuilder()
                .addPortMappings(PortMapping.newBuilder().setContainerPort(8080))
                .addPortMappings(PortMapping.newBuilder().setContainerPort(80).setHostPort(port))
                .build();
        String sandbox = bench.lab.run(pod);
        try {
            bench.lab.start(sandbox, server(bench, 80));
            String address = bench.sandboxStatus(sandbox).getNetwork().getIp();
            await().atMost(Bench.SOON).until(() -> page(address, 80).contains("main page"));
            assertThat(page("127.0.0.1", port)).as("by loopback").contains("main page");
            assertThat(page(bench.lab.hostAddress(), port)).as("by an address of the host").contains("main page");
            String neighbour = bench.running(bench.idle("neighbour"));
            assertThat(bench.exec(neighbour, "wget", "-q", "-O", "-", "http://" + bench.lab.hostAddress() + ":" + port + "/"))
                    .as("from another pod").isEqualTo("main page\n");
            bench.removeContainer(neighbour);
            assertThat(Bench.failure(() -> bench.lab.run(pod.toBuilder()
                            .setMetadata(pod.getMetadata().toBuilder().setName("ports-again"))
                            .build())))
                    .as("a port is one pod's").isEqualTo(io.grpc.Status.Code.UNAVAILABLE);
        } finally {
            bench.lab.remove(sandbox);
        }
        assertThat(page("127.0.0.1", port)).isEmpty();
        assertThat(bench.lab.leaks()).isEmpty();
    }

    private String exec(String container, boolean terminal, String... command) {
        return bench.runtime.exec(ExecRequest.newBuilder()
                        .setContainerId(container)
                        .addAllCmd(java.util.List.of(command))
                        .setStdout(true)
                        .setStderr(!terminal)
                        .setTty(terminal)
                        .setStdin(terminal)
                        .build())
                .getUrl();
    }

    @Test
    @DisplayName("runtime should support exec with tty=false and stdin=false, and with tty=true and stdin=true [Conformance]")
    void execStreams() throws Exception {
        String id = bench.running(bench.idle("streams"));
        try (StreamClient client = new StreamClient(exec(id, false, "echo", "-n", "hello"), "v4.channel.k8s.io")) {
            client.awaitEnd();
            assertThat(client.text(StreamClient.STDOUT)).isEqualTo("hello");
            assertThat(client.text(StreamClient.STDERR)).isEmpty();
        }
        try (StreamClient client = new StreamClient(exec(id, true, "echo", "-n", "hello"), "v5.channel.k8s.io")) {
            client.awaitEnd();
            assertThat(client.text(StreamClient.STDOUT)).isEqualTo("hello");
        }
        bench.removeContainer(id);
    }

    @Test
    @DisplayName("runtime should support attach [Conformance]")
    void attach() throws Exception {
        String id = bench.running(bench.lab.container(bench.name("shell"), "/bin/sh").setStdin(true).setStdinOnce(true));
        String address = bench.runtime.attach(AttachRequest.newBuilder()
                        .setContainerId(id)
                        .setStdin(true)
                        .setStdout(true)
                        .setStderr(true)
                        .build())
                .getUrl();
        try (StreamClient client = new StreamClient(address, "v5.channel.k8s.io")) {
            client.type("echo -n hello\n");
            await().atMost(Bench.SOON).until(() -> client.text(StreamClient.STDOUT).equals("hello"));
            client.endInput();
            client.awaitEnd();
            assertThat(client.text(StreamClient.STDOUT)).isEqualTo("hello");
            assertThat(client.text(StreamClient.STDERR)).isEmpty();
        }
        await().atMost(Bench.SOON).until(() -> bench.lab.status(id).getState() == ContainerState.CONTAINER_EXITED);
        bench.removeContainer(id);
    }

    @Test
    @DisplayName("runtime should support portforward [Conformance]")
    void portForward() throws Exception {
        String id = bench.running(server(bench, 8081));
        await().atMost(Bench.SOON).until(() -> page(bench.sandboxStatus(bench.sandbox).getNetwork().getIp(), 8081).contains("main page"));
        String address = bench.runtime.portForward(
                        PortForwardRequest.newBuilder().setPodSandboxId(bench.sandbox).addPort(8081).build())
                .getUrl();
        try (StreamClient client = new StreamClient(address, "v4.channel.k8s.io")) {
            client.send(0, "GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            await().atMost(Bench.SOON).until(() -> client.text(0).contains("main page"));
        }
        bench.removeContainer(id);
    }

    // The suite's own clients are made with client-go and speak SPDY: the same once more in its way.

    @Test
    @DisplayName("runtime should support exec with tty=false and stdin=false, and with tty=true and stdin=true, by SPDY [Conformance]")
    void execStreamsBySpdy() throws Exception {
        String id = bench.running(bench.idle("spdy"));
        try (SpdyClient client = new SpdyClient(exec(id, false, "sh", "-c", "echo -n hello; echo -n oops >&2; exit 3"), "v4.channel.k8s.io")) {
            SpdyClient.Stream error = client.open("streamtype", "error");
            SpdyClient.Stream stdout = client.open("streamtype", "stdout");
            SpdyClient.Stream stderr = client.open("streamtype", "stderr");
            assertThat(stdout.whole()).isEqualTo("hello");
            assertThat(stderr.whole()).isEqualTo("oops");
            assertThat(error.whole()).contains("NonZeroExitCode", "\"3\"");
        }
        try (SpdyClient client = new SpdyClient(exec(id, true, "sh"), "v4.channel.k8s.io")) {
            SpdyClient.Stream error = client.open("streamtype", "error");
            SpdyClient.Stream stdin = client.open("streamtype", "stdin");
            SpdyClient.Stream stdout = client.open("streamtype", "stdout");
            SpdyClient.Stream resize = client.open("streamtype", "resize");
            resize.send("{\"Width\":103,\"Height\":41}");
            await().atMost(Bench.SOON).untilAsserted(() -> {
                stdin.send("stty size\n");
                assertThat(stdout.text()).contains("41 103");
            });
            stdin.send("echo -n hello; exit\n");
            assertThat(stdout.whole()).contains("hello");
            assertThat(error.whole()).doesNotContain("Failure");
        }
        bench.removeContainer(id);
    }

    @Test
    @DisplayName("runtime should support attach, by SPDY [Conformance]")
    void attachBySpdy() throws Exception {
        String id = bench.running(bench.lab.container(bench.name("shell"), "/bin/sh").setStdin(true).setStdinOnce(true));
        String address = bench.runtime.attach(AttachRequest.newBuilder().setContainerId(id).setStdin(true).setStdout(true).setStderr(true).build()).getUrl();
        try (SpdyClient client = new SpdyClient(address, "v4.channel.k8s.io")) {
            client.open("streamtype", "error");
            SpdyClient.Stream stdin = client.open("streamtype", "stdin");
            SpdyClient.Stream stdout = client.open("streamtype", "stdout");
            SpdyClient.Stream stderr = client.open("streamtype", "stderr");
            stdin.send("echo -n hello\n");
            await().atMost(Bench.SOON).until(() -> stdout.text().equals("hello"));
            stdin.end();
            assertThat(stdout.whole()).isEqualTo("hello");
            assertThat(stderr.whole()).isEmpty();
        }
        await().atMost(Bench.SOON).until(() -> bench.lab.status(id).getState() == ContainerState.CONTAINER_EXITED);
        bench.removeContainer(id);
    }

    @Test
    @DisplayName("runtime should support portforward, by SPDY [Conformance]")
    void portForwardBySpdy() throws Exception {
        String id = bench.running(server(bench, 8082));
        await().atMost(Bench.SOON).until(() -> page(bench.sandboxStatus(bench.sandbox).getNetwork().getIp(), 8082).contains("main page"));
        String address = bench.runtime.portForward(PortForwardRequest.newBuilder().setPodSandboxId(bench.sandbox).addPort(8082).build()).getUrl();
        try (SpdyClient client = new SpdyClient(address, "portforward.k8s.io")) {
            // Connection after connection through the one session, as kubectl makes them.
            for (int request = 0; request < 2; request++) {
                String number = Integer.toString(request);
                SpdyClient.Stream error = client.open("streamtype", "error", "port", "8082", "requestid", number);
                SpdyClient.Stream data = client.open("streamtype", "data", "port", "8082", "requestid", number);
                error.end();
                data.send("GET / HTTP/1.0\r\n\r\n");
                await().atMost(Bench.SOON).until(() -> data.text().contains("main page"));
                data.end();
                assertThat(data.whole()).endsWith("main page\n");
                assertThat(error.whole()).isEmpty();
            }
        }
        bench.removeContainer(id);
    }
}
