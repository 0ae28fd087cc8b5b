package io.hypernetes.kubelet;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.grpc.Context;
import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Kind;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.cri.v1.ContainerEventResponse;
import io.hypernetes.kubelet.cri.CriException;
import io.hypernetes.kubelet.cri.CriRuntime;
import io.hypernetes.kubelet.cri.ObservedPod;
import io.hypernetes.kubelet.eviction.Eviction;
import io.hypernetes.kubelet.node.NodeAgent;
import io.hypernetes.kubelet.pod.LogRotation;
import io.hypernetes.kubelet.pod.DiskGrowth;
import io.hypernetes.kubelet.pod.PodServices;
import io.hypernetes.kubelet.pod.PodTable;
import io.hypernetes.kubelet.pod.RecordedPodEvents;
import io.hypernetes.kubelet.pod.StatusWriter;
import io.hypernetes.kubelet.probe.GrpcHealth;
import io.hypernetes.kubelet.probe.HostLookups;
import io.hypernetes.kubelet.probe.PodHttp;
import io.hypernetes.kubelet.server.KubeletServer;
import io.hypernetes.kubelet.server.PodEndpoints;
import io.hypernetes.kubelet.server.ServerTls;
import io.hypernetes.kubelet.staticpod.MachineCosts;
import io.hypernetes.kubelet.staticpod.MirrorPods;
import io.hypernetes.kubelet.staticpod.StaticPods;
import io.hypernetes.kubelet.volume.ApiSources;
import io.hypernetes.kubelet.volume.DiskRemoval;
import io.hypernetes.kubelet.volume.Disks;
import io.hypernetes.kubelet.volume.Volumes;
import io.hypernetes.telemetry.StepSink;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The node agent. [#start] returns at once; API server and runtime may come later, go and come back. [#close] leaves every pod
/// running: the next kubelet takes them over.
public final class Kubelet implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Kubelet.class);
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Context.CancellableContext calls = Context.ROOT.withCancellation();
    private final CriRuntime cri;
    private final GrpcHealth probes;
    private final EventRecorder recorder;
    private final StatusWriter statuses;
    private final PodTable pods;
    private final MachineCosts costs;
    private final MirrorPods mirrors;
    private final StaticPods staticPods;
    private final Informer<Pod> informer;
    private final KubeletServer server;
    private final NodeAgent node;
    private final LogRotation rotation;
    private final Eviction eviction;
    private final DiskRemoval removal;
    private final DiskGrowth growth;

    /// @param client speaks as `system:node:NAME`
    /// @param tls of the kubelet's own server, asked at every connection; see [ServerTls#context]
    /// @throws IOException when the port cannot be bound or the folders not made
    public Kubelet(KubeletSettings settings, Client client, Supplier<SSLContext> tls, InstantSource clock) throws IOException {
        this(settings, client, tls, clock, StepSink.NONE, new KubeletMetrics(new PrometheusRegistry()), PodDialer.DIRECT, ServiceVariables.NONE);
    }

    /// As the other, measured.
    ///
    /// @param steps gets every step of a pod's start when it is over
    /// @param dialer for probes and hooks
    /// @param variables tells containers of services
    public Kubelet(
            KubeletSettings settings,
            Client client,
            Supplier<SSLContext> tls,
            InstantSource clock,
            StepSink steps,
            KubeletMetrics metrics,
            PodDialer dialer,
            ServiceVariables variables)
            throws IOException {
        // Secrets of tenants lie below: nobody but the kubelet and the runtime may look.
        Files.setPosixFilePermissions(Files.createDirectories(settings.podsFolder()), PosixFilePermissions.fromString("rwx------"));
        Files.setPosixFilePermissions(Files.createDirectories(settings.disksFolder()), PosixFilePermissions.fromString("rwx------"));
        Files.setPosixFilePermissions(Files.createDirectories(settings.logFolder().resolve("pods")), PosixFilePermissions.fromString("rwxr-x---"));
        this.cri = new CriRuntime(settings.criSocket(), threads, settings.hostPaths());
        this.probes = new GrpcHealth(dialer);
        this.recorder = new EventRecorder(client, "kubelet", settings.nodeName(), clock);
        this.statuses = new StatusWriter(client);
        ApiSources sources = new ApiSources(client);
        Volumes volumes = new Volumes(settings.podsFolder(), sources, clock);
        Disks disks = new Disks(sources, settings.nodeName());
        HostLookups hosts = new HostLookups(InetAddress::getAllByName);
        PodServices services = new PodServices(settings, cri, volumes, disks, sources, new RecordedPodEvents(recorder, settings.hostPaths()), statuses, hosts, new PodHttp(dialer, hosts), probes, variables, clock,
                this::allocatable, this::ownNode, steps, metrics);
        this.costs = new MachineCosts();
        this.pods = new PodTable(services, costs);
        this.mirrors = new MirrorPods(client, pods, costs);
        this.staticPods = new StaticPods(settings.stateFolder().resolve("manifests"), settings.nodeName(), pods, mirrors);
        this.informer = new Informer<>(client, Kind.POD, Scope.everywhere(), Selection.fields("spec.nodeName=" + settings.nodeName()))
                .handler(mirrors);
        this.server = new KubeletServer(null, settings.port(), tls, ServerTls::mayAsk, new PodEndpoints(settings, cri, pods, clock));
        this.node = new NodeAgent(settings, client, cri, recorder, clock, server.port(), pods::grown);
        this.eviction = new Eviction(node.signals(), cri, pods, settings, Eviction.BEAT);
        this.rotation = new LogRotation(settings, cri, pods, clock);
        this.removal = new DiskRemoval(client, settings.disksFolder(), settings.nodeName(), disks::isHeld);
        this.growth = new DiskGrowth(client, cri, recorder, pods, settings.nodeName());
    }

    public Kubelet start() {
        server.start();
        node.start();
        informer.start();
        staticPods.start();
        rotation.start();
        eviction.start();
        threads.execute(this::adoptOwn);
        threads.execute(this::adopt);
        threads.execute(this::listen);
        return this;
    }

    /// For tests of parts that act on pods.
    PodTable pods() {
        return pods;
    }

    CriRuntime runtime() {
        return cri;
    }

    /// The port of the kubelet's server.
    public int port() {
        return server.port();
    }

    @Override
    public void close() {
        closed.countDown();
        calls.cancel(null);
        informer.close();
        staticPods.close();
        mirrors.close();
        pods.close();
        rotation.close();
        removal.close();
        growth.close();
        eviction.close();
        node.close();
        server.close();
        statuses.close();
        recorder.close();
        cri.close();
        probes.close();
        threads.shutdownNow();
    }

    private Map<String, Quantity> allocatable() {
        return node.allocatable();
    }

    private Optional<Node> ownNode(boolean afresh) {
        return node.object(afresh);
    }

    /// The same of the node's own pods, for which no API is needed.
    private void adoptOwn() {
        try {
            staticPods.awaitRead();
            takeOver(pods::adoptOwn);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    /// What an earlier kubelet left and the API no longer knows is ended, and what is new begins, once both sides have answered.
    private void adopt() {
        try {
            // Static pods have their room first; those of a folder that cannot be read are not waited for.
            staticPods.awaitLook();
            while (!informer.awaitSynced(PATIENCE)) {
                if (closed.getCount() == 0) {
                    return;
                }
            }
            costs.complete();
            if (takeOver(pods::adopt)) {
                // Which disks machines have is known from now on.
                removal.start();
                growth.start();
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    /// @param step gets what the runtime holds, as often as it takes
    /// @return false when the kubelet was closed before
    private boolean takeOver(Consumer<Map<String, ObservedPod>> step) throws InterruptedException {
        while (closed.getCount() > 0) {
            try {
                step.accept(cri.observeAll());
                return true;
            } catch (CriException away) {
                LOG.warn("event=adoption-waits reason=\"{}\"", away.getMessage());
            } catch (RuntimeException fault) {
                LOG.error("event=adoption-fault", fault);
            }
            closed.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        }
        return false;
    }

    /// The runtime's events wake the pods they speak of. After a break anything may have happened, so all are woken.
    private void listen() {
        try {
            while (closed.getCount() > 0) {
                try {
                    Iterator<ContainerEventResponse> events = cri.events(calls);
                    pods.wakeAll();
                    node.wake();
                    while (events.hasNext()) {
                        ContainerEventResponse event = events.next();
                        pods.wake(event.getPodSandboxStatus().getMetadata().getUid());
                    }
                } catch (CriException | io.grpc.StatusRuntimeException away) {
                    if (closed.getCount() > 0) {
                        LOG.warn("event=runtime-events-broken reason=\"{}\"", away.getMessage());
                    }
                }
                if (closed.await(500, TimeUnit.MILLISECONDS)) {
                    return;
                }
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }
}
