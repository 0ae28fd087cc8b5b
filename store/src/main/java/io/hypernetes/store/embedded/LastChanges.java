package io.hypernetes.store.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hypernetes.store.Change;
import io.hypernetes.store.Entry;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/// The rows that say when each part of the keys (see [RevisionClock#part]) was changed last, so that a start knows how far back the past of a part is empty
/// whatever was written elsewhere. The entries do not tell: a deletion leaves none. A row is `p` + part → revision; one more says up to which commit all of
/// that holds, as an older version does not write them, and since when nothing was changed that has no row.
///
/// For one thread.
final class LastChanges {
    private static final byte PART = 'p';
    private static final byte[] STATE = "mlast-changes".getBytes(UTF_8);

    private final RocksDB db;
    private final WriteOptions durable;
    private long through;
    private long others;

    LastChanges(RocksDB db, WriteOptions durable) {
        this.db = db;
        this.durable = durable;
    }

    /// What is known, by part.
    ///
    /// @param entries all, those of each part together
    Map<String, Long> load(List<Entry> entries, long lastCommit) throws RocksDBException {
        byte[] state = db.get(STATE);
        if (state != null) {
            ByteBuffer numbers = ByteBuffer.wrap(state);
            through = numbers.getLong();
            others = numbers.getLong();
        }
        if (through != lastCommit) {
            forgetAll(lastCommit);
        }
        Map<String, Long> known = rows();
        // A process may have ended between the write that emptied a part and the end of its row.
        Set<String> empty = new HashSet<>(known.keySet());
        empty.removeAll(parts(entries));
        for (String part : empty) {
            forget(part);
            known.remove(part);
        }
        return known;
    }

    /// A part that is not among those known was not changed after this.
    long others() {
        return others;
    }

    private Map<String, Long> rows() throws RocksDBException {
        Map<String, Long> known = new HashMap<>();
        try (RocksIterator rows = db.newIterator()) {
            for (rows.seek(new byte[] {PART}); rows.isValid() && rows.key()[0] == PART; rows.next()) {
                known.put(new String(rows.key(), 1, rows.key().length - 1, UTF_8), ByteBuffer.wrap(rows.value()).getLong());
            }
            rows.status();
        }
        return known;
    }

    private static Set<String> parts(List<Entry> entries) {
        Set<String> parts = new HashSet<>();
        String part = "";
        for (Entry entry : entries) {
            if (part.isEmpty() || !entry.key().startsWith(part)) {
                part = RevisionClock.part(entry.key());
                parts.add(part);
            }
        }
        return parts;
    }

    /// Adds to a write what its changes change here.
    void add(WriteBatch batch, List<Change> changes, long lastCommit) throws RocksDBException {
        Map<String, Long> last = new HashMap<>();
        changes.forEach(change -> last.put(RevisionClock.part(change.entry().key()), change.entry().revision()));
        for (Map.Entry<String, Long> each : last.entrySet()) {
            batch.put(row(each.getKey()), bytes(each.getValue()));
        }
        through = lastCommit;
        batch.put(STATE, bytes(through, others));
    }

    /// A part in which nothing is left keeps no row: from now on it counts with all that have none.
    void forget(String part) throws RocksDBException {
        byte[] row = row(part);
        byte[] revision = db.get(row);
        if (revision != null) {
            others = Math.max(others, ByteBuffer.wrap(revision).getLong());
            try (WriteBatch batch = new WriteBatch()) {
                batch.delete(row);
                batch.put(STATE, bytes(through, others));
                db.write(durable, batch);
            }
        }
    }

    /// Nothing is known of before the last commit, of any part.
    void forgetAll(long lastCommit) throws RocksDBException {
        through = lastCommit;
        others = lastCommit;
        try (WriteBatch batch = new WriteBatch()) {
            for (String part : rows().keySet()) {
                batch.delete(row(part));
            }
            batch.put(STATE, bytes(through, others));
            db.write(durable, batch);
        }
    }

    private static byte[] row(String part) {
        byte[] utf8 = part.getBytes(UTF_8);
        return ByteBuffer.allocate(utf8.length + 1).put(PART).put(utf8).array();
    }

    private static byte[] bytes(long... numbers) {
        ByteBuffer bytes = ByteBuffer.allocate(numbers.length * Long.BYTES);
        for (long number : numbers) {
            bytes.putLong(number);
        }
        return bytes.array();
    }
}
