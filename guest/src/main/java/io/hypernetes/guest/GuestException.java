package io.hypernetes.guest;

/// A verb failed, or the session is over. The message says what was tried, on which machine or container, and why it failed.
public final class GuestException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /// What went wrong.
    public enum Kind {
        /// The guest answered with an error; [#errno] and [#step] are its own. The session goes on.
        REFUSED,
        /// No answer came in time. The session goes on; what was asked may still be done.
        DEADLINE,
        /// The calling thread was interrupted (and still is). The session goes on.
        INTERRUPTED,
        /// The connection was lost or closed. Containers run on; attach again.
        DISCONNECTED,
        /// The guest broke the protocol, and the session was ended for it.
        PROTOCOL
    }

    private final Kind kind;
    private final int errno;
    private final String step;

    /// For those who play a guest in tests; sessions make their own.
    public GuestException(Kind kind, int errno, String step, String message) {
        super(message);
        this.kind = kind;
        this.errno = errno;
        this.step = step;
    }

    public Kind kind() {
        return kind;
    }

    /// The Linux error number of a [Kind#REFUSED], see [Errno]; 0 for the other kinds.
    public int errno() {
        return errno;
    }

    /// The step at which the guest failed, such as `mount-layer` or `exec`; empty for the kinds other than [Kind#REFUSED].
    public String step() {
        return step;
    }

    static GuestException refused(String tried, int errno, String step, String sentence) {
        return new GuestException(
                Kind.REFUSED, errno, step, tried + ": the guest failed at " + step + " (" + Errno.name(errno) + "): " + sentence);
    }

    static GuestException protocol(String violation) {
        return new GuestException(Kind.PROTOCOL, 0, "", "the guest broke the protocol: " + violation);
    }

    static GuestException disconnected(String why) {
        return new GuestException(Kind.DISCONNECTED, 0, "", why);
    }

    static GuestException deadline(String tried, long millis) {
        return new GuestException(Kind.DEADLINE, 0, "", tried + ": no answer from the guest within " + millis + " ms");
    }

    static GuestException interrupted(String tried) {
        return new GuestException(Kind.INTERRUPTED, 0, "", tried + ": interrupted while waiting for the guest");
    }

    /// The same failure seen by another caller, with a stack of its own.
    GuestException again(String tried) {
        GuestException again = new GuestException(kind, errno, step, tried + ": " + getMessage());
        again.initCause(this);
        return again;
    }
}
