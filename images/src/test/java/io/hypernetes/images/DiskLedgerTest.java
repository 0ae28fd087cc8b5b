package io.hypernetes.images;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class DiskLedgerTest {
    private final AtomicLong usable = new AtomicLong(100);
    private final DiskLedger ledger = new DiskLedger(() -> new DiskSpace.Room(1000, usable.get()), 10);

    @Test
    void twoDoNotCountOnTheSameRoom() throws IOException {
        AtomicLong missing = new AtomicLong(60);
        DiskLedger.Entry first = ledger.entry(missing::get);
        assertThat(ledger.enter(first)).isTrue();
        DiskLedger.Entry second = ledger.entry(() -> 50);
        assertThat(ledger.enter(second)).isFalse();
        assertThat(ledger.free()).as("who has no room takes none").isEqualTo(30);

        // What has come is on the disk, and counted once.
        missing.set(20);
        usable.set(60);
        assertThat(ledger.free()).isEqualTo(30);
        first.close();
        assertThat(ledger.free()).isEqualTo(50);
        assertThat(ledger.enter(second)).isTrue();
        assertThat(ledger.promised()).isEqualTo(50);
    }

    @Test
    void whatGrowsOrLosesItsRoomToOthersIsSeen() throws IOException {
        AtomicLong missing = new AtomicLong(10);
        assertThat(ledger.enter(ledger.entry(missing::get))).isTrue();
        missing.set(90);
        assertThat(ledger.free()).isZero();
        usable.set(99);
        assertThat(ledger.free()).isNegative();
    }
}
