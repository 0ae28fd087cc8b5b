package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.custom.TenantKinds;
import io.hypernetes.apiserver.http.Chunk;
import io.hypernetes.apiserver.request.Accepted;
import io.hypernetes.apiserver.storage.ChangeCursor;
import io.hypernetes.apiserver.storage.Feeds;
import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.store.CompactedException;
import io.hypernetes.store.StoreException;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/// Serves watches: the state first when asked for, then each change as it is committed, with bookmarks between.
final class Watches {
    private static final Duration BOOKMARK_EVERY = Duration.ofSeconds(30);
    private static final long SHORTEST_DEFAULT_SECONDS = 1800;
    private static final int PAGE = 500;

    private final Feeds feeds;
    private final Reads reads;
    private final TenantKinds kinds;
    private final Views views = new Views();

    Watches(Feeds feeds, Reads reads, TenantKinds kinds) {
        this.feeds = feeds;
        this.reads = reads;
        this.kinds = kinds;
    }

    /// Understands a request to watch.
    ///
    /// @return watches
    Continuation begin(ResourceRequest request) {
        var http = request.http();
        var accepted = Accepted.of(http.headers("Accept"));
        var options = ListOptions.of(http, true);
        reads.notYet(request, options.revision());
        var selection = Selection.of(http, request.kind(), request.target().name());
        var watched = new Watched(kinds, request);
        var encoder = new EventEncoder(watched, accepted, selection, views);
        return () -> serve(watched, options, selection, encoder, accepted);
    }

    private void serve(Watched watched, ListOptions options, Selection selection, EventEncoder encoder, Accepted accepted) throws IOException {
        var http = watched.http();
        http.setHeader("Cache-Control", "no-cache, private");
        var out = WebSocketEvents.asked(http)
                ? WebSocketEvents.open(http)
                : new ChunkedEvents(http.stream(200, accepted.contentType() + ";stream=watch"));
        try (out) {
            try {
                run(watched, options, selection, encoder, out);
            } catch (StoreException e) {
                // The answer has begun: the error is its last event, before the stream is closed.
                out.send(encoder.error(
                        e instanceof CompactedException
                                ? ApiStatus.expired("too old resource version: " + options.revision() + " (" + reads.tick(watched) + ")")
                                : ApiStatus.unavailable("the server is stopping")));
                out.flush();
            } catch (Watched.EndedException e) {
                out.flush();
            } catch (ApiException e) {
                // An object that cannot be shown in the version asked for.
                out.send(encoder.error(e.status()));
                out.flush();
            }
        }
    }

    private void run(
            Watched watched, ListOptions options, Selection selection, EventEncoder encoder, EventSink out)
            throws IOException {
        long from = options.revision();
        if (from == 0 || options.sendInitialEvents()) {
            var state = watched.with(request -> reads.find(request, selection, new ListOptions(0, true, "", 0, "", 0, false, false)));
            var entries = state.entries();
            for (int i = 0; i < entries.size(); i += PAGE) {
                for (var event : encoder.added(entries.subList(i, Math.min(entries.size(), i + PAGE)))) {
                    out.send(event);
                }
            }
            from = state.revision();
            if (options.sendInitialEvents() && options.bookmarks()) {
                out.send(encoder.bookmark(from, true));
            }
            out.flush();
        }
        try (var changes = open(watched, from); var end = watched.awaitEnd(changes::wake)) {
            watched.http().onDisconnect(changes::wake);
            // To show a custom object may mean to ask a webhook, which no event loop waits for.
            var delivery = out instanceof ChunkedEvents(var stream) && !watched.isCustom()
                    ? stream.byLoop().map(loop -> new LoopDelivery(loop, encoder)).orElse(null)
                    : null;
            follow(changes, options, encoder, out, delivery);
        }
    }

    private ChangeCursor open(Watched watched, long from) {
        var type = watched.type();
        return watched.tenantPath().everywhere()
                ? feeds.followEverywhere(type.storedVersion().group(), type.resource(), from)
                : feeds.follow(watched.holder(), type.storedVersion().group(), type.resource(), from);
    }

    private static void follow(
            ChangeCursor changes, ListOptions options, EventEncoder encoder, EventSink out, @Nullable LoopDelivery delivery)
            throws IOException {
        long seconds = options.timeoutSeconds() > 0
                ? options.timeoutSeconds()
                : SHORTEST_DEFAULT_SECONDS + ThreadLocalRandom.current().nextLong(SHORTEST_DEFAULT_SECONDS);
        long end = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
        // Who wants no bookmarks is not woken for them.
        long bookmarkAt = options.bookmarks() ? System.nanoTime() + BOOKMARK_EVERY.toNanos() : end;
        try {
            while (!changes.ended()) {
                long now = System.nanoTime();
                if (now >= end) {
                    break;
                }
                var change = changes.next(Duration.ZERO);
                if (change == null) {
                    out.flush();
                    var left = Duration.ofNanos(Math.max(1, Math.min(end, bookmarkAt) - now));
                    change = delivery == null ? changes.next(left) : changes.next(left, delivery);
                }
                if (change != null) {
                    sendIfAny(out, encoder.event(change));
                } else if (options.bookmarks() && System.nanoTime() >= bookmarkAt) {
                    out.send(encoder.bookmark(changes.progress(), false));
                }
                if (System.nanoTime() >= bookmarkAt) {
                    bookmarkAt = System.nanoTime() + BOOKMARK_EVERY.toNanos();
                }
            }
            if (options.bookmarks() && !changes.ended()) {
                out.send(encoder.bookmark(changes.progress(), false));
            }
            out.flush();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void sendIfAny(EventSink out, @Nullable Chunk event) throws IOException {
        if (event != null) {
            out.send(event);
        }
    }
}
