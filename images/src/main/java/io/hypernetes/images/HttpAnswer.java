package io.hypernetes.images;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.HttpResponse;

/// What was answered to one request. Its head is bounded; its body comes as it is read, and is bounded by whoever reads it.
///
/// @param body as it is on the line, never unpacked; what ends before its time is a failure. Closing it ends its connection, whoever reads meanwhile, unless it was read to the end
record HttpAnswer(HttpResponse head, InputStream body) implements AutoCloseable {
    /// @param end ends the connection, unless that was given back because the body was read to its end
    static HttpAnswer of(ClassicHttpResponse answer, Runnable end) throws IOException {
        HttpEntity body = answer.getEntity();
        return new HttpAnswer(answer, new FilterInputStream(body == null ? InputStream.nullInputStream() : body.getContent()) {
            // The library's own would first read to its end what a peer goes on to send.
            @Override
            public void close() {
                end.run();
            }
        });
    }

    int status() {
        return head.getCode();
    }

    Optional<String> header(String name) {
        return all(name).stream().findFirst();
    }

    /// All lines of a header, in order.
    ///
    /// @param name in any case
    List<String> all(String name) {
        return Arrays.stream(head.getHeaders(name)).map(Header::getValue).map(value -> Objects.requireNonNullElse(value, "")).toList();
    }

    @Override
    public void close() throws IOException {
        body.close();
    }
}
