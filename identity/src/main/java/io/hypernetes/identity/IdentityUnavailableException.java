package io.hypernetes.identity;

/// Who vouches for a credential cannot be asked at the moment; the credential may be good. The message names whom and why, and no secret.
public final class IdentityUnavailableException extends IdentityException {
    private static final long serialVersionUID = 1;

    public IdentityUnavailableException(String message) {
        super(message);
    }

    public IdentityUnavailableException(String message, Throwable cause) {
        super(message, cause);
    }
}
