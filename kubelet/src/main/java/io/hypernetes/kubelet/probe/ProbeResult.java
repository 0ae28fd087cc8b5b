package io.hypernetes.kubelet.probe;

/// The outcome of one probe; the output says why it did not succeed.
record ProbeResult(Outcome outcome, String output) {
    static final ProbeResult SUCCESS = new ProbeResult(Outcome.SUCCESS, "");

    enum Outcome {
        SUCCESS,
        /// It succeeded, and whoever looks after the pod may not have meant that.
        WARNING,
        FAILURE,
        /// It could not be made, which says nothing of the container.
        UNKNOWN
    }

    static ProbeResult failure(String output) {
        return new ProbeResult(Outcome.FAILURE, output);
    }

    static ProbeResult unknown(String output) {
        return new ProbeResult(Outcome.UNKNOWN, output);
    }

    static ProbeResult warning(String output) {
        return new ProbeResult(Outcome.WARNING, output);
    }

    boolean success() {
        return outcome == Outcome.SUCCESS || outcome == Outcome.WARNING;
    }
}
