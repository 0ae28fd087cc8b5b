package io.hypernetes.kubelet.pod;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// Which images on this node each tenant may use without asking a registry: those that it has pulled here itself, those that were pulled here without any
/// credentials, and those that no pod's pull brought here, which the operator loaded for all (as Kubernetes' `NeverVerifyPreloadedImages`). That an image
/// lies on a node, because another tenant could pull it, gives nobody a right to it. Thread-safe.
///
/// Tenants are known by their uids: a name may come to belong to somebody else.
///
/// A record says in its content of which image it is, and goes once that is no longer here.
///
/// A pull with credentials is told before it begins and durably, so that a kubelet that dies meanwhile leaves no private image that looks like a loaded one.
final class PulledImages {
    private static final String EVERYBODY = "*";
    private static final String PRIVATE = "!";
    private static final String INTENT = "intent-";
    /// Each pod has an object of this class, and all of them have the one folder.
    private static final ReentrantLock CHANGING = new ReentrantLock();

    private final Path folder;

    PulledImages(Path folder) {
        this.folder = folder;
    }

    /// Whether a tenant may use an image that is here.
    ///
    /// @param tenant tells its uid; asked only when it matters
    /// @param id the runtime's name for the image, which its content decides
    /// @param ids the runtime's name for what a reference names, when it is here
    boolean mayUse(Supplier<String> tenant, String id, Function<String, Optional<String>> ids) {
        if (Files.exists(record(EVERYBODY, id))) {
            return true;
        }
        for (String reference : begun()) {
            ids.apply(reference).ifPresent(pulled -> write(record(PRIVATE, pulled), pulled));
        }
        return !Files.exists(record(PRIVATE, id)) || Files.exists(record(tenant.get(), id));
    }

    /// A pull with credentials is about to begin.
    void begins(String reference) {
        write(intent(reference), reference);
    }

    /// The registry gave the image to a tenant just now.
    ///
    /// @param tenant tells its uid; asked only when it matters
    /// @param reference what was asked for
    /// @param anonymously whether it asked for no credentials
    void pulled(Supplier<String> tenant, String reference, String id, boolean anonymously) {
        if (anonymously) {
            write(record(EVERYBODY, id), id);
            return;
        }
        write(record(PRIVATE, id), id);
        write(record(tenant.get(), id), id);
        try {
            Files.deleteIfExists(intent(reference));
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /// Removes the records of images that are gone.
    ///
    /// @param present asked while nobody notes anything, so that no image comes between the question and the removal
    void forgetAllBut(Supplier<Set<String>> present) {
        CHANGING.lock();
        try (Stream<Path> all = Files.list(folder)) {
            Set<String> here = present.get();
            for (Path file : all.toList()) {
                String name = String.valueOf(file.getFileName());
                if (name.startsWith(".") || name.startsWith(INTENT)) {
                    continue;
                }
                String id = Files.readString(file);
                if (!id.isEmpty() && !here.contains(id)) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (NoSuchFileException e) {
            // Nothing was noted so far.
        } catch (IOException e) {
            throw failed(e);
        } finally {
            CHANGING.unlock();
        }
    }

    private List<String> begun() {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(file -> String.valueOf(file.getFileName()).startsWith(INTENT)).flatMap(PulledImages::text).toList();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private static Stream<String> text(Path file) {
        try {
            return Stream.of(Files.readString(file));
        } catch (NoSuchFileException ended) {
            return Stream.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void write(Path file, String text) {
        CHANGING.lock();
        try {
            if (Files.exists(file)) {
                return;
            }
            Files.createDirectories(folder);
            Path whole = folder.resolve("." + UUID.randomUUID());
            try (FileChannel channel = FileChannel.open(whole, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
                channel.force(true);
            }
            Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE);
            try (FileChannel entries = FileChannel.open(folder)) {
                entries.force(true);
            }
        } catch (IOException e) {
            throw failed(e);
        } finally {
            CHANGING.unlock();
        }
    }

    private UncheckedIOException failed(IOException e) {
        return new UncheckedIOException("noting in " + folder + " who pulled an image; check the disk", e);
    }

    private Path intent(String reference) {
        return folder.resolve(INTENT + hash(reference));
    }

    private Path record(String tenant, String id) {
        return folder.resolve(hash(tenant + " " + id));
    }

    private static String hash(String text) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
