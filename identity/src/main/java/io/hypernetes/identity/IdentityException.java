package io.hypernetes.identity;

/// A key, certificate or token that cannot be read, made or kept; the message says what was tried and what to do.
public class IdentityException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public IdentityException(String message) {
        super(message);
    }

    public IdentityException(String message, Throwable cause) {
        super(message, cause);
    }
}
