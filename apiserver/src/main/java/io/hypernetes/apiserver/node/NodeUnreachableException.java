package io.hypernetes.apiserver.node;

import java.io.IOException;

/// A node's kubelet did not answer, or is not who it should be.
public final class NodeUnreachableException extends IOException {
    private static final long serialVersionUID = 1L;

    NodeUnreachableException(String message, Throwable cause) {
        super(message, cause);
    }

    NodeUnreachableException(String message) {
        super(message);
    }
}
