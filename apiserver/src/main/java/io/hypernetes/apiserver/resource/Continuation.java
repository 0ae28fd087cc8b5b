package io.hypernetes.apiserver.resource;

import java.io.IOException;

/// What is left to do of a request when nothing is needed of its kind any more, however long it takes: to watch, or to wait until the client has taken an answer. It must hold
/// nothing of the kind.
public interface Continuation {
    /// Nothing.
    Continuation NONE = () -> {};

    /// Goes on, on the request's thread.
    void go() throws IOException;
}
