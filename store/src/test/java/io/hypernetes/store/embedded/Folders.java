package io.hypernetes.store.embedded;

import java.nio.file.Path;

/// Where the tests of this module keep what they share.
final class Folders {
    private Folders() {}

    /// Default settings; the native library is unpacked once for all tests, below `target`.
    static EmbeddedSettings settings() {
        return EmbeddedSettings.defaults().withNativeFolder(Path.of("target", "native"));
    }
}
