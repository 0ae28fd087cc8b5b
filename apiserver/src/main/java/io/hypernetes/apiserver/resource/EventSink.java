package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.http.Chunk;
import io.hypernetes.apiserver.node.NodeRelay;
import java.io.IOException;

/// Where the events of one watch go.
interface EventSink extends NodeRelay.Sink {

    /// Queues one event: a JSON document with a line end.
    void send(Chunk event) throws IOException;
}
