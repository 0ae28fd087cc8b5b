package io.hypernetes.hyperd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.hypernetes.cri.v1.*;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A real pod on a network that Debian's CNI plugins make. Needs root, QEMU and containernetworking-plugins.
class CniPodTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final String BRIDGE = "hnlabcni0";

    @TempDir
    Path folder;

    @Test
    void aPodIsReachedByThePluginsAddressAndLeavesNothing() throws Exception {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "needs root");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/qemu-system-x86_64")), "needs QEMU");
        assumeTrue(Files.isExecutable(Path.of("/usr/lib/cni/bridge")), "needs containernetworking-plugins");
        assumeTrue(redirects(), "needs traffic control with u32 and mirred in the host's kernel");
        for (String part : new String[] {"../jailer", "../hyperstart"}) {
            assertThat(new ProcessBuilder("make", "-s", "-C", part).inheritIO().start().waitFor()).isZero();
        }
        Path configurations = Files.createDirectory(folder.resolve("net.d"));
        try (Lab lab = new Lab(folder)) {
            assertThat(network(lab).getStatus()).as("without a configuration").isFalse();
            Files.writeString(configurations.resolve("10-lab.conflist"), """
                    {"cniVersion": "1.0.0", "name": "lab", "plugins": [{"type": "bridge", "bridge": "%s", "isGateway": true, "mtu": 1400,
                     "ipam": {"type": "host-local", "dataDir": "%s", "ranges": [[{"subnet": "10.196.0.0/24"}]],
                              "routes": [{"dst": "0.0.0.0/0"}]}}, {"type": "tuning"}]}
                    """.formatted(BRIDGE, folder.resolve("leases")));
            assertThat(network(lab).getStatus()).isTrue();
            String sandbox = lab.run(lab.pod("cni"));
            String server = lab.start(sandbox, lab.container("server", "sh", "-c",
                    "mkdir -p /www && echo page > /www/index.html && exec httpd -f -p 80 -h /www"));
            String address = lab.runtime.podSandboxStatus(PodSandboxStatusRequest.newBuilder().setPodSandboxId(sandbox).build())
                    .getStatus().getNetwork().getIp();
            assertThat(address).startsWith("10.196.0.");
            await().atMost(SOON).until(() -> page(address).contains("page"));
            assertThat(lab.exec(server, "cat", "/sys/class/net/eth0/mtu").getStdout().toStringUtf8()).isEqualTo("1400\n");
            assertThat(lab.exec(server, "ping", "-c", "1", "10.196.0.1").getExitCode()).as("the gateway answers").isZero();
            assertThat(lab.leaks()).isEmpty();
            lab.kill();
            lab.start();
            await().atMost(SOON).until(() -> page(address).contains("page"));
            lab.remove(sandbox);
            assertThat(lab.leaks()).isEmpty();
            try (var leases = Files.list(folder.resolve("leases/lab"))) {
                assertThat(leases).noneMatch(lease -> lease.getFileName().toString().equals(address));
            }
            assertThat(Path.of("/run/netns/hnlab-" + sandbox)).doesNotExist();
        } finally {
            new ProcessBuilder("ip", "link", "del", BRIDGE).start().waitFor();
        }
    }

    /// Whether the host's kernel can do what the driver joins a tap and an interface with.
    private static boolean redirects() throws Exception {
        String script = "ip tuntap add tapx mode tap && ip link add vethx type veth peer name vethy && tc qdisc add dev vethx ingress"
                + " && tc filter add dev vethx parent ffff: protocol all u32 match u32 0 0 action mirred egress redirect dev tapx";
        return new ProcessBuilder("unshare", "-n", "sh", "-c", script).start().waitFor() == 0;
    }

    private static RuntimeCondition network(Lab lab) {
        return lab.runtime.status(StatusRequest.getDefaultInstance()).getStatus().getConditionsList().stream()
                .filter(condition -> condition.getType().equals("NetworkReady"))
                .findFirst()
                .orElseThrow();
    }

    private static String page(String address) {
        try (Socket socket = new Socket(address, 80)) {
            socket.setSoTimeout(5_000);
            socket.getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException notYet) {
            return "";
        }
    }
}
