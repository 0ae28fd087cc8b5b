package io.hypernetes.hypervisor;

/// A machine could not be started or steered; the message names the machine, what was tried, why it failed (with the last lines
/// the hypervisor printed) and what to do.
public final class HypervisorException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public HypervisorException(String message) {
        super(message);
    }

    public HypervisorException(String message, Throwable cause) {
        super(message, cause);
    }
}
