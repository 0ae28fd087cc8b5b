package io.hypernetes.store.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Random;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;

/// Looks one at a time, at a database of its own.
class RestingBufferTest {
    private static final int VALUE = 1 << 20;

    @TempDir
    private Path folder;

    private int written;

    private RocksDB open() throws Exception {
        NativeLibrary.load(folder.resolve("native"));
        try (Options options = new Options().setCreateIfMissing(true)) {
            return RocksDB.open(options, folder.resolve("db").toString());
        }
    }

    private void write(RocksDB db, int megabytes) throws RocksDBException {
        for (int i = 0; i < megabytes; i++) {
            byte[] value = new byte[VALUE];
            new Random(++written).nextBytes(value);
            db.put(key(written), value);
        }
    }

    private static byte[] key(int number) {
        return ("k" + number).getBytes(StandardCharsets.US_ASCII);
    }

    @Test
    void whatRestsIsPutIntoATableAndIsThereAtTheNextStart() throws Exception {
        try (RocksDB db = open(); RestingBuffer buffer = new RestingBuffer(db, () -> "")) {
            write(db, 5);
            buffer.look();
            assertThat(buffer.bytes()).isGreaterThan(5L * VALUE);
            buffer.look();
            Awaitility.await().untilAsserted(() -> assertThat(buffer.bytes()).isLessThan(VALUE));
        }
        try (RocksDB db = open()) {
            for (int i = 1; i <= 5; i++) {
                assertThat(db.get(key(i))).hasSize(VALUE);
            }
        }
    }

    @Test
    void whatGrowsOrIsSmallStaysWhereItIs() throws Exception {
        try (RocksDB db = open(); RestingBuffer buffer = new RestingBuffer(db, () -> "")) {
            write(db, 2);
            buffer.look();
            buffer.look();
            assertThat(buffer.bytes()).isGreaterThan(2L * VALUE);
            for (int i = 0; i < 5; i++) {
                write(db, 1);
                buffer.look();
            }
            assertThat(buffer.bytes()).isGreaterThan(7L * VALUE);
        }
    }

    @Test
    void nothingIsFlushedWhereThereIsNoRoomAndNothingAskedAfterTheEnd() throws Exception {
        RestingBuffer buffer;
        try (RocksDB db = open()) {
            buffer = new RestingBuffer(db, () -> "the disk is full");
            write(db, 5);
            buffer.look();
            buffer.look();
            buffer.look();
            assertThat(buffer.bytes()).isGreaterThan(5L * VALUE);
            buffer.close();
        }
        buffer.look();
        assertThat(buffer.bytes()).isZero();
    }
}
