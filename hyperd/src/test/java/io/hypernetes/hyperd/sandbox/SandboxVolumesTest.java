package io.hypernetes.hyperd.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.guest.VolumeSpec;
import io.hypernetes.hyperd.journal.SandboxRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A guest that does not answer while the files of a volume are pushed: a push waits for half a minute, each volume's behind the other's, and nobody else does.
class SandboxVolumesTest {
    private static final Duration SOON = Duration.ofSeconds(10);

    private final World world = new World();
    private final CountDownLatch asked = new CountDownLatch(1);
    private final CountDownLatch answer = new CountDownLatch(1);

    @TempDir
    private Path place;

    private Engine engine;
    private Sandbox sandbox;

    @BeforeEach
    void aVolumeIsBeingPushed() throws Exception {
        engine = DeathAtEveryStepTest.engine(world, new World.Hand(-1), place);
        sandbox = engine.sandboxes().run(DeathAtEveryStepTest.request());
        Map<String, SandboxRecord.Volume> first = Map.of("config", volume("config"));
        sandbox.update(current -> current.withVolumes(first));
        sandbox.followVolumes(first);
        world.machines.values().iterator().next().whileWriting = () -> {
            asked.countDown();
            awaitQuietly(answer);
        };
        Files.writeString(place.resolve("config/key"), "changed");
        asked.await();
    }

    @AfterEach
    void close() {
        answer.countDown();
        engine.close();
    }

    @Test
    void thePodIsStoppedMeanwhile() {
        assertThat(CompletableFuture.runAsync(() -> engine.sandboxes().remove(sandbox.id()))).succeedsWithin(SOON);
        assertThat(world.machines).isEmpty();
    }

    /// The push may be waiting for the very session that is given out when all volumes are followed.
    @Test
    void aNewSessionFollowsTheOtherVolumesMeanwhile() throws IOException {
        Map<String, SandboxRecord.Volume> both = Map.of("config", volume("config"), "secret", volume("secret"));
        both.keySet().forEach(name -> world.machines.values().iterator().next().volumes.put(name, VolumeSpec.Kind.FILES));
        sandbox.update(current -> current.withVolumes(both));
        assertThat(CompletableFuture.runAsync(() -> sandbox.met(sandbox.guest()))).succeedsWithin(SOON);
    }

    private SandboxRecord.Volume volume(String name) throws IOException {
        return new SandboxRecord.Volume(SandboxRecord.VolumeKind.FILES, Files.createDirectories(place.resolve(name)).toString(), 1 << 20);
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
