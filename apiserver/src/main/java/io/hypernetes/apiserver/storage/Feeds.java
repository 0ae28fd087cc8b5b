package io.hypernetes.apiserver.storage;

import io.hypernetes.store.CompactedException;
import io.hypernetes.store.Store;
import io.hypernetes.store.StoreUnavailableException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/// The feeds in use, one for each tenant and resource, and one for a resource across tenants. Safe for many threads.
///
/// A feed begins with its first reader and ends some time after its last, so that an idle tenant costs nothing.
public final class Feeds implements AutoCloseable {
    private static final Duration KEPT_UNUSED = Duration.ofSeconds(75);

    private final Store store;
    /// Of the feeds of tenants; those of a tenant count as one.
    private final FeedRoom room;
    /// Of those across tenants, from which the master's own components read: no tenant's feeds take from it.
    private final FeedRoom roomEverywhere;
    private final Encodings encodings = new Encodings();
    private final Map<String, Feed> feeds = new HashMap<>();
    /// Feeds that do not reach back far enough for everybody; their readers stay with them until they leave.
    private final List<Feed> retired = new ArrayList<>();
    private @Nullable Trunk trunk;
    private boolean closed;

    public Feeds(Store store) {
        this(store, new FeedRoom(), new FeedRoom());
    }

    Feeds(Store store, FeedRoom room, FeedRoom roomEverywhere) {
        this.store = store;
        this.room = room;
        this.roomEverywhere = roomEverywhere;
    }

    /// Follows one resource of a tenant from after `revision`.
    ///
    /// @throws io.hypernetes.store.CompactedException when the store has no history back to there
    public ChangeCursor follow(String tenant, String group, String resource, long revision) {
        var prefix = ObjectKey.prefix(tenant, group, resource);
        return open(prefix, revision, from -> FeedSource.follow(store, tenant, prefix, from, room, encodings));
    }

    /// Follows one resource across all tenants from after `revision`.
    ///
    /// @throws io.hypernetes.store.CompactedException when the store has no history back to there
    public ChangeCursor followEverywhere(String group, String resource, long revision) {
        var middle = Trunk.middle(ObjectKey.prefix("*", group, resource));
        return open("*" + middle, revision, from -> trunk().branch(middle, from));
    }

    private Trunk trunk() {
        var known = trunk;
        if (known == null || known.ended()) {
            known = new Trunk(store, roomEverywhere, encodings);
            trunk = known;
        }
        return known;
    }

    private synchronized ChangeCursor open(String name, long revision, LongFunction<Feed> begin) {
        if (closed) {
            throw new StoreUnavailableException("the server is stopping");
        }
        sweep();
        var feed = feeds.get(name);
        var cursor = feed == null ? null : feed.open(revision);
        if (cursor != null) {
            return cursor;
        }
        // None yet, or none that reaches back so far.
        var fresh = begin.apply(revision);
        var first = fresh.open(revision);
        if (first == null) {
            boolean ended = fresh.ended();
            fresh.close();
            throw ended
                    ? new StoreUnavailableException("the feed of " + name + " ended at once")
                    : new CompactedException(name, revision, "more has changed since " + revision + " than is kept for those who follow; list again and watch from there");
        }
        var replaced = feeds.put(name, fresh);
        if (replaced != null) {
            replaced.retire();
            retired.add(replaced);
        }
        return first;
    }

    private void sweep() {
        feeds.values().removeIf(feed -> done(feed, KEPT_UNUSED));
        // Nobody begins with these any more.
        retired.removeIf(feed -> done(feed, Duration.ZERO));
    }

    private static boolean done(Feed feed, Duration unused) {
        if (feed.ended()) {
            return true;
        }
        if (feed.unusedFor(unused)) {
            feed.close();
            return true;
        }
        return false;
    }

    @Override
    public synchronized void close() {
        closed = true;
        feeds.values().forEach(Feed::close);
        retired.forEach(Feed::close);
        if (trunk != null) {
            trunk.close();
        }
    }
}
