package io.hypernetes.images;

/// An image could not be brought, read or removed; the message names the reference, what was tried, the registry's own words and what to do.
public final class ImageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Reason reason;

    public ImageException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public ImageException(Reason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    /// Why, for mapping to gRPC and exit codes.
    public Reason reason() {
        return reason;
    }

    /// The closed set of reasons.
    public enum Reason {
        INVALID_REFERENCE,
        NOT_FOUND,
        UNAUTHORIZED,
        UNREACHABLE,
        CORRUPT,
        TOO_LARGE,
        IN_USE,
        NO_SPACE
    }
}
