package io.hypernetes.images;

import java.nio.file.Path;

/// Loads an archive once; run by hand: `java … ConversionSpeed FOLDER ARCHIVE`.
final class ConversionSpeed {
    private ConversionSpeed() {}

    public static void main(String[] arguments) {
        long start = System.nanoTime();
        try (LocalImageStore store = LocalImageStore.open(Path.of(arguments[0]), ImageSettings.defaults())) {
            long opened = System.nanoTime();
            for (Image image : store.load(Path.of(arguments[1]), null, PullProgress.NONE)) {
                System.out.println(image.tags() + " layers=" + image.layers().size() + " bytes=" + image.sizeBytes() + " disk="
                        + image.layers().stream().mapToLong(DiskLayer::sizeBytes).sum());
            }
            System.out.println("open_ms=" + (opened - start) / 1_000_000 + " load_ms=" + (System.nanoTime() - opened) / 1_000_000);
        }
    }
}
