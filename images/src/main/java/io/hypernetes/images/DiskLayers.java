package io.hypernetes.images;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;

/// The layers of this node as disk images, each converted once whoever asks for it first; others wait for that one.
final class DiskLayers {
    private static final String PLAIN = ".sqsh";
    private static final String COVERING = ".covering.sqsh"; // hides all layers below it
    /// A tar of nothing: builders add it for steps that change no file.
    private static final String NOTHING = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";

    private final Path folder;
    private final Path work;
    private final ImageSettings settings;
    private final DiskImageConverter converter;
    private final Semaphore downloads;
    private final Semaphore conversions;
    private final Map<String, Slot> slots = new HashMap<>();

    /// One layer that somebody needs now. It is not removed while `users` is not 0.
    private static final class Slot {
        final ReentrantLock lock = new ReentrantLock();
        int users;
    }

    /// Brings a layer's blob.
    interface Source {
        /// Puts the blob into `temporary`, or gives another file or stream to read it from.
        DiskImageConverter.Blob bring(Path temporary);
    }

    DiskLayers(Path folder, Path work, ImageSettings settings, NativeZstd zstd) {
        this.folder = folder;
        this.work = work;
        this.settings = settings;
        this.converter = new DiskImageConverter(settings, work, zstd);
        this.downloads = new Semaphore(settings.parallelDownloads(), true);
        this.conversions = new Semaphore(settings.parallelConversions(), true);
    }

    /// Protects layers from [#sweep] until the hold is closed.
    Hold hold(Collection<String> diffIds) {
        Set<String> held = Set.copyOf(diffIds);
        synchronized (slots) {
            held.forEach(diffId -> slots.computeIfAbsent(diffId, id -> new Slot()).users++);
        }
        return () -> {
            synchronized (slots) {
                for (String diffId : held) {
                    Slot slot = slots.get(diffId);
                    if (slot != null && --slot.users == 0) {
                        slots.remove(diffId);
                    }
                }
            }
        };
    }

    interface Hold extends AutoCloseable {
        @Override
        void close();
    }

    /// Makes sure that the layer is there; the caller holds it.
    ///
    /// @param name how progress and errors call the layer
    /// @param bytes of the blob, as far as stated
    void ensure(String diffId, String name, long bytes, Source source, PullProgress progress) throws InterruptedException {
        Slot slot;
        synchronized (slots) {
            slot = slots.get(diffId);
        }
        if (slot == null) {
            throw new IllegalStateException("layer " + diffId + " is not held");
        }
        slot.lock.lockInterruptibly();
        try {
            if (file(diffId).isEmpty()) {
                make(diffId, name, bytes, source, progress);
            }
            progress.update(name, PullProgress.Step.READY, bytes, bytes);
        } finally {
            slot.lock.unlock();
        }
    }

    private void make(String diffId, String name, long bytes, Source source, PullProgress progress)
            throws InterruptedException {
        Path temporary = work.resolve("blob-" + diffId.substring(diffId.indexOf(':') + 1));
        try {
            requireSpace(name, bytes);
            DiskImageConverter.Blob blob;
            downloads.acquire();
            try {
                blob = source.bring(temporary);
            } finally {
                downloads.release();
            }
            conversions.acquire();
            try {
                progress.update(name, PullProgress.Step.CONVERTING, 0, bytes);
                DiskImageConverter.Converted made = converter.convert(name, blob);
                try {
                    if (!made.diffId().toString().equals(diffId)) {
                        throw Documents.corrupt("layer " + name + " unpacks to " + made.diffId()
                                + " but the image's configuration says " + diffId);
                    }
                    Folders.place(made.file(), path(diffId, made.coversRoot() ? COVERING : PLAIN));
                } finally {
                    Folders.delete(made.folder());
                }
            } finally {
                conversions.release();
            }
        } catch (IOException e) {
            throw Folders.failure(e, "storing layer " + name);
        } finally {
            try {
                Files.deleteIfExists(temporary);
            } catch (IOException e) {
                // Removed at the next opening.
            }
        }
    }

    private void requireSpace(String name, long bytes) throws IOException {
        long free = Files.getFileStore(folder).getUsableSpace();
        if (free - settings.reservedBytes() < Math.max(bytes, 0)) {
            throw new ImageException(ImageException.Reason.NO_SPACE, "layer " + name + " needs " + bytes + " bytes, on the disk of "
                    + folder + " " + free + " are free and " + settings.reservedBytes()
                    + " stay reserved; remove images or make room");
        }
    }

    Optional<Path> file(String diffId) {
        for (String suffix : List.of(PLAIN, COVERING)) {
            Path file = path(diffId, suffix);
            if (Files.exists(file)) {
                return Optional.of(file);
            }
        }
        return Optional.empty();
    }

    private Path path(String diffId, String suffix) {
        return folder.resolve(Digest.parse(diffId).hex() + suffix);
    }

    /// The disks of an image: what cannot be seen in the end is left out.
    ///
    /// @throws ImageException CORRUPT when one is missing
    List<DiskLayer> disks(List<String> diffIds) {
        List<DiskLayer> disks = new ArrayList<>();
        for (int i = 0; i < diffIds.size(); i++) {
            String diffId = diffIds.get(i);
            Path file = file(diffId).orElseThrow(() -> Documents.corrupt("layer " + diffId + " is missing from " + folder
                    + "; remove the image and pull it again"));
            // The same layer further up says the same of every path, and overlayfs refuses one twice.
            boolean again = diffIds.subList(i + 1, diffIds.size()).contains(diffId);
            boolean nothing = diffId.equals(NOTHING) && diffIds.size() > 1;
            if (file.toString().endsWith(COVERING)) {
                disks.clear();
            }
            if (!again && !(nothing && (i < diffIds.size() - 1 || !disks.isEmpty()))) {
                disks.add(new DiskLayer(diffId, file, size(file)));
            }
        }
        return disks;
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw Folders.failure(e, "reading " + file);
        }
    }

    /// Removes the layers that are neither among `used` nor held.
    void sweep(Set<String> used) throws IOException {
        synchronized (slots) {
            try (var files = Files.newDirectoryStream(folder)) {
                for (Path file : files) {
                    String name = file.getFileName().toString();
                    String diffId = "sha256:" + name.substring(0, Math.max(0, name.indexOf('.')));
                    if (!used.contains(diffId) && !slots.containsKey(diffId)) {
                        Files.delete(file);
                    }
                }
            }
        }
    }

}
