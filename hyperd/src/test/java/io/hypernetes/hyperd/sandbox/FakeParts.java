package io.hypernetes.hyperd.sandbox;

import io.hypernetes.hypervisor.Checkpointing;
import io.hypernetes.hypervisor.Hypervisor;
import io.hypernetes.hypervisor.HypervisorException;
import io.hypernetes.hypervisor.Machine;
import io.hypernetes.hypervisor.MachineRecord;
import io.hypernetes.hypervisor.MachineSpec;
import io.hypernetes.hypervisor.MachineUsage;
import io.hypernetes.images.Image;
import io.hypernetes.images.ImageStore;
import io.hypernetes.images.PullProgress;
import io.hypernetes.images.RegistryCredentials;
import io.hypernetes.images.Requester;
import io.hypernetes.network.Attachment;
import io.hypernetes.network.AttachmentRequest;
import io.hypernetes.network.Network;
import io.hypernetes.store.Commit;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Page;
import io.hypernetes.store.Store;
import io.hypernetes.store.Watch;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/// The drivers of an engine, acting on a [World] through a [World.Hand]. Every change is two steps, so that an engine can die before
/// it and behind it.
final class FakeParts {
    private final World world;
    private final World.Hand hand;

    FakeParts(World world, World.Hand hand) {
        this.world = world;
        this.hand = hand;
    }

    Hypervisor hypervisor() {
        return new Hypervisor() {
            @Override
            public String description() {
                return "fake";
            }

            @Override
            public Machine start(MachineSpec spec) {
                hand.step("start machine");
                World.MachineState state = new World.MachineState(spec.name(), spec.folder());
                if (world.machines.putIfAbsent(spec.uuid(), state) != null) {
                    throw new IllegalStateException("machine " + spec.uuid() + " was started twice");
                }
                hand.step("machine started");
                return new FakeMachine(world, hand, record(spec), state);
            }

            @Override
            public Optional<Machine> adopt(MachineRecord record) {
                hand.alive();
                World.MachineState found = world.machines.get(record.uuid());
                if (found != null && found.unreachable-- > 0) {
                    throw new HypervisorException("no descriptor is left");
                }
                return Optional.ofNullable(found)
                        .filter(state -> !state.ended)
                        .map(state -> new FakeMachine(world, hand, record, state));
            }

            @Override
            public Optional<Checkpointing> checkpointing() {
                return Optional.of(new FakeCheckpointing(world, hand));
            }

            @Override
            public void removeRemains(String name, Path folder, String cgroupParent) {
                hand.alive();
                world.beforeRemoval.run();
                world.machines.values().stream()
                        .filter(machine -> machine.name.equals(name))
                        .forEach(World.MachineState::end);
                world.machines.values().removeIf(machine -> machine.name.equals(name));
            }

            @Override
            public void close() {}
        };
    }

    private static MachineRecord record(MachineSpec spec) {
        return new MachineRecord(spec.uuid(), spec.name(), spec.folder(), 4711, 1, "boot", spec.cgroupParent() + "/" + spec.name());
    }

    /// One machine.
    record FakeMachine(World world, World.Hand hand, MachineRecord record, World.MachineState state) implements Machine {
        @Override
        public boolean isPaused() {
            if (state.silent > 0) {
                state.silent--;
                throw new HypervisorException("the control socket does not answer");
            }
            return state.paused;
        }

        @Override
        public SocketChannel connectGuest() {
            throw new UnsupportedOperationException("the door of this test needs no channel");
        }

        @Override
        public void appendLayers(List<Path> layers) {
            hand.step("append layers");
            if (!layers.subList(0, state.layers.size()).equals(state.layers)) {
                throw new IllegalStateException("layers were changed, not appended to");
            }
            if (state.notAppending-- > 0) {
                throw new HypervisorException("the control socket does not answer");
            }
            state.layers = List.copyOf(layers);
            hand.step("layers appended");
        }

        @Override
        public boolean growVolume(String serial, long bytes) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void pause() {
            state.paused = true;
        }

        @Override
        public void resume() {
            state.paused = false;
        }

        @Override
        public MachineUsage usage() {
            return new MachineUsage(1, 1);
        }

        @Override
        public void destroy() {
            hand.step("destroy machine");
            state.end();
            world.machines.remove(record.uuid());
            hand.step("machine destroyed");
        }

        @Override
        public boolean crashed() {
            return false;
        }

        @Override
        public Optional<String> awaitExit(Duration timeout) throws InterruptedException {
            synchronized (state) {
                if (!state.ended) {
                    state.wait(Math.min(timeout.toMillis(), 60_000));
                }
                return state.ended ? Optional.of("it ended") : Optional.empty();
            }
        }
    }

    Network network() {
        return new Network() {
            @Override
            public Attachment attach(AttachmentRequest request) {
                hand.step("attach");
                Attachment attachment = world.attachments.computeIfAbsent(
                        request.sandboxId(),
                        id -> new Attachment(
                                id, "0a:58:0a:58:00:05", List.of("10.88.0.5/24"), "10.88.0.1", 1500, List.of("10.88.0.1"), List.of()));
                hand.step("attached");
                return attachment;
            }

            @Override
            public Tap openTap(Attachment attachment) {
                hand.alive();
                // A number that close(2) refuses without harm.
                return new Tap("tap", -1);
            }

            @Override
            public void detach(String sandboxId) {
                hand.step("detach");
                world.attachments.remove(sandboxId);
                hand.step("detached");
            }

            @Override
            public Set<String> attachments() {
                return new HashSet<>(world.attachments.keySet());
            }

            @Override
            public void setPeers(List<Peer> peers) {}

            @Override
            public void close() {}
        };
    }

    ImageStore images() {
        return new ImageStore() {
            @Override
            public Image pull(String reference, RegistryCredentials credentials, Requester requester, PullProgress progress) {
                return world.image;
            }

            @Override
            public List<Image> load(Path file, String name, PullProgress progress) {
                return List.of(world.image);
            }

            @Override
            public Optional<Image> find(String nameOrId) {
                return Optional.of(world.image);
            }

            @Override
            public List<Image> list() {
                return List.of(world.image);
            }

            @Override
            public Image derive(String base, Path layer, java.util.function.Function<String, byte[]> configuration, String name) {
                throw new UnsupportedOperationException("the engine makes no images");
            }

            @Override
            public void save(List<String> names, ArchiveFormat format, java.io.OutputStream out) {
                throw new UnsupportedOperationException("the engine does not save");
            }

            @Override
            public void tag(String nameOrId, String name) {}

            @Override
            public byte[] configuration(String imageId) {
                return new byte[] {'{', '}'};
            }

            @Override
            public List<Image> prune(Predicate<Image> meant) {
                return List.of();
            }

            @Override
            public void remove(String nameOrId) {}

            @Override
            public void lease(String imageId, String holder) {
                hand.step("lease");
                world.leases.computeIfAbsent(holder, fresh -> new HashSet<>()).add(imageId);
                hand.step("leased");
            }

            @Override
            public Set<String> holders() {
                hand.alive();
                return Set.copyOf(world.leases.keySet());
            }

            @Override
            public void release(String holder) {
                hand.step("release");
                world.leases.remove(holder);
                hand.step("released");
            }

            @Override
            public Usage usage() {
                return new Usage(Path.of("/"), 1, 1);
            }

            @Override
            public void close() {}
        };
    }

    Store store() {
        return new Store() {
            @Override
            public long tick() {
                return 1;
            }

            @Override
            public long tick(String prefix) {
                return tick();
            }

            @Override
            public Optional<Entry> get(String key) {
                synchronized (world.store) {
                    byte[] value = world.store.get(key);
                    return value == null ? Optional.empty() : Optional.of(new Entry(key, value, 1, 1));
                }
            }

            @Override
            public Page list(String prefix, String afterKey, int limit) {
                synchronized (world.store) {
                    return new Page(
                            world.store.entrySet().stream()
                                    .filter(entry -> entry.getKey().startsWith(prefix))
                                    .map(entry -> new Entry(entry.getKey(), entry.getValue(), 1, 1))
                                    .toList(),
                            1,
                            0);
                }
            }

            @Override
            public Commit commit(List<Operation> operations) {
                hand.step("commit");
                world.apply(operations);
                hand.step("committed");
                return new Commit(1, List.of());
            }

            @Override
            public Watch watch(String prefix, long afterRevision) {
                throw new UnsupportedOperationException("the engine does not watch");
            }

            @Override
            public void close() {}
        };
    }
}
