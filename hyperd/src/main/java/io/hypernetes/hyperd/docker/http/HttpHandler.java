package io.hypernetes.hyperd.docker.http;

import java.io.IOException;

/// Answers requests; called by many threads at a time.
@FunctionalInterface
public interface HttpHandler {

    /// Answers one request, exactly once.
    ///
    /// @throws IOException when the client has gone, or [HttpRefusal] when its request is wrong
    void handle(HttpExchange exchange) throws IOException;
}
