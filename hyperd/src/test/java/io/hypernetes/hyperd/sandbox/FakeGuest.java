package io.hypernetes.hyperd.sandbox;

import io.hypernetes.guest.ContainerExit;
import io.hypernetes.guest.ContainerInput;
import io.hypernetes.guest.ContainerOutput;
import io.hypernetes.guest.ContainerSpec;
import io.hypernetes.guest.Errno;
import io.hypernetes.guest.ExecSpec;
import io.hypernetes.guest.FileContent;
import io.hypernetes.guest.FilePush;
import io.hypernetes.guest.FileRequest;
import io.hypernetes.guest.Guest;
import io.hypernetes.guest.GuestException;
import io.hypernetes.guest.GuestInventory;
import io.hypernetes.guest.GuestListener;
import io.hypernetes.guest.GuestProcess;
import io.hypernetes.guest.GuestSocket;
import io.hypernetes.guest.GuestStats;
import io.hypernetes.guest.HelloAnswer;
import io.hypernetes.guest.MountSpec;
import io.hypernetes.guest.NetworkConfig;
import io.hypernetes.guest.OutputKind;
import io.hypernetes.guest.PodPlan;
import io.hypernetes.guest.PodSettings;
import io.hypernetes.guest.Resources;
import io.hypernetes.guest.Resume;
import io.hypernetes.guest.SignalTarget;
import io.hypernetes.guest.StartedContainer;
import io.hypernetes.guest.VolumeSpec;
import java.io.FilterOutputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A session with the guest of a [World.MachineState]: containers print and end as the test says.
final class FakeGuest implements Guest {
    private final World.Hand hand;
    private final World.MachineState machine;
    private final GuestListener listener;
    private volatile boolean open = true;

    FakeGuest(World.Hand hand, World.MachineState machine, GuestListener listener) {
        this.hand = hand;
        this.machine = machine;
        this.listener = listener;
    }

    static GuestDoor door(World.Hand hand) {
        return (running, name, freshness, listener, deadline) -> {
            hand.alive();
            World.MachineState machine = ((FakeParts.FakeMachine) running).state();
            if (machine.paused) {
                throw new GuestException(GuestException.Kind.DEADLINE, 0, "attach", "time stands still in it");
            }
            return new FakeGuest(hand, machine, listener);
        };
    }

    @Override
    public byte[] instance() {
        return machine.instance.clone();
    }

    @Override
    public HelloAnswer hello(Duration deadline) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void resume(Resume resume, Duration deadline) {
        hand.step("resume");
        machine.instance = resume.nonce();
        hand.step("resumed");
    }

    @Override
    public void network(NetworkConfig network, Duration deadline) {
        hand.alive();
    }

    @Override
    public List<String> plan(PodPlan plan, Duration deadline) {
        hand.step("plan");
        if (machine.refusing-- > 0) {
            throw refused(Errno.EIO, "plan");
        }
        PodSettings pod = plan.pod();
        if (pod != null) {
            machine.hosts = pod.hosts() == null ? "" : pod.hosts();
        }
        for (VolumeSpec volume : plan.volumes()) {
            machine.volumes.put(volume.name(), volume.kind());
            hand.step("volume declared");
        }
        for (ContainerSpec container : plan.containers()) {
            World.ContainerState state = new World.ContainerState();
            container.mounts().forEach(mount -> {
                if (mount instanceof MountSpec.Volume volume) {
                    state.mounted.add(volume.volume());
                }
            });
            if (container.layers().stream().anyMatch(layer -> layer.offsetBytes() / 4096 > machine.layers.size() * 2L)) {
                throw refused(Errno.EINVAL, "mount-layer");
            }
            if (machine.containers.putIfAbsent(container.id(), state) != null) {
                throw refused(Errno.EEXIST, "plan");
            }
        }
        hand.step("planned");
        return List.of();
    }

    @Override
    public StartedContainer start(String container, Duration deadline) {
        hand.step("start container");
        World.ContainerState state = found(container);
        synchronized (state) {
            if (!state.state.equals("prepared")) {
                throw refused(Errno.EALREADY, "start");
            }
            if (!machine.volumes.keySet().containsAll(state.mounted)) {
                throw refused(Errno.ENOENT, "mount");
            }
            state.state = "running";
            state.startedNanos = 1_000_000_000L;
        }
        Thread.ofVirtual().start(() -> tellExit(container, state));
        hand.step("container started");
        return new StartedContainer(2, state.startedNanos, 0, 0, List.of());
    }

    private void tellExit(String container, World.ContainerState state) {
        try {
            synchronized (state) {
                while (!state.state.equals("exited")) {
                    state.wait();
                }
            }
            if (open && !hand.isDead()) {
                listener.exited(new ContainerExit(container, state.exitCode, state.signal, false, state.exitedNanos, ""));
            }
        } catch (InterruptedException | World.Hand.Dead ended) {
            // Nobody hears it any more.
        }
    }

    @Override
    public void signal(String container, int signal, SignalTarget target, Duration deadline) {
        hand.alive();
        World.ContainerState state = found(container);
        if (!state.state.equals("running")) {
            throw refused(Errno.ESRCH, "signal");
        }
        if (!machine.deathless) {
            state.exit(128 + signal, signal);
        }
    }

    @Override
    public GuestProcess exec(ExecSpec exec, Duration deadline) {
        throw new UnsupportedOperationException();
    }

    @Override
    public GuestProcess copy(io.hypernetes.guest.CopySpec copy, Duration deadline) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void resizeTty(String container, int rows, int columns, Duration deadline) {}

    @Override
    public GuestInventory list(Duration deadline) {
        hand.alive();
        List<GuestInventory.Container> containers = new ArrayList<>();
        machine.containers.forEach((id, state) -> {
            synchronized (state) {
                GuestInventory.State told = switch (state.state) {
                    case "prepared" -> GuestInventory.State.PREPARED;
                    case "running" -> GuestInventory.State.RUNNING;
                    default -> GuestInventory.State.EXITED;
                };
                boolean ended = told == GuestInventory.State.EXITED;
                containers.add(new GuestInventory.Container(
                        id, told, 2, state.startedNanos, state.exitedNanos, state.exitCode, state.signal, false, false, Optional.empty(),
                        List.of(
                                new GuestInventory.Output(OutputKind.STDOUT, state.acknowledged, state.stdout.size(), ended),
                                new GuestInventory.Output(OutputKind.STDERR, 0, 0, ended)),
                        0, 0, List.of(), ""));
                if (told == GuestInventory.State.RUNNING) {
                    Thread.ofVirtual().start(() -> tellExit(id, state));
                }
            }
        });
        return new GuestInventory(containers, machine.volumes.entrySet().stream().map(each -> new GuestInventory.Volume(each.getKey(), each.getValue())).toList());
    }

    @Override
    public ContainerOutput openOutput(String container, OutputKind kind, long offset, Duration deadline) {
        hand.alive();
        World.ContainerState state = found(container);
        if (kind == OutputKind.STDOUT && (offset < state.acknowledged || offset > state.stdout.size())) {
            throw refused(Errno.ERANGE, "open");
        }
        return new Output(state, kind, offset);
    }

    private final class Output implements ContainerOutput {
        private final World.ContainerState state;
        private final OutputKind kind;
        private long position;

        Output(World.ContainerState state, OutputKind kind, long position) {
            this.state = state;
            this.kind = kind;
            this.position = position;
        }

        @Override
        public Optional<Item> read(Duration timeout) {
            synchronized (state) {
                while (true) {
                    if (!open || hand.isDead()) {
                        throw new GuestException(GuestException.Kind.DISCONNECTED, 0, "", "the session is over");
                    }
                    long written = kind == OutputKind.STDOUT ? state.stdout.size() : 0;
                    if (position < written) {
                        // In odd pieces, so that lines are torn.
                        int size = (int) Math.min(7, written - position);
                        byte[] bytes = Arrays.copyOfRange(state.stdout.toByteArray(), (int) position, (int) position + size);
                        Bytes item = new Bytes(position, bytes);
                        position += size;
                        return Optional.of(item);
                    }
                    if (state.state.equals("exited")) {
                        return Optional.of(new End(written, 0));
                    }
                    try {
                        state.wait(20);
                    } catch (InterruptedException interrupted) {
                        throw new GuestException(GuestException.Kind.INTERRUPTED, 0, "", "interrupted");
                    }
                }
            }
        }

        @Override
        public void acknowledge(long offset) {
            if (hand.isDead() || !open) {
                throw new GuestException(GuestException.Kind.DISCONNECTED, 0, "", "the session is over");
            }
            if (kind == OutputKind.STDOUT && offset > state.acknowledged) {
                hand.step("acknowledge");
                synchronized (state) {
                    if (offset > state.stdout.size()) {
                        throw new IllegalStateException("acknowledged what was never written: " + offset);
                    }
                    state.acknowledged = Math.max(state.acknowledged, offset);
                }
            }
        }

        @Override
        public long acknowledgedAtOpen() {
            return 0;
        }

        @Override
        public void close() {}
    }

    @Override
    public ContainerInput openInput(String container, Duration deadline) {
        hand.alive();
        World.ContainerState state = found(container);
        OutputStream stream = new FilterOutputStream(state.stdin) {
            @Override
            public void close() {
                state.stdinEnded = true;
            }
        };
        return new ContainerInput() {
            @Override
            public OutputStream stream() {
                return stream;
            }

            @Override
            public boolean isOpen() {
                return open && !state.stdinEnded;
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public void grow(String volume, long bytes, Duration deadline) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void forget(Duration deadline) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void remove(String container, Duration deadline) {
        hand.step("remove container");
        World.ContainerState state = machine.containers.remove(container);
        if (state != null) {
            state.exit(137, 9);
        }
        hand.step("container removed");
    }

    @Override
    public void update(String container, Resources resources, Duration deadline) {}

    @Override
    public GuestStats stats(Duration deadline) {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean writeFiles(FilePush files, Duration deadline) {
        hand.step("write files");
        machine.whileWriting.run();
        if (!machine.volumes.containsKey(files.volume())) {
            throw refused(Errno.ENOENT, "files");
        }
        Map<String, byte[]> content = new LinkedHashMap<>();
        files.files().forEach(file -> content.put(file.path(), file.data()));
        machine.files.put(files.volume(), content);
        hand.step("files written");
        return true;
    }

    @Override
    public FileContent readFile(FileRequest file, Duration deadline) {
        return new FileContent("bye".getBytes(java.nio.charset.StandardCharsets.UTF_8), 3, 0644);
    }

    @Override
    public GuestSocket connect(String address, int port, Duration timeout) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void shutdown(Duration grace, Duration deadline) {}

    @Override
    public boolean isOpen() {
        return open && !machine.ended;
    }

    @Override
    public void close() {
        if (open) {
            open = false;
            listener.disconnected(new GuestException(GuestException.Kind.DISCONNECTED, 0, "", "closed"));
        }
    }

    private World.ContainerState found(String container) {
        World.ContainerState state = machine.containers.get(container);
        if (state == null) {
            throw refused(Errno.ESRCH, "find");
        }
        return state;
    }

    private static GuestException refused(int errno, String step) {
        return new GuestException(GuestException.Kind.REFUSED, errno, step, "the fake guest refuses at " + step);
    }

    Map<String, World.ContainerState> containers() {
        return machine.containers;
    }
}
