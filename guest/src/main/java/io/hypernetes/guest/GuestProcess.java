package io.hypernetes.guest;

import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Optional;

/// A process that [Guest#exec] started. It belongs to its session: when that is lost the guest ends the process, and reads and
/// writes fail. Each stream is for one thread at a time; different streams are independent, and so is all else.
public interface GuestProcess extends AutoCloseable {

    /// Process id in the guest.
    int pid();

    /// Standard input; a write waits until the guest has room. Closing it is the half-close. Fails at once when the process was
    /// started without.
    OutputStream stdin();

    /// Standard output, or the terminal. Ends when all writers have closed it, or two seconds after the process has ended and
    /// nothing more came (a process left behind may hold it open for ever).
    InputStream stdout();

    /// Standard error; empty with a terminal.
    InputStream stderr();

    /// @throws GuestException with ENOTTY without a terminal
    void resize(int rows, int columns, Duration deadline);

    /// @param signal 1 to 64
    /// @throws GuestException with ESRCH when it has ended
    void signal(int signal, Duration deadline);

    /// Waits until the process has ended; empty when the timeout passed first.
    ///
    /// @throws GuestException when the session was lost before its exit was known
    Optional<ProcessExit> waitFor(Duration timeout);

    /// Gives up the streams that are still open. The process is not killed, but it may notice closed pipes. Idempotent.
    @Override
    void close();
}
