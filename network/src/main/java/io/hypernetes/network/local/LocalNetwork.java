package io.hypernetes.network.local;

import io.hypernetes.linux.ErrnoException;
import io.hypernetes.linux.NetworkDevices;
import io.hypernetes.network.Attachment;
import io.hypernetes.network.AttachmentRequest;
import io.hypernetes.network.Gateway;
import io.hypernetes.network.Groups;
import io.hypernetes.network.HostNameservers;
import io.hypernetes.network.Network;
import io.hypernetes.network.NetworkException;
import io.hypernetes.store.Store;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One bridge a node, with the node's pod range on it: pods of the node reach each other on it, pods of other nodes by routes, the
/// outside behind the host's address. Needs root.
///
/// A pod's address stands alone (prefix length 32): what it sends to its neighbours goes through the host, where services are translated.
///
/// All calls must be made where the bridge is: in the network namespace of the process, unless a platform thread entered another.
public final class LocalNetwork implements Network {
    private static final Logger LOG = LoggerFactory.getLogger(LocalNetwork.class);

    private final LocalSettings settings;
    private final Cidr range;
    private final Leases leases;
    private final PublishedPorts ports;
    private final Memberships memberships;
    /// Whether the rules say something else than the memberships do. Guarded by this.
    private boolean behind;
    private final HostRules rules;
    private final HostGateway gateway;

    /// Makes the bridge and the rules, or makes them right, and reads the addresses that are given out.
    ///
    /// @param store keeps the addresses, below a prefix with the bridge's name; stays the caller's
    /// @throws NetworkException when the host refuses, or addresses in use are outside the range
    public LocalNetwork(LocalSettings settings, Store store) {
        this.settings = settings;
        this.range = Cidr.parse(settings.podCidr());
        this.leases = new Leases(store, "/network/local/" + settings.bridge() + "/", range);
        this.ports = new PublishedPorts(store, "/network/local-ports/" + settings.bridge() + "/");
        this.memberships = new Memberships(store, "/network/local-groups/" + settings.bridge() + "/");
        this.rules = new HostRules(settings, range);
        this.gateway = new HostGateway(range.address(1), settings.bridge());
        allow("/proc/sys/net/ipv4/ip_forward", "pods reach nothing outside");
        rules.apply(leases.sandboxes().stream().map(s -> port(s, leases.of(s).orElseThrow())).toList(), confined());
        // Connections of the host to itself reach pods under 127.0.0.1; the rules keep pods from the host's own loopback.
        allow("/proc/sys/net/ipv4/conf/" + settings.bridge() + "/route_localnet", "published ports cannot be reached by 127.0.0.1");
        LOG.info("event=network-ready bridge={} podCidr={} attachments={}", settings.bridge(), range, leases.sandboxes().size());
    }

    @Override
    public Attachment attach(AttachmentRequest request) {
        // First the lease: who has ports is found by it.
        int host = leases.take(request.sandboxId());
        ports.take(request.sandboxId(), request.ports());
        confine(request.sandboxId(), request.membership());
        return attachment(request.sandboxId(), host);
    }

    private Attachment attachment(String sandbox, int host) {
        return new Attachment(
                sandbox,
                range.mac(host),
                List.of(range.address(host) + "/32"),
                range.address(1),
                settings.mtu(),
                HostNameservers.usable(),
                List.of());
    }

    // One at a time: each makes the rules what all memberships say, and what an earlier one could not.
    private synchronized void confine(String sandbox, Groups.Membership membership) {
        if (memberships.set(sandbox, membership) || behind) {
            behind = true;
            rules.confine(confined());
            behind = false;
        }
    }

    private List<GroupRules.Confined> confined() {
        return memberships.all().entrySet().stream()
                .flatMap(each -> leases.of(each.getKey()).stream().map(host -> new GroupRules.Confined(range.address(host), each.getValue())))
                .toList();
    }

    @Override
    public Optional<Groups> groups() {
        return Optional.of(new Groups() {
            @Override
            public Gateway gateway() {
                return gateway;
            }

            @Override
            public void answerNames(int udpPort, int tcpPort) {
                rules.answerNames(udpPort, tcpPort);
            }

            @Override
            public void move(String sandboxId, Membership membership) {
                if (leases.of(sandboxId).isEmpty()) {
                    throw new NetworkException("sandbox " + sandboxId + " has no attachment; what it belongs to is said when it is attached");
                }
                confine(sandboxId, membership);
            }
        });
    }

    /// The gateway of this node's pods, which is the host itself.
    public Gateway gateway() {
        return gateway;
    }

    @Override
    public Tap openTap(Attachment attachment) {
        String sandbox = attachment.sandboxId();
        int host = leases.of(sandbox)
                .orElseThrow(() -> new NetworkException("sandbox " + sandbox + " has no attachment; attach it before opening its tap"));
        Tap tap = open(sandbox);
        try {
            rules.plug(port(sandbox, host));
            return tap;
        } catch (RuntimeException failure) {
            tap.close();
            throw failure;
        }
    }

    @Override
    public Optional<Tap> openSpareTap(String sandboxId) {
        return Optional.of(open(sandboxId));
    }

    @Override
    public void plug(Attachment attachment) {
        String sandbox = attachment.sandboxId();
        int host = leases.of(sandbox)
                .orElseThrow(() -> new NetworkException("sandbox " + sandbox + " has no attachment; attach it before plugging its tap"));
        rules.plug(port(sandbox, host));
    }

    private Tap open(String sandbox) {
        String name = tapName(sandbox);
        return opened(name, sandbox, () -> NetworkDevices.openTap(name));
    }

    /// @param opening opens the tap and returns its descriptor
    /// @throws NetworkException that says why it cannot be opened
    static Tap opened(String name, String sandbox, IntSupplier opening) {
        try {
            return new Tap(name, opening.getAsInt());
        } catch (ErrnoException failure) {
            throw new NetworkException("making tap " + name + " for sandbox " + sandbox + " (" + (failure.errno() == ErrnoException.EBUSY
                    ? "another process has it open: is the sandbox's machine still running?" : "needs root and /dev/net/tun") + "): "
                    + failure.getMessage(), failure);
        }
    }

    private HostRules.Port port(String sandbox, int host) {
        return new HostRules.Port(tapName(sandbox), range.mac(host), range.address(host), ports.of(sandbox));
    }

    /// Interface names are short and sandbox ids are not.
    String tapName(String sandbox) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(sandbox.getBytes(StandardCharsets.UTF_8));
            return settings.bridge() + HexFormat.of().formatHex(digest).substring(0, 15 - settings.bridge().length());
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    @Override
    public void detach(String sandboxId) {
        leases.of(sandboxId).ifPresent(host -> rules.unplug(port(sandboxId, host)));
        ports.giveBack(sandboxId);
        confine(sandboxId, Groups.Membership.OPEN);
        leases.giveBack(sandboxId);
    }

    @Override
    public Set<String> attachments() {
        return leases.sandboxes();
    }

    @Override
    public void setPeers(List<Peer> peers) {
        rules.setPeers(peers);
    }

    /// Takes the bridge, its taps, the routes and the rules off the host. Addresses stay reserved: they are in the store.
    public void remove() {
        gateway.remove();
        rules.remove();
        LOG.info("event=network-removed bridge={}", settings.bridge());
    }

    @Override
    public void close() {
        LOG.info("event=network-closed bridge={}", settings.bridge());
    }

    private static void allow(String file, String without) {
        Path switchFile = Path.of(file);
        try {
            if (!Files.readString(switchFile).strip().equals("1")) {
                Files.writeString(switchFile, "1");
            }
        } catch (IOException failure) {
            throw new NetworkException("cannot set " + switchFile + " to 1, without which " + without + ": " + failure.getMessage(), failure);
        }
    }
}
