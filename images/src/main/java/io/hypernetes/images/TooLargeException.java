package io.hypernetes.images;

import java.io.IOException;

/// Input from outside is beyond a limit of ours.
final class TooLargeException extends IOException {
    private static final long serialVersionUID = 1L;

    TooLargeException(String message) {
        super(message);
    }
}
