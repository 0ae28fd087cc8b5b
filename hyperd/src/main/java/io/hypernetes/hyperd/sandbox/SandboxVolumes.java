package io.hypernetes.hyperd.sandbox;

import io.hypernetes.guest.FilePush;
import io.hypernetes.guest.Guest;
import io.hypernetes.guest.GuestException;
import io.hypernetes.guest.VolumeSpec;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hyperd.volume.FolderContent;
import io.hypernetes.hyperd.volume.FolderWatch;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The volumes of one sandbox in its guest, and the watching of those whose files come from this host. Safe for use by many threads.
final class SandboxVolumes implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SandboxVolumes.class);
    private static final Duration ANSWER = Duration.ofSeconds(30);

    private final String sandboxId;
    /// What is made in a folder of this mode is of the folder's group.
    private static final int GROUPS_FOLDER = 02777;

    private final FolderWatch watch;
    // One push at a time, so that an older content never comes after a newer one. Held while a guest is waited for, so nobody takes it who must not wait.
    private final ReentrantLock pushing = new ReentrantLock();
    // Guarded by this, which nobody holds while waiting for a guest: who ends the pod, and who is about to bring its session, take it.
    private final Map<String, FolderWatch.Registration> watched = new HashMap<>();

    SandboxVolumes(String sandboxId, FolderWatch watch) {
        this.sandboxId = sandboxId;
        this.watch = watch;
    }

    static VolumeSpec spec(String name, SandboxRecord.Volume volume) {
        VolumeSpec.Kind kind = switch (volume.kind()) {
            case SCRATCH -> VolumeSpec.Kind.SCRATCH;
            case MEMORY -> VolumeSpec.Kind.MEMORY;
            case FILES -> VolumeSpec.Kind.FILES;
            case DISK -> VolumeSpec.Kind.DISK;
        };
        SandboxRecord.Group group = volume.group();
        if (group == null) {
            return new VolumeSpec(name, kind, volume.sizeBytes(), VolumeSpec.DEFAULT_MODE, 0, 0);
        }
        int mode = kind == VolumeSpec.Kind.DISK ? VolumeSpec.DEFAULT_MODE : GROUPS_FOLDER;
        return new VolumeSpec(name, kind, volume.sizeBytes(), mode, 0, group.gid(), group.keep());
    }

    /// Pushes the present content of a volume of files.
    private void push(Guest guest, String name, SandboxRecord.Volume volume) {
        var files = FolderContent.read(Path.of(volume.hostPath())).stream()
                .map(file -> new FilePush.File(file.path(), file.mode(), file.data(), file.uid(), file.gid()))
                .toList();
        boolean changed = guest.writeFiles(new FilePush(name, files, FilePush.Layout.ATOMIC), ANSWER);
        LOG.debug("event=volume-pushed sandbox={} volume={} files={} changed={}", sandboxId, name, files.size(), changed);
    }

    /// As [#push], behind whatever is being pushed on account of a change.
    void fill(Guest guest, String name, SandboxRecord.Volume volume) {
        pushing.lock();
        try {
            push(guest, name, volume);
        } finally {
            pushing.unlock();
        }
    }

    /// Pushes volumes of files again whenever their folders on this host change, as long as the line is not cut. Idempotent.
    synchronized void followAll(Map<String, SandboxRecord.Volume> volumes, GuestLine line) {
        volumes.forEach((name, volume) -> {
            if (comesFromHost(volume) && !watched.containsKey(name) && !line.isClosed()) {
                follow(name, volume, line);
            }
        });
    }

    /// In a new session: follows again, and pushes what may have changed meanwhile. A folder that has gone harms only its volume.
    void catchUp(Map<String, SandboxRecord.Volume> volumes, GuestLine line) {
        volumes.forEach((name, volume) -> {
            if (comesFromHost(volume)) {
                try {
                    followAll(Map.of(name, volume), line);
                    pushSoon(name, volume, line);
                } catch (HyperdException gone) {
                    LOG.warn("event=volume-not-followed sandbox={} volume={} error=\"{}\"", sandboxId, name, gone.getMessage());
                }
            }
        });
    }

    static boolean comesFromHost(SandboxRecord.Volume volume) {
        return volume.kind() == SandboxRecord.VolumeKind.FILES && !volume.hostPath().isEmpty();
    }

    private void follow(String name, SandboxRecord.Volume volume, GuestLine line) {
        try {
            watched.put(name, watch.watch(Path.of(volume.hostPath()), () -> pushSoon(name, volume, line)));
        } catch (IOException failure) {
            throw new HyperdException(
                    HyperdException.Kind.UNAVAILABLE,
                    "Sandbox " + sandboxId + ": the folder " + volume.hostPath() + " of volume " + name
                            + " could not be watched: " + failure + ".",
                    failure);
        }
    }

    private void pushSoon(String name, SandboxRecord.Volume volume, GuestLine line) {
        Thread.ofVirtual().name("push-" + sandboxId + "-" + name).start(() -> pushAgain(name, volume, line));
    }

    /// A push that is under way goes on until its session ends; those behind it are dropped. To be called when the line has been cut: a session that is
    /// being met follows nothing from then on.
    @Override
    public synchronized void close() {
        watched.values().forEach(FolderWatch.Registration::close);
        watched.clear();
    }

    private synchronized boolean isFollowed(String name) {
        return watched.containsKey(name);
    }

    private void pushAgain(String name, SandboxRecord.Volume volume, GuestLine line) {
        pushing.lock();
        try {
            if (isFollowed(name)) {
                push(line.session(ANSWER), name, volume);
            }
        } catch (HyperdException | GuestException failure) {
            LOG.warn("event=volume-not-pushed sandbox={} volume={} error=\"{}\" effect=\"the pod keeps the former files\"",
                    sandboxId, name, failure.getMessage());
        } finally {
            pushing.unlock();
        }
    }
}
