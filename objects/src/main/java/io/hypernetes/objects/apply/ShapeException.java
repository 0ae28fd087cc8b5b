package io.hypernetes.objects.apply;

/// A value that cannot be divided among owners as its shape wants.
public final class ShapeException extends RuntimeException {
    private static final long serialVersionUID = 1;

    ShapeException(String message) {
        super(message, null, false, false);
    }

    /// The message.
    public String text() {
        return String.valueOf(getMessage());
    }
}
