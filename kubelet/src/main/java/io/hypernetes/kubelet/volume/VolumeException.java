package io.hypernetes.kubelet.volume;

/// A volume cannot be prepared now; the message says which, why, and is shown in a FailedMount event.
public class VolumeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public VolumeException(String message) {
        super(message);
    }

    public VolumeException(String message, Throwable cause) {
        super(message, cause);
    }
}
