package io.hypernetes.store;

/// The store could not do what was asked; the message names the key or folder, the cause and what to do.
public sealed class StoreException extends RuntimeException permits ConflictException, CompactedException, StoreUnavailableException {
    private static final long serialVersionUID = 1L;

    StoreException(String message) {
        super(message);
    }

    StoreException(String message, Throwable cause) {
        super(message, cause);
    }
}
