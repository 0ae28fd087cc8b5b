package io.hypernetes.kubelet.volume;

import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.hypernetes.client.Client;
import io.hypernetes.client.Index;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Kind;
import io.hypernetes.client.LeanVolume;
import io.hypernetes.client.LocalVolume;
import io.hypernetes.client.ObjectKey;
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
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Removes the disks of PersistentVolumes that are deleted, and then lets go of those. A disk lives exactly as long as what describes it: it goes
/// when that is deleted, whatever the reclaim policy, which only says whether that is deleted when its claim is.
///
/// What takes room is described, and so counted, until it takes none: a volume stays as long as a machine runs with its disk, and as long as another volume that
/// says less of its size names the same disk. Where somebody took its finalizer away nevertheless, a machine keeps what is on the disk until it ends.
public final class DiskRemoval implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DiskRemoval.class);
    private static final Duration SOON = Duration.ofSeconds(5);
    private static final Duration LONG = Duration.ofHours(1);
    private static final String PROTECTION = "kubernetes.io/pv-protection";

    private final Client client;
    private final Path folder;
    private final String node;
    private final Predicate<String> inUse;
    private final WorkQueue<ObjectKey> queue = new WorkQueue<>(ObjectKey::tenant);
    private final WorkLoop<ObjectKey> loop = new WorkLoop<>("disk-removal", queue, 4, this::reconcile);
    private final Informer<PersistentVolume> volumes;
    /// By file below the folder.
    private final Index<PersistentVolume> byFile;

    /// @param folder the disks of this node
    /// @param node its name
    /// @param inUse whether a machine has a disk, by its file below the folder
    public DiskRemoval(Client client, Path folder, String node, Predicate<String> inUse) {
        this.client = client;
        this.folder = folder;
        this.node = node;
        this.inUse = inUse;
        this.volumes = LeanVolume.informer(client, node)
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
        this.byFile = volumes.index(volume -> local(volume).map(local -> local.file(ObjectKey.of(volume).tenant())).stream().toList());
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
                    LOG.warn("event=disk-unknown disk={} reason=\"no PersistentVolume describes it; remove it, or make one with its name as volumeHandle and move it into the folder TENANT.UID of its tenant\"", file));
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
        if (inUse.test(local.file(key.tenant())) || sharing(key.tenant(), local).stream().anyMatch(other -> other.bytes() < local.bytes())) {
            return Optional.of(SOON);
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

    /// The volumes of a tenant that name the same disk and stay, or stay as long as somebody is bound to them.
    private List<LocalVolume> sharing(String tenant, LocalVolume local) {
        return byFile.get(local.file(tenant)).stream()
                .filter(other -> other.getMetadata().getDeletionTimestamp() == null || other.getMetadata().getFinalizers().contains(PROTECTION))
                .flatMap(other -> local(other).stream())
                .toList();
    }

    private void remove(String tenant, LocalVolume local) {
        boolean free = sharing(tenant, local).isEmpty();
        Path file = folder.resolve(local.file(tenant));
        try {
            if (free && Files.deleteIfExists(file)) {
                LOG.info("event=disk-removed tenant={} disk={}", tenant, file);
            }
            if (free) {
                // What the runtime was making when it died.
                Files.deleteIfExists(file.resolveSibling(file.getFileName() + ".part"));
                Files.deleteIfExists(file.resolveSibling(""));
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
