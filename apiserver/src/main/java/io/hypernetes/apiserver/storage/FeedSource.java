package io.hypernetes.apiserver.storage;

import io.hypernetes.store.Store;
import io.hypernetes.store.StoreException;
import io.hypernetes.store.StoreUnavailableException;
import io.hypernetes.store.Watch;
import java.time.Duration;

/// Fills a feed from one watch of the store.
final class FeedSource {
    private final Watch watch;
    private final Encodings encodings;
    private volatile long progress;
    private volatile boolean closed;

    private FeedSource(Watch watch, long revision, Encodings encodings) {
        this.encodings = encodings;
        this.watch = watch;
        this.progress = revision;
    }

    /// The feed of a prefix, which is of `tenant`, from after `revision`.
    ///
    /// @throws io.hypernetes.store.CompactedException when the store has no history back to there
    static Feed follow(Store store, String tenant, String prefix, long revision, FeedRoom room, Encodings encodings) {
        var source = new FeedSource(store.watch(prefix, revision), revision, encodings);
        var feed = new Feed(room, tenant, revision, () -> source.progress, source::close);
        Thread.ofVirtual().name("feed " + prefix).start(() -> source.run(feed));
        return feed;
    }

    private void close() {
        closed = true;
        watch.close();
    }

    private void run(Feed feed) {
        try (watch) {
            while (!closed) {
                var change = watch.next(Duration.ofSeconds(1));
                long reached = watch.progress();
                change.ifPresent(each -> feed.append(new ObjectChange(each, encodings)));
                progress = Math.max(progress, reached);
                long now = System.nanoTime();
                feed.dropUnneeded(now);
                encodings.dropOld(now);
            }
        } catch (StoreException e) {
            feed.fail(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            feed.close();
        } catch (RuntimeException e) {
            // A fault of ours: whoever reads hears of it and begins anew, with another feed.
            feed.fail(new StoreUnavailableException("following the store failed", e));
        }
    }
}
