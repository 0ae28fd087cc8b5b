package io.hypernetes.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A store on a disk that its files fill, and that others share.
class DiskRoomTest {
    private static final long MIB = 1 << 20;
    private static final long RESERVED = 8 * MIB;
    private static final ImageConfig CONFIG =
            new ImageConfig(List.of(), List.of("/bin/sh"), List.of(), "", "", "", List.of(), List.of(), Map.of());

    @TempDir
    Path folder;

    private final AtomicLong size = new AtomicLong();
    private final AtomicLong leastFree = new AtomicLong(Long.MAX_VALUE);
    private LocalImageStore store;

    @BeforeEach
    void open() {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/sqfstar")), "squashfs-tools is not installed: conversion is NOT tested");
        store = LocalImageStore.open(folder.resolve("store"),
                ImageSettings.defaults().withDisk(new ImageSettings.Disk(RESERVED, 100, 100, Duration.ofMinutes(5), true, Duration.ofDays(1))),
                () -> {
                    long free = size.get() - used(folder.resolve("store"));
                    leastFree.accumulateAndGet(free, Math::min);
                    return new DiskSpace.Room(size.get(), free);
                }, Clock.systemUTC());
    }

    @AfterEach
    void close() {
        if (store != null) {
            store.close();
        }
    }

    private static long used(Path place) {
        try (var files = Files.list(place)) {
            return files.mapToLong(file -> Files.isDirectory(file) ? used(file) : file.toFile().length()).sum();
        } catch (NoSuchFileException gone) {
            return 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// A blob says nothing of how large the disk becomes that is made of it.
    @Test
    void theDiskOfALayerIsMadeOnlyWhileThereIsRoomForIt() throws Exception {
        byte[] noise = new byte[(int) (40 * MIB)];
        new Random(1).nextBytes(noise);
        Path archive = folder.resolve("noise.tar");
        new ImageArchive("docker.test/noise:1", CONFIG).file("noise", 0644, noise).writeTo(archive);
        size.set(70 * MIB);
        assertThatThrownBy(() -> store.load(archive, null, PullProgress.NONE))
                .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.NO_SPACE))
                .hasMessageContainingAll("converting layer", "bytes are free", RESERVED + " stay reserved", "make room");
        assertThat(leastFree.get()).isGreaterThanOrEqualTo(RESERVED);
        assertThat(Files.list(folder.resolve("store/work"))).isEmpty();
        assertThat(Files.list(folder.resolve("store/layers"))).isEmpty();

        size.set(100 * MIB);
        assertThat(store.load(archive, null, PullProgress.NONE)).hasSize(1);
        assertThat(leastFree.get()).isGreaterThanOrEqualTo(RESERVED);
    }
}
