package io.hypernetes.linux;

/// A system call failed. The message reads `open(/etc/x): ENOENT, No such file or directory`.
public final class ErrnoException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /// Numbers a caller may want to tell apart; they are the same on every architecture that Java runs on.
    public static final int EPERM = 1, ENOENT = 2, ESRCH = 3, EINTR = 4, EIO = 5, EAGAIN = 11, EBUSY = 16, EEXIST = 17,
            ENODEV = 19, EINVAL = 22, EPIPE = 32, ECONNREFUSED = 111;

    private final String call;
    private final String argument;
    private final int errno;

    ErrnoException(String call, String argument, int errno) {
        super(call + "(" + argument + "): " + Libc.errnoText(errno));
        this.call = call;
        this.argument = argument;
        this.errno = errno;
    }

    /// The system call, as `open`.
    public String call() {
        return call;
    }

    /// What it was called on: a path, a descriptor, a process.
    public String argument() {
        return argument;
    }

    /// The error number.
    public int errno() {
        return errno;
    }
}
