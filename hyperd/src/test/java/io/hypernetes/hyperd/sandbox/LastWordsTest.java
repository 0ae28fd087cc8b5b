package io.hypernetes.hyperd.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.hyperd.container.Container;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LastWordsTest {
    @TempDir
    private Path place;

    /// Each has three seconds, and all of them together no more.
    @Test
    void howeverManyContainersAGuestDoesNotEndItsPodEndsSoon() {
        World world = new World();
        try (Engine engine = DeathAtEveryStepTest.engine(world, new World.Hand(-1), place)) {
            Sandbox sandbox = engine.sandboxes().run(DeathAtEveryStepTest.request());
            for (int attempt = 0; attempt < 8; attempt++) {
                Container container = engine.sandboxes().create(sandbox.id(), DeathAtEveryStepTest.container(place.resolve(Integer.toString(attempt)), attempt));
                sandbox.start(container);
            }
            world.machines.values().iterator().next().deathless = true;
            assertThat(CompletableFuture.runAsync(() -> engine.sandboxes().remove(sandbox.id()))).succeedsWithin(Duration.ofSeconds(15));
        }
    }
}
