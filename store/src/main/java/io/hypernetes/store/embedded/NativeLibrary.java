package io.hypernetes.store.embedded;

import io.hypernetes.store.StoreUnavailableException;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.zip.CRC32;
import org.rocksdb.RocksDB;
import org.rocksdb.util.Environment;

/// RocksDB's native library, unpacked once into a folder that is ours.
///
/// Left alone, RocksDB unpacks 17 MB into the temporary folder at every start and leaves it there when the process is killed.
final class NativeLibrary {
    private static final int PART = 256 << 10;

    private NativeLibrary() {}

    /// Loads the library from below `folder`, unpacking it when it is missing or differs from the one in the jar.
    static void load(Path folder) {
        String file = Environment.getJniLibraryFileName("rocksdb");
        URL packed = RocksDB.class.getResource("/" + file);
        if (packed == null) {
            throw new StoreUnavailableException("no RocksDB library for this machine in the jar: " + file
                    + "; x86-64 and arm64 Linux with glibc are supported");
        }
        try {
            Packed wanted = Packed.at(packed);
            // The checksum is in the path, so versions live side by side and nobody replaces a library that is in use.
            Path home = folder.resolve("rocksdb-%08x".formatted(wanted.crc));
            // RocksDB looks for another name in a folder than the one it has in the jar.
            Path library = home.resolve(Environment.getJniLibraryFileName("rocksdbjni"));
            if (!wanted.isAt(library)) {
                unpack(packed, library);
            }
            RocksDB.loadLibrary(List.of(home.toAbsolutePath().toString()));
        } catch (IOException e) {
            throw new StoreUnavailableException("unpacking " + file + " into " + folder + ": " + e.getMessage()
                    + "; it needs 20 MB and write permission", e);
        }
    }

    private static void unpack(URL packed, Path library) throws IOException {
        Files.createDirectories(library.getParent());
        Path temporary = Files.createTempFile(library.getParent(), "unpacking-", null);
        try {
            try (InputStream in = packed.openStream()) {
                Files.copy(in, temporary, StandardCopyOption.REPLACE_EXISTING);
            }
            try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
                channel.force(true);
            }
            Files.move(temporary, library, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    private record Packed(long size, long crc) {
        static Packed at(URL url) throws IOException {
            if (url.openConnection() instanceof JarURLConnection jar) {
                var entry = jar.getJarEntry();
                return new Packed(entry.getSize(), entry.getCrc());
            }
            try (InputStream in = url.openStream()) { // classes unpacked into a folder
                CRC32 crc = new CRC32();
                byte[] bytes = in.readAllBytes();
                crc.update(bytes);
                return new Packed(bytes.length, crc.getValue());
            }
        }

        boolean isAt(Path library) throws IOException {
            if (!Files.isRegularFile(library) || Files.size(library) != size) {
                return false;
            }
            CRC32 found = new CRC32();
            byte[] part = new byte[PART];
            try (InputStream in = Files.newInputStream(library)) {
                for (int read = in.read(part); read >= 0; read = in.read(part)) {
                    found.update(part, 0, read);
                }
            }
            return found.getValue() == crc;
        }
    }
}
