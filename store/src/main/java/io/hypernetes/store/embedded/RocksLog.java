package io.hypernetes.store.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hypernetes.store.Change;
import io.hypernetes.store.Entry;
import io.hypernetes.store.StoreUnavailableException;
import io.hypernetes.store.keys.KeyRing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.CompressionType;
import org.rocksdb.FlushOptions;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WALRecoveryMode;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/// The log on RocksDB. A row is `d` + key → create revision, revision, value; `e` + key → the same with the value sealed by its owner's key and
/// bound to row and revisions; `m` + name → a number of the store itself; those of [LastChanges].
final class RocksLog implements DurableLog {
    private static final byte DATA = 'd';
    private static final byte SEALED = 'e';
    private static final byte[] FORMAT = "mformat".getBytes(UTF_8);
    private static final byte[] LAST_COMMIT = "mlast-commit".getBytes(UTF_8);
    private static final byte[] CEILING = "mceiling".getBytes(UTF_8);
    private static final long FORMAT_1 = 1;
    /// Has sealed rows.
    private static final long FORMAT_2 = 2;
    private static final int ROWS_AT_ONCE = 500;
    private static final int BLOCK_CACHE = 1 << 20;
    private static final int READ_AHEAD = 1 << 20;
    /// Rows are read whole, from the first to the last: the fewer blocks they are in, the faster.
    private static final int BLOCK = 32 << 10;
    private static final int HEADER = 2 * Long.BYTES;

    private final Path folder;
    private final FileStore disk;
    private final long reservedBytes;
    private final Options options;
    private final WriteOptions durable;
    private final RocksDB db;
    private final StoreLock lock;
    private final @Nullable KeyRing keys;
    private final LastChanges lastChanges;
    private final RestingBuffer resting;

    private RocksLog(Path folder, FileStore disk, long reservedBytes, @Nullable KeyRing keys, Options options, RocksDB db, StoreLock lock) {
        this.keys = keys;
        this.folder = folder;
        this.disk = disk;
        this.reservedBytes = reservedBytes;
        this.options = options;
        this.db = db;
        this.lock = lock;
        this.durable = new WriteOptions().setSync(true);
        this.lastChanges = new LastChanges(db, durable);
        this.resting = new RestingBuffer(db, this::refusal).start();
    }

    static RocksLog open(Path folder, EmbeddedSettings settings) {
        Path nativeFolder = settings.nativeFolder();
        Path database = folder.resolve("db");
        try {
            Files.createDirectories(database);
            NativeLibrary.load(nativeFolder == null ? folder.resolve("native") : nativeFolder);
            StoreLock lock = StoreLock.of(folder);
            try {
                requireUndamaged(folder, LogCheck.damage(database));
                return open(folder, database, settings, lock);
            } catch (IOException | RuntimeException e) {
                lock.close();
                throw e;
            }
        } catch (IOException | UncheckedIOException e) {
            throw new StoreUnavailableException("opening store " + folder + ": " + e + "; check the folder and its disk", e);
        }
    }

    private static void requireUndamaged(Path folder, Optional<String> damage) {
        if (damage.isPresent()) {
            throw damaged(folder, "its log " + damage.get() + " is bad although what follows is good");
        }
    }

    private static StoreUnavailableException damaged(Path folder, String how) {
        return new StoreUnavailableException("store " + folder + " is damaged: " + how
                + "; check the disk and restore the folder from a copy, do not delete files in it");
    }

    private static RocksLog open(Path folder, Path database, EmbeddedSettings settings, StoreLock lock) throws IOException {
        FileStore disk = Files.getFileStore(folder);
        Options options = options(settings.keys() != null);
        try {
            return new RocksLog(folder, disk, settings.reservedBytes(), settings.keys(), options, RocksDB.open(options, database.toString()), lock);
        } catch (RocksDBException e) {
            options.close();
            String said = String.valueOf(e.getMessage());
            if (said.contains("Corruption")) {
                throw damaged(folder, said);
            }
            throw new StoreUnavailableException("opening store " + folder + ": " + said + "; check the folder and its disk", e);
        }
    }

    private static Options options(boolean sealed) {
        // The options hold it on.
        try (LRUCache cache = new LRUCache(BLOCK_CACHE)) {
            return new Options()
                    .setCreateIfMissing(true)
                    .setParanoidChecks(true)
                    // A torn end of the log was never acknowledged. What comes before it is checked by the log's checksums.
                    .setWalRecoveryMode(WALRecoveryMode.PointInTimeRecovery)
                    .setWriteBufferSize(16 << 20)
                    .setMaxWriteBufferNumber(2)
                    // Values are read at the start alone, and then once.
                    .setTableFormatConfig(new BlockBasedTableConfig().setBlockCache(cache).setBlockSize(BLOCK))
                    .setMaxOpenFiles(64)
                    .setMaxBackgroundJobs(2)
                    // What is sealed does not get shorter.
                    .setCompressionType(sealed ? CompressionType.NO_COMPRESSION : CompressionType.LZ4_COMPRESSION)
                    .setInfoLogLevel(InfoLogLevel.WARN_LEVEL)
                    .setKeepLogFileNum(2)
                    .setMaxLogFileSize(1 << 20);
        }
    }

    Content load() {
        long ceiling = number(CEILING);
        long lastCommit = number(LAST_COMMIT);
        long format = number(FORMAT);
        if (format > FORMAT_2) {
            throw new StoreUnavailableException("store " + folder + " was written by a newer version (format " + format
                    + ", this one knows " + FORMAT_2 + "); start that version instead");
        }
        if (format == FORMAT_2 && keys == null) {
            throw new StoreUnavailableException("the values of store " + folder + " are sealed; it cannot be opened without its keys");
        }
        List<Entry> open = new ArrayList<>();
        rows(DATA, (key, row) -> open.add(entry(key, row.array(), row.from(), row.to())));
        List<Entry> entries = open;
        KeyRing ring = keys;
        if (ring != null) {
            if (!open.isEmpty()) {
                seal(open);
            }
            entries = sealed(ring);
            forgetAllBut(ring, entries);
        }
        long highest = 0;
        for (Entry entry : entries) {
            highest = Math.max(highest, entry.revision());
        }
        if (highest > lastCommit || lastCommit > ceiling) {
            throw damaged(folder, "it holds revision " + highest + " but ends at " + lastCommit + " below " + ceiling);
        }
        try {
            Map<String, Long> known = lastChanges.load(entries, lastCommit);
            return new Content(entries, lastCommit, ceiling, known, lastChanges.others());
        } catch (RocksDBException e) {
            throw new StoreUnavailableException("reading store " + folder + ": " + e.getMessage(), e);
        }
    }

    /// Nothing is known any more of what was changed before the last commit, which was `lastCommit`.
    void forgetPast(long lastCommit) {
        try {
            lastChanges.forgetAll(lastCommit);
        } catch (RocksDBException e) {
            throw new StoreUnavailableException("writing to store " + folder + " failed: " + e.getMessage(), e);
        }
    }

    private List<Entry> sealed(KeyRing ring) {
        KeyRing.Opener opener = ring.opener();
        List<Entry> entries = new ArrayList<>();
        rows(SEALED, (key, row) -> entries.add(opened(opener, key, row.array(), row.from(), row.to())));
        return entries;
    }

    private interface RowReader {
        /// @param row is where it is until the next one
        void row(byte[] key, RowArrays row);
    }

    private void rows(byte part, RowReader reader) {
        // Each row is read once: what is read ahead helps, what is kept does not.
        try (ReadOptions once = new ReadOptions().setReadaheadSize(READ_AHEAD).setFillCache(false);
                RocksIterator rows = db.newIterator(once)) {
            RowArrays arrays = new RowArrays();
            for (rows.seek(new byte[] {part}); rows.isValid(); rows.next()) {
                byte[] key = rows.key();
                if (key[0] != part) {
                    break;
                }
                arrays.read(rows);
                reader.row(key, arrays);
            }
            rows.status();
        } catch (RocksDBException e) {
            throw new StoreUnavailableException("reading store " + folder + ": " + e.getMessage(), e);
        }
    }

    @Override
    public void write(List<Change> changes, long lastCommit, long ceiling) {
        try (WriteBatch batch = new WriteBatch()) {
            for (Change change : changes) {
                byte[] key = key(change.entry().key());
                if (change.deleted()) {
                    batch.delete(key);
                } else {
                    batch.put(key, row(key, change.entry()));
                }
            }
            if (!changes.isEmpty()) {
                batch.put(LAST_COMMIT, bytes(lastCommit));
                lastChanges.add(batch, changes, lastCommit);
            }
            batch.put(CEILING, bytes(ceiling));
            batch.put(FORMAT, bytes(keys == null ? FORMAT_1 : FORMAT_2));
            db.write(durable, batch);
        } catch (RocksDBException e) {
            throw new StoreUnavailableException("writing to store " + folder + " failed: " + e.getMessage()
                    + "; whether the last changes were kept is unknown. Nothing more is written until the disk is in order"
                    + " and the process has been restarted", e);
        }
    }

    @Override
    public String refusal() {
        try {
            long free = disk.getUsableSpace();
            return free >= reservedBytes
                    ? ""
                    : "only " + (free >> 20) + " MiB are free on the disk of " + folder + ", " + (reservedBytes >> 20)
                            + " MiB must stay free; make room there, nothing else is needed";
        } catch (IOException e) {
            return "the free space of " + folder + " cannot be read: " + e.getMessage();
        }
    }

    @Override
    public void close() {
        resting.close();
        // A flush leaves the table for the next start to scan instead of a log to replay; durable it is already.
        try (FlushOptions flush = new FlushOptions().setWaitForFlush(true)) {
            db.flush(flush);
        } catch (RocksDBException e) {
            // A full or failed disk: the log holds everything that was acknowledged.
        }
        db.close();
        durable.close();
        options.close();
        try {
            lock.close();
        } catch (IOException e) {
            throw new StoreUnavailableException("closing the lock of store " + folder + ": " + e, e);
        }
    }

    private long number(byte[] name) {
        try {
            byte[] value = db.get(name);
            return value == null ? 0 : ByteBuffer.wrap(value).getLong();
        } catch (RocksDBException e) {
            throw new StoreUnavailableException("reading store " + folder + ": " + e.getMessage(), e);
        }
    }

    /// Seals what a store without keys has written, so that afterwards no file of it has a value in the open.
    private void seal(List<Entry> entries) {
        try {
            for (int from = 0; from < entries.size(); from += ROWS_AT_ONCE) {
                try (WriteBatch batch = new WriteBatch()) {
                    for (Entry entry : entries.subList(from, Math.min(entries.size(), from + ROWS_AT_ONCE))) {
                        byte[] key = key(entry.key());
                        batch.put(key, row(key, entry));
                        batch.delete(key(DATA, entry.key()));
                    }
                    batch.put(FORMAT, bytes(FORMAT_2));
                    db.write(durable, batch);
                }
            }
            // The tables and the log with the former rows go only when they are rewritten.
            try (FlushOptions flush = new FlushOptions().setWaitForFlush(true)) {
                db.flush(flush);
            }
            db.compactRange();
        } catch (RocksDBException e) {
            throw new StoreUnavailableException("sealing the values of store " + folder + ": " + e.getMessage()
                    + "; it goes on where it stopped at the next start", e);
        }
    }

    /// A process may have ended between the write that removed an owner's last entry and the end of its key.
    private static void forgetAllBut(KeyRing ring, List<Entry> entries) {
        Set<String> gone = new HashSet<>(ring.owners());
        entries.forEach(entry -> gone.remove(KeyRing.owner(entry.key())));
        gone.forEach(ring::destroy);
    }

    @Override
    public boolean forgets() {
        return keys != null;
    }

    @Override
    public void forget(String owner) {
        if (keys != null) {
            keys.destroy(owner);
        }
        try {
            lastChanges.forget("/" + owner + "/");
        } catch (RocksDBException e) {
            throw new StoreUnavailableException("writing to store " + folder + " failed: " + e.getMessage(), e);
        }
    }

    private byte[] key(String key) {
        return key(keys == null ? DATA : SEALED, key);
    }

    private static byte[] key(byte part, String key) {
        byte[] utf8 = key.getBytes(UTF_8);
        byte[] row = new byte[utf8.length + 1];
        row[0] = part;
        System.arraycopy(utf8, 0, row, 1, utf8.length);
        return row;
    }

    private byte[] row(byte[] key, Entry entry) {
        byte[] header = ByteBuffer.allocate(HEADER).putLong(entry.createRevision()).putLong(entry.revision()).array();
        byte[] value = keys == null ? entry.value() : keys.seal(KeyRing.owner(entry.key()), bound(key, header, 0), entry.value());
        return ByteBuffer.allocate(HEADER + value.length).put(header).put(value).array();
    }

    /// A value opens in its own row and with its own revisions only: rows cannot be exchanged or set back.
    private static byte[] bound(byte[] key, byte[] rows, int from) {
        return ByteBuffer.allocate(key.length + HEADER).put(key).put(rows, from, HEADER).array();
    }

    /// Its value is opened when somebody asks for it: of a full store a start needs a few.
    private static Entry opened(KeyRing.Opener ring, byte[] key, byte[] rows, int from, int to) {
        ByteBuffer header = ByteBuffer.wrap(rows, from, HEADER);
        String text = text(key);
        var value = ring.later(KeyRing.owner(text), () -> bound(key(SEALED, text), rows, from), rows, from + HEADER, to);
        return Entry.later(text, new Entry.Unopened(value, to - from - HEADER - KeyRing.overhead()), header.getLong(), header.getLong());
    }

    private static Entry entry(byte[] key, byte[] rows, int from, int to) {
        ByteBuffer header = ByteBuffer.wrap(rows, from, HEADER);
        return new Entry(text(key), Arrays.copyOfRange(rows, from + HEADER, to), header.getLong(), header.getLong());
    }

    private static String text(byte[] key) {
        return new String(key, 1, key.length - 1, UTF_8);
    }

    private static byte[] bytes(long number) {
        return ByteBuffer.allocate(Long.BYTES).putLong(number).array();
    }
}
