package io.hypernetes.kubelet.server;

/// An answer other than success, with the words for the user.
final class HttpFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int code;

    HttpFailure(int code, String message) {
        super(message);
        this.code = code;
    }

    int code() {
        return code;
    }
}
