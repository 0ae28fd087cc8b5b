package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.node.NodeRelay;
import java.io.IOException;

/// Where the events of one watch go.
interface EventSink extends NodeRelay.Sink {

    /// Queues one event: a JSON document with a line end. The bytes must not change.
    @Override
    void send(byte[] event) throws IOException;
}
