package io.hypernetes.network.local;

import io.hypernetes.linux.ErrnoException;
import io.hypernetes.linux.FilterSets;
import io.hypernetes.linux.Links;
import io.hypernetes.linux.NetworkDevices;
import io.hypernetes.linux.TrackedConnections;
import io.hypernetes.network.Commands;
import io.hypernetes.network.Gateway;
import io.hypernetes.network.Network.Peer;
import io.hypernetes.network.NetworkException;
import io.hypernetes.network.ServiceTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntConsumer;
import java.util.function.Supplier;

/// One tenant's network on this node: a network namespace with a bridge for the taps of its pods, the gateway's address on it, and a wire
/// to the host. Every change may be repeated.
///
/// A pod's address stands alone (prefix length 32), so all that it sends goes to the gateway, other pods of the tenant included: that is
/// what lets services be translated in one place, and the ports of the bridge be shut off from each other. A tap sends only IPv4 and ARP
/// under its own hardware address and address, and asks for nobody but the gateway.
final class Segment implements Gateway {
    private static final Path FOLDER = Path.of("/run/netns");
    private static final String BRIDGE = "br0";
    /// The table of what pods may send.
    private static final String PODS = "pods";
    private static final String UPLINK = "up0";
    private static final String SERVICES = "services";
    private static final String TUNNEL = "vx0";
    /// What VXLAN puts around a packet.
    private static final int TUNNEL_BYTES = 50;

    private final String tenant;
    private final String namespace;
    private final Cidr range;
    private final int mtu;
    private final Uplinks uplinks;
    private final Uplinks.Wire wire;
    private final ServiceRules services;
    private final IntConsumer joining;
    private final Runnable dissolving;

    /// @param joining is told the number by which the tenant's segments on all nodes find each other
    /// @param dissolving is told that no pod will come any more
    Segment(String tenant, String namespace, Cidr range, int mtu, Uplinks uplinks, Uplinks.Wire wire, IntConsumer joining, Runnable dissolving) {
        this.joining = joining;
        this.dissolving = dissolving;
        this.tenant = tenant;
        this.namespace = namespace;
        this.range = range;
        this.mtu = mtu;
        this.uplinks = uplinks;
        this.wire = wire;
        this.services = new ServiceRules(
                SERVICES,
                BRIDGE,
                batch -> inside(() -> Commands.run(List.of("nft", "-f", "-"), batch)),
                (address, port) -> inside(() -> TrackedConnections.forgetUdpAnsweredBy(address, port)));
    }

    @Override
    public String tenant() {
        return tenant;
    }

    @Override
    public String address() {
        return range.address(1);
    }

    Uplinks.Wire wire() {
        return wire;
    }

    @Override
    public <T> T inside(Supplier<T> action) {
        return NetworkDevices.inNamespace(path(), action);
    }

    @Override
    public void join(int number) {
        joining.accept(number);
    }

    @Override
    public void dissolve() {
        dissolving.run();
    }

    @Override
    public void serve(ServiceTable table) {
        try {
            services.apply(table);
        } catch (ErrnoException gone) {
            throw new NetworkException("the services of tenant " + tenant + " cannot be told to its gateway " + namespace + ": " + gone.getMessage(), gone);
        }
    }

    private Path path() {
        return FOLDER.resolve(namespace);
    }

    /// Makes the namespace and all in it, or makes it right.
    void apply(Collection<HostRules.Port> ports) {
        if (!isNamespace()) {
            remains();
            Commands.run(List.of("ip", "netns", "add", namespace), "");
        }
        uplinks.add(wire);
        List<String> here;
        try {
            here = inside(Segment::links);
        } catch (ErrnoException half) {
            // Whoever made it died between the file and the mount that makes a namespace of it.
            removeNamespace(namespace);
            Commands.run(List.of("ip", "netns", "add", namespace), "");
            here = inside(Segment::links);
        }
        build(ports, here);
    }

    private void build(Collection<HostRules.Port> ports, List<String> here) {
        StringBuilder wiring = new StringBuilder();
        if (!here.contains(UPLINK)) {
            remains();
            wiring.append("link add name ").append(device()).append(" mtu ").append(mtu).append(" type veth peer name " + UPLINK + " netns ")
                    .append(namespace).append('\n');
        }
        wiring.append("link set dev ").append(device()).append(" mtu ").append(mtu).append(" addrgenmode none up\n");
        wiring.append("addr replace ").append(uplinks.hostAddress(wire)).append("/31 dev ").append(device()).append('\n');
        ip(wiring.toString());
        inside(() -> {
            // Before any interface is up: a namespace that has IPv6 for a moment announces itself.
            set("ipv6/conf/all/disable_ipv6", "1");
            set("ipv6/conf/default/disable_ipv6", "1");
            StringBuilder batch = new StringBuilder("link set dev lo up\n");
            if (!here.contains(BRIDGE)) {
                batch.append("link add name " + BRIDGE + " type bridge forward_delay 0 stp_state 0 mcast_snooping 0\n");
            }
            batch.append("link set dev " + BRIDGE + " address ").append(range.mac(1)).append(" mtu ").append(mtu).append(" addrgenmode none up\n");
            batch.append("addr replace ").append(address()).append('/').append(range.prefix()).append(" brd + dev " + BRIDGE + "\n");
            batch.append("link set dev " + UPLINK + " mtu ").append(mtu).append(" addrgenmode none up\n");
            batch.append("addr replace ").append(uplinks.gatewayAddress(wire)).append("/31 dev " + UPLINK + "\n");
            batch.append("route replace default via ").append(uplinks.hostAddress(wire)).append(" dev " + UPLINK + "\n");
            ip(batch.toString());
            // Pods speak through the gateway although they are neighbours; it shall not tell them of the short way.
            set("ipv4/conf/all/send_redirects", "0");
            set("ipv4/conf/" + BRIDGE + "/send_redirects", "0");
            // Frames on the bridge are the bridge table's business; were they shown to the tables of IP too, as some hosts have it for all
            // namespaces, a service would be translated before its packet was routed, and go round the gateway.
            for (String family : List.of("iptables", "ip6tables", "arptables")) {
                set("bridge/bridge-nf-call-" + family, "0");
            }
            set("ipv4/ip_forward", "1");
            return Commands.run(List.of("nft", "-f", "-"), tables(ports));
        });
    }

    private String tables(Collection<HostRules.Port> ports) {
        String elements = ports.isEmpty() ? "" : "elements = { " + String.join(", ", ports.stream().map(HostRules.Port::element).toList()) + " }";
        return """
                add table bridge pods
                delete table bridge pods
                table bridge pods {
                  set pods {
                    type ifname . ether_addr . ipv4_addr
                    %1$s
                  }
                  chain sent {
                    type filter hook prerouting priority -300
                    ip daddr { 127.0.0.0/8, 169.254.0.0/16, 224.0.0.0/4 } drop
                    iifname . ether saddr . ip saddr @pods accept
                    arp daddr ip %2$s iifname . arp saddr ether . arp saddr ip @pods accept
                    drop
                  }
                }
                add table ip gateway
                delete table ip gateway
                table ip gateway {
                  chain incoming {
                    type filter hook input priority filter; policy drop;
                    iifname "lo" accept
                    ct state { established, related } accept
                    ct status dnat accept
                    iifname "%3$s" ip daddr %2$s icmp type echo-request accept
                  }
                  chain passing {
                    type filter hook forward priority filter; policy drop;
                    oifname "%6$s" tcp flags syn / syn,rst tcp option maxseg size set rt mtu
                    ct state { established, related } accept
                    ct status dnat accept
                    iifname "%3$s" oifname "%3$s" accept
                    iifname "%3$s" oifname "%4$s" ip saddr %5$s accept
                    iifname "%3$s" oifname "%6$s" ip saddr %5$s accept
                    iifname "%6$s" oifname "%3$s" ip saddr != %5$s accept
                  }
                  chain outside {
                    type nat hook postrouting priority srcnat
                    oifname "%4$s" masquerade
                  }
                }
                """
                .formatted(elements, address(), BRIDGE, UPLINK, range, TUNNEL);
    }

    /// Makes the segment reach those of the same tenant on other nodes, and no longer those that are not named: packets for another node's
    /// range are sent to that node by VXLAN, routed and not bridged, so nothing is asked or flooded between nodes.
    ///
    /// @param number of the tenant's segments
    /// @param peers the other nodes; with none the tunnel goes
    void connect(int number, List<Peer> peers, int port) {
        boolean there = inside(() -> links().contains(TUNNEL));
        if (there && (peers.isEmpty() || !inside(() -> Commands.run(List.of("ip", "-o", "-d", "link", "show", "dev", TUNNEL), ""))
                .contains("vxlan id " + number + " "))) {
            inside(() -> Commands.run(List.of("ip", "link", "del", "dev", TUNNEL), ""));
            there = false;
        }
        if (peers.isEmpty()) {
            return;
        }
        if (!there) {
            // Made on the host, where its packets travel, and put into the namespace, where its packets come from.
            ip("link add name " + TUNNEL + " netns " + namespace + " mtu " + (mtu - TUNNEL_BYTES) + " type vxlan id " + number + " dstport " + port
                    + " nolearning ttl 64\n");
        }
        inside(() -> {
            StringBuilder links = new StringBuilder("link set dev " + TUNNEL + " address " + tunnelMac(range) + " addrgenmode none up\n");
            StringBuilder forwarding = new StringBuilder();
            Set<String> old = new HashSet<>();
            Commands.run(List.of("ip", "-4", "route", "show", "dev", TUNNEL), "").lines().forEach(line -> old.add(line.strip().split(" ")[0]));
            for (Peer peer : peers) {
                Cidr far = Cidr.parse(peer.podCidr());
                links.append("neigh replace ").append(far.address(1)).append(" lladdr ").append(tunnelMac(far)).append(" nud permanent dev " + TUNNEL + "\n");
                links.append("route replace ").append(far).append(" via ").append(far.address(1)).append(" dev " + TUNNEL + " onlink\n");
                forwarding.append("fdb replace ").append(tunnelMac(far)).append(" dev " + TUNNEL + " dst ").append(peer.address()).append(" self permanent\n");
                old.remove(far.toString());
            }
            for (String gone : old) {
                Cidr far = Cidr.parse(gone);
                links.append("route del ").append(far).append(" dev " + TUNNEL + "\nneigh del ").append(far.address(1)).append(" dev " + TUNNEL + "\n");
                forwarding.append("fdb del ").append(tunnelMac(far)).append(" dev " + TUNNEL + " self\n");
            }
            ip(links.toString());
            return Commands.run(List.of("bridge", "-batch", "-"), forwarding.toString());
        });
    }

    /// Each node's end of a tenant's tunnels has a hardware address that follows from its range.
    private static String tunnelMac(Cidr range) {
        return range.mac(1).replaceFirst("^0a:58", "0a:59");
    }

    /// Opens a tap in the namespace.
    int openTap(String name) {
        return inside(() -> NetworkDevices.openTap(name));
    }

    /// Lets the port's pod send, then joins its tap to the bridge: never the other way round.
    ///
    /// @param spare whether the tap is on the host still
    void plug(HostRules.Port port, boolean spare) {
        try {
            if (spare) {
                // A device may go into another namespace while its owner holds it open; it arrives shut down.
                Links.move(port.tap(), path());
            }
            inside(() -> {
                FilterSets.add(List.of(port.element(PODS)));
                Links.join(port.tap(), BRIDGE, mtu, Links.Port.ISOLATED);
                return port;
            });
        } catch (ErrnoException failure) {
            throw new NetworkException("plugging " + port.tap() + " into tenant " + tenant + "'s network " + namespace + ": " + failure.getMessage()
                    + ". Is its machine still running?", failure);
        }
    }

    /// Forgets the port. Its tap has vanished with the machine; one that has not is cut off.
    void unplug(HostRules.Port port) {
        if (!isNamespace()) {
            return;
        }
        try {
            inside(() -> {
                if (Links.exists(port.tap())) {
                    ip("link set dev " + port.tap() + " nomaster down\n");
                }
                FilterSets.remove(List.of(port.element(PODS)));
                return port;
            });
        } catch (ErrnoException failure) {
            throw new NetworkException("taking " + port.tap() + " out of tenant " + tenant + "'s network " + namespace + ": " + failure.getMessage(), failure);
        }
    }

    /// Takes the namespace and the wire away.
    void remove() {
        remains();
        if (isNamespace()) {
            removeNamespace(namespace);
        }
        uplinks.remove(wire);
    }

    /// The host's end of a wire outlives its namespace for a moment, and for ever when a maker died in between.
    private void remains() {
        if (links().contains(device())) {
            try {
                ip("link del dev " + device() + "\n");
            } catch (NetworkException failure) {
                // It may have gone by itself since.
                if (links().contains(device())) {
                    throw failure;
                }
            }
        }
    }

    private boolean isNamespace() {
        return Files.exists(path());
    }

    private String device() {
        return uplinks.device(wire);
    }

    /// The namespaces whose names begin so.
    static List<String> namespaces(String prefix) {
        if (!Files.isDirectory(FOLDER)) {
            return List.of();
        }
        try (var entries = Files.list(FOLDER)) {
            return entries.map(entry -> entry.getFileName().toString()).filter(name -> name.startsWith(prefix)).sorted().toList();
        } catch (IOException failure) {
            throw new NetworkException("listing the network namespaces in " + FOLDER, failure);
        }
    }

    static void removeNamespace(String name) {
        Commands.run(List.of("ip", "netns", "del", name), "");
    }

    /// Names of the interfaces where the calling thread is.
    static List<String> links() {
        try {
            // Below two lines of headings, each begins with its name and a colon.
            return Files.readAllLines(Path.of("/proc/thread-self/net/dev")).stream().skip(2).map(line -> line.strip().split(":", 2)[0]).toList();
        } catch (IOException failure) {
            throw new NetworkException("listing the interfaces of a network namespace", failure);
        }
    }

    private static void ip(String batch) {
        Commands.run(List.of("ip", "-batch", "-"), batch);
    }

    private static void set(String name, String value) {
        Path file = Path.of("/proc/sys/net").resolve(name);
        try {
            if (Files.exists(file)) {
                Files.writeString(file, value);
            }
        } catch (IOException failure) {
            throw new NetworkException("cannot set " + file + " to " + value + " in a tenant's gateway: " + failure.getMessage(), failure);
        }
    }
}
