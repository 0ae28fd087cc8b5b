package io.hypernetes.apiserver.admission;

import java.util.function.Consumer;

/// What the writer of one object is told. An object may be wrong in the same way thousands of times: nobody reads more warnings than these, and headers have an end.
final class Told {
    private static final int MOST = 20;

    private final Consumer<String> warn;
    private int said;

    Told(Consumer<String> warn) {
        this.warn = warn;
    }

    void say(String text) {
        if (said++ < MOST) {
            warn.accept(text);
        }
    }

    /// Whether what else there is to say goes unheard.
    boolean isEnough() {
        return said >= MOST;
    }
}
