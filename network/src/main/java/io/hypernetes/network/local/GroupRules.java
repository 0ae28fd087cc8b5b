package io.hypernetes.network.local;

import io.hypernetes.network.Groups.Membership;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/// The part of a local network's two tables that keeps groups apart: sets of addresses and of pairs of them, and chains that look them up. Pods reach each
/// other through the gateway; frames that would go round it, over the bridge alone, are dropped for who is in a group.
final class GroupRules {
    private static final int NAMES = 53;

    private final String table;
    private final Cidr range;

    GroupRules(String table, Cidr range) {
        this.table = table;
        this.range = range;
    }

    /// @param address of a pod that is confined
    record Confined(String address, Membership membership) {}

    /// Sets, map and chain for the table of family `ip`.
    String sets(Collection<Confined> confined) {
        return """
                  set grouped {
                    type ipv4_addr
                    %2$s
                  }
                  set roaming {
                    type ipv4_addr
                    %3$s
                  }
                  set inner {
                    type ipv4_addr
                    %4$s
                  }
                  set together {
                    type ipv4_addr . ipv4_addr
                    %5$s
                  }
                  map names {
                    type inet_proto : ipv4_addr . inet_service
                  }
                  chain between {
                    type filter hook forward priority filter
                    ct status dnat accept
                    ip saddr . ip daddr @together accept
                    ip saddr @inner ip daddr != %1$s drop
                    ip daddr @inner ip saddr != %1$s drop
                    ip saddr @roaming ip daddr != @grouped accept
                    ip daddr @roaming ip saddr != @grouped accept
                    ip saddr @roaming ip daddr @roaming accept
                    ip saddr @grouped ip daddr %1$s drop
                    ip daddr @grouped ip saddr %1$s drop
                  }
                """.formatted(range, listed(all(confined)), listed(roaming(confined)), listed(inner(confined)), listed(together(confined)));
    }

    /// For the chain of what arrives, in the table of family `ip`: questions for names.
    String asking() {
        return "ip saddr @grouped ip daddr " + range.address(1) + " meta l4proto { tcp, udp } th dport " + NAMES + " dnat ip to meta l4proto map @names";
    }

    /// Set and chain for the table of family `bridge`.
    String bridgeSets(Collection<Confined> confined) {
        return """
                  set grouped {
                    type ipv4_addr
                    %1$s
                  }
                  chain across {
                    type filter hook forward priority 0
                    ip saddr @grouped drop
                    ip daddr @grouped drop
                  }
                """.formatted(listed(all(confined)));
    }

    /// Makes these the only ones that are confined, in one step.
    String change(Collection<Confined> confined) {
        StringBuilder batch = new StringBuilder();
        for (String family : new String[] {"ip", "bridge"}) {
            refill(batch, family, "grouped", all(confined));
        }
        refill(batch, "ip", "roaming", roaming(confined));
        refill(batch, "ip", "inner", inner(confined));
        refill(batch, "ip", "together", together(confined));
        return batch.toString();
    }

    String answerNames(int udpPort, int tcpPort) {
        StringBuilder batch = new StringBuilder();
        String at = " : " + range.address(1) + " . ";
        refill(batch, "ip", "names", List.of("udp" + at + udpPort, "tcp" + at + tcpPort));
        return batch.toString();
    }

    private void refill(StringBuilder batch, String family, String set, List<String> elements) {
        String kind = set.equals("names") ? "map " : "set ";
        batch.append("flush ").append(kind).append(family).append(' ').append(table).append(' ').append(set).append('\n');
        if (!elements.isEmpty()) {
            batch.append("add element ").append(family).append(' ').append(table).append(' ').append(set).append(" { ")
                    .append(String.join(", ", elements)).append(" }\n");
        }
    }

    private static String listed(List<String> elements) {
        return elements.isEmpty() ? "" : "elements = { " + String.join(", ", elements) + " }";
    }

    private static List<String> all(Collection<Confined> confined) {
        return confined.stream().map(Confined::address).toList();
    }

    private static List<String> roaming(Collection<Confined> confined) {
        return confined.stream().filter(pod -> pod.membership().open()).map(Confined::address).toList();
    }

    private static List<String> inner(Collection<Confined> confined) {
        return confined.stream().filter(pod -> !pod.membership().outside()).map(Confined::address).toList();
    }

    private static List<String> together(Collection<Confined> confined) {
        List<String> pairs = new ArrayList<>();
        for (Confined one : confined) {
            for (Confined other : confined) {
                if (one != other && one.membership().sharesGroupWith(other.membership())) {
                    pairs.add(one.address() + " . " + other.address());
                }
            }
        }
        return pairs;
    }
}
