package io.hypernetes.network;

/// A port of the host was wanted that another pod, or a process of the host, has.
public final class PortTakenException extends NetworkException {
    private static final long serialVersionUID = 1L;

    private final transient PortMapping port;

    public PortTakenException(PortMapping port, String message) {
        super(message);
        this.port = port;
    }

    /// The port that was wanted.
    public PortMapping port() {
        return port;
    }
}
