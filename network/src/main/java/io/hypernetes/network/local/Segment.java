package io.hypernetes.network.local;

import io.hypernetes.linux.ErrnoException;
import io.hypernetes.linux.NetworkDevices;
import io.hypernetes.network.Commands;
import io.hypernetes.network.Gateway;
import io.hypernetes.network.NetworkException;
import io.hypernetes.network.ServiceTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
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
    private static final String UPLINK = "up0";
    private static final String SERVICES = "services";

    private final String tenant;
    private final String namespace;
    private final Cidr range;
    private final int mtu;
    private final Uplinks uplinks;
    private final Uplinks.Wire wire;
    private final ServiceRules services;

    Segment(String tenant, String namespace, Cidr range, int mtu, Uplinks uplinks, Uplinks.Wire wire) {
        this.tenant = tenant;
        this.namespace = namespace;
        this.range = range;
        this.mtu = mtu;
        this.uplinks = uplinks;
        this.wire = wire;
        this.services = new ServiceRules(SERVICES, BRIDGE, batch -> inside(() -> Commands.run(List.of("nft", "-f", "-"), batch)));
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
    public void serve(ServiceTable table) {
        services.apply(table);
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
        boolean wired = here.contains(UPLINK);
        if (!wired) {
            remains();
            ip("link add name " + device() + " mtu " + mtu + " type veth peer name " + UPLINK + " netns " + namespace + "\n");
        }
        ip("addr replace " + uplinks.hostAddress(wire) + "/31 dev " + device() + "\nlink set dev " + device() + " mtu " + mtu + " addrgenmode none up\n");
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
                    ct state { established, related } accept
                    ct status dnat accept
                    iifname "%3$s" oifname "%3$s" accept
                    iifname "%3$s" oifname "%4$s" ip saddr %5$s accept
                  }
                  chain outside {
                    type nat hook postrouting priority srcnat
                    oifname "%4$s" masquerade
                  }
                }
                """
                .formatted(elements, address(), BRIDGE, UPLINK, range);
    }

    /// Opens a tap in the namespace.
    int openTap(String name) {
        return inside(() -> NetworkDevices.openTap(name));
    }

    /// Lets the port's pod send, then joins its tap to the bridge: never the other way round.
    ///
    /// @param spare whether the tap is on the host still
    void plug(HostRules.Port port, boolean spare) {
        if (spare) {
            // A device may go into another namespace while its owner holds it open; it arrives shut down.
            ip("link set dev " + port.tap() + " netns " + namespace + "\n");
        }
        inside(() -> {
            Commands.run(List.of("nft", "-f", "-"), "add element bridge pods pods { " + port.element() + " }\n");
            ip("link set dev " + port.tap() + " mtu " + mtu + " addrgenmode none\nlink set dev " + port.tap() + " master " + BRIDGE
                    + "\nlink set dev " + port.tap() + " type bridge_slave isolated on\nlink set dev " + port.tap() + " up\n");
            return port;
        });
    }

    /// Forgets the port. Its tap has vanished with the machine; one that has not is cut off.
    void unplug(HostRules.Port port) {
        if (!isNamespace()) {
            return;
        }
        inside(() -> {
            if (links().contains(port.tap())) {
                ip("link set dev " + port.tap() + " nomaster down\n");
            }
            String element = " element bridge pods pods { " + port.element() + " }\n";
            // Added first, because nft refuses to delete what is not there.
            return Commands.run(List.of("nft", "-f", "-"), "add" + element + "delete" + element);
        });
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
            ip("link del dev " + device() + "\n");
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
        List<String> names = new ArrayList<>();
        for (String line : Commands.run(List.of("ip", "-o", "link", "show"), "").lines().toList()) {
            names.add(line.split(": ", 3)[1].split("@", 2)[0]);
        }
        return names;
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
