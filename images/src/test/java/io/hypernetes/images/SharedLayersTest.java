package io.hypernetes.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// One tenant's layers do not keep those of others waiting, neither on their way nor while disks are made of them.
@Timeout(120)
class SharedLayersTest {
    private static final Requester ACME = Requester.tenant("acme");
    private static final Requester OTHER = Requester.tenant("other");

    @TempDir
    Path folder;

    private Blobs blobs;
    private DiskLayers layers;
    private Thread thread = Thread.currentThread(); // that begun last

    @BeforeEach
    void open() throws IOException {
        blobs = new Blobs(folder);
        ImageSettings settings = ImageSettings.defaults()
                .withTransfers(new ImageSettings.Transfers(Duration.ofSeconds(10), Duration.ofSeconds(10), Duration.ofMinutes(1), 5, Duration.ofSeconds(1), 2, 2));
        DiskImageConverter converter = new DiskImageConverter(settings, Files.createDirectory(folder.resolve("work")), new NativeZstd(Path.of("target", "native")));
        layers = new DiskLayers(Files.createDirectory(folder.resolve("layers")), blobs, new LayerRights(), Limits.NO_END, converter, settings.transfers());
    }

    private static byte[] tar(String name) {
        return LayerTar.of(name, name.getBytes());
    }

    private static ImageSource.Layer layer(byte[] content, Blobs.Fetch fetch) {
        return new ImageSource.Layer("layer", content.length, Digest.sha256(content), "registry.example", fetch);
    }

    private static void write(Path file, byte[] content) {
        try {
            Files.write(file, content);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private Future<Void> ensure(byte[] content, Requester requester, Blobs.Fetch fetch) {
        return ensure(Digest.sha256(content).toString(), content, requester, Claimant.ANYBODY, fetch);
    }

    private Future<Void> ensure(String diffId, byte[] content, Requester requester, Claimant claimant, Blobs.Fetch fetch) {
        FutureTask<Void> task = new FutureTask<>(() -> {
            ImageSource.Layer layer = layer(content, fetch);
            try (DiskLayers.Hold hold = layers.hold(List.of(diffId)); DiskLayers.Hold blobHold = blobs.hold(List.of(layer.digest()))) {
                layers.ensure(diffId, layer, requester, claimant, PullProgress.NONE);
            }
            return null;
        });
        thread = Thread.ofPlatform().daemon().start(task);
        return task;
    }

    /// Its blobs are pipes, which the converter waits at until somebody writes.
    @Test
    void aTenantsConversionsKeepNobodyElseWaiting() throws Exception {
        List<Future<Void>> slow = new ArrayList<>();
        List<Path> pipes = new ArrayList<>();
        List<byte[]> contents = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            byte[] content = tar("slow-" + i);
            contents.add(content);
            pipes.add(folder.resolve("incoming").resolve(Digest.sha256(content).toString().replace(':', '-')));
            slow.add(ensure(content, ACME, SharedLayersTest::pipe));
        }
        Awaitility.await().until(() -> pipes.stream().allMatch(Files::exists));
        Awaitility.await().until(() -> count(folder.resolve("work")) == 2);
        byte[] quick = tar("quick");
        ensure(quick, OTHER, file -> write(file, quick)).get(20, TimeUnit.SECONDS);
        for (int i = 0; i < 3; i++) {
            Path pipe = pipes.get(i);
            byte[] content = contents.get(i);
            Thread.ofPlatform().daemon().start(() -> write(pipe, content)); // as soon as it is read
        }
        for (Future<Void> each : slow) {
            each.get(20, TimeUnit.SECONDS);
        }
    }

    /// Who has gone ends the making of a disk, unless somebody else waits for it.
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatNobodyWaitsForEnds(boolean awaited) throws Exception {
        byte[] content = longTar();
        Path pipe = folder.resolve("incoming").resolve(Digest.sha256(content).toString().replace(':', '-'));
        Future<Void> gone = ensure(content, ACME, SharedLayersTest::pipe);
        Thread worker = thread;
        Awaitility.await().until(() -> Files.exists(pipe));
        CountDownLatch over = new CountDownLatch(1);
        CountDownLatch reading = new CountDownLatch(20);
        Thread.ofPlatform().daemon().start(() -> feed(pipe, content, over, reading));
        assertThat(reading.await(20, TimeUnit.SECONDS)).isTrue();
        if (awaited) {
            Future<Void> other = ensure(content, ACME, file -> {});
            Awaitility.await().until(() -> thread.getState() == Thread.State.WAITING);
            worker.interrupt();
            over.countDown();
            other.get(20, TimeUnit.SECONDS);
            gone.get(20, TimeUnit.SECONDS);
        } else {
            worker.interrupt();
            assertThatThrownBy(() -> gone.get(20, TimeUnit.SECONDS)).isInstanceOf(ExecutionException.class).hasMessageContaining("waits for it");
            assertThat(pipe).as("goes on from what has come").exists();
            over.countDown();
        }
        assertThat(count(folder.resolve("work"))).isZero();
    }

    @Test
    void whoWaitsForAPlaceWaitsForItToo() throws Exception {
        byte[] content = longTar();
        Path pipe = folder.resolve("incoming").resolve(Digest.sha256(content).toString().replace(':', '-'));
        Future<Void> gone = ensure(content, ACME, SharedLayersTest::pipe);
        Thread worker = thread;
        byte[] more = tar("more");
        Path morePipe = folder.resolve("incoming").resolve(Digest.sha256(more).toString().replace(':', '-'));
        Future<Void> filling = ensure(more, ACME, SharedLayersTest::pipe);
        Awaitility.await().until(() -> count(folder.resolve("work")) == 2);
        CountDownLatch over = new CountDownLatch(1);
        CountDownLatch reading = new CountDownLatch(20);
        Thread.ofPlatform().daemon().start(() -> feed(pipe, content, over, reading));
        assertThat(reading.await(20, TimeUnit.SECONDS)).isTrue();
        Future<Void> other = ensure(content, ACME, file -> {});
        Awaitility.await().until(() -> thread.getState() == Thread.State.WAITING);
        worker.interrupt();
        over.countDown();
        gone.get(20, TimeUnit.SECONDS);
        Thread.ofPlatform().daemon().start(() -> write(morePipe, more));
        other.get(20, TimeUnit.SECONDS);
        filling.get(20, TimeUnit.SECONDS);
    }

    /// A machine may have the first one by the time that the second is made.
    /// Of pulls that failed in the end, a few go on from them.
    @Test
    void layersOfNoImageAreNotKeptInAnyNumber() throws Exception {
        String used = Digest.sha256("used".getBytes()).toString();
        for (int i = 0; i < DiskLayers.MOST_UNUSED; i++) {
            Files.createFile(folder.resolve("layers").resolve(Digest.sha256(("" + i).getBytes()).hex() + ".sqsh"));
        }
        Files.createFile(folder.resolve("layers").resolve(Digest.parse(used).hex() + ".sqsh"));
        layers.limitUnused(List.of(List.of(used, used)));
        assertThat(folder.resolve("layers").toFile().list()).hasSize(DiskLayers.MOST_UNUSED + 1);
        Files.createFile(folder.resolve("layers").resolve(Digest.sha256("one more".getBytes()).hex() + ".sqsh"));
        layers.limitUnused(List.of(List.of(used, used)));
        assertThat(folder.resolve("layers").toFile().list()).hasSize(1);
    }

    @Test
    void aDiskThatIsThereStays() throws Exception {
        byte[] content = tar("twice");
        String diffId = Digest.sha256(content).toString();
        List<Future<Void>> both = new ArrayList<>();
        List<Path> pipes = new ArrayList<>();
        for (Claimant each : List.of(new Claimant("uid 1"), new Claimant("uid 2"))) {
            pipes.add(folder.resolve("incoming").resolve(diffId.replace(':', '-') + each.mark()));
            both.add(ensure(diffId, content, ACME, each, SharedLayersTest::pipe));
        }
        Awaitility.await().until(() -> count(folder.resolve("work")) == 2);
        Thread.ofPlatform().daemon().start(() -> write(pipes.getFirst(), content));
        both.getFirst().get(20, TimeUnit.SECONDS);
        Object first = Files.readAttributes(layers.file(diffId).orElseThrow(), BasicFileAttributes.class).fileKey();
        Thread.ofPlatform().daemon().start(() -> write(pipes.getLast(), content));
        both.getLast().get(20, TimeUnit.SECONDS);
        assertThat(Files.readAttributes(layers.file(diffId).orElseThrow(), BasicFileAttributes.class).fileKey()).isEqualTo(first);
        assertThat(count(folder.resolve("work"))).isZero();
    }

    /// As with images that say different things of one blob.
    @Test
    void whoWaitsForABlobHasNoPlace() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        CountDownLatch begun = new CountDownLatch(1);
        byte[] common = tar("common");
        Future<Void> first = ensure(common, ACME, file -> {
            begun.countDown();
            try {
                over.await();
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            }
            write(file, common);
        });
        assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
        Future<Void> lying = ensure("sha256:" + "1".repeat(64), common, ACME, Claimant.ANYBODY, file -> {});
        Awaitility.await().until(() -> thread.getState() == Thread.State.WAITING);
        byte[] quick = tar("quick");
        ensure(quick, ACME, file -> write(file, quick)).get(20, TimeUnit.SECONDS);
        over.countDown();
        first.get(20, TimeUnit.SECONDS);
        assertThatThrownBy(() -> lying.get(20, TimeUnit.SECONDS)).hasMessageContaining("unpacks to");
    }

    private static byte[] longTar() {
        return LayerTar.of("long", new byte[16 << 20]);
    }

    /// Slowly, until it is over.
    private static void feed(Path pipe, byte[] content, CountDownLatch over, CountDownLatch reading) {
        try (OutputStream out = Files.newOutputStream(pipe)) {
            int at = 0;
            for (; at + 1000 < content.length && !over.await(10, TimeUnit.MILLISECONDS); at += 1000) {
                out.write(content, at, 1000);
                reading.countDown();
            }
            out.write(content, at, content.length - at);
        } catch (IOException | InterruptedException gone) {
            // Nobody reads any more.
        }
    }

    private static long count(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.count();
        }
    }

    private static void pipe(Path file) {
        try {
            Shell.run("mkfifo", file.toString());
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /// Who asks for what all need behind much else must not be who everybody waits for.
    @Test
    void nobodyWaitsForWhoWaitsForAPlace() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        CountDownLatch begun = new CountDownLatch(2);
        List<Future<Void>> slow = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            byte[] content = tar("slow-" + i);
            slow.add(ensure(content, ACME, file -> {
                begun.countDown();
                try {
                    over.await();
                } catch (InterruptedException stopped) {
                    Thread.currentThread().interrupt();
                }
                write(file, content);
            }));
        }
        assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
        byte[] common = tar("common");
        Future<Void> queued = ensure(common, ACME, file -> write(file, common));
        Awaitility.await().until(() -> thread.getState() == Thread.State.WAITING);
        ensure(common, OTHER, file -> write(file, common)).get(20, TimeUnit.SECONDS);
        over.countDown();
        queued.get(20, TimeUnit.SECONDS);
        for (Future<Void> each : slow) {
            each.get(20, TimeUnit.SECONDS);
        }
    }
}
