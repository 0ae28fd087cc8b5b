package io.hypernetes.images;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/// The layers of this node as disk images, each converted once whoever asks for it first; others wait for that one if they would make it of the same blob: which layer
/// a blob is is what an image says of itself.
final class DiskLayers {
    /// What is kept for a blob that is on its way: how long it is only its manifest says, and it may take days to come.
    private static final long MOST_PROMISED = 256L << 20;

    private static final int MOST_TIMES = 4;
    private static final int MOST_UNUSED_RIGHTS = 10_000;
    /// Layers of images that did not come whole, kept for the next try: each takes an inode, of which a disk has not many, however short it is.
    static final int MOST_UNUSED = 1_000;
    private static final String PLAIN = ".sqsh";
    private static final String COVERING = ".covering.sqsh"; // hides all layers below it
    /// A tar of nothing: builders add it for steps that change no file.
    private static final String NOTHING = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";

    private final Path folder;
    private final Blobs blobs;
    private final LayerRights rights;
    private final Space space;
    private final DiskImageConverter converter;
    private final Places downloads;
    private final Places conversions;
    private final Map<String, Slot> slots = new HashMap<>();
    private final Object placing = new Object();

    /// One layer that somebody needs now. It is not removed while `users` is not 0.
    private static final class Slot {
        final Map<Source, SharedWork> making = new HashMap<>();
        int users;
    }

    /// The blob has come whole by then, so where from does not matter any more.
    private record Source(Digest blob, Claimant claimant) {}

    /// Makes sure that something can be stored, or fails with NO_SPACE.
    interface Space {
        /// @param whole how many bytes are to come, for which there has to be room now
        /// @param missing how many of them are kept from others, at any time; asked on any thread
        Room reserve(String what, long whole, LongSupplier missing) throws IOException;
    }

    /// Room on the disk that nobody else counts on until it is closed.
    interface Room extends AutoCloseable {
        /// To be called when more is missing than before.
        ///
        /// @throws ImageException NO_SPACE when there is too little by now
        void check() throws IOException;

        @Override
        void close();
    }

    DiskLayers(Path folder, Blobs blobs, LayerRights rights, Space space, DiskImageConverter converter, ImageSettings.Transfers transfers) {
        this.folder = folder;
        this.blobs = blobs;
        this.rights = rights;
        this.space = space;
        this.converter = converter;
        this.downloads = new Places(transfers.parallelDownloads(), MOST_TIMES * transfers.parallelDownloads());
        // One beyond the number: each may take as much memory as the names in a layer may.
        this.conversions = new Places(transfers.parallelConversions(), transfers.parallelConversions() + 1);
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

    /// Makes sure that the layer is there and the claimant has read it; the caller holds it and its blob.
    ///
    /// @param requester whom it is for
    void ensure(String diffId, ImageSource.Layer layer, Requester requester, Claimant claimant, PullProgress progress) throws InterruptedException {
        SharedWork making;
        synchronized (slots) {
            Slot slot = slots.get(diffId);
            if (slot == null) {
                throw new IllegalStateException("layer " + diffId + " is not held");
            }
            making = slot.making.computeIfAbsent(new Source(layer.digest(), claimant), _ -> new SharedWork());
        }
        making.join();
        try {
            inTurn(downloads, requester, blobs.fetching(layer, claimant), () -> isThere(diffId, claimant) || blobs.has(layer.digest(), claimant), () -> {
                LongSupplier rest = () -> layer.bytes() - blobs.brought(layer, claimant);
                try (Room room = space.reserve("layer " + layer.name(), rest.getAsLong(), () -> Math.min(MOST_PROMISED, rest.getAsLong()))) {
                    blobs.bring(layer, claimant);
                }
            });
            inTurn(conversions, requester, making.doing(), () -> isThere(diffId, claimant), () -> {
                progress.update(layer.name(), PullProgress.Step.CONVERTING, 0, layer.bytes());
                convert(diffId, layer, claimant, making);
                rights.grant(diffId, claimant);
            });
        } catch (IOException e) {
            throw Folders.failure(e, "storing layer " + layer.name());
        } finally {
            making.leave();
        }
        progress.update(layer.name(), PullProgress.Step.READY, layer.bytes(), layer.bytes());
    }

    private boolean isThere(String diffId, Claimant claimant) {
        return rights.mayUse(diffId, claimant) && file(diffId).isPresent();
    }

    private interface Work {
        void run() throws IOException, InterruptedException;
    }

    /// Has it done, by whoever gets a place first of those who want the same: who waits for a place keeps nobody from it, or a tenant could have everybody wait for
    /// a layer that it asks for behind many others.
    ///
    /// @param doing held by who does it
    /// @param done whether there is nothing to do any more
    private static void inTurn(Places places, Requester requester, ReentrantLock doing, BooleanSupplier done, Work work)
            throws IOException, InterruptedException {
        while (!done.getAsBoolean()) {
            places.acquire(requester);
            try {
                if (doing.tryLock()) {
                    try {
                        if (!done.getAsBoolean()) {
                            work.run();
                        }
                        return;
                    } finally {
                        doing.unlock();
                    }
                }
            } finally {
                places.release(requester);
            }
            // Who does it has a place. If it fails, another tries with its own means.
            doing.lockInterruptibly();
            doing.unlock();
        }
    }

    /// Makes the disk, or where it is already, only sees that what came unpacks to just that.
    ///
    /// @param making who wants it
    private void convert(String diffId, ImageSource.Layer layer, Claimant claimant, SharedWork making) throws IOException {
        try {
            making.run(() -> made(diffId, layer, claimant));
        } catch (ImageException e) {
            if (e.reason() != ImageException.Reason.NO_SPACE && !Thread.currentThread().isInterrupted()) {
                blobs.discardIfDamaged(layer.digest(), claimant); // brought anew next time
            }
            throw e;
        }
    }

    private void made(String diffId, ImageSource.Layer layer, Claimant claimant) throws IOException {
        DiskImageConverter.Blob blob = () -> SharedWork.reading(blobs.open(layer.digest(), claimant));
        long bytes = blobs.size(layer.digest(), claimant);
        if (file(diffId).isPresent()) {
            requireThat(diffId, converter.diffId(layer.name(), bytes, blob), layer);
            return;
        }
        DiskImageConverter.Converted made = converter.convert(layer.name(), bytes, blob, space);
        try {
            requireThat(diffId, made.diffId(), layer);
            synchronized (placing) {
                if (file(diffId).isEmpty()) { // else another claimant's was made meanwhile, which machines may have by now
                    Folders.place(made.file(), path(diffId, made.coversRoot() ? COVERING : PLAIN));
                }
            }
        } finally {
            Folders.delete(made.folder());
        }
    }

    private static void requireThat(String diffId, Digest found, ImageSource.Layer layer) {
        if (!found.toString().equals(diffId)) {
            throw Documents.corrupt("layer " + layer.name() + " unpacks to " + found + " but the image's configuration says " + diffId);
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

    /// Removes the layers that are neither in one of these images nor held.
    ///
    /// @param images their layers
    void sweep(Collection<List<String>> images) throws IOException {
        Set<String> used = new HashSet<>();
        images.forEach(used::addAll);
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
            rights.retain(images, slots::containsKey);
        }
    }

    /// Removes the layers that no image has, when they are many.
    ///
    /// @param images their layers
    void limitUnused(Collection<List<String>> images) throws IOException {
        long used = images.stream().flatMap(List::stream).distinct().count();
        String[] names = folder.toFile().list();
        if (names != null && names.length > used + MOST_UNUSED) {
            sweep(images);
        }
    }

    /// Forgets who has read what, after pulls that failed; not at once, as most are tried again.
    ///
    /// @param images their layers
    void limitRights(Collection<List<String>> images) {
        int used = images.stream().mapToInt(List::size).sum();
        if (rights.size() > used + MOST_UNUSED_RIGHTS) {
            synchronized (slots) {
                rights.retain(images, slots::containsKey);
            }
        }
    }
}
