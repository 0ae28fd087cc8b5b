package io.hypernetes.store.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.store.StoreUnavailableException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A process that is killed at any instant loses nothing that it acknowledged. `-Dstore.kills=1000` kills it more often than `./test` does.
class KilledStoreTest {
    private static final int KILLS = Integer.getInteger("store.kills", 3);
    /// So often one store is killed before there is a fresh one: what has to be looked at grows.
    private static final int OF_ONE_STORE = 5;

    @TempDir
    Path folder;

    @Test
    void everyAcknowledgedWriteIsThereAfterSigkill() throws Exception {
        Random random = new Random();
        long kept = 0;
        for (int round = 0; round < KILLS; round++) {
            Path place = folder.resolve("store" + round / OF_ONE_STORE);
            int enough = 1 + random.nextInt(3000);
            try (Acknowledged acknowledged = Acknowledged.start(place)) {
                Awaitility.await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(5))
                        .until(() -> acknowledged.count() >= enough);
                acknowledged.kill();
                assertThat(acknowledged.count()).isGreaterThanOrEqualTo(enough);
                acknowledged.requireKept(place, acknowledged.count());
                kept += acknowledged.count();
            }
            if (KILLS > OF_ONE_STORE && round % OF_ONE_STORE == OF_ONE_STORE - 1) {
                Folders.delete(place);
                System.out.println("killed " + (round + 1) + " times, " + kept + " acknowledged writes, none lost");
            }
        }
    }

    @Test
    void aTornEndOfTheLogIsForgottenButDamageBeforeItIsRefused() throws Exception {
        try (Acknowledged acknowledged = Acknowledged.start(folder)) {
            Awaitility.await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(5))
                    .until(() -> acknowledged.count() >= 500);
        }
        Path log;
        try (var files = Files.list(folder.resolve("db"))) {
            log = files.filter(file -> file.toString().endsWith(".log")).findFirst().orElseThrow();
        }
        byte[] good = Files.readAllBytes(log);
        byte[] damaged = good.clone();
        damaged[damaged.length / 3] ^= 0x10;
        Files.write(log, damaged);
        assertThatThrownBy(() -> EmbeddedStore.open(folder, Folders.settings()))
                .isInstanceOf(StoreUnavailableException.class)
                .hasMessageContaining("damaged")
                .hasMessageContaining(log.getFileName().toString());

        byte[] torn = Arrays.copyOf(good, good.length);
        torn[torn.length - 100] ^= 1; // within the last write
        Files.write(log, torn);
        try (EmbeddedStore store = EmbeddedStore.open(folder, Folders.settings())) {
            assertThat(store.list("/w/", "", 0).entries()).hasSizeGreaterThan(400);
        }
    }
}
