package io.hypernetes.hyperd;

/// Something that was asked of the engine could not be done. The message names the object, what was tried, why it failed and what to do.
public final class HyperdException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Kind kind;

    public HyperdException(Kind kind, String message) {
        super(message);
        this.kind = kind;
    }

    public HyperdException(Kind kind, String message, Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    /// What sort of failure, mapped to gRPC once at the edge.
    public Kind kind() {
        return kind;
    }

    /// The closed set of failures.
    public enum Kind {
        /// The request itself is wrong and will never work.
        INVALID,
        NOT_FOUND,
        /// The object is not in the state that the request needs.
        WRONG_STATE,
        /// Not part of this release.
        UNSUPPORTED,
        /// The guest or the host did not answer in time.
        TIMEOUT,
        /// Cannot be done now; trying again may help.
        UNAVAILABLE,
        /// A bound was reached.
        EXHAUSTED,
        INTERNAL
    }

    public static HyperdException invalid(String message) {
        return new HyperdException(Kind.INVALID, message);
    }

    public static HyperdException notFound(String message) {
        return new HyperdException(Kind.NOT_FOUND, message);
    }

    public static HyperdException unsupported(String message) {
        return new HyperdException(Kind.UNSUPPORTED, message);
    }
}
