package io.hypernetes.hyperd.sandbox;

import io.grpc.Context;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.container.Container;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hyperd.journal.Intent;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hyperd.volume.PodDisks;
import io.hypernetes.hypervisor.Checkpointing;
import io.hypernetes.hypervisor.Machine;
import io.hypernetes.hypervisor.SavedMachine;
import io.hypernetes.images.DiskLayer;
import io.hypernetes.images.Image;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes running pods to disk and brings them back on the same node: the same memory, processes and open files.
///
/// A pod that is saved stands still meanwhile, which takes about a second for 100 MiB in use. Its log is part of it only as a position: a
/// restored pod's output goes on behind what is in the log, from where its guest stood.
///
/// **After a crash** a pod that was being saved goes on and the half checkpoint is gone; a pod that was being restored is gone and the
/// checkpoint is still there.
///
/// Safe for use by many threads.
public final class Checkpoints {
    private static final Logger LOG = LoggerFactory.getLogger(Checkpoints.class);

    private final House house;
    private final Sandboxes sandboxes;
    private final CheckpointFolder folder;
    /// Tells exports of one container in the same millisecond from each other.
    private final AtomicLong exports = new AtomicLong();
    private final Set<String> beingRestored = ConcurrentHashMap.newKeySet();

    Checkpoints(House house, Sandboxes sandboxes, Path folder) {
        this.house = house;
        this.sandboxes = sandboxes;
        this.folder = new CheckpointFolder(folder);
    }

    /// Saves a pod.
    ///
    /// @param name of the checkpoint, which no other has
    /// @param stop whether the pod ends when it is saved; otherwise it goes on
    /// @throws HyperdException when the pod does not run, or cannot be saved; it goes on then
    public Checkpoint save(String sandboxId, String name, boolean stop) {
        Checkpointing driver = driver();
        Sandbox sandbox = sandboxes.get(sandboxId);
        return sandbox.holding(() -> {
            if (!sandbox.isReady()) {
                throw new HyperdException(HyperdException.Kind.WRONG_STATE, "Sandbox " + sandbox.id() + " does not run, so it cannot be saved.");
            }
            try (CheckpointFolder.Draft draft = folder.begin(name)) {
                return save(sandbox, driver, draft, name, stop, true);
            } catch (IOException failure) {
                throw new HyperdException(
                        HyperdException.Kind.UNAVAILABLE,
                        "Sandbox " + sandbox.id() + " could not be saved: " + failure + ". Is there room in the node's state folder? The pod goes on.",
                        failure);
            }
        });
    }

    /// Saves the pod of a container, which goes on, to an archive; [#admit] takes it in again. Nothing of it stays among the checkpoints.
    ///
    /// @param location of the archive, in a folder that is there; what is there already is replaced when all is written
    /// @param limit for all of it
    /// @throws HyperdException when the container does not run, or cannot be saved in time; there is no archive then
    public void export(String containerId, Path location, Duration limit) {
        Checkpointing driver = driver();
        long begin = System.nanoTime();
        Path parent = location.getParent();
        if (!location.isAbsolute() || parent == null || !Files.isDirectory(parent) || Files.isDirectory(location)) {
            throw HyperdException.invalid("The archive of a checkpoint cannot be '" + location + "': its location is a file's absolute path in a folder that is there.");
        }
        Sandboxes.Found found = sandboxes.getContainer(containerId);
        Sandbox sandbox = found.sandbox();
        String name = "container-" + found.container().id() + "-" + house.now() / 1_000_000 + "-" + exports.incrementAndGet();
        try (CheckpointFolder.Draft draft = folder.begin(name)) {
            sandbox.holding(() -> {
                if (!sandbox.isReady() || found.container().record().state() != ContainerRecord.State.RUNNING) {
                    throw new HyperdException(HyperdException.Kind.WRONG_STATE, "Container " + containerId + " does not run, so it cannot be saved.");
                }
                return save(sandbox, driver, draft, name, false, false);
            });
            Duration left = limit.minusNanos(System.nanoTime() - begin);
            if (left.isNegative()) {
                throw new HyperdException(
                        HyperdException.Kind.TIMEOUT, "Container " + containerId + " was not saved within " + limit.toSeconds() + " s; give it more time. It goes on.");
            }
            // The pod's end does not wait for this, which needs nothing of it.
            draft.pack(location, left);
            LOG.info("event=checkpoint-exported name={} container={} location={}", name, containerId, location);
        } catch (IOException failure) {
            throw new HyperdException(
                    HyperdException.Kind.UNAVAILABLE,
                    "Container " + containerId + " could not be saved to " + location + ": " + failure
                            + ". Is there room there and in the node's state folder? It goes on.",
                    failure);
        }
    }

    /// Takes in a checkpoint from an archive, under the name that it was written with; it can be restored then.
    ///
    /// @throws HyperdException when there is none in it, or its name is taken
    public Checkpoint admit(Path archive) {
        try {
            Checkpoint checkpoint = folder.admit(archive);
            lease(checkpoint.sandbox().layers(), holder(checkpoint.name()));
            return checkpoint;
        } catch (IOException failure) {
            throw new HyperdException(HyperdException.Kind.UNAVAILABLE, "The archive " + archive + " could not be read: " + failure + ".", failure);
        }
    }

    private Checkpoint save(Sandbox sandbox, Checkpointing driver, CheckpointFolder.Draft draft, String name, boolean stop, boolean keep)
            throws IOException {
        if (sandbox.record().hasDisks() || PodDisks.named(sandbox.record().identity().annotations())) {
            throw new HyperdException(
                    HyperdException.Kind.UNSUPPORTED,
                    "Sandbox " + sandbox.id() + " has volumes that outlive it, so it cannot be saved: what is on their disks would have changed when it comes back.");
        }
        long begin = System.nanoTime();
        boolean paused = sandbox.isSurelyPaused();
        boolean saved = false;
        house.journal().intend(sandbox.id(), new Intent(Intent.Kind.SAVE, name, paused));
        try {
            // Before it stands still: the images of what it shows stay as long as the checkpoint.
            lease(sandbox.record().layers(), holder(name));
            Machine machine = sandbox.saving().standStill();
            if (stop) {
                sandbox.saving().settleLogs();
            }
            SandboxRecord record = sandbox.record();
            SavedMachine kind = driver.save(machine, LayerDisk.files(record.layers()), draft.memory());
            String disk = draft.addDisk(house.scratch().file(record.id()));
            List<ContainerRecord> containers = sandbox.containers().stream().map(Container::frozen).toList();
            Checkpoint checkpoint = new Checkpoint(
                    Checkpoint.FORMAT, name, house.now(), record, containers, kind, Files.size(draft.memory()), draft.memoryDigest(), disk);
            if (keep) {
                draft.publish(checkpoint);
            } else {
                draft.describe(checkpoint);
            }
            saved = true;
            LOG.info("event=checkpoint-saved name={} sandbox={} pod={}/{} bytes={} millis={}",
                    name, record.id(), record.identity().namespace(), record.identity().name(), checkpoint.memoryBytes(),
                    (System.nanoTime() - begin) / 1_000_000);
            return checkpoint;
        } finally {
            if (!saved || !keep) {
                house.images().release(holder(name));
            }
            try {
                if (saved && stop) {
                    sandbox.saving().endWithoutLastWords("The pod was written to checkpoint " + name + " and stopped.");
                } else {
                    sandbox.saving().goOn(paused);
                }
            } finally {
                house.journal().intentDone(sandbox.id());
            }
        }
    }

    /// Brings a pod back as it was when it was saved, unless the call that asked for it has been cancelled before that is begun. A pod that is there still,
    /// running or not, becomes what it was; one that has been removed is there again, under its former ids, in the place of any sandbox that was made for
    /// the pod since.
    ///
    /// @param replace whether a running pod may be replaced
    /// @throws HyperdException when the checkpoint is incomplete or of another hypervisor, or its pod runs and `replace` is false; all is as
    ///     before then. When it fails later, the pod has ended and the checkpoint is still there
    public Sandbox restore(String name, boolean replace) {
        return restore(name, replace, false);
    }

    /// The same.
    ///
    /// @param remove whether the checkpoint goes once its pod is there again, before anybody can act on that: later it would be of a time that the pod has
    ///     gone on from, and whoever asked for the pod may not live to remove it
    public Sandbox restore(String name, boolean replace, boolean remove) {
        Checkpointing driver = driver();
        Checkpoint checkpoint = folder.verified(name);
        // To read all of it took long.
        requireWanted(name);
        requireLayers(checkpoint);
        replaceOthers(checkpoint, replace);
        Sandbox sandbox = sandboxes.presentOrReborn(checkpoint.sandbox());
        house.activity().begin();
        try {
            return sandbox.holding(() -> {
                requireStillToBeRestored(sandbox, name);
                if (sandbox.isReady() && !replace) {
                    throw new HyperdException(
                            HyperdException.Kind.WRONG_STATE,
                            "The pod of checkpoint " + name + " runs (sandbox " + sandbox.id() + "). Stop it first, or ask to replace it.");
                }
                restore(sandbox, driver, checkpoint);
                if (remove) {
                    removeUsed(name);
                }
                return sandbox;
            });
        } finally {
            house.activity().end();
        }
    }

    /// Its pod runs, whatever becomes of it.
    private void removeUsed(String name) {
        try {
            remove(name);
        } catch (RuntimeException failure) {
            LOG.warn("event=used-checkpoint-kept name={} error=\"{}\"", name, failure.getMessage());
        }
    }

    /// Who waited for the sandbox's lock may find that it was removed meanwhile, or that nobody waits for the pod any more, which would run unseen.
    private void requireStillToBeRestored(Sandbox sandbox, String name) {
        if (!sandboxes.have(sandbox) || sandbox.record().phase() == SandboxRecord.Phase.REMOVING) {
            throw HyperdException.notFound("Sandbox " + sandbox.id() + " was removed before it could be restored from checkpoint " + name + "; the checkpoint is still there.");
        }
        try {
            requireWanted(name);
        } catch (HyperdException unwanted) {
            if (sandbox.record().phase() == SandboxRecord.Phase.MAKING) {
                undo(sandbox);
            }
            throw unwanted;
        }
    }

    private static void requireWanted(String name) {
        if (Context.current().isCancelled()) {
            throw new HyperdException(
                    HyperdException.Kind.UNAVAILABLE, "Checkpoint " + name + " was not restored, as nobody waits for that any more; it is still there.");
        }
    }

    /// A kubelet that saw its pod stop has made it anew, and no pod runs twice.
    private void replaceOthers(Checkpoint checkpoint, boolean replace) {
        SandboxRecord.Identity pod = checkpoint.sandbox().identity();
        for (Sandbox other : sandboxes.list()) {
            SandboxRecord.Identity its = other.record().identity();
            if (!other.isReady() || other.id().equals(checkpoint.sandbox().id()) || !its.podUid().equals(pod.podUid())
                    || !its.name().equals(pod.name()) || !its.namespace().equals(pod.namespace())) {
                continue;
            }
            if (!replace) {
                throw new HyperdException(
                        HyperdException.Kind.WRONG_STATE,
                        "The pod of checkpoint " + checkpoint.name() + " runs in sandbox " + other.id() + ", which was made since. Stop it first, or ask to replace it.");
            }
            LOG.info("event=sandbox-replaced sandbox={} checkpoint={}", other.id(), checkpoint.name());
            sandboxes.remove(other.id());
        }
    }

    private void restore(Sandbox sandbox, Checkpointing driver, Checkpoint checkpoint) {
        String name = checkpoint.name();
        boolean reborn = sandbox.record().phase() == SandboxRecord.Phase.MAKING;
        long begin = System.nanoTime();
        beingRestored.add(name);
        house.journal().intend(sandbox.id(), new Intent(Intent.Kind.RESTORE, name, false));
        try {
            new Rebirth(house, sandbox, driver, checkpoint).run(folder);
            LOG.info("event=checkpoint-restored name={} sandbox={} millis={}", name, sandbox.id(), (System.nanoTime() - begin) / 1_000_000);
        } catch (IOException | RuntimeException failure) {
            LOG.warn("event=checkpoint-not-restored name={} sandbox={} error=\"{}\"", name, sandbox.id(), failure.getMessage());
            sandbox.saving().endWithoutLastWords("The pod could not be restored from checkpoint " + name + ": " + failure.getMessage());
            if (reborn) {
                undo(sandbox);
            }
            throw failure instanceof HyperdException known
                    ? known
                    : new HyperdException(
                            HyperdException.Kind.UNAVAILABLE,
                            "Checkpoint " + name + " could not be restored: " + failure.getMessage() + ". The pod has ended; the checkpoint is still there.",
                            failure);
        } finally {
            house.journal().intentDone(sandbox.id());
            beingRestored.remove(name);
        }
    }

    private void undo(Sandbox reborn) {
        reborn.remove();
        sandboxes.forget(reborn);
    }

    /// All checkpoints of this node that can be read, by name.
    public List<Checkpoint> list() {
        List<Checkpoint> all = new ArrayList<>();
        for (String name : folder.names()) {
            try {
                all.add(folder.describe(name));
            } catch (HyperdException unreadable) {
                LOG.warn("event=checkpoint-unreadable name={} error=\"{}\"", name, unreadable.getMessage());
            }
        }
        return all;
    }

    /// Removes a checkpoint; nothing happens when there is none.
    ///
    /// @throws HyperdException while its pod is being brought back, which may fail still although its sandbox is ready
    public void remove(String name) {
        if (beingRestored.contains(name)) {
            throw new HyperdException(HyperdException.Kind.WRONG_STATE, "Checkpoint " + name + " is being restored; remove it when its pod is back.");
        }
        boolean there = folder.exists(name);
        try {
            folder.remove(name);
        } catch (IOException failure) {
            throw new HyperdException(HyperdException.Kind.UNAVAILABLE, "Checkpoint " + name + " could not be removed: " + failure + ".", failure);
        }
        house.images().release(holder(name));
        if (there) {
            LOG.info("event=checkpoint-removed name={}", name);
        }
    }

    /// What an earlier process left of a checkpoint that it was making.
    void forgetUnpublished(Intent intent) {
        if (!folder.exists(intent.checkpoint())) {
            house.images().release(holder(intent.checkpoint()));
        }
    }

    private Checkpointing driver() {
        return house.hypervisor()
                .checkpointing()
                .orElseThrow(() -> HyperdException.unsupported("The hypervisor of this node cannot write machines to disk."));
    }

    private static String holder(String checkpoint) {
        return "checkpoint-" + checkpoint;
    }

    private void requireLayers(Checkpoint checkpoint) {
        for (SandboxRecord.Layer layer : checkpoint.sandbox().layers()) {
            Path file = Path.of(layer.file());
            try {
                if (Files.size(file) == layer.bytes()) {
                    continue;
                }
            } catch (IOException absent) {
                // As bad as one of another size.
            }
            throw new HyperdException(
                    HyperdException.Kind.UNAVAILABLE,
                    "Checkpoint " + checkpoint.name() + " needs the image layer " + layer.diffId() + ", which is no longer on this node as " + file + ".");
        }
        lease(checkpoint.sandbox().layers(), checkpoint.sandbox().id());
    }

    /// Holds every image of which one of these layers is.
    private void lease(List<SandboxRecord.Layer> layers, String holder) {
        Set<String> wanted = new HashSet<>();
        layers.forEach(layer -> wanted.add(layer.file()));
        for (Image image : house.images().list()) {
            if (image.layers().stream().map(DiskLayer::file).map(Path::toString).anyMatch(wanted::contains)) {
                house.images().lease(image.id(), holder);
            }
        }
    }
}
