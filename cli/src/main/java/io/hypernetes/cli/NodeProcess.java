package io.hypernetes.cli;

import io.hypernetes.apiserver.service.AddressRange;
import io.hypernetes.client.Client;
import io.hypernetes.identity.JoinToken;
import io.hypernetes.kubelet.HostPaths;
import io.hypernetes.kubelet.Kubelet;
import io.hypernetes.kubelet.KubeletMetrics;
import io.hypernetes.kubelet.KubeletSettings;
import io.hypernetes.kubelet.ServiceVariables;
import io.hypernetes.kubelet.join.NodeBootstrap;
import io.hypernetes.kubelet.join.NodeIdentity;
import io.hypernetes.proxy.NodeProxy;
import io.hypernetes.proxy.ProxySettings;
import io.hypernetes.telemetry.StepSink;
import java.net.InetAddress;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.net.ssl.SSLContext;

/// The node: hyperd and the kubelet in one process, talking over the CRI socket; wired top to bottom here. Closing it leaves the
/// pods running.
final class NodeProcess implements AutoCloseable {
    private static final Duration JOIN_LIMIT = Duration.ofMinutes(1);
    /// How long a pull of a tenant waits at the start for the master to say which machines there are.
    private static final Duration MACHINES_KNOWN = Duration.ofSeconds(20);
    private static final int MAX_PODS = 110;
    private static final int RESERVED_CPU_MILLIS = 100;
    private static final long RESERVED_MEMORY_BYTES = 512L << 20;

    private final Deque<AutoCloseable> parts = new ArrayDeque<>();

    /// @param joinToken empty for a node that has joined before
    NodeProcess(Places places, Settings settings, String joinToken) throws Exception {
        try {
            start(places, settings, joinToken);
        } catch (Exception e) {
            close();
            throw e;
        }
    }

    private void start(Places places, Settings settings, String joinToken) throws Exception {
        Clock clock = Clock.systemUTC();
        String name = settings.text("node-name", HostAddresses.hostName());
        NodeBootstrap bootstrap = new NodeBootstrap(pki(places), name, new SecureRandom());
        if (!bootstrap.isJoined()) {
            join(bootstrap, joinToken);
        }
        Instruments instruments = opened(new Instruments(settings));
        StepSink steps = instruments.steps();
        ClusterMachines machines = new ClusterMachines(MACHINES_KNOWN);
        EngineParts engine = opened(EngineParts.open(places, settings, podsFolder(places), steps, machines));
        instruments.show(engine.hyperd());
        opened(engine.docker(places));

        NodeIdentity identity = opened(bootstrap.identity(clock));
        Client client = opened(new Client(identity.server(), identity.clientTls(), "kubelet"));
        Set<InetAddress> masters = HostAddresses.of(identity.server().getHost());
        opened(new NodePeers(client, name, engine.network(), nodes -> machines.are(address -> nodes.contains(address) || masters.contains(address))));
        ProxySettings services = services(settings, name, identity);
        NodeProxy proxy = opened(new NodeProxy(services, client, new SecureRandom()));
        boolean own = engine.follow(proxy.follower());
        KubeletSettings kubelet = new KubeletSettings(
                name,
                settings.text("node-address", HostAddresses.primary()),
                settings.port("kubelet-port"),
                places.criSocket(),
                places.nodeState().resolve("kubelet"),
                places.log(),
                MAX_PODS,
                RESERVED_CPU_MILLIS,
                RESERVED_MEMORY_BYTES,
                Map.of(),
                own ? List.of(services.dnsAddress()) : List.of(),
                services.domain(),
                Duration.ofSeconds(settings.number("pod-sync-seconds", 1, 3_600)),
                OperatorRanges.registries(settings).without(machines).denied(),
                HostPaths.below(places.state(), places.run(), places.log(), Background.home()));
        opened(new Kubelet(kubelet, client, identity.servingTls(), clock, steps, new KubeletMetrics(instruments.registry()), engine.dialer(),
                own ? proxy::variables : ServiceVariables.NONE).start());
        instruments.serve(settings, "node-metrics-port");
        identity.start(client);
    }

    private static ProxySettings services(Settings settings, String node, NodeIdentity identity) {
        SSLContext tls = identity.clientTls();
        // The addresses of pods are the master's to say; what this machine's settings hold without having been given them may be another's.
        AddressRange range = MasterProcess.serviceRange(settings, settings.isGiven("cluster-cidr") ? List.of("cluster-cidr", "uplink-cidr") : List.of("uplink-cidr"));
        return new ProxySettings(
                node, range.toString(), range.at(AddressRange.API_SERVER), range.at(AddressRange.NAME_SERVER), "cluster.local", identity.server(), () -> tls);
    }

    private static void join(NodeBootstrap bootstrap, String joinToken) throws InterruptedException {
        if (joinToken.isEmpty()) {
            throw new UsageException(
                    "this machine belongs to no cluster yet; on the master say `hypernetes token create`, here `hypernetes node --join TOKEN`");
        }
        JoinToken token;
        try {
            token = JoinToken.parse(joinToken);
        } catch (IllegalArgumentException e) {
            throw new UsageException(String.valueOf(e.getMessage()));
        }
        bootstrap.join(token, JOIN_LIMIT);
    }

    private <T extends AutoCloseable> T opened(T part) {
        parts.push(part);
        return part;
    }

    private static Path pki(Places places) {
        return places.nodeState().resolve("pki");
    }

    static Path podsFolder(Places places) {
        return places.nodeState().resolve("kubelet/pods");
    }

    static boolean hasJoined(Places places) {
        return new NodeBootstrap(pki(places), "any", new SecureRandom()).isJoined();
    }

    @Override
    public void close() throws Exception {
        Parts.close(parts);
    }
}
