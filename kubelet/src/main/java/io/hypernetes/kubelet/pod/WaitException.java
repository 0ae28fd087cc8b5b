package io.hypernetes.kubelet.pod;

import java.time.Duration;

/// A container cannot start now; its status shows why, and it is tried again after the pause.
final class WaitException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient Waiting waiting;
    private final transient Duration pause;

    WaitException(Waiting waiting, Duration pause) {
        super(waiting.reason() + ": " + waiting.message());
        this.waiting = waiting;
        this.pause = pause;
    }

    Waiting waiting() {
        return waiting;
    }

    Duration pause() {
        return pause;
    }
}
