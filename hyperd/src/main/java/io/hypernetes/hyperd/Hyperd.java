package io.hypernetes.hyperd;

import io.hypernetes.hyperd.cri.CriServer;
import io.hypernetes.hyperd.docker.DockerServer;
import io.hypernetes.hyperd.event.Events;
import io.hypernetes.hyperd.journal.Journal;
import io.hypernetes.hyperd.sandbox.Engine;
import io.hypernetes.hyperd.sandbox.GuestDoor;
import io.hypernetes.hyperd.sandbox.Sandbox;
import io.hypernetes.hyperd.stream.StreamServer;
import io.hypernetes.hyperd.stream.Streams;
import io.hypernetes.hypervisor.GuestKernel;
import io.hypernetes.hypervisor.Hypervisor;
import io.hypernetes.images.ImageStore;
import io.hypernetes.network.Groups;
import io.hypernetes.network.Network;
import io.hypernetes.store.Store;
import io.hypernetes.telemetry.StepSink;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/// The engine of one node, serving CRI v1. It is ready when the constructor returns: what an earlier process left running is
/// adopted by then. What it was given (stores, drivers) stays the giver's to close.
///
/// Safe for use by many threads.
public final class Hyperd implements AutoCloseable {
    private final @Nullable Groups groups;
    private final Engine engine;
    private final StreamServer streamServer;
    private final CriServer cri;

    /// Starts the engine.
    ///
    /// @param kernel the kernel for the next machine; asked for at each boot
    /// @param podCidr told when the kubelet says which addresses the node's pods have
    /// @throws IOException when the socket cannot be made
    public Hyperd(
            HyperdSettings settings,
            ImageStore images,
            Hypervisor hypervisor,
            Network network,
            Store store,
            Supplier<GuestKernel> kernel,
            Consumer<String> podCidr,
            Clock clock)
            throws IOException {
        this(settings, images, hypervisor, network, store, kernel, podCidr, clock, StepSink.NONE);
    }

    /// As the other, measured.
    ///
    /// @param steps gets every step of every start when it is over
    public Hyperd(
            HyperdSettings settings,
            ImageStore images,
            Hypervisor hypervisor,
            Network network,
            Store store,
            Supplier<GuestKernel> kernel,
            Consumer<String> podCidr,
            Clock clock,
            StepSink steps)
            throws IOException {
        this.groups = network.groups().orElse(null);
        Events events = new Events();
        Path scratch = settings.stateFolder().resolve("scratch");
        engine = new Engine(settings, scratch, images, hypervisor, network, new Journal(store), events, kernel, GuestDoor.PROTOCOL, clock, steps);
        StreamServer opened = null;
        try {
            opened = new StreamServer(clock);
            cri = new CriServer(
                    settings.criSocket(),
                    engine.sandboxes(),
                    engine.checkpoints(),
                    new Streams(opened, engine.sandboxes()),
                    images,
                    events,
                    clock,
                    scratch,
                    podCidr,
                    network::trouble,
                    () -> Map.of(
                            "config", configuration(settings),
                            "hypervisor", hypervisor.description(),
                            "starts", engine.starts().toString(),
                            "leaks", String.join("\n", engine.inventory().leaks())));
            streamServer = opened;
        } catch (IOException | RuntimeException failure) {
            if (opened != null) {
                opened.close();
            }
            engine.close();
            throw failure;
        }
    }

    private static String configuration(HyperdSettings settings) {
        return JsonMapper.builder().build().writeValueAsString(new java.util.TreeMap<>(Map.of(
                "stateDir", settings.stateFolder().toString(),
                "machinesDir", settings.machinesFolder().toString(),
                "criSocket", settings.criSocket().toString(),
                "podsDir", settings.podsFolder().toString(),
                "cgroupParent", settings.cgroupParent(),
                "bootDeadlineSeconds", settings.bootDeadline().toSeconds(),
                "parallelBoots", settings.parallelBoots(),
                "machineOverheadMib", settings.machineOverheadMib())));
    }

    /// Serves the Docker Engine API as well, on the same journal and images; the caller closes it first.
    ///
    /// @param socket as `/run/hypernetes/docker.sock`
    /// @param folder what Docker containers keep
    public DockerServer docker(Path socket, Path folder, ImageStore images, Store store, Clock clock) throws IOException {
        return new DockerServer(socket, folder, engine.sandboxes(), images, store, groups, clock);
    }

    /// Machines of Docker containers that there are: names by the sandbox's id.
    public Map<String, String> dockerSandboxes() {
        return engine.sandboxes().ofDocker().stream()
                .collect(Collectors.toMap(Sandbox::id, sandbox -> sandbox.record().identity().name()));
    }

    /// Ends the machine of a Docker container, giving its processes ten seconds. Its next start finds it as after a reboot. Nothing when there is none.
    public void stopDocker(String sandboxId) {
        engine.sandboxes().ofDocker().stream()
                .filter(sandbox -> sandbox.id().equals(sandboxId))
                .forEach(sandbox -> engine.sandboxes().shutDown(sandbox, Duration.ofSeconds(10)));
    }

    /// How machines were started, and what is ready for the next; see [Engine#starts].
    public Map<String, Long> starts() {
        return engine.starts();
    }

    /// What there is of everything that a pod consists of.
    public Inventory inventory() {
        return engine.inventory();
    }

    /// What belongs to no pod, a sentence each; empty when all is well. Pods that are being made or removed just now may show.
    public List<String> leaks() {
        return engine.inventory().leaks();
    }

    /// Stops serving. All machines keep running, to be adopted by the next start.
    @Override
    public void close() {
        cri.close();
        streamServer.close();
        engine.close();
    }
}
