package io.hypernetes.network.local;

import io.hypernetes.network.Commands;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.hypernetes.linux.Descriptors;
import io.hypernetes.linux.NetworkDevices;
import io.hypernetes.network.Attachment;
import io.hypernetes.network.AttachmentRequest;
import io.hypernetes.network.Network;
import io.hypernetes.network.NetworkContract;
import io.hypernetes.network.NetworkException;
import io.hypernetes.network.PortMapping;
import io.hypernetes.network.PortTakenException;
import io.hypernetes.store.Store;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// In a network namespace of its own, which ends with the thread that entered it.
class LocalNetworkTest extends NetworkContract {
    private static final LocalSettings SETTINGS = new LocalSettings("hntest", "10.88.0.0/24", 1450);

    @TempDir
    Path temp;

    private Store store;

    @BeforeEach
    void openStore() throws Exception {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "needs root");
        store = EmbeddedStore.open(temp.resolve("store"), EmbeddedSettings.defaults());
    }

    @AfterEach
    void closeStore() {
        if (store != null) {
            store.close();
        }
    }

    @Override
    protected Network open() {
        return new LocalNetwork(SETTINGS, store);
    }

    @Override
    protected void inHost(Steps steps) throws Exception {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread.ofPlatform().start(() -> {
            try {
                NetworkDevices.enterNewNamespace();
                steps.run();
                done.complete(null);
            } catch (Throwable failure) {
                done.completeExceptionally(failure);
            }
        });
        done.get(60, TimeUnit.SECONDS);
    }

    @Test
    void podsReachEachOtherAndTheGatewayUnderTheirOwnAddressOnly() throws Exception {
        inHost(() -> {
            try (LocalNetwork network = new LocalNetwork(SETTINGS, store)) {
                Attachment a = network.attach(request("a"));
                Attachment b = network.attach(request("b"));
                assertThat(a.addresses()).containsExactly("10.88.0.2/32");
                assertThat(a.mac()).isEqualTo("0a:58:0a:58:00:02");
                assertThat(a.gateway()).isEqualTo("10.88.0.1");
                assertThat(a.mtu()).isEqualTo(1450);
                try (Network.Tap tapA = network.openTap(a);
                        Network.Tap tapB = network.openTap(b)) {
                    awaitForwarding(tapA);
                    awaitForwarding(tapB);
                    arp(tapA, a.mac(), "10.88.0.2", "10.88.0.1");
                    assertThat(receivesArp(tapA, 2, "10.88.0.1")).as("the gateway answers").isTrue();
                    arp(tapA, a.mac(), "10.88.0.2", "10.88.0.3");
                    assertThat(receivesArp(tapB, 1, "10.88.0.2")).as("the neighbour is asked").isTrue();
                    arp(tapA, a.mac(), "10.88.0.77", "10.88.0.3");
                    arp(tapA, "0a:58:0a:58:00:03", "10.88.0.2", "10.88.0.3");
                    arp(tapA, a.mac(), "10.88.0.1", "10.88.0.3");
                    arp(tapA, a.mac(), "10.88.0.2", "10.88.0.3");
                    byte[] next = receive(tapB);
                    assertThat(sender(next)).as("three lies were dropped, the truth came").isEqualTo("10.88.0.2");
                }
            }
        });
    }

    @Test
    void anEngineThatComesBackKeepsRunningPodsConnected() throws Exception {
        inHost(() -> {
            Attachment a;
            Network.Tap tap;
            try (LocalNetwork network = new LocalNetwork(SETTINGS, store)) {
                a = network.attach(request("a"));
                tap = network.openTap(a);
            }
            try (tap;
                    LocalNetwork again = new LocalNetwork(SETTINGS, store)) {
                awaitForwarding(tap);
                arp(tap, a.mac(), "10.88.0.2", "10.88.0.1");
                assertThat(receivesArp(tap, 2, "10.88.0.1")).isTrue();
                again.detach("a");
                assertThat(shell("nft list table bridge hntest")).doesNotContain("0a:58:0a:58:00:02");
            }
        });
    }

    @Test
    void removalLeavesNothing() throws Exception {
        inHost(() -> {
            String before = shell("ip -o link; ip route; nft list ruleset");
            shell("ip link add up0 type bridge; ip link set up0 up; ip addr add 192.0.2.1/24 dev up0");
            LocalNetwork network = new LocalNetwork(SETTINGS, store);
            network.attach(request("a"));
            network.setPeers(List.of(
                    new Network.Peer("n2", "192.0.2.2", "10.88.2.0/24"), new Network.Peer("n3", "192.0.2.3", "10.88.3.0/24")));
            network.setPeers(List.of(
                    new Network.Peer("me", "192.0.2.1", "10.88.0.0/24"), new Network.Peer("n3", "192.0.2.33", "10.88.3.0/24")));
            assertThat(shell("ip route")).contains("10.88.3.0/24 via 192.0.2.33").doesNotContain("10.88.2.0");
            assertThat(shell("nft list ruleset")).contains("masquerade").contains("10.88.0.0/24");
            network.remove();
            network.remove();
            shell("ip link del up0");
            assertThat(shell("ip -o link; ip route; nft list ruleset")).isEqualTo(before);
        });
    }

    @Test
    void portsAreOnesPodUntilItEnds() throws Exception {
        PortMapping web = new PortMapping(PortMapping.Protocol.TCP, "", 12000, 80);
        PortMapping names = new PortMapping(PortMapping.Protocol.UDP, "127.0.0.1", 12053, 53);
        inHost(() -> {
            shell("ip link set lo up");
            try (LocalNetwork network = new LocalNetwork(SETTINGS, store)) {
                Attachment a = network.attach(request("a", web, names));
                network.openTap(a).close();
                assertThat(shell("nft list map ip hntest published")).contains("tcp . 12000 : 10.88.0.2 . 80");
                assertThat(shell("nft list map ip hntest published_at")).contains("127.0.0.1 . udp . 12053 : 10.88.0.2 . 53");
                assertThatThrownBy(() -> network.attach(request("b", new PortMapping(PortMapping.Protocol.TCP, "192.0.2.1", 12000, 8080))))
                        .isInstanceOf(PortTakenException.class).hasMessageContaining("sandbox a has tcp *:12000 to 80");
                network.detach("b");
            }
            try (LocalNetwork again = new LocalNetwork(SETTINGS, store)) {
                assertThat(shell("nft list ruleset")).as("after a restart").contains("12000").contains("12053");
                assertThat(again.attach(request("a", web, names)).addresses()).containsExactly("10.88.0.2/32");
                again.detach("a");
                assertThat(shell("nft list ruleset")).doesNotContain("12000").doesNotContain("12053");
                again.attach(request("b", web));
                again.detach("b");
            }
        });
    }

    @Test
    void aPortThatTheHostUsesIsRefused() throws Exception {
        inHost(() -> {
            shell("ip link set lo up");
            try (LocalNetwork network = new LocalNetwork(SETTINGS, store);
                    java.net.ServerSocket busy = new java.net.ServerSocket(0)) {
                assertThatThrownBy(() -> network.attach(
                                request("a", new PortMapping(PortMapping.Protocol.TCP, "", busy.getLocalPort(), 80))))
                        .isInstanceOf(PortTakenException.class)
                        .hasMessageContaining("end what listens there");
                network.detach("a");
                assertThatThrownBy(() -> network.attach(request("a", new PortMapping(PortMapping.Protocol.TCP, "192.0.2.77", busy.getLocalPort(), 80))))
                        .isNotInstanceOf(PortTakenException.class).hasMessageContaining("192.0.2.77 is no address of this host");
                network.detach("a");
                assertThat(network.attachments()).isEmpty();
            }
        });
    }

    private static AttachmentRequest request(String sandbox, PortMapping... ports) {
        return new AttachmentRequest(sandbox, "acme", "default", "default", "web-" + sandbox, List.of(ports));
    }

    @Test
    void aFullRangeIsToldAndAChangedOneRefused() throws Exception {
        inHost(() -> {
            LocalSettings small = new LocalSettings("hntest", "10.88.0.0/29", 1450);
            try (LocalNetwork network = new LocalNetwork(small, store)) {
                for (int i = 0; i < 5; i++) {
                    network.attach(request("p" + i));
                }
                assertThatThrownBy(() -> network.attach(request("p5")))
                        .isInstanceOf(NetworkException.class)
                        .hasMessageContaining("all 5 of 10.88.0.0/29 are in use");
                network.detach("p3");
                assertThat(network.attach(request("p6")).addresses()).containsExactly("10.88.0.5/32");
            }
            LocalSettings other = new LocalSettings("hntest", "10.99.0.0/24", 1450);
            assertThatThrownBy(() -> new LocalNetwork(other, store)).hasMessageContaining("outside the node's pod range 10.99.0.0/24");
        });
    }

    private static final int HEADER = 10;

    private static void arp(Network.Tap tap, String mac, String from, String target) {
        String hardware = mac.replace(":", "");
        Descriptors.write(
                tap.descriptor(),
                HexFormat.of().parseHex("00".repeat(HEADER) + "ffffffffffff" + hardware + "0806" + "0001080006040001" + hardware
                        + hex(from) + "000000000000" + hex(target)));
    }

    /// The kernel opens a port of a bridge a moment after its link is up; what is sent before is lost, and these frames are sent once.
    private static void awaitForwarding(Network.Tap tap) {
        long until = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (!Commands.run(List.of("bridge", "link", "show", "dev", tap.name()), "").contains("state forwarding")) {
            assertThat(System.nanoTime()).as("port %s of the bridge is open", tap.name()).isLessThan(until);
        }
    }

    private static boolean receivesArp(Network.Tap tap, int operation, String from) throws Exception {
        byte[] frame = receive(tap);
        // A port that may send back to itself gets its own questions again: a pod reaches itself through a service that way.
        while (frame.length > 0 && !(frame[HEADER + 21] == operation && sender(frame).equals(from))) {
            frame = receive(tap);
        }
        return frame.length > 0;
    }

    private static String sender(byte[] frame) {
        int at = HEADER + 28;
        return frame.length == 0 ? "" : (frame[at] & 255) + "." + (frame[at + 1] & 255) + "." + (frame[at + 2] & 255) + "." + (frame[at + 3] & 255);
    }

    /// The next ARP frame, or nothing within a second.
    private static byte[] receive(Network.Tap tap) throws Exception {
        byte[] bytes = new byte[2048];
        while (Descriptors.awaitReadable(tap.descriptor(), Duration.ofSeconds(1))) {
            int got = Descriptors.read(tap.descriptor(), bytes);
            if (bytes[HEADER + 12] == 8 && bytes[HEADER + 13] == 6) {
                return Arrays.copyOf(bytes, got);
            }
        }
        return new byte[0];
    }

    private static String hex(String address) {
        StringBuilder hex = new StringBuilder();
        for (String part : address.split("\\.")) {
            hex.append(String.format("%02x", Integer.parseInt(part)));
        }
        return hex.toString();
    }

    private static String shell(String script) {
        return Commands.run(List.of("sh", "-c", script), "");
    }
}
