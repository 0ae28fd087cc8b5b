package io.hypernetes.apiserver.resource;

import java.io.IOException;

/// Where the events of one watch go.
interface EventSink extends AutoCloseable {

    /// Queues one event: a JSON document with a line end. The bytes must not change.
    void send(byte[] event) throws IOException;

    void flush() throws IOException;

    @Override
    void close() throws IOException;
}
