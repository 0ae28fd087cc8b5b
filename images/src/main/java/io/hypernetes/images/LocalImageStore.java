package io.hypernetes.images;

import io.hypernetes.linux.FileLock;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// An [ImageStore] in one folder of this machine, used by one process at a time.
///
/// The folder holds `catalogue.json`, `configs/`, `layers/` (squashfs files by diff id), `blobs/` (manifests, and layers as they came),
/// `incoming/` (blobs of pulls under way or broken off) and `work/` (half-made things, emptied at each opening).
public final class LocalImageStore implements ImageStore {
    private static final Logger LOG = LoggerFactory.getLogger(LocalImageStore.class);

    /// More often than a kubelet looks, which ends pods for want of room that unused images have.
    private static final int LOOK_SECONDS = 5;
    /// At a gibibyte room for three thousand images as most are. At each change all of it is written, in several times as much.
    private static final int PART_OF_MEMORY = 32;

    private final Path folder;
    private final Path configs;
    private final Path work;
    private final ImageSettings settings;
    private final FileLock lock;
    private final NativeZstd zstd;
    private final Blobs blobs;
    private final DiskLayers layers;
    private final DiskPressure pressure;
    private final ImageArrival arrival;
    private final Clock clock;
    private final ScheduledExecutorService timer;
    private final ImageShelf shelf; // guarded by itself
    private final Catalogue catalogue; // the shelf's
    private boolean unwritten; // guarded by the shelf: a change that the caller was told had failed, and that the next write brings to the disk
    private final RegistryHttp http;

    private LocalImageStore(Path folder, ImageSettings settings, DiskSpace space, Clock clock, long mostMemory, FileLock lock) throws IOException {
        this.folder = folder;
        this.settings = settings;
        this.clock = clock;
        this.lock = lock;
        this.configs = Files.createDirectories(folder.resolve("configs"));
        this.work = folder.resolve("work");
        Folders.delete(work);
        Files.createDirectories(work);
        Path nativeFolder = settings.nativeFolder();
        this.zstd = new NativeZstd(nativeFolder == null ? folder.resolve("native") : nativeFolder);
        this.http = new RegistryHttp(settings.transfers().connectTimeout());
        this.blobs = new Blobs(folder);
        this.catalogue = Catalogue.read(folder.resolve("catalogue.json"));
        this.layers = new DiskLayers(Files.createDirectories(folder.resolve("layers")), blobs, catalogue.rights(), this::reserved,
                new DiskImageConverter(settings, work, zstd), settings.transfers());
        this.shelf = new ImageShelf(catalogue, configs, layers, blobs, mostMemory);
        this.pressure = new DiskPressure(folder, shelf, blobs, space, settings, clock);
        this.arrival = new ImageArrival(layers, blobs, settings.disk().keepBlobs());
        this.timer = Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().name("image-disk").factory());
    }

    /// Opens the store in `folder`, making it when there is none, and removes what a killed process left half-made.
    ///
    /// @throws ImageException when another process has it open or the folder cannot be used
    public static LocalImageStore open(Path folder, ImageSettings settings) {
        return open(folder, settings, DiskSpace.of(folder), Clock.systemUTC());
    }

    static LocalImageStore open(Path folder, ImageSettings settings, DiskSpace space, Clock clock) {
        return open(folder, settings, space, clock, Runtime.getRuntime().maxMemory() / PART_OF_MEMORY);
    }

    /// @param mostMemory how many bytes of it what is known of images may take
    static LocalImageStore open(Path folder, ImageSettings settings, DiskSpace space, Clock clock, long mostMemory) {
        try {
            Files.createDirectories(folder);
            FileLock lock = FileLock.tryLock(folder.resolve("lock")).orElseThrow(() -> new ImageException(
                    ImageException.Reason.IN_USE, "image store " + folder + " is open in another process; stop that one first"));
            try {
                LocalImageStore store = new LocalImageStore(folder, settings, space, clock, mostMemory, lock);
                store.recover();
                store.timer.scheduleWithFixedDelay(store.pressure::watch, LOOK_SECONDS, LOOK_SECONDS, TimeUnit.SECONDS);
                return store;
            } catch (IOException | RuntimeException e) {
                lock.close();
                throw e;
            }
        } catch (IOException e) {
            throw Folders.failure(e, "opening image store " + folder);
        }
    }

    private void recover() throws IOException {
        synchronized (shelf) {
            boolean changed = !catalogue.knowsReaders();
            if (changed) {
                blobs.forgetIncoming(); // of a version that had no word on whose it is
            }
            for (Catalogue.Item item : List.copyOf(catalogue.images().values())) {
                try {
                    shelf.show(item);
                } catch (ImageException | IOException e) {
                    LOG.warn("event=image-dropped id={} names={} reason=\"{}\"", item.id(), item.tags(), e.getMessage());
                    catalogue.images().remove(item.id());
                    changed = true;
                }
            }
            shelf.sweep();
            pressure.sweepIncoming();
            if (changed) {
                recorded();
            }
        }
    }

    /// What was found at the start: the next one would find the same, so a full disk is no reason to have no images at all.
    private void recorded() {
        try {
            catalogue.write();
        } catch (IOException e) {
            LOG.warn("event=image-catalogue-not-written error=\"{}\"", e.getMessage());
        }
    }

    @Override
    public Image pull(String name, @Nullable RegistryCredentials credentials, Requester requester, PullProgress progress) {
        ImageReference reference = ImageReference.parse(name);
        long start = System.nanoTime();
        try (RegistryRoute registry = RegistryRoute.to(reference, settings, credentials, requester, http)) {
            Image image = add(RegistryPull.source(registry, reference, progress), requester, Claimant.of(requester, credentials), progress);
            LOG.info("event=image-pulled reference={} id={} bytes={} ms={}",
                    reference, image.id(), image.sizeBytes(), (System.nanoTime() - start) / 1_000_000);
            return image;
        } catch (ImageException e) {
            LOG.info("event=image-pull-failed reference={} reason={} error=\"{}\"", reference, e.reason(), e.getMessage());
            throw e;
        }
    }

    @Override
    public List<Image> load(Path file, @Nullable String name, PullProgress progress) {
        if (!Files.exists(file)) {
            throw new ImageException(ImageException.Reason.NOT_FOUND, "there is no file " + file);
        }
        try (ArchiveFiles files = ArchiveFiles.open(file, work, settings, zstd)) {
            Map<String, Image> loaded = new LinkedHashMap<>();
            for (ImageSource source : new ArchiveReader(files, file.toString(), name).images()) {
                Image image = add(source, Requester.OPERATOR, Claimant.ANYBODY, progress); // the operator loads for all
                loaded.put(image.id(), image);
            }
            return List.copyOf(loaded.values());
        } catch (IOException e) {
            throw Folders.failure(e, "loading " + file);
        }
    }

    @Override
    public Image derive(String base, Path layer, Function<String, byte[]> configuration, @Nullable String name) {
        String tag = null;
        if (name != null) {
            ImageReference reference = ImageReference.parse(name);
            if (reference.tag() == null) {
                throw new ImageException(ImageException.Reason.INVALID_REFERENCE, "'" + Text.shortened(name) + "' goes by digest; a new image needs a tag");
            }
            tag = reference.toString();
        }
        try {
            ArchiveWriter.Piece piece;
            synchronized (shelf) {
                Catalogue.Item item = catalogue.find(base).orElseThrow(
                        () -> new ImageException(ImageException.Reason.NOT_FOUND, "there is no image " + Text.shortened(base)));
                piece = new SavedImages(blobs, configs, catalogue.images().values()).piece(item, List.of(), "");
            }
            Image image = add(Derivation.of(piece, layer, configuration, tag), Requester.OPERATOR, Claimant.OPERATOR, PullProgress.NONE);
            LOG.info("event=image-derived base={} id={} name={}", base, image.id(), tag == null ? "" : tag);
            return image;
        } catch (IOException e) {
            throw Folders.failure(e, "making an image of " + base + " and " + layer);
        }
    }

    private Image add(ImageSource source, Requester requester, Claimant claimant, PullProgress progress) {
        try {
            return added(source, requester, claimant, progress);
        } catch (ImageException e) {
            synchronized (shelf) {
                shelf.limitRights();
            }
            throw e;
        }
    }

    private Image added(ImageSource source, Requester requester, Claimant claimant, PullProgress progress) {
        Documents.Config config = Documents.config(
                source.config(), source.layers().size(), "configuration " + source.id());
        List<String> diffIds = config.diffIds().stream().map(Digest::toString).toList();
        List<Digest> digests = source.layers().stream().map(ImageSource.Layer::digest).toList();
        try (DiskLayers.Hold hold = layers.hold(diffIds);
                DiskLayers.Hold blobHold = blobs.hold(digests)) {
            arrival.bring(source.layers(), diffIds, requester, claimant, progress);
            synchronized (shelf) {
                shelf.makeRoom(source.id(), ImageWeight.of(config.execution(), diffIds.size()), requester);
                Folders.writeDurably(configs.resolve(source.id().hex()), source.config());
                TreeSet<String> kept = arrival.keep(source, digests, claimant);
                Catalogue.Item item = catalogue.with(
                        source, diffIds, kept, claimant.equals(Claimant.ANYBODY), requester.key(), clock.instant().getEpochSecond());
                List<Catalogue.Item> changed = new ArrayList<>(List.of(item));
                if (source.tag() != null) {
                    changed.addAll(catalogue.name(item, source.tag(), requester.key().isEmpty() ? Integer.MAX_VALUE : Catalogue.MOST_NAMES));
                }
                catalogue.write();
                for (Catalogue.Item each : changed) {
                    shelf.show(each);
                }
                return shelf.show(item);
            }
        } catch (IOException e) {
            throw Folders.failure(e, "storing image " + source.id());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ImageException(ImageException.Reason.UNREACHABLE, "bringing image " + source.id() + " was interrupted", e);
        }
    }

    @Override
    public Optional<Image> find(String nameOrId) {
        synchronized (shelf) {
            return shelf.find(nameOrId);
        }
    }

    @Override
    public List<Image> list() {
        synchronized (shelf) {
            return shelf.list();
        }
    }

    @Override
    public void remove(String nameOrId) {
        synchronized (shelf) {
            Optional<Catalogue.Item> found = catalogue.find(nameOrId);
            if (found.isEmpty()) {
                return;
            }
            Catalogue.Item item = found.get();
            TreeSet<String> tags = new TreeSet<>(item.tags());
            TreeSet<String> digests = new TreeSet<>(item.digests());
            forget(nameOrId, tags, digests);
            boolean gone = tags.isEmpty() && digests.isEmpty();
            if (gone) {
                requireFree(item);
                shelf.takeAway(item);
            } else {
                catalogue.images().put(item.id(), item.named(tags, digests));
            }
            try {
                catalogue.write();
                if (gone) {
                    shelf.sweep();
                } else {
                    shelf.show(catalogue.images().getOrDefault(item.id(), item));
                }
            } catch (IOException e) {
                throw Folders.failure(e, "removing image " + nameOrId);
            }
        }
    }

    /// Takes the name away; with the last tag of a repository its digests go, with an id everything.
    private static void forget(String nameOrId, TreeSet<String> tags, TreeSet<String> digests) {
        String name = ImageReference.tryParse(nameOrId).map(ImageReference::toString).orElse("");
        if (digests.remove(name)) {
            return;
        }
        if (!tags.remove(name)) {
            tags.clear();
            digests.clear();
            return;
        }
        String repository = name.substring(0, name.lastIndexOf(':'));
        if (tags.stream().noneMatch(tag -> tag.startsWith(repository + ":"))) {
            digests.removeIf(digest -> digest.startsWith(repository + "@"));
        }
    }

    private void requireFree(Catalogue.Item item) {
        List<String> holders = catalogue.leases().entrySet().stream()
                .filter(lease -> lease.getValue().contains(item.id())).map(Map.Entry::getKey).toList();
        if (!holders.isEmpty()) {
            throw new ImageException(ImageException.Reason.IN_USE, "image " + item.id() + " " + item.tags() + " is used by "
                    + Text.shortened(String.join(", ", holders)) + "; remove that first");
        }
    }

    @Override
    public void lease(String imageId, String holder) {
        synchronized (shelf) {
            if (!catalogue.images().containsKey(imageId)) {
                throw new ImageException(ImageException.Reason.NOT_FOUND, "there is no image " + imageId + " to lease");
            }
            if (catalogue.leases().computeIfAbsent(holder, h -> new TreeSet<>()).add(imageId) || unwritten) {
                catalogue.touch(imageId, clock.instant().getEpochSecond());
                write("leasing image " + imageId);
            }
        }
    }

    @Override
    public Set<String> holders() {
        synchronized (shelf) {
            return Set.copyOf(catalogue.leases().keySet());
        }
    }

    @Override
    public void release(String holder) {
        synchronized (shelf) {
            Set<String> released = catalogue.leases().remove(holder);
            if (released != null || unwritten) {
                Objects.requireNonNullElse(released, Set.<String>of()).forEach(id -> catalogue.touch(id, clock.instant().getEpochSecond()));
                write("ending the leases of " + holder);
            }
        }
    }

    @Override
    public void tag(String nameOrId, String name) {
        ImageReference reference = ImageReference.parse(name);
        if (reference.tag() == null) {
            throw new ImageException(ImageException.Reason.INVALID_REFERENCE,
                    "'" + Text.shortened(name) + "' goes by digest; a name to give is [host/]repository[:tag]");
        }
        synchronized (shelf) {
            Catalogue.Item item = shelf.required(nameOrId);
            List<Catalogue.Item> changed = new ArrayList<>(List.of(item));
            changed.addAll(catalogue.name(item, reference.toString(), Integer.MAX_VALUE));
            try {
                catalogue.write();
                for (Catalogue.Item each : changed) {
                    shelf.show(each);
                }
            } catch (IOException e) {
                throw Folders.failure(e, "naming image " + item.id());
            }
        }
    }

    @Override
    public byte[] configuration(String imageId) {
        synchronized (shelf) {
            try {
                return Files.readAllBytes(configs.resolve(Digest.parse(shelf.required(imageId).id()).hex()));
            } catch (IOException e) {
                throw Folders.failure(e, "reading the configuration of image " + imageId);
            }
        }
    }

    @Override
    public void save(List<String> names, ArchiveFormat format, OutputStream out) throws IOException {
        List<ArchiveWriter.Piece> pieces = new ArrayList<>();
        DiskLayers.Hold hold;
        synchronized (shelf) {
            SavedImages saved = new SavedImages(blobs, configs, catalogue.images().values());
            Map<String, TreeSet<String>> tags = new LinkedHashMap<>();
            Map<String, String> wanted = new LinkedHashMap<>();
            for (String name : names) {
                Catalogue.Item item = shelf.required(name);
                String full = ImageReference.tryParse(name).map(ImageReference::toString).orElse("");
                boolean byTag = item.tags().contains(full);
                tags.computeIfAbsent(item.id(), id -> new TreeSet<>()).addAll(byTag ? Set.of(full) : item.tags());
                wanted.putIfAbsent(item.id(), item.digestFor(full));
            }
            for (Map.Entry<String, TreeSet<String>> each : tags.entrySet()) {
                pieces.add(saved.piece(shelf.required(each.getKey()), List.copyOf(each.getValue()), wanted.getOrDefault(each.getKey(), "")));
            }
            hold = blobs.hold(pieces.stream().flatMap(piece -> piece.layers().stream()).map(ArchiveWriter.Layer::blob).toList());
        }
        try (hold) {
            ArchiveWriter writer = new ArchiveWriter(out, work, settings, zstd);
            switch (format) {
                case OCI -> writer.layout(pieces);
                case DOCKER -> writer.dockerArchive(pieces);
            }
        }
    }

    @Override
    public List<Image> prune(Predicate<Image> meant) {
        synchronized (shelf) {
            List<Image> removed = new ArrayList<>();
            for (Catalogue.Item item : catalogue.unleased()) {
                if (shelf.find(item.id()).filter(meant).isPresent()) {
                    shelf.takeAway(item).ifPresent(removed::add);
                }
            }
            try {
                catalogue.write();
                shelf.sweep();
                blobs.sweepIncoming(clock.instant(), 0);
            } catch (IOException e) {
                throw Folders.failure(e, "removing unused images");
            }
            removed.forEach(image -> LOG.info("event=image-removed id={} names={} reason=prune", image.id(), image.tags()));
            return removed;
        }
    }

    private DiskLayers.Room reserved(String what, long whole, LongSupplier missing) throws IOException {
        return pressure.reserve(what, whole, missing);
    }

    private void write(String what) {
        unwritten = true;
        try {
            catalogue.write();
            unwritten = false;
        } catch (IOException e) {
            throw Folders.failure(e, what);
        }
    }

    @Override
    public Usage usage() {
        long[] sums = new long[2];
        try (var files = Files.walk(folder)) {
            files.forEach(file -> {
                try {
                    sums[0] += Files.isRegularFile(file) ? Files.size(file) : 0;
                    sums[1]++;
                } catch (IOException e) {
                    // It went away meanwhile.
                }
            });
        } catch (IOException | java.io.UncheckedIOException e) {
            LOG.warn("event=image-usage-partial folder={} error=\"{}\"", folder, e.getMessage());
        }
        return new Usage(folder, sums[0], sums[1]);
    }

    @Override
    public void close() {
        timer.shutdownNow();
        http.close();
        lock.close();
    }
}
