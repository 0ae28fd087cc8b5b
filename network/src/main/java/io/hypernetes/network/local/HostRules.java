package io.hypernetes.network.local;

import io.hypernetes.linux.ErrnoException;
import io.hypernetes.linux.FilterSets;
import io.hypernetes.linux.Links;
import io.hypernetes.network.Commands;
import io.hypernetes.network.Network.Peer;
import io.hypernetes.network.NetworkException;
import io.hypernetes.network.PortMapping;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// What a local network is on the host: a bridge with the gateway's address, two nftables tables named after it, routes to other nodes.
/// Every change may be repeated: a batch of `ip`, a transaction of `nft`, or what these would do by messages to the kernel where a pod comes or goes.
///
/// The table of family `ip` hides pods behind the host when they speak to the outside, and keeps the host from telling neighbours of the short way to each
/// other (ICMP redirects), on which services and groups do not hold: a setting of the bridge alone does not, as that of all interfaces outweighs it. The table of family `bridge` lets a tap send
/// only with the hardware address and the IPv4 address that its pod was given. Published ports are two maps of the first, looked up for
/// what comes to an address of the host.
final class HostRules {
    /// Marks the routes that are ours (a number that no routing daemon claims).
    private static final int ROUTE_PROTOCOL = 142;

    private final LocalSettings settings;
    private final Cidr range;
    private final String bridge;
    private final GroupRules groups;

    HostRules(LocalSettings settings, Cidr range) {
        this.settings = settings;
        this.range = range;
        this.bridge = settings.bridge();
        this.groups = new GroupRules(bridge, range);
    }

    /// A tap and what its pod may call itself.
    record Port(String tap, String mac, String address, List<PortMapping> published) {
        String element() {
            return "\"" + tap + "\" . " + mac + " . " + address;
        }

        /// The same for a set in this table.
        FilterSets.Element element(String table) {
            return new FilterSets.Element(
                    FilterSets.Family.BRIDGE, table, "pods", FilterSets.interfaceName(tap), FilterSets.hardwareAddress(mac), FilterSets.address(address));
        }

        /// Elements of the map of ports on all addresses, or of that of ports on one.
        private List<String> published(boolean onOneAddress) {
            return published.stream()
                    .filter(port -> port.hostAddress().isEmpty() != onOneAddress)
                    .map(port -> (onOneAddress ? port.hostAddress() + " . " : "") + port.protocol().lowerCase() + " . " + port.hostPort()
                            + " : " + address + " . " + port.podPort())
                    .toList();
        }
    }

    /// Makes bridge and tables from nothing or from what is there.
    void apply(Collection<Port> ports, Collection<GroupRules.Confined> confined) {
        StringBuilder batch = new StringBuilder();
        if (!exists()) {
            batch.append("link add name ").append(bridge).append(" type bridge forward_delay 0 stp_state 0 mcast_snooping 0\n");
        } else if (!addresses().equals(Set.of(gateway()))) {
            batch.append("addr flush dev ").append(bridge).append('\n');
        }
        // An address of its own: by default a bridge takes the lowest of its ports' and changes it as they come and go.
        batch.append("link set dev ").append(bridge).append(" address ").append(mac()).append(" mtu ").append(settings.mtu())
                .append(" addrgenmode none up\n");
        batch.append("addr replace ").append(gateway()).append(" brd + dev ").append(bridge).append('\n');
        ip(batch);
        nft(tables(ports, confined));
    }

    private String tables(Collection<Port> ports, Collection<GroupRules.Confined> confined) {
        String elements = ports.isEmpty() ? "" : "elements = { " + String.join(", ", ports.stream().map(Port::element).toList()) + " }";
        String taps = ports.isEmpty()
                ? ""
                : "elements = { " + String.join(", ", ports.stream().map(p -> "\"" + p.tap() + "\"").toList()) + " }";
        return """
                add table ip %1$s
                delete table ip %1$s
                table ip %1$s {
                  set pods {
                    type ipv4_addr
                    flags interval
                    elements = { %2$s }
                  }
                  map published {
                    type inet_proto . inet_service : ipv4_addr . inet_service
                    %5$s
                  }
                  map published_at {
                    type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service
                    %6$s
                  }
                  set hairpins {
                    type ipv4_addr . ipv4_addr
                    %7$s
                  }
                %8$s
                  chain arriving {
                    type nat hook prerouting priority dstnat
                    %9$s
                    fib daddr type local jump ports
                  }
                  chain leaving {
                    type nat hook output priority -100
                    fib daddr type local jump ports
                  }
                  chain telling {
                    type filter hook output priority filter
                    oifname "%1$s" icmp type redirect drop
                  }
                  chain ports {
                    dnat ip to ip daddr . meta l4proto . th dport map @published_at
                    dnat ip to meta l4proto . th dport map @published
                  }
                  chain outside {
                    type nat hook postrouting priority srcnat
                    ip saddr 127.0.0.0/8 oifname "%1$s" masquerade
                    ct status dnat ip saddr . ip daddr @hairpins masquerade
                    ip saddr %2$s ip daddr != @pods masquerade
                  }
                }
                add table bridge %1$s
                delete table bridge %1$s
                table bridge %1$s {
                  set taps {
                    type ifname
                    %3$s
                  }
                  set pods {
                    type ifname . ether_addr . ipv4_addr
                    %4$s
                  }
                %10$s
                  chain sent {
                    type filter hook prerouting priority -300
                    iifname @taps jump pod
                  }
                  chain pod {
                    ip daddr 127.0.0.0/8 drop
                    iifname . ether saddr . ip saddr @pods accept
                    iifname . arp saddr ether . arp saddr ip @pods accept
                    drop
                  }
                }
                """
                .formatted(bridge, range, taps, elements, elements(ports, false), elements(ports, true), hairpins(ports),
                        groups.sets(confined), groups.asking(), groups.bridgeSets(confined));
    }

    private static String elements(Collection<Port> ports, boolean onOneAddress) {
        List<String> elements = ports.stream().flatMap(port -> port.published(onOneAddress).stream()).toList();
        return elements.isEmpty() ? "" : "elements = { " + String.join(", ", elements) + " }";
    }

    /// A pod that comes to itself by a port of the host would answer itself directly, under an address that it did not ask.
    private static String hairpins(Collection<Port> ports) {
        List<String> elements = ports.stream().filter(port -> !port.published().isEmpty()).map(HostRules::hairpin).toList();
        return elements.isEmpty() ? "" : "elements = { " + String.join(", ", elements) + " }";
    }

    private static String hairpin(Port port) {
        return port.address() + " . " + port.address();
    }

    private String published(String verb, Port port) {
        StringBuilder batch = new StringBuilder();
        if (!port.published().isEmpty()) {
            batch.append(verb).append(" element ip ").append(bridge).append(" hairpins { ").append(hairpin(port)).append(" }\n");
        }
        for (boolean onOneAddress : new boolean[] {false, true}) {
            String map = onOneAddress ? " published_at { " : " published { ";
            port.published(onOneAddress)
                    .forEach(element -> batch.append(verb).append(" element ip ").append(bridge).append(map).append(element).append(" }\n"));
        }
        return batch.toString();
    }

    /// Lets the port's pod send, then joins its tap to the bridge: never the other way round.
    void plug(Port port) {
        try {
            FilterSets.add(elements(port));
            if (!port.published().isEmpty()) {
                nft(published("add", port));
            }
            // A service that leads a pod to itself sends the frame out where it came in, on hosts that translate on bridges.
            Links.join(port.tap(), bridge, settings.mtu(), Links.Port.HAIRPIN);
        } catch (ErrnoException failure) {
            throw new NetworkException("plugging " + port.tap() + " into bridge " + bridge + ": " + failure.getMessage() + ". Is its machine still running?", failure);
        }
    }

    private List<FilterSets.Element> elements(Port port) {
        return List.of(port.element(bridge), new FilterSets.Element(FilterSets.Family.BRIDGE, bridge, "taps", FilterSets.interfaceName(port.tap())));
    }

    /// Forgets the port. Its tap has vanished with the machine; one that has not is cut off.
    void unplug(Port port) {
        if (Links.exists(port.tap())) {
            ip("link set dev " + port.tap() + " nomaster down\n");
        }
        try {
            FilterSets.remove(elements(port));
        } catch (ErrnoException failure) {
            throw new NetworkException("taking " + port.tap() + " out of the rules of bridge " + bridge + ": " + failure.getMessage(), failure);
        }
        if (!port.published().isEmpty()) {
            // Added first, because nft refuses to delete what is not there.
            nft(published("add", port) + published("delete", port));
        }
    }

    /// Makes these the only pods that are kept to groups.
    void confine(Collection<GroupRules.Confined> confined) {
        nft(groups.change(confined));
    }

    /// Leads what they ask of the gateway's port for names to these ports.
    void answerNames(int udpPort, int tcpPort) {
        nft(groups.answerNames(udpPort, tcpPort));
    }

    /// Makes the routes to other nodes' pods exactly these, and spares their addresses the masquerade.
    void setPeers(List<Peer> peers) {
        StringBuilder batch = new StringBuilder();
        Set<String> old = routes();
        StringBuilder pods = new StringBuilder("flush set ip " + bridge + " pods\nadd element ip " + bridge + " pods { " + range);
        for (Peer peer : peers) {
            String cidr = Cidr.parse(peer.podCidr()).toString();
            if (!cidr.equals(range.toString())) {
                batch.append("route replace ").append(cidr).append(" via ").append(peer.address()).append(mark()).append('\n');
                old.remove(cidr);
                pods.append(", ").append(cidr);
            }
        }
        old.forEach(cidr -> batch.append("route del ").append(cidr).append(mark()).append('\n'));
        nft(pods.append(" }\n").toString());
        if (!batch.isEmpty()) {
            ip(batch);
        }
    }

    void remove() {
        StringBuilder batch = new StringBuilder();
        routes().forEach(cidr -> batch.append("route del ").append(cidr).append(mark()).append('\n'));
        if (exists()) {
            batch.append("link del dev ").append(bridge).append('\n');
        }
        if (!batch.isEmpty()) {
            ip(batch);
        }
        nft("add table ip %1$s\ndelete table ip %1$s\nadd table bridge %1$s\ndelete table bridge %1$s\n".formatted(bridge));
    }

    /// Our routes on the host; another cluster's on the same host have another metric.
    private Set<String> routes() {
        Set<String> found = new HashSet<>();
        for (String line : Commands.run(List.of("ip", "-4", "route", "show", "proto", Integer.toString(ROUTE_PROTOCOL)), "").lines().toList()) {
            if ((line.strip() + " ").contains(" metric " + metric() + " ")) {
                found.add(line.strip().split(" ")[0]);
            }
        }
        return found;
    }

    private String mark() {
        return " proto " + ROUTE_PROTOCOL + " metric " + metric();
    }

    /// Tells the routes of several clusters on one host apart.
    private int metric() {
        return 1024 + (bridge.hashCode() & 0xffffff);
    }

    private boolean exists() {
        return Links.exists(bridge);
    }

    private Set<String> addresses() {
        Set<String> found = new HashSet<>();
        for (String line : Commands.run(List.of("ip", "-o", "-4", "addr", "show", "dev", bridge), "").lines().toList()) {
            String[] words = line.strip().split("\\s+");
            found.add(words[3]);
        }
        return found;
    }

    private String gateway() {
        return range.address(1) + "/" + range.prefix();
    }

    private String mac() {
        return range.mac(1);
    }

    private static void ip(CharSequence batch) {
        Commands.run(List.of("ip", "-batch", "-"), batch.toString());
    }

    private static void nft(String batch) {
        try {
            Commands.run(List.of("nft", "-f", "-"), batch);
        } catch (NetworkException failure) {
            throw new NetworkException(failure.getMessage() + " (the host's kernel needs nf_tables with nat and bridge families)", failure);
        }
    }
}
