package io.hypernetes.images;

import java.time.Duration;

/// The time for one layer or document to come, over all who are asked for it one after the other: each has an equal part of what is there in any case, with what those before it
/// left, and a second more for each 64 KiB ([ImageSettings.Transfers#slowest]) that have come. By what has come, not by how much there is said to be, which a registry may say as it likes. For one thread.
final class TransferTime {
    private final Duration anyway;
    private final long slowest;
    private final long bytes;
    private final int stations;
    private final long begin = System.nanoTime();
    private int station;
    private long came;

    /// @param bytes how much is said to come
    /// @param stations how many may be asked
    TransferTime(ImageSettings.Transfers limits, long bytes, int stations) {
        this.anyway = limits.layerTimeout();
        this.slowest = limits.slowest();
        this.bytes = bytes;
        this.stations = stations;
    }

    /// The next one is asked.
    ///
    /// @param number how many were asked before
    void begin(int number) {
        station = number;
    }

    void came(long more) {
        came += more;
    }

    /// Whether who is asked has had its time for what has come.
    boolean isOver() {
        return passed().compareTo(longest(came)) > 0;
    }

    /// For who is asked, whatever comes: never nothing before it [#isOver], also when more came than was said, as a part came twice.
    Duration left() {
        Duration left = longest(Math.max(bytes, came)).minus(passed());
        return left.isNegative() ? Duration.ZERO : left;
    }

    Duration passed() {
        return Duration.ofNanos(System.nanoTime() - begin);
    }

    private Duration longest(long bytes) {
        return anyway.multipliedBy(station + 1L).dividedBy(stations).plusSeconds(bytes / slowest);
    }
}
