package io.hypernetes.network;

/// A pod could not be attached or detached; the message says what was tried on what, why it failed and what to do.
public sealed class NetworkException extends RuntimeException permits PortTakenException {
    private static final long serialVersionUID = 1L;

    public NetworkException(String message) {
        super(message);
    }

    public NetworkException(String message, Throwable cause) {
        super(message, cause);
    }
}
