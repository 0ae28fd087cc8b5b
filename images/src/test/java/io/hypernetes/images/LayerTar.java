package io.hypernetes.images;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Random;

/// A layer as small as it can be: a tar with one file.
final class LayerTar {
    private LayerTar() {}

    static byte[] of(String name, byte[] content) {
        ByteArrayOutputStream layer = new ByteArrayOutputStream();
        try {
            TarWriter tar = new TarWriter(layer);
            tar.write(TarEntry.file(name, 0644, content.length), new ByteArrayInputStream(content));
            tar.finish();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return layer.toByteArray();
    }

    /// Bytes that no compression shortens, the same for the same seed.
    static byte[] random(String name, long seed, int length) {
        byte[] content = new byte[length];
        new Random(seed).nextBytes(content);
        return of(name, content);
    }
}
