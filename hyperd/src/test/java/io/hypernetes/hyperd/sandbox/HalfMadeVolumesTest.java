package io.hypernetes.hyperd.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.hypernetes.guest.GuestException;
import io.hypernetes.guest.VolumeSpec;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.container.Container;
import io.hypernetes.hyperd.container.ContainerRequest;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hyperd.volume.FolderContent;
import io.hypernetes.hypervisor.HypervisorException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/// The making of a container ends halfway, by an error or with the engine: the next one must find all that it wants in its guest, whatever the former one had come to.
@ExtendWith(DeadHands.class)
class HalfMadeVolumesTest {
    private final World world = new World();

    @TempDir
    private Path place;

    private Path folder = Path.of("/");

    @BeforeEach
    void aVolume() throws IOException {
        folder = Files.createDirectories(place.resolve("pods/uid/volumes/kubernetes.io~projected/config"));
        Files.writeString(folder.resolve("key"), "value");
        Files.writeString(Files.createDirectories(place.resolve("pods/uid")).resolve("etc-hosts"), "10.0.0.1 it\n");
    }

    private ContainerRequest container(int attempt) {
        ContainerRequest plain = DeathAtEveryStepTest.container(place, attempt);
        return new ContainerRequest(
                plain.identity(), plain.image(), plain.userSpecifiedImage(), plain.command(), plain.arguments(), plain.workingDirectory(), plain.environment(),
                List.of(new ContainerRequest.Mount("/config", folder.toString(), true),
                        new ContainerRequest.Mount("/etc/hosts", place.resolve("pods/uid/etc-hosts").toString(), false)),
                plain.logPath(), plain.terminal(), plain.resources(), plain.security(), plain.stopSignal());
    }

    private World.MachineState machine() {
        return world.machines.values().iterator().next();
    }

    private void isWhole(Engine engine, Sandbox sandbox, int attempt) {
        Container container = engine.sandboxes().create(sandbox.id(), container(attempt));
        assertThat(machine().files.getOrDefault("files-config", Map.of())).containsKey("key");
        assertThat(machine().hosts).isEqualTo("10.0.0.1 it\n");
        assertThat(machine().layers).hasSize(2);
        sandbox.start(container);
        assertThat(container.record().state()).isEqualTo(ContainerRecord.State.RUNNING);
    }

    /// It is refused each time, until there is less in it.
    @Test
    void oneThatIsTooLargeIsNoEmptyFolderAtTheNextTry() throws IOException {
        try (Engine engine = DeathAtEveryStepTest.engine(world, new World.Hand(-1), place)) {
            Sandbox sandbox = engine.sandboxes().run(DeathAtEveryStepTest.request());
            Files.write(folder.resolve("large"), new byte[(int) FolderContent.MOST_BYTES]);
            for (int i = 0; i < 2; i++) {
                assertThatThrownBy(() -> engine.sandboxes().create(sandbox.id(), container(0)))
                        .isInstanceOf(HyperdException.class).hasMessageContaining("the most that is pushed into a guest");
            }
            assertThat(machine().containers).isEmpty();
            Files.delete(folder.resolve("large"));
            isWhole(engine, sandbox, 0);
        }
    }

    @Test
    void whatTheGuestRefusedItIsAskedForAgain() {
        try (Engine engine = DeathAtEveryStepTest.engine(world, new World.Hand(-1), place)) {
            Sandbox sandbox = engine.sandboxes().run(DeathAtEveryStepTest.request());
            machine().refusing = 1;
            assertThatThrownBy(() -> engine.sandboxes().create(sandbox.id(), container(0))).isInstanceOf(GuestException.class);
            assertThat(sandbox.record().volumes()).isEmpty();
            isWhole(engine, sandbox, 0);
        }
    }

    @Test
    void layersThatTheMachineDidNotTakeAreAppendedAgain() {
        try (Engine engine = DeathAtEveryStepTest.engine(world, new World.Hand(-1), place)) {
            Sandbox sandbox = engine.sandboxes().run(DeathAtEveryStepTest.request());
            machine().notAppending = 1;
            assertThatThrownBy(() -> engine.sandboxes().create(sandbox.id(), container(0))).isInstanceOf(HypervisorException.class);
            isWhole(engine, sandbox, 0);
        }
    }

    /// Its end unmounts it, whatever else became of it.
    @Test
    void aDiskIsKnownBeforeTheGuestHasItAndAskedForAgain() {
        try (Engine engine = DeathAtEveryStepTest.engine(world, new World.Hand(-1), place)) {
            Sandbox sandbox = engine.sandboxes().run(DeathAtEveryStepTest.request());
            SandboxRecord.Volume disk = new SandboxRecord.Volume(SandboxRecord.VolumeKind.DISK, place.resolve("disk").toString(), 0);
            Particulars withDisk = new Particulars("", "", Map.of("serial", disk), List.of(), "");
            machine().refusing = 1;
            assertThatThrownBy(() -> engine.sandboxes().create(sandbox, container(0), withDisk)).isInstanceOf(GuestException.class);
            assertThat(sandbox.record().hasDisks()).isTrue();
            engine.sandboxes().create(sandbox, container(0), withDisk);
            assertThat(machine().volumes).containsEntry("serial", VolumeSpec.Kind.DISK);
        }
    }

    @Test
    void anEngineThatDiesAtAnyStepLeavesNothingThatTheNextOneTakesForDone() throws Exception {
        int step = 0;
        boolean died = true;
        while (died) {
            step++;
            world.machines.clear();
            world.store.clear();
            world.attachments.clear();
            World.Hand first = new World.Hand(-1);
            // Closed also when it died: the kernel gives a process, and all of its user, few folder watches.
            try (Engine engine = DeathAtEveryStepTest.engine(world, first, place)) {
                Sandbox sandbox = engine.sandboxes().run(DeathAtEveryStepTest.request());
                first.dieAfter(step);
                engine.sandboxes().create(sandbox.id(), container(0));
            } catch (World.Hand.Dead dead) {
                // The point of it all.
            }
            died = first.isDead();
            first.die();
            try (Engine engine = DeathAtEveryStepTest.engine(world, new World.Hand(-1), place)) {
                Sandbox sandbox = engine.sandboxes().list().getFirst();
                sandbox.guest();
                isWhole(engine, sandbox, 1);
                engine.sandboxes().remove(sandbox.id());
            }
        }
        assertThat(step).isGreaterThan(10);
    }

    /// As an earlier version left it that was killed behind its journal.
    @Test
    void whatIsRecordedAndNotThereIsMadeByTheNextContainer() {
        try (Engine engine = DeathAtEveryStepTest.engine(world, new World.Hand(-1), place)) {
            Sandbox sandbox = engine.sandboxes().run(DeathAtEveryStepTest.request());
            sandbox.update(current -> current.withVolumes(
                    Map.of("files-config", new SandboxRecord.Volume(SandboxRecord.VolumeKind.FILES, folder.toString(), 0))));
        }
        try (Engine engine = DeathAtEveryStepTest.engine(world, new World.Hand(-1), place)) {
            Sandbox sandbox = engine.sandboxes().list().getFirst();
            await().until(() -> sandbox.record().volumes().isEmpty());
            isWhole(engine, sandbox, 0);
        }
    }
}
