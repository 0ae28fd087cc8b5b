package io.hypernetes.store.embedded;

import io.hypernetes.store.keys.KeyRing;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/// How an [EmbeddedStore] behaves.
///
/// @param nativeFolder where RocksDB's native library is unpacked, once; stores and processes may share it. Null: `native` in the store's folder
/// @param historyChanges most changes kept for watches that start in the past
/// @param historyAge how long at least a change is kept, as long as `historyChanges` allows; older ones are dropped
/// @param watchBacklog most changes that wait for one slow watcher before it is cut off
/// @param reservedBytes free space below which writes are refused, so that the store can always close and recover
/// @param maxValueBytes longest value accepted
/// @param clock the wall clock
/// @param keys under which values are sealed, each with its owner's; the store's alone. Null: values are kept as they are
/// @param packs whether values that are alike are packed in memory ([Packing]); the first part of a key is its owner then
/// @param opensAtLeisure whether values that nobody asks for are opened only once [EmbeddedStore#openValues] is called, not at once
public record EmbeddedSettings(
        @Nullable Path nativeFolder,
        int historyChanges,
        Duration historyAge,
        int watchBacklog,
        long reservedBytes,
        int maxValueBytes,
        InstantSource clock,
        @Nullable KeyRing keys,
        boolean packs,
        boolean opensAtLeisure) {

    /// 100,000 changes or 120 s of history, 20,000 changes of backlog, 32 MiB reserved, values up to 16 MiB.
    public static EmbeddedSettings defaults() {
        return new EmbeddedSettings(
                null, 100_000, Duration.ofSeconds(120), 20_000, 32L << 20, 16 << 20, InstantSource.system(), null, true, false);
    }

    public EmbeddedSettings withNativeFolder(Path folder) {
        return new EmbeddedSettings(
                folder, historyChanges, historyAge, watchBacklog, reservedBytes, maxValueBytes, clock, keys, packs, opensAtLeisure);
    }

    public EmbeddedSettings withHistory(int changes, Duration age) {
        return new EmbeddedSettings(nativeFolder, changes, age, watchBacklog, reservedBytes, maxValueBytes, clock, keys, packs, opensAtLeisure);
    }

    /// For a store that nobody watches: no change is kept in memory.
    public EmbeddedSettings withoutHistory() {
        return withHistory(0, Duration.ZERO);
    }

    public EmbeddedSettings withWatchBacklog(int changes) {
        return new EmbeddedSettings(
                nativeFolder, historyChanges, historyAge, changes, reservedBytes, maxValueBytes, clock, keys, packs, opensAtLeisure);
    }

    public EmbeddedSettings withReservedBytes(long bytes) {
        return new EmbeddedSettings(
                nativeFolder, historyChanges, historyAge, watchBacklog, bytes, maxValueBytes, clock, keys, packs, opensAtLeisure);
    }

    public EmbeddedSettings withClock(InstantSource source) {
        return new EmbeddedSettings(
                nativeFolder, historyChanges, historyAge, watchBacklog, reservedBytes, maxValueBytes, source, keys, packs, opensAtLeisure);
    }

    /// The same with values sealed. A store that has values in the open seals them when it is opened so; the way back is refused.
    public EmbeddedSettings withKeys(KeyRing ring) {
        return new EmbeddedSettings(
                nativeFolder, historyChanges, historyAge, watchBacklog, reservedBytes, maxValueBytes, clock, ring, packs, opensAtLeisure);
    }

    /// For a small store whose folders many owners share: nothing is packed.
    public EmbeddedSettings withoutPacking() {
        return new EmbeddedSettings(
                nativeFolder, historyChanges, historyAge, watchBacklog, reservedBytes, maxValueBytes, clock, keys, false, opensAtLeisure);
    }

    /// For a store that somebody waits for: until [EmbeddedStore#openValues] the processors are theirs.
    public EmbeddedSettings withValuesOpenedAtLeisure() {
        return new EmbeddedSettings(nativeFolder, historyChanges, historyAge, watchBacklog, reservedBytes, maxValueBytes, clock, keys, packs, true);
    }
}
