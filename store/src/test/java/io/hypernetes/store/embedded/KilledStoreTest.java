package io.hypernetes.store.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.store.StoreUnavailableException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
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
        Ledger ledger = new Ledger(false);
        for (int round = 0; round < KILLS; round++) {
            int store = round / OF_ONE_STORE;
            if (round % OF_ONE_STORE == 0) {
                ledger = new Ledger(store % 2 == 1);
            }
            Path place = Files.createDirectories(folder.resolve("round" + store)).resolve("store");
            try (Acknowledged acknowledged = Acknowledged.start(place, ledger)) {
                if (round % 4 == 2) {
                    // Whatever it is at: while it starts, or opens the store that the one before left.
                    LockSupport.parkNanos(random.nextLong(800_000_000L));
                } else {
                    acknowledged.await(1 + random.nextInt(800));
                    LockSupport.parkNanos(random.nextLong(3_000_000L));
                }
                acknowledged.kill();
                ledger.requireKeptAtEnd(place, acknowledged.said());
                kept += acknowledged.count();
            }
            if (round % OF_ONE_STORE == OF_ONE_STORE - 1) {
                Folders.delete(place.getParent());
                System.out.println("killed " + (round + 1) + " times, " + kept + " acknowledged writes, none lost; in this store " + ledger.watches());
            }
        }
    }

    @Test
    void aTornEndOfTheLogIsForgottenButDamageBeforeItIsRefused() throws Exception {
        try (Acknowledged acknowledged = Acknowledged.start(folder, new Ledger(false))) {
            acknowledged.await(500);
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
        torn[torn.length - 1] ^= 1; // the last write may be as short as a deletion
        Files.write(log, torn);
        try (EmbeddedStore store = EmbeddedStore.open(folder, Folders.settings())) {
            assertThat(store.list("/w/", "", 0).entries()).hasSizeGreaterThan(400);
        }
    }
}
