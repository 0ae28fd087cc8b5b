package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Status;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.JsonNode;

/// The events of one watch, in order. One thread reads; any thread may close, which ends the reader.
public final class WatchStream<T extends HasMetadata> implements AutoCloseable {
    private final InputStream body;
    private final JsonParser parser;
    private final Class<T> type;
    private final String request;
    private volatile boolean closed;

    WatchStream(InputStream body, Class<T> type, String request) {
        this.body = body;
        this.parser = Json.MAPPER.createParser(body);
        this.type = type;
        this.request = request;
    }

    /// Blocks for the next event; empty when the server ended the watch in order or this stream was closed.
    ///
    /// @throws ApiException when the server reports an error (`isGone()`: list again) or the connection breaks
    public Optional<WatchEvent<T>> next() {
        try {
            while (true) {
                JsonToken token = parser.nextToken();
                if (token == null) {
                    return Optional.empty();
                }
                JsonNode event = parser.readValueAsTree();
                JsonNode object = event.path("object");
                switch (event.path("type").asString("")) {
                    case "ADDED":
                        return Optional.of(new WatchEvent.Added<>(Json.read(object, type)));
                    case "MODIFIED":
                        return Optional.of(new WatchEvent.Modified<>(Json.read(object, type)));
                    case "DELETED":
                        return Optional.of(new WatchEvent.Deleted<>(Json.read(object, type)));
                    case "BOOKMARK":
                        return Optional.of(new WatchEvent.Bookmark<>(
                                object.path("metadata").path("resourceVersion").asString("")));
                    case "ERROR":
                        throw ApiException.of(500, request, Json.read(object, Status.class));
                    default:
                        // An event type of a later server: nothing this client could do with it.
                }
            }
        } catch (JacksonException broken) {
            if (closed) {
                return Optional.empty();
            }
            throw ApiException.unreachable(request, broken);
        }
    }

    @Override
    public void close() {
        closed = true;
        try {
            body.close();
        } catch (IOException alreadyBroken) {
            // The connection is gone, which is what closing wanted.
        }
    }
}
