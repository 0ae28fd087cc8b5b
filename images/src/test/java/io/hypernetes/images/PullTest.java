package io.hypernetes.images;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Pulls from a real registry, pushed to by a real client.
class PullTest {
    private static final ImageConfig CONFIG = new ImageConfig(List.of("/bin/run"), List.of("-v"), List.of("A=1", "PATH=/bin"),
            "1000:100", "/srv", "SIGINT", List.of("80/tcp"), List.of("/data"), Map.of("k", "v"));

    @TempDir
    static Path shared;

    private static LocalRegistry registry;
    private static Path archive;

    @TempDir
    Path folder;

    private LocalImageStore store;

    @BeforeAll
    static void startRegistry() throws Exception {
        assumeTrue(LocalRegistry.isInstalled(), "docker-registry and skopeo are not installed: pulls are NOT tested");
        registry = LocalRegistry.start(shared.resolve("registry"));
        archive = shared.resolve("layers.tar");
        new ImageArchive("layers:1", CONFIG)
                .file("bin/run", 04755, "first".getBytes(UTF_8))
                .file("etc/old", 0644, new byte[0])
                .file("var/cache/a", 0644, new byte[0])
                .nextLayer()
                .whiteout("etc/old")
                .opaque("var/cache")
                .file("home/me", 0600, 1000, 100, "mine".getBytes(UTF_8))
                .nextLayer()
                .symbolicLink("bin/sh", "run")
                .folder("srv", 0750)
                .writeTo(archive);
        registry.push(archive, "team/layers:1");
    }

    @AfterAll
    static void stopRegistry() throws Exception {
        if (registry != null) {
            registry.close();
        }
    }

    @BeforeEach
    void openStore() {
        store = open();
    }

    private LocalImageStore open() {
        return LocalImageStore.open(folder, ImageSettings.defaults().withNativeFolder(Path.of("target", "native")));
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    @Test
    void anImageOfSeveralLayersBecomesDisks() throws Exception {
        Image image = store.pull(registry.name("team/layers:1"), null, Requester.OPERATOR, PullProgress.NONE);

        assertThat(image.config()).isEqualTo(CONFIG);
        assertThat(image.tags()).containsExactly(registry.name("team/layers:1"));
        assertThat(image.digests()).singleElement().asString().startsWith(registry.name("team/layers@sha256:"));
        assertThat(image.layers()).hasSize(3).allSatisfy(layer -> {
            assertThat(layer.sizeBytes()).isPositive().isEqualTo(Files.size(layer.file()));
            assertThat(layer.sizeBytes() % 4096).isZero();
        });
        assertThat(Shell.contents(image.layers().get(0))).anyMatch(line -> line.startsWith("-rwsr-xr-x 0/0") && line.endsWith("/bin/run"));
        assertThat(Shell.contents(image.layers().get(1)))
                .anyMatch(line -> line.matches("c--------- 0/0 +0, +0 .*/etc/old"))
                .anyMatch(line -> line.startsWith("-rw------- 1000/100") && line.endsWith("/home/me"))
                .noneMatch(line -> line.contains(".wh."));
        assertThat(Shell.contents(image.layers().get(2)))
                .anyMatch(line -> line.endsWith("/bin/sh -> run"))
                .anyMatch(line -> line.startsWith("drwxr-x---") && line.endsWith("/srv"));
        assertThat(Files.list(folder.resolve("work"))).isEmpty();
    }

    @Test
    void anImageIsPulledByDigestAndFoundByEveryName() {
        Image byTag = store.pull(registry.name("team/layers:1"), null, Requester.OPERATOR, PullProgress.NONE);
        String byDigest = byTag.digests().getFirst();
        store.remove(byTag.id());
        Image image = store.pull(byDigest, null, Requester.OPERATOR, PullProgress.NONE);

        assertThat(image.id()).isEqualTo(byTag.id());
        assertThat(image.tags()).isEmpty();
        assertThat(store.find(byDigest)).contains(image);
        assertThat(store.find(image.id())).contains(image);
        assertThat(store.find(image.id().substring(7, 19))).contains(image);
        assertThat(store.find(registry.name("team/layers:1"))).isEmpty();
    }

    @Test
    void zstdLayersArePulled() throws Exception {
        Path other = folder.resolve("zstd.tar");
        new ImageArchive("zstd:1", CONFIG).file("bin/zstd", 0755, "content".repeat(1000).getBytes(UTF_8)).writeTo(other);
        registry.push(other, "team/zstd:1", "--dest-compress-format=zstd");
        assertThat(registry.blobsStartingWith(0x28, 0xb5, 0x2f, 0xfd)).as("layers in zstd").isPositive();
        Image image = store.pull(registry.name("team/zstd:1"), null, Requester.OPERATOR, PullProgress.NONE);

        assertThat(Shell.contents(image.layers().getFirst())).anyMatch(line -> line.endsWith("/bin/zstd"));
    }

    @Test
    void manyPullsOfOneImageShareTheWork() throws Exception {
        Set<String> downloaded = ConcurrentHashMap.newKeySet();
        AtomicInteger downloads = new AtomicInteger();
        PullProgress progress = (layer, step, done, total) -> {
            if (step == PullProgress.Step.DOWNLOADING && done == 0) {
                downloads.incrementAndGet();
                downloaded.add(layer);
            }
        };
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Image>> pulls = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                pulls.add(threads.submit(() -> store.pull(registry.name("team/layers:1"), null, Requester.OPERATOR, progress)));
            }
            for (Future<Image> pull : pulls) {
                assertThat(pull.get().layers()).hasSize(3);
            }
        }
        assertThat(downloads.get()).isEqualTo(downloaded.size()).isEqualTo(3);
    }

    @Test
    void whatIsPulledOutlivesTheProcess() {
        Image image = store.pull(registry.name("team/layers:1"), null, Requester.OPERATOR, PullProgress.NONE);
        store.lease(image.id(), "pod-1");
        store.close();
        store = open();

        assertThat(store.list()).containsExactly(image);
        assertThatThrownBy(() -> store.remove(image.id()))
                .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.IN_USE))
                .hasMessageContaining("pod-1");
        store.release("pod-1");
        store.remove(image.id());
        assertThat(store.list()).isEmpty();
        assertThat(image.layers()).allSatisfy(layer -> assertThat(layer.file()).doesNotExist());
        store.remove(image.id());
    }

    @Test
    void leftoversOfAKilledPullAreGoneAfterOpening() throws Exception {
        store.close();
        Path half = Files.createDirectories(folder.resolve("work/convert-1/out")).resolve("layer.sqsh");
        Files.writeString(half, "half");
        Path orphan = Files.writeString(folder.resolve("layers").resolve("0".repeat(64) + ".sqsh"), "orphan");
        store = open();

        assertThat(half).doesNotExist();
        assertThat(orphan).doesNotExist();
    }

    @Test
    void anUnknownTagIsNotFoundInTheRegistrysWords() {
        assertThatThrownBy(() -> store.pull(registry.name("team/layers:none"), null, Requester.OPERATOR, PullProgress.NONE))
                .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.NOT_FOUND))
                .hasMessageContaining("MANIFEST_UNKNOWN")
                .hasMessageContaining("team/layers:none");
    }

    @Test
    void aDigestTheRegistryDoesNotHaveIsNotFound() {
        assertThatThrownBy(() -> store.pull(registry.name("team/layers@sha256:" + "0".repeat(64)), null, Requester.OPERATOR, PullProgress.NONE))
                .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.NOT_FOUND));
    }

    @Test
    void aForgedLayerIsRefused() throws Exception {
        Path other = shared.resolve("forged.tar");
        new ImageArchive("forged:1", CONFIG).file("a", 0644, "honest".getBytes(UTF_8)).writeTo(other);
        registry.push(other, "team/forged:1");
        Set<String> blobs = ConcurrentHashMap.newKeySet();
        Image image = store.pull(registry.name("team/forged:1"), null, Requester.OPERATOR, (layer, step, done, total) -> blobs.add(layer));
        store.remove(image.id());
        registry.damage(blobs.iterator().next());

        assertThatThrownBy(() -> store.pull(registry.name("team/forged:1"), null, Requester.OPERATOR, PullProgress.NONE))
                .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.CORRUPT))
                .hasMessageContaining("damaged or forged");
        assertThat(store.list()).isEmpty();
    }

    @Test
    void aRegistryThatIsNotThereIsUnreachable() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        assertThatThrownBy(() -> store.pull("127.0.0.1:" + port + "/a:1", null, Requester.OPERATOR, PullProgress.NONE))
                .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.UNREACHABLE))
                .hasMessageContaining("127.0.0.1:" + port);
    }

    @Test
    void aLayerBeyondTheLimitIsTooLarge() {
        store.close();
        store = LocalImageStore.open(folder, ImageSettings.defaults().withLimits(Limits.of(10, 1 << 20, 100)));
        assertThatThrownBy(() -> store.pull(registry.name("team/layers:1"), null, Requester.OPERATOR, PullProgress.NONE))
                .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.TOO_LARGE));
    }

    @Test
    void anOciArchiveIsLoadedUnderItsName() {
        List<Image> loaded = store.load(archive, null, PullProgress.NONE);

        assertThat(loaded).singleElement().satisfies(image -> {
            assertThat(image.tags()).containsExactly("docker.io/library/layers:1");
            assertThat(image.config()).isEqualTo(CONFIG);
            assertThat(image.layers()).hasSize(3);
        });
        assertThat(store.find("layers:1")).isPresent();
    }

    @Test
    void aDockerArchiveAndAnOciFolderAreTheSameImage() throws Exception {
        Path docker = folder.resolve("docker.tar");
        Path layout = folder.resolve("layout");
        Shell.run("skopeo", "--insecure-policy", "copy", "-q", "oci-archive:" + archive, "docker-archive:" + docker + ":here/docker:2");
        Shell.run("skopeo", "--insecure-policy", "copy", "-q", "oci-archive:" + archive, "oci:" + layout + ":plain");

        Image fromDocker = store.load(docker, null, PullProgress.NONE).getFirst();
        assertThat(fromDocker.tags()).containsExactly("docker.io/here/docker:2");
        assertThatThrownBy(() -> store.load(layout, null, PullProgress.NONE)).hasMessageContaining("without a name");
        Image fromLayout = store.load(layout, "example.org/x:3", PullProgress.NONE).getFirst();
        assertThat(fromLayout.tags()).contains("example.org/x:3");
        assertThat(fromLayout.layers()).extracting(DiskLayer::diffId)
                .isEqualTo(fromDocker.layers().stream().map(DiskLayer::diffId).toList());
    }

    @Test
    void theStoreIsOpenOnce() {
        assertThatThrownBy(this::open)
                .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.IN_USE));
    }
}
