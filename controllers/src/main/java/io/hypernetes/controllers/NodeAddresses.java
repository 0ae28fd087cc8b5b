package io.hypernetes.controllers;

import io.fabric8.kubernetes.api.model.Node;
import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Patch;
import java.time.Duration;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Gives each node its part of the pods' addresses (`spec.podCIDR`), a /24 of the cluster's range, and never two the same.
///
/// What is given is read from the nodes themselves; assignments made a moment ago, which the cache may not show yet, are remembered here.
final class NodeAddresses implements Controller {
    private static final Pattern CIDR = Pattern.compile("([0-9]{1,3})\\.([0-9]{1,3})\\.([0-9]{1,3})\\.0/([0-9]{1,2})");

    private final Client client;
    private final int base;
    private final int count;
    private final Map<String, String> recent = new HashMap<>();
    private Caches caches;

    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    NodeAddresses(Client client, String clusterCidr) {
        this.client = client;
        Matcher cidr = CIDR.matcher(clusterCidr);
        if (!cidr.matches() || Integer.parseInt(cidr.group(4)) > 24 || Integer.parseInt(cidr.group(4)) < 8) {
            throw new IllegalArgumentException("cluster CIDR '" + clusterCidr + "': expected an IPv4 range of /8 to /24, for example 10.88.0.0/16");
        }
        this.base = Integer.parseInt(cidr.group(1)) << 16 | Integer.parseInt(cidr.group(2)) << 8 | Integer.parseInt(cidr.group(3));
        this.count = 1 << (24 - Integer.parseInt(cidr.group(4)));
        if ((base & (count - 1)) != 0) {
            throw new IllegalArgumentException("cluster CIDR '" + clusterCidr + "' has bits set behind its prefix");
        }
    }

    @Override
    public String name() {
        return "node-addresses";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        this.caches = caches;
        caches.nodes().handler(Caches.keys(wake));
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) {
        Node node = caches.nodes().get(key).orElse(null);
        if (node == null) {
            synchronized (recent) {
                recent.remove(key.name());
            }
            return Optional.empty();
        }
        if (node.getSpec() == null || node.getSpec().getPodCIDR() == null || node.getSpec().getPodCIDR().isEmpty()) {
            String cidr = choose(key.name());
            client.of(Kind.NODE).patch(key, Patch.merge(Map.of("spec", Map.of("podCIDR", cidr, "podCIDRs", List.of(cidr)))));
        }
        return Optional.empty();
    }

    private String choose(String node) {
        synchronized (recent) {
            String before = recent.get(node);
            if (before != null) {
                return before;
            }
            BitSet taken = new BitSet(count);
            recent.values().forEach(cidr -> mark(taken, cidr));
            for (Node other : caches.nodes().list()) {
                if (other.getSpec() != null && other.getSpec().getPodCIDR() != null) {
                    mark(taken, other.getSpec().getPodCIDR());
                }
            }
            int free = taken.nextClearBit(0);
            if (free >= count) {
                throw new IllegalStateException(
                        "node " + node + " gets no pod addresses: all " + count + " ranges of the cluster CIDR are given; enlarge the setting cluster-cidr");
            }
            int network = base + free;
            String cidr = (network >> 16 & 255) + "." + (network >> 8 & 255) + "." + (network & 255) + ".0/24";
            recent.put(node, cidr);
            return cidr;
        }
    }

    private void mark(BitSet taken, String cidr) {
        Matcher matcher = CIDR.matcher(cidr);
        if (matcher.matches()) {
            int index = (Integer.parseInt(matcher.group(1)) << 16 | Integer.parseInt(matcher.group(2)) << 8 | Integer.parseInt(matcher.group(3))) - base;
            if (index >= 0 && index < count) {
                taken.set(index);
            }
        }
    }
}
