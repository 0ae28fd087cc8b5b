package io.hypernetes.hyperd.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.grpc.Context;
import io.hypernetes.hyperd.container.Container;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hypervisor.HypervisorException;
import io.hypernetes.images.DiskLayer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/// A running pod gets the machine of a checkpoint while a kubelet looks on.
@ExtendWith(DeadHands.class)
class RebirthTest {
    private static final Duration SOON = Duration.ofSeconds(60);

    @TempDir
    Path place;

    private World world;
    /// Done once a machine is half loaded.
    private Runnable whenLoading = () -> {};

    @BeforeEach
    void makeAWorld() throws IOException {
        world = world();
    }

    /// A kubelet that saw none would start another, which would run beside it ever after.
    @Test
    void theContainerIsSeenToRunAllTheTime() {
        try (Engine engine = DeathAtEveryStepTest.engine(world, new World.Hand(-1), place)) {
            Sandbox sandbox = begun(engine);
            String container = sandbox.containers().getFirst().id();
            engine.checkpoints().save(sandbox.id(), "before", false);
            List<String> seen = new ArrayList<>();
            world.whileLoading = () -> seen.addAll(look(engine));
            engine.checkpoints().restore("before", true);
            assertThat(seen).as("while there is no machine").containsExactly("READY", container + " RUNNING");
            assertThat(look(engine)).isEqualTo(seen);
            assertThat(inside(sandbox, container).state).isEqualTo("running");
        }
    }

    /// What has ended is started again by the same kubelet, with the next number.
    @Test
    void aContainerThatWasMadeSinceIsGoneAndTheOneBeforeRunsAgain() {
        try (Engine engine = DeathAtEveryStepTest.engine(world, new World.Hand(-1), place)) {
            Sandbox sandbox = begun(engine);
            Container first = sandbox.containers().getFirst();
            engine.checkpoints().save(sandbox.id(), "before", false);
            inside(sandbox, first.id()).exit(3, 0);
            await().atMost(SOON).until(() -> first.record().state() == ContainerRecord.State.EXITED);
            Container second = engine.sandboxes().create(sandbox.id(), DeathAtEveryStepTest.container(place, 1));
            sandbox.start(second);
            List<String> seen = new ArrayList<>();
            world.whileLoading = () -> seen.addAll(look(engine));
            engine.checkpoints().restore("before", true);
            assertThat(seen).containsExactly("READY", first.id() + " EXITED", second.id() + " RUNNING");
            assertThat(look(engine)).containsExactly("READY", first.id() + " RUNNING");
            assertThat(world.store.keySet()).filteredOn(key -> key.startsWith("/hyperd/containers/")).containsExactly("/hyperd/containers/" + first.id());
        }
    }

    @Test
    void aContainerWhoseMachineCannotBeLoadedHasEnded() {
        try (Engine engine = DeathAtEveryStepTest.engine(world, new World.Hand(-1), place)) {
            Sandbox sandbox = begun(engine);
            Container container = sandbox.containers().getFirst();
            engine.checkpoints().save(sandbox.id(), "before", false);
            world.whileLoading = () -> {
                throw new HypervisorException("of another version");
            };
            assertThatThrownBy(() -> engine.checkpoints().restore("before", true)).hasMessageContaining("of another version", "the checkpoint is still there");
            assertThat(look(engine)).containsExactly("STOPPED", container.id() + " EXITED");
            assertThat(container.record().message()).contains("could not be restored");
        }
    }

    /// Its sandbox is ready before the guest has answered, which may fail: who looks for old checkpoints of pods that run must not take this one.
    @Test
    void whatIsBeingRestoredIsNotRemoved() {
        try (Engine engine = DeathAtEveryStepTest.engine(world, new World.Hand(-1), place)) {
            Sandbox sandbox = begun(engine);
            engine.checkpoints().save(sandbox.id(), "before", true);
            List<String> said = new ArrayList<>();
            world.whileLoading = () -> assertThatThrownBy(() -> engine.checkpoints().remove("before")).satisfies(refused -> said.add(refused.getMessage()));
            engine.checkpoints().restore("before", false);
            assertThat(said).singleElement().asString().contains("is being restored");
            engine.checkpoints().remove("before");
            assertThat(engine.checkpoints().list()).isEmpty();
        }
    }

    /// Not before, as it may fail; and the images of what it shows need not stay for it any more.
    @Test
    void oneThatIsToBeUsedOnceGoesWhenItsPodIsThereAgain() {
        try (Engine engine = DeathAtEveryStepTest.engine(world, new World.Hand(-1), place)) {
            Sandbox sandbox = begun(engine);
            engine.checkpoints().save(sandbox.id(), "before", true);
            Runnable asBefore = world.whileLoading;
            world.whileLoading = () -> {
                throw new HypervisorException("of another version");
            };
            assertThatThrownBy(() -> engine.checkpoints().restore("before", false, true)).hasMessageContaining("the checkpoint is still there");
            assertThat(engine.checkpoints().list()).hasSize(1);
            world.whileLoading = asBefore;
            assertThat(engine.checkpoints().restore("before", false, true).isReady()).isTrue();
            assertThat(engine.checkpoints().list()).isEmpty();
        }
    }

    @Test
    void aPodThatIsToEndWhileItsMemoryIsLoadedIsNotWaitedFor() throws Exception {
        removedWhileItsMemoryIsLoaded();
    }

    /// A cgroup may go in the moment in which it is killed.
    @Test
    void whoEndsItTriesAgainWhereTheSystemRefuses() throws Exception {
        AtomicBoolean refused = new AtomicBoolean();
        whenLoading = () -> world.beforeRemoval = () -> {
            if (refused.compareAndSet(false, true)) {
                throw new IllegalStateException("write(cgroup.kill): ENODEV");
            }
        };
        removedWhileItsMemoryIsLoaded();
        assertThat(refused).isTrue();
    }

    private void removedWhileItsMemoryIsLoaded() throws Exception {
        try (Engine engine = DeathAtEveryStepTest.engine(world, new World.Hand(-1), place)) {
            Sandbox sandbox = begun(engine);
            engine.checkpoints().save(sandbox.id(), "before", true);
            World.MachineState half = new World.MachineState(sandbox.id(), place);
            CountDownLatch loading = new CountDownLatch(1);
            world.whileLoading = () -> {
                world.machines.put(UUID.randomUUID(), half);
                whenLoading.run();
                loading.countDown();
                half.awaitEnd();
                throw new HypervisorException("loading machine " + half.name + ": it ended");
            };
            CompletableFuture<Sandbox> restore = CompletableFuture.supplyAsync(() -> engine.checkpoints().restore("before", false), Thread::startVirtualThread);
            try {
                loading.await();
                assertThat(CompletableFuture.runAsync(() -> engine.sandboxes().remove(sandbox.id()), Thread::startVirtualThread)).succeedsWithin(SOON);
                assertThat(restore).failsWithin(SOON).withThrowableThat().withMessageContaining("loading machine " + sandbox.id());
            } finally {
                half.end();
            }
            assertThat(engine.inventory().leaks()).isEmpty();
            assertThat(engine.checkpoints().list()).extracting(Checkpoint::name).containsExactly("before");
        }
    }

    /// A restore that has to wait for the sandbox's lock, which somebody holds for as long as `meanwhile` takes.
    private CompletableFuture<Sandbox> restoreBehind(Engine engine, Sandbox sandbox, Context asking, Runnable meanwhile) {
        CompletableFuture<Sandbox> restore = new CompletableFuture<>();
        sandbox.holding(() -> {
            Thread restoring = Thread.ofVirtual().start(() -> {
                Context before = asking.attach();
                try {
                    restore.complete(engine.checkpoints().restore("before", false));
                } catch (RuntimeException failure) {
                    restore.completeExceptionally(failure);
                } finally {
                    asking.detach(before);
                }
            });
            await().dontCatchUncaughtExceptions().atMost(SOON).until(() -> restoring.getState() == Thread.State.WAITING
                    && Arrays.stream(restoring.getStackTrace()).anyMatch(frame -> frame.getMethodName().equals("holding")));
            meanwhile.run();
            return sandbox;
        });
        return restore;
    }

    @Test
    void aRestoreThatNobodyWaitsForAnyMoreIsNotBegun() {
        try (Engine engine = DeathAtEveryStepTest.engine(world, new World.Hand(-1), place);
                Context.CancellableContext asking = Context.ROOT.withCancellation()) {
            Sandbox sandbox = begun(engine);
            engine.checkpoints().save(sandbox.id(), "before", true);
            CompletableFuture<Sandbox> restore = restoreBehind(engine, sandbox, asking, () -> asking.cancel(null));
            assertThat(restore).failsWithin(SOON).withThrowableThat().withMessageContaining("nobody waits for that any more");
            assertThat(sandbox.record().phase()).isEqualTo(SandboxRecord.Phase.STOPPED);
            assertThat(world.runningNames()).isEmpty();
            engine.sandboxes().remove(sandbox.id());
            Context before = asking.attach();
            try {
                assertThatThrownBy(() -> engine.checkpoints().restore("before", false)).hasMessageContaining("nobody waits for that any more");
            } finally {
                asking.detach(before);
            }
            assertThat(engine.inventory().leaks()).isEmpty();
            assertThat(engine.checkpoints().restore("before", false).isReady()).as("the next one").isTrue();
        }
    }

    @Test
    void aRestoreOfASandboxThatIsRemovedMeanwhileIsNotBegun() {
        try (Engine engine = DeathAtEveryStepTest.engine(world, new World.Hand(-1), place)) {
            Sandbox sandbox = begun(engine);
            engine.checkpoints().save(sandbox.id(), "before", true);
            CompletableFuture<Sandbox> restore = restoreBehind(engine, sandbox, Context.ROOT, () -> engine.sandboxes().remove(sandbox.id()));
            assertThat(restore).failsWithin(SOON).withThrowableThat().withMessageContaining("was removed before it could be restored");
            assertThat(world.runningNames()).isEmpty();
            assertThat(engine.inventory().leaks()).isEmpty();
            assertThat(engine.checkpoints().restore("before", false).isReady()).as("the next one").isTrue();
        }
    }

    /// What was asked for while the machine was being exchanged is done to the new one.
    @Test
    void aContainerThatIsMadeMeanwhileIsMadeInTheNewMachine() throws Exception {
        try (Engine engine = DeathAtEveryStepTest.engine(world, new World.Hand(-1), place)) {
            Sandbox sandbox = begun(engine);
            engine.checkpoints().save(sandbox.id(), "before", false);
            CompletableFuture<Container> another = new CompletableFuture<>();
            world.whileLoading = () -> Thread.ofVirtual().start(() -> {
                try {
                    another.complete(engine.sandboxes().create(sandbox.id(), DeathAtEveryStepTest.container(place, 1)));
                } catch (RuntimeException failure) {
                    another.completeExceptionally(failure);
                }
            });
            engine.checkpoints().restore("before", true);
            assertThat(inside(sandbox, another.get().id()).state).isEqualTo("prepared");
        } catch (ExecutionException failure) {
            throw new AssertionError(failure);
        }
    }

    /// What a pod was is there again, or nothing of it is, so that its kubelet makes it anew; and what was saved can be restored then.
    @Test
    void anEngineThatDiesMeanwhileLeavesNoHalfPod() throws IOException {
        int step = 0;
        boolean died = true;
        while (died) {
            step++;
            world = world();
            Path here = place.resolve("step-" + step);
            try (Engine engine = DeathAtEveryStepTest.engine(world, new World.Hand(-1), here)) {
                engine.checkpoints().save(begun(engine).id(), "before", false);
            }
            World.Hand dying = new World.Hand(-1);
            Engine engine = DeathAtEveryStepTest.engine(world, dying, here);
            dying.dieAfter(step);
            Thread restoring = Thread.ofVirtual().start(() -> engine.checkpoints().restore("before", true));
            // Another thread of the engine may be the one that dies, and this one waits for it then.
            await().dontCatchUncaughtExceptions().atMost(SOON).until(() -> dying.isDead() || !restoring.isAlive());
            died = dying.isDead();
            dying.die();
            String when = "died at step " + step + ", " + dying.last();
            try (Engine next = DeathAtEveryStepTest.engine(world, new World.Hand(-1), here)) {
                assertThat(next.inventory().leaks()).as(when).isEmpty();
                assertThat(world.runningNames()).as(when).isEqualTo(next.inventory().running());
                for (Sandbox sandbox : next.sandboxes().list()) {
                    assertThat(sandbox.record().phase()).as(when).isEqualTo(SandboxRecord.Phase.READY);
                    assertThat(sandbox.containers()).as(when).singleElement().matches(container -> container.record().state() == ContainerRecord.State.RUNNING);
                }
                Sandbox back = next.checkpoints().restore("before", true);
                assertThat(back.containers()).as(when).singleElement().matches(container -> inside(back, container.id()).state.equals("running"));
            }
        }
        assertThat(step).isGreaterThan(5);
    }

    /// A restore looks whether the layers are there.
    private World world() throws IOException {
        World world = new World(place);
        for (DiskLayer layer : world.image.layers()) {
            Files.write(layer.file(), new byte[(int) layer.sizeBytes()]);
        }
        return world;
    }

    /// A pod with a running container.
    private Sandbox begun(Engine engine) {
        Sandbox sandbox = engine.sandboxes().run(DeathAtEveryStepTest.request());
        sandbox.start(engine.sandboxes().create(sandbox.id(), DeathAtEveryStepTest.container(place)));
        return sandbox;
    }

    /// The phase of the one sandbox that there is, and the states of its containers.
    private static List<String> look(Engine engine) {
        List<String> seen = new ArrayList<>();
        for (Sandbox sandbox : engine.sandboxes().list()) {
            seen.add(sandbox.record().phase().name());
            sandbox.containers().forEach(container -> seen.add(container.id() + " " + container.record().state()));
        }
        return seen;
    }

    private World.ContainerState inside(Sandbox sandbox, String container) {
        return world.machines.values().stream().filter(machine -> machine.name.equals(sandbox.id())).findFirst().orElseThrow().containers.get(container);
    }
}
