package io.hypernetes.streams;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Optional;

/// One exec or attach connection of a client. All methods block and belong on virtual threads, never on an event loop. Each stream is for
/// one thread at a time; different streams and the other methods may be used by different threads.
public interface RemoteCommandSession extends AutoCloseable {

    /// Which streams there are.
    RemoteCommandStreams streams();

    /// Waits until the client has opened all its streams, which for SPDY it does one by one. Reads and writes wait by
    /// themselves; this is for a server that wants to start nothing for a client that never comes.
    ///
    /// @throws IOException when it has not within 30 s, or has gone
    void awaitReady() throws IOException, InterruptedException;

    /// What the client types; empty when it sends none. The client's half-close is the end of the stream; its disappearance is
    /// an IOException.
    InputStream stdin();

    /// To the client; goes nowhere when it wants none. A write waits while the client does not read, and fails when it has gone.
    /// Each write is sent at once.
    OutputStream stdout();

    /// As [#stdout].
    OutputStream stderr();

    /// Waits for the size of the client's terminal to be told or changed; sizes that were overtaken by newer ones are left out. Empty
    /// when the connection has ended.
    Optional<TerminalSize> nextTerminalSize() throws InterruptedException;

    /// Tells the client how it ended, behind all output written before, and ends the connection in order. Later writes fail.
    /// Only the first call counts.
    void exit(CommandStatus status);

    /// Waits until the client has gone, or the session was ended here.
    void awaitDisconnect() throws InterruptedException;

    /// False when the client has gone or the session was ended here.
    boolean isConnected();

    /// Ends the connection without a status, if [#exit] did not end it before. Idempotent.
    @Override
    void close();
}
