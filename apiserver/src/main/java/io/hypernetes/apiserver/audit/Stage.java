package io.hypernetes.apiserver.audit;

/// How far a request had come when it was told of. That it was received is not told by itself: who answers, answers soon, or begins to.
public enum Stage {
    /// The answer to a request that may go on for hours, a watch or a stream to a pod, has begun.
    RESPONSE_STARTED("ResponseStarted"),
    RESPONSE_COMPLETE("ResponseComplete"),
    /// The server failed at it.
    PANIC("Panic");

    private final String text;

    Stage(String text) {
        this.text = text;
    }

    /// As `audit.k8s.io` names it.
    public String text() {
        return text;
    }
}
