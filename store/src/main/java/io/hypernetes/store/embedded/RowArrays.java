package io.hypernetes.store.embedded;

import org.rocksdb.RocksIterator;

/// Where the rows of a store are read into when it is opened: many into each array, and each array longer than the collector's young generation takes. An
/// array for each row would be copied by a collection, all the store's bytes once, before any of them is looked at. For one thread.
final class RowArrays {
    private static final int FIRST = 64 << 10;
    private static final int LONGEST = 8 << 20;

    private byte[] array = new byte[FIRST];
    private int from;
    private int to;

    /// Reads the row that an iterator is at; where the former one is remains as it is.
    void read(RocksIterator rows) {
        from = to;
        int length = rows.value(array, from, array.length - from);
        if (length > array.length - from) {
            array = new byte[Math.max(length, Math.min(LONGEST, 2 * array.length))];
            from = 0;
            rows.value(array, 0, length);
        }
        to = from + length;
    }

    /// The array that has the row last read; its other bytes are of other rows.
    byte[] array() {
        return array;
    }

    /// Where the row begins.
    int from() {
        return from;
    }

    /// Where it ends.
    int to() {
        return to;
    }
}
