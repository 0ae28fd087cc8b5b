package io.hypernetes.images;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Saving, naming and removing what is here.
class SaveTest {
    private static final ImageConfig CONFIG = new ImageConfig(
            List.of("/run"), List.of(), List.of(), "", "", "", List.of(), List.of(), Map.of());

    @TempDir
    Path folder;

    private final AtomicLong usable = new AtomicLong(50 << 20);
    private final AtomicLong seconds = new AtomicLong(1_000_000);
    private LocalImageStore store;

    @BeforeEach
    void open() {
        store = open("store", ImageSettings.defaults());
    }

    @AfterEach
    void close() {
        store.close();
    }

    /// A store on a disk of 100 MiB that is as full as the test says.
    private LocalImageStore open(String name, ImageSettings settings) {
        ImageSettings.Disk disk = settings.disk();
        return LocalImageStore.open(folder.resolve(name),
                settings.withDisk(new ImageSettings.Disk(0, 85, 80, Duration.ofMinutes(5), disk.keepBlobs(), Duration.ofDays(1))),
                () -> new DiskSpace.Room(100 << 20, usable.get()), new Clock() {
                    @Override
                    public java.time.ZoneId getZone() {
                        return ZoneOffset.UTC;
                    }

                    @Override
                    public Clock withZone(java.time.ZoneId zone) {
                        return this;
                    }

                    @Override
                    public Instant instant() {
                        return Instant.ofEpochSecond(seconds.get());
                    }
                });
    }

    @Test
    void anImageIsMadeOfAnotherAndALayerAndCanBeSavedAndLoaded() throws Exception {
        Image base = loaded("docker.test/base:1", "lower");
        Path layer = folder.resolve("layer.tar");
        Path tree = Files.createDirectories(folder.resolve("tree"));
        Files.writeString(tree.resolve("added"), "on top");
        Shell.run("tar", "-cf", layer.toString(), "-C", tree.toString(), ".");
        Image derived = store.derive("docker.test/base:1", layer, diffId -> {
            tools.jackson.databind.node.ObjectNode config = (tools.jackson.databind.node.ObjectNode) Documents.tree(store.configuration(base.id()), "base");
            config.withObject("rootfs").withArray("diff_ids").add(diffId);
            return Documents.JSON.writeValueAsBytes(config);
        }, "docker.test/derived:2");
        assertThat(derived.layers()).hasSize(base.layers().size() + 1).startsWith(base.layers().toArray(DiskLayer[]::new));
        assertThat(derived.tags()).containsExactly("docker.test/derived:2");
        Path archive = folder.resolve("derived.tar");
        try (OutputStream out = Files.newOutputStream(archive)) {
            store.save(List.of("docker.test/derived:2"), ImageStore.ArchiveFormat.OCI, out);
        }
        try (LocalImageStore other = open("other", ImageSettings.defaults())) {
            assertThat(other.load(archive, null, PullProgress.NONE)).extracting(Image::id).containsExactly(derived.id());
        }
        assertThatThrownBy(() -> store.derive("docker.test/none:1", layer, diffId -> new byte[0], null)).hasMessageContaining("there is no image");
    }

    private Image loaded(String name, String... contents) throws IOException {
        Path archive = folder.resolve("in.tar");
        ImageArchive image = new ImageArchive(name, CONFIG);
        for (int i = 0; i < contents.length; i++) {
            (i == 0 ? image : image.nextLayer()).file("file" + i, 0644, contents[i].getBytes(UTF_8));
        }
        image.writeTo(archive);
        return store.load(archive, null, PullProgress.NONE).getFirst();
    }

    private Path saved(ImageStore.ArchiveFormat format, String... names) throws IOException {
        Path archive = folder.resolve("out-" + format + ".tar");
        try (OutputStream out = Files.newOutputStream(archive)) {
            store.save(List.of(names), format, out);
        }
        return archive;
    }

    @Test
    void aLayoutKeepsEveryDigestAndName() throws Exception {
        Image one = loaded("example.org/one:1", "a", "b");
        Image two = loaded("two:2", "a", "c");
        store.tag("two:2", "example.org/two:latest");
        Path archive = saved(ImageStore.ArchiveFormat.OCI, "example.org/one:1", two.id());

        try (LocalImageStore other = open("other", ImageSettings.defaults())) {
            other.load(archive, null, PullProgress.NONE);
            Image again = other.find("example.org/one:1").orElseThrow();
            assertThat(again.id()).isEqualTo(one.id());
            assertThat(again.digests()).isEqualTo(one.digests()).hasSize(1);
            assertThat(other.find(two.id()).orElseThrow().tags())
                    .containsExactly("docker.io/library/two:2", "example.org/two:latest");
            assertThat(other.configuration(one.id())).isEqualTo(store.configuration(one.id()));
        }
    }

    @Test
    void aDockerArchiveKeepsTheImageId() throws Exception {
        Image one = loaded("one:1", "a", "b");
        Path archive = saved(ImageStore.ArchiveFormat.DOCKER, "one:1");

        assertThat(Shell.run("tar", "tf", archive.toString())).contains("manifest.json", "/layer.tar").doesNotContain("index.json");
        try (LocalImageStore other = open("other", ImageSettings.defaults())) {
            Image again = other.load(archive, null, PullProgress.NONE).getFirst();
            assertThat(again.id()).isEqualTo(one.id());
            assertThat(again.tags()).containsExactly("docker.io/library/one:1");
            ByteArrayOutputStream layout = new ByteArrayOutputStream();
            other.save(List.of("one:1"), ImageStore.ArchiveFormat.OCI, layout);
            assertThat(layout.size()).isPositive();
        }
    }

    @Test
    void otherToolsReadWhatIsSaved() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/skopeo")), "skopeo is not installed: it is NOT tested that it reads our archives");
        Image one = loaded("one:1", "a", "b");
        Path oci = saved(ImageStore.ArchiveFormat.OCI, "one:1");
        Path docker = saved(ImageStore.ArchiveFormat.DOCKER, "one:1");

        String id = "sha256:" + Shell.run("sh", "-c", "skopeo inspect --raw --config oci-archive:" + oci + " | sha256sum").substring(0, 64);
        assertThat(id).isEqualTo(one.id());
        assertThat(Shell.run("skopeo", "inspect", "--config", "--raw", "docker-archive:" + docker)).contains("diff_ids");
        assertThat(Shell.run("skopeo", "inspect", "--config", "--raw", "docker-archive:" + oci)).contains("diff_ids");
    }

    @Test
    void aDamagedBlobIsNotSavedSilently() throws Exception {
        loaded("one:1", "a".repeat(5000));
        try (var blobs = Files.list(folder.resolve("store/blobs"))) {
            Path layer = blobs.max(java.util.Comparator.comparing(file -> file.toFile().length())).orElseThrow();
            byte[] content = Files.readAllBytes(layer);
            content[content.length / 2] ^= 1;
            Files.write(layer, content);
        }
        assertThatThrownBy(() -> saved(ImageStore.ArchiveFormat.OCI, "one:1")).hasMessageContaining("is damaged");
        assertThatThrownBy(() -> saved(ImageStore.ArchiveFormat.DOCKER, "one:1")).hasMessageContaining("is damaged");
    }

    @Test
    void withoutBlobsNothingIsSavedAndItIsSaid() throws Exception {
        store.close();
        ImageSettings.Disk disk = ImageSettings.defaults().disk();
        store = open("lean", ImageSettings.defaults().withDisk(new ImageSettings.Disk(0, 85, 80, disk.youngestRemoved(), false, disk.incomingAge())));
        loaded("one:1", "a");
        assertThat(Files.list(folder.resolve("lean/blobs"))).isEmpty();
        assertThat(Files.list(folder.resolve("lean/incoming"))).isEmpty();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        assertThatThrownBy(() -> store.save(List.of("one:1"), ImageStore.ArchiveFormat.OCI, out))
                .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.NOT_FOUND))
                .hasMessageContaining("keep-blobs");
        assertThat(out.size()).isZero();
    }

    @Test
    void aNameMovesAndItsImageStays() throws Exception {
        Image one = loaded("one:1", "a");
        Image two = loaded("two:1", "b");
        store.tag(two.id(), "one:1");
        assertThat(store.find("one:1").orElseThrow().id()).isEqualTo(two.id());
        assertThat(store.find(one.id()).orElseThrow().tags()).isEmpty();
        store.tag("one:1", "one:1");
        assertThatThrownBy(() -> store.tag("nobody:1", "x:1"))
                .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.NOT_FOUND));
        assertThatThrownBy(() -> store.tag(two.id(), "x@" + two.id())).hasMessageContaining("digest");
    }

    @Test
    void pruningLeavesWhatIsLeasedOrNotMeant() throws Exception {
        Image leased = loaded("leased:1", "a");
        Image nameless = loaded("moved:1", "b");
        Image named = loaded("moved:1", "c");
        store.lease(leased.id(), "pod");
        assertThat(store.prune(image -> image.tags().isEmpty())).extracting(Image::id).containsExactly(nameless.id());
        assertThat(store.prune(_ -> true)).extracting(Image::id).containsExactly(named.id());
        assertThat(store.list()).extracting(Image::id).containsExactly(leased.id());
        assertThat(Files.list(folder.resolve("store/layers"))).hasSize(1);
        assertThat(Files.list(folder.resolve("store/blobs"))).hasSize(2); // manifest and layer
    }

    @Test
    void aFullDiskCostsTheLongestUnusedImagesFirst() throws Exception {
        Image oldest = loaded("oldest:1", "a");
        seconds.addAndGet(600);
        Image older = loaded("older:1", "b");
        Image leased = loaded("leased:1", "c");
        store.lease(leased.id(), "pod");
        seconds.addAndGet(600);
        store.lease(oldest.id(), "brief");
        store.release("brief"); // used just now
        usable.set(10 << 20); // 90 % used, whatever is removed

        Image young = loaded("young:1", "d");
        assertThat(store.list()).extracting(Image::id).containsExactlyInAnyOrder(oldest.id(), leased.id(), young.id())
                .doesNotContain(older.id());

        seconds.addAndGet(600);
        usable.set(50 << 20); // 50 %: nothing to do
        loaded("last:1", "e");
        assertThat(store.list()).hasSize(4);
    }

    @Test
    void partsOfOldPullsAreSweptAndFreshOnesKept() throws Exception {
        store.close();
        Path incoming = folder.resolve("store/incoming");
        Path fresh = Files.writeString(incoming.resolve("sha256-" + "1".repeat(64) + ".part"), "half");
        Path old = Files.writeString(incoming.resolve("sha256-" + "2".repeat(64) + ".part"), "half");
        Path foreign = Files.writeString(incoming.resolve("what"), "");
        Files.setLastModifiedTime(fresh, java.nio.file.attribute.FileTime.fromMillis(seconds.get() * 1000 - 3_600_000));
        Files.setLastModifiedTime(old, java.nio.file.attribute.FileTime.fromMillis(seconds.get() * 1000 - 3 * 86_400_000L));
        open();
        assertThat(fresh).exists();
        assertThat(old).doesNotExist();
        assertThat(foreign).doesNotExist();
    }
}
