package io.hypernetes.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// How often a second the disk makes a small append durable: what a store without group commit cannot exceed.
final class FlushFloor {
    private static final long RUN_NANOS = 2_000_000_000L;
    private static final int BYTES = 2048;

    private FlushFloor() {}

    static double perSecond(Path folder) throws IOException {
        Path file = Files.createTempFile(folder, "flush", ".bin");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            ByteBuffer block = ByteBuffer.allocate(BYTES);
            long start = System.nanoTime();
            long end = start + RUN_NANOS;
            int flushes = 0;
            while (System.nanoTime() < end) {
                block.rewind();
                channel.write(block);
                channel.force(false);
                flushes++;
            }
            return flushes * 1e9 / (System.nanoTime() - start);
        } finally {
            Files.delete(file);
        }
    }
}
