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
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tells where the nodes are, as the Nodes say: the network where the others' pods are, and whoever else wants to know the addresses of all.
final class NodePeers implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodePeers.class);

    private static final Duration LOOK_AGAIN = Duration.ofSeconds(5);

    private final String self;
    private final Network network;
    private final Informer<Node> nodes;
    private List<Network.Peer> told = List.of();
    private volatile boolean closed;
    private final Consumer<Set<InetAddress>> places;

    /// @param places given the addresses of all nodes, this one among them, once they are all known and whenever they may be others
    NodePeers(Client client, String self, Network network, Consumer<Set<InetAddress>> places) {
        this.self = self;
        this.places = places;
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
        // Without a single node there is no news.
        Thread.ofVirtual().name("nodes-known").start(this::tellWhenKnown);
    }

    private void tellWhenKnown() {
        try {
            while (!closed && !nodes.awaitSynced(LOOK_AGAIN)) {
                // The master is not reachable yet.
            }
            tellPlaces();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void tellPlaces() {
        places.accept(places(nodes.list()));
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
        if (nodes.synced()) {
            tellPlaces();
        }
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
        closed = true;
        nodes.close();
    }
}
