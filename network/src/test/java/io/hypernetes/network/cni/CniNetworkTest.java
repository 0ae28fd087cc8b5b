package io.hypernetes.network.cni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.hypernetes.linux.Descriptors;
import io.hypernetes.linux.NetworkDevices;
import io.hypernetes.network.Attachment;
import io.hypernetes.network.AttachmentRequest;
import io.hypernetes.network.Commands;
import io.hypernetes.network.Network;
import io.hypernetes.network.NetworkContract;
import io.hypernetes.network.NetworkException;
import io.hypernetes.network.PortMapping;
import io.hypernetes.store.Store;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// With Debian's plugins and with plugins of the tests' own, on a host that is a network namespace.
class CniNetworkTest extends NetworkContract {
    private static final Path DEBIAN = Path.of("/usr/lib/cni");
    private static final String MARK = "hncnitest";

    @TempDir
    Path temp;

    private Path configurations;
    private Path own;
    private Store store;

    @BeforeEach
    void openStore() throws Exception {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "needs root");
        assumeTrue(Files.isExecutable(DEBIAN.resolve("bridge")), "needs containernetworking-plugins");
        assumeTrue(redirects(), "needs traffic control with u32 and mirred in the host's kernel");
        store = EmbeddedStore.open(temp.resolve("store"), EmbeddedSettings.defaults());
        configurations = Files.createDirectory(temp.resolve("net.d"));
        own = Files.createDirectory(temp.resolve("plugins"));
        configure("""
                {"cniVersion": "1.0.0", "name": "contract", "plugins": [{"type": "bridge", "bridge": "cnitest0", "isGateway": true,
                 "ipam": {"type": "host-local", "dataDir": "%s", "ranges": [[{"subnet": "10.99.0.0/24"}]],
                          "routes": [{"dst": "0.0.0.0/0"}]}}]}
                """.formatted(temp.resolve("leases")));
    }

    /// Whether the host's kernel can do what the driver joins a tap and an interface with.
    private static boolean redirects() throws Exception {
        String script = "ip tuntap add tapx mode tap && ip link add vethx type veth peer name vethy && tc qdisc add dev vethx ingress"
                + " && tc filter add dev vethx parent ffff: protocol all u32 match u32 0 0 action mirred egress redirect dev tapx";
        return new ProcessBuilder("unshare", "-n", "sh", "-c", script).start().waitFor() == 0;
    }

    @AfterEach
    void nothingIsLeft() {
        if (store != null) {
            store.close();
        }
        if (temp != null) {
            assertThat(new PodNamespaces(MARK).present()).isEmpty();
        }
    }

    private void configure(String text) throws Exception {
        Files.writeString(configurations.resolve("10-test.conflist"), text);
    }

    /// A plugin that notes what it is asked and does what the script says.
    private void plugin(String name, String script) throws Exception {
        Path file = Files.writeString(own.resolve(name), """
                #!/bin/sh
                input=$(cat)
                echo "%1$s $CNI_COMMAND $input" >> %2$s
                %3$s
                """.formatted(name, temp.resolve("asked"), script));
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }

    private List<String> asked() throws Exception {
        List<String> lines = Files.exists(temp.resolve("asked")) ? Files.readAllLines(temp.resolve("asked")) : List.of();
        Files.deleteIfExists(temp.resolve("asked"));
        return lines;
    }

    @Override
    protected Network open() {
        return new CniNetwork(new CniSettings(configurations, List.of(own, DEBIAN), MARK), store);
    }

    @Override
    protected void inHost(Steps steps) throws Exception {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread.ofPlatform().start(() -> {
            try {
                NetworkDevices.enterNewNamespace();
                try {
                    steps.run();
                } finally {
                    cleanUp();
                }
                done.complete(null);
            } catch (Throwable failure) {
                done.completeExceptionally(failure);
            }
        });
        done.get(120, TimeUnit.SECONDS);
    }

    // The contract leaves attachments, as it ends with its host; namespaces would stay.
    private void cleanUp() {
        try (Network network = open()) {
            network.attachments().forEach(network::detach);
        }
    }

    @Test
    void framesGoBetweenTheMachineAndThePlugins() throws Exception {
        inHost(() -> {
            try (Network network = open()) {
                Attachment a = network.attach(request("a"));
                CniSettings settings = new CniSettings(configurations, List.of(), MARK);
                assertThat(CniNetwork.isInUse(settings, store)).isTrue();
                assertThat(a.addresses()).hasSize(1).first().asString().startsWith("10.99.0.").endsWith("/24");
                assertThat(a.gateway()).isEqualTo("10.99.0.1");
                assertThat(a.routes()).containsExactly(new Attachment.Route("0.0.0.0/0", "10.99.0.1"));
                assertThat(a.mtu()).isEqualTo(1500);
                try (Network.Tap tap = network.openTap(a)) {
                    String address = a.addresses().getFirst().replace("/24", "");
                    String hardware = a.mac().replace(":", "");
                    Descriptors.write(tap.descriptor(), HexFormat.of().parseHex("00".repeat(10) + "ffffffffffff" + hardware
                            + "0806" + "0001080006040001" + hardware + hex(address) + "000000000000" + hex("10.99.0.1")));
                    assertThat(answersFrom(tap, "10.99.0.1")).as("the bridge answers the machine").isTrue();
                }
                network.detach("a");
                assertThat(network.attachments()).isEmpty();
                assertThat(CniNetwork.isInUse(settings, store)).isFalse();
            }
        });
    }

    private static boolean answersFrom(Network.Tap tap, String address) throws Exception {
        byte[] bytes = new byte[2048];
        while (Descriptors.awaitReadable(tap.descriptor(), Duration.ofSeconds(30))) {
            Descriptors.read(tap.descriptor(), bytes);
            String frame = HexFormat.of().formatHex(bytes, 10, 10 + 42);
            if (frame.startsWith("0806", 24) && frame.startsWith("0002", 40) && frame.startsWith(hex(address), 56)) {
                return true;
            }
        }
        return false;
    }

    @Test
    void aPointToPointLinkHasOnlyTheRoutesThatItsPluginLeft() throws Exception {
        configure("""
                {"cniVersion": "0.3.1", "name": "line", "plugins": [{"type": "ptp", "mtu": 1400, "ipam": {"type": "host-local",
                 "dataDir": "%s", "subnet": "10.98.0.0/24", "routes": [{"dst": "0.0.0.0/0"}]}, "dns": {"nameservers": ["192.0.2.53"], "search": ["lab"]}}]}
                """.formatted(temp.resolve("leases")));
        inHost(() -> {
            try (Network network = open()) {
                Attachment a = network.attach(request("a"));
                assertThat(a.addresses().getFirst()).endsWith("/32");
                assertThat(a.mtu()).isEqualTo(1400);
                assertThat(a.routes().getFirst()).isEqualTo(new Attachment.Route("10.98.0.1/32", ""));
                assertThat(a.routes()).contains(
                        new Attachment.Route("10.98.0.0/24", "10.98.0.1"), new Attachment.Route("0.0.0.0/0", "10.98.0.1"));
                assertThat(a.nameservers()).containsExactly("192.0.2.53");
                assertThat(a.searches()).containsExactly("lab");
                network.detach("a");
            }
        });
    }

    /// `ip netns add` makes a file first, and then a namespace of it.
    @Test
    void aNamespaceThatIsHalfMadeIsMadeAnewAndGoes() throws Exception {
        Path half = Path.of("/run/netns", MARK + "-a");
        inHost(() -> {
            try (Network network = open()) {
                Files.createDirectories(half.getParent());
                Files.createFile(half);
                assertThat(network.attach(request("a")).addresses()).hasSize(1);
                network.detach("a");
                assertThat(network.attachments()).isEmpty();
                network.attach(request("a"));
            }
            // The host was started anew, and whoever made it once more died in the middle.
            Commands.run(List.of("ip", "netns", "del", MARK + "-a"), "");
            Files.createFile(half);
            try (Network again = open()) {
                again.detach("a");
                assertThat(again.attachments()).isEmpty();
            }
            assertThat(half).doesNotExist();
        });
    }

    private static final String ADDS = """
            if [ $CNI_COMMAND = ADD ]; then
              ip -n ${CNI_NETNS##*/} link add name eth0 type veth peer name peer0
              ip -n ${CNI_NETNS##*/} addr add 192.0.2.7/24 dev eth0
              ip -n ${CNI_NETNS##*/} link set eth0 up
              echo '{"cniVersion": "1.0.0", "ips": [{"address": "192.0.2.7/24"}]}'
            fi
            """;
    private static final String PASSES_ON = """
            if [ $CNI_COMMAND = ADD ]; then echo "$input" | grep -q prevResult && echo '{"cniVersion": "1.0.0", "second": true}'; fi
            """;

    @Test
    void aChainIsRunForwardsAndBackWithResultsCapabilitiesAndChecks() throws Exception {
        plugin("first", ADDS);
        plugin("second", PASSES_ON);
        configure("""
                {"cniVersions": ["0.4.0", "1.1.0"], "cniVersion": "1.0.0", "name": "chain", "plugins": [{"type": "first"},
                 {"type": "second", "capabilities": {"portMappings": true, "other": true}}]}
                """);
        inHost(() -> {
            AttachmentRequest request = new AttachmentRequest(
                    "a", "acme", "default", "default", "web", List.of(new PortMapping(PortMapping.Protocol.TCP, "127.0.0.1", 8080, 80)));
            Attachment a;
            try (Network network = open()) {
                asked();
                a = network.attach(request);
                assertThat(a.addresses()).containsExactly("192.0.2.7/24");
                List<String> added = asked();
                assertThat(added).hasSize(2);
                assertThat(added.getFirst()).startsWith("first ADD").contains("\"cniVersion\":\"1.1.0\"", "\"name\":\"chain\"").doesNotContain("portMappings");
                assertThat(added.getLast()).startsWith("second ADD").contains("\"prevResult\":{", "192.0.2.7/24",
                                "\"portMappings\":[{\"hostPort\":8080,\"containerPort\":80,\"protocol\":\"tcp\",\"hostIP\":\"127.0.0.1\"}]")
                        .doesNotContain("capabilities");
                assertThat(network.attach(request)).isEqualTo(a);
                assertThat(asked()).as("what is attached is not added again").isEmpty();
            }
            try (Network again = open()) {
                assertThat(asked()).map(line -> line.replaceAll(" \\{.*", ""))
                        .as("a restart checks, and lets plugins forget what is not there")
                        .containsExactly("first CHECK", "second CHECK", "first GC", "second GC");
                assertThat(again.attach(request)).isEqualTo(a);
                configure("{\"cniVersion\": \"1.0.0\", \"name\": \"other\", \"type\": \"absent\"}");
                again.detach("a");
                List<String> deleted = asked();
                assertThat(deleted).map(line -> line.replaceAll(" \\{.*", "")).containsExactly("second DEL", "first DEL");
                assertThat(deleted).as("by the configuration that it was added with").allMatch(line -> line.contains("\"name\":\"chain\"")
                        && line.contains("\"second\":true"));
                assertThat(again.attachments()).isEmpty();
            }
        });
    }

    @Test
    void whatFailsIsDeletedAtOnceOrLater() throws Exception {
        plugin("first", ADDS + "if [ $CNI_COMMAND = DEL ] && [ -e " + temp.resolve("stuck") + " ]; then echo '{\"code\": 11, \"msg\": \"try again\"}'; exit 1; fi\n");
        plugin("second", "if [ $CNI_COMMAND = ADD ]; then echo '{\"code\": 7, \"msg\": \"no more room\", \"details\": \"of 4\"}'; exit 1; fi");
        configure("{\"cniVersion\": \"1.0.0\", \"name\": \"fails\", \"plugins\": [{\"type\": \"first\"}, {\"type\": \"second\"}]}");
        inHost(() -> {
            try (Network network = open()) {
                assertThatThrownBy(() -> network.attach(request("a")))
                        .isInstanceOf(NetworkException.class)
                        .hasMessageContaining("second, ADD for sandbox a failed: no more room (of 4), code 7");
                assertThat(asked()).map(line -> line.replaceAll(" \\{.*", ""))
                        .containsExactly("first ADD", "second ADD", "second DEL", "first DEL");
                assertThat(network.attachments()).isEmpty();
                Files.createFile(temp.resolve("stuck"));
                assertThatThrownBy(() -> network.attach(request("b"))).hasMessageContaining("no more room");
                assertThat(network.attachments()).containsExactly("b");
            }
            try (Network again = open()) {
                assertThat(again.attachments()).as("after a restart it is known still").containsExactly("b");
                assertThatThrownBy(() -> again.detach("b")).hasMessageContaining("try again");
                Files.delete(temp.resolve("stuck"));
                again.detach("b");
                assertThat(again.attachments()).isEmpty();
            }
        });
    }

    @Test
    void withoutConfigurationThereIsNoNetwork() throws Exception {
        Files.delete(configurations.resolve("10-test.conflist"));
        inHost(() -> {
            try (Network network = open()) {
                assertThat(network.trouble()).hasValueSatisfying(why -> assertThat(why).contains("no CNI configuration"));
                assertThatThrownBy(() -> network.attach(request("a"))).hasMessageContaining("no CNI configuration");
                configure("{\"cniVersion\": \"1.0.0\", \"name\": \"late\", \"type\": \"nowhere\"}");
                assertThat(network.trouble()).isEmpty();
                assertThatThrownBy(() -> network.attach(request("a"))).hasMessageContaining("there is no CNI plugin nowhere");
            }
        });
    }

    @Test
    void wrongConfigurationsAreRefused() {
        assertThatThrownBy(() -> CniConfiguration.parse("{", "x")).hasMessageContaining("no JSON");
        assertThatThrownBy(() -> CniConfiguration.parse("{\"name\": \"a\", \"type\": \"../b\", \"cniVersion\": \"1.0.0\"}", "x"))
                .hasMessageContaining("proper `type`");
        assertThatThrownBy(() -> CniConfiguration.parse("{\"name\": \"a\", \"type\": \"b\", \"cniVersion\": \"9.0.0\"}", "x"))
                .hasMessageContaining("version 9.0.0");
    }

    private static String hex(String address) {
        StringBuilder hex = new StringBuilder();
        for (String part : address.split("\\.")) {
            hex.append(String.format("%02x", Integer.parseInt(part)));
        }
        return hex.toString();
    }

}
