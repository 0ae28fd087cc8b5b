package io.hypernetes.hyperd.docker.http;

import java.io.IOException;

/// A request that cannot be understood, or costs too much; the connection ends after the answer.
public final class HttpRefusal extends IOException {
    private static final long serialVersionUID = 1L;

    private final int status;

    public HttpRefusal(int status, String message) {
        super(message);
        this.status = status;
    }

    /// The status of the answer.
    public int status() {
        return status;
    }
}
