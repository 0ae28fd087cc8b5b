package io.hypernetes.hyperd.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.linux.HostProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A pod whose container is exported: it stands still while it is written, and not while that is packed.
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ExportedPodTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int SIGCONT = 18, SIGSTOP = 19;
    /// So much that it takes a while to pack it.
    private static final int MEMORY_BYTES = 64 << 20;

    private final World world = new World();

    @TempDir
    private Path place;

    private Engine engine;
    private Sandbox sandbox;

    @BeforeEach
    void aPodRuns() {
        engine = DeathAtEveryStepTest.engine(world, new World.Hand(-1), place);
        sandbox = engine.sandboxes().run(DeathAtEveryStepTest.request());
        sandbox.start(engine.sandboxes().create(sandbox.id(), DeathAtEveryStepTest.container(place)));
    }

    @AfterEach
    void close() {
        engine.close();
    }

    private CompletableFuture<Void> export(Path archive) {
        String container = sandbox.containers().getFirst().id();
        return CompletableFuture.runAsync(() -> engine.checkpoints().export(container, archive, SOON), Thread::startVirtualThread);
    }

    /// The `tar` that writes an archive, which stands still from now on; empty when it was done before that.
    private static Optional<HostProcess> heldPacking(Path archive, CompletableFuture<Void> export) {
        while (!export.isDone()) {
            Optional<HostProcess> tar = ProcessHandle.current().children()
                    .filter(child -> child.info().arguments().map(List::of).orElse(List.of()).contains("--file=" + archive + ".part"))
                    .findFirst().flatMap(child -> HostProcess.find(child.pid()));
            if (tar.isPresent()) {
                tar.get().signal(SIGSTOP);
                await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(1)).atMost(SOON).until(() -> "TZ".indexOf(state(tar.get())) >= 0);
                return tar;
            }
        }
        return Optional.empty();
    }

    private static boolean isHeld(HostProcess process) {
        return state(process) == 'T';
    }

    /// As the kernel calls it; that of one that has ended also when somebody has asked how.
    private static char state(HostProcess process) {
        try {
            String stat = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
            return stat.charAt(stat.lastIndexOf(')') + 2);
        } catch (IOException ended) {
            return 'Z';
        }
    }

    @Test
    void aPodThatIsRemovedMeanwhileDoesNotWaitForThePacking() throws Exception {
        world.whileSaving = machine -> largerMemory();
        Path archive = place.resolve("pod.tar");
        CompletableFuture<Void> export = export(archive);
        Optional<HostProcess> tar = heldPacking(archive, export);
        // It may have been too quick for us.
        while (tar.filter(ExportedPodTest::isHeld).isEmpty()) {
            tar.ifPresent(HostProcess::close);
            assertThat(export).succeedsWithin(SOON);
            export = export(archive);
            tar = heldPacking(archive, export);
        }
        try (HostProcess held = tar.get()) {
            try {
                assertThat(CompletableFuture.runAsync(() -> engine.sandboxes().remove(sandbox.id()), Thread::startVirtualThread)).succeedsWithin(SOON);
                assertThat(isHeld(held)).as("it was still being packed").isTrue();
                assertThat(export).isNotDone();
            } finally {
                held.signal(SIGCONT);
            }
        }
        assertThat(export).succeedsWithin(SOON);
        assertThat(archive).isRegularFile();
        assertThat(world.runningNames()).isEmpty();
        assertThat(engine.checkpoints().list()).isEmpty();
        assertThat(engine.inventory().leaks()).isEmpty();
    }

    private void largerMemory() {
        try (var drafts = Files.walk(place.resolve("checkpoints"))) {
            for (Path memory : drafts.filter(path -> path.endsWith("memory")).toList()) {
                Files.write(memory, new byte[MEMORY_BYTES]);
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
