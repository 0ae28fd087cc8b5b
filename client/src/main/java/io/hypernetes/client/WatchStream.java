package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Status;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.json.JsonMapper;

/// The events of one watch, in order, of objects without their managed fields. One thread reads; any thread may close, which ends the reader.
public final class WatchStream<T extends HasMetadata> implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WatchStream.class);
    private static final int GONE = 410;
    /// Ten times what a server stores as one object.
    private static final int LONGEST_EVENT = 16 << 20;

    private final InputStream body;
    private final JsonFrames events;
    private final Class<T> type;
    private final String request;
    private final JsonMapper mapper;
    private volatile boolean closed;

    /// @param mapper reads objects
    WatchStream(InputStream body, Class<T> type, String request, JsonMapper mapper) {
        this.mapper = mapper;
        this.body = body;
        this.events = new JsonFrames(body, LONGEST_EVENT);
        this.type = type;
        this.request = request;
    }

    /// Blocks for the next event; an object that this client cannot decode is left out, as a bookmark at its place. Empty when the server ended the watch in order or this stream was closed.
    ///
    /// @throws ApiException when the server reports an error (`isGone()`: list again, also when it is the end of an object that cannot be decoded or an event
    /// that is too long) or the connection breaks
    public Optional<WatchEvent<T>> next() {
        try {
            while (events.next()) {
                EventHead head = EventHead.of(events);
                switch (head.type()) {
                    case "ADDED", "MODIFIED", "DELETED":
                        return Optional.of(changed(head));
                    case "BOOKMARK":
                        return Optional.of(new WatchEvent.Bookmark<>(head.resourceVersion()));
                    case "ERROR":
                        throw ApiException.of(500, request, head.object() < 0 ? null : decoded(head, Status.class));
                    default:
                        // An event type of a later server: nothing this client could do with it.
                }
            }
            return Optional.empty();
        } catch (JsonFrames.TooLong event) {
            // Watching on from here would meet it again.
            throw new ApiException(GONE, "Expired", request + ": the event is " + event.getMessage());
        } catch (IOException | JacksonException broken) {
            if (closed) {
                return Optional.empty();
            }
            throw ApiException.unreachable(request, broken);
        }
    }

    // One object that does not fit the model must not stop the news of all others.
    private WatchEvent<T> changed(EventHead head) {
        if (head.object() < 0) {
            throw ApiException.unreachable(request, new IOException("an event without an object"));
        }
        boolean deleted = head.type().equals("DELETED");
        T object;
        try {
            object = decoded(head, type);
        } catch (JacksonException misfit) {
            checkText();
            LOG.warn("event=object-not-understood change={} namespace={} name={} request=\"{}\" error=\"{}\" effect=\"it is left out\"",
                    head.type(), head.namespace(), head.name(), request, misfit.getOriginalMessage());
            if (deleted) {
                throw ApiException.of(GONE, request, null);
            }
            return new WatchEvent.Bookmark<>(head.resourceVersion());
        }
        return switch (head.type()) {
            case "ADDED" -> new WatchEvent.Added<>(object);
            case "MODIFIED" -> new WatchEvent.Modified<>(object);
            default -> new WatchEvent.Deleted<>(object);
        };
    }

    private <R> R decoded(EventHead head, Class<R> as) {
        return mapper.readValue(events.bytes(), head.object(), events.offset() + events.length() - head.object(), as);
    }

    /// What is no JSON at all came over a connection that does not carry what was sent.
    private void checkText() {
        try (JsonParser parser = Json.MAPPER.createParser(events.bytes(), events.offset(), events.length())) {
            while (parser.nextToken() != null) {
                // Only whether it can be read.
            }
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
