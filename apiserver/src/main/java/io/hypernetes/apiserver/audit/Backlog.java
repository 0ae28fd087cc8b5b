package io.hypernetes.apiserver.audit;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Audit lines that wait to be written, in the order in which they came and in bounded memory. Thread-safe.
///
/// Whoever causes lines has as much of the room as is free beside it: one that floods has half, two have a third each, and what they leave is for those who come.
/// So nobody's lines are in the way of another's, however long they are.
final class Backlog {
    private final long room;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrived = lock.newCondition();
    private final Condition left = lock.newCondition();
    private final ArrayDeque<Waiting> lines = new ArrayDeque<>();
    private final Map<String, Long> byOrigin = new HashMap<>();
    /// What was taken counts until the next is: somebody holds it.
    private final List<Waiting> taken = new ArrayList<>();
    private long held;
    private boolean closed;

    private record Waiting(AuditLine line, String origin, long bytes) {}

    /// @param room how much memory lines may hold, in bytes
    Backlog(long room) {
        this.room = room;
    }

    long room() {
        return room;
    }

    /// Adds a line, and waits for room when there is too little for one of its origin.
    ///
    /// @param nanos how long to wait, at most
    /// @return whether it was added
    /// @throws InterruptedException when the thread is interrupted while it waits; the line was not added
    boolean offer(AuditLine line, long nanos) throws InterruptedException {
        var waiting = new Waiting(line, line.origin(), line.bytes());
        lock.lock();
        try {
            long rest = nanos;
            while (!closed && !fits(waiting)) {
                if (rest <= 0) {
                    return false;
                }
                rest = left.awaitNanos(rest);
            }
            if (closed) {
                return false;
            }
            lines.add(waiting);
            hold(waiting, waiting.bytes);
            arrived.signal();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /// Takes lines, and waits for one when there is none. What was taken before is done with.
    ///
    /// @param most how many at most
    /// @return none when it is closed and nothing is left
    List<AuditLine> take(int most) {
        lock.lock();
        try {
            taken.forEach(waiting -> hold(waiting, -waiting.bytes));
            taken.clear();
            left.signalAll();
            while (lines.isEmpty() && !closed) {
                arrived.awaitUninterruptibly();
            }
            while (taken.size() < most && !lines.isEmpty()) {
                taken.add(lines.remove());
            }
            return taken.stream().map(Waiting::line).toList();
        } finally {
            lock.unlock();
        }
    }

    /// Takes no more; what waits can still be taken.
    void close() {
        lock.lock();
        try {
            closed = true;
            arrived.signalAll();
            left.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private boolean fits(Waiting waiting) {
        return byOrigin.getOrDefault(waiting.origin, 0L) + waiting.bytes <= room - held - waiting.bytes;
    }

    private void hold(Waiting waiting, long more) {
        held += more;
        byOrigin.compute(waiting.origin, (_, known) -> {
            long now = (known == null ? 0 : known) + more;
            return now == 0 ? null : now;
        });
    }
}
