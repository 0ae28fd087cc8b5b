package io.hypernetes.cli;

import io.hypernetes.apiserver.http.LocalCalls;
import io.hypernetes.client.Transport;
import java.io.IOException;

/// The way of a part of the master to the API server in the same process.
record LocalTransport(LocalCalls calls) implements Transport {

    @Override
    public Answer send(Request request) throws IOException, InterruptedException {
        LocalCalls.Answer answer = calls.call(request.method(), request.path(), request.headers(), request.body(), request.limit());
        return new Answer(answer.status(), answer.body());
    }

    @Override
    public void close() {
        calls.close();
    }
}
