package io.hypernetes.cli;

import io.hypernetes.network.Attachment;
import io.hypernetes.network.AttachmentRequest;
import io.hypernetes.network.Gateway;
import io.hypernetes.network.Groups;
import io.hypernetes.network.Network;
import io.hypernetes.network.NetworkException;
import io.hypernetes.network.local.LocalNetwork;
import io.hypernetes.network.local.LocalSettings;
import io.hypernetes.network.local.TenantNetworks;
import io.hypernetes.store.Store;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The node's network before and after the node knows its pods' addresses. The cluster gives them (Node's `spec.podCIDR`, told by the
/// kubelet through CRI); they are remembered, so that after a restart pods are served before the master answers. An engine that runs alone
/// chooses them itself when the first pod asks and nobody has told them ([#standAlone]).
final class NodeNetwork implements Network {
    private static final int MTU = 1500;
    private static final Duration IDLE_SEGMENT = Duration.ofMinutes(10);

    private final Path memory;
    private final String bridge;
    private final String uplinkCidr;
    private final List<String> deniedCidrs;
    private final int vxlanPort;
    private final Store store;
    private final Groups groups = new LaterGroups();
    private Gateway.@Nullable Follower follower;
    private volatile @Nullable Supplier<String> own;
    private volatile @Nullable TenantNetworks network;
    private volatile List<Peer> peers = List.of();

    /// @param uplinkCidr see [LocalSettings]
    /// @param deniedCidrs likewise
    /// @param vxlanPort likewise
    NodeNetwork(Path memory, String bridge, String uplinkCidr, List<String> deniedCidrs, int vxlanPort, Store store) throws IOException {
        this.memory = memory;
        this.bridge = bridge;
        this.uplinkCidr = uplinkCidr;
        this.deniedCidrs = deniedCidrs;
        this.vxlanPort = vxlanPort;
        this.store = store;
        if (Files.exists(memory)) {
            network = open(Files.readString(memory).trim());
        }
    }

    private TenantNetworks open(String podCidr) {
        LocalSettings settings = new LocalSettings(bridge, podCidr, MTU, uplinkCidr, deniedCidrs, vxlanPort, IDLE_SEGMENT);
        TenantNetworks opened = new TenantNetworks(new LocalNetwork(settings, store), settings, store, new SecureRandom());
        Gateway.Follower told = follower;
        if (told != null) {
            opened.follow(told);
        }
        return opened;
    }

    /// Tells of gateways that come and go, and at once of those that are there; to be called once.
    synchronized void follow(Gateway.Follower gateways) {
        follower = gateways;
        TenantNetworks known = network;
        if (known != null) {
            known.follow(gateways);
        }
    }

    /// Opens sockets in the gateway of a tenant's pods on this node.
    SocketChannel dial(String tenant) throws IOException {
        TenantNetworks known = network;
        Gateway gateway = known == null ? null : known.gateway(tenant).orElse(null);
        if (gateway == null) {
            throw new IOException("tenant " + tenant + " has no pod on this node");
        }
        try {
            return gateway.inside(() -> {
                try {
                    return SocketChannel.open(StandardProtocolFamily.INET);
                } catch (IOException failure) {
                    throw new UncheckedIOException(failure);
                }
            });
        } catch (UncheckedIOException failure) {
            throw failure.getCause();
        }
    }

    /// No cluster need tell the pods' range: when a pod is to be attached and none is known, this one is taken.
    ///
    /// @param range chooses it; asked once at most
    void standAlone(Supplier<String> range) {
        own = range;
    }

    /// Takes the pods' range; the same again changes nothing.
    ///
    /// @throws NetworkException when the node has another range already
    synchronized void setPodCidr(String podCidr) {
        try {
            if (network == null) {
                TenantNetworks made = open(podCidr);
                remember(podCidr);
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

    /// All of it or nothing: half of it would keep every later start from beginning.
    private void remember(String podCidr) throws IOException {
        Files.createDirectories(memory.getParent());
        Path draft = memory.resolveSibling(memory.getFileName() + ".new");
        try (FileChannel file = FileChannel.open(draft, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer text = ByteBuffer.wrap((podCidr + "\n").getBytes(StandardCharsets.US_ASCII));
            while (text.hasRemaining()) {
                file.write(text);
            }
            file.force(true);
        }
        Files.move(draft, memory, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private TenantNetworks known() {
        TenantNetworks known = network;
        if (known == null) {
            known = chosen();
        }
        if (known == null) {
            throw new NetworkException("this node has no pod addresses yet: the cluster has not given it a podCIDR; is the master running?");
        }
        return known;
    }

    private synchronized @Nullable TenantNetworks chosen() {
        Supplier<String> alone = own;
        if (network == null && alone != null) {
            setPodCidr(alone.get());
        }
        return network;
    }

    /// Those of the network that is known when they are asked.
    private final class LaterGroups implements Groups {
        private Groups known() {
            return NodeNetwork.this.known().groups().orElseThrow();
        }

        @Override
        public Gateway gateway() {
            return known().gateway();
        }

        @Override
        public void answerNames(int udpPort, int tcpPort) {
            known().answerNames(udpPort, tcpPort);
        }

        @Override
        public void move(String sandboxId, Membership membership) {
            known().move(sandboxId, membership);
        }
    }

    @Override
    public Optional<Groups> groups() {
        return Optional.of(groups);
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
        TenantNetworks known = network;
        if (known != null) {
            known.detach(sandboxId);
        }
    }

    @Override
    public Set<String> attachments() {
        TenantNetworks known = network;
        return known == null ? Set.of() : known.attachments();
    }

    @Override
    public List<String> strays() {
        TenantNetworks known = network;
        return known == null ? List.of() : known.strays();
    }

    @Override
    public synchronized void setPeers(List<Peer> peers) {
        this.peers = List.copyOf(peers);
        TenantNetworks known = network;
        if (known != null) {
            known.setPeers(peers);
        }
    }

    /// Takes bridges, namespaces and rules away.
    void remove() {
        TenantNetworks known = network;
        if (known != null) {
            known.remove();
        }
    }

    @Override
    public void close() {
        TenantNetworks known = network;
        if (known != null) {
            known.close();
        }
    }
}
