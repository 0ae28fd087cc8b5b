package io.hypernetes.store.backup;

import java.io.IOException;

/// A backup that cannot be used as it is: damaged, cut short, of a newer version, or locked with another passphrase. The message says which.
public final class BackupException extends IOException {
    private static final long serialVersionUID = 1L;

    BackupException(String message) {
        super(message);
    }

    BackupException(String message, Throwable cause) {
        super(message, cause);
    }
}
