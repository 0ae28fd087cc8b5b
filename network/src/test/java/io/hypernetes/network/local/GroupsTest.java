package io.hypernetes.network.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.hypernetes.network.Groups;
import io.hypernetes.network.Groups.Membership;
import io.hypernetes.network.NetworkException;
import io.hypernetes.store.Store;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Who reaches whom when pods are kept to groups, on whole network stacks.
class GroupsTest {
    private static final LocalSettings SETTINGS = new LocalSettings("hnlab", "10.88.0.0/24", 1450);
    private static final Membership FRONT = new Membership(Set.of("front"), false, true);
    private static final Membership BACK = new Membership(Set.of("back"), false, false);
    private static final Membership BOTH = new Membership(Set.of("front", "back"), false, true);

    @Test
    void podsReachThoseOfTheirGroups(@TempDir Path temp) throws Exception {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "needs root");
        PodLab.on("hngrp", lab -> {
            // As hosts have it; what is set for all interfaces outweighs what is set for the bridge.
            PodLab.shell("echo 1 > /proc/sys/net/ipv4/conf/all/send_redirects");
            try (Store store = EmbeddedStore.open(temp.resolve("store"), EmbeddedSettings.defaults())) {
                PodLab.Place front;
                PodLab.Place both;
                PodLab.Place back;
                try (LocalNetwork network = new LocalNetwork(SETTINGS, store)) {
                    front = lab.pod(network, "front", FRONT);
                    both = lab.pod(network, "both", BOTH);
                    back = lab.pod(network, "back", BACK);
                    PodLab.Place other = lab.pod(network, "root", "other");
                    for (PodLab.Place place : new PodLab.Place[] {front, both, back, other, lab.outside()}) {
                        lab.serve(place, 80, place.namespace());
                    }
                    assertThat(front.ask(both.address(), 80)).startsWith(both.namespace());
                    assertThat(both.ask(front.address(), 80)).startsWith(front.namespace());
                    assertThat(front.shell("awk '/^Icmp: [0-9]/ { print $9 }' /proc/net/snmp")).as("told of a way round the gateway, where all is dropped").isEqualTo("0");
                    assertThat(both.ask(back.address(), 80)).startsWith(back.namespace());
                    assertThat(front.ask(back.address(), 80)).isNotEmpty().doesNotContain(back.namespace());
                    assertThat(front.ask(other.address(), 80)).doesNotContain(other.namespace());
                    assertThat(other.ask(front.address(), 80)).doesNotContain(front.namespace());
                    assertThat(front.ask(PodLab.OUTSIDE, 80)).startsWith("hngrp-out");
                    assertThat(back.ask(PodLab.OUTSIDE, 80)).as("an inner group").doesNotContain("hngrp-out");
                    assertThat(PodLab.askHere(back.address(), 80)).as("from the host").startsWith(back.namespace());

                    // Round the gateway, over the bridge alone.
                    front.shell("ip route add " + other.address() + "/32 dev eth0");
                    other.shell("ip route add " + front.address() + "/32 dev eth0");
                    assertThat(front.ask(other.address(), 80)).doesNotContain(other.namespace());
                    front.shell("ip route del " + other.address() + "/32 dev eth0");
                    other.shell("ip route del " + front.address() + "/32 dev eth0");

                    // A connection ends with what allowed it; and what is in the open too reaches both.
                    Groups groups = network.groups().orElseThrow();
                    try (Socket held = front.connect("", both.address(), 80)) {
                        PodLab.line(held);
                        groups.move("front", new Membership(Set.of("front"), true, true));
                        assertThat(front.ask(other.address(), 80)).startsWith(other.namespace());
                        assertThat(other.ask(front.address(), 80)).startsWith(front.namespace());
                        assertThat(other.ask(both.address(), 80)).doesNotContain(both.namespace());
                        groups.move("both", BACK);
                        held.getOutputStream().write('x');
                        assertThatThrownBy(() -> held.getInputStream().read()).isInstanceOf(java.net.SocketTimeoutException.class);
                    }
                    groups.move("both", BOTH);
                    groups.move("front", FRONT);
                    assertThatThrownBy(() -> groups.move("nobody", FRONT)).isInstanceOf(NetworkException.class).hasMessageContaining("nobody");

                    // Members ask the gateway for names, wherever the name server listens.
                    lab.serveOnHost(5353, "names");
                    groups.answerNames(5354, 5353);
                    assertThat(front.ask("10.88.0.1", 53)).startsWith("names " + front.address());
                    assertThat(other.ask("10.88.0.1", 53)).doesNotContain("names");
                }
                // A process that comes after knows it still.
                try (LocalNetwork again = new LocalNetwork(SETTINGS, store)) {
                    assertThat(front.ask(both.address(), 80)).startsWith(both.namespace());
                    assertThat(front.ask(back.address(), 80)).doesNotContain(back.namespace());
                    again.detach("both");
                    assertThat(front.ask(both.address(), 80)).doesNotContain(both.namespace());
                    again.detach("front");
                    again.detach("back");
                    assertThat(PodLab.shell("nft list set ip hnlab grouped")).doesNotContain("elements");
                    assertThat(store.list("/network/local-groups/", "", 0).entries()).isEmpty();
                }
            }
        });
    }
}
