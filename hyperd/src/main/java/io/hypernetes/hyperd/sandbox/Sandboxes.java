package io.hypernetes.hyperd.sandbox;

import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.container.Container;
import io.hypernetes.hyperd.container.ContainerRequest;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.telemetry.Timeline;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// All sandboxes of this node. Safe for use by many threads.
public final class Sandboxes implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Sandboxes.class);

    private final House house;
    private final Semaphore boots;
    private final Semaphore ownBoots;
    private final Map<String, Sandbox> sandboxes = new ConcurrentHashMap<>();
    // Names under way or in use: one pod attempt has one sandbox.
    private final Set<String> names = ConcurrentHashMap.newKeySet();

    /// @param parallelBoots how many machines may boot at a time
    Sandboxes(House house, int parallelBoots) {
        this.house = house;
        this.boots = new Semaphore(parallelBoots, true);
        this.ownBoots = new Semaphore(Math.max(1, parallelBoots / 2), true);
    }

    /// Makes a pod's machine and waits until it is ready.
    public Sandbox run(SandboxRequest request) {
        return run(request, null);
    }

    /// As [#run], with a disk that outlives the sandbox.
    ///
    /// @param keptDisk a formatted file; null for a disk of the sandbox's own
    public Sandbox run(SandboxRequest request, @Nullable Path keptDisk) {
        SandboxRecord.Size size = MachineSizes.of(request.demand(), house.hypervisor().emulates());
        String name = name(request.identity());
        if (!names.add(name)) {
            throw new HyperdException(
                    HyperdException.Kind.WRONG_STATE,
                    "There is a sandbox for pod " + request.identity().namespace() + "/" + request.identity().name() + ", attempt "
                            + request.identity().attempt() + ", already, ready or being made. Remove it first.");
        }
        house.activity().begin();
        try {
            return run(request, keptDisk, size);
        } finally {
            house.activity().end();
        }
    }

    private Sandbox run(SandboxRequest request, @Nullable Path keptDisk, SandboxRecord.Size size) {
        String name = name(request.identity());
        SandboxRecord record = new SandboxRecord(
                Identities.id(),
                request.identity(),
                SandboxRecord.Phase.MAKING,
                house.now(),
                UUID.randomUUID(),
                size,
                null,
                null,
                List.of(),
                Map.of(),
                request.files(),
                Map.of(),
                "");
        Sandbox sandbox = new Sandbox(record, house);
        try (Timeline.Running step = sandbox.timeline().begin("RunPodSandbox", "")) {
            step.step("record", () -> house.journal().write(record));
            sandboxes.put(record.id(), sandbox);
            // A kernel that is somebody's own may boot slowly or never, and then holds up only its like.
            Semaphore turns = house.kernels().isOwn(request.identity()) ? ownBoots : boots;
            try (Timeline.Running turn = step.begin("wait for a turn")) {
                turns.acquire();
            }
            try {
                new SandboxBoot(house, sandbox, request, keptDisk, step).run();
            } finally {
                turns.release();
            }
            return sandbox;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            undo(sandbox);
            throw new HyperdException(
                    HyperdException.Kind.UNAVAILABLE, "Sandbox " + record.id() + ": interrupted while it was being made.", interrupted);
        } catch (RuntimeException failure) {
            LOG.warn("event=sandbox-failed sandbox={} pod={}/{} error=\"{}\"",
                    record.id(), record.identity().namespace(), record.identity().name(), failure.getMessage());
            undo(sandbox);
            throw failure;
        }
    }

    /// The names of kernels that pods may name instead of the node's own.
    public Set<String> kernelNames() {
        return house.kernels().names();
    }

    /// Those of CRI that may be seen, oldest first.
    public List<Sandbox> list() {
        return list(false);
    }

    /// Those of the Docker face that may be seen, oldest first.
    public List<Sandbox> ofDocker() {
        return list(true);
    }

    private List<Sandbox> list(boolean docker) {
        return sandboxes.values().stream()
                .filter(sandbox -> sandbox.record().phase() != SandboxRecord.Phase.MAKING)
                .filter(sandbox -> sandbox.record().identity().isDocker() == docker)
                .sorted(Comparator.comparingLong(sandbox -> sandbox.record().createdNanos()))
                .toList();
    }

    /// A sandbox by its id or a prefix of it that no other has.
    public Optional<Sandbox> find(String id) {
        Sandbox exact = sandboxes.get(id);
        if (exact != null && !exact.record().identity().isDocker()) {
            return exact.record().phase() == SandboxRecord.Phase.MAKING ? Optional.empty() : Optional.of(exact);
        }
        List<Sandbox> found = id.isEmpty() ? List.of() : list().stream().filter(sandbox -> sandbox.id().startsWith(id)).toList();
        return found.size() == 1 ? Optional.of(found.getFirst()) : Optional.empty();
    }

    /// @throws HyperdException when there is none
    public Sandbox get(String id) {
        return find(id).orElseThrow(() -> HyperdException.notFound("There is no sandbox " + id + "."));
    }

    /// A container of any sandbox.
    ///
    /// @param sandbox where it is
    public record Found(Sandbox sandbox, Container container) {}

    /// A container by its id or a prefix of it that no other has.
    public Optional<Found> findContainer(String id) {
        List<Found> found = id.isEmpty()
                ? List.of()
                : list().stream()
                        .flatMap(sandbox -> sandbox.containers().stream().map(container -> new Found(sandbox, container)))
                        .filter(candidate -> candidate.container().id().startsWith(id))
                        .toList();
        return found.size() == 1 ? Optional.of(found.getFirst()) : Optional.empty();
    }

    /// @throws HyperdException when there is none
    public Found getContainer(String id) {
        return findContainer(id).orElseThrow(() -> HyperdException.notFound("There is no container " + id + "."));
    }

    public Container create(String sandboxId, ContainerRequest request) {
        return get(sandboxId).create(request, Particulars.NONE);
    }

    /// Prepares a container of the Docker face.
    public Container create(Sandbox sandbox, ContainerRequest request, Particulars particulars) {
        return sandbox.create(request, particulars);
    }

    /// Ends a sandbox of the Docker face so that its disks are clean; it stays in sight.
    ///
    /// @param grace how long its containers have to end by themselves
    public void shutDown(Sandbox sandbox, Duration grace) {
        sandbox.shutDown("The container was stopped.", grace);
    }

    /// Removes a sandbox of the Docker face with its container. Idempotent.
    public void remove(Sandbox sandbox) {
        sandbox.remove();
        forget(sandbox);
    }

    /// Ends the machine of a sandbox; nothing when there is no such sandbox.
    public void stop(String id) {
        find(id).ifPresent(sandbox -> sandbox.stop("The pod was stopped."));
    }

    /// Removes a sandbox with its containers; nothing when there is no such sandbox.
    public void remove(String id) {
        find(id).ifPresent(sandbox -> {
            sandbox.remove();
            forget(sandbox);
        });
    }

    /// Removes a container; nothing when there is no such container.
    public void removeContainer(String id) {
        for (Sandbox sandbox : sandboxes.values()) {
            if (sandbox.record().identity().isDocker()) {
                continue;
            }
            for (Container container : sandbox.everyContainer()) {
                if (container.id().equals(id)) {
                    sandbox.remove(container);
                    return;
                }
            }
        }
        findContainer(id).ifPresent(found -> found.sandbox().remove(found.container()));
    }

    /// Leaves all machines running.
    @Override
    public void close() {
        sandboxes.values().forEach(Sandbox::close);
    }

    Collection<Sandbox> every() {
        return sandboxes.values();
    }

    /// The sandbox of that id; when it has been removed, a new one of the same id in phase MAKING, journalled.
    ///
    /// @throws HyperdException when another sandbox has its name
    Sandbox presentOrReborn(SandboxRecord wanted) {
        Sandbox present = sandboxes.get(wanted.id());
        if (present != null) {
            return present;
        }
        if (!names.add(name(wanted.identity()))) {
            throw new HyperdException(
                    HyperdException.Kind.WRONG_STATE,
                    "There is another sandbox for pod " + wanted.identity().namespace() + "/" + wanted.identity().name() + ", attempt "
                            + wanted.identity().attempt() + ". Remove it first.");
        }
        SandboxRecord bare = wanted.withMachine(null).withPhase(SandboxRecord.Phase.MAKING, "");
        house.journal().write(bare);
        Sandbox reborn = new Sandbox(bare, house);
        sandboxes.put(bare.id(), reborn);
        return reborn;
    }

    /// Whether it has not been removed.
    boolean have(Sandbox sandbox) {
        return sandboxes.get(sandbox.id()) == sandbox;
    }

    void add(Sandbox sandbox) {
        sandboxes.put(sandbox.id(), sandbox);
        names.add(name(sandbox.record().identity()));
    }

    void forget(Sandbox sandbox) {
        sandboxes.remove(sandbox.id());
        names.remove(name(sandbox.record().identity()));
    }

    private void undo(Sandbox sandbox) {
        try {
            sandbox.remove();
            forget(sandbox);
        } catch (RuntimeException failure) {
            // It stays in sight as not ready, so that its owner removes it.
            LOG.error("event=sandbox-not-undone sandbox={} error=\"{}\"", sandbox.id(), failure.getMessage(), failure);
        }
    }

    private static String name(SandboxRecord.Identity identity) {
        return identity.namespace() + "/" + identity.name() + "/" + identity.podUid() + "/" + identity.attempt();
    }
}
