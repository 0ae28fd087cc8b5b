package io.hypernetes.telemetry;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What was done for one thing (a pod, say), step by step. Always on: a step costs about a microsecond. Bounded: the first half of the
/// room keeps how it began, the other half what happened last.
///
/// Safe for use by many threads.
public final class Timeline {
    private static final int MOST_ERROR = 500;

    private final String service;
    private final StepSink sink;
    private final int half;
    private final long wallNanos;
    private final long tick;

    // Guarded by this.
    private final List<Step> first = new ArrayList<>();
    private final ArrayDeque<Step> last = new ArrayDeque<>();
    private long dropped;
    private @Nullable String traceId;

    /// @param service which component measures
    /// @param most how many steps are kept
    /// @param sink gets each step that was measured here, when it is over
    /// @param clock read once: steps are measured by the monotonic clock from then on
    public Timeline(String service, int most, StepSink sink, InstantSource clock) {
        this.service = service;
        this.half = Math.max(1, most / 2);
        this.sink = sink;
        Instant now = clock.instant();
        this.wallNanos = now.getEpochSecond() * 1_000_000_000L + now.getNano();
        this.tick = System.nanoTime();
    }

    /// Nanoseconds since 1970, never going back.
    public long now() {
        return wallNanos + (System.nanoTime() - tick);
    }

    /// A step that is under way. Closing it ends it; a second time does nothing.
    public final class Running implements AutoCloseable {
        private final TraceContext at;
        private final String parentId;
        private final String name;
        private final String of;
        private final long start = now();
        private boolean over;

        private Running(TraceContext at, String parentId, String name, String of) {
            this.at = at;
            this.parentId = parentId;
            this.name = name;
            this.of = of;
        }

        public TraceContext at() {
            return at;
        }

        /// Begins a step that is part of this one.
        public Running begin(String part) {
            return new Running(at.next(), at.spanId(), part, "");
        }

        /// As [#begin], about something.
        ///
        /// @param of the name of a container or an image
        public Running begin(String part, String of) {
            return new Running(at.next(), at.spanId(), part, of);
        }

        /// Does something as a step that is part of this one.
        public <R> R timed(String part, Supplier<R> action) {
            Running step = begin(part);
            try {
                R result = action.get();
                step.close();
                return result;
            } catch (RuntimeException failure) {
                step.failed(failure);
                throw failure;
            }
        }

        /// As [#timed], of something that yields nothing.
        public void step(String part, Runnable action) {
            timed(part, () -> {
                action.run();
                return part;
            });
        }

        /// Ends it as failed.
        public void failed(Throwable why) {
            String text = String.valueOf(why.getMessage());
            end(text.length() > MOST_ERROR ? text.substring(0, MOST_ERROR) : text);
        }

        @Override
        public void close() {
            end("");
        }

        private void end(String error) {
            synchronized (this) {
                if (over) {
                    return;
                }
                over = true;
            }
            Step step = new Step(at, parentId, service, name, start, now() - start, of.isEmpty() ? Map.of() : Map.of(Caller.OF, of), error);
            keep(step);
            sink.accept(step);
        }
    }

    /// Begins a step on behalf of the current [Caller], after what that one tells.
    ///
    /// @param of the name of a container; empty for none
    public Running begin(String name, String of) {
        Caller caller = Caller.current();
        caller.told().forEach(this::keep);
        TraceContext parent = caller.context();
        if (parent != null) {
            belongsTo(parent.traceId());
            return new Running(parent.next(), parent.spanId(), name, of);
        }
        TraceContext fresh = TraceContext.fresh();
        return new Running(new TraceContext(belongsTo(fresh.traceId()), fresh.spanId()), "", name, of);
    }

    /// Keeps a step that was measured elsewhere.
    public synchronized void keep(Step step) {
        if (first.size() < half) {
            first.add(step);
            return;
        }
        if (last.size() == half) {
            last.removeFirst();
            dropped++;
        }
        last.addLast(step);
    }

    /// What is kept, in the order in which it ended.
    public synchronized List<Step> steps() {
        List<Step> all = new ArrayList<>(first);
        all.addAll(last);
        return all;
    }

    /// How many steps there was no room for.
    public synchronized long dropped() {
        return dropped;
    }

    // Calls without a context of their own belong to the trace that was there before.
    private synchronized String belongsTo(String id) {
        if (traceId == null) {
            traceId = id;
        }
        return traceId;
    }
}
