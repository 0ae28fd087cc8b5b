package io.hypernetes.store.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.store.Change;
import io.hypernetes.store.Entry;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.RocksDBException;

class RestingBufferTest {
    private static final int VALUE = 1 << 20;

    @TempDir
    private Path folder;

    private long revision;

    private RocksLog open(long reservedBytes) {
        return RocksLog.open(folder, EmbeddedSettings.defaults().withReservedBytes(reservedBytes));
    }

    private void write(RocksLog log, int megabytes) {
        for (int i = 0; i < megabytes; i++) {
            byte[] value = new byte[VALUE];
            new Random(++revision).nextBytes(value);
            log.write(List.of(new Change(new Entry("/root/maps/" + revision, value, revision, revision), null, false)), revision, revision + 100);
        }
    }

    @Test
    void whatRestsIsPutIntoATableAndIsThereAtTheNextStart() throws RocksDBException {
        try (RocksLog log = open(0)) {
            write(log, 5);
            log.resting().look();
            assertThat(log.resting().bytes()).isGreaterThan(5L * VALUE);
            log.resting().look();
            Awaitility.await().untilAsserted(() -> assertThat(log.resting().bytes()).isLessThan(VALUE));
        }
        try (RocksLog log = open(0)) {
            assertThat(log.load().entries()).hasSize(5).allSatisfy(entry -> assertThat(entry.value()).hasSize(VALUE));
        }
    }

    @Test
    void whatGrowsOrIsSmallStaysWhereItIs() throws RocksDBException {
        try (RocksLog log = open(0)) {
            write(log, 1);
            log.resting().look();
            log.resting().look();
            assertThat(log.resting().bytes()).isGreaterThan(VALUE);
            for (int i = 0; i < 3; i++) {
                write(log, 2);
                log.resting().look();
            }
            assertThat(log.resting().bytes()).isGreaterThan(7L * VALUE);
        }
    }

    @Test
    void nothingIsFlushedWhereThereIsNoRoomAndNothingAskedAfterTheEnd() throws RocksDBException {
        RocksLog log = open(Long.MAX_VALUE);
        try (log) {
            write(log, 5);
            log.resting().look();
            log.resting().look();
            log.resting().look();
            assertThat(log.resting().bytes()).isGreaterThan(5L * VALUE);
        }
        log.resting().look();
        assertThat(log.resting().bytes()).isZero();
    }
}
