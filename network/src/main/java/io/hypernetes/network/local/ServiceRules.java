package io.hypernetes.network.local;

import io.hypernetes.network.NetworkException;
import io.hypernetes.network.PortMapping.Protocol;
import io.hypernetes.network.ServiceTable;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.ObjIntConsumer;
import org.jspecify.annotations.Nullable;

/// Services as one nftables table: maps from what a packet is sent to onto the chain of a service's port, in which one of the chains of
/// its endpoints is chosen by chance, or, where clients stick, by what the client had before. A connection is translated when it begins;
/// so an endpoint that is taken out keeps the connections that it has,
/// and loses the flows of datagrams, which have no end.
///
/// A change is one transaction that touches only what differs. Safe for use by many threads.
final class ServiceRules {
    private static final String MAP = "services", NODE_MAP = "nodeports", NEAR_MAP = "nearports", HAIRPINS = "hairpins";

    private final String table;
    private final String bridge;
    private final Consumer<String> nft;
    private final ObjIntConsumer<String> forget;
    private @Nullable Parts present;
    private @Nullable ServiceTable applied;

    /// @param bridge the interface by which pods come
    /// @param nft runs one transaction
    /// @param forget ends what is known of datagrams that go to an address and port
    ServiceRules(String table, String bridge, Consumer<String> nft, ObjIntConsumer<String> forget) {
        this.forget = forget;
        this.table = table;
        this.bridge = bridge;
        this.nft = nft;
    }

    /// What a table is made of.
    ///
    /// @param sets name to definition
    /// @param chains name to rules
    /// @param services what is sent where, to chain
    /// @param nodePorts likewise, of the gateway itself, for those that come from far
    /// @param nearPorts likewise, for those that are near
    /// @param hairpins endpoints that may be reached by themselves
    private record Parts(
            String serviceCidr,
            Map<String, String> sets,
            Map<String, List<String>> chains,
            Map<String, String> services,
            Map<String, String> nodePorts,
            Map<String, String> nearPorts,
            Map<String, String> hairpins) {

        private Parts(String serviceCidr) {
            this(serviceCidr, new TreeMap<>(), new LinkedHashMap<>(), new TreeMap<>(), new TreeMap<>(), new TreeMap<>(), new TreeMap<>());
        }
    }

    /// Makes the table say this. Nothing happens when it does already.
    synchronized void apply(ServiceTable wanted) {
        if (wanted.equals(applied)) {
            return;
        }
        Parts next = parts(wanted);
        Parts before = present;
        if (before == null || !before.serviceCidr().equals(next.serviceCidr())) {
            nft.accept(whole(next));
        } else {
            String batch = difference(before, next);
            try {
                if (!batch.isEmpty()) {
                    nft.accept(batch);
                }
            } catch (NetworkException meddled) {
                // What was there is no longer, as when a firewall of the host begins anew.
                nft.accept(whole(next));
            }
        }
        ServiceTable last = applied;
        present = next;
        applied = wanted;
        if (last != null) {
            // A flow of datagrams has no end by which it would ever come to another endpoint.
            Set<ServiceTable.Endpoint> gone = datagramEndpoints(last);
            gone.removeAll(datagramEndpoints(wanted));
            gone.forEach(endpoint -> forget.accept(endpoint.address(), endpoint.port()));
        }
    }

    private static Set<ServiceTable.Endpoint> datagramEndpoints(ServiceTable table) {
        Set<ServiceTable.Endpoint> endpoints = new HashSet<>();
        table.ports().stream().filter(port -> port.protocol() == Protocol.UDP).forEach(port -> endpoints.addAll(port.endpoints()));
        return endpoints;
    }

    synchronized void remove() {
        nft.accept("add table ip " + table + "\ndelete table ip " + table + "\n");
        present = null;
        applied = null;
    }

    private static Parts parts(ServiceTable wanted) {
        Parts parts = new Parts(wanted.serviceCidr());
        for (ServiceTable.Port port : wanted.ports()) {
            String service = "s" + hash(port.name() + "|" + port.protocol());
            String protocol = port.protocol().lowerCase();
            for (String address : port.addresses()) {
                parts.services().put(address + " . " + protocol + " . " + port.port(), service);
            }
            if (port.nodePort() > 0 && port.callers() != ServiceTable.Callers.NEAR) {
                parts.nodePorts().put(protocol + " . " + port.nodePort(), service);
            }
            if (port.nodePort() > 0 && port.callers() != ServiceTable.Callers.FAR) {
                parts.nearPorts().put(protocol + " . " + port.nodePort(), service);
            }
            List<String> rules = new ArrayList<>();
            List<String> choices = new ArrayList<>();
            for (ServiceTable.Endpoint endpoint : port.endpoints()) {
                String chain = "e" + hash(port.name() + "|" + port.protocol() + "|" + endpoint.address() + ":" + endpoint.port());
                List<String> into = new ArrayList<>();
                if (port.stickySeconds() > 0) {
                    String set = "a" + chain.substring(1);
                    parts.sets().put(set, "{ type ipv4_addr; size 65535; flags dynamic,timeout; timeout " + port.stickySeconds() + "s; }");
                    rules.add("ip saddr @" + set + " goto " + chain);
                    into.add("update @" + set + " { ip saddr }");
                }
                into.add("meta l4proto " + protocol + " dnat to " + endpoint.address() + ":" + endpoint.port());
                parts.chains().put(chain, into);
                parts.hairpins().put(endpoint.address() + " . " + endpoint.address(), "");
                choices.add(choices.size() + " : goto " + chain);
            }
            rules.add(choices.isEmpty()
                    // What returns goes on untranslated, to be refused where packets pass.
                    ? port.silent() ? "drop" : "return"
                    : "numgen random mod " + choices.size() + " vmap { " + String.join(", ", choices) + " }");
            parts.chains().put(service, rules);
        }
        return parts;
    }

    private String whole(Parts parts) {
        StringBuilder batch = new StringBuilder("""
                add table ip %1$s
                delete table ip %1$s
                add table ip %1$s
                add map ip %1$s %2$s { type ipv4_addr . inet_proto . inet_service : verdict; }
                add map ip %1$s %3$s { type inet_proto . inet_service : verdict; }
                add map ip %1$s %7$s { type inet_proto . inet_service : verdict; }
                add chain ip %1$s arriving { type nat hook prerouting priority -101; }
                add chain ip %1$s local { type nat hook output priority -101; }
                add rule ip %1$s arriving iifname "%4$s" ip daddr . meta l4proto . th dport vmap @%2$s
                add set ip %1$s %6$s { type ipv4_addr . ipv4_addr; }
                add chain ip %1$s leaving { type nat hook postrouting priority 99; }
                add rule ip %1$s leaving ct status dnat ip saddr . ip daddr @%6$s masquerade
                add chain ip %1$s unserved { type filter hook forward priority -1; }
                add rule ip %1$s unserved iifname "%4$s" ip daddr %5$s meta l4proto tcp reject with tcp reset
                add rule ip %1$s unserved iifname "%4$s" ip daddr %5$s reject
                add rule ip %1$s arriving iifname "%4$s" fib daddr type local meta l4proto . th dport vmap @%7$s
                add rule ip %1$s arriving iifname != "%4$s" fib daddr type local meta l4proto . th dport vmap @%3$s
                """.formatted(table, MAP, NODE_MAP, bridge, parts.serviceCidr(), HAIRPINS, NEAR_MAP));
        // Loopback is the host's own: its packets keep a source that leads nowhere else, and who listens there goes on being found.
        batch.append("add rule ip ").append(table).append(" local ip daddr != 127.0.0.0/8 fib daddr type local meta l4proto . th dport vmap @").append(NEAR_MAP).append('\n');
        batch.append(difference(new Parts(parts.serviceCidr()), parts));
        return batch.toString();
    }

    private String difference(Parts old, Parts now) {
        Batch batch = new Batch();
        now.sets().forEach((name, definition) -> {
            if (!definition.equals(old.sets().get(name))) {
                if (old.sets().containsKey(name)) {
                    // A set keeps its timeout for life. What refers to it is emptied below, and filled again.
                    batch.changedSets.add(name);
                } else {
                    batch.sets.append("add set ip ").append(table).append(' ').append(name).append(' ').append(definition).append('\n');
                }
            }
        });
        Map<String, List<String>> rules = new LinkedHashMap<>();
        now.chains().forEach((name, wanted) -> {
            List<String> has = old.chains().get(name);
            if (has == null) {
                batch.chains.append("add chain ip ").append(table).append(' ').append(name).append('\n');
                rules.put(name, wanted);
            } else if (!has.equals(wanted) || wanted.stream().anyMatch(rule -> batch.changedSets.contains(setIn(rule)))) {
                batch.flushes.append("flush chain ip ").append(table).append(' ').append(name).append('\n');
                rules.put(name, wanted);
            }
        });
        for (String set : batch.changedSets) {
            batch.flushes.append("delete set ip ").append(table).append(' ').append(set).append('\n')
                    .append("add set ip ").append(table).append(' ').append(set).append(' ').append(now.sets().get(set)).append('\n');
        }
        rules.forEach((name, list) -> list.forEach(
                rule -> batch.rules.append("add rule ip ").append(table).append(' ').append(name).append(' ').append(rule).append('\n')));
        elements(batch, MAP, old.services(), now.services());
        elements(batch, NODE_MAP, old.nodePorts(), now.nodePorts());
        elements(batch, NEAR_MAP, old.nearPorts(), now.nearPorts());
        elements(batch, HAIRPINS, old.hairpins(), now.hairpins());
        List<String> gone = old.chains().keySet().stream().filter(name -> !now.chains().containsKey(name)).toList();
        // All are emptied before any is deleted, since they point at each other.
        gone.forEach(name -> batch.removals.append("flush chain ip ").append(table).append(' ').append(name).append('\n'));
        gone.forEach(name -> batch.removals.append("delete chain ip ").append(table).append(' ').append(name).append('\n'));
        old.sets().keySet().stream().filter(name -> !now.sets().containsKey(name))
                .forEach(name -> batch.removals.append("delete set ip ").append(table).append(' ').append(name).append('\n'));
        return batch.text();
    }

    private void elements(Batch batch, String map, Map<String, String> old, Map<String, String> now) {
        old.forEach((key, chain) -> {
            if (!chain.equals(now.get(key))) {
                batch.elements.append("delete element ip ").append(table).append(' ').append(map).append(" { ").append(key).append(" }\n");
            }
        });
        now.forEach((key, chain) -> {
            if (!chain.equals(old.get(key))) {
                batch.elements.append("add element ip ").append(table).append(' ').append(map)
                        .append(" { ").append(key).append(chain.isEmpty() ? "" : " : goto " + chain).append(" }\n");
            }
        });
    }

    /// The set that a rule refers to; empty for none. There may be thousands of rules and of sets that have changed, so it is looked up.
    private static String setIn(String rule) {
        int at = rule.indexOf('@') + 1;
        return at == 0 ? "" : rule.substring(at, rule.indexOf(' ', at));
    }

    /// Names of chains are short and those of services are not.
    private static String hash(String name) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 12);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /// The steps of a transaction in the order in which the kernel accepts them.
    private static final class Batch {
        private final StringBuilder sets = new StringBuilder();
        private final StringBuilder chains = new StringBuilder();
        private final StringBuilder flushes = new StringBuilder();
        private final StringBuilder rules = new StringBuilder();
        private final StringBuilder elements = new StringBuilder();
        private final StringBuilder removals = new StringBuilder();
        private final Set<String> changedSets = new LinkedHashSet<>();

        private String text() {
            return sets.toString() + chains + flushes + rules + elements + removals;
        }
    }
}
