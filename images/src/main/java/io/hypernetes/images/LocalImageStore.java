package io.hypernetes.images;

import io.hypernetes.linux.FileLock;
import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/// An [ImageStore] in one folder of this machine, used by one process at a time.
///
/// The folder holds `catalogue.json`, `configs/`, `layers/` (squashfs files by diff id) and `work/` (half-made things, emptied at
/// each opening). A blob is not kept once its layer is converted.
public final class LocalImageStore implements ImageStore {
    private static final Logger LOG = LoggerFactory.getLogger(LocalImageStore.class);

    private final Path folder;
    private final Path configs;
    private final Path work;
    private final ImageSettings settings;
    private final FileLock lock;
    private final NativeZstd zstd;
    private final DiskLayers layers;
    private final Object gate = new Object();
    private final Catalogue catalogue; // guarded by gate
    private @Nullable HttpClient http; // guarded by gate
    private final Map<String, Image> images = new LinkedHashMap<>(); // guarded by gate; what the catalogue says, ready to give out

    private LocalImageStore(Path folder, ImageSettings settings, FileLock lock) throws IOException {
        this.folder = folder;
        this.settings = settings;
        this.lock = lock;
        this.configs = Files.createDirectories(folder.resolve("configs"));
        this.work = folder.resolve("work");
        Folders.delete(work);
        Files.createDirectories(work);
        Path nativeFolder = settings.nativeFolder();
        this.zstd = new NativeZstd(nativeFolder == null ? folder.resolve("native") : nativeFolder);
        this.layers = new DiskLayers(Files.createDirectories(folder.resolve("layers")), work, settings, zstd);
        this.catalogue = Catalogue.read(folder.resolve("catalogue.json"));
    }

    /// Opens the store in `folder`, making it when there is none, and removes what a killed process left half-made.
    ///
    /// @throws ImageException when another process has it open or the folder cannot be used
    public static LocalImageStore open(Path folder, ImageSettings settings) {
        try {
            Files.createDirectories(folder);
            FileLock lock = FileLock.tryLock(folder.resolve("lock")).orElseThrow(() -> new ImageException(
                    ImageException.Reason.IN_USE, "image store " + folder + " is open in another process; stop that one first"));
            try {
                LocalImageStore store = new LocalImageStore(folder, settings, lock);
                store.recover();
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
        synchronized (gate) {
            boolean lost = false;
            for (Catalogue.Item item : List.copyOf(catalogue.images().values())) {
                try {
                    images.put(item.id(), image(item));
                } catch (ImageException | IOException e) {
                    LOG.warn("event=image-dropped id={} names={} reason=\"{}\"", item.id(), item.tags(), e.getMessage());
                    catalogue.images().remove(item.id());
                    lost = true;
                }
            }
            if (lost) {
                catalogue.write();
            }
            sweep();
        }
    }

    @Override
    public Image pull(String name, @Nullable RegistryCredentials credentials, PullProgress progress) {
        ImageReference reference = ImageReference.parse(name);
        RegistryClient registry = new RegistryClient(http(), settings, reference, credentials);
        long start = System.nanoTime();
        try {
            Image image = add(described(registry, reference, progress), progress);
            LOG.info("event=image-pulled reference={} id={} bytes={} ms={}",
                    reference, image.id(), image.sizeBytes(), (System.nanoTime() - start) / 1_000_000);
            return image;
        } catch (ImageException e) {
            LOG.info("event=image-pull-failed reference={} reason={} error=\"{}\"", reference, e.reason(), e.getMessage());
            throw e;
        }
    }

    private ImageSource described(RegistryClient registry, ImageReference reference, PullProgress progress) {
        String digest = reference.digest();
        RegistryClient.Fetched top = registry.manifest(digest != null ? digest : String.valueOf(reference.tag()));
        String what = "manifest of " + reference;
        JsonNode document = Documents.tree(top.content(), what);
        if (Documents.isIndex(document)) {
            JsonNode chosen = Documents.forThisMachine(document);
            if (chosen == null) {
                throw new ImageException(ImageException.Reason.NOT_FOUND, reference + " has nothing for linux/"
                        + Documents.architecture() + ", but for " + Documents.platforms(document));
            }
            Documents.Descriptor inner = Documents.descriptor(chosen, what);
            document = Documents.tree(registry.manifest(inner.digest().toString()).content(), what);
        }
        Documents.Manifest manifest = Documents.manifest(document, what);
        byte[] config = registry.smallBlob(manifest.config());
        List<ImageSource.Layer> sources = new ArrayList<>();
        for (Documents.Descriptor layer : manifest.layers()) {
            String name = layer.digest().shortHex();
            sources.add(new ImageSource.Layer(name, layer.size(), temporary -> {
                progress.update(name, PullProgress.Step.DOWNLOADING, 0, layer.size());
                registry.blob(layer, temporary,
                        done -> progress.update(name, PullProgress.Step.DOWNLOADING, done, layer.size()));
                return () -> Files.newInputStream(temporary);
            }));
        }
        return new ImageSource(manifest.config().digest(), config, sources, manifest.size(),
                reference.tag() == null ? null : reference.toString(), reference.at(top.digest()));
    }

    @Override
    public List<Image> load(Path file, @Nullable String name, PullProgress progress) {
        if (!Files.exists(file)) {
            throw new ImageException(ImageException.Reason.NOT_FOUND, "there is no file " + file);
        }
        try (ArchiveFiles files = ArchiveFiles.open(file, work, settings, zstd)) {
            Map<String, Image> loaded = new LinkedHashMap<>();
            for (ImageSource source : new ArchiveReader(files, file.toString(), name).images()) {
                Image image = add(source, progress);
                loaded.put(image.id(), image);
            }
            return List.copyOf(loaded.values());
        } catch (IOException e) {
            throw Folders.failure(e, "loading " + file);
        }
    }

    private Image add(ImageSource source, PullProgress progress) {
        Documents.Config config = Documents.config(
                source.config(), source.layers().size(), "configuration " + source.id());
        List<String> diffIds = config.diffIds().stream().map(Digest::toString).toList();
        try (DiskLayers.Hold hold = layers.hold(diffIds)) {
            bring(source.layers(), diffIds, progress);
            synchronized (gate) {
                Folders.writeDurably(configs.resolve(source.id().hex()), source.config());
                Catalogue.Item known = catalogue.images().get(source.id().toString());
                Catalogue.Item item = known != null
                        ? known
                        : new Catalogue.Item(source.id().toString(), new TreeSet<>(), new TreeSet<>(), source.sizeBytes(), diffIds);
                List<Catalogue.Item> changed = new ArrayList<>(List.of(item));
                if (source.tag() != null && !item.tags().contains(source.tag())) {
                    for (Catalogue.Item other : catalogue.images().values()) {
                        if (other.tags().remove(source.tag())) { // a tag that moved
                            changed.add(other);
                        }
                    }
                    item.tags().add(source.tag());
                }
                if (source.repoDigest() != null) {
                    item.digests().add(source.repoDigest());
                }
                catalogue.images().put(item.id(), item);
                catalogue.write();
                for (Catalogue.Item each : changed) {
                    images.put(each.id(), image(each));
                }
                return image(item);
            }
        } catch (IOException e) {
            throw Folders.failure(e, "storing image " + source.id());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ImageException(ImageException.Reason.UNREACHABLE, "bringing image " + source.id() + " was interrupted", e);
        }
    }

    /// All layers at a time as far as the limits allow; the first failure ends the others.
    private void bring(List<ImageSource.Layer> sources, List<String> diffIds, PullProgress progress)
            throws InterruptedException {
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < sources.size(); i++) {
                ImageSource.Layer layer = sources.get(i);
                String diffId = diffIds.get(i);
                running.add(threads.submit(() -> {
                    layers.ensure(diffId, layer.name(), layer.bytes(), layer.source(), progress);
                    return null;
                }));
            }
            for (Future<?> layer : running) {
                layer.get();
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof ImageException failure) {
                throw failure;
            }
            throw new IllegalStateException(e.getCause());
        } finally {
            threads.shutdownNow();
            threads.close(); // the hold must outlast every thread that uses it
        }
    }

    @Override
    public Optional<Image> find(String nameOrId) {
        synchronized (gate) {
            return item(nameOrId).map(item -> images.get(item.id()));
        }
    }

    private Optional<Catalogue.Item> item(String nameOrId) {
        Catalogue.Item byId = catalogue.images().get(nameOrId);
        if (byId != null) {
            return Optional.of(byId);
        }
        Optional<ImageReference> reference = ImageReference.tryParse(nameOrId);
        if (reference.isPresent()) {
            String name = reference.get().toString();
            for (Catalogue.Item item : catalogue.images().values()) {
                if (item.tags().contains(name) || item.digests().contains(name)) {
                    return Optional.of(item);
                }
            }
        }
        String prefix = nameOrId.startsWith("sha256:") ? nameOrId.substring(7) : nameOrId;
        if (!prefix.matches("[0-9a-f]{4,64}")) {
            return Optional.empty();
        }
        List<Catalogue.Item> found = catalogue.images().values().stream()
                .filter(item -> item.id().startsWith("sha256:" + prefix)).toList();
        return found.size() == 1 ? Optional.of(found.getFirst()) : Optional.empty();
    }

    @Override
    public List<Image> list() {
        synchronized (gate) {
            return List.copyOf(images.values());
        }
    }

    @Override
    public void remove(String nameOrId) {
        synchronized (gate) {
            Optional<Catalogue.Item> found = item(nameOrId);
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
                catalogue.images().remove(item.id());
                images.remove(item.id());
            } else {
                Catalogue.Item rest = new Catalogue.Item(item.id(), tags, digests, item.sizeBytes(), item.layers());
                catalogue.images().put(item.id(), rest);
            }
            try {
                catalogue.write();
                if (gone) {
                    sweep();
                } else {
                    images.put(item.id(), image(catalogue.images().getOrDefault(item.id(), item)));
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
        synchronized (gate) {
            if (!catalogue.images().containsKey(imageId)) {
                throw new ImageException(ImageException.Reason.NOT_FOUND, "there is no image " + imageId + " to lease");
            }
            if (catalogue.leases().computeIfAbsent(holder, h -> new TreeSet<>()).add(imageId)) {
                write("leasing image " + imageId);
            }
        }
    }

    @Override
    public void release(String holder) {
        synchronized (gate) {
            if (catalogue.leases().remove(holder) != null) {
                write("ending the leases of " + holder);
            }
        }
    }

    private void write(String what) {
        try {
            catalogue.write();
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
        synchronized (gate) {
            if (http != null) {
                http.shutdownNow();
            }
        }
        lock.close();
    }

    /// Made when the first pull comes: its certificates take a good part of a second to load.
    private HttpClient http() {
        synchronized (gate) {
            if (http == null) {
                http = HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(settings.connectTimeout())
                        .followRedirects(HttpClient.Redirect.NEVER)
                        .executor(Executors.newVirtualThreadPerTaskExecutor())
                        .build();
            }
            return http;
        }
    }

    /// Removes layers and configurations that no image needs and no pull holds.
    private void sweep() throws IOException {
        Set<String> used = new HashSet<>();
        Set<String> usedConfigs = new LinkedHashSet<>();
        for (Catalogue.Item item : catalogue.images().values()) {
            used.addAll(item.layers());
            usedConfigs.add(Digest.parse(item.id()).hex());
        }
        layers.sweep(used);
        try (var files = Files.newDirectoryStream(configs)) {
            for (Path file : files) {
                if (!usedConfigs.contains(file.getFileName().toString())) {
                    Files.delete(file);
                }
            }
        }
    }

    private Image image(Catalogue.Item item) throws IOException {
        byte[] config = Files.readAllBytes(configs.resolve(Digest.parse(item.id()).hex()));
        return new Image(item.id(), List.copyOf(item.tags()), List.copyOf(item.digests()), item.sizeBytes(),
                Documents.config(config, item.layers().size(), "configuration " + item.id()).execution(),
                layers.disks(item.layers()));
    }
}
