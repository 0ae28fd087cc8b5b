package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Status;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// The events of one watch, in order, of objects without their managed fields. One thread reads; any thread may close, which ends the reader.
public final class WatchStream<T extends HasMetadata> implements AutoCloseable {
    static final LeftOut LEFT_OUT = new LeftOut(System::nanoTime);
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

    /// Blocks for the next event, which tells of an object that this client cannot decode that much. Empty when the server ended the watch in order or this
    /// stream was closed.
    ///
    /// @throws ApiException when the server reports an error (`isGone()`: list again, also when an event is too long) or the connection breaks
    public Optional<WatchEvent<T>> next() {
        try {
            while (events.next()) {
                EventHead head = EventHead.of(events);
                switch (head.type()) {
                    case "ADDED", "MODIFIED", "DELETED":
                        return Optional.of(changed(head));
                    case "BOOKMARK":
                        return Optional.of(new WatchEvent.Bookmark<>(head.object().resourceVersion()));
                    case "ERROR":
                        throw ApiException.of(500, request, head.begin() < 0 ? null : decoded(head, Status.class));
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

    // One object that does not fit the model, or is no JSON, must not stop the news of all others.
    private WatchEvent<T> changed(EventHead head) {
        if (head.begin() < 0) {
            throw ApiException.unreachable(request, new IOException("an event without an object"));
        }
        boolean deleted = head.type().equals("DELETED");
        T object;
        try {
            object = decoded(head, type);
        } catch (JacksonException | StackOverflowError misfit) {
            ObjectHead left = head.object();
            if (left.resourceVersion().isEmpty()) {
                // Nobody knows where to go on.
                throw ApiException.unreachable(request, new IOException("an object that is not understood and has no version", misfit));
            }
            LEFT_OUT.tell(left, request, misfit);
            return new WatchEvent.LeftOut<>(left.tenant(), left.namespace(), left.name(), left.resourceVersion(), deleted);
        }
        return switch (head.type()) {
            case "ADDED" -> new WatchEvent.Added<>(object);
            case "MODIFIED" -> new WatchEvent.Modified<>(object);
            default -> new WatchEvent.Deleted<>(object);
        };
    }

    private <R> R decoded(EventHead head, Class<R> as) {
        return Json.read(mapper, events.bytes(), head.begin(), events.offset() + events.length() - head.begin(), as);
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
