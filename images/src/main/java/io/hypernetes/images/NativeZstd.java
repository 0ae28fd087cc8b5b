package io.hypernetes.images;

import com.github.luben.zstd.util.Native;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;

/// The native zstd library, unpacked once into a folder that is ours and loaded when the first zstd layer comes.
///
/// Left alone, zstd-jni unpacks it into the temporary folder at every start and leaves it there when the process is killed.
final class NativeZstd {
    private static final String RESOURCE = "/linux/%s/libzstd-jni-" + com.github.luben.zstd.util.ZstdVersion.VERSION + ".so";

    private final Path folder;

    NativeZstd(Path folder) {
        this.folder = folder;
    }

    void load() throws IOException {
        synchronized (NativeZstd.class) {
            if (Native.isLoaded()) {
                return;
            }
            String machine = System.getProperty("os.arch", "");
            String resource = RESOURCE.formatted(machine);
            byte[] packed;
            try (InputStream in = Native.class.getResourceAsStream(resource)) {
                if (in == null) {
                    throw new IOException("there is no zstd library for " + machine + " (" + resource + ")");
                }
                packed = in.readAllBytes();
            }
            Path library = folder.resolve(Path.of(resource).getFileName().toString());
            if (!Files.isRegularFile(library) || !Arrays.equals(Files.readAllBytes(library), packed)) {
                Files.createDirectories(folder);
                Path temporary = Files.createTempFile(folder, "unpacking-", null);
                Files.write(temporary, packed);
                Files.move(temporary, library, StandardCopyOption.ATOMIC_MOVE);
            }
            System.load(library.toAbsolutePath().toString());
            Native.assumeLoaded();
        }
    }
}
