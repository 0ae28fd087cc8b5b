package io.hypernetes.openstack;

/// A call to a service of OpenStack that failed; the message names the service, what was tried and why it failed, and no secret.
public final class OpenStackException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /// Why a call fails.
    public enum Kind {
        /// Who asks is not believed (401): log in again.
        NOT_AUTHENTICATED,
        /// Who asks may not (403).
        FORBIDDEN,
        /// What was asked for is not there (404); of a token: it is not good.
        NOT_FOUND,
        /// There is one already (409).
        CONFLICT,
        /// The request is wrong (other 4xx).
        REFUSED,
        /// No answer in time, or one that tells of trouble (5xx, 429): try again later.
        UNAVAILABLE
    }

    private final Kind kind;

    OpenStackException(Kind kind, String message) {
        super(message);
        this.kind = kind;
    }

    OpenStackException(Kind kind, String message, Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }
}
