package io.hypernetes.hyperd.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.hypernetes.guest.Guest;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hypervisor.HypervisorException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/// A pod of which all memory is being written, which may take minutes.
@Execution(ExecutionMode.CONCURRENT)
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

    /// The runtime is asked to end containers first, and only then to end their machine.
    @Test
    void aContainerThatWasToEndBeforeEndsWithItsMachine() throws Exception {
        CompletableFuture<Checkpoint> checkpoint = CompletableFuture.supplyAsync(() -> engine.checkpoints().save(sandbox.id(), "before", false), Thread::startVirtualThread);
        saving.await();
        Thread stop = Thread.ofVirtual().unstarted(() -> sandbox.stop(sandbox.containers().getFirst(), Duration.ZERO));
        stop.setUncaughtExceptionHandler((_, _) -> {});
        waiting(stop);
        assertThat(CompletableFuture.runAsync(() -> engine.sandboxes().stop(sandbox.id()), Thread::startVirtualThread)).succeedsWithin(SOON);
        assertThat(stop.join(SOON)).isTrue();
        assertThat(checkpoint).failsWithin(SOON);
        assertThat(sandbox.containers().getFirst().record().state()).isEqualTo(ContainerRecord.State.EXITED);
        assertThat(world.runningNames()).isEmpty();
    }

    /// By which whoever is to end it knows that nothing ends in it, also one that did not ask for the saving.
    @Test
    void itIsSaidToStandStill() throws Exception {
        CompletableFuture<Checkpoint> checkpoint = CompletableFuture.supplyAsync(() -> engine.checkpoints().save(sandbox.id(), "before", true), Thread::startVirtualThread);
        saving.await();
        assertThat(sandbox.isPaused()).isTrue();
        engine.sandboxes().stop(sandbox.id());
        assertThat(checkpoint).failsWithin(SOON);
        assertThat(sandbox.isPaused()).isFalse();
    }

    @Test
    void aPodThatIsSavedOnlyWhenItIsAlreadyToEndIsNotWaitedForEither() throws Exception {
        Guest guest = sandbox.guest();
        CountDownLatch held = new CountDownLatch(1);
        CompletableFuture<Void> holder = CompletableFuture.runAsync(() -> sandbox.holding(() -> {
            held.countDown();
            // Whoever ends the pod has lost his patience once.
            await().dontCatchUncaughtExceptions().atMost(SOON).until(() -> !guest.isOpen());
            return guest;
        }), Thread::startVirtualThread);
        held.await();
        CompletableFuture<Checkpoint> checkpoint = new CompletableFuture<>();
        waiting(Thread.ofVirtual().unstarted(() -> {
            try {
                checkpoint.complete(engine.checkpoints().save(sandbox.id(), "before", false));
            } catch (RuntimeException failure) {
                checkpoint.completeExceptionally(failure);
            }
        }));
        CompletableFuture<Void> stop = CompletableFuture.runAsync(() -> engine.sandboxes().stop(sandbox.id()), Thread::startVirtualThread);
        assertThat(holder).succeedsWithin(SOON);
        assertThat(stop).succeedsWithin(SOON);
        assertThat(checkpoint).failsWithin(SOON);
        assertThat(saving.getCount()).as("it was begun").isZero();
        assertThat(engine.inventory().leaks()).isEmpty();
    }

    private static void waiting(Thread thread) {
        thread.start();
        await().dontCatchUncaughtExceptions().atMost(SOON).until(() -> thread.getState() == Thread.State.WAITING);
    }

    @Test
    void aPausedPodThatCouldNotBeSavedIsThereWhenItIsResumed() {
        world.whileSaving = machine -> {
            throw new HypervisorException("no room");
        };
        sandbox.pause();
        assertThatThrownBy(() -> engine.checkpoints().save(sandbox.id(), "before", true)).hasMessageContaining("no room");
        assertThat(sandbox.isPaused()).isTrue();
        sandbox.resume();
        assertThat(sandbox.guest().isOpen()).isTrue();
        sandbox.stop(sandbox.containers().getFirst(), Duration.ZERO);
        assertThat(sandbox.containers().getFirst().record().state()).isEqualTo(ContainerRecord.State.EXITED);
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
