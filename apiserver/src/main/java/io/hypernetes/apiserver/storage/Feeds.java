package io.hypernetes.apiserver.storage;

import io.hypernetes.store.Store;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;

/// The feeds in use, one for each tenant and resource, and one for a resource across tenants. Safe for many threads.
///
/// A feed begins with its first reader and ends some time after its last, so that an idle tenant costs nothing.
public final class Feeds implements AutoCloseable {
    private static final Duration KEPT_UNUSED = Duration.ofSeconds(75);

    private final Store store;
    private final Map<String, Feed> feeds = new HashMap<>();
    private boolean closed;

    public Feeds(Store store) {
        this.store = store;
    }

    /// Follows one resource of a tenant from after `revision`.
    ///
    /// @throws io.hypernetes.store.CompactedException when the store has no history back to there
    public ChangeCursor follow(String tenant, String group, String resource, long revision) {
        return open(ObjectKey.prefix(tenant, group, resource), key -> true, revision);
    }

    /// Follows one resource across all tenants from after `revision`.
    public ChangeCursor followEverywhere(String group, String resource, long revision) {
        var middle = ObjectKey.prefix("", group, resource).substring(1);
        return open("*" + middle, key -> key.startsWith(middle, key.indexOf('/', 1)), revision);
    }

    private synchronized ChangeCursor open(String name, Predicate<String> wanted, long revision) {
        if (closed) {
            throw new io.hypernetes.store.StoreUnavailableException("the server is stopping");
        }
        sweep();
        var feed = feeds.get(name);
        var cursor = feed == null ? null : feed.open(revision);
        if (cursor != null) {
            return cursor;
        }
        // None yet, or none that reaches back so far: readers of the old one stay with it until they leave.
        var fresh = new Feed(store, name.startsWith("*") ? "/" : name, wanted, revision);
        var first = fresh.open(revision);
        if (first == null) {
            throw new io.hypernetes.store.StoreUnavailableException("the feed of " + name + " ended at once");
        }
        var replaced = feeds.put(name, fresh);
        if (replaced != null) {
            retired.add(replaced);
        }
        return first;
    }

    private final java.util.List<Feed> retired = new java.util.ArrayList<>();

    private void sweep() {
        feeds.values().removeIf(Feeds::done);
        retired.removeIf(Feeds::done);
    }

    private static boolean done(Feed feed) {
        if (feed.ended()) {
            return true;
        }
        if (feed.unusedFor(KEPT_UNUSED)) {
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
    }
}
