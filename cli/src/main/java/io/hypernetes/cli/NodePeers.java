package io.hypernetes.cli;

import io.fabric8.kubernetes.api.model.Node;
import io.hypernetes.client.Client;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.network.Network;
import io.hypernetes.network.NetworkException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tells the network where the other nodes' pods are, as the Nodes say.
final class NodePeers implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodePeers.class);

    private final String self;
    private final Network network;
    private final Informer<Node> nodes;
    private List<Network.Peer> told = List.of();
    private volatile Set<InetAddress> places = Set.of();

    NodePeers(Client client, String self, Network network) {
        this.self = self;
        this.network = network;
        this.nodes = new Informer<>(client, Kind.NODE, Scope.tenant(ObjectKey.ROOT), Selection.everything()).handler(new Informer.Handler<>() {
            @Override
            public void added(Node node) {
                tell();
            }

            @Override
            public void updated(Node before, Node now) {
                tell();
            }

            @Override
            public void deleted(Node last) {
                tell();
            }
        });
        nodes.start();
    }

    /// Whether another node, or this one, is at an address.
    boolean has(InetAddress address) {
        return places.contains(address);
    }

    private static Set<InetAddress> places(List<Node> nodes) {
        Set<InetAddress> found = new HashSet<>();
        for (Node node : nodes) {
            if (node.getStatus() != null && node.getStatus().getAddresses() != null) {
                node.getStatus().getAddresses().stream().filter(address -> address.getAddress() != null).forEach(address -> {
                    try {
                        found.add(InetAddress.ofLiteral(address.getAddress()));
                    } catch (IllegalArgumentException e) {
                        // A name.
                    }
                });
            }
        }
        return Set.copyOf(found);
    }

    // Called by the informer's one thread.
    private void tell() {
        places = places(nodes.list());
        List<Network.Peer> peers = new ArrayList<>();
        for (Node node : nodes.list(node -> !node.getMetadata().getName().equals(self))) {
            String cidr = node.getSpec() == null ? null : node.getSpec().getPodCIDR();
            if (cidr == null || cidr.isEmpty() || node.getStatus() == null || node.getStatus().getAddresses() == null) {
                continue;
            }
            node.getStatus().getAddresses().stream()
                    .filter(address -> "InternalIP".equals(address.getType()))
                    .findFirst()
                    .ifPresent(address -> peers.add(new Network.Peer(node.getMetadata().getName(), address.getAddress(), cidr)));
        }
        peers.sort(java.util.Comparator.comparing(Network.Peer::node));
        if (!peers.equals(told)) {
            try {
                network.setPeers(peers);
                told = List.copyOf(peers);
                LOG.info("event=peers-told peers={}", peers);
            } catch (NetworkException e) {
                LOG.warn("event=peers-refused reason=\"{}\"", e.getMessage());
            }
        }
    }

    @Override
    public void close() {
        nodes.close();
    }
}
