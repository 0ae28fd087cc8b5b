package io.hypernetes.kubelet.volume;

import java.util.concurrent.Semaphore;

/// Counts what the volumes of one pod hold while it is collected, and refuses what is more than there may be before anything of it is written. Neither the number of
/// a pod's volumes nor that of their items is bounded, and each may name the same large key again. For one thread.
final class VolumeRoom implements AutoCloseable {
    /// As much as the runtime pushes into a guest of one volume, counted as it counts: names included.
    static final long MOST_BYTES = 6L << 20;
    static final int MOST_FILES = 10_000;
    /// Of all volumes of a pod: what they take on the node's disk for each of its pods.
    static final long MOST_POD_BYTES = 16L << 20;
    /// With the folders that paths name, as each takes an inode.
    static final int MOST_POD_ENTRIES = 20_000;
    /// Each is asked for and renewed by itself, and stays in memory.
    static final int MOST_TOKENS = 100;
    /// What a file takes beside its bytes and its name.
    private static final int FILE_BYTES = 64;
    /// The folder, its present version and the link to that.
    private static final int VOLUME_ENTRIES = 3;
    /// From here on it takes turns with other pods.
    private static final long LARGE_BYTES = 256 << 10;

    private final Semaphore turns;
    private boolean hasTurn;
    private long bytes;
    private int files;
    private long podBytes;
    private int podEntries;
    private int tokens;

    /// @param turns of pods with large volumes, as they are in memory while they are collected
    VolumeRoom(Semaphore turns) {
        this.turns = turns;
    }

    /// What follows is of another volume.
    void begin() {
        bytes = 0;
        files = 0;
        addEntries(VOLUME_ENTRIES);
    }

    /// One more file of the present volume. It counts also when another one takes its place.
    ///
    /// @throws VolumeException when that is too much
    void add(String path, long length) {
        long more = length + path.length() + FILE_BYTES;
        bytes += more;
        podBytes += more;
        files++;
        if (bytes > MOST_BYTES || files > MOST_FILES) {
            throw new VolumeException("it holds more than " + MOST_BYTES + " bytes or " + MOST_FILES + " files, the most that a volume of files may");
        }
        addEntries((int) path.chars().filter(each -> each == '/').count() + 1);
        if (podBytes > MOST_POD_BYTES) {
            throw new VolumeException("the pod's volumes hold more than " + MOST_POD_BYTES + " bytes in files, the most that those of one pod may");
        }
        takeTurn(bytes);
    }

    private void addEntries(int more) {
        podEntries += more;
        if (podEntries > MOST_POD_ENTRIES) {
            throw new VolumeException("the pod's volumes hold more than " + MOST_POD_ENTRIES + " files and folders, the most that those of one pod may");
        }
    }

    /// One more token.
    ///
    /// @throws VolumeException when that is too many
    void addToken() {
        tokens++;
        if (tokens > MOST_TOKENS) {
            throw new VolumeException("the pod's volumes name more than " + MOST_TOKENS + " tokens of its service account, the most that one pod may have");
        }
    }

    /// Waits for a turn where so much is in memory that not all pods can have as much at a time.
    void takeTurn(long inMemory) {
        if (hasTurn || inMemory <= LARGE_BYTES) {
            return;
        }
        try {
            turns.acquire();
            hasTurn = true;
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new VolumeException("interrupted while other pods' large volumes were written", stopped);
        }
    }

    @Override
    public void close() {
        if (hasTurn) {
            turns.release();
        }
    }
}
