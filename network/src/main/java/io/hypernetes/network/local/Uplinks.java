package io.hypernetes.network.local;

import io.hypernetes.network.Commands;
import io.hypernetes.network.NetworkException;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;

/// The host's side of the tenants' gateways: pairs of addresses for the wires to them, and one nftables table that lets nothing through
/// but what goes to the outside and comes back. Every change is one transaction.
///
/// A gateway speaks under its one address of the pair, behind which its pods are hidden, and is hidden once more behind the host. It
/// reaches no address of this host, of other nodes, of the pods of `root`, of another gateway, and nothing that is local to a link.
final class Uplinks {
    private static final int ATTEMPTS = 64;
    /// Connections to the outside that one gateway may have at a time: the host has one table for those of all.
    private static final int MOST_CONNECTIONS = 16_384;

    private final LocalSettings settings;
    private final Cidr range;
    private final String table;
    private final RandomGenerator random;

    /// @param range from which each gateway's wire gets two addresses
    Uplinks(LocalSettings settings, Cidr range, RandomGenerator random) {
        this.settings = settings;
        this.range = range;
        this.table = settings.bridge() + "-up";
        this.random = random;
    }

    /// A wire to a gateway.
    ///
    /// @param pair its number, half the host number of its lower address
    record Wire(int pair) {}

    String hostAddress(Wire wire) {
        return range.address(2 * wire.pair());
    }

    String gatewayAddress(Wire wire) {
        return range.address(2 * wire.pair() + 1);
    }

    /// The interface on the host. Taps end in hexadecimal digits, so no name is both.
    String device(Wire wire) {
        return settings.bridge() + "u" + Integer.toString(wire.pair(), 36);
    }

    /// A pair that no gateway of ours has and no interface of the host.
    Wire choose(Set<Wire> taken) {
        String used = Commands.run(List.of("ip", "-o", "-4", "addr", "show"), "");
        for (int i = 0; i < ATTEMPTS; i++) {
            Wire wire = new Wire(random.nextInt(1, range.size() / 2));
            if (!taken.contains(wire) && !used.contains(" " + hostAddress(wire) + "/")) {
                return wire;
            }
        }
        throw new NetworkException("no pair of addresses is left in " + range + " for the wire to a tenant's gateway; set uplink-cidr to a larger range");
    }

    /// Makes the table from nothing or from what is there.
    ///
    /// @param denied addresses and ranges that no tenant reaches
    /// @param nodes addresses of the other nodes, from which alone packets of tenants are taken
    void apply(Collection<Wire> wires, Collection<String> denied, Collection<String> nodes) {
        nft("""
                add table ip %1$s
                delete table ip %1$s
                table ip %1$s {
                  set names {
                    type ifname
                    %2$s
                  }
                  set wires {
                    type ifname . ipv4_addr
                    %3$s
                  }
                  set connections {
                    type ifname
                    size 65535
                    flags dynamic
                  }
                  set denied {
                    type ipv4_addr
                    flags interval
                    auto-merge
                    elements = { %4$s }
                  }
                  set nodes {
                    type ipv4_addr
                    %6$s
                  }
                  set tunnels {
                    type inet_service
                    %7$s
                  }
                  chain arriving {
                    type filter hook prerouting priority -300
                    iifname @names iifname . ip saddr != @wires drop
                  }
                  chain incoming {
                    type filter hook input priority -1
                    iifname @names ct state != { established, related } drop
                    udp dport @tunnels ip saddr != @nodes drop
                  }
                  chain passing {
                    type filter hook forward priority -1
                    iifname @names ct state new add @connections { iifname ct count over %8$d } drop
                    iifname @names oifname @names drop
                    iifname @names oifname "%5$s" drop
                    iifname @names ip daddr @denied ct direction original drop
                    oifname @names ct state { established, related } accept
                    oifname @names ct status dnat accept
                    oifname @names drop
                  }
                  chain outside {
                    type nat hook postrouting priority srcnat
                    iifname @names oifname != @names masquerade
                  }
                }
                """
                .formatted(
                        table,
                        elements(wires.stream().map(wire -> '"' + device(wire) + '"').toList()),
                        elements(wires.stream().map(this::element).toList()),
                        String.join(", ", denied(denied)),
                        settings.bridge(),
                        elements(List.copyOf(nodes)),
                        elements(tunnels(nodes)),
                        MOST_CONNECTIONS));
    }

    /// Alone, a node has no tunnels, and who else on the host uses the port is left in peace.
    private List<String> tunnels(Collection<String> nodes) {
        return nodes.isEmpty() ? List.of() : List.of(Integer.toString(settings.vxlanPort()));
    }

    private static String elements(List<String> elements) {
        return elements.isEmpty() ? "" : "elements = { " + String.join(", ", elements) + " }";
    }

    private Set<String> denied(Collection<String> more) {
        Set<String> all = new HashSet<>(List.of("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", range.toString()));
        all.addAll(more);
        return all;
    }

    private String element(Wire wire) {
        return '"' + device(wire) + "\" . " + gatewayAddress(wire);
    }

    void add(Wire wire) {
        nft("add element ip " + table + " wires { " + element(wire) + " }\nadd element ip " + table + " names { \"" + device(wire) + "\" }\n");
    }

    void remove(Wire wire) {
        add(wire);
        nft("delete element ip " + table + " wires { " + element(wire) + " }\ndelete element ip " + table + " names { \"" + device(wire) + "\" }\n");
    }

    /// Makes these the addresses that no tenant reaches, and the nodes from which packets of tenants are taken.
    void set(Collection<String> denied, Collection<String> nodes) {
        nft(refill("denied", denied(denied)) + refill("nodes", nodes) + refill("tunnels", tunnels(nodes)));
    }

    private String refill(String set, Collection<String> elements) {
        return "flush set ip " + table + " " + set + "\n"
                + (elements.isEmpty() ? "" : "add element ip " + table + " " + set + " { " + String.join(", ", elements) + " }\n");
    }

    void removeTable() {
        nft("add table ip " + table + "\ndelete table ip " + table + "\n");
    }

    private static void nft(String batch) {
        Commands.run(List.of("nft", "-f", "-"), batch);
    }
}
