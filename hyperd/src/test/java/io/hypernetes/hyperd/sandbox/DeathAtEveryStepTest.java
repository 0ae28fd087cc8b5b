package io.hypernetes.hyperd.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.hyperd.HyperdSettings;
import io.hypernetes.hyperd.container.Container;
import io.hypernetes.hyperd.container.ContainerRequest;
import io.hypernetes.hyperd.event.Events;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hyperd.journal.Journal;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hypervisor.GuestKernel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/// The engine dies at every single step of a pod's life, before and behind each thing it does to the world, and another takes over: it must
/// find machines and records in agreement, every log line once, every exit code, and leave nothing when all is removed.
@ExtendWith(DeadHands.class)
class DeathAtEveryStepTest {
    private static final List<String> LINES = IntStream.range(0, 40).mapToObj(i -> "line " + i).toList();
    private static final Duration SOON = Duration.ofSeconds(60);

    @TempDir
    Path folder;

    @Test
    void whateverTheStep() throws Exception {
        int step = 0;
        boolean died = true;
        while (died) {
            step++;
            World world = new World();
            Path place = folder.resolve("step-" + step);
            World.Hand first = new World.Hand(step);
            live(world, first, place);
            died = first.isDead();
            first.die();
            check(world, place, "died at step " + step + ", " + first.last());
        }
        // Fewer would mean that the engine stopped journalling.
        assertThat(step).isGreaterThan(30);
    }

    /// A pod's whole life, as far as it goes.
    private void live(World world, World.Hand hand, Path place) throws Exception {
        try {
            Engine engine = engine(world, hand, place);
            Sandbox sandbox = engine.sandboxes().run(request());
            Container container = engine.sandboxes().create(sandbox.id(), container(place));
            sandbox.start(container);
            World.ContainerState inside = world.machines.values().iterator().next().containers.get(container.id());
            LINES.forEach(line -> inside.print(line + "\n"));
            inside.exit(3, 0);
            // Dies while it waits, or sees the end.
            await().dontCatchUncaughtExceptions().atMost(SOON).until(() -> hand.isDead() || container.record().state() == ContainerRecord.State.EXITED);
            hand.alive();
            engine.sandboxes().removeContainer(container.id());
            engine.sandboxes().stop(sandbox.id());
            engine.sandboxes().remove(sandbox.id());
        } catch (World.Hand.Dead dead) {
            // The point of it all.
        }
    }

    private void check(World world, Path place, String when) throws Exception {
        World.Hand second = new World.Hand(-1);
        try (Engine engine = engine(world, second, place)) {
            assertThat(engine.inventory().leaks()).as(when).isEmpty();
            assertThat(world.runningNames()).as(when).isEqualTo(engine.inventory().running());
            for (Sandbox sandbox : engine.sandboxes().list()) {
                if (sandbox.isReady()) {
                    agree(world, place, sandbox, when);
                } else {
                    assertThat(sandbox.containers()).as(when).allSatisfy(container ->
                            assertThat(container.record().state()).isEqualTo(ContainerRecord.State.EXITED));
                }
                engine.sandboxes().stop(sandbox.id());
                engine.sandboxes().remove(sandbox.id());
            }
            assertThat(world.machines).as(when).isEmpty();
            assertThat(world.attachments).as(when).isEmpty();
            assertThat(world.leases).as(when).isEmpty();
            assertThat(world.store).as(when).isEmpty();
            assertThat(engine.inventory().disks()).as(when).isEmpty();
        }
    }

    private void agree(World world, Path place, Sandbox sandbox, String when) throws Exception {
        World.MachineState machine = world.machines.values().stream()
                .filter(candidate -> candidate.name.equals(sandbox.id()))
                .findFirst()
                .orElseThrow();
        assertThat(sandbox.containers().stream().map(Container::id))
                .as(when)
                .containsExactlyInAnyOrderElementsOf(machine.containers.keySet());
        for (Container container : sandbox.containers()) {
            World.ContainerState inside = machine.containers.get(container.id());
            if (inside.exited()) {
                await(when).dontCatchUncaughtExceptions().atMost(SOON).until(() -> container.record().state() == ContainerRecord.State.EXITED);
                assertThat(container.record().exitCode()).as(when).isEqualTo(3);
                assertThat(log(place)).as(when).isEqualTo(LINES);
            } else if (inside.state.equals("running")) {
                assertThat(container.record().state()).as(when).isEqualTo(ContainerRecord.State.RUNNING);
                assertThat(container.record().startedNanos()).as(when).isEqualTo(1_000_000_000L);
            } else {
                assertThat(container.record().state()).as(when).isEqualTo(ContainerRecord.State.CREATED);
            }
        }
    }

    private static List<String> log(Path place) throws Exception {
        return Files.readAllLines(place.resolve("log")).stream().map(line -> line.split(" ", 4)[3]).toList();
    }

    static Engine engine(World world, World.Hand hand, Path place) {
        FakeParts parts = new FakeParts(world, hand);
        HyperdSettings settings = new HyperdSettings(
                place.resolve("state"), place.resolve("machines"), place.resolve("cri.sock"), place.resolve("pods"),
                "hypernetes-no-such-cgroup", Duration.ofSeconds(5), 2, 0);
        return new Engine(
                settings, place.resolve("scratch"), parts.images(), parts.hypervisor(), parts.network(), new Journal(parts.store()),
                new Events(), () -> new GuestKernel("6.1", Path.of("/k"), Path.of("/i"), false), FakeGuest.door(hand), Clock.systemUTC());
    }

    static SandboxRequest request() {
        return new SandboxRequest(
                new SandboxRecord.Identity("pod", "uid", "default", 0, "", "/logs", Map.of("a", "b"), Map.of()),
                new SandboxRecord.Files("pod", List.of(), List.of(), List.of(), ""),
                Map.of(), new SandboxRequest.Demand(0, 0, 0, 0, 32 << 20), List.of());
    }

    static ContainerRequest container(Path place) {
        return container(place, 0);
    }

    static ContainerRequest container(Path place, int attempt) {
        return new ContainerRequest(
                new ContainerRecord.Identity("main", attempt, Map.of(), Map.of()),
                "lab:1", "lab:1", List.of(), List.of(), "", List.of(), List.of(), place.resolve("log").toString(),
                new ContainerRecord.Terminal(false, false, false, null), ContainerRecord.Resources.NONE, ContainerRequest.Security.ORDINARY, "");
    }
}
