package io.hypernetes.images;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;

/// How much room the disk of the store has.
interface DiskSpace {

    /// @param totalBytes size of the file system
    /// @param usableBytes what may still be written
    record Room(long totalBytes, long usableBytes) {
        int usedPercent() {
            return totalBytes <= 0 ? 0 : (int) (100 - usableBytes * 100.0 / totalBytes);
        }
    }

    Room room() throws IOException;

    static DiskSpace of(Path folder) {
        return () -> {
            FileStore store = Files.getFileStore(folder);
            return new Room(store.getTotalSpace(), store.getUsableSpace());
        };
    }
}
