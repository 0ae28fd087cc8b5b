package io.hypernetes.client;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Map;

/// How requests reach the API server and its answers come back. Thread-safe; calls block.
public interface Transport extends AutoCloseable {

    /// Sends a request and waits until its answer begins.
    ///
    /// @throws IOException when the server cannot be reached, breaks off, or does not begin to answer in time
    Answer send(Request request) throws IOException, InterruptedException;

    /// Ends all requests; bodies under way end with an error.
    @Override
    void close();

    /// A request.
    ///
    /// @param path with its query, percent-encoded, begins with `/`
    /// @param headers one value each
    /// @param body must not change; empty for none
    /// @param limit how long the answer may take to begin
    record Request(String method, String path, Map<String, String> headers, byte[] body, Duration limit) {}

    /// What came back, whatever it says.
    ///
    /// @param body for one reader, who closes it
    record Answer(int status, InputStream body) {}
}
