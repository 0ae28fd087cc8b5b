package io.hypernetes.images;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Loads archives that the image archive writer makes; needs no registry.
class LoadTest {
    private static final ImageConfig CONFIG =
            new ImageConfig(List.of(), List.of("/bin/sh"), List.of(), "", "", "", List.of(), List.of(), Map.of());

    @TempDir
    Path folder;

    private LocalImageStore store;

    @BeforeEach
    void openStore() {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/sqfstar")), "squashfs-tools is not installed: conversion is NOT tested");
        store = LocalImageStore.open(folder.resolve("store"), ImageSettings.defaults());
    }

    @AfterEach
    void closeStore() {
        if (store != null) {
            store.close();
        }
    }

    @Test
    void theSameCallsGiveTheSameBytesAndDisks() throws Exception {
        Path first = written(new ImageArchive("a:1", CONFIG).file("bin/sh", 0755, bytes("x")).symbolicLink("bin/ls", "sh"));
        Path second = written(new ImageArchive("a:1", CONFIG).file("bin/sh", 0755, bytes("x")).symbolicLink("bin/ls", "sh"));
        assertThat(second).hasSameBinaryContentAs(first);

        String disk = listed(store.load(first, null, PullProgress.NONE).getFirst().layers().getFirst().file());
        store.remove("a:1");
        assertThat(listed(store.load(second, null, PullProgress.NONE).getFirst().layers().getFirst().file())).isEqualTo(disk).contains("/bin/ls -> sh");
    }

    /// What a disk holds, without its root: sqfstar 4.5 gives that the time of day, whatever it is told.
    private static String listed(Path disk) throws Exception {
        Process process = new ProcessBuilder("unsquashfs", "-llnumeric", "-UTC", "-d", "", disk.toString()).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        return said.substring(said.indexOf('\n') + 1);
    }

    @Test
    void aCompressedArchiveIsLoaded() throws Exception {
        Path plain = written(new ImageArchive("a:1", CONFIG).file("f", 0644, bytes("x")));
        Path gzip = folder.resolve("a.tar.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(gzip))) {
            Files.copy(plain, out);
        }
        assertThat(store.load(gzip, null, PullProgress.NONE)).singleElement().satisfies(image -> assertThat(image.forAll()).isTrue());
        try (var left = Files.list(folder.resolve("store/work"))) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void aLayerThatCoversTheRootHidesTheOnesBelowAndAnEmptyOneIsLeftOut() throws Exception {
        Image image = store.load(written(new ImageArchive("a:1", CONFIG)
                .file("hidden", 0644, bytes("x"))
                .nextLayer().opaque("").file("seen", 0644, bytes("y"))
                .nextLayer() // changes nothing
                .nextLayer().file("top", 0644, bytes("z"))), null, PullProgress.NONE).getFirst();

        assertThat(image.layers()).hasSize(2);
        assertThat(Shell.contents(image.layers().get(0))).anyMatch(line -> line.endsWith("/seen"));
        assertThat(Shell.contents(image.layers().get(1))).anyMatch(line -> line.endsWith("/top"));
    }

    @Test
    void aStoreIsOpenedAlsoWhereNothingCanBeWritten() throws Exception {
        store.load(written(new ImageArchive("a:1", CONFIG).file("f", 0644, bytes("x"))), null, PullProgress.NONE);
        store.close();
        Path catalogue = folder.resolve("store/catalogue.json");
        Files.writeString(catalogue, Files.readString(catalogue).replace("\"readers\"", "\"others\"")); // as an earlier version wrote it, so there is something to be written
        Files.createDirectories(folder.resolve("store/catalogue.json.new/in the way")); // as full as a disk can be
        store = LocalImageStore.open(folder.resolve("store"), ImageSettings.defaults());
        assertThat(store.list()).hasSize(1);
    }

    @Test
    void aLayerThatComesTwiceIsUsedOnceInItsHighestPlace() throws Exception {
        Image image = store.load(written(new ImageArchive("a:1", CONFIG)
                .file("same", 0644, bytes("x"))
                .nextLayer().whiteout("same")
                .nextLayer().file("same", 0644, bytes("x"))), null, PullProgress.NONE).getFirst();

        assertThat(image.layers()).hasSize(2);
        assertThat(Shell.contents(image.layers().get(1))).anyMatch(line -> line.startsWith("-rw-r--r--") && line.endsWith("/same"));
    }

    @Test
    void anImageOfNothingHasOneEmptyDisk() throws Exception {
        assertThat(store.load(written(new ImageArchive("a:1", CONFIG)), null, PullProgress.NONE).getFirst().layers()).hasSize(1);
    }

    @Test
    void aLayerOfAnotherContentThanTheConfigurationSaysIsRefused() throws Exception {
        byte[] config = ("{\"architecture\":\"" + Documents.architecture() + "\",\"os\":\"linux\",\"rootfs\":{\"diff_ids\":[\"sha256:"
                + "0".repeat(64) + "\"]}}").getBytes(UTF_8);
        Path archive = folder.resolve("lie.tar");
        try (OutputStream out = Files.newOutputStream(archive)) {
            TarWriter tar = new TarWriter(out);
            put(tar, "config.json", config);
            put(tar, "layer.tar", new byte[1024]);
            put(tar, "manifest.json",
                    bytes("[{\"Config\":\"config.json\",\"RepoTags\":[\"a:1\"],\"Layers\":[\"layer.tar\"]}]"));
            tar.finish();
        }
        assertThatThrownBy(() -> store.load(archive, null, PullProgress.NONE))
                .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.CORRUPT))
                .hasMessageContaining("configuration says");
        assertThat(store.list()).isEmpty();
        try (var layers = Files.list(folder.resolve("store/layers"))) {
            assertThat(layers).isEmpty();
        }
    }

    @Test
    void aFileThatReplacesAnEarlierOneOfItsLayerIsTheOneOnTheDisk() throws Exception {
        Image image = store.load(written(new ImageArchive("a:1", CONFIG)
                .file("f", 0644, bytes("old")).file("f", 0755, bytes("newer!"))), null, PullProgress.NONE).getFirst();
        assertThat(Shell.contents(image.layers().getFirst()))
                .anyMatch(line -> line.matches("-rwxr-xr-x 0/0 +6 .*/f"));
    }

    @Test
    void whatIsNoArchiveIsRefusedInWords() throws Exception {
        Path noise = Files.write(folder.resolve("noise"), "this is not a tar".repeat(100).getBytes(UTF_8));
        assertThatThrownBy(() -> store.load(noise, null, PullProgress.NONE))
                .isInstanceOf(ImageException.class).hasMessageContaining(noise.toString());
        assertThatThrownBy(() -> store.load(folder.resolve("none"), null, PullProgress.NONE))
                .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.NOT_FOUND));
    }

    private int archives;

    private Path written(ImageArchive archive) throws Exception {
        Path file = folder.resolve("archive-" + archives++ + ".tar");
        archive.writeTo(file);
        return file;
    }

    private static void put(TarWriter tar, String path, byte[] content) throws Exception {
        tar.write(TarEntry.file(path, 0644, content.length), new ByteArrayInputStream(content));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }
}
