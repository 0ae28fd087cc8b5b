package io.hypernetes.cli;

import io.hypernetes.network.Attachment;
import io.hypernetes.network.AttachmentRequest;
import io.hypernetes.network.Network;
import io.hypernetes.network.NetworkException;
import io.hypernetes.network.local.LocalNetwork;
import io.hypernetes.network.local.LocalSettings;
import io.hypernetes.store.Store;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The node's network before and after the node knows its pods' addresses. The cluster gives them (Node's `spec.podCIDR`, told by the
/// kubelet through CRI); they are remembered, so that after a restart pods are served before the master answers.
final class NodeNetwork implements Network {
    private static final int MTU = 1500;

    private final Path memory;
    private final String bridge;
    private final Store store;
    private volatile @Nullable LocalNetwork network;
    private volatile List<Peer> peers = List.of();

    NodeNetwork(Path memory, String bridge, Store store) throws IOException {
        this.memory = memory;
        this.bridge = bridge;
        this.store = store;
        if (Files.exists(memory)) {
            network = open(Files.readString(memory).trim());
        }
    }

    private LocalNetwork open(String podCidr) {
        return new LocalNetwork(new LocalSettings(bridge, podCidr, MTU), store);
    }

    /// Takes the pods' range; the same again changes nothing.
    ///
    /// @throws NetworkException when the node has another range already
    synchronized void setPodCidr(String podCidr) {
        try {
            if (network == null) {
                LocalNetwork made = open(podCidr);
                Files.createDirectories(memory.getParent());
                Files.writeString(memory, podCidr + "\n");
                made.setPeers(peers);
                network = made;
            } else if (!Files.readString(memory).trim().equals(podCidr)) {
                throw new NetworkException("this node's pods have addresses of " + Files.readString(memory).trim() + "; the cluster now says " + podCidr
                        + ". Stop the pods (`hypernetes down`), remove " + memory + " and start the node again.");
            }
        } catch (IOException e) {
            throw new NetworkException("remembering the pod addresses " + podCidr + " in " + memory + ": " + e.getMessage(), e);
        }
    }

    private LocalNetwork known() {
        LocalNetwork known = network;
        if (known == null) {
            throw new NetworkException("this node has no pod addresses yet: the cluster has not given it a podCIDR; is the master running?");
        }
        return known;
    }

    @Override
    public Attachment attach(AttachmentRequest request) {
        return known().attach(request);
    }

    @Override
    public Tap openTap(Attachment attachment) {
        return known().openTap(attachment);
    }

    @Override
    public Optional<Tap> openSpareTap(String sandboxId) {
        return known().openSpareTap(sandboxId);
    }

    @Override
    public void plug(Attachment attachment) {
        known().plug(attachment);
    }

    @Override
    public void detach(String sandboxId) {
        LocalNetwork known = network;
        if (known != null) {
            known.detach(sandboxId);
        }
    }

    @Override
    public Set<String> attachments() {
        LocalNetwork known = network;
        return known == null ? Set.of() : known.attachments();
    }

    @Override
    public synchronized void setPeers(List<Peer> peers) {
        this.peers = List.copyOf(peers);
        LocalNetwork known = network;
        if (known != null) {
            known.setPeers(peers);
        }
    }

    /// Takes the bridge and the rules away.
    void remove() {
        LocalNetwork known = network;
        if (known != null) {
            known.remove();
        }
    }

    @Override
    public void close() {
        LocalNetwork known = network;
        if (known != null) {
            known.close();
        }
    }
}
