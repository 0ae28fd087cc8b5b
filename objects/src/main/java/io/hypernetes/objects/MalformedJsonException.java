package io.hypernetes.objects;

/// Text that is not the JSON document it should be; the message says where and why.
public final class MalformedJsonException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public MalformedJsonException(String message) {
        super(message);
    }

    public MalformedJsonException(String message, Throwable cause) {
        super(message, cause);
    }
}
