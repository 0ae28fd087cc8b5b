package io.hypernetes.cli;

import io.grpc.StatusRuntimeException;
import io.hypernetes.apiserver.service.AddressRange;
import io.hypernetes.client.Client;
import io.hypernetes.cri.v1.PodSandbox;
import io.hypernetes.identity.JoinToken;
import io.hypernetes.kubelet.Kubelet;
import io.hypernetes.kubelet.KubeletMetrics;
import io.hypernetes.kubelet.KubeletSettings;
import io.hypernetes.kubelet.ServiceVariables;
import io.hypernetes.kubelet.join.NodeBootstrap;
import io.hypernetes.kubelet.join.NodeIdentity;
import io.hypernetes.proxy.NodeProxy;
import io.hypernetes.proxy.ProxySettings;
import io.hypernetes.telemetry.StepSink;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
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
                OperatorRanges.registries(settings).without(machines).denied());
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

    /// Ends the pods of a node whose process has ended, and takes its network away; at last whatever of its machines is left, known to the journal
    /// or not. A second call finds nothing to do.
    static void removePods(Places places, Settings settings, Console console) {
        boolean known = Files.isDirectory(places.nodeState().resolve("journal"));
        if (!known && EngineParts.machineGroups(places).isEmpty()) {
            return;
        }
        console.task("Stop pods", step -> {
            try (ProcessLock lock = ProcessLock.take(places.lockOf("node"), "node")) {
                List<String> failed = known ? removePods(places, settings, step) : List.of();
                int left = EngineParts.endMachines(places);
                if (left > 0) {
                    step.detail("ended " + left + " machine(s) that ran on");
                }
                if (!failed.isEmpty()) {
                    throw new UsageException("pods that did not stop in good order, whose machines have been ended: " + String.join("; ", failed)
                            + "; `hypernetes down` may be repeated", UsageException.UNAVAILABLE);
                }
            }
        });
    }

    /// @return which of them could not be stopped; one that cannot keeps none of the others running
    private static List<String> removePods(Places places, Settings settings, Console.Step step) throws IOException {
        List<String> failed = new ArrayList<>();
        try (EngineParts engine = EngineParts.open(places, settings, podsFolder(places));
                CriConnection cri = new CriConnection(places.criSocket())) {
            List<PodSandbox> sandboxes = cri.sandboxes();
            for (PodSandbox sandbox : sandboxes) {
                step.detail(sandboxes.indexOf(sandbox) + " of " + sandboxes.size());
                attempt(sandbox.getMetadata().getNamespace() + "/" + sandbox.getMetadata().getName(), failed, () -> cri.remove(sandbox.getId()));
            }
            step.detail(sandboxes.isEmpty() ? "there were none" : sandboxes.size() - failed.size() + " stopped");
            attempt("containers of Docker", failed, engine.hyperd()::stopDocker);
            attempt("their network", failed, engine::removeNetwork);
        } catch (StatusRuntimeException e) {
            throw new UsageException("asking hyperd for its pods: " + e.getMessage() + "; `hypernetes down` may be repeated", UsageException.UNAVAILABLE);
        }
        return failed;
    }

    private static void attempt(String what, List<String> failed, Runnable stopping) {
        try {
            stopping.run();
        } catch (RuntimeException e) {
            failed.add(what + ": " + e.getMessage());
        }
    }

    @Override
    public void close() throws Exception {
        Parts.close(parts);
    }
}
