package io.hypernetes.objects;

/// A refusal whose answer is a Kubernetes Status. Thrown anywhere on the request path, encoded once at the edge.
public final class ApiException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient ApiStatus status;

    public ApiException(ApiStatus status) {
        super(status.message());
        this.status = status;
    }

    public ApiException(ApiStatus status, Throwable cause) {
        super(status.message(), cause);
        this.status = status;
    }

    /// What to answer.
    public ApiStatus status() {
        return status;
    }
}
