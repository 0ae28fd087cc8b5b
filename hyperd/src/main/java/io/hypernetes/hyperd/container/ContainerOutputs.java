package io.hypernetes.hyperd.container;

import io.hypernetes.guest.Guest;
import io.hypernetes.guest.GuestInventory;
import io.hypernetes.guest.OutputKind;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hyperd.log.ContainerLog;
import io.hypernetes.hyperd.log.LogPosition;
import io.hypernetes.hyperd.log.LogStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Where a container's output goes: its log, and whoever is attached. Safe for use by many threads.
final class ContainerOutputs implements AutoCloseable {
    private final ContainerRecord container;
    private final @Nullable ContainerLog log;
    private final Map<LogStream, OutputFollower> followers = new EnumMap<>(LogStream.class);

    /// @param journal keeps where the log stands
    /// @param heard called at the first output of each stream in this process
    /// @throws HyperdException when the log cannot be opened
    ContainerOutputs(ContainerRecord container, Clock clock, Consumer<LogPosition> journal, Runnable heard) {
        this.container = container;
        this.log = open(container, clock, journal);
        for (LogStream stream : LogStream.values()) {
            if (stream == LogStream.STDOUT || !container.terminal().tty()) {
                followers.put(stream, new OutputFollower(container.id(), stream, log, heard));
            }
        }
    }

    /// Follows a container that has just been prepared.
    void follow(Guest guest) {
        followers.values().forEach(follower -> follower.follow(guest, 0, 0));
    }

    /// Follows on in a new session.
    void follow(Guest guest, GuestInventory.Container seen) {
        followers.forEach((stream, follower) -> {
            OutputKind kind = stream == LogStream.STDOUT ? OutputKind.STDOUT : OutputKind.STDERR;
            seen.output(kind).ifPresent(known -> follower.follow(guest, known.acknowledged(), known.written()));
        });
    }

    /// Waits until all output has been carried over; false when the time passed first.
    boolean awaitEnd(long millis) throws InterruptedException {
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        boolean ended = true;
        for (OutputFollower follower : followers.values()) {
            ended &= follower.awaitEnd(Math.max(0, TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime())));
        }
        return ended;
    }

    /// Where a log that goes on behind the present one begins: as much of each stream is written.
    LogPosition written() {
        return log == null ? LogPosition.START : new LogPosition(0, log.written(LogStream.STDOUT), log.written(LogStream.STDERR));
    }

    /// Waits until nothing of a session that has ended is being written any more.
    void settle() {
        followers.values().forEach(OutputFollower::settle);
    }

    /// Nothing comes any more: the machine has ended.
    void finish() {
        followers.values().forEach(OutputFollower::finish);
    }

    /// Goes on in a new log file.
    void reopenLog() {
        if (log == null) {
            return;
        }
        try {
            log.reopen();
        } catch (IOException failure) {
            throw new HyperdException(
                    HyperdException.Kind.UNAVAILABLE,
                    "Container " + container.id() + ": its log " + container.logPath() + " could not be reopened: " + failure + ".",
                    failure);
        }
    }

    /// As [ContainerLog#appends]; 0 without a log.
    long logged() {
        return log == null ? 0 : log.appends();
    }

    /// As [ContainerLog#awaitAppend]; false at once without a log.
    boolean awaitLogged(long seen) throws InterruptedException {
        return log != null && log.awaitAppend(seen);
    }

    void wakeReaders() {
        if (log != null) {
            log.wake();
        }
    }

    /// All output that there will be is in the log.
    void complete() {
        if (log != null) {
            log.complete();
        }
    }

    AttachedClient attach() {
        AttachedClient client = new AttachedClient(followers.size());
        followers.values().forEach(follower -> follower.attach(client));
        return client;
    }

    void detach(AttachedClient client) {
        client.close();
        followers.values().forEach(follower -> follower.detach(client));
    }

    /// Ends all who are attached.
    void detachAll() {
        followers.values().forEach(OutputFollower::detachAll);
    }

    /// Stops waiting for a log that cannot be written.
    void stop() {
        followers.values().forEach(OutputFollower::stop);
    }

    @Override
    public void close() {
        stop();
        if (log != null) {
            log.close();
        }
    }

    private static @Nullable ContainerLog open(ContainerRecord of, Clock clock, Consumer<LogPosition> journal) {
        if (of.logPath().isEmpty()) {
            return null;
        }
        try {
            return ContainerLog.open(Path.of(of.logPath()), of.log(), clock, journal, ContainerLog.mostFileBytes(of.identity().annotations()));
        } catch (IOException failure) {
            throw new HyperdException(
                    HyperdException.Kind.UNAVAILABLE,
                    "Container " + of.id() + ": its log " + of.logPath() + " could not be opened: " + failure
                            + ". Is the folder writable, and is there room?",
                    failure);
        }
    }
}
