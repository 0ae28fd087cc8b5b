package io.hypernetes.hyperd.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.cri.v1.*;
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
}
