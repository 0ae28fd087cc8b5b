package io.hypernetes.kubelet.probe;

/// The outcome of one probe; the output says why it failed.
record ProbeResult(boolean success, String output) {
    static final ProbeResult SUCCESS = new ProbeResult(true, "");

    static ProbeResult failure(String output) {
        return new ProbeResult(false, output);
    }
}
