package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.http.AnswerStream;
import io.hypernetes.apiserver.http.Chunk;
import java.io.IOException;

/// What is sent, one after the other in the body of the answer: events, each a JSON document; a log.
record ChunkedEvents(AnswerStream out) implements EventSink {
    @Override
    public void send(byte[] event) throws IOException {
        out.write(event);
    }

    @Override
    public void send(Chunk event) throws IOException {
        out.write(event);
    }

    @Override
    public void flush() throws IOException {
        out.flush();
    }

    @Override
    public void close() throws IOException {
        out.close();
    }
}
