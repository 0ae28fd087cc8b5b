package io.hypernetes.kubelet.volume;

import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.hypernetes.client.Client;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Kind;
import io.hypernetes.client.LocalVolume;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.client.WorkLoop;
import io.hypernetes.client.WorkQueue;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Removes the disks of PersistentVolumes that are deleted, and then lets go of those. A disk lives exactly as long as what describes it: it goes
/// when that is deleted, whatever the reclaim policy, which only says whether that is deleted when its claim is.
///
/// A machine that still runs with a removed disk keeps what is on it until it ends.
public final class DiskRemoval implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DiskRemoval.class);
    private static final Duration LONG = Duration.ofHours(1);
    private static final String PROTECTION = "kubernetes.io/pv-protection";

    private final Client client;
    private final Path folder;
    private final String node;
    private final WorkQueue<ObjectKey> queue = new WorkQueue<>(ObjectKey::tenant);
    private final WorkLoop<ObjectKey> loop = new WorkLoop<>("disk-removal", queue, 4, this::reconcile);
    private final Informer<PersistentVolume> volumes;

    /// @param folder the disks of this node
    /// @param node its name
    public DiskRemoval(Client client, Path folder, String node) {
        this.client = client;
        this.folder = folder;
        this.node = node;
        this.volumes = new Informer<>(client, Kind.PERSISTENT_VOLUME, Scope.everywhere(), Selection.fields(LocalVolume.NODE_FIELD + "=" + node))
                .handler(new Informer.Handler<>() {
                    @Override
                    public void added(PersistentVolume volume) {
                        if (volume.getMetadata().getDeletionTimestamp() != null) {
                            queue.add(ObjectKey.of(volume));
                        }
                    }

                    @Override
                    public void updated(PersistentVolume before, PersistentVolume now) {
                        added(now);
                    }

                    // Somebody took the finalizer away: the disk goes nevertheless.
                    @Override
                    public void deleted(PersistentVolume last) {
                        local(last).ifPresent(local -> remove(ObjectKey.of(last).tenant(), local));
                    }
                });
    }

    public DiskRemoval start() {
        volumes.start();
        loop.start();
        Thread.ofVirtual().name("disks-unknown").start(this::tellUnknown);
        return this;
    }

    // Nobody removes them: a master that was restored from an older backup knows less than this node, and the data may be all that is left.
    private void tellUnknown() {
        try (Stream<Path> files = volumes.awaitSynced(LONG) ? Files.walk(folder, 2) : Stream.empty()) {
            Set<Path> known = volumes.list().stream()
                    .flatMap(volume -> local(volume).map(local -> folder.resolve(local.file(ObjectKey.of(volume).tenant()))).stream())
                    .collect(Collectors.toSet());
            files.filter(file -> Files.isRegularFile(file) && !known.contains(file)).forEach(file ->
                    LOG.warn("event=disk-unknown disk={} reason=\"no PersistentVolume describes it; remove it, or make one with its name as volumeHandle\"", file));
        } catch (IOException broken) {
            LOG.warn("event=disks-not-listed folder={} reason=\"{}\"", folder, broken.toString());
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }

    private Optional<Duration> reconcile(ObjectKey key) {
        PersistentVolume volume = volumes.get(key).orElse(null);
        LocalVolume local = volume == null ? null : local(volume).orElse(null);
        if (volume == null || local == null || volume.getMetadata().getDeletionTimestamp() == null
                || volume.getMetadata().getFinalizers().contains(PROTECTION)
                || !volume.getMetadata().getFinalizers().contains(LocalVolume.FINALIZER)) {
            return Optional.empty();
        }
        remove(key.tenant(), local);
        client.of(Kind.PERSISTENT_VOLUME).change(key, null, now -> {
            List<String> left = new ArrayList<>(now.getMetadata().getFinalizers());
            if (!left.remove(LocalVolume.FINALIZER)) {
                return null;
            }
            now.getMetadata().setFinalizers(left);
            return now;
        });
        return Optional.empty();
    }

    private Optional<LocalVolume> local(PersistentVolume volume) {
        return LocalVolume.of(volume).filter(local -> local.node().equals(node));
    }

    private void remove(String tenant, LocalVolume local) {
        // Another PersistentVolume of the tenant may name the same disk.
        boolean free = volumes.list(other -> other.getMetadata().getDeletionTimestamp() == null && ObjectKey.of(other).tenant().equals(tenant)
                && local(other).map(LocalVolume::handle).filter(local.handle()::equals).isPresent()).isEmpty();
        Path file = folder.resolve(local.file(tenant));
        try {
            if (free && Files.deleteIfExists(file)) {
                LOG.info("event=disk-removed tenant={} disk={}", tenant, file);
            }
            if (free) {
                // What the runtime was making when it died.
                Files.deleteIfExists(file.resolveSibling(file.getFileName() + ".part"));
                Files.deleteIfExists(folder.resolve(tenant));
            }
        } catch (DirectoryNotEmptyException others) {
            LOG.debug("event=disks-left tenant={}", tenant);
        } catch (IOException failure) {
            throw new UncheckedIOException("removing the disk " + file, failure);
        }
    }

    @Override
    public void close() {
        volumes.close();
        loop.close();
    }
}
