package io.hypernetes.hyperd.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.hypernetes.guest.ContainerExit;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.event.Events;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hyperd.journal.Journal;
import io.hypernetes.hyperd.log.LogPosition;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContainerTest {
    @TempDir
    private Path folder;

    @Test
    void theGuestsWordThatItCouldNotBeStartedIsTheReason() {
        ContainerRecord ended = endedBy(new ContainerExit("web", 127, 0, false, 5, "/no/such/thing: No such file or directory"));
        assertThat(ended.reason()).isEqualTo("StartError");
        assertThat(ended.message()).isEqualTo("/no/such/thing: No such file or directory");
        assertThat(ended.exitCode()).isEqualTo(127);
    }

    @Test
    void aProcessThatRanEndsByItsCode() {
        assertThat(endedBy(new ContainerExit("web", 127, 0, false, 5, "")).reason()).isEqualTo("Error");
        assertThat(endedBy(new ContainerExit("web", 0, 0, false, 5, "")).reason()).isEqualTo("Completed");
        assertThat(endedBy(new ContainerExit("web", 137, 9, true, 5, "")).reason()).isEqualTo("OOMKilled");
    }

    @Test
    void whoIsAttachedToOneThatIsRetiredIsAttachedToNothing() throws Exception {
        try (EmbeddedStore store = EmbeddedStore.open(folder.resolve("store"), EmbeddedSettings.defaults());
                Container container = new Container(
                        record(), new Container.Surroundings(new Journal(store), new Events(), Clock.systemUTC()), ended -> {})) {
            AttachedClient client = container.attach();
            CompletableFuture<Boolean> heard = new CompletableFuture<>();
            Thread.ofVirtual().start(() -> {
                try {
                    heard.complete(client.next(600_000).isPresent());
                } catch (InterruptedException interrupted) {
                    heard.completeExceptionally(interrupted);
                }
            });
            OutputStream input = container.input(() -> {
                throw new HyperdException(HyperdException.Kind.WRONG_STATE, "It is paused.");
            });
            container.retire();
            assertThat(heard.get(60, TimeUnit.SECONDS)).isFalse();
            assertThat(client.isOpen()).isFalse();
            assertThatThrownBy(() -> input.write('x')).isInstanceOf(IOException.class).hasMessageContaining("gone");
        }
    }

    /// What each of a machine's containers does at its end may take long, as it may wait for the disk.
    @Test
    void theContainersOfAMachineAreLostSideBySide() {
        CountDownLatch bothEnding = new CountDownLatch(2);
        try (EmbeddedStore store = EmbeddedStore.open(folder.resolve("store"), EmbeddedSettings.defaults());
                Container one = ending(store, "one", bothEnding);
                Container other = ending(store, "other", bothEnding)) {
            assertThat(CompletableFuture.runAsync(() -> Container.lost(List.of(one, other), "the machine has ended"))).succeedsWithin(Duration.ofSeconds(9));
            assertThat(List.of(one, other)).allMatch(container -> container.record().state() == ContainerRecord.State.EXITED);
        }
    }

    private static Container ending(EmbeddedStore store, String id, CountDownLatch bothEnding) {
        return new Container(record(id), new Container.Surroundings(new Journal(store), new Events(), Clock.systemUTC()), ended -> {
            bothEnding.countDown();
            try {
                bothEnding.await();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        });
    }

    private ContainerRecord endedBy(ContainerExit exit) {
        try (EmbeddedStore store = EmbeddedStore.open(folder.resolve("store"), EmbeddedSettings.defaults());
                Container container = new Container(
                        record(),
                        new Container.Surroundings(new Journal(store), new Events(), Clock.systemUTC()),
                        ended -> {})) {
            container.exited(exit);
            // No output will come; what was heard first stays.
            Container.lost(List.of(container), "the machine has ended");
            await().atMost(Duration.ofSeconds(60)).until(() -> container.record().state() == ContainerRecord.State.EXITED);
            return container.record();
        }
    }

    private static ContainerRecord record() {
        return record("web");
    }

    private static ContainerRecord record(String id) {
        return new ContainerRecord(
                id,
                "pod",
                new ContainerRecord.Identity("web", 0, Map.of(), Map.of()),
                new ContainerRecord.Image("i", "i", "i", "i"),
                ContainerRecord.State.CREATED,
                1,
                0,
                0,
                0,
                "",
                "",
                "",
                LogPosition.START,
                new ContainerRecord.Terminal(false, false, false, null),
                "",
                List.of(),
                ContainerRecord.Resources.NONE,
                ContainerRecord.User.ROOT);
    }
}
