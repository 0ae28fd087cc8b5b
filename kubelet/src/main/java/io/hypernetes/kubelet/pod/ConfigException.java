package io.hypernetes.kubelet.pod;

/// A container cannot be configured as its spec asks (CreateContainerConfigError); tried again later.
final class ConfigException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ConfigException(String message) {
        super(message);
    }
}
