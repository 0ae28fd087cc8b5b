package io.hypernetes.kubelet.staticpod;

/// Why a file is no static pod.
final class StaticPodException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    StaticPodException(String message) {
        super(message);
    }
}
