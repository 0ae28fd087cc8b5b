package io.hypernetes.store.keys;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.hypernetes.store.StoreUnavailableException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import javax.crypto.SecretKey;
import org.jspecify.annotations.Nullable;

/// The keys of one store: one for each owner, in a file of its own, wrapped by the master key.
///
/// The owner of an entry is the first segment of its key (`/acme/…` is acme's); entries without one are those of [#HOUSE]. A key is made when the
/// first value of its owner is written, before the value is, and destroyed once the store has none left. For use by one thread at a time, as
/// a store does.
public final class KeyRing {
    /// Who owns what has no owner. Its key is never destroyed.
    public static final String HOUSE = "root";

    private static final int LONGEST_OWNER = 63;
    private static final String SUFFIX = ".key";
    private static final int OPENED_WITH = 1024;
    private static final int READ_AT_ONCE = 256;

    private final Path folder;
    private final byte[] master;
    private final SecureRandom random;
    private final LongNonceGcm gcm = new LongNonceGcm();
    private final Map<String, OwnerKey> keys = new HashMap<>();

    private static final class OwnerKey {
        final byte[] key;
        @Nullable SecretKey current;
        byte[] first = new byte[0];
        long count;

        OwnerKey(byte[] key) {
            this.key = key;
        }
    }

    private KeyRing(Path folder, byte[] master, SecureRandom random) {
        this.folder = folder;
        this.master = master;
        this.random = random;
    }

    /// Opens the keys in `folder`, unwrapped with the master key in `masterFile`; both are made where there is nothing yet.
    ///
    /// @param masterFile 32 bytes, mode 0600; may be on another disk than the store
    /// @throws StoreUnavailableException when they cannot be read, or the master key is missing or another one
    public static KeyRing open(Path folder, Path masterFile, SecureRandom random) {
        try {
            KeyFiles.folder(folder);
            List<Path> files;
            try (Stream<Path> list = Files.list(folder)) {
                files = list.filter(file -> !file.equals(masterFile) && Files.isRegularFile(file)).toList();
            }
            KeyRing ring = new KeyRing(folder, master(masterFile, files.stream().noneMatch(KeyRing::isKey), random), random);
            ring.load(files.stream().filter(KeyRing::isKey).toList());
            for (Path file : files) {
                if (!isKey(file) && String.valueOf(file.getFileName()).startsWith(".")) {
                    // Half-made when a process ended.
                    KeyFiles.destroy(file);
                }
            }
            return ring;
        } catch (IOException e) {
            throw new StoreUnavailableException("opening the keys in " + folder + ": " + e + "; check the folder and its disk", e);
        }
    }

    private static boolean isKey(Path file) {
        String name = String.valueOf(file.getFileName());
        return name.endsWith(SUFFIX) && !name.startsWith(".");
    }

    private static byte[] master(Path file, boolean first, SecureRandom random) throws IOException {
        if (Files.exists(file)) {
            byte[] key = Files.readAllBytes(file);
            if (key.length != LongNonceGcm.KEY) {
                throw new StoreUnavailableException("the master key " + file + " has " + key.length + " bytes, not " + LongNonceGcm.KEY
                        + "; put the right file back from a copy");
            }
            return key;
        }
        if (!first) {
            throw new StoreUnavailableException("the master key " + file + " is missing, and there are keys wrapped by it; put the file back from a copy");
        }
        byte[] key = new byte[LongNonceGcm.KEY];
        random.nextBytes(key);
        Path parent = file.toAbsolutePath().getParent();
        if (parent != null) {
            KeyFiles.folder(parent);
        }
        KeyFiles.write(file, key);
        return key;
    }

    /// The owner of an entry.
    public static String owner(String key) {
        int end = key.startsWith("/") ? key.indexOf('/', 1) : -1;
        if (end < 0) {
            return HOUSE;
        }
        return isLabel(key, 1, end) ? key.substring(1, end) : HOUSE;
    }

    /// Whether that part is a DNS label (RFC 1123 section 2.1); character by character, as a start asks it of every entry.
    private static boolean isLabel(String text, int from, int to) {
        if (from == to || to - from > LONGEST_OWNER || text.charAt(from) == '-' || text.charAt(to - 1) == '-') {
            return false;
        }
        for (int i = from; i < to; i++) {
            char c = text.charAt(i);
            if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-') {
                return false;
            }
        }
        return true;
    }

    /// Who has a key.
    public Set<String> owners() {
        return Set.copyOf(keys.keySet());
    }

    /// Bytes that a sealed value has more than the value.
    public static int overhead() {
        return LongNonceGcm.NONCE + LongNonceGcm.TAG;
    }

    /// Seals a value of `owner`, whose key is made durable before if it has none.
    ///
    /// @param bound what the sealed value belongs to; it opens with the same bytes only
    /// @throws StoreUnavailableException when a new key cannot be written
    public byte[] seal(String owner, byte[] bound, byte[] value) {
        OwnerKey key = keys.get(owner);
        if (key == null) {
            key = make(owner);
        }
        SecretKey current = key.current;
        if (current == null) {
            // Values are counted from a beginning drawn anew at each start, so that no nonce comes twice, after a restored copy neither.
            key.first = new byte[LongNonceGcm.HALF];
            random.nextBytes(key.first);
            current = gcm.derive(key.key, key.first);
            key.current = current;
            key.count = 0;
        }
        byte[] rest = ByteBuffer.allocate(LongNonceGcm.HALF).putInt(0).putLong(key.count++).array();
        byte[] sealed = new byte[LongNonceGcm.NONCE + value.length + LongNonceGcm.TAG];
        System.arraycopy(key.first, 0, sealed, 0, LongNonceGcm.HALF);
        System.arraycopy(rest, 0, sealed, LongNonceGcm.HALF, LongNonceGcm.HALF);
        gcm.seal(current, rest, bound, value, sealed, LongNonceGcm.NONCE);
        return sealed;
    }

    /// Something to open values with. For one thread, while nothing is sealed and no key is destroyed.
    public Opener opener() {
        return new Opener();
    }

    /// Opens what [#seal] gave.
    public final class Opener {
        /// Keys that values were sealed with.
        private final Map<String, SecretKey> derived = new HashMap<>();
        /// The last one asked for: most values are of the same owner and of the same run of a process as the one before.
        private @Nullable SecretKey last;
        private String lastOwner = "";
        private byte[] lastFirst = new byte[LongNonceGcm.HALF];

        private Opener() {}

        /// A value sealed for the same owner and the same `bound`, opened when it is asked for: by any thread, whatever became of the owner's key. The
        /// supplier throws StoreUnavailableException when the bytes are not what was sealed.
        ///
        /// @param bound asked when the value is
        /// @param sealed has the sealed value from `from` to `to`, and does not change there
        /// @throws StoreUnavailableException when the owner has no key
        public Supplier<byte[]> later(String owner, Supplier<byte[]> bound, byte[] sealed, int from, int to) {
            if (to - from < overhead()) {
                throw new StoreUnavailableException("a sealed value of " + owner + " is cut short");
            }
            SecretKey made = key(owner, sealed, from);
            return () -> {
                byte[] rest = Arrays.copyOfRange(sealed, from + LongNonceGcm.HALF, from + LongNonceGcm.NONCE);
                try {
                    return LongNonceGcm.open(made, rest, bound.get(), sealed, from + LongNonceGcm.NONCE, to);
                } catch (GeneralSecurityException e) {
                    throw new StoreUnavailableException("a value of " + owner + " does not open with its key in " + folder
                            + ": it was changed, or the key is another one's; restore both from copies of one time", e);
                }
            };
        }

        private SecretKey key(String owner, byte[] sealed, int from) {
            SecretKey same = last;
            if (same != null && owner.equals(lastOwner) && Arrays.equals(lastFirst, 0, LongNonceGcm.HALF, sealed, from, from + LongNonceGcm.HALF)) {
                return same;
            }
            OwnerKey key = keys.get(owner);
            if (key == null) {
                throw new StoreUnavailableException("the key of " + owner + " is missing in " + folder + "; put the file back from a copy");
            }
            byte[] first = Arrays.copyOfRange(sealed, from, from + LongNonceGcm.HALF);
            if (derived.size() >= OPENED_WITH) {
                derived.clear();
            }
            SecretKey made = derived.computeIfAbsent(owner + "/" + new String(first, ISO_8859_1), _ -> gcm.derive(key.key, first));
            lastOwner = owner;
            lastFirst = first;
            last = made;
            return made;
        }
    }

    /// Destroys the key of an owner of whom nothing is left: what it sealed can never be opened again. Absent is fine.
    ///
    /// @throws StoreUnavailableException when its file cannot be removed
    public void destroy(String owner) {
        OwnerKey gone = keys.get(owner);
        if (gone == null || owner.equals(HOUSE)) {
            return;
        }
        try {
            KeyFiles.destroy(file(owner));
        } catch (IOException e) {
            throw new StoreUnavailableException("destroying the key of " + owner + " in " + folder + ": " + e
                    + "; nothing more is written until the process has been started again", e);
        }
        keys.remove(owner);
        Arrays.fill(gone.key, (byte) 0);
    }

    private OwnerKey make(String owner) {
        byte[] key = new byte[LongNonceGcm.KEY];
        random.nextBytes(key);
        byte[] nonce = new byte[LongNonceGcm.NONCE];
        random.nextBytes(nonce);
        byte[] wrapped = Arrays.copyOf(nonce, LongNonceGcm.NONCE + LongNonceGcm.KEY + LongNonceGcm.TAG);
        gcm.seal(gcm.derive(master, nonce), Arrays.copyOfRange(nonce, LongNonceGcm.HALF, LongNonceGcm.NONCE), owner.getBytes(UTF_8), key, wrapped, LongNonceGcm.NONCE);
        try {
            KeyFiles.write(file(owner), wrapped);
        } catch (IOException e) {
            throw new StoreUnavailableException("writing the key of " + owner + " to " + folder + ": " + e + "; check the disk", e);
        }
        OwnerKey made = new OwnerKey(key);
        keys.put(owner, made);
        return made;
    }

    /// Reads keys on all processors: there may be ten thousand, and a start waits for them.
    private void load(List<Path> files) throws IOException {
        List<List<Path>> parts = new ArrayList<>();
        for (int from = 0; from < files.size(); from += READ_AT_ONCE) {
            parts.add(files.subList(from, Math.min(files.size(), from + READ_AT_ONCE)));
        }
        try {
            parts.parallelStream().map(this::read).toList().forEach(keys::putAll);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private Map<String, OwnerKey> read(List<Path> files) {
        LongNonceGcm own = new LongNonceGcm();
        Map<String, OwnerKey> read = new HashMap<>();
        for (Path file : files) {
            String name = String.valueOf(file.getFileName());
            String owner = name.substring(0, name.length() - SUFFIX.length());
            try {
                byte[] wrapped = Files.readAllBytes(file);
                if (Arrays.equals(wrapped, new byte[wrapped.length])) {
                    // Overwritten, but not removed before the process ended: nothing of its owner is left.
                    KeyFiles.destroy(file);
                    continue;
                }
                byte[] nonce = Arrays.copyOf(wrapped, LongNonceGcm.NONCE);
                byte[] rest = Arrays.copyOfRange(nonce, LongNonceGcm.HALF, LongNonceGcm.NONCE);
                read.put(owner, new OwnerKey(LongNonceGcm.open(own.derive(master, nonce), rest, owner.getBytes(UTF_8), wrapped, LongNonceGcm.NONCE, wrapped.length)));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (GeneralSecurityException | IllegalArgumentException e) {
                throw new StoreUnavailableException("the key " + file + " does not open with the master key: one of the two is damaged or of another"
                        + " installation; restore both from copies of one time", e);
            }
        }
        return read;
    }

    private Path file(String owner) {
        return folder.resolve(owner + SUFFIX);
    }
}
