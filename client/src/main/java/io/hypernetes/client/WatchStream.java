package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Status;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.JsonNode;

/// The events of one watch, in order, of objects without their managed fields. One thread reads; any thread may close, which ends the reader.
public final class WatchStream<T extends HasMetadata> implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WatchStream.class);
    private static final int GONE = 410;

    private final InputStream body;
    private final JsonParser parser;
    private final Class<T> type;
    private final Reader<T> reader;
    private final String request;
    private volatile boolean closed;

    /// Makes an object of what an event tells of it.
    interface Reader<T> {
        /// @param decoding decodes it; need not be asked where the object is known already
        T read(JsonNode object, Supplier<T> decoding);
    }

    /// @param reader of objects that are there; those that are deleted are always decoded
    WatchStream(InputStream body, Class<T> type, String request, Reader<T> reader) {
        this.reader = reader;
        this.body = body;
        this.parser = Json.MAPPER.createParser(body);
        this.type = type;
        this.request = request;
    }

    /// Blocks for the next event; an object that this client cannot decode is left out, as a bookmark at its place. Empty when the server ended the watch in order or this stream was closed.
    ///
    /// @throws ApiException when the server reports an error (`isGone()`: list again, also when it is the end of an object that cannot be decoded) or the connection breaks
    public Optional<WatchEvent<T>> next() {
        try {
            while (true) {
                JsonToken token = parser.nextToken();
                if (token == null) {
                    return Optional.empty();
                }
                JsonNode event = parser.readValueAsTree();
                JsonNode object = event.path("object");
                String what = event.path("type").asString("");
                switch (what) {
                    case "ADDED", "MODIFIED", "DELETED":
                        return Optional.of(changed(what, object));
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

    // One object that does not fit the model must not stop the news of all others.
    private WatchEvent<T> changed(String what, JsonNode object) {
        T decoded;
        try {
            decoded = what.equals("DELETED") ? Json.object(object, type) : reader.read(object, () -> Json.object(object, type));
        } catch (JacksonException misfit) {
            JsonNode meta = object.path("metadata");
            LOG.warn("event=object-not-understood change={} namespace={} name={} request=\"{}\" error=\"{}\" effect=\"it is left out\"",
                    what, meta.path("namespace").asString(""), meta.path("name").asString(""), request, misfit.getOriginalMessage());
            if (what.equals("DELETED")) {
                throw ApiException.of(GONE, request, null);
            }
            return new WatchEvent.Bookmark<>(meta.path("resourceVersion").asString(""));
        }
        return switch (what) {
            case "ADDED" -> new WatchEvent.Added<>(decoded);
            case "MODIFIED" -> new WatchEvent.Modified<>(decoded);
            default -> new WatchEvent.Deleted<>(decoded);
        };
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
