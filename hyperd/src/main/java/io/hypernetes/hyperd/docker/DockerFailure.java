package io.hypernetes.hyperd.docker;

/// A call that fails, with its HTTP status and the sentence that the client prints.
final class DockerFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;

    DockerFailure(int status, String message) {
        super(message);
        this.status = status;
    }

    int status() {
        return status;
    }

    static DockerFailure later(String sentence) {
        return new DockerFailure(501, sentence);
    }
}
