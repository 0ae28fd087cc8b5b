package io.hypernetes.cli;

/// The user asked for something that cannot be; the message says what to do. Printed without a stack trace, exit code 64 or the one given.
final class UsageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /// Exit code of a wrong command line or setting (sysexits' EX_USAGE).
    static final int USAGE = 64;

    /// Exit code of a service that is not there (sysexits' EX_UNAVAILABLE).
    static final int UNAVAILABLE = 69;

    private final int exitCode;

    UsageException(String message) {
        this(message, USAGE);
    }

    UsageException(String message, int exitCode) {
        super(message);
        this.exitCode = exitCode;
    }

    int exitCode() {
        return exitCode;
    }
}
