package io.hypernetes.telemetry;

/// Where steps go when they are over. Never blocks and never fails: whoever measures a start must not hold it up. Safe for use by many threads.
@FunctionalInterface
public interface StepSink {
    /// Keeps nothing.
    StepSink NONE = step -> {};

    void accept(Step step);

    /// Tells another one, too.
    default StepSink and(StepSink other) {
        return step -> {
            accept(step);
            other.accept(step);
        };
    }
}
