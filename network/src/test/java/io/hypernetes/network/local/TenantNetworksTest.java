package io.hypernetes.network.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.hypernetes.network.AttachmentRequest;
import io.hypernetes.network.Gateway;
import io.hypernetes.network.Network;
import io.hypernetes.network.NetworkContract;
import io.hypernetes.network.NetworkException;
import io.hypernetes.network.PortMapping;
import io.hypernetes.store.Store;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TenantNetworksTest extends NetworkContract {
    static final LocalSettings SETTINGS = new LocalSettings("hnlab", "10.88.0.0/24", 1450);

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
    protected TenantNetworks open() {
        return open(SETTINGS);
    }

    private TenantNetworks open(LocalSettings settings) {
        return new TenantNetworks(new LocalNetwork(settings, store), settings, store, new Random(7));
    }

    @Override
    protected void inHost(Steps steps) throws Exception {
        PodLab.on("hnlab", lab -> steps.run());
    }

    @Test
    void twoTenantsWithTheSameAddressesLiveSideBySide() throws Exception {
        PodLab.on("hnlab", lab -> {
            try (TenantNetworks network = open()) {
                PodLab.Place acme = lab.pod(network, "acme", "a1");
                PodLab.Place neighbour = lab.pod(network, "acme", "a2");
                PodLab.Place bolt = lab.pod(network, "bolt", "b1");
                PodLab.Place root = lab.pod(network, "root", "r1");
                PodLab.Place second = lab.pod(network, "root", "r2");
                assertThat(bolt.address()).isEqualTo(acme.address()).isEqualTo(root.address()).isEqualTo("10.88.0.2");
                lab.serve(acme, 80, "acme");
                lab.serve(bolt, 80, "bolt");
                lab.serve(root, 80, "root");
                assertThat(neighbour.ask("10.88.0.2", 80)).isEqualTo("acme 10.88.0.3");
                assertThat(second.ask("10.88.0.2", 80)).isEqualTo("root 10.88.0.3");
                lab.serve(neighbour, 81, "acme");
                assertThat(acme.ask("10.88.0.3", 81)).isEqualTo("acme 10.88.0.2");
                assertThat(bolt.ask("10.88.0.3", 81)).as("the other's neighbour").isNotEqualTo("acme 10.88.0.2");
                assertThat(root.ask("10.88.0.3", 81)).as("the other's neighbour").isNotEqualTo("acme 10.88.0.2");
            }
        });
    }

    @Test
    void podsReachTheOutsideUnderTheHostsAddressAndNothingOfTheOperator() throws Exception {
        PodLab.on("hnlab", lab -> {
            try (TenantNetworks network = open()) {
                PodLab.Place pod = lab.pod(network, "acme", "a1");
                PodLab.Place other = lab.pod(network, "bolt", "b1");
                PodLab.Place root = lab.pod(network, "root", "r1");
                lab.serve(lab.outside(), 80, "outside");
                lab.serveOnHost(81, "host");
                lab.serve(root, 82, "root");
                assertThat(pod.ask(PodLab.OUTSIDE, 80)).isEqualTo("outside " + PodLab.HOST);
                assertThat(other.ask(PodLab.OUTSIDE, 80)).isEqualTo("outside " + PodLab.HOST);
                assertThat(pod.ask(PodLab.METADATA, 80)).as("link-local").isEqualTo("silence");
                assertThat(pod.ask(PodLab.HOST, 81)).as("the host").isEqualTo("silence");
                assertThat(pod.ask("10.88.0.1", 81)).as("the gateway").isEqualTo("silence");
                for (String wire : PodLab.shell("ip -o -4 addr show | grep -o '100[.]126[.][0-9.]*'").lines().toList()) {
                    int last = wire.lastIndexOf('.') + 1;
                    String far = wire.substring(0, last) + (Integer.parseInt(wire.substring(last)) + 1);
                    assertThat(pod.ask(wire, 81)).as("the host by its end of a wire").isEqualTo("silence");
                    assertThat(pod.ask(far, 81)).as("a gateway's end of a wire").isEqualTo("silence");
                }
                // A route of its own leads a pod to its own range only.
                pod.shell("ip addr add 10.99.0.9/32 dev lo; ip route add 10.88.0.0/24 via 10.88.0.1 dev eth0 onlink");
                assertThat(pod.ask("10.88.0.2", 82)).isNotEqualTo("root 10.88.0.2");

                network.setPeers(List.of(new Network.Peer("n2", PodLab.OUTSIDE, "10.88.7.0/24")));
                assertThat(pod.ask(PodLab.OUTSIDE, 80)).as("another node").isEqualTo("silence");
                network.setPeers(List.of());
                assertThat(pod.ask(PodLab.OUTSIDE, 80)).isEqualTo("outside " + PodLab.HOST);
                lab.outside().shell("ip route add 10.88.0.0/24 via " + PodLab.HOST + "; ip route add 100.126.0.0/16 via " + PodLab.HOST);
                lab.serve(pod, 83, "pod");
                assertThat(lab.outside().ask("10.88.0.2", 83)).as("from outside").isNotEqualTo("pod " + PodLab.OUTSIDE);
            }
        });
    }

    @Test
    void aPodSpeaksUnderItsOwnNamesOnly() throws Exception {
        PodLab.on("hnlab", lab -> {
            try (TenantNetworks network = open()) {
                PodLab.Place pod = lab.pod(network, "acme", "a1");
                PodLab.Place victim = lab.pod(network, "acme", "a2");
                PodLab.Place third = lab.pod(network, "acme", "a3");
                lab.serve(victim, 80, "victim");
                lab.serve(lab.outside(), 80, "outside");
                assertThat(pod.ask(victim.address(), 80)).isEqualTo("victim 10.88.0.2");
                pod.shell("ip addr add 10.88.0.77/32 dev eth0; ip addr add 10.88.0.4/32 dev eth0");
                assertThat(pod.ask("10.88.0.77", victim.address(), 80)).as("an address nobody has").isEqualTo("silence");
                assertThat(pod.ask("10.88.0.4", victim.address(), 80)).as("a neighbour's address").isEqualTo("silence");
                assertThat(pod.ask("10.88.0.4", PodLab.OUTSIDE, 80)).as("a neighbour's address, to the outside").isEqualTo("silence");
                // Asking for a neighbour is not answered, by nobody: all go through the gateway.
                pod.shell("ip route add 10.88.0.3/32 dev eth0; ip neigh flush dev eth0");
                assertThat(pod.ask(victim.address(), 80)).as("past the gateway").isNotEqualTo("victim 10.88.0.2");
                pod.shell("ip neigh replace 10.88.0.3 lladdr 0a:58:0a:58:00:03 dev eth0");
                assertThat(pod.ask(victim.address(), 80)).as("past the gateway, knowing the hardware address").isNotEqualTo("victim 10.88.0.2");
                pod.shell("ip route del 10.88.0.3/32 dev eth0");
                assertThat(pod.ask(victim.address(), 80)).isEqualTo("victim 10.88.0.2");
                pod.shell("ip link set eth0 down; ip link set eth0 address 0a:58:0a:58:00:04; ip link set eth0 up; ip route replace default via 10.88.0.1 dev eth0 onlink");
                assertThat(pod.ask(victim.address(), 80)).as("a neighbour's hardware address").isNotEqualTo("victim 10.88.0.2");
                assertThat(third.ask(victim.address(), 80)).as("who had it is untouched").isEqualTo("victim 10.88.0.4");
            }
        });
    }

    @Test
    void aRestartKeepsConnectionsAndLearnsWhatIsThere() throws Exception {
        PodLab.on("hnlab", lab -> {
            PodLab.Place pod;
            PodLab.Place server;
            Socket connection;
            try (TenantNetworks network = open()) {
                pod = lab.pod(network, "acme", "a1");
                server = lab.pod(network, "acme", "a2");
                lab.serve(server, 80, "server");
                connection = pod.connect("", server.address(), 80);
                PodLab.line(connection);
            }
            PodLab.shell("ip netns add hnlab.stray");
            try (TenantNetworks again = open();
                    connection) {
                assertThat(PodLab.shell("ls /run/netns")).doesNotContain("stray");
                connection.getOutputStream().write("still here\n".getBytes(java.nio.charset.StandardCharsets.UTF_8));
                assertThat(PodLab.line(connection)).isEqualTo("still here");
                assertThat(pod.ask(server.address(), 80)).isEqualTo("server 10.88.0.2");
                assertThat(again.attachments()).containsExactlyInAnyOrder("a1", "a2");
                assertThat(again.strays()).isEmpty();
                PodLab.shell("ip netns add hnlab.late; ip link add hnlabuzz type veth peer name strange");
                assertThat(again.strays()).hasSize(2);
                PodLab.shell("ip netns del hnlab.late; ip link del hnlabuzz");
                again.detach("a2");
                assertThat(pod.ask(server.address(), 80)).as("who is detached is cut off").isNotEqualTo("server 10.88.0.2");
                // As after a reboot: nothing is left but what the store says.
                again.detach("a1");
                again.attach(request("a3"));
            }
            PodLab.shell("ip netns del hnlab.acme");
            try (TenantNetworks reborn = open()) {
                assertThat(reborn.attachments()).containsExactly("a3");
                PodLab.Place third = lab.pod(reborn, "acme", "a3");
                lab.serve(lab.outside(), 90, "outside");
                assertThat(third.ask(PodLab.OUTSIDE, 90)).isEqualTo("outside " + PodLab.HOST);
            }
        });
    }

    @Test
    void anIdleSegmentGoesAndRemovalLeavesNothing() throws Exception {
        PodLab.on("hnlab", lab -> {
            String before = PodLab.shell("ip -o link; ip route; nft list ruleset; ls /run/netns");
            TenantNetworks network = open(SETTINGS.withIdleSegment(Duration.ofMillis(50)));
            BlockingQueue<String> news = new LinkedBlockingQueue<>();
            network.follow(news(news));
            assertThat(news.poll(5, TimeUnit.SECONDS)).isEqualTo("+root");
            network.attach(request("a"));
            assertThat(news.poll(5, TimeUnit.SECONDS)).isEqualTo("+acme");
            assertThat(PodLab.shell("ls /run/netns")).contains("hnlab.acme");
            network.detach("a");
            assertThat(news.poll(5, TimeUnit.SECONDS)).isEqualTo("left acme");
            assertThat(news.poll(5, TimeUnit.SECONDS)).isEqualTo("-acme");
            network.attach(request("b"));
            assertThat(news.poll(5, TimeUnit.SECONDS)).isEqualTo("+acme");
            network.attach(new AttachmentRequest("c", "bolt", "default", "default", "c"));
            network.remove();
            network.close();
            assertThat(PodLab.shell("ip -o link; ip route; nft list ruleset; ls /run/netns")).isEqualTo(before);
        });
    }

    /// Covers the file that names a namespace so many times more. As often `ip netns del` takes one cover off and fails, since the file is still in use.
    private static void cover(String namespace, int times) {
        for (int i = 0; i < times; i++) {
            PodLab.shell("mount --bind /run/netns/%1$s /run/netns/%1$s".formatted(namespace));
        }
    }

    @Test
    void aSegmentThatCannotBeRemovedServesTheNextPodAndGoesBehindIt() throws Exception {
        PodLab.on("hnlab", lab -> {
            try (TenantNetworks network = open(SETTINGS.withIdleSegment(Duration.ofMillis(50)))) {
                BlockingQueue<String> news = new LinkedBlockingQueue<>();
                network.follow(news(news));
                network.attach(request("a"));
                Gateway segment = network.gateway("acme").orElseThrow();
                cover("hnlab.acme", 1);
                network.detach("a");
                for (String each : List.of("+root", "+acme", "left acme", "-acme")) {
                    assertThat(news.poll(5, TimeUnit.SECONDS)).isEqualTo(each);
                }
                // Waits for the removal that is under way.
                PodLab.Place next = lab.pod(network, "acme", "b");
                assertThat(news.poll(5, TimeUnit.SECONDS)).isEqualTo("+acme");
                assertThat(network.gateway("acme")).as("as it could not be removed").containsSame(segment);
                lab.serve(lab.outside(), 80, "outside");
                assertThat(next.ask(PodLab.OUTSIDE, 80)).isEqualTo("outside " + PodLab.HOST);
                network.detach("b");
                assertThat(news.poll(5, TimeUnit.SECONDS)).isEqualTo("left acme");
                assertThat(news.poll(5, TimeUnit.SECONDS)).isEqualTo("-acme");
                network.attach(request("c"));
                assertThat(network.gateway("acme").orElseThrow()).as("a new one").isNotSameAs(segment);
            }
        });
    }

    @Test
    void aSegmentThatCannotBeRemovedAtAStartKeepsNobodyFromStarting() throws Exception {
        PodLab.on("hnlab", lab -> {
            try (TenantNetworks network = open()) {
                network.attach(request("a"));
                network.detach("a");
            }
            cover("hnlab.acme", 1);
            try (TenantNetworks second = open()) {
                assertThat(PodLab.shell("ls /run/netns")).contains("hnlab.acme");
                assertThat(second.attachments()).isEmpty();
            }
            try (TenantNetworks third = open()) {
                assertThat(PodLab.shell("ls /run/netns")).doesNotContain("hnlab.acme");
                assertThat(third.strays()).isEmpty();
            }
        });
    }

    private static Gateway.Follower news(BlockingQueue<String> news) {
        return new Gateway.Follower(
                gateway -> news.add("+" + gateway.tenant()), gateway -> news.add("left " + gateway.tenant()),
                gateway -> news.add("reused " + gateway.tenant()), gateway -> news.add("-" + gateway.tenant()));
    }

    @Test
    void aSegmentIsKeptForTheNextPodUnlessItsTenantEnds() throws Exception {
        PodLab.on("hnlab", _ -> {
            BlockingQueue<String> news = new LinkedBlockingQueue<>();
            TenantNetworks network = open();
            network.follow(news(news));
            network.attach(request("a"));
            network.attach(request("b"));
            network.detach("a");
            network.detach("b");
            network.attach(request("c"));
            network.gateway("acme").orElseThrow().dissolve();
            network.attach(new AttachmentRequest("d", "bolt", "default", "default", "d"));
            network.detach("d");
            network.gateway("bolt").orElseThrow().dissolve();
            for (String each : List.of("+root", "+acme", "left acme", "reused acme", "+bolt", "left bolt", "-bolt")) {
                assertThat(news.poll(5, TimeUnit.SECONDS)).isEqualTo(each);
            }
            assertThat(PodLab.shell("ls /run/netns")).as("acme has a pod").contains("hnlab.acme");
            network.attach(new AttachmentRequest("e", "bolt", "default", "default", "e"));
            assertThat(news.poll(5, TimeUnit.SECONDS)).as("another tenant of that name, maybe").isEqualTo("+bolt");
            network.remove();
            network.close();
        });
    }

    @Test
    void podsOfOneTenantReachEachOtherFromNodeToNode() throws Exception {
        LocalSettings far = new LocalSettings("hnlabt", "10.88.1.0/24", 1450);
        PodLab.on("hnlab", lab -> {
            PodLab.Place node = lab.outside();
            try (TenantNetworks here = open();
                    TenantNetworks there = node.inside(() -> new TenantNetworks(new LocalNetwork(far, store), far, store, new Random(8)))) {
                here.setPeers(List.of(new Network.Peer("there", PodLab.OUTSIDE, "10.88.1.0/24")));
                node.inside(() -> {
                    there.setPeers(List.of(new Network.Peer("here", PodLab.HOST, "10.88.0.0/24")));
                    return there;
                });
                PodLab.Place near = lab.pod(here, "acme", "a1");
                PodLab.Place remote = node.inside(() -> lab.pod(there, "acme", "a2", "hnlabt"));
                PodLab.Place stranger = node.inside(() -> lab.pod(there, "bolt", "b1", "hnlabt"));
                assertThat(remote.address()).isEqualTo(stranger.address()).isEqualTo("10.88.1.2");
                lab.serve(remote, 80, "acme");
                lab.serve(stranger, 80, "bolt");
                lab.serve(near, 80, "near");
                assertThat(near.ask("10.88.1.2", 80)).as("before they have joined").isNotEqualTo("acme 10.88.0.2");
                here.gateway("acme").orElseThrow().join(7);
                node.inside(() -> {
                    there.gateway("acme").orElseThrow().join(7);
                    there.gateway("bolt").orElseThrow().join(8);
                    return there;
                });
                assertThat(near.ask("10.88.1.2", 80)).isEqualTo("acme 10.88.0.2");
                assertThat(remote.ask("10.88.0.2", 80)).isEqualTo("near 10.88.1.2");
                assertThat(stranger.ask("10.88.0.2", 80)).as("another tenant").isNotEqualTo("near 10.88.1.2");
                // More than fits into a packet of the tunnel.
                try (Socket socket = near.connect("", "10.88.1.2", 80)) {
                    PodLab.line(socket);
                    byte[] sent = "x".repeat(100_000).concat("\n").getBytes(java.nio.charset.StandardCharsets.US_ASCII);
                    Thread.ofVirtual().start(() -> {
                        try {
                            socket.getOutputStream().write(sent);
                        } catch (java.io.IOException gone) {
                            throw new java.io.UncheckedIOException(gone);
                        }
                    });
                    assertThat(PodLab.line(socket)).hasSize(100_000);
                }
                here.setPeers(List.of());
                assertThat(near.ask("10.88.1.2", 80)).as("a node that is no longer one").isNotEqualTo("acme 10.88.0.2");
                assertThat(PodLab.shell("ip netns exec hnlab.acme ip -o link")).doesNotContain("vx0");
                node.inside(() -> {
                    there.remove();
                    return there;
                });
            }
        });
    }

    @Test
    void whatATenantCannotHaveIsSaid() throws Exception {
        PodLab.on("hnlab", lab -> {
            try (TenantNetworks network = open()) {
                assertThatThrownBy(() -> network.attach(new AttachmentRequest("a", "../etc", "default", "n", "p")))
                        .isInstanceOf(NetworkException.class).hasMessageContaining("no name of a tenant");
                assertThatThrownBy(() -> network.attach(new AttachmentRequest("a", "acme", "other", "n", "p")))
                        .isInstanceOf(NetworkException.class).hasMessageContaining("one network");
                assertThatThrownBy(() -> network.attach(new AttachmentRequest(
                                "a", "acme", "default", "n", "p", List.of(new PortMapping(PortMapping.Protocol.TCP, "", 8080, 80)))))
                        .isInstanceOf(NetworkException.class).hasMessageContaining("use a Service");
                assertThat(network.attachments()).isEmpty();
            }
        });
    }
}
