package io.hypernetes.streams;

/// Which streams an exec or attach request asks for.
///
/// @param stdin the client sends standard input
/// @param stdout the client wants standard output
/// @param stderr the client wants standard error; never true together with `tty`, which has one output
/// @param tty the command runs on a terminal, whose size the client tells
public record RemoteCommandStreams(boolean stdin, boolean stdout, boolean stderr, boolean tty) {

    public RemoteCommandStreams {
        stderr = stderr && !tty;
    }
}
