package io.hypernetes.hyperd.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.hypervisor.HypervisorException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A pod of which all memory is being written, which may take minutes.
class EndedWhileSavedTest {
    private static final Duration SOON = Duration.ofSeconds(60);

    private final World world = new World();
    private final CountDownLatch saving = new CountDownLatch(1);

    @TempDir
    private Path place;

    private Engine engine;
    private Sandbox sandbox;

    @BeforeEach
    void aPodRuns() {
        engine = DeathAtEveryStepTest.engine(world, new World.Hand(-1), place);
        sandbox = engine.sandboxes().run(DeathAtEveryStepTest.request());
        sandbox.start(engine.sandboxes().create(sandbox.id(), DeathAtEveryStepTest.container(place)));
        world.whileSaving = machine -> {
            saving.countDown();
            machine.awaitEnd();
            throw new HypervisorException("saving machine " + machine.name + ": it ended");
        };
    }

    @AfterEach
    void close() {
        world.machines.values().forEach(World.MachineState::end);
        engine.close();
    }

    @Test
    void aPodThatIsRemovedMeanwhileIsNotWaitedFor() throws Exception {
        CompletableFuture<Checkpoint> checkpoint = CompletableFuture.supplyAsync(() -> engine.checkpoints().save(sandbox.id(), "before", false), Thread::startVirtualThread);
        saving.await();
        assertThat(CompletableFuture.runAsync(() -> engine.sandboxes().remove(sandbox.id()), Thread::startVirtualThread)).succeedsWithin(SOON);
        assertThat(checkpoint).failsWithin(SOON).withThrowableThat().withMessageContaining("saving machine " + sandbox.id());
        assertThat(engine.checkpoints().list()).isEmpty();
        assertThat(world.leases).isEmpty();
        assertThat(engine.inventory().leaks()).isEmpty();
    }

    @Test
    void thePodsEndIsTheOneThatWasAskedFor() throws Exception {
        CompletableFuture<Checkpoint> checkpoint = CompletableFuture.supplyAsync(() -> engine.checkpoints().save(sandbox.id(), "before", true), Thread::startVirtualThread);
        saving.await();
        assertThat(CompletableFuture.runAsync(() -> engine.sandboxes().stop(sandbox.id()), Thread::startVirtualThread)).succeedsWithin(SOON);
        assertThat(checkpoint).failsWithin(SOON);
        assertThat(sandbox.record().message()).doesNotContain("by itself");
        assertThat(world.runningNames()).isEmpty();
    }
}
