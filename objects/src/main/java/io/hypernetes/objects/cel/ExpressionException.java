package io.hypernetes.objects.cel;

/// An expression has no value, or is no expression.
public final class ExpressionException extends RuntimeException {
    private static final long serialVersionUID = 1;

    ExpressionException(String message, Throwable cause) {
        super(message, cause);
    }

    ExpressionException(String message) {
        super(message);
    }

    /// The message, for the client.
    public String text() {
        return String.valueOf(getMessage());
    }
}
