package io.hypernetes.hyperd.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.HyperdSettings;
import io.hypernetes.hyperd.event.Events;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hyperd.journal.Journal;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hypervisor.GuestKernel;
import io.hypernetes.linux.Cgroups;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
class RecoveryTest {
    /// As when the run folder was swept while a machine was being made.
    @Test
    void aMachineOfNoRecordIsFoundByItsCgroupAlone(@TempDir Path place) throws Exception {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "needs root");
        Cgroups cgroups = Cgroups.discover();
        String parent = "hn-recovery-" + ProcessHandle.current().pid();
        cgroups.create(parent + "/stray");
        World world = new World();
        world.machines.put(UUID.randomUUID(), new World.MachineState("stray", place.resolve("machines/stray")));
        world.machines.put(UUID.randomUUID(), new World.MachineState("of-another-engine", place.resolve("machines/of-another-engine")));
        FakeParts parts = new FakeParts(world, new World.Hand(0));
        HyperdSettings settings = new HyperdSettings(
                place.resolve("state"), place.resolve("machines"), place.resolve("cri.sock"), place.resolve("pods"), parent, Duration.ofSeconds(5), 2, 0);
        try (Engine engine = new Engine(
                settings, place.resolve("scratch"), parts.images(), parts.hypervisor(), parts.network(), new Journal(parts.store()),
                new Events(), () -> new GuestKernel("6.1", Path.of("/k"), Path.of("/i"), false), FakeGuest.door(new World.Hand(0)), Clock.systemUTC())) {
            assertThat(world.machines.values()).extracting(machine -> machine.name).containsExactly("of-another-engine");
            assertThat(engine.inventory().cgroups()).as("the fake removes no cgroup, so it is a leak").containsExactly("stray");
        } finally {
            cgroups.remove(parent + "/stray");
            cgroups.remove(parent);
        }
    }

    @Test
    void aMachineThatCannotBeTakenOverAtOnceIsTriedAgain(@TempDir Path place) {
        World world = new World();
        begun(world, place);
        world.machines.values().iterator().next().unreachable = 2;
        try (Engine engine = DeathAtEveryStepTest.engine(world, new World.Hand(-1), place)) {
            assertThat(engine.sandboxes().list()).singleElement().matches(Sandbox::isReady);
        }
    }

    @Test
    void oneThatNeverCanBeIsEndedAndItsPodStoppedWithItsContainers(@TempDir Path place) {
        World world = new World();
        begun(world, place);
        world.machines.values().iterator().next().unreachable = Integer.MAX_VALUE;
        try (Engine engine = DeathAtEveryStepTest.engine(world, new World.Hand(-1), place)) {
            Sandbox sandbox = engine.sandboxes().list().getFirst();
            assertThat(sandbox.record().phase()).isEqualTo(SandboxRecord.Phase.STOPPED);
            assertThat(sandbox.record().message()).contains("could not be taken over", "no descriptor is left");
            assertThat(sandbox.containers()).allSatisfy(container -> assertThat(container.record().state()).isEqualTo(ContainerRecord.State.EXITED));
            assertThat(world.machines).isEmpty();
            assertThat(world.attachments).isEmpty();
            engine.sandboxes().remove(sandbox.id());
            assertThat(engine.inventory().leaks()).isEmpty();
        }
    }

    /// Taken for a running one it could never be resumed, and a checkpoint would let it go on.
    @Test
    void aPausedPodWhoseHypervisorDoesNotSayThatIsNotTakenForARunningOne(@TempDir Path place) {
        World world = new World();
        begun(world, place);
        World.MachineState machine = world.machines.values().iterator().next();
        machine.paused = true;
        machine.silent = Integer.MAX_VALUE;
        try (Engine engine = DeathAtEveryStepTest.engine(world, new World.Hand(-1), place)) {
            Sandbox sandbox = engine.sandboxes().list().getFirst();
            assertThatThrownBy(sandbox::isSurelyPaused).isInstanceOf(HyperdException.class).hasMessageContaining("does not say");
            machine.silent = 0;
            // Asked again without anybody's wish.
            await().dontCatchUncaughtExceptions().atMost(Duration.ofSeconds(20)).until(sandbox::isPaused);
            assertThat(sandbox.isSurelyPaused()).isTrue();
            assertThatThrownBy(sandbox::guest).hasMessageContaining("is paused");
            sandbox.resume();
            assertThat(sandbox.isPaused()).isFalse();
            assertThat(machine.paused).isFalse();
            assertThat(sandbox.guest()).isNotNull();
        }
    }

    @Test
    void oneThatRunsIsKnownToByItsGuest(@TempDir Path place) {
        World world = new World();
        begun(world, place);
        world.machines.values().iterator().next().silent = Integer.MAX_VALUE;
        try (Engine engine = DeathAtEveryStepTest.engine(world, new World.Hand(-1), place)) {
            Sandbox sandbox = engine.sandboxes().list().getFirst();
            assertThat(sandbox.guest()).isNotNull();
            assertThat(sandbox.isSurelyPaused()).isFalse();
        }
    }

    /// A pod with a running container, whose engine has gone.
    private static void begun(World world, Path place) {
        try (Engine engine = DeathAtEveryStepTest.engine(world, new World.Hand(-1), place)) {
            Sandbox sandbox = engine.sandboxes().run(DeathAtEveryStepTest.request());
            sandbox.start(engine.sandboxes().create(sandbox.id(), DeathAtEveryStepTest.container(place)));
        }
    }
}
