package io.hypernetes.store.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;

/// Where the tests of this module keep what they share.
final class Folders {
    private Folders() {}

    /// Default settings; the native library is unpacked once for all tests, below `target`.
    static EmbeddedSettings settings() {
        return EmbeddedSettings.defaults().withNativeFolder(Path.of("target", "native"));
    }

    static void delete(Path folder) throws IOException {
        List<Path> all;
        try (var files = Files.walk(folder)) {
            all = files.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : all) {
            Files.delete(file);
        }
    }
}
