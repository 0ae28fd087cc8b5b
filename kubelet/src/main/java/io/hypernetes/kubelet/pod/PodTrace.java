package io.hypernetes.kubelet.pod;

import io.hypernetes.telemetry.Caller;
import io.hypernetes.telemetry.Step;
import io.hypernetes.telemetry.StepSink;
import io.hypernetes.telemetry.Timeline;
import io.hypernetes.telemetry.TraceContext;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The first start of a pod as the kubelet sees it, from the moment it saw the pod until its containers run. What it did is told to the
/// runtime with the next call, so that whoever asks for the pod's steps gets them in one place. One per pod, used by the pod's own thread.
final class PodTrace {
    private static final int MOST = 64;
    private static final Duration BELIEVED = Duration.ofMinutes(10);

    private final StepSink sink;
    private final TraceContext root = TraceContext.fresh();
    private final List<Step> untold = new ArrayList<>();
    private final Timeline timeline;
    private final long begin;
    private long pulledNanos;
    private boolean begun;
    private boolean over;

    /// @param resourceVersion of the pod as it was first seen: our API server counts in microseconds since 1970, so it says when the pod was
    ///     bound to this node; anything else is left out
    PodTrace(StepSink sink, InstantSource clock, @Nullable String resourceVersion) {
        this.sink = sink;
        this.timeline = new Timeline("kubelet", MOST, step -> {}, clock);
        long now = timeline.now();
        long bound = micros(resourceVersion) * 1000;
        boolean told = bound <= now && bound > now - BELIEVED.toNanos();
        this.begin = told ? bound : now;
        if (told) {
            end(new Step(root.next(), root.spanId(), "kubelet", "bound to seen", bound, now - bound, Map.of(), ""));
        }
    }

    /// Does something as a step of the start.
    ///
    /// @param of which container or image it is about; empty for none
    <R> R timed(String name, String of, Supplier<R> action) {
        return over ? action.get() : timed(name, of, action, List.of());
    }

    /// As [#timed], of a call that the runtime keeps steps of: it is told what was done since the last one.
    <R> R calling(String name, String of, Supplier<R> action) {
        if (over) {
            return action.get();
        }
        List<Step> telling = List.copyOf(untold);
        untold.clear();
        return timed(name, of, action, telling);
    }

    private <R> R timed(String name, String of, Supplier<R> action, List<Step> telling) {
        begun = true;
        TraceContext at = root.next();
        long start = timeline.now();
        String error = "failed";
        try {
            R result = new Caller(at, telling).call(action::get);
            error = "";
            return result;
        } finally {
            end(new Step(at, root.spanId(), "kubelet", name, start, timeline.now() - start, of.isEmpty() ? Map.of() : Map.of(Caller.OF, of), error));
        }
    }

    /// As [#timed], of an image that is brought: it does not count into the start that the kubelet answers for.
    <R> R pulling(String image, Supplier<R> action) {
        long start = timeline.now();
        try {
            return timed("image", image, action);
        } finally {
            pulledNanos += timeline.now() - start;
        }
    }

    /// All containers run: the start is over, and what follows is no part of it.
    ///
    /// @param pod its name, for whoever reads the trace
    /// @return how long it took; nothing the second time and later, and for a pod that was there before this kubelet
    StartTime over(String pod) {
        if (over || !begun) {
            return StartTime.NOTHING;
        }
        over = true;
        untold.clear();
        long took = timeline.now() - begin;
        sink.accept(new Step(root, "", "kubelet", "pod start", begin, took, Map.of("pod", pod), ""));
        return new StartTime(Duration.ofNanos(took), Duration.ofNanos(Math.max(0, took - pulledNanos)));
    }

    /// What follows is no first start.
    void skip() {
        over = true;
        untold.clear();
    }

    private void end(Step step) {
        if (untold.size() < MOST) {
            untold.add(step);
        }
        sink.accept(step);
    }

    private static long micros(@Nullable String resourceVersion) {
        try {
            return resourceVersion == null ? 0 : Math.clamp(Long.parseLong(resourceVersion), 0, Long.MAX_VALUE / 1000);
        } catch (NumberFormatException foreign) {
            return 0;
        }
    }
}
