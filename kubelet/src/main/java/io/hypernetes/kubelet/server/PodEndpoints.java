package io.hypernetes.kubelet.server;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodListBuilder;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.cri.v1.AttachRequest;
import io.hypernetes.cri.v1.ExecRequest;
import io.hypernetes.cri.v1.PortForwardRequest;
import io.hypernetes.kubelet.KubeletSettings;
import io.hypernetes.kubelet.cri.CriException;
import io.hypernetes.kubelet.cri.CriRuntime;
import io.hypernetes.kubelet.cri.ObservedContainer;
import io.hypernetes.kubelet.cri.ObservedSandbox;
import io.hypernetes.kubelet.pod.PodTable;
import io.hypernetes.kubelet.pod.PodView;
import io.hypernetes.kubelet.usage.NodeUsage;
import io.hypernetes.kubelet.usage.PodUsage;
import io.hypernetes.streams.StreamPlaces;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import tools.jackson.databind.json.JsonMapper;

/// What the API server asks of this node: logs, exec, attach, port-forward, usage. Every path names the tenant, and a pod of another tenant
/// is not found.
///
/// The connections of a node are all tenants', so each has a part of them.
public final class PodEndpoints implements AutoCloseable {
    /// Fewer than the server has connections: what is asked for and answered at once finds one.
    private static final int MOST_STREAMS = 1_500;
    /// More than the API server lets a tenant have: what remains is for operators who look after its pods.
    private static final int MOST_STREAMS_OF_TENANT = 500;

    private final KubeletSettings settings;
    private final CriRuntime cri;
    private final PodTable pods;
    private final InstantSource clock;
    private final PodUsage podUsage;
    private final NodeUsage nodeUsage;
    private final LogWatch watch = new LogWatch();
    private final StreamPlaces places;

    public PodEndpoints(KubeletSettings settings, CriRuntime cri, PodTable pods, InstantSource clock) {
        this(settings, cri, pods, clock, StreamPlaces.within(MOST_STREAMS, MOST_STREAMS_OF_TENANT));
    }

    /// @param places for streams
    public PodEndpoints(KubeletSettings settings, CriRuntime cri, PodTable pods, InstantSource clock, StreamPlaces places) {
        this.places = places;
        this.settings = settings;
        this.cri = cri;
        this.pods = pods;
        this.clock = clock;
        this.podUsage = new PodUsage(cri, clock);
        this.nodeUsage = new NodeUsage(clock);
    }

    void answer(HttpRequestHead request, KubeletServer.Wire wire) throws IOException, InterruptedException {
        List<String> path = request.path();
        try {
            if (path.equals(List.of("healthz"))) {
                KubeletServer.plain(wire.out(), 200, "ok");
            } else if (path.equals(List.of("pods"))) {
                KubeletServer.whole(wire.out(), 200, "application/json",
                        JsonMapper.shared().writeValueAsBytes(new PodListBuilder().withItems(pods.pods()).build()));
            } else if (path.equals(List.of("nodeMetrics"))) {
                KubeletServer.whole(wire.out(), 200, "application/json", nodeUsage.now());
            } else if (path.size() == 3 && path.getFirst().equals("tenants") && path.get(2).equals("podMetrics")) {
                KubeletServer.whole(wire.out(), 200, "application/json",
                        podUsage.ofTenant(path.get(1), PodUsage.started(pods.containersOf(path.get(1)))));
            } else if (path.size() >= 5 && path.getFirst().equals("tenants")) {
                stream(request, wire);
            } else {
                throw new HttpFailure(404, "there is no /" + String.join("/", path) + " here");
            }
        } catch (CriException refused) {
            throw new HttpFailure(refused.isNotFound() ? 404 : 500, String.valueOf(refused.getMessage()));
        }
    }

    // --- streams

    private void stream(HttpRequestHead request, KubeletServer.Wire wire) throws IOException, InterruptedException {
        List<String> path = request.path();
        ObjectKey key = new ObjectKey(path.get(1), path.get(3), path.get(4));
        String container = path.size() > 5 ? path.get(5) : "";
        try (StreamPlaces.Place place = places.take(key.tenant())
                .orElseThrow(() -> new HttpFailure(429, StreamPlaces.refusal(key.tenant(), "on node " + settings.nodeName())))) {
            switch (path.get(2)) {
                case "containerLogs" -> logs(request, wire, key, container);
                case "exec" -> Splice.through(request, wire, exec(request, key, container));
                case "attach" -> Splice.through(request, wire, attach(request, key, container));
                case "portForward" -> Splice.through(request, wire, portForward(request, key));
                default -> throw new HttpFailure(404, "there is no " + path.get(2) + " here");
            }
        }
    }

    @Override
    public void close() {
        watch.close();
    }

    private URI exec(HttpRequestHead request, ObjectKey key, String container) {
        boolean tty = request.flag("tty");
        return URI.create(cri.execUrl(ExecRequest.newBuilder()
                .setContainerId(running(key, container).id())
                .addAllCmd(request.parameters("command"))
                .setTty(tty)
                .setStdin(request.flag("stdin", "input"))
                .setStdout(request.flag("stdout", "output"))
                .setStderr(!tty && request.flag("stderr", "error"))
                .build()));
    }

    private URI attach(HttpRequestHead request, ObjectKey key, String container) {
        // Whether there is a terminal is a property of the container, not of who attaches.
        boolean tty = find(key).containers().stream()
                .anyMatch(each -> each.getName().equals(container) && Boolean.TRUE.equals(each.getTty()));
        return URI.create(cri.attachUrl(AttachRequest.newBuilder()
                .setContainerId(running(key, container).id())
                .setTty(tty)
                .setStdin(request.flag("stdin", "input"))
                .setStdout(request.flag("stdout", "output"))
                .setStderr(!tty && request.flag("stderr", "error"))
                .build()));
    }

    private URI portForward(HttpRequestHead request, ObjectKey key) {
        ObservedSandbox sandbox = find(key).seen().readySandbox()
                .orElseThrow(() -> new HttpFailure(400, "pod " + key.name() + " is not running"));
        PortForwardRequest.Builder forward = PortForwardRequest.newBuilder().setPodSandboxId(sandbox.id());
        for (String ports : request.parameters("ports")) {
            for (String port : ports.split(",")) {
                try {
                    forward.addPort(Integer.parseInt(port.strip()));
                } catch (NumberFormatException malformed) {
                    throw new HttpFailure(400, "\"" + port + "\" is no port");
                }
            }
        }
        return URI.create(cri.portForwardUrl(forward.build()));
    }

    private PodView find(ObjectKey key) {
        return pods.find(key).orElseThrow(() -> new HttpFailure(404, "pod \"" + key.name() + "\" not found"));
    }

    private ObservedContainer running(ObjectKey key, String name) {
        return find(key).seen().container(name).filter(ObservedContainer::running)
                .orElseThrow(() -> new HttpFailure(404, "container not found (\"" + name + "\")"));
    }

    // --- logs

    private void logs(HttpRequestHead request, KubeletServer.Wire wire, ObjectKey key, String name) throws IOException, InterruptedException {
        LogOptions options = LogOptions.of(request, clock);
        PodView view = find(key);
        ObservedContainer run = run(view, key, name, options.previous());
        Path file = settings.logsOf(key, view.pod().getMetadata().getUid()).resolve(name).resolve(run.attempt() + ".log");
        if (!Files.exists(file) && run.ended()) {
            throw new HttpFailure(404, "the log of container " + name + " is not here (any more)");
        }
        wire.out().write(("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
        wire.out().flush();
        AtomicBoolean gone = new AtomicBoolean();
        Thread.ofVirtual().name("log-client").start(() -> awaitEnd(wire, gone));
        try (OutputStream body = new ChunkedOutput(wire.out())) {
            new LogReader(file, options, () -> gone.get() || ended(key, view, run), body, watch).copy();
        }
    }

    /// Whoever follows the log of a silent container and goes away would else be noticed only when it speaks.
    private static void awaitEnd(KubeletServer.Wire wire, AtomicBoolean gone) {
        try {
            while (wire.in().read() >= 0) {
                // A log is asked for once; what else is said does not matter.
            }
        } catch (IOException broken) {
            // The same as its end.
        }
        gone.set(true);
    }

    /// True when this run of the container can write no more.
    private boolean ended(ObjectKey key, PodView view, ObservedContainer run) {
        Optional<PodView> now = pods.find(key).filter(each ->
                each.pod().getMetadata().getUid().equals(view.pod().getMetadata().getUid()));
        return now.map(each -> each.seen().containers().stream()
                        .filter(container -> container.id().equals(run.id()))
                        .findFirst().map(ObservedContainer::ended).orElse(true))
                .orElse(true);
    }

    private static ObservedContainer run(PodView view, ObjectKey key, String name, boolean previous) {
        List<ObservedContainer> runs = view.seen().containers(name);
        boolean known = view.containers().stream().anyMatch(each -> each.getName().equals(name));
        if (!known) {
            throw new HttpFailure(400, "container " + name + " is not valid for pod " + key.name());
        }
        if (previous) {
            boolean waits = waiting(view.pod(), name).isPresent();
            return runs.stream().filter(ObservedContainer::ended).skip(!runs.isEmpty() && runs.getFirst().ended() && !waits ? 1 : 0).findFirst()
                    .orElseThrow(() -> new HttpFailure(400, "previous terminated container \"" + name + "\" in pod \"" + key.name() + "\" not found"));
        }
        if (runs.isEmpty() || runs.getFirst().state() == ObservedContainer.State.CREATED) {
            String why = waiting(view.pod(), name).orElse("ContainerCreating");
            String words = why.equals("ErrImagePull") || why.equals("ImagePullBackOff") ? "trying and failing to pull image" : why;
            throw new HttpFailure(400, "container \"" + name + "\" in pod \"" + key.name() + "\" is waiting to start: " + words);
        }
        return runs.getFirst();
    }

    private static Optional<String> waiting(Pod pod, String name) {
        if (pod.getStatus() == null) {
            return Optional.empty();
        }
        List<ContainerStatus> statuses = new ArrayList<>(pod.getStatus().getContainerStatuses());
        statuses.addAll(pod.getStatus().getInitContainerStatuses());
        statuses.addAll(pod.getStatus().getEphemeralContainerStatuses());
        return statuses.stream()
                .filter(status -> status.getName().equals(name) && status.getState() != null && status.getState().getWaiting() != null)
                .map(status -> status.getState().getWaiting().getReason())
                .findFirst();
    }
}
