package io.hypernetes.hyperd.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.container.Container;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Who is the first to write into a container whose pod is paused.
class PausedInputTest {
    private static final Duration SOON = Duration.ofSeconds(60);

    @TempDir
    Path folder;

    private final CompletableFuture<String> outcome = new CompletableFuture<>();
    private Engine engine;
    private Sandbox sandbox;
    private World.ContainerState inside;
    private Thread client;

    @BeforeEach
    void comeWhileItIsPaused() {
        World world = new World();
        engine = DeathAtEveryStepTest.engine(world, new World.Hand(-1), folder);
        sandbox = engine.sandboxes().run(DeathAtEveryStepTest.request());
        Container container = engine.sandboxes().create(sandbox.id(), DeathAtEveryStepTest.container(folder));
        sandbox.start(container);
        inside = world.machines.values().iterator().next().containers.get(container.id());
        sandbox.pause();
        client = Thread.ofVirtual().start(() -> {
            try {
                try (OutputStream input = container.input(sandbox::guestWhenResumed)) {
                    input.write("one".getBytes(StandardCharsets.UTF_8));
                }
                outcome.complete("written");
            } catch (IOException | HyperdException failure) {
                outcome.complete(String.valueOf(failure.getMessage()));
            }
        });
        // Threads of engines that died in other tests may end only now.
        await().dontCatchUncaughtExceptions().atMost(SOON).until(() -> client.getState() == Thread.State.WAITING);
    }

    @AfterEach
    void close() {
        engine.close();
    }

    @Test
    void whatHeWritesWaitsForItToGoOn() throws Exception {
        assertThat(outcome).isNotDone();
        sandbox.resume();
        assertThat(outcome.get(60, TimeUnit.SECONDS)).isEqualTo("written");
        assertThat(inside.stdin.toString(StandardCharsets.UTF_8)).isEqualTo("one");
        assertThat(inside.stdinEnded).isTrue();
    }

    @Test
    void whenHeLeavesTheInputEndsOnceItGoesOn() throws Exception {
        client.interrupt();
        sandbox.resume();
        outcome.get(60, TimeUnit.SECONDS);
        assertThat(inside.stdinEnded).isTrue();
    }

    @Test
    void whenThePodGoesHeWaitsNoLonger() throws Exception {
        engine.sandboxes().remove(sandbox.id());
        assertThat(outcome.get(60, TimeUnit.SECONDS)).contains("not ready");
        assertThat(inside.stdinEnded).isFalse();
    }
}
