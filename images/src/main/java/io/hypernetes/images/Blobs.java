package io.hypernetes.images;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Blobs by digest: in `blobs/` those of images that are here, in `incoming/` those on their way, whole or in part.
///
/// What is incoming outlives a restart, so that a pull goes on where it was, for the same [Claimant] only; nothing holds it and it is removed when it is old.
/// Whether a file in `blobs/` is sound is checked when it is read: it was not waited for until it was on the disk.
final class Blobs {
    private static final Logger LOG = LoggerFactory.getLogger(Blobs.class);
    private static final String PART = ".part";
    /// Each takes an inode, of which a disk has not many, however short it is.
    static final int MOST_INCOMING = 1_000;

    private final Path kept;
    private final Path incoming;
    private final Map<Digest, Slot> slots = new HashMap<>(); // guarded by itself

    private static final class Slot {
        final Map<Fetching, ReentrantLock> fetching = new HashMap<>();
        /// Whose whole ones go with the last hold.
        final Set<Claimant> unwanted = new HashSet<>();
        int users;
    }

    /// By the length that who fetches it was told, and by where it comes from: one who was told a wrong one, or asks a registry that drips, may wait for ever, and nobody with him.
    private record Fetching(long bytes, Claimant claimant, String origin) {}

    /// Brings a blob into a file, checked; the file may hold the beginning of it.
    interface Fetch {
        void into(Path file);
    }

    Blobs(Path folder) throws IOException {
        this.kept = Files.createDirectories(folder.resolve("blobs"));
        this.incoming = Files.createDirectories(folder.resolve("incoming"));
    }

    /// Protects blobs from every kind of removal until the hold is closed.
    DiskLayers.Hold hold(Collection<Digest> digests) {
        Set<Digest> held = Set.copyOf(digests);
        synchronized (slots) {
            held.forEach(digest -> slots.computeIfAbsent(digest, d -> new Slot()).users++);
        }
        return () -> {
            synchronized (slots) {
                for (Digest digest : held) {
                    Slot slot = slots.get(digest);
                    if (slot != null && --slot.users == 0) {
                        slots.remove(digest);
                        slot.unwanted.forEach(claimant -> drop(digest, claimant));
                    }
                }
            }
        };
    }

    /// The whole blob, where there is one; whose it is has been asked.
    Optional<Path> find(Digest digest) {
        for (Path folder : List.of(kept, incoming, kept)) { // it may become a kept one meanwhile
            Path file = folder.resolve(name(digest));
            if (Files.exists(file)) {
                return Optional.of(file);
            }
        }
        return Optional.empty();
    }

    /// Whether the whole blob has come by this claimant's own means.
    boolean has(Digest digest, Claimant claimant) {
        return Files.exists(incoming.resolve(name(digest, claimant))) || (claimant.mayReadAll() && find(digest).isPresent());
    }

    /// Held by who fetches it, with its holder: who comes second waits for the first that fetches as many bytes from there. The caller holds the blob.
    ReentrantLock fetching(ImageSource.Layer layer, Claimant claimant) {
        synchronized (slots) {
            Slot slot = slots.get(layer.digest());
            if (slot == null) {
                throw new IllegalStateException("blob " + layer.digest() + " is not held");
            }
            return slot.fetching.computeIfAbsent(new Fetching(layer.bytes(), claimant, layer.origin()), _ -> new ReentrantLock());
        }
    }

    /// The whole blob, fetched unless it has come for the claimant; by who holds [#fetching].
    void bring(ImageSource.Layer layer, Claimant claimant) throws IOException {
        Digest digest = layer.digest();
        if (!has(digest, claimant)) {
            Path part = part(layer, claimant);
            layer.fetch().into(part);
            Files.move(part, incoming.resolve(name(digest, claimant)), StandardCopyOption.ATOMIC_MOVE);
        }
    }

    private Path part(ImageSource.Layer layer, Claimant claimant) {
        String from = Digest.sha256((claimant.key() + "\n" + layer.origin()).getBytes(UTF_8)).hex();
        return incoming.resolve(name(layer.digest()) + "." + from + "." + layer.bytes() + PART);
    }

    /// How many bytes of a blob are on the disk while it is brought.
    long brought(ImageSource.Layer layer, Claimant claimant) {
        return has(layer.digest(), claimant) ? layer.bytes() : Folders.sizeOf(part(layer, claimant));
    }

    /// Where the whole blob may be that the claimant has, in the order in which it moves.
    private List<Path> places(Digest digest, Claimant claimant) {
        Path own = incoming.resolve(name(digest, claimant));
        Path keptOne = kept.resolve(name(digest));
        return claimant.mayReadAll() ? List.of(own, incoming.resolve(name(digest, Claimant.ANYBODY)), keptOne) : List.of(own, keptOne);
    }

    /// Forgets a blob whose content is not what it should be. What is wrong with an image may be what it says of a blob that others need.
    void discardIfDamaged(Digest digest, Claimant claimant) throws IOException {
        for (Path file : places(digest, claimant)) {
            try (InputStream content = checked(file, digest)) {
                content.transferTo(OutputStream.nullOutputStream());
            } catch (NoSuchFileException absent) {
                // There is nothing to be forgotten.
            } catch (IOException damaged) {
                Files.deleteIfExists(file);
            }
        }
    }

    private interface Look<T> {
        T at(Path file) throws IOException;
    }

    private <T> T look(Digest digest, Claimant claimant, Look<T> look) throws IOException {
        NoSuchFileException missing = new NoSuchFileException(digest.toString());
        for (Path file : places(digest, claimant)) {
            try {
                return look.at(file);
            } catch (NoSuchFileException elsewhere) {
                missing = elsewhere;
            }
        }
        throw missing;
    }

    /// Opens a whole blob that has come for the claimant, wherever it is by now.
    ///
    /// @throws NoSuchFileException when it is not here
    InputStream open(Digest digest, Claimant claimant) throws IOException {
        return look(digest, claimant, Files::newInputStream);
    }

    /// How long a whole blob is, whatever was said of it.
    ///
    /// @throws NoSuchFileException when it is not here
    long size(Digest digest, Claimant claimant) throws IOException {
        return look(digest, claimant, Files::size);
    }

    /// Stores a document whose digest the caller has checked, durably.
    void put(Digest digest, byte[] content) throws IOException {
        Path file = kept.resolve(name(digest));
        if (!Files.exists(file) || Files.size(file) != content.length) {
            Folders.writeDurably(file, content);
        }
    }

    /// A small document, checked; empty when it is not here or damaged.
    Optional<byte[]> document(Digest digest) throws IOException {
        Optional<Path> file = find(digest);
        if (file.isEmpty() || Files.size(file.get()) > Documents.MOST_BYTES) {
            return Optional.empty();
        }
        byte[] content = Files.readAllBytes(file.get());
        return digest.matches(content) ? Optional.of(content) : Optional.empty();
    }

    /// An image needs these from now on: what has come for the claimant moves to the kept ones.
    void keep(Collection<Digest> digests, Claimant claimant) throws IOException {
        for (Digest digest : digests) {
            Path keptOne = kept.resolve(name(digest));
            for (Path file : places(digest, claimant)) {
                if (!file.equals(keptOne) && Files.exists(file)) {
                    Files.move(file, keptOne, StandardCopyOption.ATOMIC_MOVE);
                }
            }
        }
    }

    /// What has come of these is not to be kept by the caller, who holds them; it goes with the last hold.
    void dropIncoming(Collection<Digest> digests, Claimant claimant) {
        synchronized (slots) {
            digests.forEach(digest -> Objects.requireNonNull(slots.get(digest), "not held").unwanted.add(claimant));
        }
    }

    private void drop(Digest digest, Claimant claimant) {
        try {
            Files.deleteIfExists(incoming.resolve(name(digest, claimant)));
        } catch (IOException e) {
            LOG.warn("event=blob-not-removed digest={} error=\"{}\"", digest, e.getMessage()); // it goes when it is old
        }
    }

    /// Removes all that is on its way: nobody knows whose it is.
    void forgetIncoming() throws IOException {
        for (Path file : files(incoming)) {
            Files.delete(file);
        }
    }

    /// Removes the kept blobs that are neither among `used` nor held.
    void sweep(Set<Digest> used) throws IOException {
        for (Path file : files(kept)) {
            Digest digest = digest(file.getFileName().toString());
            if (digest == null || !used.contains(digest)) {
                deleteUnlessHeld(file, digest);
            }
        }
    }

    /// Removes incoming blobs that nobody holds: those last written before `oldest`, and more, the oldest first, until at most
    /// `mostBytes` in [#MOST_INCOMING] files are left.
    void sweepIncoming(Instant oldest, long mostBytes) throws IOException {
        record Found(Path file, Instant written, long bytes) {}
        List<Found> found = new ArrayList<>();
        for (Path file : files(incoming)) {
            try {
                found.add(new Found(file, Files.getLastModifiedTime(file).toInstant(), Files.size(file)));
            } catch (NoSuchFileException e) {
                // It became a kept one meanwhile.
            }
        }
        found.sort(Comparator.comparing(Found::written));
        long bytes = found.stream().mapToLong(Found::bytes).sum();
        int left = found.size();
        for (Found each : found) {
            Digest digest = digest(each.file().getFileName().toString().replaceFirst("[.].*", "")); // whosever it is, whole or not
            if ((digest == null || each.written().isBefore(oldest) || bytes > mostBytes || left > MOST_INCOMING) && deleteUnlessHeld(each.file(), digest)) {
                bytes -= each.bytes();
                left--;
            }
        }
    }

    private boolean deleteUnlessHeld(Path file, @Nullable Digest digest) throws IOException {
        synchronized (slots) {
            return (digest == null || !slots.containsKey(digest)) && Files.deleteIfExists(file);
        }
    }

    private static List<Path> files(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.toList();
        }
    }

    private static String name(Digest digest) {
        return digest.algorithm() + "-" + digest.hex();
    }

    /// Of what is on its way: a registry that one tenant names must not be able to go on from what came for another, nor give that out.
    private static String name(Digest digest, Claimant claimant) {
        return name(digest) + claimant.mark();
    }

    private static @Nullable Digest digest(String name) {
        try {
            return Digest.parse(name.replaceFirst("-", ":"));
        } catch (ImageException e) {
            return null; // not ours, or half of a document
        }
    }

    /// Reads a blob and checks it on the way: the end comes only when the content was right.
    static InputStream checked(Path file, Digest digest) throws IOException {
        return new CheckedBlob(Files.newInputStream(file), digest, file);
    }

    private static final class CheckedBlob extends java.io.FilterInputStream {
        private final java.security.MessageDigest hash;
        private final Digest digest;
        private final Path file;
        private boolean done;

        CheckedBlob(InputStream in, Digest digest, Path file) {
            super(in);
            this.hash = digest.hasher();
            this.digest = digest;
            this.file = file;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] buffer, int from, int length) throws IOException {
            int read = in.read(buffer, from, length);
            if (read > 0) {
                hash.update(buffer, from, read);
            } else if (read < 0 && !done) {
                done = true;
                if (!Digest.of(digest.algorithm(), hash.digest()).equals(digest)) {
                    throw new IOException("blob " + file + " is damaged; remove its image and pull it again");
                }
            }
            return read;
        }

        @Override
        public boolean markSupported() {
            return false;
        }
    }
}
