package io.hypernetes.apiserver.http;

import java.io.IOException;

/// The client closed its connection or stream, or took nothing of its answer for too long.
public final class ClientGoneException extends IOException {
    private static final long serialVersionUID = 1L;

    ClientGoneException(String message) {
        super(message);
    }
}
