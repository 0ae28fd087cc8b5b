package io.hypernetes.apiserver.http;

import java.io.IOException;
import java.util.Optional;

/// An answer of unknown length to another part of this process: what is written can be read at once.
final class LocalStream implements AnswerStream {
    private final LocalBody body;
    private final boolean headOnly;

    LocalStream(LocalBody body, boolean headOnly) {
        this.body = body;
        this.headOnly = headOnly;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        if (!headOnly) {
            body.put(bytes, offset, length, 0);
        }
    }

    @Override
    public void flush() {
        // Nothing waits here.
    }

    @Override
    public Optional<LoopStream> byLoop() {
        return Optional.empty();
    }

    @Override
    public void close() {
        body.end();
    }

    @Override
    public void abort() {
        body.breakOff();
    }
}
