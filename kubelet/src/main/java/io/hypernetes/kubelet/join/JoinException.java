package io.hypernetes.kubelet.join;

/// This machine cannot become a node or renew its certificates; the message says what to do.
public final class JoinException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public JoinException(String message) {
        super(message);
    }

    public JoinException(String message, Throwable cause) {
        super(message, cause);
    }
}
