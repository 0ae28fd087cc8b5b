package io.hypernetes.hyperd.sandbox;

import io.hypernetes.guest.VolumeSpec;
import io.hypernetes.images.DiskLayer;
import io.hypernetes.images.Image;
import io.hypernetes.images.ImageConfig;
import io.hypernetes.network.Attachment;
import io.hypernetes.store.Operation;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/// What lives on when an engine dies: machines, guests, the network's addresses, leases, the store. One engine at a time acts on
/// it through a [Hand], which can be cut off at any step.
final class World {
    final Map<UUID, MachineState> machines = new ConcurrentHashMap<>();
    final Map<String, Attachment> attachments = new ConcurrentHashMap<>();
    final Map<String, Set<String>> leases = new ConcurrentHashMap<>();
    final TreeMap<String, byte[]> store = new TreeMap<>();
    /// What machines had in them when they were saved.
    final Map<UUID, MachineState> saved = new ConcurrentHashMap<>();
    /// Run while a machine is being saved.
    Consumer<MachineState> whileSaving = machine -> {};
    /// Run while a saved machine is being loaded.
    Runnable whileLoading = () -> {};
    /// Run before what a machine left is removed.
    volatile Runnable beforeRemoval = () -> {};
    final Image image;

    /// One whose layers are on no disk.
    World() {
        this(Path.of("/layers"));
    }

    /// @param layers the folder of the layers
    World(Path layers) {
        image = new Image(
                "sha256:aa",
                List.of("lab:1"),
                List.of("lab@sha256:bb"),
                1000,
                new ImageConfig(List.of(), List.of("run"), List.of("A=b"), "", "", "", List.of(), List.of(), Map.of()),
                List.of(new DiskLayer("sha256:l1", layers.resolve("1"), 8192), new DiskLayer("sha256:l2", layers.resolve("2"), 4096)));
    }

    /// A machine and the guest in it.
    static final class MachineState {
        final String name;
        final Path folder;
        final Map<String, ContainerState> containers = new LinkedHashMap<>();
        final Map<String, VolumeSpec.Kind> volumes = new LinkedHashMap<>();
        /// Their content, by volume and path.
        final Map<String, Map<String, byte[]>> files = new LinkedHashMap<>();
        /// As it was told last.
        String hosts = "";
        /// How many plans it refuses.
        int refusing;
        /// How often its hypervisor takes no layers.
        int notAppending;
        List<Path> layers = List.of();
        byte[] instance = {};
        boolean ended;
        volatile boolean paused;
        /// How often the hypervisor does not say whether it is paused.
        volatile int silent;
        /// Run while files are being written into it.
        volatile Runnable whileWriting = () -> {};
        /// Whether its guest takes signals and lets nothing end of them.
        volatile boolean deathless;
        /// How often an engine fails to take it over, for a reason of its own.
        int unreachable;

        MachineState(String name, Path folder) {
            this.name = name;
            this.folder = folder;
        }

        /// One like it, which stands still.
        MachineState copy() {
            MachineState copy = new MachineState(name, folder);
            containers.forEach((id, container) -> copy.containers.put(id, container.copy()));
            copy.volumes.putAll(volumes);
            files.forEach((volume, content) -> copy.files.put(volume, new LinkedHashMap<>(content)));
            copy.hosts = hosts;
            copy.layers = layers;
            copy.instance = instance.clone();
            copy.paused = true;
            return copy;
        }

        synchronized void awaitEnd() {
            try {
                while (!ended) {
                    wait();
                }
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }

        synchronized void end() {
            ended = true;
            notifyAll();
        }
    }

    /// A container in a guest.
    static final class ContainerState {
        String state = "prepared";
        int exitCode;
        int signal;
        long startedNanos;
        long exitedNanos;
        final ByteArrayOutputStream stdin = new ByteArrayOutputStream();
        volatile boolean stdinEnded;
        final ByteArrayOutputStream stdout = new ByteArrayOutputStream();
        long acknowledged;
        final List<Path> layersAtPlan = new ArrayList<>();
        final List<String> mounted = new ArrayList<>();

        synchronized ContainerState copy() {
            ContainerState copy = new ContainerState();
            copy.state = state;
            copy.exitCode = exitCode;
            copy.signal = signal;
            copy.startedNanos = startedNanos;
            copy.exitedNanos = exitedNanos;
            copy.stdout.writeBytes(stdout.toByteArray());
            copy.acknowledged = acknowledged;
            copy.layersAtPlan.addAll(layersAtPlan);
            copy.mounted.addAll(mounted);
            return copy;
        }

        synchronized void print(String text) {
            stdout.writeBytes(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
            notifyAll();
        }

        synchronized void exit(int code, int killedBy) {
            if (state.equals("running")) {
                state = "exited";
                exitCode = code;
                signal = killedBy;
                exitedNanos = 2_000_000_000L;
            }
            notifyAll();
        }

        synchronized boolean exited() {
            return state.equals("exited");
        }
    }

    /// The engine's hold on the world. Each step is counted; at the step chosen the engine dies: from then on it can do nothing.
    static final class Hand {
        static final class Dead extends Error {
            private static final long serialVersionUID = 1L;

            Dead(String step) {
                super(step);
            }
        }

        private int dieAt;
        private int steps;
        private boolean dead;
        private String last = "";

        Hand(int dieAt) {
            this.dieAt = dieAt;
        }

        synchronized void step(String name) {
            if (dead) {
                throw new Dead("dead since " + last);
            }
            if (++steps == dieAt) {
                dead = true;
                last = name;
                throw new Dead(name);
            }
        }

        /// At the step that is so many from now.
        synchronized void dieAfter(int more) {
            dieAt = steps + more;
        }

        synchronized void alive() {
            if (dead) {
                throw new Dead("dead since " + last);
            }
        }

        synchronized boolean isDead() {
            return dead;
        }

        synchronized void die() {
            dead = true;
        }

        synchronized String last() {
            return last;
        }
    }

    void apply(List<Operation> operations) {
        synchronized (store) {
            for (Operation operation : operations) {
                switch (operation) {
                    case Operation.Put put -> store.put(put.key(), put.value().apply(1));
                    case Operation.Delete delete -> {
                        if (store.remove(delete.key()) == null) {
                            throw new IllegalStateException("deleting " + delete.key() + ", which is not there");
                        }
                    }
                    case Operation.Check check -> {}
                }
            }
        }
    }

    Set<String> runningNames() {
        Set<String> names = new HashSet<>();
        machines.values().stream().filter(machine -> !machine.ended).forEach(machine -> names.add(machine.name));
        return names;
    }
}
