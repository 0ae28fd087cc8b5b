package io.hypernetes.identity;

/// A credential that proves nothing. The message is for logs; clients are told `Unauthorized` and no more.
public final class NotAuthenticatedException extends IdentityException {
    private static final long serialVersionUID = 1;

    public NotAuthenticatedException(String message) {
        super(message);
    }

    public NotAuthenticatedException(String message, Throwable cause) {
        super(message, cause);
    }
}
